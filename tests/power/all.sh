#!/bin/sh
# SPDX-License-Identifier: ISC
# The power-loss harness, whole.
exec "$top_builddir/tests/power/power"
