#!/bin/sh
# SPDX-License-Identifier: ISC
# Documents from outside are listed without harm, and decided about once each.
. "$top_srcdir/tests/cli/common.sh"
make_root
root="-C $work/root"
gate=$work/root/containers/box/app-console-input

ends 0 $root input list box
holds 'an empty gate lists nothing' [ ! -s out ]
printf 'lease\n' >"$gate/lease.pdf"
printf 'spam' >"$gate/$(printf 'e\314\201\033[2J.txt')"
mkfifo "$gate/pipe"
digest=$(sha256sum <"$gate/lease.pdf" | cut -d' ' -f1)
ends 0 $root input list box
says out "sha256:$digest"
says out 'e\xcc\x81\x1b[2J.txt'
says out 'odd'
holds 'no control byte reaches the terminal' sh -c '! grep -q "$(printf "\033")" out'
ends 0 $root input list box --json
says out '"state":"complete"'
says out '"name":"lease.pdf"'

ends 2 $root input accept box
ends 2 $root input reject box lease.pdf
ends 2 $root input accept box lease.pdf --reason x
ends 2 $root input eat box
ends 1 $root input accept box nothing
says err 'input list box'
ends 3 $root input accept box pipe
ends 0 $root input accept box lease.pdf --to inbox
says out 'inbox/lease.pdf'
ends 0 $root cat box inbox/lease.pdf
says out 'lease'
spam=$(printf 'spam' | sha256sum | cut -d' ' -f1)
ends 0 $root input reject box "sha256:$spam" --reason 'not ours' --json
says out '"decision":"rejected"'
says out '"seq":2'
holds 'a rejected document is kept' [ "$(cat "$gate/.tote-rejected/2")" = spam ]
ends 0 $root log box
says out 'input.rejected'
says out 'source=app-console-input/lease.pdf'
rm "$gate/pipe"
ends 0 $root audit

# What waits for long is told among all others, and of the one.
ends 0 $root provision other
ends 0 $root audit
printf 'x' >"$gate/late.pdf"
touch -d '2 days ago' "$gate/late.pdf"
for id in '' box; do
	ends 0 $root status $id
	says out 'input-late'
	says out 'now   1 waiting, the oldest of '
	says out 'totectl input list box'
	silent out 'all is well'
done
ends 0 $root input reject box late.pdf --reason 'too late'
ends 0 $root status
silent out 'input-late'
finish
