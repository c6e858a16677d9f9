#!/bin/sh
# SPDX-License-Identifier: ISC
# Every operation of every verb fails, in every way; of FAULT_RUNS, where it is set, a sample.
if [ -n "${FAULT_RUNS-}" ]; then
	exec "$top_builddir/tests/stress/faults" -n "$FAULT_RUNS"
fi
exec "$top_builddir/tests/stress/faults" -a
