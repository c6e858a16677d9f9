#!/bin/sh
# SPDX-License-Identifier: ISC
# One version: what configure.ac says is what the header says.
cd "$top_srcdir" || exit 1
configured=$(sed -n 's/^AC_INIT(\[libtoteborch\], \[\(.*\)\])$/\1/p' configure.ac)
declared=$(awk '/^#define TOTE_VERSION_(MAJOR|MINOR|PATCH)/ { v = v "." $3 } END { print substr(v, 2) }' \
	include/toteborch/*.h)
[ -n "$configured" ] && [ "$configured" = "$declared" ] && exit 0
echo "configure.ac says '$configured', include/toteborch says '$declared'"
exit 1
