/* SPDX-License-Identifier: ISC */
/*
 * Files of the host that are to be sealed: opened once, read once, and refused when they are not
 * regular or change under the reader. And the walk over a tree of them.
 */
#ifndef STORE_SOURCE_H
#define STORE_SOURCE_H

#include "base/ctx.h"
#include "store/store.h"

struct source; /* one opened file */

/*
 * Opens path without following a link in its last component, without blocking on a pipe.
 * TOTE_E_SOURCE for anything that is no regular file, NOT_FOUND, PERMISSION. fd >= 0: that
 * descriptor is duplicated and read from its beginning by offset instead; it must be a regular file.
 */
int tote__source_open(struct tote_ctx *ctx, const char *path, int fd, struct source **ret,
	struct store_stat *ret_stat, struct tote_fault *fault);
/* The same for a path that the host named itself: it may be a link, what that points to is opened. */
int tote__source_open_link(struct tote_ctx *ctx, const char *path, struct source **ret,
	struct store_stat *ret_stat, struct tote_fault *fault);
/* The next bytes; *ret_len 0 at the end. */
int tote__source_read(
	struct source *s, void *out, size_t cap, size_t *ret_len, struct tote_fault *fault);
/* TOTE_E_SOURCE where size, mtime or inode differ from the open, or fewer or more bytes came. */
int tote__source_check(struct source *s, struct tote_fault *fault);
void tote__source_close(struct source *s);

/*
 * Walks everything at and below path (a file, or a directory), in byte order of the paths as
 * they will be below it. relative is "" for path itself. Directories are visited, and reported only
 * where they may not be listed (type STORE_DIR).
 * each returns non-zero to stop. Links below path are reported with type STORE_LINK, never
 * followed; path itself may be a link only when follow is 1.
 */
typedef int source_walk_fn(void *user, const char *host_path, const char *relative,
	const struct store_stat *st, struct tote_fault *fault);
int tote__source_walk(struct tote_ctx *ctx, const char *path, int follow, source_walk_fn *each,
	void *user, struct tote_fault *fault);

#endif
