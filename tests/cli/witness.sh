#!/bin/sh
# SPDX-License-Identifier: ISC
# Two roots witness each other by files that are carried, and a third party asks for both of them.
. "$top_srcdir/tests/cli/common.sh"
make_root
here="-C $work/root" there="-C $work/notary"
ends 0 $there init --origin notary.example/n
ends 0 $here append box --field n=1
ends 0 $here audit
ends 0 $here keys box
cp out keys.here
ends 0 $there keys
cp out keys.there
vkey=$(sed -n 's/^container //p' keys.here)
own=$(sed -n 's/^witness //p' keys.here)
notary=$(sed -n 's/^witness //p' keys.there)

# There and back.
ends 0 $here witness request box -o request
says out request
holds 'a request begins with the size that the witness knows' grep -qx 'old 0' request
ends 2 $there witness cosign request -o answer
says err 'was never cosigned here'
holds 'what was refused left no file' [ ! -e answer ]
ends 0 $there witness cosign request --vkey keys.here -o answer
ends 12 $here witness merge box answer
says err 'notary.example/n/witness'
ends 0 $here witness merge box answer --witness keys.there
says out '1 cosignature added'
ends 0 $here witness merge box answer
says out '0 cosignatures added'
ends 0 $here audit box
says out 'cosigned from outside by notary.example/n/witness'
ends 0 $here --json audit box
says out '"cosigned_by":"notary.example/n/witness"'

# Who asks for a proof that both have seen.
ends 0 $here prove box 1 -o proof
given="verify proof/1.tlog-proof --entry proof/1.entry"
cat >policy <<END
# this ledger, its own witness and the notary
log $vkey https://archive.example.com/
witness own $own
witness notary $notary
group both all own notary
quorum both
END
ends 0 $given --policy policy
says out 'cosigned by 2 witnesses of the policy'
ends 0 --json $given --policy policy
says out '"cosigners":2'
says out '"outside":true'
ends 0 $given --vkey keys.here --witness keys.there
says out 'cosigned by the witness given'
sed 's/^quorum.*/quorum own/' policy >own
ends 0 $given --policy own
sed '/^witness notary/d; /^group/d; s/^quorum.*/quorum own/' policy >own
ends 0 $given --policy own
says out 'its own orchestrator only'
sed '/^log/d' policy >nolog
ends 12 $given --policy nolog
ends 0 $given --policy nolog --vkey keys.here
sed 's/^quorum.*/quorum none/' policy >none
ends 0 $given --policy none
sed '/^quorum/d' policy >bad
ends 2 $given --policy bad
says err 'quorum'
ends 2 $given --policy policy --witness keys.there
ends 2 $given
ends 2 verify root/containers/box/ledger --policy policy
ends 0 verify root/containers/box/ledger --vkey keys.here --policy policy
says out 'cosigned by 2 witnesses of the policy'
says out 'is whole'
ends 0 verify root/containers/box/ledger/log --vkey keys.here --policy policy

# It grows; what the notary has not seen yet is not believed.
cp root/containers/box/ledger/log/checkpoint june
ends 0 $here append box --field n=2
ends 0 $here prove box 2 -o proof
ends 12 verify proof/2.tlog-proof --entry proof/2.entry --policy policy
says err 'both'
ends 12 verify root/containers/box/ledger --vkey keys.here --policy policy
ends 0 $here prove box 1 -o old --at june
ends 0 verify old/1.tlog-proof --entry old/1.entry --policy policy
ends 1 $here prove box 2 -o old --at june
ends 3 $here prove box 1 -o old --at keys.here
ends 0 $here witness request box -o request
ends 1 $there witness cosign request
says err 'entries were cosigned here last'
size=$(sed -n 2p june)
ends 0 $here witness request box --old "$size" -o request
ends 0 $there witness cosign request
cp out answer
ends 0 $here witness merge box answer
ends 0 $here audit
says out 'cosigned from outside'
ends 2 $here witness request box --old 99
ends 2 $here witness request box --old x
ends 2 $here witness request
ends 2 $here witness request box --vkey keys.here
ends 2 $here witness merge box
ends 2 $here witness carry box
ends 1 $there witness cosign request --vkey keys.here
tr '\n' '\r' <request >broken
ends 3 $there witness cosign broken
ends 3 $here witness merge box request --witness keys.there
ends 1 $there witness cosign missing --vkey keys.here
ends 12 $there witness cosign request --vkey keys.there

# The consolidated record, by which the whole of the other root is seen from outside.
ends 0 $there witness request orchestrator -o request
ends 0 $here witness cosign request --vkey keys.there -o answer
ends 0 $there witness merge orchestrator answer --witness keys.here
ends 0 $there audit

# A log of its own is not another root's.
ends 0 $here witness request box
cp out request
ends 1 $here witness cosign request --vkey keys.here
says err 'of this root'

# What the notary remembers is minded.
seen=$(find notary/orchestrator/seen -type f)
mv "$seen" kept
ends 3 $there audit
says out 'TOTE-5010'
ends 3 $there witness cosign request --vkey keys.here
mv kept "$seen"
ends 0 $there audit

# A container whose key lies elsewhere.
cp -a root/containers/box box
rm -f box/ledger/lock
ends 0 $there register box "$work/box"
ends 0 $there append box --field n=3
ends 0 $there witness request box
says out 'old 0'

# Any two sizes.
ends 0 $here prove box --consistency 1 3
says out 'from 1 '
says out 'to 3 '
ends 0 $here --json prove box --consistency 1 3
says out '"path_b64"'
ends 1 $here prove box --consistency 1 99
ends 2 $here prove box --consistency 3 1
ends 2 $here prove box --consistency 3
ends 2 $here prove box 1 3
ends 2 $here prove box --consistency 1 3 -o proof
ends 2 $here prove box 1
finish
