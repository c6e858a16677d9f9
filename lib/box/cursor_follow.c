/* SPDX-License-Identifier: ISC */
/*
 * A cursor at the tail: what came since is taken up without the lock, and what was given before
 * must still be there, under a checkpoint that extends the one before.
 */
#include "box/cursor.h"
#include "ledger/follow.h"
#include <inttypes.h>
#include <string.h>
#include <time.h>

#define NAP_FIRST_US 1000
#define NAP_MOST_US  50000 /* so a follower costs twenty small reads a second at most */

static int changed(uint64_t seq, struct tote_fault *fault)
{
	tote__fault(fault, TOTE_E_FORK,
		"entry %" PRIu64
		" is another than the one that was read: the ledger was repaired or replaced "
		"behind this cursor; read again from an entry that you trust",
		seq);
	tote__fault_set_seq(fault, seq);
	return TOTE_E_FORK;
}

static int shortened(const struct tote_cursor *c, struct tote_fault *fault)
{
	tote__fault(fault, TOTE_E_ROLLBACK,
		"entry %" PRIu64 " was read and is gone: the ledger ends at %" PRIu64, c->next - 1,
		c->view.limit);
	tote__fault_set_seq(fault, c->next - 1);
	return TOTE_E_ROLLBACK;
}

/* That the entry given last is still the one before `next`; the chain speaks for all before it. */
static int prove_last(struct tote_cursor *c, struct tote_fault *fault)
{
	const uint8_t *bytes;
	uint8_t leaf[HASH_LEN];
	size_t len;
	int rc;

	if (!c->unproven || !c->have_leaf) {
		c->unproven = 0;
		return 0;
	}
	if (c->view.limit < c->next) /* after a void line less is used until somebody took over */
		return c->view.line.state == LINE_VOID ? 0 : shortened(c, fault);
	rc = tote__view_read(&c->view, c->next - 1, &bytes, &len, leaf, NULL, fault);
	if (rc < 0)
		return rc;
	if (!tote__hash_equal(leaf, c->leaf))
		return changed(c->next - 1, fault);
	c->unproven = 0;
	return 0;
}

int tote__cursor_renew(struct tote_cursor *c, struct tote_fault *fault)
{
	int rc;

	tote__view_close(&c->view);
	c->unproven = 1;
	rc = tote__box_view_part(c->call.box, 0, &c->view, fault);
	if (rc < 0)
		return rc;
	rc = tote__view_check_extends(&c->view, &c->covered, fault);
	if (rc == 0)
		rc = prove_last(c, fault);
	if (rc < 0)
		tote__view_close(&c->view);
	return rc;
}

int tote__cursor_look_again(struct tote_cursor *c, struct tote_fault *fault)
{
	int rc = c->view.place ? tote__view_extend(&c->view, fault) : VIEW_STALE;

	if (rc == VIEW_STALE)
		rc = tote__cursor_renew(c, fault);
	else if (rc >= 0)
		rc = prove_last(c, fault);
	if (rc < 0)
		return rc;
	c->covered = c->view.replay.covered;
	return !c->unproven && c->next < c->view.limit;
}

/* --- waiting -------------------------------------------------------------------------------- */

static void nap(int64_t us)
{
	struct timespec left = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};

	nanosleep(&left, NULL); /* cut short by a signal it is only one look more */
}

static int wait_until(struct tote_cursor *c, int64_t timeout_us, struct tote_fault *fault)
{
	int64_t until, now, pause = NAP_FIRST_US;
	struct clock_source clock;
	int rc;

	tote__clock_init(&clock, NULL); /* the system's: what is waited for is real */
	now = tote__clock_monotonic(&clock);
	until = timeout_us > INT64_MAX - now ? INT64_MAX : now + timeout_us;
	for (;;) {
		rc = tote__cursor_look_again(c, fault);
		if (rc == TOTE_E_BUSY) /* it does not hold still: that is not the end of waiting */
			rc = 0;
		now = tote__clock_monotonic(&clock);
		if (rc != 0 || now >= until)
			return rc;
		nap(pause < until - now ? pause : until - now);
		pause = 2 * pause < NAP_MOST_US ? 2 * pause : NAP_MOST_US;
	}
}

int tote_cursor_wait(tote_cursor *cursor, int64_t timeout_us, struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	if (!cursor)
		return tote__fault(fault, TOTE_E_ARGUMENT, "the cursor is NULL");
	if (!(cursor->flags & TOTE_CURSOR_FOLLOW))
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"cursor: only one that was opened with TOTE_CURSOR_FOLLOW waits");
	rc = tote__one_call_begin(&cursor->call, fault);
	if (rc < 0)
		return rc;
	rc = cursor->next < cursor->view.limit && !cursor->unproven
		     ? 1
		     : wait_until(cursor, timeout_us > 0 ? timeout_us : 0, fault);
	return tote__one_call_end(&cursor->call, rc, fault);
}
