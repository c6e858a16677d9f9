# SPDX-License-Identifier: ISC
# Sourced by tests that look at the library from outside: installs it below $stage, a directory that
# is removed at the end, and makes pkg-config and the loader look there and nowhere else.
stage=$top_builddir/tests/installed.$$
trap 'rm -rf "$stage"' EXIT
mkdir -p "$stage/job" || exit 1
(cd "$top_builddir" && MAKEFLAGS= "$MAKE" install DESTDIR="$stage" >"$stage/log" 2>&1) ||
	{ tail -n 20 "$stage/log"; exit 1; }

libdir=$(dirname "$(find "$stage" -name libtoteborch.so.0)")
PKG_CONFIG_PATH=$(dirname "$(find "$stage" -name toteborch.pc)")
PKG_CONFIG_SYSROOT_DIR=$stage
LD_LIBRARY_PATH=$libdir
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR LD_LIBRARY_PATH
bad=0

# A new directory for one program, where it may write: in $job.
new_job() {
	job=$(mktemp -d "$stage/job/XXXXXX") || exit 1
}

# runs NAME COMMAND...: the small job of the examples, on a root and a file of its own.
runs() {
	name=$1
	shift
	(cd "$job" && "$@" "$job/root" "$top_srcdir/COPYING") || { echo "$name: failed against the installed tree"; bad=1; }
}
