#!/bin/sh
# SPDX-License-Identifier: ISC
# Every constant of the public headers is one that tote_constant knows, and stands with its released
# value in the frozen table of tests/api/constant.c; and no table knows one that is no more.
set -u
cd "$top_srcdir" || exit 1
dir=$top_builddir/tests/constants.$$
mkdir -p "$dir" || exit 1
trap 'rm -rf "$dir"' EXIT
bad=0

for header in include/toteborch.h include/toteborch/*.h; do
	awk -f tests/gates/uncomment.awk "$header" |
		sed -n 's/^#[ \t]*define[ \t][ \t]*\(TOTE_[A-Z0-9_]*\)[ \t(].*/\1/p'
done | grep -vx TOTE_API | sort >"$dir/headers"

{
	sed -n 's/^[ \t]*CONSTANT(\(TOTE_[A-Z0-9_]*\)).*/\1/p' lib/base/constant.c
	sed -n 's/^FAULT(\([A-Z0-9_]*\),.*/TOTE_E_\1/p' lib/base/fault.def
} | sort >"$dir/lib"
sed -n 's/^[ \t]*{"\(TOTE_[A-Z0-9_]*\)", .*/\1/p' tests/api/constant.c | sort >"$dir/frozen"

[ -s "$dir/headers" ] || { echo "no constant found in include/toteborch"; exit 1; }
for table in "lib lib/base/constant.c or fault.def" "frozen tests/api/constant.c"; do
	diff "$dir/headers" "$dir/${table%% *}" >"$dir/diff" && continue
	bad=1
	sed -n "s|^< \(.*\)|\1: not in ${table#* }|p
		s|^> \(.*\)|\1: in ${table#* }, but in no header, or twice|p" "$dir/diff"
done
exit $bad
