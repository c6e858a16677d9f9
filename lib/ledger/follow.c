/* SPDX-License-Identifier: ISC */
/*
 * A view that follows its ledger (FORMAT section 5, "Readers without the lock", again and again):
 * groups are read on where the last one ended, a newer checkpoint is believed only where it extends
 * the one before.
 */
#include "ledger/follow.h"
#include "ledger/segfile.h"
#include <inttypes.h>
#include <string.h>

static uint64_t group_end(const struct group *g)
{
	return g->first_seq + g->count;
}

/* --- the checkpoint ------------------------------------------------------------------------- */

static int fork_at(const struct checkpoint *c, const char *what, struct tote_fault *fault)
{
	return tote__fault(fault, TOTE_E_FORK,
		"the checkpoint of %" PRIu64 " entries of %s %s: this is another history than the "
		"one that was read; keep both and find out who signed them",
		c->size, c->origin, what);
}

static int check_extends(const struct checkpoint *earlier, const struct checkpoint *c,
	struct tile_tree *tree, const struct hasher *engine, struct tote_fault *fault)
{
	struct proof proof;
	int r;

	if (strcmp(earlier->origin, c->origin) != 0)
		return fork_at(c, "is another ledger's", fault);
	if (c->size < earlier->size)
		return tote__fault(fault, TOTE_E_ROLLBACK,
			"the checkpoint of %s covers %" PRIu64 " entries, and %" PRIu64
			" were read under an earlier one: an older copy was put back",
			c->origin, c->size, earlier->size);
	if (c->size == earlier->size)
		return tote__hash_equal(c->root, earlier->root)
			       ? 0
			       : fork_at(c, "has another root than before", fault);
	r = tote__merkle_consistency(
		earlier->size, c->size, tote__tile_tree_node, tree, engine, &proof, fault);
	if (!r)
		r = tote__merkle_verify_consistency(
			engine, earlier->size, c->size, &proof, earlier->root, c->root, fault);
	return r == TOTE_E_BAD_PROOF ? fork_at(c, "does not extend the one before", fault) : r;
}

int tote__view_check_extends(
	struct view *v, const struct checkpoint *earlier, struct tote_fault *fault)
{
	struct tile_tree *tree = NULL;
	int r = 0;

	if (!earlier->size)
		return 0;
	if (!v->replay.have_checkpoint)
		return tote__fault(fault, TOTE_E_ROLLBACK,
			"the checkpoint of %s is gone; it covered %" PRIu64 " entries",
			earlier->origin, earlier->size);
	if (v->replay.covered.size > earlier->size)
		r = tote__view_tree(v, &tree, fault);
	return r ? r : check_extends(earlier, &v->replay.covered, tree, v->engine, fault);
}

/*
 * Entries that were given out above the old checkpoint must be the ones that the new one covers:
 * the leaf hash of the last of them speaks for all before it.
 */
static int check_last_leaf(const struct view *v, const struct checkpoint *c, struct tile_tree *tree,
	struct tote_fault *fault)
{
	const struct replay *replay = &v->replay;
	struct proof proof;
	int r;

	for (size_t i = 0; i < replay->group_count; i++) {
		const struct group *g = &replay->groups[i].group;

		if (group_end(g) != c->size)
			continue;
		r = tote__merkle_inclusion(
			c->size - 1, c->size, tote__tile_tree_node, tree, v->engine, &proof, fault);
		if (!r)
			r = tote__merkle_verify_inclusion(v->engine, c->size - 1, c->size,
				g->last_leaf, &proof, c->root, fault);
		return r == TOTE_E_BAD_PROOF
			       ? fork_at(c, "covers other entries than the journal had", fault)
			       : r;
	}
	return 0;
}

static void drop_covered(struct replay *replay)
{
	size_t gone = 0;

	while (gone < replay->group_count &&
		group_end(&replay->groups[gone].group) <= replay->covered.size)
		gone++;
	replay->group_count -= gone;
	memmove(replay->groups, replay->groups + gone,
		replay->group_count * sizeof(*replay->groups));
}

static int judge_newer(struct view *v, const struct checkpoint *c, struct tile_tree *tree,
	struct tote_fault *fault)
{
	int r;

	tote__tile_tree_init(tree, c->size, tote__logdir_tile, &v->log, v->engine);
	r = check_extends(&v->replay.covered, c, tree, v->engine, fault);
	return r ? r : check_last_leaf(v, c, tree, fault);
}

/* From here on what lies under it is verified against it. */
static int take_newer(
	struct view *v, struct buf *note, const struct checkpoint *c, struct tote_fault *fault)
{
	struct tile_tree *tree;
	int r;

	if (c->size > v->replay.end)
		return VIEW_STALE; /* entries were folded that this view never saw */
	tree = tote__heap_new(v->replay.heap, 1, sizeof(*tree), fault);
	if (!tree)
		return fault->code;
	if ((r = judge_newer(v, c, tree, fault)) < 0) {
		tote__heap_free(v->replay.heap, tree);
		return r;
	}
	tote__heap_free(v->replay.heap, v->tree);
	v->tree = tree;
	tote__buf_free(&v->replay.note);
	v->replay.note = *note;
	tote__buf_init(note, v->replay.heap, NOTE_MAX);
	v->replay.covered = *c;
	drop_covered(&v->replay);
	return 1;
}

static int look_at_checkpoint(struct view *v, struct tote_fault *fault)
{
	const struct replay *replay = &v->replay;
	struct checkpoint c;
	struct note note;
	struct buf bytes;
	int r;

	tote__buf_init(&bytes, replay->heap, NOTE_MAX);
	r = tote__logdir_checkpoint(&v->log, &bytes, &note, &c, fault);
	if (r == TOTE_E_NOT_FOUND || (!r && !replay->have_checkpoint))
		r = VIEW_STALE;
	else if (!r && (bytes.len != replay->note.len ||
			       memcmp(bytes.data, replay->note.data, bytes.len) != 0))
		r = take_newer(v, &bytes, &c, fault);
	tote__buf_free(&bytes);
	return r;
}

/* --- the journal ---------------------------------------------------------------------------- */

/*
 * Where the next group goes. What the replay saw above the limit may never have been synced: it is
 * read once more.
 */
static int find_tail(struct view *v)
{
	struct replay *replay = &v->replay;
	size_t keep = replay->group_count;

	if (v->tail_known)
		return 1;
	while (keep && replay->groups[keep - 1].group.first_seq >= v->limit)
		keep--;
	if (keep < replay->group_count) {
		const struct group_place *last = keep ? &replay->groups[keep - 1] : NULL;

		if (!last || group_end(&last->group) != v->limit)
			return 0;
		v->tail = last->segment;
		v->tail_offset = last->offset + tote__group_bytes(&last->group);
		replay->group_count = keep;
		replay->end = v->limit;
		memcpy(replay->last_leaf, last->group.last_leaf, HASH_LEN);
	} else if (replay->segment_count) {
		v->tail = replay->segments[replay->segment_count - 1];
		v->tail_offset = replay->next_offset;
	} else {
		return 0;
	}
	v->tail_known = 1;
	return 1;
}

static int accept(struct view *v, const struct group *g, struct tote_fault *fault)
{
	struct replay *replay = &v->replay;

	if (replay->group_count == replay->group_cap) {
		const size_t cap = replay->group_cap ? 2 * replay->group_cap : 64;
		struct group_place *more =
			tote__heap_resize(replay->heap, replay->groups, cap, sizeof(*more), fault);

		if (!more)
			return TOTE_E_NO_MEMORY;
		replay->groups = more;
		replay->group_cap = cap;
	}
	replay->groups[replay->group_count++] =
		(struct group_place){.segment = v->tail, .offset = v->tail_offset, .group = *g};
	replay->end = group_end(g);
	memcpy(replay->last_leaf, g->last_leaf, HASH_LEN);
	v->tail_offset += tote__group_bytes(g);
	return 1;
}

/* The next group of the segment at hand: 1 taken, 0 none there, VIEW_STALE one that does not fit. */
static int next_group(
	struct view *v, const struct segfile *f, struct buf *body, struct tote_fault *fault)
{
	uint8_t prev[HASH_LEN];
	struct group g;
	int r = tote__segfile_group(f, v->tail_offset, v->engine, &g, body, prev, fault);

	if (r <= 0)
		return r;
	if (g.first_seq != v->replay.end || !tote__hash_equal(prev, v->replay.last_leaf))
		return VIEW_STALE;
	return accept(v, &g, fault);
}

/* The segment that is named by the next seq: 1 it is at hand now, 0 there is none. */
static int next_segment(struct view *v, struct segfile *f, struct tote_fault *fault)
{
	const struct tote_fault before = *fault;
	int r;

	if (v->tail == v->replay.end)
		return 0;
	tote__segfile_close(f);
	r = tote__segfile_open(f, v->place, v->replay.end, fault);
	if (r == TOTE_E_NOT_FOUND) {
		*fault = before;
		return 0;
	}
	if (r < 0)
		return r;
	if (f->state != SEGFILE_GOOD || !tote__hash_equal(f->header.prev, v->replay.last_leaf))
		return VIEW_STALE;
	v->tail = f->name;
	v->tail_offset = JOURNAL_BLOCK;
	return 1;
}

/* Reads groups until `end` is reached: 0, or VIEW_STALE where they do not reach it. */
static int read_groups(
	struct view *v, uint64_t end, struct segfile *f, struct buf *body, struct tote_fault *fault)
{
	int r = 1;

	while (v->replay.end < end && r == 1) {
		r = next_group(v, f, body, fault);
		if (r == 0)
			r = next_segment(v, f, fault);
	}
	if (r < 0)
		return r;
	return v->replay.end < end || r == VIEW_STALE ? VIEW_STALE : 0;
}

static int read_on(struct view *v, uint64_t end, struct tote_fault *fault)
{
	const struct tote_fault before = *fault;
	struct segfile f;
	struct buf body;
	int r;

	if (!find_tail(v))
		return VIEW_STALE;
	r = tote__segfile_open(&f, v->place, v->tail, fault);
	if (r == TOTE_E_NOT_FOUND) {
		*fault = before;
		return VIEW_STALE;
	}
	if (r < 0)
		return r;
	tote__buf_init(&body, v->replay.heap, GROUP_BODY_MAX);
	r = f.state == SEGFILE_GOOD ? read_groups(v, end, &f, &body, fault) : VIEW_STALE;
	tote__buf_free(&body);
	tote__segfile_close(&f);
	return r;
}

/* --- the whole ------------------------------------------------------------------------------ */

static int move_limit(
	struct view *v, uint64_t limit, const struct line *line, struct tote_fault *fault)
{
	const uint64_t before = v->limit;
	int r;

	v->limit = limit;
	r = tote__view_hold_back_repair(v, fault);
	if (r < 0) {
		v->limit = before;
		return r;
	}
	v->line = *line;
	return v->limit > before;
}

/* The limit that line and checkpoint allow, reached in the journal. */
static int look_at_journal(struct view *v, struct tote_fault *fault)
{
	struct line first, second;
	uint64_t limit;
	int r = tote__view_line(v, &first, fault);

	if (r < 0)
		return r;
	limit = first.state == LINE_VOID ? 0 : first.mark;
	if (limit < v->replay.covered.size)
		limit = v->replay.covered.size;
	if (limit == v->limit)
		return 0;
	if (limit < v->limit) /* void: who comes next settles it; lower: a new view judges */
		return first.state == LINE_VOID ? 0 : VIEW_STALE;
	if ((r = read_on(v, limit, fault)) != 0 || (r = tote__view_line(v, &second, fault)) < 0)
		return r;
	if (tote__view_line_fell_back(v, &first, &second))
		return VIEW_STALE;
	return move_limit(v, limit, &first, fault);
}

int tote__view_extend(struct view *v, struct tote_fault *fault)
{
	int moved, r;

	if (v->flags & VIEW_NOBODY_WRITES)
		return 0;
	moved = look_at_checkpoint(v, fault);
	if (moved < 0 || moved == VIEW_STALE)
		return moved;
	r = look_at_journal(v, fault);
	return r ? r : moved;
}
