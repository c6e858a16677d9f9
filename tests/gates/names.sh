#!/bin/sh
# SPDX-License-Identifier: ISC
# The library takes no name that is not its own: tote_ is exported, tote__ is seen only inside the
# archive, and there is nothing else.
set -u
bad=0
strangers=$($NM -D --defined-only "$top_builddir/lib/.libs/libtoteborch.so" |
	awk '$2 != "A" && $3 !~ /^tote_[a-z0-9]/ { print $3 }')
[ -z "$strangers" ] || { echo "exported by libtoteborch.so:" $strangers; bad=1; }

# AddressSanitizer marks each global variable with a symbol of its own.
strangers=$($NM -g --defined-only "$top_builddir/lib/.libs/libtoteborch.a" |
	awk 'NF == 3 && $3 !~ /^tote_/ && $3 !~ /^__odr_asan/ { print $3 }')
[ -z "$strangers" ] || { echo "global in libtoteborch.a:" $strangers; bad=1; }
exit $bad
