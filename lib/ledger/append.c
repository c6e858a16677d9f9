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
	const struct ledger *ledger;
	struct waiter *first, **last;
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

/*
 * Whether a request that waits can be answered with this group: only for the first of one what the
 * room above knows of states is exact, and only then what is expected to be there can be compared.
 */
static int fits(const void *user, const struct request *q)
{
	const struct batch *b = user;
	const struct stage *s = &b->ledger->stage;

	if (!s->count)
		return 1;
	if (b->closed || !q->host || q->expected < s->first + s->count)
		return 0;
	return q->bound <= GROUP_BODY_MAX - s->body.len;
}

/* Staged, or found to be there already. */
static int stage_request(struct ledger *l, struct batch *b, struct request *q)
{
	struct tote_fault *fault = q->fault;
	int r;

	q->first = l->stage.first + l->stage.count;
	if (q->expected != LEDGER_SEQ_ANY && q->expected != q->first) {
		if (q->expected > q->first)
			return conflict(l, q, fault);
		q->first = q->expected;
		return compare(l, q, fault);
	}
	r = tote__check_room(l, fault);
	if (!r)
		r = admit_all(l, q, fault);
	if (!r)
		r = tote__stage_add(l, q->drafts, q->count, fault);
	b->closed = !r && !q->host;
	return r;
}

static void batch_add(struct ledger *l, struct batch *b, struct waiter *w)
{
	w->request->result = stage_request(l, b, w->request);
	w->next = NULL;
	*b->last = w;
	b->last = &w->next;
	b->members++;
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
	struct waiter *w = tote__slot_next_request(l, fits, b);

	for (int looks = 0; !w && b->members < l->company && looks < GATHER_LOOKS; looks++) {
		sched_yield();
		w = tote__slot_next_request(l, fits, b);
	}
	return w;
}

/* One group: our own, then all who wait and still fit. */
static void run_batch(struct ledger *l, struct waiter *own)
{
	struct batch b = {.ledger = l, .last = &b.first};
	struct tote_fault fault;
	int r;

	memset(&fault, 0, sizeof(fault));
	tote__stage_begin(l);
	for (struct waiter *w = own; w; w = next_member(l, &b))
		batch_add(l, &b, w);
	l->company = b.members;
	r = tote__commit(l, 1, &fault);
	batch_answer(l, &b, r, &fault, own);
}

/* One group and no more: who does not fit into it leads the next, and other processes come between. */
static int lead(struct ledger *l, struct waiter *own, int64_t until)
{
	int r = tote__writer_take(l, until, 0, own->request->fault);

	if (r < 0) {
		tote__slot_give(l);
		return r;
	}
	run_batch(l, own);
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
