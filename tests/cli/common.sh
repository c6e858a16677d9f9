# SPDX-License-Identifier: ISC
# What the tests of totectl share: a scratch directory that is removed, and three questions to ask.
# Each test file is read after this one and ends with `finish`.
set -u
LC_ALL=C
export LC_ALL
unset TOTE_ROOT TOTE_ACTOR NO_COLOR
: "${TOTECTL:=$top_builddir/examples/totectl/totectl}"
case $TOTECTL in
/*) ;;
*) TOTECTL=$PWD/$TOTECTL ;;
esac
work=$(mktemp -d "${top_builddir:-/tmp}/cli.XXXXXX") || exit 1
trap 'chmod -R u+rwX "$work" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work" || exit 1
passed=0 failed=0

tote() { "$TOTECTL" "$@"; }

wrong() {
	failed=$((failed + 1))
	printf 'FAIL %s\n' "$*"
	for file in out err; do
		[ ! -s "$work/$file" ] || sed "s/^/    $file: /" "$work/$file" | head -n 20
	done
}

# ends CODE WORD...: totectl WORD... exits with CODE; what it said is in out and err.
ends() {
	wanted=$1
	shift
	"$TOTECTL" "$@" >"$work/out" 2>"$work/err" </dev/null
	code=$?
	if [ $code = "$wanted" ]; then
		passed=$((passed + 1))
	else
		wrong "exit $code, not $wanted: totectl $*"
	fi
}

# says FILE TEXT: out or err of the last call holds that text.
says() {
	if grep -qF -e "$2" "$work/$1"; then
		passed=$((passed + 1))
	else
		wrong "no '$2' in $1"
	fi
}

silent() {
	if grep -qF -e "$2" "$work/$1"; then
		wrong "'$2' in $1"
	else
		passed=$((passed + 1))
	fi
}

# holds TEXT COMMAND...: a promise in words, and a command that succeeds where it is kept.
holds() {
	promise=$1
	shift
	if "$@"; then
		passed=$((passed + 1))
	else
		wrong "$promise"
	fi
}

# A root `root` with a container `box`, and files to seal.
make_root() {
	ends 0 -C root init --origin archive.example.com/test
	ends 0 -C root provision box
}

flip() { # FILE: one bit in its middle
	size=$(wc -c <"$1")
	mode=$(stat -c %a "$1")
	byte=$(od -An -v -tu1 -j $((size / 2)) -N 1 "$1")
	chmod u+w "$1"
	printf "\\$(printf %03o $((byte ^ 1)))" | dd of="$1" bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null
	chmod "$mode" "$1"
}

finish() {
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ]
	exit
}
