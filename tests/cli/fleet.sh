#!/bin/sh
# SPDX-License-Identifier: ISC
# The fleet file as an operator works with it: plan, apply, plan again, export.
. "$top_srcdir/tests/cli/common.sh"

make_root
cat >root/fleet.yaml <<END
version: 1
policy: {full-every: 2w, overdue-after: 4w}
containers:
  acme:
    location: $work/apart/acme
    state: suspended
    policy:
      rate: 50MiB
  finance:
END

# Shown, not done.
ends 5 -C root fleet plan
says out "+ acme: posix at $work/apart/acme"
says out '~ acme: full-every: default -> 2w'
says out '~ acme: rate: default -> 50MiB'
says out '~ acme: state: active -> suspended'
says out '+ finance: posix at containers/finance'
says out '8 changes; next: totectl fleet apply'
says err 'not in the file, and left alone: 1'
holds 'a plan makes nothing' [ ! -e apart ]
ends 5 -C root fleet plan root/fleet.yaml
"$TOTECTL" -C root fleet plan - --json <root/fleet.yaml >out 2>err
holds 'from standard input too' [ $? = 5 ]
says out '"container":"acme","change":"policy","field":"rate","to":"52428800"'
says out '"changes":8,"final_moves":0,"named":2,"unnamed":1'
ends 2 -C root fleet plan --yes
ends 2 -C root fleet
ends 2 -C root fleet plans
says err 'plan, apply or export'
ends 1 -C root fleet plan absent.yaml
ends 10 -C nowhere fleet plan

# Done, and on record.
ends 0 -C root fleet apply
says out '+ acme: posix at'
says out '8 changes; the file is on record as entry'
holds 'it lies where the file says' [ -d apart/acme/ledger ]
ends 0 -C root fleet plan
says out 'nothing to change: 2 containers are as the file says'
ends 0 -C root fleet apply
says out 'nothing to change, and this file was the last on record'
ends 0 -C root log orchestrator --kind fleet.applied
says out changes=8
says out "digest=sha256:$(sha256sum root/fleet.yaml | cut -d' ' -f1)"
holds 'one entry' [ "$(wc -l <out)" = 1 ]
ends 0 -C root log acme --kind container.state
says out "reason=fleet file root/fleet.yaml, sha256:"
ends 0 -C root audit

# What has no way back.
cat >final.yaml <<END
version: 1
containers:
  box: {state: disposed}
END
ends 5 -C root fleet plan final.yaml
says out '~ box: state: active -> archived (no way back)'
says out '~ box: state: archived -> disposed (no way back)'
says out 'fleet apply --yes'
ends 2 -C root fleet apply final.yaml
says err '2 moves have no way back'
says err --yes
ends 0 -C root fleet apply final.yaml --yes
ends 0 -C root fleet plan final.yaml
printf 'version: 1\ncontainers:\n  box: {state: active}\n' >back.yaml
ends 2 -C root fleet plan back.yaml
says err "back.yaml:3:16: state: 'box' is disposed, and there is no way from there to active"

# All that is wrong, each with its place.
cat >bad.yaml <<END
version: 1
polcy: {}
containers:
  acme:
    location: /elsewhere
    full-every: 1d
  Finance: {state: actve}
END
for verb in plan apply; do
	ends 2 -C root fleet $verb bad.yaml
	says err "bad.yaml:2:1: there is no key 'polcy' in a fleet file; did you mean 'policy'?"
	says err "bad.yaml:6:5: there is no key 'full-every' in a container"
	says err "bad.yaml:7:3: 'Finance' is no ID"
	says err "bad.yaml:7:20: state: 'actve' is none of active"
	says err 'bad.yaml: 4 problems; nothing was changed'
done
ends 2 -C root fleet plan bad.yaml --json
says out '"type":"fleet_problem","file":"bad.yaml","line":2,"column":1'
holds 'each is an object' [ "$(wc -l <out)" = 4 ]
holds 'one error' [ "$(wc -l <err)" = 1 ]
printf 'version: 1\ncontainers:\n  acme: {location: /elsewhere}\n' >moved.yaml
ends 2 -C root fleet plan moved.yaml
says err "moved.yaml:3:20: location: 'acme' lies at '$work/apart/acme'"
printf 'version: 1\nx: "\033[31m\\e[1m"\n' >terminal.yaml
ends 2 -C root fleet plan terminal.yaml
says err 'terminal.yaml:2:5: a control character'
head -c 17000000 /dev/zero >zeros.yaml
ends 2 -C root fleet plan zeros.yaml

# What there is, as a file.
ends 0 -C root fleet export
says out '  acme:'
says out "    location: $work/apart/acme"
says out '      rate: 50MiB'
says out '    state: disposed'
cp out now.yaml
ends 0 -C root fleet export again.yaml
holds 'the same, twice' cmp -s now.yaml again.yaml
ends 0 -C root fleet plan again.yaml
says out 'nothing to change: 3 containers are as the file says'
silent err 'not in the file'
ends 2 -C root fleet export root/fleet.yaml
says err '--yes replaces it'
ends 0 -C root fleet export root/fleet.yaml --yes
ends 0 -C root fleet apply
ends 0 -C root fleet export --json
says out '"type":"fleet","yaml":"version: 1\n'

# One that cannot be made hinders no other, and comes later.
touch root/in-the-way
cat >root/fleet.yaml <<END
version: 1
containers:
  taken: {location: in-the-way}
  free: {}
END
"$TOTECTL" -C root fleet apply >out 2>err
holds 'it fails' [ $? -ne 0 ]
says out '+ free: posix at containers/free'
silent out '+ taken'
says err 'root/fleet.yaml:3:3: '
rm root/in-the-way
ends 0 -C root fleet apply
says out '+ taken: posix at in-the-way'
silent out '+ free'
finish
