#!/bin/sh
# SPDX-License-Identifier: ISC
# Roots that are watched for simulated days, and read by the checker at the end; or one, for
# VIGIL_DAYS.
bad=0
checker=
if command -v python3 >/dev/null; then
	checker="-r python3 $top_srcdir/tests/checker/totecheck.py"
fi
vigil() { "$top_builddir/tests/stress/vigil" "$@" ${checker:+-r "${checker#-r }"} || bad=1; }

if [ -n "${VIGIL_DAYS-}" ]; then
	vigil -n 10 -t "$VIGIL_DAYS"
	exit $bad
fi
vigil -n 5 -t 2 -s 9
vigil -n 40 -t 1 -s 7
vigil -n 200 -t 0.5 -s 3
exit $bad
