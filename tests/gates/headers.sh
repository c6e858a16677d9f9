#!/bin/sh
# SPDX-License-Identifier: ISC
# Each public header stands alone, as strict C99 and as C++11, and no struct has a hole in it.
set -u
padded=
[ "$(getconf LONG_BIT)" != 64 ] || padded=-Wpadded
bad=0
cd "$top_srcdir/include" || exit 1
for header in toteborch.h toteborch/*.h; do
	printf '#include <%s>\n' "$header" >"$top_builddir/tests/header.$$"
	for language in "$CC -x c -Wshadow -std=c99" "$CXX -x c++ -std=c++11"; do
		$language -pedantic -Wall -Wextra $padded -Werror -fsyntax-only -I. \
			"$top_builddir/tests/header.$$" || { echo "$header: not as ${language##*-std=}"; bad=1; }
	done
done
rm -f "$top_builddir/tests/header.$$"
exit $bad
