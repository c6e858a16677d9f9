#!/bin/sh
# SPDX-License-Identifier: ISC
# Records go in once, whole, and come back as they were; a closed container takes none.
. "$top_srcdir/tests/cli/common.sh"
make_root
root="-C $work/root"

ends 0 $root append box --field matter=acme/2026-014 --field 'note=100% sure' --actor alice@counsel
holds 'the seq is printed' [ "$(cat out)" = 1 ]
printf 'payload\n' >payload
ends 0 $root append box --kind record.invoice payload
printf 'from a pipe' | "$TOTECTL" $root append box - >out 2>err
holds 'standard input is a payload' [ $? = 0 ]
ends 0 $root show box 1
says out 'actor alice@counsel'
says out 'matter acme/2026-014'
says out 'note 100% sure'
ends 0 $root show box 2
says out 'kind record.invoice'
says out payload
ends 0 $root log box
holds 'one line an entry' [ "$(wc -l <out)" -eq 4 ]
says out 'container.created'
ends 1 $root show box 99
ends 0 $root log box --kind record --from 1
holds 'a kind is that kind alone' [ "$(cut -d' ' -f1 out | tr '\n' ' ')" = '1 3 ' ]
ends 0 $root log box --kind 'record.*' --reverse
holds 'a family, the newest first' [ "$(cut -d' ' -f1 out | tr '\n' ' ')" = '3 2 1 ' ]
ends 0 $root log box --reverse --limit 1 --from 2
holds 'one entry from there down' [ "$(cut -d' ' -f1 out)" = 2 ]
ends 0 $root --json log box --limit 0
holds 'no entry at all' [ ! -s out ]
ends 2 $root log box --reverse --follow
ends 2 $root log box --from x
ends 2 $root log box --limit -1
ends 2 $root log box --kind Record
says err "'Record' is no kind"
timeout 20 "$TOTECTL" $root log box --follow --from 3 --limit 2 >followed &
follower=$!
ends 0 $root append box --kind host.late
wait $follower
holds 'who follows sees what comes and ends at the limit' [ $? = 0 ]
holds 'each once and in order' [ "$(cut -d' ' -f1 followed | tr '\n' ' ')" = '3 4 ' ]

# A retry never doubles a record.
ends 0 $root append box --expect 5 payload
ends 0 $root append box --expect 5 payload
holds 'the same seq again' [ "$(cat out)" = 5 ]
ends 1 $root append box --expect 5 --field other=x payload
ends 1 $root append box --expect 99 payload

ends 2 $root append box --kind asset.sealed
ends 2 $root append box --field 'Not-A-Key=x'
ends 2 $root append box --field empty=
ends 1 $root append box no-such-file
head -c 70000 /dev/zero >large
ends 2 $root append box large
ends 1 $root append nobody payload
printf '\033]0;title\007\342\200\256\n' >hostile
ends 0 $root append box hostile
seq=$(cat out)
ends 0 $root show box "$seq"
says out '\x1b]0;title\x07\xe2\x80\xae'
printf '\377\376\000' >binary
ends 0 $root append box binary
seq=$(cat out)
ends 0 $root show box "$seq"
says out '3 bytes that are no text'
ends 0 $root --json show box "$seq"
says out '"payload_b64":"//4A"'
ends 0 $root append box --field "path=$(printf 'caf\351')"
seq=$(cat out)
ends 0 $root --json show box "$seq"
says out '"path_b64":"Y2Fm6Q=="'
TOTE_ACTOR=bob@host "$TOTECTL" $root append box >out 2>err
ends 0 $root show box "$(cat out)"
says out 'actor bob@host'

ends 0 $root checkpoint box
says out 'archive.example.com/test/box'
cp out note
ends 0 $root checkpoint box --last
holds '--last prints the newest' cmp -s out note

ends 0 $root suspend box --reason 'a pause'
ends 1 $root append box payload
says err suspended
ends 1 $root seal box payload
ends 0 $root suspend box --reason 'a pause'
ends 0 $root resume box --reason 'the pause is over'
ends 0 $root append box payload
ends 1 $root dispose box --reason 'too early' --yes
ends 0 $root archive box --reason 'closed' --yes
ends 1 $root append box payload
ends 1 $root resume box --reason 'again'
ends 0 $root audit
ends 0 $root dispose box --reason 'over' --yes
ends 0 $root log orchestrator
says out 'to=disposed'

# Somebody else at work: nothing is written, and it is said who.
ends 0 $root provision busy
mkfifo go
"$top_builddir/tests/cli/hold" root/containers/busy/ledger/lock <go >held &
exec 9>go
n=0
while [ ! -s held ] && [ $n -lt 100 ]; do
	sleep 0.05
	n=$((n + 1))
done
ends 11 $root --wait 0 append busy payload
ends 11 $root --wait 0.2 append busy payload
ends 0 $root log busy
holds 'nothing was appended' [ "$(wc -l <out)" -eq 1 ]
exec 9>&-
wait
ends 0 $root append busy payload
finish
