/* SPDX-License-Identifier: ISC */
/*
 * Appends that arrive together: the thread that is first takes byte 0 and packs the requests of all
 * who wait into one group with one sync; those that come meanwhile are the next group.
 */
#include "ledger/ledger_impl.h"
#include <inttypes.h>
#include <sched.h>
#include <string.h>

#define GATHER_LOOKS 4

/* The requests of one group. */
struct batch {
	struct waiter *first, **last;
	struct waiter *put_off; /* taken, but it must come first in the next group */
	size_t members;
	int closed;
};

static int conflict(struct ledger *l, const struct request *q, struct tote_fault *fault)
{
	tote__fault(fault, TOTE_E_CONFLICT,
		"ledger %s: entry %" PRIu64 " was expected to be new or this one; the next is "
		"%" PRIu64,
		l->origin, q->expected, l->now.end);
	tote__fault_set_seq(fault, l->now.end);
	return TOTE_E_CONFLICT;
}

enum { COMPARE_DIFFERS = 1 };

struct comparing {
	const struct draft *drafts;
	size_t next;
};

static int compare_each(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN],
	int verified, struct tote_fault *fault)
{
	struct comparing *c = user;

	(void)leaf;
	(void)verified;
	(void)fault;
	return tote__entry_is_draft(e, &c->drafts[c->next++]) ? 0 : COMPARE_DIFFERS;
}

/* The expected seq is taken: 0 where by these very entries. */
static int compare(struct ledger *l, const struct request *q, struct tote_fault *fault)
{
	struct comparing c = {.drafts = q->drafts};
	int r;

	if (q->count > l->now.end - q->expected)
		return conflict(l, q, fault);
	r = tote__ledger_scan(l, q->expected, q->expected + q->count, compare_each, &c, fault);
	return r > 0 ? conflict(l, q, fault) : r;
}

static int admit_all(struct ledger *l, const struct request *q, struct tote_fault *fault)
{
	int r = 0;

	for (size_t i = 0; !r && l->hooks.admit && i < q->count; i++)
		r = l->hooks.admit(l->hooks.user, &q->drafts[i], fault);
	return r;
}

/* Staged (or found to be there already): 0; 1: only in the next group can this be said. */
static int stage_request(struct ledger *l, struct batch *b, struct request *q)
{
	struct tote_fault *fault = q->fault;
	uint64_t next = l->stage.first + l->stage.count;
	int r;

	/* what only the room above knows of states is exact for the first of a group alone */
	if (b->closed || (!q->host && l->stage.count))
		return 1;
	if (q->expected != LEDGER_SEQ_ANY && q->expected != next) {
		if (q->expected < next && l->stage.count)
			return 1;
		q->first = q->expected;
		return q->expected > next ? conflict(l, q, fault) : compare(l, q, fault);
	}
	r = tote__check_room(l, fault);
	if (!r)
		r = admit_all(l, q, fault);
	if (!r)
		r = tote__stage_add(l, q->drafts, q->count, fault);
	q->first = next;
	b->closed = !r && !q->host;
	return r;
}

static void batch_add(struct ledger *l, struct batch *b, struct waiter *w)
{
	struct request *q = w->request;
	int r = stage_request(l, b, q);

	if (r == 1) {
		b->put_off = w;
		return;
	}
	q->result = r;
	w->next = NULL;
	*b->last = w;
	b->last = &w->next;
}

/* Whether this request is part of what was staged, so that its fate is the group's. */
static int is_staged(const struct ledger *l, const struct request *q)
{
	return q->result == 0 && q->first >= l->stage.first;
}

static void batch_answer(struct ledger *l, struct batch *b, int r, const struct tote_fault *why,
	const struct waiter *own)
{
	struct waiter *w = b->first;

	while (w) {
		struct waiter *after = w->next;
		struct request *q = w->request;

		if (r < 0 && is_staged(l, q)) {
			q->result = r;
			*q->fault = *why;
		}
		if (w != own)
			tote__slot_done(w); /* from here on it may be gone */
		w = after;
	}
}

/*
 * Who waits and fits. Threads that were answered with the last group are mostly on their way back:
 * as long as it had more members than this one, they are let run a few times before the group is
 * written without them.
 */
static struct waiter *next_member(struct ledger *l, const struct batch *b)
{
	size_t room = GROUP_BODY_MAX - l->stage.body.len;
	struct waiter *w = tote__slot_next_request(l, room);

	for (int looks = 0; !w && b->members < l->company && looks < GATHER_LOOKS; looks++) {
		sched_yield();
		w = tote__slot_next_request(l, room);
	}
	return w;
}

/*
 * One group: what was put off, then our own, then all who wait and still fit. Gives what is put
 * off now.
 */
static struct waiter *run_batch(struct ledger *l, struct waiter *begin, const struct waiter *own)
{
	struct batch b = {.last = &b.first};
	struct tote_fault fault;
	struct waiter *w = begin;
	int r;

	memset(&fault, 0, sizeof(fault));
	tote__stage_begin(l);
	while (w) {
		batch_add(l, &b, w);
		if (b.put_off)
			break;
		b.members++;
		w = next_member(l, &b);
	}
	l->company = b.members;
	r = tote__commit(l, !b.put_off, &fault);
	batch_answer(l, &b, r, &fault, own);
	return b.put_off;
}

/* Whether the room above has seen what was committed: else it cannot say what it admits. */
static int knows_all(struct ledger *l, struct request *q)
{
	int r = tote__observe_rest(l, q->fault);

	if (r > 0)
		r = tote__fault(q->fault, TOTE_E_IO, "ledger %s: a hook failed", l->origin);
	q->result = r;
	return !r;
}

/* What was put off when the handle was poisoned, or when what is known is not exact any more. */
static void refuse(struct ledger *l, struct waiter *w)
{
	struct request *q = w->request;

	if (l->poisoned)
		q->result = tote__fault(q->fault, TOTE_E_POISONED,
			"ledger %s: an earlier write failed and may be half done; recover the "
			"handle, or open it again",
			l->origin);
	tote__slot_done(w);
}

static int lead(struct ledger *l, struct waiter *own, int64_t until)
{
	struct waiter *next = own;
	int r = tote__writer_take(l, until, 0, own->request->fault);

	if (r < 0) {
		tote__slot_give(l);
		return r;
	}
	while (next && !l->poisoned) {
		next = run_batch(l, next, own);
		if (next && !l->poisoned && !knows_all(l, next->request))
			break;
	}
	if (next)
		refuse(l, next);
	tote__writer_leave(l);
	tote__slot_give(l);
	tote__ledger_fold_if_large(l);
	return own->request->result;
}

int tote__ledger_append(struct ledger *l, const struct draft *drafts, size_t count,
	uint64_t expected, int host, uint64_t *ret_first, struct tote_fault *fault)
{
	struct request q = {.drafts = drafts,
		.count = count,
		.expected = expected,
		.host = host,
		.fault = fault};
	struct waiter w = {.request = &q};
	int64_t until = tote__wait_until(l);
	int r = tote__stage_check(l, drafts, count, host, &q.bound, fault);

	if (r < 0)
		return r;
	r = tote__slot_take(l, &w, until, fault);
	if (r < 0)
		return r;
	r = r ? lead(l, &w, until) : q.result;
	if (r < 0)
		return r;
	*ret_first = q.first;
	tote__fault_clear(fault);
	return 0;
}
