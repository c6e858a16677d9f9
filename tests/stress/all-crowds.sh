#!/bin/sh
# SPDX-License-Identifier: ISC
# Crowds for a minute and more, and what they leave read by the checker; or one for CROWD_SECONDS.
bad=0
checker=
if command -v python3 >/dev/null; then
	checker="-r python3 $top_srcdir/tests/checker/totecheck.py"
fi
crowd() { "$top_builddir/tests/stress/crowd" "$@" ${checker:+-r "${checker#-r }"} || bad=1; }

if [ -n "${CROWD_SECONDS-}" ]; then
	crowd -t "$CROWD_SECONDS" -s 1
	exit $bad
fi
crowd -t 60 -s 1
crowd -t 20 -s 2 -p 8 -n 4
crowd -t 10 -s 3 -k -p 12 -n 1
"$top_builddir/tests/stress/crowd" -f -t 10 -p 8 || bad=1
exit $bad
