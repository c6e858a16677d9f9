/* SPDX-License-Identifier: ISC */
/*
 * The published log of a ledger as a reader sees it (C2SP tlog-tiles): files are read by the shape
 * that the tree's size demands, and bundles are hashed up to a root that the caller knows.
 */
#include "ledger/logdir.h"
#include <inttypes.h>
#include <string.h>

#define BUNDLE_BITS 8  /* a bundle is a subtree of 2^8 leaves */
#define SHOWN_BITS  16 /* and 256 of them one of 2^16 */

void tote__logdir_init(struct logdir *log, const struct place *place, uint32_t flags)
{
	log->place = place;
	log->engine = tote__hasher(place->ctx);
	log->flags = flags & STORE_UNCACHED;
	log->cached = 0;
	log->shown.count = 0;
}

int tote__logdir_checkpoint(struct logdir *log, struct buf *note_bytes, struct note *ret_note,
	struct checkpoint *ret, struct tote_fault *fault)
{
	const struct place *place = log->place;
	int r;

	tote__buf_reset(note_bytes);
	r = place->ops->cell_read(place->handle, SPACE_LOG, CHECKPOINT_NAME, note_bytes, fault);
	if (r == TOTE_E_TOO_LARGE)
		return tote__fault(fault, TOTE_E_MALFORMED,
			"checkpoint: larger than the %zu bytes that a note may have",
			note_bytes->max);
	if (r < 0)
		return r;
	return tote__checkpoint_read(note_bytes->data, note_bytes->len, ret_note, ret, fault);
}

/* --- tiles ---------------------------------------------------------------------------------- */

static int read_all(struct logdir *log, void *object, const char *name, uint8_t *out, size_t len,
	struct tote_fault *fault)
{
	const struct store_ops *ops = log->place->ops;
	size_t have = 0;

	while (have < len) {
		size_t got = 0;
		int cached = 0;
		int r = ops->object_read(
			object, have, out + have, len - have, &got, &cached, fault);

		if (r < 0)
			return r;
		if (!got)
			return tote__fault(
				fault, TOTE_E_DAMAGED, "%s: it ends after %zu bytes", name, have);
		log->cached |= cached;
		have += got;
	}
	return 0;
}

/* The first len bytes of a file that must have just file_len of them. */
static int read_file(struct logdir *log, const struct tile *t, size_t len, uint8_t *out,
	struct tote_fault *fault)
{
	const struct place *place = log->place;
	size_t file_len = (size_t)t->width * HASH_LEN;
	char name[TILE_NAME_MAX];
	struct store_stat st;
	void *object;
	int r;

	tote__tile_name(t, name);
	r = place->ops->object_open(
		place->handle, SPACE_LOG, name, log->flags, &object, &st, fault);
	if (r < 0)
		return r;
	if (st.size == file_len)
		r = read_all(log, object, name, out, len, fault);
	else
		r = tote__fault(fault, TOTE_E_DAMAGED, "%s: it has %" PRIu64 " bytes, must be %zu",
			name, st.size, file_len);
	place->ops->object_close(object);
	return r;
}

static int tile_is_shaped(const struct tile *t)
{
	return t->width && t->width <= TILE_WIDTH;
}

/*
 * C2SP tlog-tiles: a partial tile may be gone once the full one is there, and then is its
 * beginning.
 */
int tote__logdir_tile(void *logdir, const struct tile *t, uint8_t *out, struct tote_fault *fault)
{
	struct tile full = {t->level, t->index, TILE_WIDTH};
	size_t len = (size_t)t->width * HASH_LEN;
	struct tote_fault before = *fault, partial;
	int r;

	if (!tile_is_shaped(t))
		return tote__fault(
			fault, TOTE_E_ARGUMENT, "tile: no tile is %" PRIu32 " wide", t->width);
	r = read_file(logdir, t, len, out, fault);
	if (r != TOTE_E_NOT_FOUND || t->width == TILE_WIDTH)
		return r;
	partial = *fault;
	*fault = before;
	r = read_file(logdir, &full, len, out, fault);
	if (r == TOTE_E_NOT_FOUND)
		*fault = partial;
	return r;
}

/* --- bundles -------------------------------------------------------------------------------- */

void tote__bundle_walk(struct bundle_walk *w, const void *data, size_t len, uint32_t width)
{
	static const uint8_t nothing[1];

	w->at = len ? data : nothing;
	w->end = w->at + len;
	w->left = width;
}

int tote__bundle_next(
	struct bundle_walk *w, const uint8_t **ret_entry, size_t *ret_len, struct tote_fault *fault)
{
	struct reader in;
	const uint8_t *entry;
	size_t len;

	tote__reader_init(&in, w->at, (size_t)(w->end - w->at));
	if (!w->left) {
		if (tote__reader_left(&in))
			return tote__fault(fault, TOTE_E_DAMAGED, "%zu bytes behind the last entry",
				tote__reader_left(&in));
		return 0;
	}
	len = tote__reader_u16(&in);
	entry = tote__reader_bytes(&in, len);
	if (!entry)
		return tote__fault(fault, TOTE_E_DAMAGED,
			"it is cut: %" PRIu32 " entries are missing", w->left);
	w->at = entry + len;
	w->left--;
	*ret_entry = entry;
	*ret_len = len;
	return 1;
}

static int read_bundle(
	struct logdir *log, const struct tile *t, struct buf *out, struct tote_fault *fault)
{
	char name[TILE_NAME_MAX];
	int cached = 0, r;

	tote__tile_name(t, name);
	tote__buf_reset(out);
	r = tote__store_get(log->place, SPACE_LOG, name, log->flags, out, &cached, fault);
	log->cached |= cached;
	if (r == TOTE_E_TOO_LARGE)
		return tote__fault(fault, TOTE_E_DAMAGED, "%s: larger than a bundle can be", name);
	return r;
}

/* Leaves of a full bundle the entries that a partial one would have had. */
static int cut_bundle(
	const struct tile *full, uint32_t width, struct buf *out, struct tote_fault *fault)
{
	struct bundle_walk w;
	char name[TILE_NAME_MAX];
	const uint8_t *entry;
	size_t len;

	tote__bundle_walk(&w, out->data, out->len, TILE_WIDTH);
	for (uint32_t i = 0; i < width; i++) {
		int r = tote__bundle_next(&w, &entry, &len, fault);

		if (r < 0) {
			tote__tile_name(full, name);
			return tote__fault_wrap(fault, "%s", name);
		}
	}
	out->len = (size_t)(w.at - out->data);
	return 0;
}

int tote__logdir_bundle(struct logdir *log, uint64_t index, uint64_t size, struct buf *out,
	uint32_t *ret_width, struct tote_fault *fault)
{
	struct tile t = {TILE_ENTRIES, index, tote__tile_width(size, TILE_ENTRIES, index)};
	struct tile full = {TILE_ENTRIES, index, TILE_WIDTH};
	struct tote_fault before = *fault, partial;
	int r;

	if (!t.width)
		return tote__fault(fault, TOTE_E_NOT_FOUND,
			"a tree of %" PRIu64 " entries has no bundle %" PRIu64, size, index);
	r = read_bundle(log, &t, out, fault);
	if (r == TOTE_E_NOT_FOUND && t.width < TILE_WIDTH) {
		partial = *fault;
		*fault = before;
		r = read_bundle(log, &full, out, fault);
		if (!r)
			r = cut_bundle(&full, t.width, out, fault);
		if (r == TOTE_E_NOT_FOUND)
			*fault = partial;
	}
	if (r < 0)
		return r;
	*ret_width = t.width;
	return 0;
}

/* --- up to the root ------------------------------------------------------------------------- */

/*
 * The root of the leaves [begin, size), where begin is a multiple of a power of two that is larger
 * than what is left: the right edge of the tree, from its perfect subtrees, smallest first.
 */
static int edge_root(
	struct tile_tree *tree, uint64_t begin, uint8_t root[HASH_LEN], struct tote_fault *fault)
{
	uint64_t left = tree->size - begin;
	int started = 0;

	for (unsigned level = 0; left >> level; level++) {
		uint64_t first = begin + (left >> level >> 1 << level << 1);
		uint8_t hash[HASH_LEN], joined[HASH_LEN];
		int r;

		if (!(left >> level & 1))
			continue;
		r = tote__tile_tree_node(tree, level, first >> level, hash, fault);
		if (r < 0)
			return r;
		if (started)
			tote__hash_node(tree->engine, hash, root, joined);
		memcpy(root, started ? joined : hash, HASH_LEN);
		started = 1;
	}
	return 0;
}

/*
 * The tree once more, its leaves being runs of 2^16 entries, the last of which may be shorter:
 * RFC 6962 splits at powers of two, so it has the same inner nodes and the same root.
 */
static int run_node(
	void *user, unsigned level, uint64_t index, uint8_t out[HASH_LEN], struct tote_fault *fault)
{
	struct tile_tree *tree = user;
	unsigned leaf_level = level + SHOWN_BITS;

	if (index < tree->size >> leaf_level)
		return tote__tile_tree_node(tree, leaf_level, index, out, fault);
	return edge_root(tree, index << leaf_level, out, fault);
}

/* The roots of the bundles of one run, as the tiles have them. */
static int load_run(struct logdir *log, struct tile_tree *tree, uint64_t index, uint32_t *ret_count,
	struct tote_fault *fault)
{
	uint64_t first = index * TILE_WIDTH, full = tree->size >> BUNDLE_BITS;
	uint32_t count = 0;
	int r;

	for (; count < TILE_WIDTH && first + count < full; count++) {
		uint8_t *hash = log->shown.hash + (size_t)count * HASH_LEN;

		r = tote__tile_tree_node(tree, BUNDLE_BITS, first + count, hash, fault);
		if (r < 0)
			return r;
	}
	if (count < TILE_WIDTH && tree->size > full << BUNDLE_BITS) {
		uint8_t *hash = log->shown.hash + (size_t)count++ * HASH_LEN;

		if ((r = edge_root(tree, full << BUNDLE_BITS, hash, fault)) < 0)
			return r;
	}
	*ret_count = count;
	return 0;
}

/* Which tiles are to be blamed: the lowest on the way. */
static int bad_tiles(const struct tile_tree *tree, uint64_t index, struct tote_fault *fault)
{
	struct tile t = {1, index, tote__tile_width(tree->size, 1, index)};
	char name[TILE_NAME_MAX];

	if (!t.width) { /* fewer than 256 entries in this run */
		t.level = 0;
		t.index = index * TILE_WIDTH;
		t.width = tote__tile_width(tree->size, 0, t.index);
	}
	tote__tile_name(&t, name);
	return tote__fault(fault, TOTE_E_DAMAGED,
		"%s: with the tiles above and right of it, it does not give the root of %" PRIu64
		" entries",
		name, tree->size);
}

/* Makes log->shown the roots of 256 bundles that are shown to lie under the root. */
static int show_run(struct logdir *log, struct tile_tree *tree, const uint8_t root[HASH_LEN],
	uint64_t index, struct tote_fault *fault)
{
	uint64_t runs = ((tree->size - 1) >> SHOWN_BITS) + 1;
	struct tote_fault why;
	uint8_t run[HASH_LEN];
	struct proof proof;
	uint32_t count = 0;
	int r;

	if (log->shown.count && log->shown.size == tree->size && log->shown.index == index &&
		tote__hash_equal(log->shown.root, root))
		return 0;
	log->shown.count = 0;
	r = load_run(log, tree, index, &count, fault);
	if (!r)
		r = tote__merkle_inclusion(index, runs, run_node, tree, log->engine, &proof, fault);
	if (r == TOTE_E_NOT_FOUND) { /* no tile of a published tree may be missing */
		fault->code = TOTE_E_DAMAGED;
		return tote__fault_wrap(fault, "a tile of hashes is missing");
	}
	if (r < 0)
		return r;
	tote__tile_root(log->engine, log->shown.hash, count, run);
	memset(&why, 0, sizeof(why));
	if (tote__merkle_verify_inclusion(log->engine, index, runs, run, &proof, root, &why) < 0)
		return bad_tiles(tree, index, fault);
	log->shown.size = tree->size;
	log->shown.index = index;
	memcpy(log->shown.root, root, HASH_LEN);
	log->shown.count = count;
	return 0;
}

static int hash_leaves(struct logdir *log, const struct buf *bundle, uint32_t width,
	uint8_t *leaves, struct tote_fault *fault)
{
	struct bundle_walk w;
	const uint8_t *entry;
	size_t len;
	int r;

	tote__bundle_walk(&w, bundle->data, bundle->len, width);
	while ((r = tote__bundle_next(&w, &entry, &len, fault)) > 0) {
		tote__hash_leaf(log->engine, entry, len, leaves);
		leaves += HASH_LEN;
	}
	return r;
}

/* The bundle's root is wrong: says which entry, where the tile of leaf hashes is the right one. */
static int bad_bundle(struct tile_tree *tree, uint64_t index, uint32_t width, const uint8_t *leaves,
	const uint8_t root[HASH_LEN], struct tote_fault *fault)
{
	uint8_t expected[TILE_BYTES], tile_root[HASH_LEN];
	struct tile t = {0, index, width};
	struct tote_fault unused;

	if (tree->read(tree->user, &t, expected, &unused) < 0)
		return tote__fault(fault, TOTE_E_DAMAGED, "its entries were changed");
	tote__tile_root(tree->engine, expected, width, tile_root);
	if (!tote__hash_equal(tile_root, root))
		return tote__fault(fault, TOTE_E_DAMAGED,
			"its entries were changed, and so was their tile of hashes");
	for (uint32_t i = 0; i < width; i++) {
		size_t at = (size_t)i * HASH_LEN;
		uint64_t seq = index * TILE_WIDTH + i;

		if (tote__hash_equal(leaves + at, expected + at))
			continue;
		tote__fault(fault, TOTE_E_DAMAGED, "entry %" PRIu64 " was changed", seq);
		tote__fault_set_seq(fault, seq);
		return TOTE_E_DAMAGED;
	}
	return tote__fault(fault, TOTE_E_DAMAGED, "its entries were changed");
}

static int check_bundle(struct logdir *log, struct tile_tree *tree, const uint8_t root[HASH_LEN],
	uint64_t index, const struct buf *bundle, uint32_t width, uint8_t *leaves,
	struct tote_fault *fault)
{
	const uint8_t *shown = log->shown.hash + index % TILE_WIDTH * HASH_LEN;
	uint8_t hash[HASH_LEN];
	int r = hash_leaves(log, bundle, width, leaves, fault);

	if (r < 0)
		return r;
	if ((r = show_run(log, tree, root, index / TILE_WIDTH, fault)) < 0)
		return r;
	tote__tile_root(log->engine, leaves, width, hash);
	if (tote__hash_equal(hash, shown))
		return 0;
	return bad_bundle(tree, index, width, leaves, shown, fault);
}

int tote__logdir_bundle_check(struct logdir *log, struct tile_tree *tree,
	const uint8_t root[HASH_LEN], uint64_t index, const struct buf *bundle, uint32_t width,
	uint8_t *leaves, struct tote_fault *fault)
{
	struct tile t = {TILE_ENTRIES, index, width};
	char name[TILE_NAME_MAX];
	int r;

	if (!tote__tile_in_tree(tree->size, &t))
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"a tree of %" PRIu64 " entries has no bundle %" PRIu64 " of %" PRIu32,
			tree->size, index, width);
	r = check_bundle(log, tree, root, index, bundle, width, leaves, fault);
	if (r >= 0)
		return r;
	tote__tile_name(&t, name);
	return tote__fault_wrap(fault, "%s", name);
}
