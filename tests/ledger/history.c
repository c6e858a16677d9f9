/* SPDX-License-Identifier: ISC */
/*
 * Random histories: several writers of one ledger, each operation of which may fail, lose what was
 * not synced, or be the last that its process does. Nothing acknowledged is ever missing.
 */
#include "support/ledger_fixture.h"
#include "support/store_faults.h"

#define WRITERS   3
#define HISTORIES 60
#define STEPS     60

struct writer {
	struct place place;
	struct faults faults;
	struct ledger *ledger;
};

struct history {
	struct fixture f;
	struct writer writer[WRITERS];
	uint64_t random;
	uint64_t number;                  /* of the next record */
	uint64_t acknowledged[4 * STEPS]; /* by seq: its number, 0 where not said */
	uint64_t last;                    /* above the highest acknowledged seq */
	long acknowledgements, faults;
};

/* xorshift64: the same histories every time */
static uint32_t pick(struct history *h, uint32_t below)
{
	h->random ^= h->random << 13;
	h->random ^= h->random >> 7;
	h->random ^= h->random << 17;
	return (uint32_t)(h->random >> 11) % below;
}

static void writer_open(struct history *h, struct writer *w)
{
	struct ledger_options o = h->f.options;
	struct tote_fault fault;

	memset(&fault, 0, sizeof(fault));
	ck_ok(tote__place_open(h->f.ctx, h->f.backend, h->f.location, LAYOUT_CONTAINER, 0,
		      &w->place, &fault),
		fault);
	faults_make(&w->faults, &w->place);
	o.place = &w->faults.place;
	o.fold_bytes = 60000;
	ck_ok(tote__ledger_open(&o, &w->ledger, &fault), fault);
}

static void writer_close(struct writer *w)
{
	tote__ledger_close(w->ledger);
	tote__place_close(&w->place);
}

static void acknowledge(struct history *h, uint64_t seq, uint64_t number)
{
	ck_assert_uint_lt(seq, sizeof(h->acknowledged) / sizeof(h->acknowledged[0]));
	ck_assert_msg(!h->acknowledged[seq], "seq %d was acknowledged twice", (int)seq);
	h->acknowledged[seq] = number;
	h->acknowledgements++;
	if (seq >= h->last)
		h->last = seq + 1;
}

static int append_some(struct history *h, struct writer *w)
{
	struct numbered n[3];
	struct draft drafts[3] = {{.kind = NULL}};
	size_t count = 1 + pick(h, 3);
	struct tote_fault fault;
	uint64_t first;
	int r;

	for (size_t i = 0; i < count; i++) {
		numbered_draft(&n[i], h->number + i);
		drafts[i] = n[i].draft;
	}
	memset(&fault, 0, sizeof(fault));
	r = tote__ledger_append(w->ledger, drafts, count, LEDGER_SEQ_ANY, 1, &first, &fault);
	for (size_t i = 0; r == 0 && i < count; i++)
		acknowledge(h, first + i, h->number + i);
	h->number += count;
	ck_assert_msg(r != TOTE_E_DAMAGED, "false damage: %s", fault.text);
	return r;
}

static int act(struct history *h, struct writer *w)
{
	struct tote_fault fault;
	struct checkpoint c;
	int r;

	if (pick(h, 4))
		return append_some(h, w);
	memset(&fault, 0, sizeof(fault));
	r = tote__ledger_fold(w->ledger, &c, NULL, &fault);
	ck_assert_msg(r != TOTE_E_DAMAGED && r != TOTE_E_FORK && r != TOTE_E_ROLLBACK,
		"false alarm: %s", fault.text);
	return r;
}

/* After a failure a process goes on by recovering, or by being another one. */
static void go_on(struct history *h, struct writer *w, int killed)
{
	struct tote_fault fault;

	memset(&fault, 0, sizeof(fault));
	if (!killed && pick(h, 2)) {
		ck_ok(tote__ledger_recover(w->ledger, &fault), fault);
		return;
	}
	writer_close(w);
	writer_open(h, w);
}

static void check(struct history *h, struct writer *w)
{
	struct tote_fault fault;
	uint64_t next;

	memset(&fault, 0, sizeof(fault));
	ck_ok(tote__ledger_hold(w->ledger, &fault), fault);
	next = tote__ledger_next(w->ledger);
	ck_assert_msg(
		next >= h->last, "%d entries, but %d were acknowledged", (int)next, (int)h->last);
	for (uint64_t i = 0; i < h->last; i++) {
		if (h->acknowledged[i])
			ledger_holds_number(w->ledger, i, h->acknowledged[i]);
	}
	tote__ledger_release(w->ledger);
	ledger_is_whole(w->ledger, next);
}

static void step(struct history *h)
{
	static const int modes[] = {FAULT_ONCE, FAULT_FROM, FAULT_REPORTED};
	struct writer *w = &h->writer[pick(h, WRITERS)];
	int faulty = pick(h, 3) == 0, mode = modes[pick(h, 3)], r;

	if (!faulty) {
		struct tote_fault fault;

		memset(&fault, 0, sizeof(fault));
		r = act(h, w);
		ck_assert_msg(r == 0, "%s", tote_error_name(r));
		return;
	}
	w->faults.lose = pick(h, 3) ? pick(h, UINT32_MAX) : pick(h, 2) ? UINT32_MAX : 0;
	faults_arm(&w->faults, mode, pick(h, 40));
	r = act(h, w);
	h->faults += w->faults.fired;
	faults_disarm(&w->faults);
	if (r < 0 || (w->faults.fired && mode == FAULT_FROM))
		go_on(h, w, mode == FAULT_FROM);
	if (pick(h, 8) == 0)
		check(h, &h->writer[pick(h, WRITERS)]);
}

START_TEST(random_histories_of_failures_lose_nothing_that_was_acknowledged)
{
	const uint64_t histories = _i ? HISTORIES / 3 : HISTORIES; /* real files take longer */
	long faults = 0, acknowledgements = 0;

	for (uint64_t seed = 1; seed <= histories; seed++) {
		struct history *h = calloc(1, sizeof(*h));

		fixture_make(&h->f, _i ? "posix" : "memory");
		tote__ledger_close(fixture_create(&h->f));
		h->random = seed * UINT64_C(0x9E3779B97F4A7C15);
		h->number = 1;
		for (int i = 0; i < WRITERS; i++)
			writer_open(h, &h->writer[i]);
		for (int i = 0; i < STEPS; i++)
			step(h);
		for (int i = 0; i < WRITERS; i++) {
			check(h, &h->writer[i]);
			writer_close(&h->writer[i]);
		}
		faults += h->faults;
		acknowledgements += h->acknowledgements;
		fixture_remove(&h->f);
		free(h);
	}
	ck_assert_int_gt(faults, (long)histories * 5);
	ck_assert_int_gt(acknowledgements, (long)histories * STEPS / 2);
}
END_TEST

Suite *history_suite(void)
{
	Suite *s = suite_create("history");
	TCase *t = tcase_create("history");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(
		t, random_histories_of_failures_lose_nothing_that_was_acknowledged, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
