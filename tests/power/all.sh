#!/bin/sh
# SPDX-License-Identifier: ISC
# The power-loss harness, whole, or for POWER_SECONDS; a sample of what is recovered is read by the
# independent checker too.
set -- ${POWER_SECONDS:+-b "$POWER_SECONDS"}
if command -v python3 >/dev/null; then
	set -- "$@" -r "python3 $top_srcdir/tests/checker/totecheck.py"
fi
exec "$top_builddir/tests/power/power" "$@"
