/* SPDX-License-Identifier: ISC */
/*
 * Reading back: every new bundle is hashed again and every new tile compared with what those
 * hashes give. No buffer of the writer's is used, so a bit that flipped there cannot hide here.
 */
#include "ledger/readback.h"
#include "ledger/tiler.h"
#include <inttypes.h>
#include <string.h>

struct readback {
	const struct place *place;
	const struct checkpoint *old;
	struct logdir log;
	struct tiler tiler;
	struct buf bytes;
	int cached;
};

/* The file of just this name: a wider one would not do. */
static int get(struct readback *b, const struct tile *t, char name[TILE_NAME_MAX],
	struct tote_fault *fault)
{
	int cached = 0, r;

	tote__tile_name(t, name);
	tote__buf_reset(&b->bytes);
	r = tote__store_get(b->place, SPACE_LOG, name, STORE_UNCACHED, &b->bytes, &cached, fault);
	b->cached |= cached;
	if (r == TOTE_E_NOT_FOUND || r == TOTE_E_TOO_LARGE)
		return tote__fault(fault, TOTE_E_DAMAGED,
			"%s, just written, is missing or too large when read back", name);
	return r;
}

static int compare_tile(
	void *user, const struct tile *t, const uint8_t *hashes, struct tote_fault *fault)
{
	struct readback *b = user;
	size_t len = (size_t)t->width * HASH_LEN;
	char name[TILE_NAME_MAX];
	int r = get(b, t, name, fault);

	if (r < 0)
		return r;
	if (b->bytes.len == len && memcmp(b->bytes.data, hashes, len) == 0)
		return 0;
	return tote__fault(fault, TOTE_E_DAMAGED,
		"%s, read back from the medium, is not what its entries give; nothing was signed",
		name);
}

/* Once as many leaves are read back as the old tree had, its root must be there. */
static int check_old(const struct readback *b, struct tote_fault *fault)
{
	uint8_t root[HASH_LEN];

	if (b->tiler.size != b->old->size || !b->old->size)
		return 0;
	tote__tiler_root(&b->tiler, root);
	if (tote__hash_equal(root, b->old->root))
		return 0;
	return tote__fault(fault, TOTE_E_DAMAGED,
		"the log, read back from the medium, does not give the root of its %" PRIu64
		" entries that are signed; nothing more was signed",
		b->old->size);
}

static int read_bundle(
	struct readback *b, const struct tile *t, struct buf *entries, struct tote_fault *fault)
{
	struct bundle_walk w;
	char name[TILE_NAME_MAX];
	const uint8_t *bytes;
	size_t len;
	int r = get(b, t, name, fault);
	struct buf read = b->bytes; /* its memory is walked while tiles are read into the other */

	b->bytes = *entries;
	*entries = read;
	if (r < 0)
		return r;
	tote__bundle_walk(&w, read.data, read.len, t->width);
	while ((r = tote__bundle_next(&w, &bytes, &len, fault)) > 0) {
		uint8_t leaf[HASH_LEN];

		tote__hash_leaf(b->tiler.engine, bytes, len, leaf);
		if ((r = tote__tiler_leaf(&b->tiler, leaf, fault)) < 0)
			return r;
		if ((r = check_old(b, fault)) < 0)
			return r;
	}
	return r < 0 ? tote__fault_wrap(fault, "%s, read back", name) : 0;
}

static int read_bundles(struct readback *b, uint64_t to, struct tote_fault *fault)
{
	struct buf entries;
	int r = 0;

	tote__buf_init(&entries, b->bytes.heap, BUNDLE_MAX);
	for (uint64_t i = b->old->size / TILE_WIDTH; !r; i++) {
		struct tile t = {TILE_ENTRIES, i, tote__tile_width(to, TILE_ENTRIES, i)};

		if (!t.width)
			break;
		r = read_bundle(b, &t, &entries, fault);
	}
	tote__buf_free(&entries);
	return r;
}

static int readback(struct readback *b, const struct hasher *engine, uint64_t to,
	uint8_t root[HASH_LEN], struct tote_fault *fault)
{
	/* the bundle in which the old tree ended is new as a whole */
	uint64_t begin = b->old->size / TILE_WIDTH * TILE_WIDTH;
	int r;

	b->tiler.sink = compare_tile;
	b->tiler.user = b;
	r = tote__tiler_begin(&b->tiler, begin, tote__logdir_tile, &b->log, engine, fault);
	b->tiler.old = b->old->size;
	if (!r)
		r = check_old(b, fault);
	if (!r)
		r = read_bundles(b, to, fault);
	if (!r)
		r = tote__tiler_end(&b->tiler, fault);
	if (r < 0)
		return r;
	tote__tiler_root(&b->tiler, root);
	return 0;
}

int tote__readback_root(const struct place *place, const struct hasher *engine,
	const struct checkpoint *old, uint64_t to, uint8_t root[HASH_LEN], int *ret_cached,
	struct tote_fault *fault)
{
	const struct heap *heap = &place->ctx->heap;
	struct readback *b = tote__heap_new(heap, 1, sizeof(*b), fault);
	int r;

	if (!b)
		return TOTE_E_NO_MEMORY;
	b->place = place;
	b->old = old;
	tote__logdir_init(&b->log, place, STORE_UNCACHED);
	tote__buf_init(&b->bytes, heap, BUNDLE_MAX);
	r = readback(b, engine, to, root, fault);
	*ret_cached |= b->cached | b->log.cached;
	tote__buf_free(&b->bytes);
	tote__heap_free(heap, b);
	return r == TOTE_E_NOT_FOUND
		       ? tote__fault(fault, TOTE_E_DAMAGED, "a tile of the log is missing")
		       : r;
}
