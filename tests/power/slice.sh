#!/bin/sh
# SPDX-License-Identifier: ISC
# A few seconds of the power-loss harness.
exec "$top_builddir/tests/power/power" -q
