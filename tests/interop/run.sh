#!/bin/sh
# SPDX-License-Identifier: ISC
# Readers that share nothing with the library read a root that totectl made, and each refuses damaged copies of it.
#
#	TOTECTL=path/to/totectl run.sh [DIRECTORY]
#
# Readers: auditor.sh (sh, coreutils, openssl), go/verify.go (golang.org/x/mod), checker/totecheck.py (python3). PYTHON and GO
# name other programs than python3 and go. DIRECTORY is where all of it is kept; without one a scratch directory is
# removed at the end. Exit 0 when every reader accepted the whole and refused every damage that it can see.
set -u
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")" && pwd) || exit 2
: "${TOTECTL:?names the totectl to be tested}" "${PYTHON:=python3}" "${GO:=go}"
passed=0 failed=0

if [ $# -gt 0 ]; then
	work=$1
	mkdir -p "$work" || exit 2
else
	work=$(mktemp -d) || exit 2
	trap 'chmod -R u+w "$work" 2>/dev/null; rm -rf "$work"' EXIT
	trap 'exit 1' HUP INT TERM
fi
root=$work/root copy=$work/copy
box=$copy/containers/contracts
log=$box/ledger/log assets=$box/assets

die() {
	printf 'interop: %s\n' "$*" >&2
	exit 1
}

# verdict WANTED NAME COMMAND...: WANTED is 0, or 1 for any refusal by exit code 1; to fall over is none.
verdict() {
	wanted=$1 name=$2 began=$(date +%s)
	shift 2
	"$@" >"$work/out" 2>&1
	got=$? took=$(($(date +%s) - began))
	if [ $got = "$wanted" ] && ! grep -q '^Traceback' "$work/out"; then
		passed=$((passed + 1))
		printf 'ok   %s%s\n' "$name" "$([ $took -lt 2 ] || echo " ($took s)")"
	else
		failed=$((failed + 1))
		printf 'FAIL %s: exit %s, not %s: %s\n' "$name" $got "$wanted" "$*"
		tail -n 5 "$work/out"
	fi
}

tote() { "$TOTECTL" -C "$root" "$@" >"$work/out" 2>&1 || die "totectl $*: $(cat "$work/out")"; }

# flip FILE OFFSET: one bit of one byte; a negative offset counts from the end.
flip() {
	size=$(wc -c <"$1") at=$2
	[ "$at" -ge 0 ] || at=$((size + at))
	byte=$(od -An -v -tu1 -j "$at" -N 1 "$1")
	mode=$(stat -c %a "$1")
	chmod u+w "$1"
	printf "\\$(printf %03o $((byte ^ 1)))" | dd of="$1" bs=1 seek="$at" conv=notrunc 2>/dev/null
	chmod "$mode" "$1"
}

# hurt COMMAND...: a fresh copy of the root, and one damage to it.
hurt() {
	[ ! -d "$copy" ] || { chmod -R u+w "$copy"; rm -rf "$copy"; }
	cp -a "$root" "$copy" && "$@" || die "cannot do this damage: $*"
}

# ---- a root -----------------------------------------------------------------------------------------------------

make_sources() {
	mkdir -p "$work/files/a tree/below" || die 'no room for files'
	n=0
	while [ $n -lt 600 ]; do
		printf 'file %s\n' $n >"$work/files/a tree/below/$n.txt"
		n=$((n + 1))
	done
	: >"$work/files/empty"
	dd if=/dev/urandom of="$work/files/random 100%" bs=1000 count=300 2>/dev/null
	head -c 60000 "$work/files/random 100%" >"$work/payload"
	printf 'a name that is not UTF-8\n' >"$work/files/$(printf 'caf\351')"
}

make_root() {
	tote init --origin archive.example.com/acme
	tote provision contracts
	tote seal contracts "$work/files/a tree" "$work/files/empty" "$work/files/random 100%" \
		"$work/files/$(printf 'caf\351')"
	tote append contracts --field matter=acme/2026-014 "$work/payload"
	n=0
	while [ $n -lt 20 ]; do
		printf 'toteborch.entry/1 record\nseq %s\n\n' $n | "$TOTECTL" -C "$root" append contracts \
			--field "matter= $n %" - >"$work/out" 2>&1 || die "totectl append: $(cat "$work/out")"
		n=$((n + 1))
	done
	tote checkpoint contracts
	tote append contracts --field matter=after-the-checkpoint
	tote audit
	mkdir -p "$work/proof"
	tote prove contracts 300 -o "$work/proof"
	tote append contracts --field matter=left-in-the-journal
}

# read_keys ID: keys prints vkeys among other words, the one in force before former ones: of type 1, base64 begins with
# A; of type 4, with B.
read_keys() {
	vkey= witness=
	"$TOTECTL" -C "$root" keys "$1" >"$work/keys" 2>&1 || die "totectl keys: $(cat "$work/keys")"
	for word in $(cat "$work/keys"); do
		case $word in
		*/"$1"+*+A*) vkey=${vkey:-$word} ;;
		*/witness+*+B*) witness=$word ;;
		esac
	done
	[ -n "$vkey" ] || die "no vkey in what totectl keys prints: $(cat "$work/keys")"
	[ -n "$witness" ] || "$TOTECTL" -C "$root" keys >"$work/keys" 2>&1
	for word in $(cat "$work/keys"); do
		case $word in */witness+*+B*) witness=$word ;; esac
	done
	[ -n "$witness" ] || die 'no vkey of the witness in what totectl keys prints'
}

# ---- the readers ------------------------------------------------------------------------------------------------

build_go() {
	GO111MODULE=off GOPATH=${GOPATH_MOD:-/usr/share/gocode} GOCACHE=$work/gocache GOFLAGS= \
		"$GO" build -o "$work/verify" "$here/go/verify.go" || die 'the Go reader does not build'
}

auditor() { sh "$here/auditor.sh" "$1" "$vkey" "$witness" "$work/proof/300.tlog-proof" "$work/proof/300.entry"; }
go_reader() { "$work/verify" "$1" "$vkey"; }
reader() { "$PYTHON" "$here/../checker/totecheck.py" "$1"; }

# in_log NAME: a damage under log/ is refused by all three.
in_log() {
	verdict 1 "auditor.sh refuses: $1" auditor "$log"
	verdict 1 "verify.go refuses: $1" go_reader "$log"
	verdict 3 "totecheck.py refuses: $1" reader "$work/copy"
}

in_root() { verdict 3 "totecheck.py refuses: $1" reader "$work/copy"; }

# ---- damage -----------------------------------------------------------------------------------------------------

signature_at() { head -n 4 "$1" | wc -c; }

longer() { chmod u+w "$1" && printf '\000\001x' >>"$1"; }
shorter() { chmod u+w "$1" && truncate -s -1 "$1"; }
gone() { [ -f "$1" ] && rm -f "$1"; }
foreign() { printf x >"$1"; }
linked() { mv "$1" "$copy/moved" && ln -s "$copy/moved" "$1"; }

damage_log() {
	bundle=$log/tile/entries/001 tile=$log/tile/0/000
	end_of_text=$(signature_at "$root/containers/contracts/ledger/log/checkpoint")
	hurt flip "$bundle" 3000
	in_log 'a byte of a bundle'
	hurt flip "$tile" 1000
	in_log 'a byte of a tile'
	hurt flip "$log/checkpoint" $((end_of_text + 80))
	in_log 'a byte of the signature'
	hurt flip "$log/checkpoint" $((end_of_text - 10))
	in_log 'a byte of the root'
	hurt shorter "$bundle"
	in_log 'a bundle that is cut'
	hurt longer "$bundle"
	in_log 'a bundle with one more entry'
	hurt gone "$bundle"
	in_log 'a bundle that is gone'
	hurt gone "$tile"
	in_log 'a tile that is gone'
	hurt foreign "$log/tile/0/x"
	in_log 'a foreign file among the tiles'
	hurt flip "$log/checkpoint" -5
	verdict 1 'auditor.sh refuses: a byte of the cosignature' auditor "$log"
	in_root 'a byte of the cosignature'
	hurt chmod u+w "$tile"
	in_root 'a tile that is writable'
}

damage_proof() {
	cp "$work/proof/300.entry" "$work/entry"
	cp "$work/proof/300.tlog-proof" "$work/tlog-proof"
	flip "$work/entry" -1
	flip "$work/tlog-proof" 60
	whole=$root/containers/contracts/ledger/log
	verdict 1 'auditor.sh refuses: another entry than the proven one' sh "$here/auditor.sh" "$whole" "$vkey" \
		"$work/proof/300.tlog-proof" "$work/entry"
	verdict 1 'auditor.sh refuses: a byte of the proof' sh "$here/auditor.sh" "$whole" "$vkey" \
		"$work/tlog-proof" "$work/proof/300.entry"
}

damage_root() {
	hurt flip "$assets/random 100%" 12345
	in_root 'a byte of an asset'
	hurt gone "$assets/empty"
	in_root 'an asset that is gone'
	hurt chmod u+w "$assets/empty"
	in_root 'an asset that is writable'
	hurt ln "$assets/empty" "$copy/link"
	in_root 'an asset with another link'
	hurt linked "$assets/empty"
	in_root 'a symbolic link in place of an asset'
	hurt foreign "$assets/new"
	in_root 'a file that no entry names'
	hurt mkdir "$box/more"
	in_root 'a foreign directory in a container'
	hurt gone "$copy/orchestrator/seen/contracts"
	in_root 'seen/ID that is gone'
	hurt flip "$(newest "$copy/orchestrator/ledger/log/tile/entries")" 700
	in_root 'a byte of the consolidated record'
	hurt flip "$(newest "$box/ledger/journal")" 60
	in_root "a byte of the newest segment's header"
}

# newest DIR: the last file below it, by name; the copy will have the same.
newest() {
	find "$root${1#"$copy"}" -type f | sort | tail -n 1 | { IFS= read -r f && printf '%s\n' "$copy${f#"$root"}"; }
}

# ---- keys that were rotated -------------------------------------------------------------------------------------

# place_of FILE TEXT: where a line of that beginning is in a bundle.
place_of() { LC_ALL=C grep -abo -e "$2" "$1" | head -n 1 | cut -d: -f1; }

# Two rotations, one of them of a key that never signed; then one more that is not under a checkpoint yet.
rotated_root() {
	root=$work/rotated
	tote init --origin archive.example.com/rotated
	tote provision contracts
	read_keys contracts
	first=$vkey
	tote append contracts --field matter=by-the-first-key
	tote checkpoint contracts
	tote rotate contracts --reason yearly
	tote append contracts --field matter=by-the-second-key
	tote rotate contracts --reason 'the keeper left'
	tote append contracts --field matter=by-the-third-key
	tote audit
	tote prove contracts 1 -o "$work/proof.rotated"
	read_keys contracts
	[ "$vkey" != "$first" ] || die 'the key was not rotated'
}

by_keys() {
	for key in "$first" "$vkey"; do
		verdict "$1" "auditor.sh $2, from $([ "$key" = "$first" ] && echo the first || echo the newest) key" \
			sh "$here/auditor.sh" "$3" "$key" "$witness" "$work/proof.rotated/1.tlog-proof" \
			"$work/proof.rotated/1.entry"
	done
}

# A proof, a key and a reason of a rotation, each with one letter changed.
damage_rotations() {
	for text in '^proof ' '^to ' '^from '; do
		hurt flip "$(newest "$log/tile/entries")" $(($(place_of "$(newest_of_root)" "$text") + 12))
		by_keys 1 "refuses: a letter of a rotation's ${text#^}" "$log"
		verdict 3 "totecheck.py refuses: a letter of a rotation's ${text#^}" reader "$work/copy"
	done
}

# forged HOW: a third rotation to a key of a stranger's, under a checkpoint that he has signed: whole as a tree.
forged() {
	"$PYTHON" -B - "$here/../checker" "$copy" "$1" <<-'EOF'
		import sys
		sys.path.insert(0, sys.argv[1])
		from forge import Forge, Key
		f = Forge(sys.argv[2], "contracts")
		stranger = Key(f.origin, bytes(32))
		if sys.argv[3] == "proven":
		    f.rotation(stranger)
		elif sys.argv[3] == "by a stranger":
		    f.rotation(stranger, stranger, **{"from": f.key.vkey})
		else:
		    f.rotation(stranger, reason="yearly", proof="A" * 86 + "==")
		f.write(stranger)
	EOF
}

forge_rotations() {
	hurt forged proven
	by_keys 0 'follows a third rotation, which the old key proves' "$log"
	for how in 'by a stranger' 'by nobody'; do
		hurt forged "$how"
		by_keys 1 "refuses: a rotation that is proven $how, well signed" "$log"
		verdict 3 "totecheck.py refuses: a rotation that is proven $how, well signed" reader "$work/copy"
	done
}

newest_of_root() { find "$root/containers/contracts/ledger/log/tile/entries" -type f | sort | tail -n 1; }

follow_rotations() {
	rotated_root
	whole=$root/containers/contracts/ledger/log
	by_keys 0 'follows two rotations' "$whole"
	verdict 0 'verify.go accepts the rotated log' "$work/verify" "$whole" "$vkey"
	verdict 0 'totecheck.py accepts the rotated root' reader "$root"
	other=$vkey
	case $other in *A) other=${other%A}B ;; *) other=${other%?}A ;; esac
	verdict 1 'auditor.sh refuses: a key that nobody rotated to' sh "$here/auditor.sh" "$whole" "$other"
	damage_rotations
	forge_rotations
}

# ---- a root of real files ---------------------------------------------------------------------------------------

# What `make demo` makes of this machine's files, and its copy with damage in it.
demo_root() {
	(cd "$work" && TMPDIR=$work "$TOTECTL" demo) >"$work/demo" 2>&1 || die "totectl demo: $(tail -n 20 "$work/demo")"
	set -- "$work"/totectl-demo-*/root
	root=$1
	for id in contracts finance correspondence; do
		read_keys $id
		log=$root/containers/$id/ledger/log
		verdict 0 "auditor.sh accepts the demo's $id" sh "$here/auditor.sh" "$log" "$vkey" "$witness"
		verdict 0 "verify.go accepts the demo's $id" go_reader "$log"
	done
	verdict 0 "totecheck.py accepts the demo's root" reader "$root"
	verdict 3 "totecheck.py refuses the demo's damaged copy" reader "${root%/root}/damaged"
}

make_sources
make_root
read_keys contracts
build_go
verdict 0 'auditor.sh accepts the log and the proof' auditor "$root/containers/contracts/ledger/log"
verdict 0 'verify.go accepts the log' go_reader "$root/containers/contracts/ledger/log"
verdict 0 'totecheck.py accepts the root' reader "$root"
damage_log
damage_proof
damage_root
follow_rotations
demo_root
printf '%s passed, %s failed\n' $passed $failed
[ $failed = 0 ]
