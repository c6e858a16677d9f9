#!/bin/sh
# SPDX-License-Identifier: ISC
# Files are sealed once, listed harmlessly, printed only whole, and checked by coreutils.
. "$top_srcdir/tests/cli/common.sh"
make_root
root="-C $work/root"

mkdir -p 'tree/a b' names
printf 'one\n' >'tree/a b/one'
printf 'two\n' >tree/two
: >tree/empty
ends 0 $root seal box tree --dry-run
says out '3 files'
ends 0 $root ls box
holds '--dry-run seals nothing' [ ! -s out ]

ends 0 $root seal box tree
says out 'sealed 3 files'
ends 0 $root seal box tree
says out 'already sealed'
says out 'nothing new'
ends 0 $root seal box tree/two --to 'other/place'
ends 0 $root ls box
says out 'tree/a b/one'
says out 'other/place/two'
ends 0 $root cat box 'tree/a b/one'
holds 'cat prints the bytes' cmp -s out 'tree/a b/one'
ends 0 $root cat box ./tree/two
ends 1 $root cat box never/sealed
printf 'other bytes\n' >tree/two
ends 1 $root seal box tree
says err 'tree/two'

# Offenders: all of them, before the first byte.
mkdir -p bad/below
printf 'good\n' >bad/good
ln -s good bad/link
mkfifo bad/below/pipe
printf x >bad/.tote-reserved
ends 1 $root seal box bad
says err 'bad/link'
says err 'bad/below/pipe'
says err '.tote-reserved'
says err '3 sources cannot be sealed; nothing was sealed'
ends 0 $root ls box
silent out 'bad/good'
ends 1 $root --json seal box bad
holds 'an error with --json is one object' [ "$(wc -l <err)" -eq 1 ]
says err '"offenders":[{'
ends 1 $root seal box absent
ends 2 $root seal box /
ends 2 $root seal box .
mkdir -p hollow/below
ends 0 $root seal box hollow
says out 'directories alone are not kept'

# Names that would do something to a terminal, and names that sha256sum escapes.
printf 1 >"names/$(printf 'red\033[31m')"
printf 2 >"names/$(printf 'new\nline')"
printf 3 >"names/$(printf 'turned\342\200\256txt')"
printf 4 >"names/$(printf 'latin\351')"
printf 5 >'names/back\slash'
printf 6 >"names/$(printf 'return\r')"
printf 7 >'names/-'
printf 8 >"names/$(printf 'gr\303\274n')"
ends 0 $root seal box names
ends 0 $root seal box names/-
ends 0 $root ls box
says out 'names/red\x1b[31m'
says out 'names/new\x0aline'
says out 'names/turned\xe2\x80\xaetxt'
says out 'names/latin\xe9'
says out 'names/back\\slash'
says out "names/$(printf 'gr\303\274n')"
holds 'no control byte reaches the terminal' [ -z "$(tr -d '\n' <out | tr -cd '\000-\037\177')" ]
ends 1 $root cat box "$(printf 'evil\033[31m')"
says err 'evil\x1b[31m'
ends 0 $root --json ls box
says out '"path_b64":"'
says out '"path":"names/red\u001b[31m"'

ends 0 $root manifest box
(cd root/containers/box/assets && "$TOTECTL" manifest box | sha256sum -c --strict) >checked 2>err
holds 'sha256sum -c takes the manifest' [ $? = 0 ]
holds 'every asset is in the manifest' [ "$(grep -c ': OK$' checked)" -eq 13 ]
printf x | cat - >spare
chmod u+w root/containers/box/assets/tree/two
printf x >>root/containers/box/assets/tree/two
(cd root/containers/box/assets && "$TOTECTL" manifest box | sha256sum -c --strict) >out 2>err
holds 'sha256sum -c sees damage' [ $? = 1 ]
ends 3 $root cat box tree/two
holds 'not a byte of a damaged asset is printed' [ ! -s out ]
finish
