#!/bin/sh
# SPDX-License-Identifier: ISC
# A proof holds with public keys alone, and with no other key, entry or file.
. "$top_srcdir/tests/cli/common.sh"
make_root
root="-C $work/root"

printf 'a lease\n' >lease
printf 'a lease, changed\n' >forged
printf 'named like a seq\n' >41
ends 0 $root seal box lease 41
ends 0 $root append box --field n=1
ends 0 $root audit

ends 0 $root prove box lease -o proof
says out '.tlog-proof'
seq=$(sed -n 's|^proof/\([0-9]*\)\.entry$|\1|p' out)
holds 'both files are there' [ -s "proof/$seq.entry" -a -s "proof/$seq.tlog-proof" ]
ends 0 $root prove box ./41 -o proof
ends 1 $root prove box 41 -o proof
ends 1 $root prove box unsealed -o proof
ends 0 $root prove orchestrator 0 -o proof

ends 0 $root keys box
cp out keys
vkey=$(sed -n 's/^container //p' keys)
witness=$(sed -n 's/^witness //p' keys)
ends 0 $root keys orchestrator
cp out other
given="verify proof/$seq.tlog-proof --entry proof/$seq.entry"

# No root is in reach from here on: -C names none.
ends 0 $given --vkey "$vkey"
says out 'the proof holds'
says out 'no witness was asked for'
ends 0 $given --vkey keys --witness keys --asset lease
says out 'its own orchestrator only'
ends 0 $given --vkey "$vkey" --witness "$witness"
"$TOTECTL" verify "proof/$seq.tlog-proof" --entry - --vkey keys <"proof/$seq.entry" >out 2>err
holds 'an entry from standard input' [ $? = 0 ]
ends 0 verify proof/0.tlog-proof --entry proof/0.entry --vkey other

ends 12 $given --vkey other
ends 0 -C second init --origin archive.example.com/second
ends 0 -C second keys
cp out strangers
ends 12 $given --vkey keys --witness strangers
ends 2 $given --vkey lease
ends 2 $given --vkey not+a+vkey
ends 2 $given --vkey no-such-file
ends 3 $given --vkey keys --asset forged
ends 1 $given --vkey keys --asset no-such-file
cp "proof/$seq.entry" entry
printf x >>entry
ends 3 verify "proof/$seq.tlog-proof" --entry entry --vkey keys
ends 3 verify "proof/$seq.tlog-proof" --entry proof/0.entry --vkey keys
ends 3 verify lease --entry "proof/$seq.entry" --vkey keys
ends 2 verify "proof/$seq.tlog-proof" --vkey keys
ends 1 verify no-such-proof --entry entry --vkey keys

# A whole ledger, read-only.
cp -a root/containers/box/ledger copy
ends 0 verify copy --vkey keys --witness keys
says out 'is whole'
says out 'witnessed'
ends 0 verify copy/log --vkey keys
says out 'no cosignature verified'
silent out 'unwitnessed'
ends 0 verify copy/log --vkey keys --cached
says out '(cached)'
ends 12 verify copy --vkey other
ends 2 verify copy --entry entry --vkey keys
flip "$(find copy/log/tile/entries -type f | head -n 1)"
ends 3 verify copy/log --vkey keys
says out 'tile/entries'
finish
