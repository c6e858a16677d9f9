#!/bin/sh
# SPDX-License-Identifier: ISC
# Which root is meant, and what a root lets be made in it.
. "$top_srcdir/tests/cli/common.sh"

ends 10 -C nowhere status
mkdir empty
ends 10 -C empty status
(cd empty && ends 10 status) || wrong 'no root above'
TOTE_ROOT=$work/empty "$TOTECTL" status >out 2>err
holds 'TOTE_ROOT that is none' [ $? = 10 ]

make_root
ends 1 -C root init --origin archive.example.com/test
ends 1 -C empty/../root init --origin archive.example.com/other
touch empty/file
ends 1 -C empty init --origin archive.example.com/test
ends 2 -C fresh init --origin 'with space'
holds 'a bad origin makes nothing' [ ! -e fresh ]

# -C before TOTE_ROOT before the nearest parent.
mkdir -p root/containers/box/deeper 2>/dev/null
ends 0 -C "$work/root" keys
(cd root/containers && "$TOTECTL" keys) >out 2>err
holds 'a root above is found' [ $? = 0 ]
(cd / && TOTE_ROOT=$work/root "$TOTECTL" keys) >out 2>err
holds 'TOTE_ROOT is found' [ $? = 0 ]
(cd root && TOTE_ROOT=$work/empty "$TOTECTL" keys) >out 2>err
holds 'TOTE_ROOT comes before a parent' [ $? = 10 ]
(cd / && TOTE_ROOT=$work/empty "$TOTECTL" -C "$work/root" keys) >out 2>err
holds '-C comes before TOTE_ROOT' [ $? = 0 ]
rmdir root/containers/box/deeper

ends 0 -C root provision box
says out already
ends 2 -C root provision 'Not An ID'
ends 2 -C root provision orchestrator
ends 0 -C root provision elsewhere --at "$work/apart"
holds 'it lies where it was told' [ -d apart/ledger ]
ends 0 -C root keys elsewhere
says out 'container archive.example.com/test/elsewhere+'
says out 'witness archive.example.com/test/witness+'
ends 1 -C root keys nobody
ends 1 -C root log nobody

# An ID may be a word of the text: it is named all the same, and what failed is not said to go on.
ends 0 -C root provision container
ends 1 -C root dispose container --reason over --yes
says err "totectl dispose: container 'container' is "
ends 0 -C root archive container --reason over --yes
ends 1 -C root seal container empty/file
says err 'nothing was sealed'
silent err 'goes on'

ends 0 -C root detach elsewhere --reason 'moved away'
ends 1 -C root append elsewhere
ends 1 -C root provision elsewhere
ends 0 -C root audit
ends 0 -C root log orchestrator
says out container.detached
says out 'moved away'

# Another root takes over a container of this one, whose witness has cosigned it.
ends 0 -C second init --origin archive.example.com/second
ends 0 -C second register elsewhere "$work/apart" --key root/orchestrator/keys/elsewhere
ends 0 -C second audit elsewhere
ends 0 -C second append elsewhere
ends 0 -C second audit
says out 'whole'
finish
