#!/bin/sh
# SPDX-License-Identifier: ISC
# The independent checker finds each of its damages and forgeries, and nothing where nothing is
# wrong: in a root after each verb of totectl that writes.
bad=0
for part in try verbs; do
	"${PYTHON:-python3}" "$top_srcdir/tests/checker/$part.py" || bad=1
done
exit $bad
