#!/bin/sh
# SPDX-License-Identifier: ISC
# The power-loss harness, whole; a sample of what is recovered is read by the independent checker too.
if command -v python3 >/dev/null; then
	exec "$top_builddir/tests/power/power" -r "python3 $top_srcdir/tests/checker/totecheck.py"
fi
exec "$top_builddir/tests/power/power"
