#!/bin/sh
# SPDX-License-Identifier: ISC
# Each promise that is taken away from the library at compile time turns its suite red.
if ! command -v python3 >/dev/null; then
	echo "no python3: the mutants were not tried"
	exit 77
fi
exec python3 "$top_srcdir/tests/mutants/run.py" -s "$top_srcdir" -w "$top_builddir/tests/mutants.work" \
	${MUTANT_SLICE:+-n "$MUTANT_SLICE"}
