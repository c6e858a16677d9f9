/* SPDX-License-Identifier: ISC */
/*
 * A tree that grows leaf by leaf into tiles (C2SP tlog-tiles): a full tile's root is the next hash
 * one level up, and what is not full at the end is a partial tile.
 */
#include "ledger/tiler.h"
#include <string.h>

static uint32_t width_at(uint64_t size, int level)
{
	return (uint32_t)(size >> (8 * level)) % TILE_WIDTH;
}

static uint64_t index_at(uint64_t size, int level)
{
	return level < TILE_LEVELS - 1 ? size >> (8 * (level + 1)) : 0;
}

/* A node of the right edge, of the hashes that were taken up: so it is of the bytes that are kept. */
static int edge_node(
	void *user, unsigned level, uint64_t index, uint8_t out[HASH_LEN], struct tote_fault *fault)
{
	const struct tiler *t = user;
	unsigned floor = level % 8;
	uint64_t first = index << floor;

	(void)fault;
	tote__tile_root(t->engine, t->level[level / 8] + first % TILE_WIDTH * HASH_LEN,
		(uint32_t)1 << floor, out);
	return 0;
}

int tote__tiler_begin(struct tiler *t, uint64_t size, tile_read_fn *read, void *read_user,
	const struct hasher *engine, struct tote_fault *fault)
{
	int r;

	t->engine = engine;
	t->old = size;
	t->size = size;
	for (int i = 0; i < TILE_LEVELS; i++) {
		struct tile tile = {i, index_at(size, i), width_at(size, i)};

		if (tile.width && (r = read(read_user, &tile, t->level[i], fault)) < 0)
			return r;
	}
	return 0;
}

/* The right edge of a tree lies in partial tiles alone: a full one is a hash higher up. */
void tote__tiler_root(const struct tiler *t, uint8_t root[HASH_LEN])
{
	union {
		const struct tiler *tiler;
		void *user;
	} edge = {.tiler = t};
	struct tote_fault unused;

	/* fails only for sizes from 2^63 on, which no ledger has */
	if (tote__merkle_root(t->size, edge_node, edge.user, t->engine, root, &unused) < 0)
		memset(root, 0, HASH_LEN);
}

static int give(struct tiler *t, const struct tile *tile, struct tote_fault *fault)
{
	if (!tile->width || tote__tile_in_tree(t->old, tile))
		return 0;
	return t->sink(t->user, tile, t->level[tile->level], fault);
}

int tote__tiler_leaf(struct tiler *t, const uint8_t leaf[HASH_LEN], struct tote_fault *fault)
{
	uint64_t before = t->size++;
	uint8_t hash[HASH_LEN];
	int r;

	memcpy(hash, leaf, HASH_LEN);
	for (int i = 0; i < TILE_LEVELS; i++) {
		uint32_t width = width_at(before, i);
		struct tile full = {i, index_at(before, i), TILE_WIDTH};

		memcpy(t->level[i] + (size_t)width * HASH_LEN, hash, HASH_LEN);
		if (width + 1 < TILE_WIDTH)
			break;
		if ((r = give(t, &full, fault)) != 0)
			return r;
		tote__tile_root(t->engine, t->level[i], TILE_WIDTH, hash);
	}
	return 0;
}

int tote__tiler_end(struct tiler *t, struct tote_fault *fault)
{
	int r = 0;

	for (int i = 0; !r && i < TILE_LEVELS; i++) {
		struct tile tile = {i, index_at(t->size, i), width_at(t->size, i)};

		r = give(t, &tile, fault);
	}
	return r;
}
