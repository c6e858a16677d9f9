/* SPDX-License-Identifier: ISC */
/*
 * A view: what one reader may use of a ledger at one moment, without its lock (FORMAT section 5,
 * "Readers without the lock"). What was usable once stays so: entries are only ever moved from the
 * journal into the log.
 */
#include "ledger/view.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#define TRIES      50
#define AGAIN      1 /* of a try: what was seen belongs to no one moment */
#define PAUSE_NSEC 1000000
#define KEPT_MAX   BUNDLE_MAX /* and a group's body is smaller */

_Static_assert(KEPT_MAX >= GROUP_BODY_MAX, "a group's body must fit");

/* --- opening -------------------------------------------------------------------------------- */

/* A published copy has no line: that is a void one. */
int tote__view_line(const struct view *v, struct line *ret, struct tote_fault *fault)
{
	const struct place *place = v->place;
	struct tote_fault before = *fault;
	char text[LOCK_LINE_MAX];
	uint64_t inode = 0;
	size_t len = 0;
	int r = TOTE_E_UNSUPPORTED;

	if (place->ops->capabilities & STORE_CAN_LOCK)
		r = place->ops->line_read(place->handle, text, sizeof(text), &len, &inode, fault);
	/* `lock` is for the writers: who may not read it knows no mark */
	if (r == TOTE_E_NOT_FOUND || r == TOTE_E_UNSUPPORTED ||
		(r < 0 && fault->sys_errno == EACCES)) {
		*fault = before;
		memset(ret, 0, sizeof(*ret));
		ret->state = LINE_VOID;
		return 0;
	}
	if (r < 0)
		return r;
	tote__line_parse(text, len, inode, ret);
	return 0;
}

static void drop_replay(struct view *v)
{
	if (v->replay.heap)
		tote__replay_free(&v->replay);
	memset(&v->replay, 0, sizeof(v->replay));
}

static int take_replay(struct view *v, const struct line *line, struct tote_fault *fault)
{
	uint64_t mark = line->state == LINE_VOID ? 0 : line->mark;

	drop_replay(v);
	return tote__replay(v->place, v->engine, mark, NULL, &v->replay, fault);
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Between the two readings somebody took over who trusts less than the first line promised. */
int tote__view_line_fell_back(
	const struct view *v, const struct line *first, const struct line *second)
{
	struct line self;

	if (first->state == LINE_VOID)
		return 0;
	if (second->state == LINE_VOID || second->mark < first->mark)
		return 1;
	tote__line_self(&self, &v->place->ctx->clock);
	return tote__line_same_boot(first, &self) && !tote__line_same_boot(second, &self);
}

/*
 * Whether all below the limit is there. Damage at or above the limit is not for a reader to judge;
 * what is wrong below the checkpoint's size, in files written once, is met when it is read.
 */
static int is_whole(const struct view *v)
{
	const struct replay *r = &v->replay;

	if (r->end < v->limit)
		return 0;
	if (!r->damaged)
		return 1;
	return r->have_checkpoint && (r->damaged_at < r->covered.size || r->damaged_at >= v->limit);
}

static int nothing_there(const struct view *v)
{
	const struct replay *r = &v->replay;

	return !r->have_checkpoint && !r->segment_count && !r->damaged;
}

static int not_there(const struct view *v, struct tote_fault *fault)
{
	return tote__fault(fault, TOTE_E_NOT_FOUND,
		"ledger of %s: there is neither a checkpoint nor a journal", v->place->location);
}

/*
 * FORMAT section 5: before its line is written, a repair may still be undone by a power cut; so an
 * entry `ledger.repaired` that is the last one is not used yet.
 */
int tote__view_hold_back_repair(struct view *v, struct tote_fault *fault)
{
	struct tote_fault unused;
	const uint8_t *bytes;
	struct entry e;
	size_t len;
	int r;

	if (v->limit <= v->replay.covered.size || v->limit < v->replay.end)
		return 0;
	r = tote__view_read(v, v->limit - 1, &bytes, &len, NULL, NULL, fault);
	if (r < 0)
		return r;
	if (!tote__entry_parse(bytes, len, &e, &unused) && tote__entry_is(&e, "ledger.repaired"))
		v->limit--;
	return 0;
}

/*
 * FORMAT section 5: a reader uses what lies below max(MARK, C). Where the line promises no more than
 * the checkpoint covers, that is the log alone: the journal is not looked at, and opening costs the
 * same however long the ledger and however full the journal. 1 opened, 0 the journal is needed.
 */
static int open_log_alone(struct view *v, struct tote_fault *fault)
{
	const struct tote_fault before = *fault;
	struct replay *replay = &v->replay;
	struct note note;
	int r;

	drop_replay(v);
	replay->heap = &v->place->ctx->heap;
	replay->cut = UINT64_MAX;
	tote__buf_init(&replay->note, replay->heap, NOTE_MAX);
	r = tote__logdir_checkpoint(&v->log, &replay->note, &note, &replay->covered, fault);
	if (r == TOTE_E_NOT_FOUND || r == TOTE_E_MALFORMED) { /* what that means, a replay says */
		*fault = before;
		return 0;
	}
	if (r < 0)
		return r;
	if (v->line.state != LINE_VOID && v->line.mark > replay->covered.size)
		return 0;
	replay->have_checkpoint = 1;
	replay->end = replay->covered.size;
	replay->highest = replay->covered.size;
	v->limit = replay->covered.size;
	return 1;
}

static int try_open(struct view *v, struct tote_fault *fault)
{
	const struct replay *replay = &v->replay;
	struct line second;
	int r;

	if ((r = tote__view_line(v, &v->line, fault)) < 0)
		return r;
	/* an audit asks of the journal too what nobody may use */
	if (!(v->flags & VIEW_UNCACHED) && (r = open_log_alone(v, fault)) != 0)
		return r < 0 ? r : 0;
	if ((r = take_replay(v, &v->line, fault)) < 0 ||
		(r = tote__view_line(v, &second, fault)) < 0)
		return r;
	v->limit = larger(v->line.state == LINE_VOID ? 0 : v->line.mark, replay->covered.size);
	if (tote__view_line_fell_back(v, &v->line, &second) || !is_whole(v))
		return AGAIN;
	if (nothing_there(v))
		return not_there(v, fault);
	return tote__view_hold_back_repair(v, fault);
}

static void wait_a_moment(void)
{
	struct timespec left = {0, PAUSE_NSEC};

	nanosleep(&left, NULL); /* cut short by a signal it is only one try more */
}

static int open_moving(struct view *v, struct tote_fault *fault)
{
	struct tote_fault before = *fault;

	for (int i = 0; i < TRIES; i++) {
		int r = try_open(v, fault);

		if (r != AGAIN && r != TOTE_E_BUSY)
			return r;
		*fault = before;
		v->kept_count = 0;
		wait_a_moment();
	}
	return tote__fault(fault, TOTE_E_BUSY,
		"ledger of %s: it did not hold still for a reader%s%s: try again, or open it for "
		"writing, which settles what was left",
		v->place->location, v->replay.damaged ? "; last seen: " : "",
		v->replay.damaged ? v->replay.why.text : "");
}

/* Told that nobody writes: all that the replay gives, and its damage is damage. */
static int open_still(struct view *v, struct tote_fault *fault)
{
	uint64_t promised;
	int r;

	if ((r = tote__view_line(v, &v->line, fault)) < 0 ||
		(r = take_replay(v, &v->line, fault)) < 0)
		return r;
	if (nothing_there(v))
		return not_there(v, fault);
	promised = larger(v->line.state == LINE_VOID ? 0 : v->line.mark, v->replay.covered.size);
	v->limit = v->replay.end;
	v->above_mark = v->limit > promised ? v->limit - promised : 0;
	return 0;
}

int tote__view_open(
	struct view *v, const struct place *place, uint32_t flags, struct tote_fault *fault)
{
	int r;

	memset(v, 0, sizeof(*v));
	v->place = place;
	v->engine = tote__hasher(place->ctx);
	v->flags = flags;
	tote__buf_init(&v->kept, &place->ctx->heap, KEPT_MAX);
	tote__logdir_init(&v->log, place, flags & VIEW_UNCACHED ? STORE_UNCACHED : 0);
	r = flags & VIEW_NOBODY_WRITES ? open_still(v, fault) : open_moving(v, fault);
	if (r < 0)
		tote__view_close(v);
	return r;
}

void tote__view_of(struct view *v, const struct place *place, struct replay *replay)
{
	memset(v, 0, sizeof(*v));
	v->place = place;
	v->engine = tote__hasher(place->ctx);
	tote__buf_init(&v->kept, &place->ctx->heap, KEPT_MAX);
	tote__logdir_init(&v->log, place, 0);
	v->replay = *replay;
	memset(replay, 0, sizeof(*replay));
	v->limit = v->replay.end;
}

void tote__view_close(struct view *v)
{
	if (!v->place)
		return;
	drop_replay(v);
	tote__heap_free(&v->place->ctx->heap, v->tree);
	tote__heap_free(&v->place->ctx->heap, v->kept_leaf);
	tote__heap_free(&v->place->ctx->heap, v->kept_at);
	tote__buf_free(&v->kept);
	memset(v, 0, sizeof(*v));
}
