/* SPDX-License-Identifier: ISC */
/*
 * The chain of a replay (FORMAT section 5): from the last entry under the checkpoint through the
 * groups above it, each one's prev the leaf hash of the entry before.
 */
#include "ledger/entry.h"
#include "ledger/scan.h"
#include "store/sort.h"
#include <inttypes.h>
#include <string.h>

/* What the log does not give although the checkpoint demands it is damage; the rest is an error. */
static int log_failed(struct scan *s, uint64_t seq, int r, const struct tote_fault *fault)
{
	if (r != TOTE_E_DAMAGED && r != TOTE_E_NOT_FOUND && r != TOTE_E_MALFORMED &&
		r != TOTE_E_BAD_PROOF && r != TOTE_E_UNTRUSTED)
		return r;
	s->out->log_damaged = 1;
	tote__scan_conclude(s, seq, fault);
	return 0;
}

/* --- the leaf before a seq ------------------------------------------------------------------ */

/* The leaf hash of entry C - 1: of its bytes, shown to lie under the checkpoint's root. */
static int load_edge(struct scan *s, struct tote_fault *fault)
{
	const struct checkpoint *c = &s->out->covered;
	uint64_t last = c->size - 1;
	struct bundle_walk w;
	struct proof proof;
	const uint8_t *bytes = NULL;
	uint32_t width;
	size_t len = 0;
	int r = tote__logdir_bundle(&s->log, last / TILE_WIDTH, c->size, &s->body, &width, fault);

	if (r < 0)
		return r;
	tote__bundle_walk(&w, s->body.data, s->body.len, width);
	while ((r = tote__bundle_next(&w, &bytes, &len, fault)) > 0)
		continue;
	if (r < 0)
		return r;
	tote__hash_leaf(s->engine, bytes, len, s->out->last_leaf);
	r = tote__merkle_inclusion(
		last, c->size, tote__tile_tree_node, s->tree, s->engine, &proof, fault);
	if (r < 0)
		return r;
	return tote__merkle_verify_inclusion(
		s->engine, last, c->size, s->out->last_leaf, &proof, c->root, fault);
}

int tote__scan_begin_chain(struct scan *s, struct tote_fault *fault)
{
	uint64_t size = s->out->covered.size;
	int r;

	s->out->end = size;
	s->highest = size;
	if (!size) {
		if (s->genesis)
			memcpy(s->out->last_leaf, s->genesis, HASH_LEN);
		return 0;
	}
	s->tree = tote__heap_new(s->out->heap, 1, sizeof(*s->tree), fault);
	if (!s->tree)
		return TOTE_E_NO_MEMORY;
	tote__tile_tree_init(s->tree, size, tote__logdir_tile, &s->log, s->engine);
	r = load_edge(s, fault);
	if (r < 0) {
		tote__fault_wrap(fault, "the end of the checkpoint's %" PRIu64 " entries", size);
		return log_failed(s, size - 1, r, fault);
	}
	return 0;
}

/* The bytes of one entry in a body that was checked. */
static const uint8_t *entry_in(
	const struct group *g, const struct buf *body, uint64_t seq, size_t *ret_len)
{
	struct reader r;
	const uint8_t *bytes = NULL;

	tote__reader_init(&r, body->data, body->len);
	for (uint64_t at = g->first_seq; at <= seq; at++) {
		*ret_len = tote__reader_u16(&r);
		bytes = tote__reader_bytes(&r, *ret_len);
	}
	return bytes;
}

static int load_group(
	struct scan *s, const struct group_place *at, struct buf *body, struct tote_fault *fault)
{
	return tote__group_load(s->place, s->engine, at, body, fault);
}

/* The first group of the chain that ends behind seq; group_count where none does. They ascend. */
static size_t first_behind(const struct replay *found, uint64_t seq)
{
	size_t low = 0, high = found->group_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (group_end(&found->groups[middle].group) <= seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int leaf_of(struct scan *s, uint64_t seq, uint8_t out[HASH_LEN], struct tote_fault *fault)
{
	const size_t i = first_behind(s->out, seq);
	const struct group_place *at = &s->out->groups[i];
	const uint8_t *bytes;
	size_t len = 0;
	int r;

	if (i == s->out->group_count)
		return 0;
	if ((r = load_group(s, at, &s->other, fault)) < 0)
		return r;
	bytes = entry_in(&at->group, &s->other, seq, &len);
	tote__hash_leaf(s->engine, bytes, len, out);
	return 1;
}

/*
 * The leaf hash before seq, at most E: 1; 0 where it is not known (no genesis was given, or the log
 * does not give it, which is concluded). A segment that is gone is no damage: a fold removed it.
 */
static int leaf_before(
	struct scan *s, uint64_t seq, uint8_t out[HASH_LEN], struct tote_fault *fault)
{
	const struct replay *found = s->out;

	if (!seq) {
		if (s->genesis)
			memcpy(out, s->genesis, HASH_LEN);
		return s->genesis != NULL;
	}
	if (seq == found->end) {
		memcpy(out, found->last_leaf, HASH_LEN);
		return 1;
	}
	if (seq <= found->covered.size) {
		int r = tote__tile_tree_node(s->tree, 0, seq - 1, out, fault);

		return r < 0 ? log_failed(s, seq, r, fault) : 1;
	}
	return leaf_of(s, seq - 1, out, fault);
}

/* --- one chain of them ---------------------------------------------------------------------- */

/* By seq, and as they lie where that is the same. */
static int by_seq(const void *a, const void *b)
{
	const struct group_place *x = &((const struct found *)a)->at,
				 *y = &((const struct found *)b)->at;

	if (x->group.first_seq != y->group.first_seq)
		return x->group.first_seq < y->group.first_seq ? -1 : 1;
	if (x->segment != y->segment)
		return x->segment < y->segment ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static void sort_found(struct found *g, size_t count)
{
	size_t at = 1;

	/* nearly always in order already: segments ascend, and so do the groups in each */
	while (at < count && by_seq(&g[at - 1], &g[at]) < 0)
		at++;
	if (at < count)
		tote__sort(g, count, sizeof(*g), by_seq);
}

/* One of the chain, kept for the next that repeats it. */
static int load_known(struct scan *s, const struct group_place *at, struct tote_fault *fault)
{
	int r;

	if (s->known.len && s->known_segment == at->segment && s->known_offset == at->offset)
		return 0;
	if ((r = load_group(s, at, &s->known, fault)) < 0) {
		tote__buf_reset(&s->known);
		return r;
	}
	s->known_segment = at->segment;
	s->known_offset = at->offset;
	return 0;
}

/* The bytes of the entries [from, to) in a body that was checked, with their lengths. */
static const uint8_t *range_in(
	const struct group *g, const struct buf *body, uint64_t from, uint64_t to, size_t *ret_len)
{
	struct reader r;
	const uint8_t *begin;

	tote__reader_init(&r, body->data, body->len);
	for (uint64_t at = g->first_seq; at < from; at++)
		tote__reader_bytes(&r, tote__reader_u16(&r));
	begin = r.at;
	for (uint64_t at = from; at < to; at++)
		tote__reader_bytes(&r, tote__reader_u16(&r));
	*ret_len = (size_t)(r.at - begin);
	return begin;
}

/* 1 where both groups hold the same entries in [from, to). */
static int agree(struct scan *s, const struct group_place *known, const struct group_place *other,
	uint64_t from, uint64_t to, struct tote_fault *fault)
{
	const uint8_t *x, *y;
	size_t x_len, y_len;
	int r = load_known(s, known, fault);

	if (!r)
		r = load_group(s, other, &s->other, fault);
	if (r < 0)
		return r;
	x = range_in(&known->group, &s->known, from, to, &x_len);
	y = range_in(&other->group, &s->other, from, to, &y_len);
	return x_len == y_len && memcmp(x, y, x_len) == 0;
}

/* A group that begins below E: what it repeats must be the same entries. */
static int check_repeat(struct scan *s, const struct group_place *g, struct tote_fault *fault)
{
	struct replay *out = s->out;
	uint64_t from = g->group.first_seq, size = out->covered.size;

	if (from < size)
		from = size;
	for (size_t i = first_behind(out, from); i < out->group_count; i++) {
		const struct group_place *known = &out->groups[i];
		uint64_t begin = from, end = group_end(&g->group);
		int r;

		if (known->group.first_seq > begin)
			begin = known->group.first_seq;
		if (group_end(&known->group) < end)
			end = group_end(&known->group);
		if (begin >= end)
			break;
		if ((r = agree(s, known, g, begin, end, fault)) < 0)
			return r;
		if (!r) {
			out->cut = begin;
			tote__scan_damage(s, begin,
				"two groups of the journal hold different entries from %" PRIu64
				" on",
				begin);
			return 0;
		}
	}
	return 0;
}

/* The prev of entry E, which this group holds. */
static int prev_at_end(
	struct scan *s, const struct found *g, uint8_t out[HASH_LEN], struct tote_fault *fault)
{
	uint64_t seq = s->out->end;
	const uint8_t *bytes;
	struct entry e;
	size_t len = 0;
	int r;

	if (seq == g->at.group.first_seq) {
		memcpy(out, g->prev, HASH_LEN);
		return 0;
	}
	if ((r = load_group(s, &g->at, &s->body, fault)) < 0)
		return r;
	bytes = entry_in(&g->at.group, &s->body, seq, &len);
	if ((r = tote__entry_parse(bytes, len, &e, fault)) < 0)
		return r;
	memcpy(out, e.prev, HASH_LEN);
	return 0;
}

/* Puts a group that holds E at the end of the chain, if it continues it. */
static int accept(struct scan *s, const struct found *g, struct tote_fault *fault)
{
	struct replay *out = s->out;
	uint8_t prev[HASH_LEN];
	int r = prev_at_end(s, g, prev, fault);

	if (r < 0)
		return r;
	if ((out->end || s->genesis) && memcmp(prev, out->last_leaf, HASH_LEN) != 0) {
		tote__scan_damage(s, out->end,
			"entry %" PRIu64 " in the journal does not continue the chain: its prev is "
			"not the hash of the entry before",
			out->end);
		return 0;
	}
	out->groups[out->group_count++] = g->at;
	out->end = group_end(&g->at.group);
	memcpy(out->last_leaf, g->at.group.last_leaf, HASH_LEN);
	return 0;
}

int tote__scan_chain(struct scan *s, struct tote_fault *fault)
{
	struct replay *out = s->out;

	out->groups = tote__heap_new(out->heap, s->count, sizeof(*out->groups), fault);
	if (!out->groups)
		return TOTE_E_NO_MEMORY;
	out->group_cap = s->count;
	sort_found(s->found, s->count);
	for (size_t i = 0; i < s->count && !out->damaged; i++) {
		const struct group *g = &s->found[i].at.group;
		int r = 0;

		if (g->first_seq < out->end)
			r = check_repeat(s, &s->found[i].at, fault);
		if (!r && !out->damaged && g->first_seq <= out->end && group_end(g) > out->end)
			r = accept(s, &s->found[i], fault);
		if (r < 0)
			return r;
	}
	return 0;
}

/* One without a header that checks is damage unless the log has all that it may hold. */
static void check_bad_segment(struct scan *s, size_t i)
{
	const struct replay *out = s->out;

	if (i + 1 == out->segment_count || out->segments[i + 1] > out->covered.size)
		tote__scan_damage(s, out->segments[i],
			"journal segment %020" PRIu64 ": its header does not check",
			out->segments[i]);
}

/* A segment begins where the chain stood when it was made. */
int tote__scan_check_segments(struct scan *s, struct tote_fault *fault)
{
	struct replay *out = s->out;

	for (size_t i = 0; i < out->segment_count && !out->damaged; i++) {
		const struct segfile *f = &s->files[i];
		uint8_t leaf[HASH_LEN];
		int r;

		if (f->state == SEGFILE_BAD)
			check_bad_segment(s, i);
		if (f->state != SEGFILE_GOOD || f->name > out->end)
			continue;
		if ((r = leaf_before(s, f->name, leaf, fault)) < 0)
			return r;
		if (r > 0 && memcmp(leaf, f->header.prev, HASH_LEN) != 0)
			tote__scan_damage(s, f->name,
				"journal segment %020" PRIu64
				" does not continue the chain: its prev is not the hash of the "
				"entry before",
				f->name);
	}
	return 0;
}
