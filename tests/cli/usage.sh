#!/bin/sh
# SPDX-License-Identifier: ISC
# What is refused from the arguments alone ends with 2, changes nothing and says what was meant.
. "$top_srcdir/tests/cli/common.sh"

verbs='init provision register detach suspend resume archive dispose seal append policy log show ls cat
	manifest checkpoint prove verify witness keys audit run status ack demo'

ends 2
ends 2 frobnicate
ends 2 stauts
says err "did you mean 'status'"
ends 2 provsion
says err "did you mean 'provision'"
ends 0 --help
for verb in $verbs; do
	grep -qE "^    $verb  " out || wrong "--help lists no $verb"
done
ends 0 --version
says out "totectl 0."

ends 0 --version --json
says out '"version":"0.'
ends 0 help
says out 'Exit codes'
ends 0 help seal
says out 'totectl seal ID SOURCE'
ends 2 help frobnicate
ends 2 -V
silent err 'did you mean'
ends 2 -C root init --origin https://archive.example.com/test
says err 'without what stands before ://'

for verb in $verbs; do
	ends 0 $verb --help
	holds "help of $verb begins with an example" [ "$(head -n 1 out)" = 'For example' ]
	says out "totectl $verb"
	ends 2 $verb --frobnicate
	says err frobnicate
	case $verb in
	keys | audit | run | status | demo) ;;
	*) ends 2 $verb ;;
	esac
	case $verb in
	provision | seal | audit | status) ;;
	*) ends 2 $verb --reason r --origin o a b c d ;;
	esac
done

for verb in detach suspend resume archive dispose; do
	ends 2 $verb box
	says err '--reason'
done
ends 2 archive box --reason r
says err '--yes'
ends 2 dispose box --reason r
ends 2 init
says err '--origin'
ends 2 seal box file --dryrun
says err "did you mean '--dry-run'"
ends 2 append box --field novalue
says err 'KEY=VALUE'
ends 2 append box --expect many
ends 2 show box first
ends 2 prove box 1
says err '-o'
ends 2 verify proof --entry entry
says err '--vkey'
ends 2 ack first --reason r
ends 2 audit --level deep
ends 2 keys --wait soon
ends 2 keys --actor
ends 2 keys --actor ''
ends 2 keys --actor one --actor two
says err twice
ends 2 provision --at somewhere one two
ends 2 --json seal
holds 'an error with --json is one object' [ "$(wc -l <err)" -eq 1 ]
says err '"exit":2'
holds 'nothing was made' [ "$(ls)" = "$(printf 'err\nout')" ]
finish
