/* SPDX-License-Identifier: ISC */
/*
 * Byte 0 (FORMAT section 5: locks, line, takeover): who holds it knows exactly what the ledger
 * holds, and that all of it is on the disk, before anything is promised on the strength of it.
 */
#include "ledger/ledger_impl.h"
#include "base/text.h"
#include <inttypes.h>
#include <string.h>

/* --- the line ------------------------------------------------------------------------------- */

int tote__writer_line(struct ledger *l, int state, struct tote_fault *fault)
{
	char text[LOCK_LINE_MAX];
	size_t len;
	int r;

	l->left_len = 0;
	l->line.state = state;
	l->line.mark = l->now.end;
	r = tote__line_format(&l->line, text, &len, fault);
	if (!r)
		r = l->ops->line_write(l->place->handle, text, len, fault);
	if (r < 0)
		return tote__fault_wrap(fault, "ledger %s: lock line", l->origin);
	if (state == LINE_IDLE) {
		memcpy(l->left, text, len);
		l->left_len = len;
	}
	return 0;
}

int tote__writer_mark(struct ledger *l, int last, struct tote_fault *fault)
{
	int idle = last && !l->seal_open && !l->settling;

	return tote__writer_line(l, idle ? LINE_IDLE : LINE_BUSY, fault);
}

/*
 * 1 where it is the very line that we left, byte for byte: whoever takes byte 0 writes another, with
 * his own pid and time, so nobody has held it in between, and what we know is exact.
 */
static int is_left_by_us(const struct ledger *l, const char *text, size_t len, uint64_t inode)
{
	return l->left_len && len == l->left_len && memcmp(text, l->left, len) == 0 &&
	       inode == l->line.inode;
}

static int read_line(
	struct ledger *l, struct line *ret, int *ret_undisturbed, struct tote_fault *fault)
{
	char text[LOCK_LINE_MAX];
	uint64_t inode;
	size_t len;
	int r = l->ops->line_read(l->place->handle, text, sizeof(text), &len, &inode, fault);

	if (r < 0)
		return tote__fault_wrap(fault, "ledger %s: lock line", l->origin);
	*ret_undisturbed = is_left_by_us(l, text, len, inode);
	if (*ret_undisturbed) {
		*ret = l->line;
		ret->state = LINE_IDLE;
	} else {
		tote__line_parse(text, len, inode, ret);
	}
	l->line.inode = inode;
	l->line.since_us = tote__clock_wall(&l->ctx->clock);
	return 0;
}

int tote__writer_busy(struct ledger *l, struct tote_fault *fault)
{
	struct tote_fault unused;
	char text[LOCK_LINE_MAX], since[TIME_LEN + 1];
	struct line line;
	uint64_t inode;
	size_t len;

	memset(&line, 0, sizeof(line));
	if (l->ops->line_read(l->place->handle, text, sizeof(text), &len, &inode, &unused) == 0)
		tote__line_parse(text, len, inode, &line);
	if (line.state == LINE_VOID || tote__time_format(line.since_us, since, &unused) < 0)
		return tote__fault(fault, TOTE_E_BUSY,
			"ledger %s is locked by another process; try again", l->origin);
	return tote__fault(fault, TOTE_E_BUSY,
		"ledger %s is locked, last taken by process %" PRIu64 " on %s at %s; try again",
		l->origin, line.pid, line.host[0] ? line.host : "an unknown host", since);
}

/* --- what the disk holds -------------------------------------------------------------------- */

/* Whether this replay may be built upon at all. */
static int judge(struct ledger *l, struct tote_fault *fault)
{
	if (l->now.damaged) {
		*fault = l->now.why;
		tote__fault_wrap(fault,
			"ledger %s is damaged and takes no entries (nothing was cut off: restore "
			"it from a copy, or repair it)",
			l->origin);
	} else if (l->now.read_only) {
		tote__fault(fault, TOTE_E_READ_ONLY,
			"ledger %s holds entries or segments of a later version of the format; it "
			"can only be read here",
			l->origin);
	} else if (l->now.have_checkpoint && strcmp(l->now.covered.origin, l->origin) != 0) {
		tote__fault(fault, TOTE_E_UNTRUSTED,
			"ledger %s: the checkpoint in place is of %s, so nothing is appended; put "
			"back its own, from a copy or from the last one signed",
			l->origin, l->now.covered.origin);
	} else {
		return 0;
	}
	l->known = 0;
	return fault->code;
}

static int replay(struct ledger *l, uint64_t mark, struct tote_fault *fault)
{
	int r;

	l->known = 0;
	tote__segfile_close(&l->tail);
	tote__replay_free(&l->now);
	r = tote__replay(l->place, l->engine, mark, l->genesis, &l->now, fault);
	if (r < 0)
		return tote__fault_wrap(fault, "ledger %s", l->origin);
	if ((r = judge(l, fault)) < 0)
		return r;
	if (l->now.segment_count) {
		uint64_t newest = l->now.segments[l->now.segment_count - 1];

		if ((r = tote__segfile_open(&l->tail, l->place, newest, fault)) < 0)
			return r;
	}
	tote__now_count(l);
	l->known = 1;
	return tote__observe_check(l, fault);
}

/* The group at the place where the next one would go: 1 taken, 0 none, 2 one that does not fit. */
static int read_on_group(struct ledger *l, uint64_t mark, struct tote_fault *fault)
{
	uint8_t prev[HASH_LEN];
	struct group g;
	int r = tote__segfile_group(
		&l->tail, l->now.next_offset, l->engine, &g, &l->body, prev, fault);

	if (r <= 0)
		return r;
	if (g.first_seq != l->now.end || memcmp(prev, l->now.last_leaf, HASH_LEN) != 0 ||
		tote__group_has_unknown(&g, l->body.data))
		return 2;
	r = tote__now_accept(l, &g, l->tail.name, l->now.next_offset, fault);
	if (r < 0)
		return r;
	if (l->now.end <= mark) /* what lies above may not be on the disk yet: a takeover's */
		tote__observe_group(l, &g, &l->body);
	return 1;
}

/* The segment named by the next seq, where there is one. Same answers. */
static int read_on_segment(struct ledger *l, struct tote_fault *fault)
{
	struct segfile next;
	int r;

	if (l->tail.name == l->now.end)
		return 0;
	r = tote__segfile_open(&next, l->place, l->now.end, fault);
	if (r == TOTE_E_NOT_FOUND)
		return 0;
	if (r < 0)
		return r;
	if (next.state != SEGFILE_GOOD ||
		memcmp(next.header.prev, l->now.last_leaf, HASH_LEN) != 0) {
		tote__segfile_close(&next);
		return 2;
	}
	tote__segfile_close(&l->tail);
	l->tail = next;
	l->now.next_offset = JOURNAL_BLOCK;
	return 1;
}

/* 0: read to the end; 2: what lies there only a replay can judge. */
static int read_on(struct ledger *l, uint64_t mark, struct tote_fault *fault)
{
	int r;

	do {
		r = read_on_group(l, mark, fault);
		if (!r)
			r = read_on_segment(l, fault);
	} while (r == 1);
	if (r)
		return r;
	return tote__segfile_size(&l->tail, fault);
}

/*
 * After `idle` of this boot: reads what others have appended since. Where nobody has held byte 0 in
 * between there is nothing: all that is left to see is that our segment is still there.
 */
static int come_up(struct ledger *l, uint64_t mark, int undisturbed, struct tote_fault *fault)
{
	int r = 0;

	if (!l->known || !l->tail.handle ||
		!l->ops->journal_is_current(l->place->handle, l->tail.name, l->tail.handle))
		return replay(l, mark, fault);
	if (!undisturbed)
		r = read_on(l, mark, fault);
	return r == 2 ? replay(l, mark, fault) : r;
}

/* --- takeover ------------------------------------------------------------------------------- */

static int rewrite_group(struct ledger *l, const struct segfile *f, const struct group_place *at,
	struct tote_fault *fault)
{
	size_t size = (size_t)tote__group_bytes(&at->group), len;
	int r;

	tote__buf_reset(&l->bytes);
	tote__buf_put_zeros(&l->bytes, size);
	if ((r = tote__buf_check(&l->bytes, "a group", fault)) < 0)
		return r;
	r = tote__segfile_read(f, at->offset, l->bytes.data, size, &len, fault);
	if (r < 0)
		return r;
	return l->ops->journal_write(f->handle, at->offset, l->bytes.data, len, fault);
}

/*
 * Writes groups again byte for byte and syncs: a sync that failed elsewhere leaves clean pages
 * behind that are not on the disk. What the checkpoint covers was synced before it was folded.
 */
static int rewrite(struct ledger *l, uint64_t from, struct tote_fault *fault)
{
	struct segfile f = {.handle = NULL};
	int r = 0;

	for (size_t i = 0; !r && i < l->now.group_count; i++) {
		const struct group_place *at = &l->now.groups[i];

		if (at->group.first_seq + at->group.count <= from)
			continue;
		if (f.handle && f.name != at->segment) {
			r = l->ops->journal_sync(f.handle, fault);
			tote__segfile_close(&f);
		}
		if (!r && !f.handle)
			r = tote__segfile_open(&f, l->place, at->segment, fault);
		if (!r)
			r = rewrite_group(l, &f, at, fault);
	}
	if (!r && f.handle)
		r = l->ops->journal_sync(f.handle, fault);
	tote__segfile_close(&f);
	return r;
}

/* The bytes of the last entry, for the one question whether a repair was the last word. */
static int note_repair(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN],
	int verified, struct tote_fault *fault)
{
	(void)leaf;
	(void)verified;
	(void)fault;
	*(int *)user = tote__entry_is(e, "ledger.repaired");
	return 0;
}

/* A takeover whose last entry is ledger.repaired syncs its own line too. */
static int sync_line_of_repair(struct ledger *l, struct tote_fault *fault)
{
	int repaired = 0, r = 0;

	if (l->now.end)
		r = tote__ledger_scan(l, l->now.end - 1, l->now.end, note_repair, &repaired, fault);
	if (!r && repaired)
		r = l->ops->line_sync(l->place->handle, fault);
	return r;
}

/* The journal is exact by now, so that what settles may be written even while we are poisoned. */
static int settle(struct ledger *l, struct tote_fault *fault)
{
	int poisoned = l->poisoned, r = tote__observe_rest(l, fault);

	if (r || !l->hooks.settle)
		return r;
	l->poisoned = 0;
	l->settling = 1;
	r = l->hooks.settle(l->hooks.user, l, l->now.covered.size, fault);
	l->settling = 0;
	if (r)
		l->poisoned |= poisoned;
	return r;
}

/*
 * Names that dead writers left go first: where a link and an unlink have to do for a rename, one of
 * them may be a second link of the very segment that is to be replayed.
 */
static int sync_names(struct ledger *l, struct tote_fault *fault)
{
	int r = l->ops->sweep ? l->ops->sweep(l->place->handle, fault) : 0;

	return r ? r : l->ops->journal_sync_names(l->place->handle, fault);
}

static int replay_and_rewrite(struct ledger *l, const struct line *line, struct tote_fault *fault)
{
	int is_void = line->state == LINE_VOID;
	int r = replay(l, is_void ? 0 : line->mark, fault);

	return r ? r : rewrite(l, is_void ? l->now.covered.size : line->mark, fault);
}

static int takeover(struct ledger *l, const struct line *line, struct tote_fault *fault)
{
	int r;

	l->suspect = 1;
	if ((r = sync_names(l, fault)) < 0)
		return r;
	r = replay_and_rewrite(l, line, fault);
	/*
	 * A fold that had its bound before byte 0 was ours published and took a segment away. There
	 * is no second one: its bound would have to wait for us.
	 */
	if (r == TOTE_E_NOT_FOUND)
		r = replay_and_rewrite(l, line, fault);
	if (!r)
		r = tote__writer_line(l, LINE_BUSY, fault);
	if (!r)
		r = sync_line_of_repair(l, fault);
	if (!r)
		r = settle(l, fault);
	if (r)
		return r;
	l->suspect = 0;
	l->poisoned = 0;
	return 0;
}

/* --- taking and letting go ------------------------------------------------------------------ */

int tote__writer_lock(struct ledger *l, int64_t until, struct tote_fault *fault)
{
	int r = l->ops->lock_take(
		l->place->handle, LOCK_BYTE_WRITE, tote__wait_left(l, until), fault);

	if (r < 0)
		return r == TOTE_E_BUSY ? tote__writer_busy(l, fault) : r;
	if ((r = l->ops->lock_is_current(l->place->handle, fault)) == 1)
		return 0;
	l->ops->lock_drop(l->place->handle, LOCK_BYTE_WRITE);
	if (r < 0)
		return tote__fault_wrap(fault, "ledger %s", l->origin);
	return tote__fault(fault, TOTE_E_UNTRUSTED,
		"ledger %s: the file `lock` was replaced while it was held; find out by whom, and "
		"open the ledger again",
		l->origin);
}

static int prepare(struct ledger *l, int recover, struct tote_fault *fault)
{
	struct line line;
	int undisturbed = 0, clean;
	int r = read_line(l, &line, &undisturbed, fault);

	if (r < 0)
		return r;
	clean = line.state == LINE_IDLE && tote__line_same_boot(&line, &l->line) && !l->suspect &&
		!recover;
	if (clean) {
		if ((r = come_up(l, line.mark, undisturbed, fault)) < 0)
			return r;
		clean = l->now.end == line.mark;
	}
	if (!clean)
		return takeover(l, &line, fault);
	if ((r = tote__writer_line(l, LINE_BUSY, fault)) < 0) {
		l->suspect = 1; /* promises nothing: byte 0 is let go as it is */
		return r;
	}
	return tote__observe_rest(l, fault);
}

int tote__writer_take(struct ledger *l, int64_t until, int recover, struct tote_fault *fault)
{
	int r;

	if (l->poisoned && !recover)
		return tote__fault(fault, TOTE_E_POISONED,
			"ledger %s: an earlier write failed and may be half done; recover the "
			"handle, or open it again",
			l->origin);
	if ((r = tote__writer_lock(l, until, fault)) < 0)
		return r;
	l->holding = 1;
	l->seal_open = 0;
	l->line.state = LINE_VOID; /* none of this hold's is written yet */
	r = prepare(l, recover, fault);
	if (r) {
		tote__writer_leave(l);
		return r < 0 ? r
			     : tote__fault(fault, TOTE_E_IO, "ledger %s: a hook failed", l->origin);
	}
	tote__fault_clear(fault);
	return 0;
}

void tote__writer_leave(struct ledger *l)
{
	struct tote_fault unused;

	/*
	 * A line that cannot be written is void or busy: the next holder takes over. Who did not get
	 * as far as `busy` may know less than the line says, and leaves it as it is.
	 */
	if (l->line.state == LINE_BUSY && !l->suspect && !l->poisoned && !l->seal_open && l->known)
		tote__writer_line(l, LINE_IDLE, &unused);
	tote__now_publish_info(l);
	l->seal_open = 0;
	l->holding = 0;
	l->ops->lock_drop(l->place->handle, LOCK_BYTE_WRITE);
}

void tote__writer_poison(struct ledger *l)
{
	l->poisoned = 1;
	l->suspect = 1;
}

/* --- for the rooms above -------------------------------------------------------------------- */

static int hold(struct ledger *l, int recover, struct tote_fault *fault)
{
	struct waiter w = {.request = NULL};
	int64_t until = tote__wait_until(l);
	int r = tote__slot_take(l, &w, until, fault);

	if (r < 0)
		return r;
	r = tote__writer_take(l, until, recover, fault);
	if (r < 0)
		tote__slot_give(l);
	return r;
}

int tote__ledger_hold(struct ledger *l, struct tote_fault *fault)
{
	return hold(l, 0, fault);
}

int tote__ledger_recover(struct ledger *l, struct tote_fault *fault)
{
	int r = hold(l, 1, fault);

	if (!r)
		tote__ledger_release(l);
	return r;
}

void tote__ledger_release(struct ledger *l)
{
	tote__writer_leave(l);
	tote__slot_give(l);
}

uint64_t tote__ledger_next(const struct ledger *l)
{
	return l->now.end;
}

void tote__ledger_open_seal(struct ledger *l, int open)
{
	l->seal_open = open;
}

void tote__ledger_poison(struct ledger *l)
{
	tote__writer_poison(l);
}
