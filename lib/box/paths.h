/* SPDX-License-Identifier: ISC */
/*
 * A path is sealed once, ever, and no sealed path is, by whole components, the beginning of
 * another: the set of all paths that were sealed, and of their parent directories, that this rule
 * is checked against. 32 bytes a path, whatever its length.
 */
#ifndef BOX_PATHS_H
#define BOX_PATHS_H

#include "base/heap.h"

struct asset_paths;

#define PATH_FREE      0 /* may be sealed */
#define PATH_SEALED    1 /* sealed: *ret_seq says where */
#define PATH_DIRECTORY 2 /* a sealed path lies below it */
#define PATH_BELOW     3 /* it lies below a sealed path: *ret_seq says where that was */

struct asset_paths *tote__paths_new(const struct heap *heap, struct tote_fault *fault);
void tote__paths_free(struct asset_paths *p);
/* Of two seals of one path the first counts. A voided seal does not count: it is never added. */
int tote__paths_add(
	struct asset_paths *p, const char *path, uint64_t seq, struct tote_fault *fault);
int tote__paths_look(const struct asset_paths *p, const char *path, uint64_t *ret_seq);

#endif
