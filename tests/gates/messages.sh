#!/bin/sh
# SPDX-License-Identifier: ISC
# toteborch-messages(7) is what the tables of findings and of error codes give, and has all of them.
set -u
cd "$top_srcdir" || exit 1
page=man/toteborch-messages.7
fresh=$top_builddir/tests/messages.$$
trap 'rm -f "$fresh"' EXIT
sh man/messages.sh >"$fresh" || exit 1

# The script reads C by its lines: a row that it does not see must not go unseen here.
whole() { # MACRO TABLE PREFIX
	rows=$(grep -c "^[ 	]*$1(" "$2") items=$(grep -c "^\.It .*$3" "$fresh")
	[ "$rows" = "$items" ] || { echo "$2 has $rows rows, man/messages.sh shows $items"; exit 1; }
}
whole TOTE_FINDING lib/audit/finding.def TOTE-
whole FAULT lib/base/fault.def TOTE_E_
diff -u "$page" "$fresh" && exit 0
echo "$page is not what its tables give: sh man/messages.sh >$page"
exit 1
