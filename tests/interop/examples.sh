#!/bin/sh
# SPDX-License-Identifier: ISC
# The examples in other languages do their job against the installed tree: Python through ctypes, Go
# through cgo and pkg-config, Rust through extern "C". PYTHON, GO and RUSTC name other programs.
set -u
. "$top_srcdir/tests/installed-tree.sh"
: "${PYTHON:=python3}" "${GO:=go}" "${RUSTC:=rustc}"

new_job
runs examples/python "$PYTHON" -B "$top_srcdir/examples/python/archive.py"

new_job
cp "$top_srcdir/examples/go/archive.go" "$job"
(cd "$job" && GO111MODULE=off GOFLAGS= GOCACHE=$stage/cache "$GO" build -o archive archive.go) || bad=1
runs examples/go ./archive

new_job
"$RUSTC" -L "native=$libdir" "$top_srcdir/examples/rust/archive.rs" -o "$job/archive" || bad=1
runs examples/rust ./archive
exit $bad
