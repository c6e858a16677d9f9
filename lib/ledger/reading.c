/* SPDX-License-Identifier: ISC */
/*
 * What a ledger holds, as its handle knows it: bundles below the checkpoint, groups above. It is
 * exact while byte 0 is held, but for folds by others, which only move entries: then what is gone
 * from the journal is found in the log.
 */
#include "ledger/ledger_impl.h"
#include <inttypes.h>
#include <string.h>

/* --- the picture ---------------------------------------------------------------------------- */

void tote__now_count(struct ledger *l)
{
	l->unfolded = 0;
	for (size_t i = 0; i < l->now.group_count; i++)
		l->unfolded += tote__group_bytes(&l->now.groups[i].group);
}

int tote__now_accept(struct ledger *l, const struct group *g, uint64_t segment, uint64_t offset,
	struct tote_fault *fault)
{
	struct replay *now = &l->now;

	if (now->group_count == now->group_cap) {
		size_t cap = now->group_cap ? 2 * now->group_cap : 64;
		struct group_place *more =
			tote__heap_resize(l->heap, now->groups, cap, sizeof(*more), fault);

		if (!more)
			return TOTE_E_NO_MEMORY;
		now->groups = more;
		now->group_cap = cap;
	}
	now->groups[now->group_count++] =
		(struct group_place){.segment = segment, .offset = offset, .group = *g};
	now->end = g->first_seq + g->count;
	now->next_offset = offset + tote__group_bytes(g);
	memcpy(now->last_leaf, g->last_leaf, HASH_LEN);
	l->unfolded += tote__group_bytes(g);
	return 0;
}

static void drop_covered(struct ledger *l)
{
	struct replay *now = &l->now;
	size_t gone = 0;

	while (gone < now->group_count &&
		now->groups[gone].group.first_seq + now->groups[gone].group.count <=
			now->covered.size)
		gone++;
	now->group_count -= gone;
	memmove(now->groups, now->groups + gone, now->group_count * sizeof(*now->groups));
	tote__now_count(l);
}

int tote__now_refresh(struct ledger *l, struct tote_fault *fault)
{
	struct checkpoint covered;
	struct logdir log;
	struct buf bytes;
	struct note note;
	int r, newer;

	tote__logdir_init(&log, l->place, 0);
	tote__buf_init(&bytes, l->heap, NOTE_MAX);
	r = tote__logdir_checkpoint(&log, &bytes, &note, &covered, fault);
	if (r == TOTE_E_NOT_FOUND && !l->now.have_checkpoint) {
		tote__buf_free(&bytes);
		return 0;
	}
	if (r == TOTE_E_NOT_FOUND)
		r = tote__fault(fault, TOTE_E_DAMAGED,
			"ledger %s: the checkpoint of %" PRIu64 " entries is gone", l->origin,
			l->now.covered.size);
	if (!r && (covered.size < l->now.covered.size || covered.size > l->now.end))
		r = tote__fault(fault, TOTE_E_ROLLBACK,
			"ledger %s: the checkpoint covers %" PRIu64
			" entries, but it covered %" PRIu64 " before, of %" PRIu64,
			l->origin, covered.size, l->now.covered.size, l->now.end);
	newer = !r && (bytes.len != l->now.note.len ||
			      memcmp(bytes.data, l->now.note.data, bytes.len) != 0);
	if (newer) {
		tote__buf_free(&l->now.note);
		l->now.note = bytes;
		l->now.covered = covered;
		l->now.have_checkpoint = 1;
		drop_covered(l);
	} else {
		tote__buf_free(&bytes);
	}
	return r < 0 ? r : newer;
}

/* --- reading -------------------------------------------------------------------------------- */

/* A run of entries in memory: of one bundle or one group. */
struct run {
	struct buf bytes;
	uint64_t first;
	uint32_t count;
	int verified;
};

static int load_bundle(struct ledger *l, struct logdir *log, struct tile_tree *tree, uint64_t seq,
	struct run *ret, struct tote_fault *fault)
{
	const struct checkpoint *c = &l->now.covered;
	uint8_t leaves[TILE_BYTES];
	uint64_t index = seq / TILE_WIDTH;
	int r;

	if (!tree->read || tree->size != c->size)
		tote__tile_tree_init(tree, c->size, tote__logdir_tile, log, l->engine);
	r = tote__logdir_bundle(log, index, c->size, &ret->bytes, &ret->count, fault);
	if (r == TOTE_E_NOT_FOUND)
		r = tote__fault(fault, TOTE_E_DAMAGED,
			"ledger %s: the bundle of entry %" PRIu64 " is missing", l->origin, seq);
	if (!r)
		r = tote__logdir_bundle_check(
			log, tree, c->root, index, &ret->bytes, ret->count, leaves, fault);
	ret->first = index * TILE_WIDTH;
	ret->verified = 1;
	return r;
}

static int load_group(struct ledger *l, uint64_t seq, struct run *ret, struct tote_fault *fault)
{
	size_t low = 0, high = l->now.group_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct group_place *at = &l->now.groups[middle];

		if (seq < at->group.first_seq) {
			high = middle;
		} else if (seq >= at->group.first_seq + at->group.count) {
			low = middle + 1;
		} else {
			ret->first = at->group.first_seq;
			ret->count = at->group.count;
			ret->verified = 0;
			return tote__group_load(l->place, l->engine, at, &ret->bytes, fault);
		}
	}
	return tote__fault(
		fault, TOTE_E_ARGUMENT, "ledger %s has no entry %" PRIu64, l->origin, seq);
}

/* The run that holds seq. What somebody's fold took out of the journal is found in the log. */
static int load_run(struct ledger *l, struct logdir *log, struct tile_tree *tree, uint64_t seq,
	struct run *ret, struct tote_fault *fault)
{
	int r;

	if (seq < l->now.covered.size)
		return load_bundle(l, log, tree, seq, ret, fault);
	r = load_group(l, seq, ret, fault);
	if (r != TOTE_E_NOT_FOUND)
		return r;
	r = tote__now_refresh(l, fault);
	if (r < 0)
		return r;
	if (seq < l->now.covered.size)
		return load_bundle(l, log, tree, seq, ret, fault);
	return tote__fault(fault, TOTE_E_DAMAGED,
		"ledger %s: the journal segment of entry %" PRIu64 " is gone", l->origin, seq);
}

static int walk_run(struct ledger *l, const struct run *run, uint64_t *from, uint64_t to,
	view_each_fn *each, void *user, struct tote_fault *fault)
{
	struct bundle_walk w;
	const uint8_t *bytes;
	uint64_t seq = run->first;
	size_t len;
	int r;

	tote__bundle_walk(&w, run->bytes.data, run->bytes.len, run->count);
	while ((r = tote__bundle_next(&w, &bytes, &len, fault)) > 0 && seq < to) {
		uint8_t leaf[HASH_LEN];
		struct entry e;

		if (seq++ < *from)
			continue;
		if ((r = tote__entry_parse(bytes, len, &e, fault)) < 0)
			return tote__fault_wrap(
				fault, "ledger %s: entry %" PRIu64, l->origin, seq - 1);
		tote__hash_leaf(l->engine, bytes, len, leaf);
		if ((r = each(user, &e, leaf, run->verified, fault)) != 0)
			return r;
		*from = seq;
	}
	return r < 0 ? r : 0;
}

int tote__ledger_scan(struct ledger *l, uint64_t from, uint64_t to, view_each_fn *each, void *user,
	struct tote_fault *fault)
{
	struct run run = {.count = 0};
	struct tile_tree *tree;
	struct logdir log;
	int r = 0;

	tree = tote__heap_new(l->heap, 1, sizeof(*tree), fault);
	if (!tree)
		return TOTE_E_NO_MEMORY;
	tote__logdir_init(&log, l->place, 0);
	tote__buf_init(&run.bytes, l->heap, BUNDLE_MAX);
	while (!r && from < to) {
		r = load_run(l, &log, tree, from, &run, fault);
		if (!r)
			r = walk_run(l, &run, &from, to, each, user, fault);
	}
	tote__buf_free(&run.bytes);
	tote__heap_free(l->heap, tree);
	return r;
}

/* --- observing ------------------------------------------------------------------------------ */

static int observe_one(struct ledger *l, const struct entry *e, struct tote_fault *fault)
{
	if (e->version != 1) {
		l->now.read_only = 1;
		return tote__fault(fault, TOTE_E_READ_ONLY,
			"ledger %s: entry %" PRIu64
			" is of a later version of the format; it can only be read here",
			l->origin, e->seq);
	}
	return l->hooks.observe ? l->hooks.observe(l->hooks.user, e, fault) : 0;
}

static int observe_each(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN],
	int verified, struct tote_fault *fault)
{
	struct ledger *l = user;
	int r;

	(void)verified;
	r = observe_one(l, e, fault);
	if (r)
		return r;
	l->observed = e->seq + 1;
	memcpy(l->observed_leaf, leaf, HASH_LEN);
	return 0;
}

int tote__observe_rest(struct ledger *l, struct tote_fault *fault)
{
	uint64_t end = l->now.end;

	if (!l->hooks.observe || (l->observing && l->observed == end))
		return 0;
	if (!l->observing) {
		if (l->hooks.reset)
			l->hooks.reset(l->hooks.user);
		l->observed = 0;
		if (l->observe == OBSERVE_STATE && end)
			l->observed = (end - 1) / STATE_INTERVAL * STATE_INTERVAL;
		l->observing = 1;
	}
	return tote__ledger_scan(l, l->observed, end, observe_each, l, fault);
}

/* Nothing is hashed again: the leaf of an entry stands in the next one, the last in the group. */
void tote__observe_group(struct ledger *l, const struct group *g, const struct buf *body)
{
	struct tote_fault unused;
	struct bundle_walk w;
	const uint8_t *bytes;
	size_t len;

	if (!l->hooks.observe || !l->observing || l->observed != g->first_seq)
		return;
	tote__bundle_walk(&w, body->data, body->len, g->count);
	while (tote__bundle_next(&w, &bytes, &len, &unused) > 0) {
		struct entry e;

		if (tote__entry_parse(bytes, len, &e, &unused) < 0 || e.seq != l->observed) {
			l->observing = 0; /* no such group is committed or read: begin anew */
			return;
		}
		if (e.seq > g->first_seq)
			memcpy(l->observed_leaf, e.prev, HASH_LEN);
		if (observe_one(l, &e, &unused) != 0)
			return;
		l->observed = e.seq + 1;
	}
	memcpy(l->observed_leaf, g->last_leaf, HASH_LEN);
}

static int leaf_is(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	const struct ledger *l = user;

	(void)e;
	(void)verified;
	(void)fault;
	return !tote__hash_equal(leaf, l->observed_leaf);
}

int tote__observe_check(struct ledger *l, struct tote_fault *fault)
{
	int r;

	if (!l->observing || !l->observed)
		return 0;
	if (l->observed > l->now.end) {
		l->observing = 0;
		return 0;
	}
	/* one leaf speaks for all before it: each entry names the one before by its hash */
	r = tote__ledger_scan(l, l->observed - 1, l->observed, leaf_is, l, fault);
	if (r > 0)
		l->observing = 0;
	return r < 0 ? r : 0;
}

/* --- what is told of it --------------------------------------------------------------------- */

static int note_time(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	(void)leaf;
	(void)verified;
	(void)fault;
	*(int64_t *)user = e->time_us;
	return 0;
}

void tote__now_publish_info(struct ledger *l)
{
	struct ledger_info info = {.next = l->now.end,
		.covered = l->now.covered.size,
		.journal_bytes = l->unfolded,
		.poisoned = l->poisoned,
		.read_only = l->now.read_only,
		.damaged = l->now.damaged};
	struct tote_fault unused;

	if (info.covered < info.next && !info.damaged) {
		if (l->oldest != info.covered &&
			tote__ledger_scan(l, info.covered, info.covered + 1, note_time,
				&l->oldest_us, &unused) == 0)
			l->oldest = info.covered;
		info.oldest_unfolded_us = l->oldest == info.covered ? l->oldest_us : 0;
	}
	pthread_mutex_lock(&l->mutex);
	l->info = info;
	pthread_mutex_unlock(&l->mutex);
}

void tote__ledger_info(struct ledger *l, struct ledger_info *ret)
{
	pthread_mutex_lock(&l->mutex);
	*ret = l->info;
	pthread_mutex_unlock(&l->mutex);
}
