#!/bin/sh
# SPDX-License-Identifier: ISC
# An auditor who has never heard of the library: verifies a published log with this shell, coreutils and openssl.
#
#	auditor.sh LOGDIR VKEY [WITNESS_VKEY] [PROOF ENTRY]
#
# LOGDIR is a container's ledger/log. What is verified is printed with counts; exit 0 only when all of it held, 1 with
# the name of what failed, 2 for wrong usage. Programs used: base64 basenc cat cp cut head mkdir mktemp od rm sha256sum
# split tail tr (coreutils 8.31 or later) and openssl (1.1.1 or later, for Ed25519). No sed, no awk, no find.
#
# No process per entry: entries are cut out of a bundle by the shell itself and hashed 256 files a call, the nodes of
# the tree some thousand files a call. Formats: C2SP signed-note, tlog-checkpoint, tlog-tiles, tlog-cosignature,
# tlog-proof; the entries' header is that of toteborch-ledger(5).
set -fu
LC_ALL=C
export LC_ALL
nl='
'

fail() {
	printf 'FAILED %s: %s\n' "$1" "$2" >&2
	exit 1
}

usage() {
	printf 'usage: auditor.sh LOGDIR VKEY [WITNESS_VKEY] [PROOF ENTRY]\n' >&2
	exit 2
}

# ---- bytes, hex, base64 -----------------------------------------------------------------------------------------

unhex() { tr -d '\n' | tr a-f A-F | basenc -d --base16; }
hex() { od -An -v -tx1 | tr -d ' \n'; }
sum() { sha256sum | cut -c1-64; }

# Strict base64: what decodes to bytes that are written differently is refused.
unbase64() {
	ret=$(printf %s "$1" | base64 -d 2>/dev/null | hex)
	[ "$(printf %s "$ret" | unhex | base64 -w 0)" = "$1" ]
}

is_count() {
	case $1 in
	'' | *[!0-9]* | 0?* | ???????????????????*) return 1 ;;
	esac
}

# ---- keys and notes ---------------------------------------------------------------------------------------------

# vkey VKEY TYPE: name+id+base64(type || key), the id being the hash of the rest.
vkey() {
	key_name=${1%%+*}
	key_id=${1#*+}
	unbase64 "${key_id#*+}" || fail vkey "not strict base64: $1"
	key_id=${key_id%%+*}
	key_hex=${ret#"$2"}
	[ ${#ret} = 66 ] && [ ${#key_hex} = 64 ] && [ -n "$key_name" ] || fail vkey "not an Ed25519 key of type $2: $1"
	ret=$({ printf '%s\n' "$key_name"; printf %s "$2$key_hex" | unhex; } | sum)
	[ "${ret%"${ret#????????}"}" = "$key_id" ] || fail 'key id' "$1 has not the id of its name and key"
}

# ed25519 KEY_HEX SIGNATURE_HEX MESSAGE_FILE, the key in the DER form of RFC 8410.
ed25519() {
	printf '302a300506032b6570032100%s' "$1" | unhex >"$t/key.der"
	printf %s "$2" | unhex >"$t/sig"
	openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey "$t/key.der" -sigfile "$t/sig" -in "$3" >/dev/null 2>&1
}

# note FILE WHAT: text into $t/text, signature lines into $note_lines; nothing may be lost between file and lines.
note() {
	note_text= note_lines= note_rest= blank=
	[ -f "$1" ] || fail "$2" "no file $1"
	while IFS= read -r line; do
		if [ -z "$line" ]; then
			note_text=$note_text$blank$note_rest note_rest= blank=$nl
		else
			note_rest=$note_rest$line$nl
		fi
	done <"$1"
	note_lines=$note_rest
	printf %s "$note_text" >"$t/text"
	[ "$(printf '%s\n%s' "$note_text" "$note_lines" | sum)" = "$(sum <"$1")" ] || fail "$2" 'is not a signed note'
}

# checkpoint FILE WHAT: the note's text is origin, size, root and maybe extension lines.
checkpoint() {
	note "$1" "$2"
	{ IFS= read -r cp_origin && IFS= read -r cp_size && IFS= read -r cp_root; } <"$t/text" ||
		fail "$2" 'has no three lines'
	is_count "$cp_size" || fail "$2" "the size is not a plain decimal: $cp_size"
	unbase64 "$cp_root" && [ ${#ret} = 64 ] || fail "$2" "the root is not a base64 hash: $cp_root"
	cp_root=$ret
}

# signed VKEY TYPE WHAT: the note at hand bears a good signature (01) or cosignature (04) by that key.
signed() {
	vkey "$1" "$2"
	found=0
	IFS=$nl
	for line in $note_lines; do
		case $line in
		'— '*' '*) ;;
		*) fail "$3" "a malformed signature line: $line" ;;
		esac
		line=${line#'— '}
		[ "${line%% *}" = "$key_name" ] || continue
		unbase64 "${line#* }" || fail "$3" 'a signature is not strict base64'
		case $ret in "$key_id"*) ;; *) continue ;; esac
		ret=${ret#????????}
		if [ "$2" = 04 ]; then
			[ ${#ret} = 144 ] || fail "$3" 'the cosignature is not 72 bytes long'
			case $ret in [89a-f]*) fail "$3" 'the time of the cosignature is too large' ;; esac
			cosigned=${ret%"${ret#????????????????}"}
			ret=${ret#"$cosigned"} cosigned=$((0x$cosigned))
			printf 'cosignature/v1\ntime %s\n%s' $cosigned "$note_text" >"$t/message"
		else
			printf %s "$note_text" >"$t/message"
		fi
		[ ${#ret} = 128 ] && ed25519 "$key_hex" "$ret" "$t/message" || fail "$3" "by $key_name does not verify"
		found=1
	done
	unset IFS
	[ $found = 1 ] || fail "$3" "none by $key_name+$key_id"
}

# has_line VKEY: the note at hand bears a line by that key, whether it holds or not.
has_line() {
	vkey "$1" 01
	IFS=$nl
	for line in $note_lines; do
		line=${line#'— '}
		[ "${line%% *}" = "$key_name" ] || continue
		unbase64 "${line#* }" || continue
		case $ret in "$key_id"*) unset IFS; return 0 ;; esac
	done
	unset IFS
	return 1
}

# ---- the tree ---------------------------------------------------------------------------------------------------
# $t/h.K has a line of hex for each complete, aligned subtree of 2^K leaves; h.0 are the leaf hashes themselves.

node() { printf '01%s%s' "$1" "$2" | unhex | sum; }

# empty DIR FILES ROOM: before files go there; a directory that is filled again to the last name needs no emptying.
empty() {
	[ "$2" -lt "$3" ] || [ ! -d "$t/$1" ] || return 0
	rm -rf "${t:?}/$1"
	mkdir "$t/$1"
}

# parents IN OUT: hash neighbours; an odd last one stays behind as a peak.
parents() {
	rm -rf "$t/piece"
	mkdir "$t/piece"
	: >"$2"
	split -a 6 -d -l 8192 "$1" "$t/piece/p"
	set +f
	for piece in "$t"/piece/p*; do
		set -- "$1" "$2" $(cat "$piece")
		pairs=$((($# - 2) / 2))
		[ $pairs -gt 0 ] || continue
		empty node $pairs 4096
		printf '01%s%s' $(head -n $((pairs * 2)) "$piece") | unhex | split -a 4 -d -b 65 - "$t/node/"
		(cd "$t/node" && sha256sum -- * | cut -c1-64) >>"$2"
	done
	set -f
}

grow_tree() {
	k=0
	while [ $((size >> (k + 1))) -gt 0 ]; do
		parents "$t/h.$k" "$t/h.$((k + 1))"
		k=$((k + 1))
	done
}

# root_of SIZE: the peaks of the first SIZE leaves, put together from the right (RFC 6962 2.1).
root_of() {
	root= k=0
	while [ $(($1 >> k)) -gt 0 ]; do
		if [ $(($1 >> k & 1)) = 1 ]; then
			ret=$(head -n $(($1 >> k)) "$t/h.$k" | tail -n 1)
			if [ -z "$root" ]; then root=$ret; else root=$(node "$ret" "$root"); fi
		fi
		k=$((k + 1))
	done
	[ -n "$root" ] || root=$(printf '' | sum)
}

# tile_path N: the C2SP spelling, x001/x234/067.
tile_path() {
	ret=$((1000 + $1 % 1000)) n=$(($1 / 1000))
	ret=${ret#1}
	while [ $n -gt 0 ]; do
		ret=x$((1000 + n % 1000))/$ret n=$((n / 1000))
		ret=x${ret#x1}
	done
}

# ---- entries ----------------------------------------------------------------------------------------------------

mask=
for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33; do
	eval "mask_$i=\$mask"
	mask="$mask????"
done

# cut_bundle FILE COUNT EXACT: the entries as files 1000, 1001, ... in $t/entry, each behind the zero byte of a leaf.
# od writes a byte as three octal digits, tr turns the blanks into backslashes, and printf writes those bytes.
cut_bundle() {
	got=0 left=0 buffer=
	for line in $(od -An -v -to1 -w32 "$1" | tr ' ' '\\'); do
		buffer=$buffer$line
		while :; do
			have=$((${#buffer} / 4))
			if [ $left = 0 ]; then
				[ $have -ge 2 ] && [ $got -lt "$2" ] || break
				ret=${buffer%"${buffer#????????}"}
				high=${ret%????} buffer=${buffer#????????}
				left=$((0${high#?} * 256 + 0${ret#?????}))
				exec 3>"$t/entry/$((1000 + got))"
				bytes='\000'
				got=$((got + 1))
			elif [ $have -lt $left ]; then
				bytes=$bytes$buffer
				left=$((left - have)) buffer=
				[ ${#bytes} -lt 8192 ] || { printf "$bytes" >&3; bytes=; }
				break
			else
				eval "ret=\${buffer#\$mask_$left}"
				printf "$bytes${buffer%"$ret"}" >&3
				left=0 buffer=$ret
			fi
		done
	done
	exec 3>&-
	[ $got = "$2" ] && [ $left = 0 ] || return 1
	[ "$3" = 0 ] || [ -z "$buffer" ]
}

hash_entries() { (set +f; cd "$t/entry" && sha256sum 1??? | cut -c1-64); }

# field NAME FILE: a value of an entry's header; vkeys and origins know one escaped byte, the percent sign.
field() {
	ret=
	while IFS= read -r line && [ -n "$line" ]; do
		case $line in "$1 "*) ret=${line#"$1 "} ;; esac
	done <"$2"
	while :; do
		case $ret in *%25*) ret=${ret%%%25*}%${ret#*%25} ;; *) break ;; esac
	done
}

# headers FIRST: lines 1 to 4 of each entry, and the chain: prev is the leaf hash of the entry before.
headers() {
	seq=$1
	IFS=$nl
	set -- $(set +f; cd "$t/entry" && head -qn 4 1??? | tr '\000' @)
	for want in $expected; do
		case ${1-} in
		'@toteborch.entry/1 key.rotated') cp "$t/entry/$((1000 + seq % 256))" "$t/rotated/$seq"; rotated="$rotated $seq" ;;
		'@toteborch.entry/1 '[a-z]*) ;;
		'@toteborch.entry/'[2-9]*' '[a-z]*) unknown=$((unknown + 1)) ;;
		*) fail "entry $seq" 'does not begin as an entry' ;;
		esac
		[ "${2-}" = "seq $seq" ] || fail "entry $seq" "says ${2-nothing}"
		case ${3-} in
		'time '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]Z) ;;
		*) fail "entry $seq" "the second field is not a time: ${3-}" ;;
		esac
		[ "${4-}" = "prev ${want%A}=" ] ||
			fail 'hash chain' "entry $seq: ${4-no prev}, but the entry before gives ${want%A}="
		shift 4
		seq=$((seq + 1))
	done
	unset IFS
}

# genesis: what entry 0 follows, made from its own origin and vkey, so that it can be no other container's.
genesis() {
	cp "$t/entry/1000" "$t/first"
	field origin "$t/first"
	origin=$ret
	field vkey "$t/first"
	first_vkey=$ret
	[ "$origin" = "$log_name" ] || fail 'entry 0' "is of the origin $origin, not $log_name"
	last=$(printf 'toteborch.genesis/1\n%s\n%s\n' "$origin" "$first_vkey" | sum)
}

read_bundles() {
	n=0 first=0 unknown=0 rotated=
	while [ $first -lt "$size" ]; do
		width=$((size - first)) exact=1
		[ $width -lt 256 ] || width=256
		index=$((first / 256))
		tile_path $index
		file=$log/tile/entries/$ret
		if [ $width -lt 256 ]; then
			if [ -f "$file.p/$width" ]; then file=$file.p/$width; else exact=0; fi
		fi
		[ -f "$file" ] || fail "bundle $file" 'is missing'
		empty entry $width 256
		cut_bundle "$file" $width $exact || fail "bundle $file" "is not $width whole entries"
		[ $first -gt 0 ] || genesis
		hashes=$(hash_entries)
		printf '%s\n' "$hashes" >>"$t/h.0"
		# 33 bytes are 44 letters: with a zero byte behind each hash, the last letter is A where the padding belongs.
		expected=$(printf '%s00' $last $hashes | tr a-f A-F | basenc -d --base16 | base64 -w 44 | head -n $width)
		headers $first
		last=${hashes##*"$nl"}
		first=$((first + width))
	done
}

# is_former VKEY: entry 0 or a rotation so far has named it.
is_former() {
	i=$key_count
	while [ $i -gt 0 ]; do
		eval "[ \"\$key_$i\" != \"\$1\" ]" || return 0
		i=$((i - 1))
	done
	return 1
}

# rotations: the keys in force, the first from entry 0, each next one proven by a signature of the one before.
rotations() {
	key_count=1 key_1=$first_vkey from_1=0
	for seq in $rotated; do
		field from "$t/rotated/$seq"
		eval "[ \"\$ret\" = \"\$key_$key_count\" ]" || {
			! is_former "$log_vkey" && ! is_former "$ret" ||
				fail rotation "entry $seq: from is not the key in force"
			printf 'note: at entry %s a key is in force that no rotation names\n' "$seq"
		}
		vkey "$ret" 01
		field to "$t/rotated/$seq"
		to=$ret
		field prev "$t/rotated/$seq"
		printf 'toteborch.rotate/1\n%s\n%s\n%s\n%s\n' "$origin" "$seq" "$ret" "$to" >"$t/message"
		field proof "$t/rotated/$seq"
		unbase64 "$ret" && [ ${#ret} = 128 ] && ed25519 "$key_hex" "$ret" "$t/message" ||
			fail rotation "entry $seq: the proof does not verify"
		key_count=$((key_count + 1))
		eval "key_$key_count=\$to from_$key_count=\$seq"
	done
	eval "last_key=\$key_$key_count"
	# a former key leads to the one that must have signed; a key that signed counts where no entry knows it
	if [ $given_signed = 0 ] || is_former "$log_vkey"; then
		is_former "$log_vkey" ||
			fail signature 'none by the key given, and the entries do not lead from it to another'
		[ "$last_key" = "$log_vkey" ] ||
			printf 'note: the key given was rotated away, the one in force is %s\n' "$last_key"
		[ $given_signed = 1 ] && [ "$last_key" = "$log_vkey" ] || {
			log_vkey=$last_key
			signed "$log_vkey" 01 signature
			printf 'ok signature: by %s+%s, which the key given leads to\n' "$key_name" "$key_id"
		}
	fi
	[ "$last_key" = "$log_vkey" ] ||
		printf 'note: entry 0 and its %s rotations lead to %s, not to the key given: it was replaced without a rotation\n' \
			$((key_count - 1)) "$last_key"
}

# key_for SIZE: the key that a checkpoint of that size is signed with.
key_for() {
	i=$key_count ret=$log_vkey
	[ "$last_key" = "$log_vkey" ] || return 0
	while [ $i -gt 0 ]; do
		eval "ret=\$key_$i from=\$from_$i"
		[ "$from" -ge "$1" ] && [ $i -gt 1 ] || return 0
		i=$((i - 1))
	done
}

# ---- files under tile/ ------------------------------------------------------------------------------------------

# one_tile FILE: by its path, a tile or a bundle; its bytes are what the entries give.
one_tile() {
	path=${1#"$log/tile/"} width=256
	level=${path%%/*} index=${path#*/}
	case $index in *.p/*) width=${index##*.p/} index=${index%.p/*} ;; esac
	path=$index index=$(printf %s "$index" | tr -d x/)
	while :; do case $index in 0?*) index=${index#0} ;; *) break ;; esac done
	is_count "$index" && is_count "$width" && [ "$width" -ge 1 ] && [ "$width" -le 256 ] || fail "file $1" 'is no tile'
	tile_path "$index"
	[ "$ret" = "$path" ] || fail "file $1" 'is no tile'
	case $level in
	entries) depth=0 ;;
	[0-7]) depth=$((level * 8)) ;;
	*) fail "file $1" 'is no tile' ;;
	esac
	if [ $((index * 256 + width)) -gt $((size >> depth)) ]; then
		beyond=$((beyond + 1))
		return 0
	fi
	want=$(tail -n "+$((index * 256 + 1))" "$t/h.$depth" | head -n "$width")
	if [ $level = entries ]; then
		bundles=$((bundles + 1))
		# the full ones, and the last one where it is partial, have been read already
		[ $width -lt 256 ] && [ $((index * 256 + width)) -lt "$size" ] || return 0
		empty entry "$width" 256
		cut_bundle "$1" "$width" 1 && [ "$(hash_entries)" = "$want" ] || fail "bundle $1" 'differs from the entries'
	else
		tiles=$((tiles + 1))
		[ "$(od -An -v -tx1 -w32 "$1" | tr -d ' ')" = "$want" ] || fail "tile $1" 'differs from what the entries give'
	fi
}

all_files() {
	tiles=0 bundles=0 beyond=0
	set -- "$log"
	while [ $# -gt 0 ]; do
		dir=$1
		shift
		set +f
		for file in "$dir"/* "$dir"/.[!.]*; do
			set -f
			[ ! -h "$file" ] || fail "file $file" 'is a link'
			case $file in
			*/.tote-w-* | "$log/.tote-new-checkpoint" | "$log/checkpoint") continue ;;
			esac
			if [ -d "$file" ]; then
				set -- "$@" "$file"
			elif [ -e "$file" ]; then
				case $file in "$log/tile/"*/*) ;; *) fail "file $file" 'does not belong here' ;; esac
				one_tile "$file"
			fi
		done
		set -f
	done
}

tiles_there() {
	level=0
	while [ $((size >> (8 * level))) -gt 0 ]; do
		count=$((size >> (8 * level))) index=0
		while [ $((index * 256)) -lt $count ]; do
			tile_path $index
			[ -f "$log/tile/$level/$ret" ] || { [ $((count - index * 256)) -lt 256 ] &&
				[ -f "$log/tile/$level/$ret.p/$((count - index * 256))" ]; } || fail "tile $level/$ret" 'is missing'
			index=$((index + 1))
		done
		level=$((level + 1))
	done
}

# ---- one proof file ---------------------------------------------------------------------------------------------

# proof FILE ENTRY: C2SP tlog-proof; the path is walked as in RFC 9162 2.1.3.2.
proof() {
	state=start path= proof_index=
	: >"$t/proof.checkpoint"
	while IFS= read -r line; do
		case $state in
		start) [ "$line" = c2sp.org/tlog-proof@v1 ] || fail proof 'has not the first line of a proof'; state=extra ;;
		extra | index)
			case $state$line in 'extraextra '*) state=index; continue ;; esac
			proof_index=${line#index }
			[ "$line" = "index $proof_index" ] && is_count "$proof_index" || fail proof "has no index: $line"
			state=path ;;
		path)
			if [ -z "$line" ]; then state=note; else
				unbase64 "$line" && [ ${#ret} = 64 ] || fail proof "a hash is not one: $line"
				path="$path $ret"
			fi ;;
		note) printf '%s\n' "$line" >>"$t/proof.checkpoint" ;;
		esac
	done <"$1"
	[ $state = note ] || fail proof 'ends too early'
	checkpoint "$t/proof.checkpoint" 'checkpoint of the proof'
	[ "$cp_origin" = "$log_name" ] || fail 'checkpoint of the proof' "is of $cp_origin"
	key_for "$cp_size"
	signed "$ret" 01 'signature of the proof'
	[ -z "$witness_vkey" ] || signed "$witness_vkey" 04 'cosignature of the proof'
	[ "$proof_index" -lt "$cp_size" ] || fail proof 'the index is not below the size'
	hash=$({ printf '\000'; cat "$2"; } | sum)
	at=$proof_index end=$((cp_size - 1))
	for sibling in $path; do
		[ $end -gt 0 ] || fail proof 'the path is too long'
		if [ $((at & 1)) = 1 ] || [ $at = $end ]; then
			hash=$(node "$sibling" "$hash")
			while [ $((at & 1)) = 0 ] && [ $at -gt 0 ]; do at=$((at >> 1)) end=$((end >> 1)); done
		else
			hash=$(node "$hash" "$sibling")
		fi
		at=$((at >> 1)) end=$((end >> 1))
	done
	[ $end = 0 ] && [ "$hash" = "$cp_root" ] || fail proof "$2 is not entry $proof_index of that tree"
	[ "$cp_size" -le "$size" ] || fail proof "its tree has $cp_size entries, this log only $size: a rollback"
	root_of "$cp_size"
	[ "$root" = "$cp_root" ] || fail proof "its tree of $cp_size is not the one of this log: a fork"
	printf 'ok proof: %s is entry %s, under the root of %s entries, which this log has too\n' \
		"$2" "$proof_index" "$cp_size"
}

# ---- the audit --------------------------------------------------------------------------------------------------

witness_vkey= proof_file= entry_file=
case $# in
2) ;;
3) witness_vkey=$3 ;;
4) proof_file=$3 entry_file=$4 ;;
5) witness_vkey=$3 proof_file=$4 entry_file=$5 ;;
*) usage ;;
esac
log=${1%/} log_vkey=$2
[ -d "$log" ] || { printf 'auditor.sh: no directory %s\n' "$log" >&2; exit 2; }
[ -z "$proof_file" ] || { [ -f "$proof_file" ] && [ -f "$entry_file" ]; } || {
	printf 'auditor.sh: no file %s or %s\n' "$proof_file" "$entry_file" >&2
	exit 2
}
# many small files pass through here, so it had better be memory
[ -n "${TMPDIR-}" ] || { [ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR; }
t=$(mktemp -d) || exit 2
trap 'rm -rf "$t"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$t/rotated"
: >"$t/h.0"

vkey "$log_vkey" 01
log_name=$key_name
checkpoint "$log/checkpoint" checkpoint
[ "$cp_origin" = "$log_name" ] || fail checkpoint "is of $cp_origin, not of $log_name"
given_signed=0
if has_line "$log_vkey"; then
	signed "$log_vkey" 01 signature
	given_signed=1
	printf 'ok signature: %s entries, root %s, by %s+%s\n' "$cp_size" "$cp_root" "$key_name" "$key_id"
fi
if [ -n "$witness_vkey" ]; then
	signed "$witness_vkey" 04 cosignature
	printf 'ok cosignature: by %s+%s at %s seconds of the epoch\n' "$key_name" "$key_id" "$cosigned"
else
	printf 'note: no witness key given, no cosignature was verified\n'
fi
size=$cp_size signed_root=$cp_root first_vkey=$log_vkey origin=$log_name last= rotated= unknown=0
read_bundles
rotations
printf 'ok hash chain: %s entries, each names the one before; %s rotations of the key\n' "$size" $((key_count - 1))
[ $unknown = 0 ] || printf 'note: %s entries are of a later version\n' $unknown
grow_tree
root_of "$size"
[ "$root" = "$signed_root" ] || fail root "the entries give $root, the checkpoint says $signed_root"
printf 'ok root: %s leaves give the root that is signed\n' "$size"
tiles_there
all_files
printf 'ok files: %s tiles and %s bundles are what the entries give\n' $tiles $bundles
[ $beyond = 0 ] || printf 'note: %s files reach beyond the checkpoint and were not judged\n' $beyond
[ -z "$proof_file" ] || proof "$proof_file" "$entry_file"
printf 'ok all\n'
