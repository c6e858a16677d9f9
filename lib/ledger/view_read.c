/* SPDX-License-Identifier: ISC */
/*
 * Reading through a view: one bundle or one group at a time is kept, and verified before anything of
 * it is given out.
 */
#include "ledger/view.h"
#include <inttypes.h>
#include <string.h>

/* --- loading a bundle or a group ------------------------------------------------------------ */

static int room_for_leaves(struct view *v, size_t count, struct tote_fault *fault)
{
	void *moved = tote__heap_resize(
		&v->place->ctx->heap, v->kept_leaf, count, sizeof(*v->kept_leaf), fault);

	if (!moved)
		return TOTE_E_NO_MEMORY;
	v->kept_leaf = moved;
	return 0;
}

static void keep(struct view *v, uint64_t first, uint32_t count, int verified)
{
	v->kept_first = first;
	v->kept_count = count;
	v->kept_verified = verified;
	v->kept_next = first;
	v->kept_indexed = 0;
	tote__bundle_walk(&v->kept_walk, v->kept.data, v->kept.len, count);
}

/*
 * Who reads backwards goes over the run once to learn where its entries begin, not once for each:
 * a group may have tens of thousands.
 */
static int index_kept(struct view *v, struct tote_fault *fault)
{
	const size_t count = (size_t)v->kept_count;
	struct bundle_walk w;
	const uint8_t *entry;
	size_t len, i = 0;
	uint32_t *at = tote__heap_resize(
		&v->place->ctx->heap, v->kept_at, count, sizeof(*v->kept_at), fault);
	int r;

	if (!at)
		return TOTE_E_NO_MEMORY;
	v->kept_at = at;
	tote__bundle_walk(&w, v->kept.data, v->kept.len, (uint32_t)count);
	do {
		if (i < count)
			at[i++] = (uint32_t)(w.at - v->kept.data);
		r = tote__bundle_next(&w, &entry, &len, fault);
	} while (r > 0);
	v->kept_indexed = r == 0;
	return r;
}

/* The walk over what is kept stands before seq again, which lies behind it. */
static int step_back(struct view *v, uint64_t seq, struct tote_fault *fault)
{
	const size_t i = (size_t)(seq - v->kept_first);
	int r = v->kept_indexed ? 0 : index_kept(v, fault);

	if (r < 0)
		return r;
	v->kept_walk.at = v->kept.data + v->kept_at[i];
	v->kept_walk.left = (uint32_t)(v->kept_count - i);
	v->kept_next = seq;
	return 0;
}

static int load_bundle(struct view *v, uint64_t index, struct tote_fault *fault)
{
	const struct checkpoint *covered = &v->replay.covered;
	struct tile_tree *tree;
	uint32_t width;
	int r;

	if ((r = tote__view_tree(v, &tree, fault)) < 0)
		return r;
	r = tote__logdir_bundle(&v->log, index, covered->size, &v->kept, &width, fault);
	if (r == TOTE_E_NOT_FOUND) { /* no bundle under a checkpoint may be missing */
		fault->code = TOTE_E_DAMAGED;
		return tote__fault_wrap(fault, "a bundle is missing");
	}
	if (r < 0 || (r = room_for_leaves(v, width, fault)) < 0)
		return r;
	r = tote__logdir_bundle_check(
		&v->log, tree, covered->root, index, &v->kept, width, v->kept_leaf[0], fault);
	if (r < 0)
		return r;
	keep(v, index * TILE_WIDTH, width, 1);
	return 0;
}

/* The group that holds seq, NULL where none does. They ascend and do not overlap from C on. */
static const struct group_place *find_group(const struct view *v, uint64_t seq)
{
	size_t low = 0, high = v->replay.group_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct group_place *g = &v->replay.groups[middle];

		if (seq < g->group.first_seq)
			high = middle;
		else if (seq - g->group.first_seq < g->group.count)
			return g;
		else
			low = middle + 1;
	}
	return NULL;
}

/* Appends the entries [from, to) that lie in one bundle to v->kept, as a group has them. */
static int gather_bundle(struct view *v, uint64_t index, uint64_t size, uint64_t from, uint64_t to,
	struct buf *bundle, struct tote_fault *fault)
{
	uint64_t seq = index * TILE_WIDTH;
	struct bundle_walk w;
	const uint8_t *entry;
	uint32_t width;
	size_t len;
	int r = tote__logdir_bundle(&v->log, index, size, bundle, &width, fault);

	if (r < 0)
		return r;
	tote__bundle_walk(&w, bundle->data, bundle->len, width);
	for (; (r = tote__bundle_next(&w, &entry, &len, fault)) > 0; seq++) {
		if (seq < from || seq >= to)
			continue;
		tote__buf_put_u16(&v->kept, (uint16_t)len);
		tote__buf_put(&v->kept, entry, len);
	}
	return r;
}

static int gather_group(
	struct view *v, const struct group *g, struct buf *bundle, struct tote_fault *fault)
{
	uint64_t end = g->first_seq + g->count;
	struct checkpoint newer;
	struct note note;
	int r = tote__logdir_checkpoint(&v->log, bundle, &note, &newer, fault);

	if (r < 0)
		return r;
	if (newer.size < end)
		return tote__fault(fault, TOTE_E_NOT_FOUND, "not under the checkpoint of %" PRIu64,
			newer.size);
	tote__buf_reset(&v->kept);
	for (uint64_t i = g->first_seq / TILE_WIDTH; i <= (end - 1) / TILE_WIDTH; i++)
		if ((r = gather_bundle(v, i, newer.size, g->first_seq, end, bundle, fault)) < 0)
			return r;
	return tote__buf_check(&v->kept, "group", fault);
}

/*
 * A fold may have moved the group into the log and removed its segment. No root is needed to
 * believe the log here: it must give the very bytes whose last leaf hash the replay has seen.
 */
static int group_from_log(struct view *v, const struct group *g, struct tote_fault *fault)
{
	uint8_t prev[HASH_LEN];
	struct buf bundle;
	int r;

	tote__buf_init(&bundle, &v->place->ctx->heap, BUNDLE_MAX);
	r = gather_group(v, g, &bundle, fault);
	tote__buf_free(&bundle);
	if (!r && (v->kept.len != g->body_len ||
			  !tote__group_check(g, v->kept.data, v->engine, prev)))
		r = tote__fault(fault, TOTE_E_DAMAGED, "the log holds other entries");
	return r;
}

/* Only who was told that nobody writes may call this damage; for others it is a new beginning. */
static int group_gone(const struct view *v, const struct group *g, struct tote_fault *fault)
{
	fault->code = v->flags & VIEW_NOBODY_WRITES ? TOTE_E_DAMAGED : TOTE_E_BUSY;
	tote__fault_wrap(
		fault, "entry %" PRIu64 " is no longer where it was: open again", g->first_seq);
	tote__fault_set_seq(fault, g->first_seq);
	return fault->code;
}

static int read_group(struct view *v, const struct group_place *at, struct tote_fault *fault)
{
	struct tote_fault before = *fault, elsewhere = *fault;
	int r = tote__group_load(v->place, v->engine, at, &v->kept, fault);

	if (r != TOTE_E_NOT_FOUND && r != TOTE_E_DAMAGED && r != TOTE_E_UNTRUSTED)
		return r;
	r = group_from_log(v, &at->group, &elsewhere);
	if (!r) {
		*fault = before;
		return 0;
	}
	if (r == TOTE_E_NOT_FOUND || r == TOTE_E_DAMAGED)
		return group_gone(v, &at->group, fault);
	*fault = elsewhere;
	return r;
}

static int hash_kept(struct view *v, uint32_t count, struct tote_fault *fault)
{
	struct bundle_walk w;
	const uint8_t *entry;
	size_t len, i = 0;
	int r = room_for_leaves(v, count, fault);

	if (r < 0)
		return r;
	tote__bundle_walk(&w, v->kept.data, v->kept.len, count);
	while ((r = tote__bundle_next(&w, &entry, &len, fault)) > 0)
		tote__hash_leaf(v->engine, entry, len, v->kept_leaf[i++]);
	return r;
}

static int load_group(struct view *v, uint64_t seq, struct tote_fault *fault)
{
	const struct group_place *at = find_group(v, seq);
	int r;

	if (!at) {
		tote__fault(fault, TOTE_E_DAMAGED, "entry %" PRIu64 ": no group holds it", seq);
		tote__fault_set_seq(fault, seq);
		return TOTE_E_DAMAGED;
	}
	if ((r = read_group(v, at, fault)) < 0 || (r = hash_kept(v, at->group.count, fault)) < 0)
		return r;
	keep(v, at->group.first_seq, at->group.count, 0);
	return 0;
}

/* --- reading -------------------------------------------------------------------------------- */

/* 1 where seq lies in what is kept, and is to be had from there. */
static int is_kept(const struct view *v, uint64_t seq)
{
	if (seq < v->kept_first || seq - v->kept_first >= v->kept_count)
		return 0;
	return v->kept_verified == (seq < v->replay.covered.size);
}

static int find_entry(struct view *v, uint64_t seq, const uint8_t **ret_bytes, size_t *ret_len,
	struct tote_fault *fault)
{
	int r = 0;

	if (seq >= v->limit)
		return tote__fault(fault, TOTE_E_NOT_FOUND,
			"no entry %" PRIu64 ": the ledger has %" PRIu64, seq, v->limit);
	if (!is_kept(v, seq)) {
		v->kept_count = 0; /* a failed load leaves nothing that could be taken for one */
		r = seq < v->replay.covered.size ? load_bundle(v, seq / TILE_WIDTH, fault)
						 : load_group(v, seq, fault);
	}
	if (r < 0)
		return r;
	if (seq < v->kept_next && (r = step_back(v, seq, fault)) < 0)
		return r;
	for (r = 1; r > 0 && v->kept_next <= seq; v->kept_next++)
		r = tote__bundle_next(&v->kept_walk, ret_bytes, ret_len, fault);
	if (r > 0)
		return 0;
	v->kept_count = 0;
	return r < 0 ? r : tote__fault(fault, TOTE_E_DAMAGED, "entry %" PRIu64 " is missing", seq);
}

int tote__view_read(struct view *v, uint64_t seq, const uint8_t **ret_bytes, size_t *ret_len,
	uint8_t ret_leaf[HASH_LEN], int *ret_verified, struct tote_fault *fault)
{
	int r = find_entry(v, seq, ret_bytes, ret_len, fault);

	if (r < 0)
		return r;
	if (ret_leaf)
		memcpy(ret_leaf, v->kept_leaf[seq - v->kept_first], HASH_LEN);
	if (ret_verified)
		*ret_verified = v->kept_verified;
	return 0;
}

/* What a scan remembers of the entry before. */
struct link {
	int known;
	uint8_t leaf[HASH_LEN];
};

static int check_link(
	const struct entry *e, uint64_t seq, const struct link *before, struct tote_fault *fault)
{
	if (e->seq != seq)
		tote__fault(fault, TOTE_E_DAMAGED, "entry %" PRIu64 " says that it is %" PRIu64,
			seq, e->seq);
	else if (before->known && !tote__hash_equal(before->leaf, e->prev))
		tote__fault(fault, TOTE_E_DAMAGED,
			"entry %" PRIu64 ": prev is not the leaf hash of the entry before it", seq);
	else
		return 0;
	tote__fault_set_seq(fault, seq);
	return TOTE_E_DAMAGED;
}

static int scan_one(struct view *v, uint64_t seq, struct link *before, view_each_fn *each,
	void *user, struct tote_fault *fault)
{
	const uint8_t *bytes, *leaf;
	struct entry e;
	size_t len;
	int r = find_entry(v, seq, &bytes, &len, fault);

	if (r < 0)
		return r;
	if ((r = tote__entry_parse(bytes, len, &e, fault)) < 0) {
		tote__fault_set_seq(fault, seq);
		return tote__fault_wrap(fault, "entry %" PRIu64, seq);
	}
	leaf = v->kept_leaf[seq - v->kept_first];
	if (!before->known && seq > v->kept_first) {
		memcpy(before->leaf, v->kept_leaf[seq - 1 - v->kept_first], HASH_LEN);
		before->known = 1;
	}
	if ((r = check_link(&e, seq, before, fault)) < 0)
		return r;
	before->known = 1;
	memcpy(before->leaf, leaf, HASH_LEN);
	return each(user, &e, leaf, v->kept_verified, fault);
}

int tote__view_scan(struct view *v, uint64_t from, uint64_t to, view_each_fn *each, void *user,
	struct tote_fault *fault)
{
	struct link before = {0};

	if (to > v->limit)
		return tote__fault(fault, TOTE_E_NOT_FOUND,
			"no entry %" PRIu64 ": the ledger has %" PRIu64, to - 1, v->limit);
	for (uint64_t seq = from; seq < to; seq++) {
		int r = scan_one(v, seq, &before, each, user, fault);

		if (r)
			return r;
	}
	return 0;
}

int tote__view_tree(struct view *v, struct tile_tree **ret, struct tote_fault *fault)
{
	if (!v->tree) {
		v->tree = tote__heap_new(&v->place->ctx->heap, 1, sizeof(*v->tree), fault);
		if (!v->tree)
			return TOTE_E_NO_MEMORY;
		tote__tile_tree_init(
			v->tree, v->replay.covered.size, tote__logdir_tile, &v->log, v->engine);
	}
	*ret = v->tree;
	return 0;
}
