#!/bin/sh
# SPDX-License-Identifier: ISC
# Each promise that is taken away on purpose is missed by the power-loss harness.
exec "$top_builddir/tests/power/power" -M
