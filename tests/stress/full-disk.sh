#!/bin/sh
# SPDX-License-Identifier: ISC
# A disk that is really full: each call says so, nothing acknowledged is lost, and after space came
# back the next one works. It needs a file system of its own: mount(8), in a namespace or as root.
set -u
if [ "${1-}" != mounted ]; then
	exec unshare $([ "$(id -u)" = 0 ] || echo -r) -m sh "$0" mounted
fi
disk=$(mktemp -d) || exit 2
trap 'umount "$disk"; rmdir "$disk"' EXIT
mount -t tmpfs -o size=3m tmpfs "$disk" || exit 1
root=$disk/root
bad=0

say() {
	printf '%s\n' "$*"
	bad=1
}
tote() { "$TOTECTL" -C "$root" "$@" >"$disk/../full-disk.$$" 2>&1; }
said() { cat "$disk/../full-disk.$$"; }
trap 'umount "$disk"; rmdir "$disk"; rm -f "$disk/../full-disk.$$"' EXIT

# until_full COMMAND...: acknowledged counts those that worked; the one that does not names the cause.
until_full() {
	acknowledged=0
	while tote "$@"; do
		acknowledged=$((acknowledged + 1))
		[ $acknowledged -lt 2000 ] || { say "the disk is never full: $*"; return; }
	done
	said | grep -qi 'no space' || say "not said to be full: $* said $(said)"
}

entries() { "$TOTECTL" -C "$root" log box | grep -c "$1"; }

tote init --origin archive.example.com/full || say "init: $(said)"
tote provision box || say "provision: $(said)"
head -c 30000 /dev/zero | tr '\0' x >"$disk/thirty"
cp "$disk/thirty" "$disk/ballast"
until_full append box "$disk/thirty"
[ "$(entries record)" = $acknowledged ] || say "$acknowledged records were acknowledged, $(entries record) are there"
tote audit && say 'an audit without space for its entries ended well'
works_or_full() { tote "$@" || said | grep -qi 'no space' || say "$* on a full disk: $(said)"; }
works_or_full append box "$disk/thirty"
works_or_full seal box "$disk/thirty"
works_or_full checkpoint box
mount -o remount,size=8m "$disk" || exit 1
tote append box "$disk/thirty" || say "the next append after space came back: $(said)"
tote checkpoint box || say "the next fold: $(said)"
tote seal box "$disk/ballast" || say "the next seal: $(said)"
tote audit || say "the audit afterwards: $(said)"
if command -v python3 >/dev/null; then
	python3 "$top_srcdir/tests/checker/totecheck.py" "$root" || say 'the checker refuses what a full disk left'
fi
[ $bad = 0 ] && echo "$acknowledged records were acknowledged before the disk was full; all of them are there"
exit $bad
