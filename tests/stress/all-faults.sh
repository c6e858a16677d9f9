#!/bin/sh
# SPDX-License-Identifier: ISC
# Every operation of every verb fails, in every way.
exec "$top_builddir/tests/stress/faults" -a
