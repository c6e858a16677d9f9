#!/bin/sh
# SPDX-License-Identifier: ISC
# Directories that are really mounted twice: refused where a container is made, found by an audit, and
# a neighbour's files stay as they are. It needs mount(8), in a namespace or as root.
set -u
if [ "${1-}" != mounted ]; then
	exec unshare $([ "$(id -u)" = 0 ] || echo -r) -m sh "$0" mounted
fi
work=$(mktemp -d) || exit 2
trap 'umount -l "$work" 2>/dev/null; rmdir "$work"' EXIT
mount -t tmpfs -o size=32m tmpfs "$work" || exit 1
root=$work/root
bad=0

say() {
	printf '%s\n' "$*"
	sed 's/^/    /' "$work/out"
	bad=1
}
# ends CODE WORD...: totectl ends so.
ends() {
	wanted=$1
	shift
	"$TOTECTL" -C "$root" "$@" >"$work/out" 2>&1
	code=$?
	[ $code = "$wanted" ] || say "exit $code, not $wanted: $*"
}
says() { grep -qF -e "$1" "$work/out" || say "no '$1'"; }
# Every name below it, with inode, mode, links, size and time of change.
state() { find "$root/containers/early" -printf '%P %i %m %n %s %T@\n' | sort; }

ends 0 init --origin archive.example.com/mounts
for id in early harmed; do
	ends 0 provision $id
	ends 0 append $id
done
ends 0 audit
early=$root/containers/early
harmed=$root/containers/harmed
mkdir "$work/other" "$work/inside"

# Nothing is made at a second name of a container's directory, of one of its directories, or inside.
for part in "" /assets /app-console-input /ledger /ledger/log; do
	before=$(state)
	mount --bind "$early$part" "$work/other" || say "cannot mount $part"
	ends 1 provision new --at "$work/other"
	[ -z "$part" ] && says "'early'"
	umount "$work/other"
	[ "$(state)" = "$before" ] || say "files of early were touched: $part"
done
mkdir -p "$work/other/deep"

# A directory of one container mounted over another's: damage of that one, and only of that one.
for part in "" /assets /app-console-input /ledger /ledger/log /ledger/journal; do
	before=$(state)
	mount --bind "$early$part" "$harmed$part" || say "cannot mount $part"
	ends 3 audit harmed
	says harmed
	ends 3 append harmed
	[ "$(state)" = "$before" ] || say "files of early were touched: $part"
	ends 0 audit early
	ends 3 audit
	[ -n "$part" ] || says TOTE-4004
	umount "$harmed$part"
	ends 0 audit
	"$TOTECTL" -C "$root" status --json >"$work/out"
	for flag in $(sed -n 's/.*"flag":\([0-9]*\).*/\1/p' "$work/out"); do
		"$TOTECTL" -C "$root" ack "$flag" --reason unmounted >"$work/out" 2>&1 ||
			grep -q already "$work/out" || say "ack $flag"
	done
done

# Mounted elsewhere too, and registered where it always was: it is one container, and whole.
mount --bind "$early" "$work/inside"
ends 0 append early
ends 0 audit
umount "$work/inside"
[ $bad = 0 ] && echo 'directories mounted twice are refused and found, and nobody else has anything of it'
exit $bad
