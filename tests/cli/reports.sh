#!/bin/sh
# SPDX-License-Identifier: ISC
# Reports are printed only as they are on record, metrics never flatter, and codes are explained.
. "$top_srcdir/tests/cli/common.sh"
make_root
root="-C $work/root"
printf 'text\n' >file
ends 0 $root seal box file
ends 0 $root audit box --json
run=$(sed -n 's/.*"run":\([0-9]*\).*/\1/p' out | tail -n 1)
report=$work/root/orchestrator/reports/$run.jsonl

ends 0 $root report "$run"
holds 'the report is the file, byte for byte' cmp -s out "$report"
ends 1 $root report 999
ends 2 $root report first
cp "$report" kept
flip "$report"
ends 3 $root report "$run"
holds 'not a byte of another report is printed' [ ! -s out ]
rm -f "$report"
ends 3 $root report "$run"
says err "$run.jsonl"
cp kept "$report"
ends 0 $root report "$run"

metric() { # NAME: its value for box
	sed -n "s/^toteborch_$1{container=\"box\"} //p" out
}
ends 0 $root metrics
holds 'each line is a comment or one value' sh -c \
	'! grep -vE "^(# (HELP|TYPE) toteborch_[a-z_]+ .*|toteborch_[a-z_]+(\{container=\"[a-z0-9-]+\"\})? [0-9]+)$" out'
holds 'a good audit is told' [ "$(metric last_audit_ok)" = 1 ]
good=$(metric last_success_timestamp_seconds)
holds 'its time is a time' [ "$good" -gt 1700000000 ]
sleep 1
ends 0 $root audit box --cached
ends 0 $root metrics
holds 'one that read from memory is told' [ "$(metric last_audit_cached)" = 2 ]
holds 'it is no success of a full audit' [ "$(metric last_success_timestamp_seconds)" = "$good" ]
flip "$work/root/containers/box/assets/file"
ends 3 $root audit box
ends 0 $root metrics -o metrics.prom
holds 'nothing is printed where a file was asked for' [ ! -s out ]
cp metrics.prom out
holds 'a bad audit is told' [ "$(metric last_audit_ok)" = 0 ]
holds 'it has a flag' [ "$(metric flags_open)" = 1 ]
holds 'a failure does not refresh the last success' [ "$(metric last_success_timestamp_seconds)" = "$good" ]
holds 'but the last audit' [ "$(metric last_full_audit_timestamp_seconds)" -gt "$good" ]
mv "$work/root/containers/box" away
ends 0 $root metrics
holds 'what cannot be read is said to be so' [ "$(metric readable)" = 0 ]
holds 'and has no number' [ -z "$(metric entries)" ]
ends 10 -C "$work" metrics -o metrics.prom
holds 'what was written stays where nothing can be said' [ -s metrics.prom ]

ends 0 explain TOTE-3001
says out 'asset-changed'
says out 'next: '
ends 0 explain asset-changed --json
says out '"code":"TOTE-3001"'
ends 0 explain TOTE_E_BUSY
ends 2 explain nonsense
ends 0 explain
holds 'without a code all are told' [ "$(grep -c '^TOTE-' out)" -gt 40 ]
finish
