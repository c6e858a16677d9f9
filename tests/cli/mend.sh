#!/bin/sh
# SPDX-License-Identifier: ISC
# What an operator decides: erase, repair, the successor of a restored copy, corrections.
. "$top_srcdir/tests/cli/common.sh"
make_root
root="-C $work/root"
box=$work/root/containers/box

# A correction names the seal that it corrects.
mkdir tree
printf 'one\n' >tree/one
printf 'two\n' >tree/two
ends 0 $root seal box tree --media-type text/plain --source 'the scanner'
printf 'one, corrected\n' >one
ends 0 $root seal box one --to corrected --supersedes 1
ends 0 $root --json ls box
says out '"supersedes":1'
says out '"media_type":"text/plain"'
says out '"source":"the scanner"'
ends 2 $root seal box one --to again --supersedes 0
ends 2 $root seal box one --to again --supersedes x
ends 1 $root seal box one --to again --supersedes 99
says err '99'
ends 2 $root seal box tree --to twice --supersedes 1
ends 0 $root ls box
silent out 'twice'

# What was sealed is "already" only while it is what was sealed.
ends 0 $root seal box tree
says out 'already sealed'
flip "$box/assets/tree/two"
ends 3 $root seal box tree
says err 'tree/two'
flip "$box/assets/tree/two"
ends 0 $root audit

# Erasing: who ordered it and why, only with --yes, and once.
ends 2 $root erase box tree/one --authority 'order 14' --yes
ends 2 $root erase box tree/one --reason r --yes
ends 2 $root erase box tree/one --authority 'order 14' --reason 'art. 17'
says err '--yes'
holds 'nothing is erased unasked' [ -e "$box/assets/tree/one" ]
ends 1 $root erase box never/sealed --authority a --reason r --yes
ends 0 $root erase box tree/one --authority 'order 14' --reason 'art. 17' --yes
says out 'is erased, says entry'
holds 'the file is gone' [ ! -e "$box/assets/tree/one" ]
ends 0 $root --json erase box ./tree/one --authority 'order 14' --reason 'art. 17' --yes
says out '"already":true'
ends 0 $root ls box
says out '(erased)'
ends 0 $root manifest box
silent out 'tree/one'
ends 1 $root cat box tree/one
says err 'erased'
says err 'order 14'
ends 1 $root seal box tree/one --to tree
ends 0 $root audit
says out 'whole'

# Repair: a whole container is left alone; a damaged one is told first what would be lost.
ends 0 $root repair box --reason why
says out 'nothing to repair'
ends 2 $root repair box
for i in 1 2 3 4 5 6; do
	printf '%s\n' "$i" >record
	ends 0 $root append box record
done
flip_group() { # SEGMENT: a byte of the body of the last group but two
	at=$(grep -obaF totegrp "$1" | tail -n 3 | head -n 1 | cut -d: -f1)
	printf '\377' | dd of="$1" bs=1 seek=$((at + 90)) conv=notrunc status=none
}
flip_group "$(ls -d "$box"/ledger/journal/* | tail -n 1)"
ends 3 $root append box record
says err 'repair'
ends 3 $root status box
says out 'unreadable'
says out 'now   entry 8 is missing'
says out 'next  an audit puts that on record and says what to mend: totectl audit box'
silent out 'nothing is known to be wrong'
ends 2 $root repair box --reason 'disk 3'
says out 'a repair would do this'
says out 'are lost'
holds 'a plan changes nothing' [ ! -e "$box/ledger/damaged" ]
ends 2 $root --json repair box --reason 'disk 3'
says out '"planned":true'
ends 0 $root repair box --reason 'disk 3' --yes
says out 'repaired: entry'
holds 'the old journal is kept' [ -d "$box/ledger/damaged" ]
ends 0 $root append box record
ends 0 $root audit
says out 'ledger-repaired'
says out 'repair-aside'
ends 0 $root --json repair box --reason again
says out '"needed":false'
printf x >"$box/ledger/damaged/planted"
ends 3 $root audit box
says out 'skeleton-foreign'
rm "$box/ledger/damaged/planted"
ends 1 $root repair none --reason r

# A restored older copy: named, refused, archived by the record alone, succeeded.
ends 0 $root provision old
ends 0 $root append old record
ends 0 $root audit old
cp -a "$work/root/containers/old" copy
ends 0 $root append old record
ends 0 $root audit old
rm -rf "$work/root/containers/old"
cp -a copy "$work/root/containers/old"
ends 3 $root audit old
says out 'rollback'
ends 3 $root append old record
says err '--successor-of old'
ends 1 $root provision new --successor-of old
says err 'archive'
ends 2 $root provision new newer --successor-of old
ends 0 $root archive old --reason 'restored from an old copy' --yes
says err 'consolidated record alone'
ends 0 $root provision new --successor-of old
ends 0 $root show new 0
says out 'predecessor-origin archive.example.com/test/old'
says out 'predecessor-size 3'
ends 0 $root audit new
says out 'successor'
ends 3 $root audit old
ends 0 $root provision new --successor-of old
says out 'already'
finish
