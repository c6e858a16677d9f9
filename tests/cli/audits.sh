#!/bin/sh
# SPDX-License-Identifier: ISC
# Damage is found, named, flagged, and stays visible until it is mended.
. "$top_srcdir/tests/cli/common.sh"
make_root
root="-C $work/root"
ends 0 $root provision spare
for n in 1 2 3 4 5 6; do
	printf 'asset number %s\n' $n >file$n
done
ends 0 $root seal box file1 file2 file3 file4 file5 file6
ends 0 $root append spare --field n=1
ends 0 $root status
says out 'never audited'
ends 0 $root audit
says out 'all 2 containers are whole: '
says out '6 assets'
holds 'the last line is the verdict' [ "$(tail -n 1 out | cut -c1-7)" = 'all 2 c' ]
ends 0 $root audit box --level structure
ends 0 $root audit orchestrator
ends 1 $root audit nobody

# What nobody looked at is not well: the bytes of assets, entries since the audit, a shorter ledger.
ends 0 $root status
says out 'ok (structure)'
silent out 'all is well'
ends 0 $root audit
ends 0 $root status
says out 'all is well: 2 containers'
says out 'no flag stands'
cp -a root older
ends 0 $root append spare --field n=2
ends 0 $root status
says out 'nothing is known to be wrong; 1 audited in part only: totectl audit'
ends 0 $root audit spare
ends 0 $root status
says out 'all is well'
mv root/containers/spare newer
mv older/containers/spare root/containers/spare
ends 3 $root status spare
says out 'shorter'
says out 'now   2 entries, where 3 were audited and 3 witnessed'
says out "at    $work/root/containers/spare"
silent out 'all is well'
rm -rf root/containers/spare older
mv newer root/containers/spare
ends 0 $root status

# What was asked to read from memory is told wherever its verdict is, and is no audit that is due.
ends 0 $root audit box --cached
says out 'as asked (cached)'
ends 0 $root status
says out 'ok, cached'
says out 'nothing is known to be wrong; 1 audited in part only: totectl audit'
ends 0 $root status box --json
says out '"cached":true,"cached_by":"asked"'
ends 0 $root audit box --cached --json
says out '"cached":true,"cached_by":"asked"'
ends 2 $root audit box --cached --continue
ends 0 $root audit box
ends 0 $root status
says out 'all is well'

cp -a root whole
assets=root/containers/box/assets
flip $assets/file1
ends 0 $root audit --level structure
ends 3 $root audit
says out 'TOTE-3001 asset-changed'
says out 'assets/file1'
says out 'expected'
says out 'next'
flag=$(sed -n 's/^    flag *\([0-9]*\),.*/\1/p' out | head -n 1)
ends 3 $root status
says out "totectl ack $flag"
says out '1 needs attention'
says out 'box: a flag is raised that nobody has acknowledged'
says out 'TOTE-3001 asset-changed  box  entry 1  assets/file1'
says out '    expected  sha256:'
says out '    found     sha256:'
says out "at    $work/root/containers/box"
says out 'next  see it whole: totectl audit box'
holds 'the worst comes first' [ "$(sed -n '3s/ .*//p' out)" = box ]
ends 3 $root status box
ends 0 $root status spare

ends 0 $root ack "$flag" --reason 'seen: a copy is on its way'
ends 1 $root ack "$flag" --reason 'twice'
ends 1 $root ack 999999 --reason 'no such flag'
ends 3 $root status
says out 'acknowledged, still damaged'
ends 3 $root audit
says out 'assets/file1'
# who does not read its bytes has not seen it whole
ends 0 $root audit box --level structure
ends 3 $root status
says out 'acknowledged, still damaged'
ends 0 $root audit spare
cp -p whole/containers/box/assets/file1 spare-copy
rm -f $assets/file1
cp -p spare-copy $assets/file1
ends 0 $root audit
ends 0 $root status
says out 'no flag stands'

# Each of these is found and named.
hurt() { # WANTED-CODE WANTED-PATH COMMAND...
	finding=$1 path=$2
	shift 2
	chmod -R u+w root
	rm -rf root
	cp -a whole root
	"$@" || wrong "cannot do this damage: $*"
	ends 3 $root audit
	says out "TOTE-$finding "
	says out "$path"
}
log=root/containers/box/ledger/log
cut_short() { chmod u+w "$1" && truncate -s -1 "$1" && chmod 0444 "$1"; }
foreign() { printf x >"$1" && chmod 0444 "$1"; }
linked() { ln "$1" "$work/second-name.$$" && rm -f "$work/kept" && mv "$work/second-name.$$" "$work/kept"; }
swapped() { mv "$1" "$1.moved" && mkfifo "$1" && rm -f "$1.moved"; }
hurt 3002 assets/file2 cut_short $assets/file2
hurt 3003 assets/file3 rm -f $assets/file3
hurt 3004 assets/unknown foreign $assets/unknown
hurt 3005 assets/file4 chmod 0644 $assets/file4
hurt 3006 assets/file5 linked $assets/file5
hurt 3007 assets/file6 swapped $assets/file6
bundle=$(cd root/containers/box && find ledger/log/tile/entries -type f | sort | tail -n 1)
hurt 1003 "$bundle" flip "root/containers/box/$bundle"
hurt 4002 extra foreign root/containers/box/extra
hurt 6005 box chmod 0644 root/orchestrator/keys/box

# What cannot be reached is neither whole nor damaged.
chmod -R u+w root
rm -rf root
cp -a whole root
mv root/containers/spare away
ends 6 $root audit
says out 'box: '
says out 'unreachable'
says out 'TOTE-9001 unreachable'
ends 3 $root status
says out 'unreachable'
says out 'No such file or directory'
says out 'then totectl audit spare; moved for good: totectl detach spare --reason TEXT'
says out 'now   container '
flag=$(sed -n 's/^flag \([0-9]*\) .*/\1/p' out | head -n 1)
ends 0 $root ack "$flag" --reason 'the disk is being changed'
ends 6 $root status
mv away root/containers/spare
ends 0 $root audit
ends 0 $root status

# One asset, or what was sealed in a range of seqs: no audit of the container, but its flag goes.
ends 0 $root audit box --asset file2
says out 'box: incomplete: 1 of 1 asset asked for, of 6 in all'
says out 'what was asked for is whole: 1 asset; nothing is said of the rest'
ends 0 $root audit box --from 2 --to 3
says out '2 assets'
ends 0 $root audit box --asset file2 --json
says out '"part":true'
ends 1 $root audit box --asset no/such
says err "no asset 'no/such' is sealed in box"
ends 1 $root audit box --from 900000
ends 2 $root audit --asset file2
ends 2 $root audit box --asset file2 --from 1
ends 2 $root audit box --asset file2 --continue
ends 2 $root audit box --from 5 --to 3
ends 2 $root audit box --from x
flip $assets/file2
ends 3 $root audit box --asset file2
says out 'TOTE-3001 asset-changed'
ends 3 $root status
ends 0 $root audit box --asset file3
ends 3 $root status
flip $assets/file2
ends 0 $root audit box --asset file2
ends 3 $root status
says out 'a later audit found it whole'
flag=$(sed -n 's/^flag \([0-9]*\) .*/\1/p' out | head -n 1)
ends 0 $root ack "$flag" --reason 'flipped back'
ends 0 $root audit
ends 0 $root status
says out 'no flag stands'

# What is young enough is passed over; what was cut off goes on; nothing was.
ends 0 $root audit --max-age 1d
says out '; 2 passed over'
ends 0 $root audit box spare --max-age 1d
says out '2 passed over'
ends 0 $root append spare --field n=9
ends 0 $root audit box spare --max-age 1d
says out 'spare: ok'
silent out 'box: ok'
ends 0 $root audit --continue
says out 'no audit was cut off: there is nothing to go on with'
ends 0 $root audit box --continue --parallel 1 --limit 100MiB
says out 'box: ok'
ends 2 $root audit --max-age soon
ends 2 $root audit --limit 3MB
ends 2 $root audit --limit 0
ends 2 $root audit --parallel 65
ends 0 $root audit --parallel 4
says out 'all 2 containers are whole'

# Killed in the middle, it goes on, and what it had finished is passed over.
started() { tote $root log orchestrator --kind audit.started | wc -l; }
before=$(started)
tote $root audit orchestrator box --parallel 1 --limit 100KiB >/dev/null 2>&1 &
killed=$!
for wait in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
	[ "$(started)" -gt "$before" ] && break
	sleep 0.1
done
kill -9 $killed
wait $killed 2>/dev/null
ends 0 $root audit --continue
says out 'it went on for run'
ends 0 $root audit --continue
says out 'no audit was cut off'
finish
