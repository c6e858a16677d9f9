#!/bin/sh
# SPDX-License-Identifier: ISC
# Keys are rotated and replaced, and who knows the first or the newest one still verifies all of it.
. "$top_srcdir/tests/cli/common.sh"
make_root
root="-C $work/root"
ledger=root/containers/box/ledger

ends 0 $root append box --field n=1
ends 0 $root checkpoint box
ends 0 $root keys box
first=$(sed -n 's/^container //p' out)

# A container's key.
ends 0 $root rotate box --reason yearly
says out "former $first until entry 2"
says err 'the old one proved it'
ends 0 $root keys box
cp out keys
newest=$(sed -n 's/^container //p' keys)
holds 'the key is another' [ "$first" != "$newest" ]
ends 0 $root log box --kind key.rotated
says out 'key.rotated'
ends 0 $root append box --field n=2
ends 0 $root audit
for key in "$first" "$newest" keys; do
	ends 0 verify "$ledger" --vkey "$key"
done
ends 0 verify "$ledger" --vkey "$first"
says out 'TOTE-5016'
says out "$newest"
ends 0 $root prove box 1 -o proof
ends 0 verify proof/1.tlog-proof --entry proof/1.entry --vkey keys
ends 12 verify proof/1.tlog-proof --entry proof/1.entry --vkey "$first"

# The root's own.
ends 0 $root rotate orchestrator --reason yearly
ends 0 $root rotate witness --reason yearly --json
says out '"role":"witness"'
says out '"role":"former","of":"witness"'
ends 0 $root audit
ends 0 $root keys
holds 'three keys in force, three former ones' \
	[ "$(grep -c '^former ' out)$(grep -vc '^former ' out)" = 33 ]
cp out all
ends 0 verify root/orchestrator/ledger --vkey "$(sed -n 's/^orchestrator //p' all)"
ends 0 $root prove box 1 -o proof
ends 0 verify proof/1.tlog-proof --entry proof/1.entry --vkey all --witness all

# What is refused.
ends 2 $root rotate box
ends 2 $root rotate BOX --reason x
ends 1 $root rotate nobody --reason x
ends 2 $root rekey box --reason lost
says err '--yes'
ends 1 $root rekey box --reason lost --yes
says err 'not lost'
says err 'totectl rotate box'
ends 2 $root rekey orchestrator --reason lost --yes
says err 'outside witness'
ends 1 $root rotate nobody --reason x --json
says err '"type":"error"'

# A key that is lost.
ends 0 $root append box --field n=3
rm root/orchestrator/keys/box
ends 3 $root audit box
says out 'TOTE-5017'
says out 'totectl rekey box'
ends 1 $root rotate box --reason x
says err 'totectl rekey box'
ends 0 $root rekey box --reason 'the disk died' --yes --actor alice
says err 'no entry of the ledger leads to it'
says out 'lost and replaced'
ends 0 $root log orchestrator --kind container.rekeyed
says out 'container.rekeyed'
ends 0 $root audit box
says out 'TOTE-5015'
ends 0 $root keys box
replaced=$(sed -n 's/^container //p' out)
ends 0 verify "$ledger" --vkey "$replaced"
says out 'TOTE-5015'
ends 3 verify "$ledger" --vkey "$first"
ends 12 verify "$ledger" --vkey "$newest"
ends 0 $root rotate box --reason yearly
ends 0 $root audit
ends 0 $root keys --json
says out '"replaced_a_lost_one":true'

# The former key's file, brought back by mistake.
cp root/orchestrator/keys/box current
printf 'x' >junk
cp junk root/orchestrator/keys/box.next
chmod 0600 root/orchestrator/keys/box.next
ends 0 $root rotate box --reason 'over what a crash left'
holds 'the next key has its name' [ ! -e root/orchestrator/keys/box.next ]
cp current root/orchestrator/keys/box
ends 3 $root audit box
says out 'TOTE-5013'

finish
