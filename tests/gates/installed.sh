#!/bin/sh
# SPDX-License-Identifier: ISC
# What is installed is enough: the examples in C and C++ build against the installed tree through
# pkg-config alone and do their job there, and the installed totectl starts.
set -u
. "$top_srcdir/tests/installed-tree.sh"
flags=$(pkg-config --cflags --libs toteborch) || exit 1

new_job
$CC -std=c99 -pedantic -Wall -Wextra -Werror $SANITIZE "$top_srcdir/examples/c/archive.c" -o "$job/archive" $flags || bad=1
runs examples/c ./archive
new_job
$CXX -std=c++11 -pedantic -Wall -Wextra -Werror $SANITIZE "$top_srcdir/examples/cxx/archive.cpp" -o "$job/archive" $flags || bad=1
runs examples/cxx ./archive

"$(find "$stage" -name totectl -type f)" --help >/dev/null || { echo "the installed totectl does not start"; bad=1; }
exit $bad
