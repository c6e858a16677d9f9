#!/bin/sh
# SPDX-License-Identifier: ISC
# What is due is done, told as it comes, and left in order when the program is told to stop.
. "$top_srcdir/tests/cli/common.sh"
past=$top_builddir/tests/cli/past
root="-C $work/root"

holds 'a root of forty days ago is made' "$past" root box spare
ends 0 $root run --once
says out 'orchestrator: ok'
says out 'box: ok'
says out 'spare: ok'
says out 'done: 3 audits, 0 damaged, 0 incomplete, 0 new flags'
ends 0 $root run --once
says out 'done: 0 audits'
ends 0 $root status

# What is wrong is told once, in one line, with what to type next; the verdict's code stays.
holds 'another root of forty days ago is made' "$past" damaged box spare gone
root="-C $work/damaged"
printf x >damaged/containers/box/assets/foreign
mv damaged/containers/gone away
ends 3 $root run --once --budget 60
says out 'box: damaged'
says out 'box: flag '
says out 'TOTE-3004 asset-foreign, assets/foreign; next: '
says out 'gone: incomplete'
says out '1 damaged, 1 incomplete, 2 new flags'
says out 'next: totectl status'
ends 0 $root run --once
says out 'done: 0 audits'
holds 'what could not be reached waits before it is tried again' \
	[ "$(tote $root log orchestrator --kind audit.started --json | grep -c '"kind":"audit.started"')" = 4 ]

# JSON Lines
holds 'a third root of forty days ago is made' "$past" lines box
root="-C $work/lines"
printf x >lines/containers/box/assets/foreign
ends 3 $root run --once --json
says out '"type":"verdict","container":"box","verdict":"damaged"'
says out '"type":"finding","code":"TOTE-3004"'
says out '"type":"summary","exit":3,"stopped":false,"audits":2'

# Until it is told to stop; meanwhile nobody else schedules while an audit is open, and all others go on.
holds 'a fourth root of forty days ago is made' "$past" long box
root="-C $work/long"
for signal in TERM INT; do
	"$TOTECTL" $root run >long.out 2>long.err &
	pid=$!
	tries=0
	while [ $tries -lt 100 ] && ! grep -q scheduling long.err; do
		tries=$((tries + 1))
		sleep 0.1
	done
	ends 0 $root append box --field n=1
	kill -$signal $pid
	wait $pid
	holds "SIG$signal is a clean end" [ $? = 0 ]
	holds "and it says so" grep -q '^stopped: ' long.out
done
holds 'all was audited meanwhile' [ "$(tote $root log orchestrator --kind audit.finished --json | grep -c '"kind":"audit.finished"')" = 2 ]
ends 0 $root status box

# Nobody has looked at it for forty days: whatever its policy says of later audits, that is not fine.
holds 'a fifth root of forty days ago is made' "$past" never box
ends 0 -C never policy box overdue-after=0
ends 4 -C never status box
says out overdue
says out 'totectl audit box'
ends 0 -C never policy box structure-every=0 full-every=0
ends 0 -C never status box
says out 'nothing is known to be wrong; 1 never audited'
ends 0 -C never audit box
ends 0 -C never status box

ends 2 $root run --budget 5
says err '--once'
ends 2 $root run --once --budget 0
ends 2 $root run --once --budget x
ends 2 $root run box
ends 10 -C "$work" run --once
finish
