#!/bin/sh
# SPDX-License-Identifier: ISC
# No file of the library or of the examples is longer than 600 lines: a second noun hides in it.
cd "$top_srcdir" || exit 1
long=$(find lib include examples -type f -exec wc -l {} + | awk '$2 != "total" && $1 > 600 { print $2 ": " $1 " lines" }')
[ -z "$long" ] || { echo "$long"; exit 1; }
