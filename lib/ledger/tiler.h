/* SPDX-License-Identifier: ISC */
/*
 * A tree that grows leaf by leaf into tiles: what a fold writes, and, a second time from what was
 * read back, what it should have written.
 */
#ifndef LEDGER_TILER_H
#define LEDGER_TILER_H

#include "base/heap.h"
#include "tlog/tile.h"

/* One finished tile of hashes. A non-zero result stops and is returned. */
typedef int tiler_sink_fn(
	void *user, const struct tile *t, const uint8_t *hashes, struct tote_fault *fault);

struct tiler {
	const struct hasher *engine;
	uint64_t old; /* tiles that a tree of that size has too are not given to the sink */
	uint64_t size;
	tiler_sink_fn *sink;
	void *user;
	uint8_t level[TILE_LEVELS][TILE_BYTES]; /* the partial tile of each level: the right edge */
};

/* Takes up a tree of size leaves at its right edge, read through `read`. 64 KiB: allocate it. */
int tote__tiler_begin(struct tiler *t, uint64_t size, tile_read_fn *read, void *read_user,
	const struct hasher *engine, struct tote_fault *fault);
int tote__tiler_leaf(struct tiler *t, const uint8_t leaf[HASH_LEN], struct tote_fault *fault);
/* The partial tiles of the size that was reached. */
int tote__tiler_end(struct tiler *t, struct tote_fault *fault);
/* The root of all leaves so far. */
void tote__tiler_root(const struct tiler *t, uint8_t root[HASH_LEN]);

#endif
