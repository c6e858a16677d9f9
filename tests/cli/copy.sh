#!/bin/sh
# SPDX-License-Identifier: ISC
# A copy is whole and verified, is brought up to date, and is never made of or over anything else.
. "$top_srcdir/tests/cli/common.sh"
make_root
root="-C $work/root"

printf 'a lease\n' >lease
printf 'a letter\n' >letter
printf 'a secret\n' >secret
ends 0 $root seal box lease letter secret
ends 0 $root append box --field n=1
ends 0 $root keys box
cp out keys

ends 0 $root copy box copy
says out 'a whole, verified copy of box: 5 entries'
ends 0 verify copy/ledger --vkey keys
holds 'an asset is there' cmp -s lease copy/assets/lease
holds 'there is no lock' [ ! -e copy/ledger/lock ]
ends 0 $root --json copy box copy
says out '"type":"copy"'
says out '"entries":5'
says out '"bytes_written":0'

# Brought up to date: what is new, and what was erased goes.
printf 'another\n' >another
ends 0 $root seal box another
ends 0 $root erase box secret --authority 'a court' --reason 'asked to be forgotten' --yes
ends 0 $root copy box copy
says out 'an older copy of 5 entries'
says out '1 new asset, 1 erased'
says out 'was not read again'
holds 'the erased asset is gone' [ ! -e copy/assets/secret ]
ends 0 $root copy box copy --verify
says out 'a whole, verified copy of box'
ends 0 $root --json copy box copy
says out '"all_verified":false'
ends 0 verify copy/ledger --vkey keys
ends 0 -C other init --origin archive.example.com/other
ends 0 -C other register box "$work/copy"
ends 0 -C other audit box
ends 0 -C other detach box --reason 'only to have it audited'

# It has a lock now: a container of its own, and nobody's copy.
ends 1 $root copy box copy
says err 'container of its own'
ends 0 $root copy box new
mkdir thesis
echo x >thesis/chapter
ends 1 $root copy box thesis
says err "'chapter'"
ends 0 $root provision second
ends 1 $root copy second new
says err 'is a copy of'
ends 1 $root copy box root/containers/box
ends 1 $root copy nobody elsewhere
ends 2 $root copy box
holds 'nothing was made' [ ! -e elsewhere ]

# The record too, never its keys.
ends 0 $root copy orchestrator record
holds 'no key was copied' [ -z "$(ls record/keys)" ]
ends 0 $root keys orchestrator
cp out record.keys
ends 0 verify record/ledger --vkey record.keys

# Half a copy is none, and says which assets are damaged.
flip root/containers/box/assets/letter
rm -f root/containers/box/assets/another
ends 3 $root copy box half
says err letter
says err another
holds 'the rest is there' cmp -s lease half/assets/lease
ends 4 -C other register box "$work/half"
says err 'unfinished copy'
ends 3 verify half/ledger --vkey keys
says out '.tote-copying'
finish
