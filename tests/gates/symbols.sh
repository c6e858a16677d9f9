#!/bin/sh
# SPDX-License-Identifier: ISC
# Four sets of names are one: declared in the headers (each behind a comment), listed in the version
# map, exported by the library, named in libtoteborch(3).
set -u
dir=$top_builddir/tests/symbols.$$
mkdir -p "$dir" || exit 1
trap 'rm -rf "$dir"' EXIT
bad=0

awk -f "$top_srcdir/tests/gates/declared.awk" "$top_srcdir"/include/toteborch.h \
	"$top_srcdir"/include/toteborch/*.h >"$dir/all" || bad=1
tr -d ' \t' <"$dir/all" | sort >"$dir/declared"
sed -n 's/^[ \t]*\(tote_[a-z0-9_]*\);.*/\1/p' "$top_srcdir/lib/libtoteborch.map" | sort >"$dir/map"
# Type A is the version node itself.
$NM -D --defined-only "$top_builddir/lib/.libs/libtoteborch.so" |
	awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort >"$dir/exported"
# A name is documented where the page marks it as a function: .Fn, also in a list, or .Fo.
sed -n '/^\./p' "$top_srcdir/man/libtoteborch.3" | grep -oE 'F[no] "?tote_[a-z0-9_]+' |
	sed 's/.*tote_/tote_/' | sort -u >"$dir/documented"

for set in map exported documented; do
	diff "$dir/declared" "$dir/$set" >"$dir/diff" && continue
	bad=1
	sed -n "s/^< \(.*\)/\1: declared in include\/, but not $set/p
		s/^> \(.*\)/\1: $set, but not declared in include\//p" "$dir/diff"
done
exit $bad
