#!/bin/sh
# SPDX-License-Identifier: ISC
# What an operator is told of a container in a bad state: which one, which file, why, and what to type
# next; and that the others are whole.
. "$top_srcdir/tests/cli/common.sh"
root="-C $work/root"
here=$work/root/containers
ends 0 $root init --origin archive.example.com/test
for id in early harmed late; do
	ends 0 $root provision $id
	ends 0 $root append $id --field n=1
done
ends 0 $root audit

whole() { # what can be done with the two others
	for id in early late; do
		ends 0 $root append $id --field n=2
		ends 0 $root audit $id
		ends 0 $root status $id
	done
}
mended() {
	ends 0 $root audit
	for flag in $(tote $root status --json | sed -n 's/.*"flag":\([0-9]*\).*/\1/p'); do
		tote $root ack "$flag" --reason mended >out 2>err || grep -q already err || wrong "ack $flag"
	done
	ends 0 $root status
}

# Moved: where it was expected, and how it is registered where it lies now.
mv "$here/harmed" moved
ends 6 $root append harmed
says err "container 'harmed'"
says err "$here/harmed"
says err 'mount or restore it'
says err 'totectl detach harmed --reason TEXT, then totectl register harmed PLACE'
ends 6 $root audit
says out 'TOTE-9001 unreachable  harmed'
says out 'totectl register harmed PLACE'
ends 3 $root status harmed
says out unreachable
whole
ends 0 $root detach harmed --reason 'another disk'
ends 0 $root register harmed "$work/moved"
silent err 'without its key'
ends 0 $root append harmed
ends 0 $root audit harmed

# A copy under a second ID is refused; put in the place of another it is named.
cp -a moved "$here/second"
ends 3 $root register second "$here/second"
says err "holds the container 'harmed' where 'second' should be"
says err 'a copy keeps the ID'
ends 1 $root provision second
says err "holds the ledger of 'harmed' already"
rm -rf "$here/second"
mv "$here/late" aside
cp -a moved "$here/late"
ends 3 $root append late
says err "holds the container 'harmed' where 'late' should be"
ends 3 $root audit late
says out 'TOTE-4006 identity-differs  late'
says out 'put the right directory back'
holds 'one cause is one finding' [ "$(grep -c '^TOTE-' out)" = 1 ]
ends 3 $root status late
says out 'TOTE-4006'
ends 0 $root audit harmed
rm -rf "$here/late"
mv aside "$here/late"
ends 0 $root audit late

# Restored from an old copy.
cp -a moved older
ends 0 $root append harmed --field n=3
ends 0 $root audit harmed
mv moved newest
mv older moved
ends 3 $root append harmed
says err 'an older copy lies there'
says err 'provision NEW --successor-of harmed'
ends 3 $root audit harmed
says out 'TOTE-5007 rollback  harmed'
says out 'bring the newest back'
ends 3 $root status harmed
rm -rf moved
mv newest moved
mended
whole

# Inside another, or in the place of another, nothing is made.
ends 1 $root provision inner --at "$here/early/assets/inner"
says err 'lies inside a container'
says err 'choose a place of its own'
ends 1 $root provision inner --at "$here/../containers/early"
says err "'early'"
ends 1 $root provision inner --at "$work/root/orchestrator/inner"
holds 'nothing was made' [ ! -e "$here/early/assets/inner" ]
ends 1 -C "$here/early/assets/root" init --origin archive.example.com/inner
says err 'lies inside a container'

# A link in its place, and one into a neighbour.
mv moved elsewhere
ln -s "$here/early" moved
ends 3 $root audit harmed
says out 'TOTE-4003 skeleton-type  harmed'
says out 'put the directory back'
ends 3 $root append harmed
says err moved
rm moved
mv elsewhere moved
whole

# Its key gone, and another's in its place.
keys=$work/root/orchestrator/keys
mv "$keys/harmed" key
ends 3 $root audit harmed
says out 'TOTE-5017 key-missing  harmed  orchestrator/keys/harmed'
says out 'totectl rekey harmed'
cp -p "$keys/early" "$keys/harmed"
ends 3 $root audit orchestrator harmed
says out 'TOTE-5013 key-differs'
says out 'keys/harmed'
rm -f "$keys/harmed"
mv key "$keys/harmed"
whole

# What was signed last with its key.
mended
cp -p "$keys/harmed.last" last
printf x >>"$keys/harmed.last"
ends 3 $root audit orchestrator
says out 'TOTE-5012 key-damaged  orchestrator  keys/harmed.last'
says out 'bring orchestrator/keys back from a copy'
cat last >"$keys/harmed.last"
whole
mended
ends 0 $root audit
says out 'all 3 containers are whole'
finish
