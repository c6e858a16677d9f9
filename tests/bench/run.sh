#!/bin/sh
# SPDX-License-Identifier: ISC
# Runs the benches in the build directory: run.sh BENCH [FAMILY...]. What peers are missing and how
# to get them is said first. BENCH_SCALE, BENCH_ROUNDS and BENCH_DIR are bench.c's; GO and
# GOPATH_MOD as in tests/interop/run.sh.
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 2
bench=$1
shift
: "${GO:=go}"

missing=$("$here/../../.ci/install" -n bench 2>/dev/null) || missing=
[ -z "$missing" ] || printf 'for all peers: %s\n' "$missing"

work=$(mktemp -d) || exit 2
trap 'chmod -R u+w "$work" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
GO111MODULE=off GOPATH=${GOPATH_MOD:-/usr/share/gocode} GOCACHE=$work/cache GOFLAGS= \
	"$GO" build -o "$work/reader" "$here/../interop/go/verify.go" >"$work/log" 2>&1 &&
	BENCH_GO_READER=$work/reader && export BENCH_GO_READER
"$bench" "$@"
