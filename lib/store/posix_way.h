/* SPDX-License-Identifier: ISC */
/*
 * The ways from a place's top directory to what lies below it.
 */
#ifndef STORE_POSIX_WAY_H
#define STORE_POSIX_WAY_H

#include "store/posix_place.h"

/* Between enter and leave; these return 0 or an errno. path "" is the space's directory itself. */
int tote__posix_open_at(
	struct posix_place *p, int space, const char *path, int flags, mode_t mode, int *ret_fd);
/* The directory that is the first len bytes of path, O_RDONLY so that it can be synced. */
int tote__posix_open_dir(
	struct posix_place *p, int space, const char *path, size_t len, int *ret_fd);
/* The same, made where missing; with sync 1 it and all above up to the space are synced. */
int tote__posix_make_dirs(
	struct posix_place *p, int space, const char *path, size_t len, int sync, int *ret_fd);
int tote__posix_sync_dir(struct posix_place *p, int space, const char *path);

/*
 * A regular file for reading or writing: NOT_FOUND, UNTRUSTED for anything else, a file with
 * another link (not in assets/ and the input) too. Between enter and leave; sets the fault. Of one
 * that is opened for writing ret_stat has no mtime_us.
 */
int tote__posix_open_file(struct posix_place *p, int space, const char *name, int flags,
	const char *verb, int *ret_fd, struct store_stat *ret_stat, struct tote_fault *fault);
/* 1 where the name is still the open file that `known` is of, 0, or -errno. Between enter and leave. */
int tote__posix_is_still(
	struct posix_place *p, int space, const char *name, const struct store_stat *known);

#endif
