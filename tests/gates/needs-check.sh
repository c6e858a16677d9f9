#!/bin/sh
# SPDX-License-Identifier: ISC
# Stands in for the suites where configure did not find the Check library: tests that cannot run
# have failed.
echo "the Check library is missing: install it (Debian: check) and configure again"
exit 1
