#!/bin/sh
# SPDX-License-Identifier: ISC
# The demonstration does what it says, twice, and what it leaves behind is whole.
. "$top_srcdir/tests/cli/common.sh"
TMPDIR=$work
export TMPDIR

ends 0 demo
says out '6 of 6 found and named'
says out 'the proof holds'
says out 'all 3 containers are whole'
says out 'what to type next'
silent out 'NOT FOUND'
silent out 'should have'
scratch=$(sed -n 's/^everything below lies in \(.*\) and stays there$/\1/p' out)
holds 'the scratch directory is there' [ -d "$scratch/root" ]
ends 0 -C "$scratch/root" audit
ends 3 -C "$scratch/damaged" audit
program=$(sed -n 's|^    \(/.*\) -C root status$|\1|p' out)
ends 0 --json demo
says out '"as_expected":true'
holds 'the program it names runs' "$("$TOTECTL" --version | sed 's/.*/true/')"
finish
