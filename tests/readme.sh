#!/bin/sh
# SPDX-License-Identifier: ISC
# README is true: its commands (indented, behind `$ `) run in order in an empty directory against the
# installed tree, each must succeed, and what is shown below a command is found in what it printed,
# `...` standing for anything. Lines that call make are the reader's. The C in it is the example's.
set -u
. "$top_srcdir/tests/installed-tree.sh"
readme=$top_srcdir/README
S=$top_srcdir
PATH=$(dirname "$(find "$stage" -name totectl -type f)"):$PATH
export S PATH
commands=0 shown=0

cc() {
	$CC $SANITIZE "$@"
}

die() {
	echo "README: $*"
	[ ! -f "$stage/out" ] || sed 's/^/	/' "$stage/out"
	exit 1
}

# pattern TEXT: the shell pattern that is TEXT, but for its dots of omission.
pattern() {
	printf '%s\n' "$1" | sed 's/[][*?\\]/\\&/g; s/\.\.\./*/g'
}

# Looks for one line further down in what the last command printed.
look_for() {
	wanted=$(pattern "$1")
	while IFS= read -r line <&4; do
		case $line in
		$wanted) shown=$((shown + 1)); return ;;
		esac
	done
	die "'$command' did not print, or not in this order: $1"
}

run() {
	command=$1
	case $command in
	make | make\ *) command= ; return ;;
	esac
	eval "$command" >"$stage/out" 2>&1 || die "'$command' failed with exit code $?:"
	exec 4<"$stage/out"
	commands=$((commands + 1))
}

# The C of README stands in the example as it is, without a gap.
same_c() {
	awk '/^From examples\/c\/archive.c/ { on = 1; next } on && /^[^ ]|^    \$ / { exit } on' "$readme" |
		sed 's/^[ \t]*//' | grep . >"$stage/c.readme"
	sed 's/^[ \t]*//' "$top_srcdir/examples/c/archive.c" | grep . >"$stage/c.example"
	[ -s "$stage/c.readme" ] && awk '
		NR == FNR { want[++n] = $0; next }
		{ have[++m] = $0 }
		END {
			for (at = 0; at + n <= m; at++) {
				for (i = 1; i <= n && have[at + i] == want[i]; i++)
					;
				if (i > n)
					exit 0
			}
			exit 1
		}' "$stage/c.readme" "$stage/c.example" || die 'its C is not that of examples/c/archive.c'
}

same_c
new_job
cd "$job" || exit 1
command=
exec 3<"$readme"
while IFS= read -r text <&3; do
	case $text in
	'    $ '*) run "${text#????\$ }" ;;
	'    '*) [ -z "$command" ] || look_for "${text#????}" ;;
	*) command= ;;
	esac
done
[ $commands -gt 10 ] || die "only $commands commands were found"
echo "$commands commands ran, $shown lines were shown as written"
