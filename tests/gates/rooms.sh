#!/bin/sh
# SPDX-License-Identifier: ISC
# The house as it is drawn: no include runs up, no circle between files, and what belongs to one
# room (system calls on paths, cryptography, YAML) is met nowhere else.
set -u
cd "$top_srcdir" || exit 1
rooms='base crypto tlog store ledger box audit orchestrator'
edges=$top_builddir/tests/rooms.$$
trap 'rm -f "$edges"' EXIT
bad=0

# One line for each include of a file of lib/: who includes, what.
for file in lib/*/*.[ch]; do
	awk -f tests/gates/uncomment.awk "$file" |
		sed -n "s|^[ \t]*#[ \t]*include[ \t]*\"\([^\"]*\)\".*|$file lib/\1|p"
done >"$edges"

awk -v rooms="$rooms" '
	BEGIN { n = split(rooms, a, " "); for (i = 1; i <= n; i++) floor[a[i]] = i }
	{ split($1, from, "/"); split($2, to, "/") }
	!(to[2] in floor) || to[3] == "" { print $1 ": \"" substr($2, 5) "\" is not room/noun.h"; bad = 1; next }
	floor[to[2]] > floor[from[2]] { print $1 ": reaches up to " $2; bad = 1 }
	END { exit bad }' "$edges" || bad=1

# A noun is its .c and its .h together.
sed 's/\.[a-z]*\( \|$\)/\1/g' "$edges" | awk '$1 != $2' | sort -u | tsort >/dev/null 2>"$edges.loop" ||
	{ echo "a circle of includes:"; cat "$edges.loop"; bad=1; }
rm -f "$edges.loop"

for file in lib/*/*.[ch]; do
	code=$(awk -f tests/gates/uncomment.awk "$file")
	case $file in
	lib/crypto/*) ;;
	*) printf '%s\n' "$code" | grep -nE '#[ \t]*include[ \t]*<(sodium|openssl/)' |
		sed "s|^|$file: cryptography outside lib/crypto: |" ;;
	esac
	case $file in
	lib/orchestrator/fleet*) ;;
	*) printf '%s\n' "$code" | grep -nE '#[ \t]*include[ \t]*<yaml' |
		sed "s|^|$file: YAML outside lib/orchestrator/fleet: |" ;;
	esac
	case $file in
	lib/store/posix*) ;;
	*) printf '%s\n' "$code" | grep -nE '(^|[^A-Za-z0-9_>.])(syscall|open|openat|openat2|creat|rename|renameat|renameat2|unlink|unlinkat|remove|link|linkat|symlink|symlinkat|mkdir|mkdirat|rmdir|mkfifo|mknod|stat|lstat|fstatat|statx|access|faccessat|chmod|fchmodat|chown|fchownat|truncate|opendir|fdopendir|fopen|freopen|readlink|readlinkat|utimensat|fsync|fdatasync|syncfs|statfs|statvfs|realpath|mkstemp|mkdtemp|name_to_handle_at)[ \t]*\(' |
		sed "s|^|$file: a system call on files outside lib/store/posix: |" ;;
	esac
done >"$edges"
[ ! -s "$edges" ] || { cat "$edges"; bad=1; }
exit $bad
