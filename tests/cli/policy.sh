#!/bin/sh
# SPDX-License-Identifier: ISC
# Policies by hand: what is in force is shown, what is set is on record in the words of a fleet file,
# and what cannot be is refused with the fields that contradict each other.
. "$top_srcdir/tests/cli/common.sh"
make_root
root="-C $work/root"
entries() { tote $root log orchestrator --kind container.policy | wc -l; }
shows() { # FIELD VALUE FROM: a line of the table
	holds "$1 is $2, from $3" grep -qE "^$1 +$2 +$3 " out
}

ends 0 $root policy box
shows structure-every 1d default
shows full-every 1w default
shows overdue-after 2w default
shows fold-after 1h default
shows fold-bytes 16MiB default
shows rate 0 default
shows window 00:00-00:00 default
shows on-flag none default
shows cosigners 0 default
says out 'totectl policy box KEY=VALUE'
ends 0 $root policy orchestrator
shows full-every 1w default

# Several at once are one entry; the others stay as they were; the same again is none.
ends 0 $root --actor alice policy box full-every=2w overdue-after=4w window=22:00-04:00
says out '~ box: full-every: default -> 2w'
says out '~ box: overdue-after: default -> 4w'
says out '~ box: window: default -> 22:00-04:00'
says out 'box: on record'
holds 'one entry' [ "$(entries)" = 1 ]
ends 0 $root log orchestrator --kind container.policy
says out 'full-every=1209600'
ends 0 $root policy box
shows full-every 2w record
shows window 22:00-04:00 record
shows rate 0 default
ends 0 $root policy box full-every=14d rate=50MiB
says out '~ box: rate: default -> 50MiB'
silent out 'full-every'
ends 0 $root policy box rate=52428800
says out 'nothing to change'
holds 'two entries' [ "$(entries)" = 2 ]
ends 0 $root --json policy box on-flag=suspend
says out '"changed":["on-flag"]'
says out '"set":["full-every","overdue-after","rate","window","on-flag"]'
says out '"full_every":1209600'
says out '"window":"22:00-04:00"'
says out '"on_flag":"suspend"'
ends 0 $root --json policy orchestrator
says out '"set":[]'
says out '"changed":[]'

# A fleet file has the same words, and sees what was set here.
ends 0 $root fleet export -
says out 'full-every: 2w'
says out 'rate: 50MiB'

# What has no sense changes nothing, and says what it should be.
before=$(entries)
ends 2 $root policy
ends 2 $root policy box full-every
says err 'KEY=VALUE'
ends 2 $root policy box =2w
ends 2 $root policy box ful-every=2w
says err "no field 'ful-every'"
says err "did you mean 'full-every'?"
ends 2 $root policy box full-every=soon
says err "full-every: 'soon' is no duration"
says err 'as 90 or 1w'
ends 2 $root policy box full-every=1
says err 'out of bounds'
ends 2 $root policy box rate=50MB
says err 'KiB MiB GiB'
ends 2 $root policy box window=25:00-26:00
says err 'HH:MM-HH:MM'
ends 2 $root policy box on-flag=maybe
says err 'neither none nor suspend'
ends 2 $root policy box rate=1MiB rate=2MiB
says err 'twice'
ends 2 $root policy box overdue-after=1d
says err 'overdue-after'
says err 'full-every'
ends 0 $root policy box overdue-after=1d full-every=12h
ends 2 $root policy box cosigners=1
says err 'totectl witness merge'
ends 2 $root policy orchestrator on-flag=suspend
says err 'no state'
ends 1 $root policy nobody
says err nobody
ends 1 $root policy nobody rate=0
ends 2 $root policy No rate=0
holds 'one entry more' [ "$(entries)" = $((before + 1)) ]
ends 0 $root detach box --reason sold
ends 1 $root policy box
says err detached
finish
