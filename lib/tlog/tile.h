/* SPDX-License-Identifier: ISC */
/*
 * The geometry of C2SP tlog-tiles: which tiles and bundles a tree of some size has, and how they
 * are named. Pure arithmetic.
 */
#ifndef TLOG_TILE_H
#define TLOG_TILE_H

#include "tlog/merkle.h"

#define TILE_WIDTH    256
#define TILE_BYTES    (TILE_WIDTH * HASH_LEN)
#define TILE_LEVELS   8    /* of 8 bits each: 2^63 leaves */
#define TILE_ENTRIES  (-1) /* the level of entry bundles */
#define TILE_NAME_MAX 64

/* One tile: width is 256 for a full one, 1 to 255 for a partial one. */
struct tile {
	int level;
	uint64_t index;
	uint32_t width;
};

/* "tile/0/x001/234.p/17", "tile/entries/000": the path under the log's directory. */
void tote__tile_name(const struct tile *t, char out[TILE_NAME_MAX]);
/* The reverse, strict; -1 where it is no such path. */
int tote__tile_parse(const char *name, struct tile *ret);

/* The width of that tile in a tree of size leaves: 0 where it has none. */
uint32_t tote__tile_width(uint64_t size, int level, uint64_t index);
/* 1 where a tree of that size has just this tile with just this width. */
int tote__tile_in_tree(uint64_t size, const struct tile *t);

/*
 * Walks over the tiles (level >= 0, ascending) that a tree of size `to` has and a tree of size
 * `from` has not, or has with another width. Start with *it zeroed; returns 1 per tile, 0 at the end.
 */
struct tile_walk {
	uint64_t from, to, index;
	int level, started;
};
int tote__tile_walk(struct tile_walk *walk, struct tile *ret);

/*
 * Reads one whole tile of hashes: the tile has width hashes in out. The engine behind
 * struct tile_tree; whoever gives it decides where tiles lie.
 */
typedef int tile_read_fn(void *user, const struct tile *t, uint8_t *out, struct tote_fault *fault);

/*
 * A tree of `size` leaves over tiles: gives merkle.h its nodes, keeping the last tile of each
 * level, so that a walk along the tree reads each tile once. 64 KiB: allocate it.
 */
struct tile_tree {
	uint64_t size;
	tile_read_fn *read;
	void *user;
	const struct hasher *engine;
	struct {
		struct tile tile; /* width 0: none kept */
		uint8_t hash[TILE_BYTES];
	} kept[TILE_LEVELS];
};

void tote__tile_tree_init(struct tile_tree *tree, uint64_t size, tile_read_fn *read, void *user,
	const struct hasher *engine);
int tote__tile_tree_node(void *tree, unsigned level, uint64_t index, uint8_t out[HASH_LEN],
	struct tote_fault *fault); /* a merkle_node_fn */
/* The root of a perfect or partial run of width hashes, as RFC 6962 nests them (width 1 to 256). */
void tote__tile_root(
	const struct hasher *engine, const uint8_t *hashes, uint32_t width, uint8_t root[HASH_LEN]);

#endif
