#!/bin/sh
# SPDX-License-Identifier: ISC
# Every manual page is clean under mandoc.
cd "$top_srcdir/man" || exit 1
command -v mandoc >/dev/null || { echo "mandoc is missing"; exit 1; }
for page in *.[1-9]; do
	[ ! -f "$page" ] || echo "$page"
done | xargs -r mandoc -T lint -W warning
