#!/bin/sh
# SPDX-License-Identifier: ISC
# The house as it is drawn: no include runs up, no circle between files, and what belongs to one
# room (system calls on paths, cryptography, YAML) is met nowhere else.
set -u
cd "$top_srcdir" || exit 1
rooms='base crypto tlog store ledger box audit orchestrator'
code=$top_builddir/tests/rooms.code.$$
edges=$top_builddir/tests/rooms.edges.$$
trap 'rm -f "$code" "$edges" "$edges.bad"' EXIT
bad=0

awk -v where=1 -f tests/gates/uncomment.awk lib/*/*.[ch] >"$code"

# One line for each include of a file of lib/: who includes, what.
sed -n 's|^\([^:]*\):[0-9]*: [ \t]*#[ \t]*include[ \t]*"\([^"]*\)".*|\1 lib/\2|p' "$code" >"$edges"
[ -s "$edges" ] || { echo "no includes found"; bad=1; }

awk -v rooms="$rooms" '
	BEGIN { n = split(rooms, a, " "); for (i = 1; i <= n; i++) floor[a[i]] = i }
	{ split($1, from, "/"); split($2, to, "/") }
	!(to[2] in floor) || to[3] == "" { print $1 ": \"" substr($2, 5) "\" is not room/noun.h"; bad = 1; next }
	floor[to[2]] > floor[from[2]] { print $1 ": reaches up to " $2; bad = 1 }
	END { exit bad }' "$edges" || bad=1

# A noun is its .c and its .h together.
sed 's/\.[a-z]*\( \|$\)/\1/g' "$edges" | awk '$1 != $2' | sort -u | tsort >/dev/null 2>"$edges.bad" ||
	{ echo "a circle of includes:"; cat "$edges.bad"; bad=1; }

# only WHERE WHAT PATTERN: code that matches is met nowhere else than in files that begin with WHERE.
only() {
	grep -vE "^$1" "$code" | grep -E "$3" >"$edges.bad" || return 0
	sed "s|^|$2 outside $1: |" "$edges.bad"
	bad=1
}
only lib/crypto/ cryptography '#[ \t]*include[ \t]*<(sodium|openssl/)'
only lib/orchestrator/fleet YAML '#[ \t]*include[ \t]*<yaml'
calls='open|openat|openat2|creat|rename|renameat|renameat2|unlink|unlinkat|remove|link|linkat'
calls="$calls|symlink|symlinkat|readlink|readlinkat|mkdir|mkdirat|rmdir|mkfifo|mknod|mkstemp|mkdtemp"
calls="$calls|stat|lstat|fstatat|statx|statfs|statvfs|access|faccessat|chmod|fchmodat|chown|fchownat"
calls="$calls|truncate|utimensat|opendir|fdopendir|fopen|freopen|realpath|name_to_handle_at"
calls="$calls|fsync|fdatasync|syncfs|syscall"
only lib/store/posix 'a system call on files' "[^A-Za-z0-9_>.]($calls)[ \t]*\("
exit $bad
