#!/bin/sh
# SPDX-License-Identifier: ISC
# A few seconds of the stress harnesses: a sample of all failures, a crowd, whether all are served, and
# some hours of a root under damage.
bad=0
"$top_builddir/tests/stress/faults" -n 150 || bad=1
"$top_builddir/tests/stress/crowd" -t 3 || bad=1
"$top_builddir/tests/stress/crowd" -f -t 1 -p 8 || bad=1
"$top_builddir/tests/stress/vigil" -n 4 -t 0.2 || bad=1
exit $bad
