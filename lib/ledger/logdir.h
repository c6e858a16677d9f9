/* SPDX-License-Identifier: ISC */
/*
 * The published log of a ledger as a reader sees it: checkpoint, tiles and entry bundles of
 * C2SP tlog-tiles in SPACE_LOG of a place. What is read is checked for its shape, not believed.
 */
#ifndef LEDGER_LOGDIR_H
#define LEDGER_LOGDIR_H

#include "store/store.h"
#include "tlog/checkpoint.h"
#include "tlog/tile.h"

#define CHECKPOINT_NAME "checkpoint"
#define BUNDLE_MAX      (TILE_WIDTH * (2u + 65535u))

struct logdir {
	const struct place *place;
	const struct hasher *engine;
	uint32_t flags; /* STORE_UNCACHED: read from the medium */
	int cached;     /* set when something may have come from memory all the same */
	/* the roots of up to 256 bundles that were last shown to lie under a root: count 0, none */
	struct {
		uint64_t size, index; /* of the tree; which 256 bundles */
		uint8_t root[HASH_LEN];
		uint32_t count;
		uint8_t hash[TILE_BYTES];
	} shown;
};

void tote__logdir_init(struct logdir *log, const struct place *place, uint32_t flags);

/*
 * The checkpoint's bytes into note_bytes (reset first), parsed. TOTE_E_NOT_FOUND where there is
 * none, TOTE_E_MALFORMED. Signatures are the caller's to verify.
 */
int tote__logdir_checkpoint(struct logdir *log, struct buf *note_bytes, struct note *ret_note,
	struct checkpoint *ret, struct tote_fault *fault);

/*
 * A tile of hashes, for struct tile_tree (user is a struct logdir): the file of just that width, or,
 * where it is gone, the first hashes of a wider one. TOTE_E_DAMAGED for a wrong length,
 * TOTE_E_NOT_FOUND where there is none.
 */
int tote__logdir_tile(void *logdir, const struct tile *t, uint8_t *out, struct tote_fault *fault);

/* A bundle's bytes for a tree of size leaves into out (reset first), by the same rule. */
int tote__logdir_bundle(struct logdir *log, uint64_t index, uint64_t size, struct buf *out,
	uint32_t *ret_width, struct tote_fault *fault);

/* Walks the entries of a bundle: 1 and the entry's bytes, 0 at the end, TOTE_E_DAMAGED. */
struct bundle_walk {
	const uint8_t *at, *end;
	uint32_t left; /* entries still expected */
};
void tote__bundle_walk(struct bundle_walk *w, const void *data, size_t len, uint32_t width);
int tote__bundle_next(struct bundle_walk *w, const uint8_t **ret_entry, size_t *ret_len,
	struct tote_fault *fault);

/*
 * Checks a bundle against a tree whose root is known: its leaf hashes give a subtree that lies
 * under root. leaves gets width hashes. TOTE_E_DAMAGED naming the bundle or the tile. Along the log
 * the way up to the root is hashed once in 256 bundles.
 */
int tote__logdir_bundle_check(struct logdir *log, struct tile_tree *tree,
	const uint8_t root[HASH_LEN], uint64_t index, const struct buf *bundle, uint32_t width,
	uint8_t *leaves, struct tote_fault *fault);

#endif
