#!/bin/sh
# SPDX-License-Identifier: ISC
# Adds up what the test logs say into one last line. A suite counts as its tests, a gate as one; a
# suite that died before its own last line counts as one failure more. Shows what failed, at its end.
passed=0 failed=0
for log; do
	result=$(sed -n 's/^:test-result: //p' "${log%.log}.trs" 2>/dev/null)
	count=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$log" 2>/dev/null | tail -n 1)
	case $count:$result in
	:PASS*) count='1 0' ;;
	:* | *' 0:FAIL'*) count="$((${count% *} + 0)) 1" ;;
	esac
	passed=$((passed + ${count% *}))
	failed=$((failed + ${count#* }))
	case $result in
	PASS*) ;;
	*) printf '\n--- %s: %s\n' "$log" "${result:-no result}" && tail -n 40 "$log" ;;
	esac
done
echo "$passed passed, $failed failed"
