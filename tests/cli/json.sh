#!/bin/sh
# SPDX-License-Identifier: ISC
# With --json every line of every verb is one JSON object, of stdout and of errors.
. "$top_srcdir/tests/cli/common.sh"
isjson=$top_builddir/tests/cli/isjson

# object CODE TYPE WORD...: it exits so, and prints only objects, one of them of that type.
object() {
	code=$1 type=$2
	shift 2
	ends "$code" --json "$@"
	says "$([ "$type" = error ] && echo err || echo out)" "\"type\":\"$type\""
	holds "stdout of $*" "$isjson" <out
	holds "stderr of $*" "$isjson" <err
	[ "$type" = error ] || holds "silence of $*" [ ! -s err ]
}

object 10 error -C root status
object 2 error frobnicate
object 0 root -C root init --origin archive.example.com/test
root="-C $work/root"
object 0 container $root provision box spare
printf 'x"\\\n\t\001' >"$(printf 'file "\\ \342\200\256\n')"
printf x >"$(printf 'latin\351')"
object 0 seal $root seal box file* latin*
object 0 seal $root seal box file* --dry-run
ln -s nowhere dangling
object 1 error $root seal box dangling
mkfifo pipe
object 1 error $root seal box pipe
object 0 append $root append box "$(ls -d file*)" --field "a=$(printf '"\\\351')"
object 0 entry $root log box
object 0 entry $root show box 1
object 0 asset $root ls box
object 0 asset $root cat box "$(printf 'latin\351')"
object 0 asset $root manifest box
object 0 checkpoint $root checkpoint box
object 0 prove $root prove box 1 -o proof
object 0 key $root keys
"$TOTECTL" $root keys box >keys
object 0 verify verify proof/1.tlog-proof --entry proof/1.entry --vkey keys
object 0 consistency $root prove box --consistency 1 3
printf 'log %s\nquorum none\n' "$(sed -n 's/^container //p' keys)" >policy
object 0 verify verify proof/1.tlog-proof --entry proof/1.entry --policy policy
object 0 witness-request $root witness request box
object 0 witness-request $root witness request box -o request
object 0 root -C notary init --origin notary.example/n
object 0 witness-cosign -C notary witness cosign request --vkey keys
"$TOTECTL" -C notary witness cosign request >answer 2>err || "$TOTECTL" $root witness request box \
	--old "$(sed -n 2p root/containers/box/ledger/log/checkpoint)" 2>err |
	"$TOTECTL" -C notary witness cosign - >answer
"$TOTECTL" -C notary keys >keys.notary
object 0 witness-merge $root witness merge box answer --witness keys.notary
object 2 error $root witness carry box
object 0 summary verify root/containers/box/ledger --vkey keys
object 0 verdict $root audit
object 0 status $root status
chmod u+w "root/containers/box/assets/$(printf 'latin\351')"
object 3 finding $root audit box
object 3 flag $root status
flag=$(sed -n 's/.*"type":"flag","flag":\([0-9]*\).*/\1/p' out | head -n 1)
object 0 ack $root ack "$flag" --reason 'seen "it"'
object 0 state $root suspend spare --reason pause
object 2 error $root archive spare --reason over
object 0 state $root archive spare --reason over --yes
object 0 key $root rotate box --reason 'yearly "again"'
object 0 key $root rotate orchestrator --reason yearly
object 0 key $root rotate witness --reason yearly
object 2 error $root rotate box
object 1 error $root rotate nobody --reason yearly
rm root/orchestrator/keys/box
object 3 finding $root audit box
object 1 error $root rotate box --reason yearly
object 2 error $root rekey box --reason lost
object 0 key $root rekey box --reason "$(printf 'lost\\ "and gone"')" --yes
object 1 error $root rekey box --reason lost --yes
object 0 key $root keys box
object 0 container $root detach spare --reason over
finish
