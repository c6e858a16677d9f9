/* SPDX-License-Identifier: ISC */
/*
 * Replay (FORMAT section 5, "Replay"): all segments are listed, then the checkpoint is read, then
 * every valid group is found and those above the checkpoint are put into one chain. What speaks of
 * a seq that no group holds is damage; what merely does not check is a torn tail.
 */
#include "ledger/scan.h"
#include <inttypes.h>
#include <string.h>

#define TRIES      64 /* how often segments may go away under the replay */
#define SCAN_CHUNK (64u * JOURNAL_BLOCK)

static const struct heap *heap_of(const struct scan *s)
{
	return &s->place->ctx->heap;
}

/* --- names, checkpoint ---------------------------------------------------------------------- */

static int list_segments(struct scan *s, struct tote_fault *fault)
{
	const struct store_ops *ops = s->place->ops;
	struct replay *out = s->out;
	int r;

	if (!(ops->capabilities & STORE_CAN_JOURNAL))
		return 0;
	r = tote__place_numbers(s->place, ops->journal_list, SIZE_MAX / 4, &out->segments,
		&out->segment_count, fault);
	if (r == TOTE_E_NOT_FOUND || r == TOTE_E_UNSUPPORTED) { /* a published log alone */
		out->segment_count = 0;
		r = 0;
	}
	return r;
}

static int read_checkpoint(struct scan *s, struct tote_fault *fault)
{
	struct replay *out = s->out;
	struct note note;
	int r = tote__logdir_checkpoint(&s->log, &out->note, &note, &out->covered, fault);

	if (r == TOTE_E_NOT_FOUND) {
		memset(&out->covered, 0, sizeof(out->covered));
		return 0;
	}
	if (r == TOTE_E_MALFORMED) {
		memset(&out->covered, 0, sizeof(out->covered));
		tote__scan_conclude(s, 0, fault);
		return 0;
	}
	if (!r)
		out->have_checkpoint = 1;
	return r;
}

/* A file anywhere below tile/: then the log has something that only a checkpoint explains. */
struct tile_search {
	const struct place *place;
	const char *dir;
	int depth;
};

enum { TILE_FOUND = 1, TILE_DEPTH = 10 /* tile/entries/x, seven groups of digits, .p */ };

static int search_tiles(
	const struct place *place, const char *dir, int depth, struct tote_fault *fault);

static int tile_found(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	const struct tile_search *t = user;
	size_t dir_len = strlen(t->dir), len = strlen(name);
	char below[256];

	if (st->type != STORE_DIR)
		return TILE_FOUND;
	if (t->depth >= TILE_DEPTH || dir_len + len + 2 > sizeof(below))
		return TILE_FOUND;
	memcpy(below, t->dir, dir_len);
	below[dir_len] = '/';
	memcpy(below + dir_len + 1, name, len + 1);
	return search_tiles(t->place, below, t->depth + 1, fault);
}

static int search_tiles(
	const struct place *place, const char *dir, int depth, struct tote_fault *fault)
{
	struct tile_search t = {place, dir, depth};
	int r = place->ops->list(place->handle, SPACE_LOG, dir, tile_found, &t, fault);

	return r == TOTE_E_NOT_FOUND ? 0 : r;
}

/* No checkpoint is no damage at the very beginning only. */
static int check_beginning(struct scan *s, struct tote_fault *fault)
{
	struct replay *out = s->out;
	int r;

	if (out->have_checkpoint || out->damaged)
		return 0;
	if (out->segment_count) {
		if (out->segments[0])
			tote__scan_damage(s, 0,
				"there is no checkpoint, but the journal begins at entry %" PRIu64,
				out->segments[0]);
		return 0;
	}
	r = search_tiles(s->place, "tile", 0, fault);
	if (r == TILE_FOUND) {
		tote__scan_damage(s, 0, "there are tiles, but neither checkpoint nor journal");
		r = 0;
	}
	return r;
}

/* --- finding groups ------------------------------------------------------------------------- */

static int add_found(struct scan *s, const struct found *g, struct tote_fault *fault)
{
	if (s->count == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 64;
		struct found *more =
			tote__heap_resize(heap_of(s), s->found, cap, sizeof(*more), fault);

		if (!more)
			return TOTE_E_NO_MEMORY;
		s->found = more;
		s->cap = cap;
	}
	s->found[s->count++] = *g;
	return 0;
}

/* What lies at offset, whose block is given: *ret_next is where to look on. */
static int look_at(struct scan *s, const struct segfile *f, uint64_t offset, const uint8_t *block,
	size_t len, uint64_t *ret_next, struct tote_fault *fault)
{
	struct found found = {.at = {.segment = f->name, .offset = offset}};
	struct group *g = &found.at.group;
	int r;

	*ret_next = offset + JOURNAL_BLOCK;
	if (!tote__group_header_read(block, len, f->header.salt, NULL, g))
		return 0;
	/* a group wholly below C is passed over by its header: what rots there hides nothing */
	if (group_end(g) > s->out->covered.size) {
		r = tote__segfile_group(f, offset, s->engine, g, &s->body, found.prev, fault);
		if (r <= 0)
			return r;
		if (tote__group_has_unknown(g, s->body.data))
			s->out->read_only = 1;
		if ((r = add_found(s, &found, fault)) < 0)
			return r;
	}
	if (group_end(g) > s->highest)
		s->highest = group_end(g);
	*ret_next = offset + tote__group_bytes(g);
	return 1;
}

static int is_zero(const uint8_t *block, size_t len)
{
	return !len || (!block[0] && memcmp(block, block + 1, len - 1) == 0);
}

/*
 * How much is read at once from `at`, which the last step came to: many small groups and the zeros
 * behind them together, of large ones the header alone.
 */
static size_t look_length(uint64_t step)
{
	return step > SCAN_CHUNK / 4 ? JOURNAL_BLOCK : SCAN_CHUNK;
}

/* Looks at every multiple of a block; torn and next_offset are those of the segment scanned last. */
static int scan_segment(struct scan *s, const struct segfile *f, struct tote_fault *fault)
{
	uint64_t at = JOURNAL_BLOCK, step = 0;

	s->out->next_offset = JOURNAL_BLOCK;
	s->out->torn = 0;
	while (at < f->bytes) {
		uint64_t begin = at;
		size_t len;
		int r = tote__segfile_read(f, begin, s->chunk, look_length(step), &len, fault);

		if (r < 0)
			return r;
		if (!len)
			break;
		while (at - begin < len) {
			const uint8_t *block = s->chunk + (at - begin);
			size_t left = len - (size_t)(at - begin);
			size_t size = left < JOURNAL_BLOCK ? left : JOURNAL_BLOCK;

			step = at;
			r = look_at(s, f, at, block, size, &at, fault);
			if (r < 0)
				return r;
			step = at - step;
			if (r)
				s->out->next_offset = at;
			s->out->torn = !r && (s->out->torn || !is_zero(block, size));
		}
	}
	return 0;
}

/* One after the other: however many there are, only one is open. What is known of each stays. */
static int scan_one(struct scan *s, struct segfile *f, uint64_t name, struct tote_fault *fault)
{
	int r = tote__segfile_open(f, s->place, name, fault);

	if (r < 0)
		return r;
	if (f->state == SEGFILE_UNKNOWN) {
		s->out->read_only = 1;
		s->unknown_segment = 1;
	} else if (f->state == SEGFILE_GOOD) {
		r = scan_segment(s, f, fault);
	}
	tote__segfile_close(f);
	return r;
}

/* TOTE_E_NOT_FOUND where one went away since the names were listed, before the checkpoint was read. */
static int scan_segments(struct scan *s, struct tote_fault *fault)
{
	struct replay *out = s->out;

	s->files = tote__heap_new(heap_of(s), out->segment_count, sizeof(*s->files), fault);
	s->chunk = tote__heap_new(heap_of(s), 1, SCAN_CHUNK, fault);
	if (!s->files || !s->chunk)
		return TOTE_E_NO_MEMORY;
	for (size_t i = 0; i < out->segment_count; i++) {
		int r = scan_one(s, &s->files[i], out->segments[i], fault);

		if (r < 0)
			return r;
	}
	if (out->segment_count && out->segments[out->segment_count - 1] > s->highest)
		s->highest = out->segments[out->segment_count - 1];
	return 0;
}

static int conclude_all(struct scan *s, uint64_t mark, struct tote_fault *fault)
{
	int r = check_beginning(s, fault);

	if (!r)
		r = tote__scan_begin_chain(s, fault);
	if (!r)
		r = scan_segments(s, fault);
	if (!r)
		r = tote__scan_chain(s, fault);
	if (!r)
		r = tote__scan_check_segments(s, fault);
	if (r < 0)
		return r;
	if (mark > s->highest)
		s->highest = mark;
	s->out->highest = s->highest;
	if (s->out->cut > s->out->end)
		s->out->cut = s->out->end;
	/* what a segment of another version may hold is no gap */
	if (s->out->end < s->highest && !s->unknown_segment)
		tote__scan_damage(s, s->out->end,
			"entry %" PRIu64 " is missing: the ledger reached %" PRIu64
			" entries, no valid group of the journal holds the next",
			s->out->end, s->highest);
	return 0;
}

/* --- the whole ------------------------------------------------------------------------------ */

static void scan_free(struct scan *s)
{
	tote__heap_free(heap_of(s), s->files);
	tote__heap_free(heap_of(s), s->found);
	tote__heap_free(heap_of(s), s->chunk);
	tote__heap_free(heap_of(s), s->tree);
	tote__buf_free(&s->body);
	tote__buf_free(&s->other);
	tote__buf_free(&s->known);
}

static int replay_once(const struct place *place, const struct hasher *engine, uint64_t mark,
	const uint8_t *genesis, struct replay *ret, int *ret_again, struct tote_fault *fault)
{
	struct scan s = {.place = place, .engine = engine, .genesis = genesis, .out = ret};
	int r;

	memset(ret, 0, sizeof(*ret));
	ret->heap = &place->ctx->heap;
	ret->cut = UINT64_MAX;
	tote__buf_init(&ret->note, ret->heap, NOTE_MAX);
	tote__buf_init(&s.body, ret->heap, BUNDLE_MAX);
	tote__buf_init(&s.other, ret->heap, GROUP_BODY_MAX);
	tote__buf_init(&s.known, ret->heap, GROUP_BODY_MAX);
	tote__logdir_init(&s.log, place, 0);
	r = list_segments(&s, fault);
	if (!r)
		r = read_checkpoint(&s, fault);
	if (!r)
		r = conclude_all(&s, mark, fault);
	*ret_again = r == TOTE_E_NOT_FOUND; /* a segment: all else that is missing is damage */
	scan_free(&s);
	return r;
}

int tote__replay(const struct place *place, const struct hasher *engine, uint64_t mark,
	const uint8_t *genesis, struct replay *ret, struct tote_fault *fault)
{
	for (int i = 0; i < TRIES; i++) {
		int again, r = replay_once(place, engine, mark, genesis, ret, &again, fault);

		if (!r)
			tote__fault_clear(fault); /* of what was asked and is not there */
		else
			tote__replay_free(ret);
		if (!again)
			return r;
	}
	return tote__fault(fault, TOTE_E_BUSY,
		"journal: its segments kept going away while it was read; try again");
}
