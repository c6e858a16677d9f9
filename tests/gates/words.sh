#!/bin/sh
# SPDX-License-Identifier: ISC
# What belongs to somebody's machine, or is left open, is in no file of the project. Each word has a
# bracket in it so that this file does not find itself.
cd "$top_srcdir" || exit 1
bad=0
tree=
for name in Makefile configure.ac Makefile.am README lib include examples tests man pkgconfig .ci; do
	[ ! -e "$name" ] || tree="$tree $name"
done

grep -rnIE '/wor[k]/|/home/[a-z]+/|(^|[^A-Za-z0-9_/.])/roo[t]/|/tmp/brie[f]' $tree && bad=1
grep -rnIE 'pypi\.or[g]|pythonhoste[d]|crates\.i[o]|npmjs\.|proxy\.golang\.or[g]|rubygems\.or[g]|deb\.debian\.or[g]' $tree && bad=1
grep -rnIE '\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b|not implemente[d]|unimplemente[d]|\bstu[b]' $tree && bad=1
grep -rLI 'SPDX-License-Identifier: ISC' lib include man pkgconfig tests examples --include='*.[ch]' --include='*.am' \
	--include='*.sh' --include='*.[1-9]' --include='*.py' --include='*.go' --include='*.rs' --include='*.cc' |
	grep . && { echo "^ without the licence line"; bad=1; }
exit $bad
