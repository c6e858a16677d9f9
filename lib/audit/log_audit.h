/* SPDX-License-Identifier: ISC */
/*
 * The log of one ledger, bundle by bundle: its entries are read in order, each tile is compared with
 * what they give, and what is wrong is laid to the file that is at fault.
 */
#ifndef AUDIT_LOG_AUDIT_H
#define AUDIT_LOG_AUDIT_H

#include "audit/ahead.h"
#include "audit/entries.h"
#include "audit/evidence.h"
#include "audit/plain.h"

struct tile_copy {
	uint64_t index;
	uint32_t width; /* 0: none; with known 0 it was looked for in vain */
	int known;
	uint8_t hash[TILE_BYTES];
};

/* One bundle and the tile of its leaf hashes, as they were read; their roots, where they are GOOD. */
struct log_piece {
	const struct log_audit *of;
	uint64_t index;
	uint32_t width;
	struct logread bundle, tile;
	struct buf bytes; /* of the bundle */
	uint8_t leaves[TILE_BYTES], hashes[TILE_BYTES];
	uint8_t bundle_root[HASH_LEN], tile_root[HASH_LEN];
	struct plain plain; /* of the bundle */
};

struct log_audit {
	struct inquiry *q;
	struct entries *entries;
	struct evidence evidence;
	int loose; /* no checkpoint is to be believed: what is there is judged by itself */
	int resolved;
	uint64_t size; /* entries that must be there; with loose: that were */
	uint8_t root[HASH_LEN];
	uint64_t at;      /* the next bundle */
	unsigned missing; /* how many in a row had neither bundle nor tile */
	int given_up;     /* after too many of them */
	size_t blamed;    /* suspects that were dealt with */
	struct tile_walk upper;
	struct ahead ahead;            /* of struct log_piece */
	uint64_t given;                /* the next bundle to be read ahead */
	struct log_piece *own;         /* what is not read ahead */
	const struct log_piece *piece; /* the one at hand */
	uint8_t *tile;                 /* TILE_BYTES: one of the tiles above */
	struct tile_copy *parent, *truth;
};

int tote__log_audit_init(
	struct log_audit *l, struct inquiry *q, struct entries *entries, struct tote_fault *fault);
void tote__log_audit_free(struct log_audit *l);
/* From the beginning: a tree of that size and root, or (root NULL) whatever is there. */
int tote__log_audit_begin(
	struct log_audit *l, uint64_t size, const uint8_t *root, struct tote_fault *fault);

/* Each does one piece: 1 more to do, 0 done. First read, then blame, then upper. */
int tote__log_audit_read(struct log_audit *l, struct tote_fault *fault);
int tote__log_audit_blame(struct log_audit *l, struct tote_fault *fault);
int tote__log_audit_upper(struct log_audit *l, struct tote_fault *fault);

/* After read. 1 where the entries and tiles give the root. */
int tote__log_audit_is_solved(const struct log_audit *l);
/* The leaf hashes of 256 entries, or of the edge, as they are believed: 1, 0 not known. */
int tote__log_audit_leaves(struct log_audit *l, uint64_t index, const uint8_t **ret_hashes,
	uint32_t *ret_width, struct tote_fault *fault);
/* The root of the first size entries, size at most l->size: 1, 0 not known. */
int tote__log_audit_root(
	struct log_audit *l, uint64_t size, struct frontier *ret, struct tote_fault *fault);

#endif
