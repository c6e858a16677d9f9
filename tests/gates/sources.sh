#!/bin/sh
# SPDX-License-Identifier: ISC
# Every file of the tree is named in the fragment of its folder, so that it is built, run and
# released; every suite that is built has its line in suites.def, and the other way round.
set -u
cd "$top_srcdir" || exit 1
bad=0

listed() { # FRAGMENT FILE...
	fragment=$1
	shift
	for file; do
		[ -f "$file" ] || continue
		grep -qE "(^|[ 	])$file( |	|\$)" "$fragment" && continue
		echo "$file: not listed in $fragment"
		bad=1
	done
}

for room in lib/*/; do
	name=$(basename "$room")
	listed "lib/$name/$name.am" "$room"*.[ch] "$room"*.def
done
listed include/include.am include/*.h include/toteborch/*
listed man/man.am man/*.[1-9] man/*.sh
listed examples/examples.am examples/*/*.*
listed tests/tests.am tests/vectors/* tests/interop/* tests/*.sh tests/*/*.sh tests/support/*.[ch] tests/*/*.[ch] tests/gates/*.awk

# Their logs would be one file.
for script in tests/*/*.sh; do
	[ ! -f "${script%.sh}.c" ] || { echo "$script: there is a .c of that name beside it"; bad=1; }
done

suites() { # DEF FOLDERS...
	def=$1
	shift
	for file in $(sed -n 's|^SUITE(\([a-z0-9_]*\)).*|\1|p' "$def"); do
		find "$@" -maxdepth 1 -name "$file.c" | grep -q . || { echo "$def: no source for $file"; bad=1; }
	done
	for file in $(find "$@" -maxdepth 1 -name '*.c'); do
		grep -q "_suite(void)" "$file" || continue
		grep -q "^SUITE($(basename "$file" .c))" "$def" || { echo "$file: no SUITE line in $def"; bad=1; }
	done
}
rooms=
for room in lib/*/; do
	[ ! -d "tests/$(basename "$room")" ] || rooms="$rooms tests/$(basename "$room")"
done
[ -z "$rooms" ] || suites tests/suites.def $rooms
suites tests/api/suites.def tests/api
exit $bad
