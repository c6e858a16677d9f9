/* SPDX-License-Identifier: ISC */
/*
 * What one append costs and in which order it does it, and whose turn comes next.
 */
#include "ledger/ledger_impl.h"
#include "support/ledger_fixture.h"
#include "support/store_faults.h"
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

static const char *const backends[] = {"memory", "posix"};

/* --- one append ------------------------------------------------------------------------------- */

struct steps {
	struct faults *faults;
	char text[400];
	int state_before, state_after; /* of the line as written before and after the sync */
	uint64_t mark_after;
};

static struct line line_now(struct faults *faults)
{
	const struct place *inner = faults->inner;
	struct tote_fault fault = {0};
	char text[LOCK_LINE_MAX];
	struct line line;
	uint64_t inode;
	size_t len;

	ck_ok(inner->ops->line_read(inner->handle, text, sizeof(text), &len, &inode, &fault),
		fault);
	tote__line_parse(text, len, inode, &line);
	return line;
}

static void note_step(void *user, const char *call)
{
	struct steps *s = user;
	size_t len = strlen(s->text);

	snprintf(s->text + len, sizeof(s->text) - len, "%s%s", len ? " " : "", call);
	if (strcmp(call, "line_write") != 0)
		return;
	if (!strstr(s->text, "journal_sync")) {
		s->state_before = line_now(s->faults).state;
		return;
	}
	s->state_after = line_now(s->faults).state;
	s->mark_after = line_now(s->faults).mark;
}

static struct ledger *open_noting(
	struct fixture *f, const struct place *place, struct faults *faults, struct steps *steps)
{
	struct ledger_options o = f->options;
	struct ledger *l;

	faults_make(faults, place);
	memset(steps, 0, sizeof(*steps));
	steps->faults = faults;
	faults->after = note_step;
	faults->user = steps;
	o.place = &faults->place;
	ck_ok(tote__ledger_open(&o, &l, &f->fault), f->fault);
	return l;
}

START_TEST(an_append_writes_busy_before_its_group_and_its_mark_with_idle_after_the_sync)
{
	struct steps steps;
	struct faults faults;
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, backends[_i]);
	tote__ledger_close(fixture_create(&f));
	l = open_noting(&f, &f.place, &faults, &steps);
	append_numbers(l, 1, 2);
	for (uint64_t i = 2; i < 5; i++) {
		steps.text[0] = '\0';
		append_numbers(l, i, i + 1);
		ck_assert_str_eq(
			steps.text, "line_read line_write journal_write journal_sync line_write");
		ck_assert_int_eq(steps.state_before, LINE_BUSY);
		ck_assert_int_eq(steps.state_after, LINE_IDLE);
		ck_assert_uint_eq(steps.mark_after, i + 1);
	}
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

/* The very same line means that nobody was here; any other one that somebody may have been. */
START_TEST(another_segment_is_looked_for_only_where_another_line_was_found)
{
	struct steps steps;
	struct ledger *ours, *others;
	struct faults faults;
	struct place second;
	struct fixture f;

	fixture_make(&f, backends[_i]);
	others = fixture_create(&f);
	ck_ok(tote__place_open(
		      f.ctx, f.backend, f.location, LAYOUT_CONTAINER, 0, &second, &f.fault),
		f.fault);
	ours = open_noting(&f, &second, &faults, &steps);
	append_numbers(ours, 1, 3);
	steps.text[0] = '\0';
	append_numbers(ours, 3, 4);
	ck_assert_ptr_null(strstr(steps.text, "journal_size"));
	f.clock.wall++; /* as time goes by */
	ck_ok(tote__ledger_hold(others, &f.fault), f.fault);
	tote__ledger_release(others);
	steps.text[0] = '\0';
	append_numbers(ours, 4, 5);
	ck_assert_ptr_nonnull(strstr(steps.text, "journal_size"));
	tote__ledger_close(ours);
	tote__ledger_close(others);
	tote__place_close(&second);
	fixture_remove(&f);
}
END_TEST

START_TEST(an_append_that_cannot_mark_its_group_is_not_acknowledged)
{
	struct steps steps;
	struct faults faults;
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, backends[_i]);
	tote__ledger_close(fixture_create(&f));
	l = open_noting(&f, &f.place, &faults, &steps);
	append_numbers(l, 1, 2);
	faults.only = "line_write";
	faults_arm(&faults, FAULT_ONCE, 1);
	ck_fault(append_number(l, 2, LEDGER_SEQ_ANY, NULL, &f.fault), TOTE_E_IO, f.fault);
	ck_assert_uint_eq(f.fault.effect, TOTE_EFFECT_UNKNOWN);
	faults_disarm(&faults);
	ck_assert_int_eq(line_now(&faults).state, LINE_BUSY);
	ck_fault(append_number(l, 2, LEDGER_SEQ_ANY, NULL, &f.fault), TOTE_E_POISONED, f.fault);
	ck_ok(tote__ledger_recover(l, &f.fault), f.fault);
	ck_ok(append_number(l, 2, 2, NULL, &f.fault), f.fault); /* it is there */
	ledger_is_whole(l, 3);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

struct crowding;

/* --- turns ------------------------------------------------------------------------------------ */

#define QUEUED 12

struct queue {
	struct ledger *ledger;
	int served[QUEUED], count; /* guarded by the hold */
};

struct comer {
	struct queue *queue;
	struct crowding *crowding;
	pthread_t id;
	int number, rc;
	struct tote_fault fault;
};

static void *come(void *user)
{
	struct comer *c = user;
	struct queue *q = c->queue;

	c->rc = tote__ledger_hold(q->ledger, &c->fault);
	if (c->rc)
		return NULL;
	q->served[q->count++] = c->number;
	tote__ledger_release(q->ledger);
	return NULL;
}

static void until_queued(struct ledger *l, int wanted)
{
	for (int tries = 0; tries < 10000; tries++) {
		int count = 0;

		pthread_mutex_lock(&l->mutex);
		for (const struct waiter *w = l->waiters; w; w = w->next)
			count++;
		pthread_mutex_unlock(&l->mutex);
		if (count == wanted)
			return;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	ck_abort_msg("%d threads do not wait", wanted);
}

START_TEST(threads_are_served_in_the_order_in_which_they_came)
{
	struct queue q = {.count = 0};
	struct comer comers[QUEUED];
	struct fixture f;

	fixture_make(&f, backends[_i]);
	f.options.lock_wait_us = 30000000;
	tote__ledger_close(fixture_create(&f));
	q.ledger = fixture_open(&f);
	ck_ok(tote__ledger_hold(q.ledger, &f.fault), f.fault);
	for (int i = 0; i < QUEUED; i++) {
		comers[i] = (struct comer){.queue = &q, .number = i};
		ck_assert_int_eq(pthread_create(&comers[i].id, NULL, come, &comers[i]), 0);
		until_queued(q.ledger, i + 1);
	}
	tote__ledger_release(q.ledger);
	for (int i = 0; i < QUEUED; i++) {
		pthread_join(comers[i].id, NULL);
		ck_ok(comers[i].rc, comers[i].fault);
	}
	ck_assert_int_eq(q.count, QUEUED);
	for (int i = 0; i < QUEUED; i++)
		ck_assert_int_eq(q.served[i], i);
	tote__ledger_close(q.ledger);
	fixture_remove(&f);
}
END_TEST

START_TEST(who_gives_up_leaves_the_others_their_turns)
{
	struct queue q = {.count = 0};
	struct comer comers[QUEUED];
	struct fixture f;

	fixture_make(&f, backends[_i]);
	tote__ledger_close(fixture_create(&f));
	q.ledger = fixture_open(&f);
	ck_ok(tote__ledger_hold(q.ledger, &f.fault), f.fault);
	for (int i = 0; i < QUEUED; i++) {
		comers[i] = (struct comer){.queue = &q, .number = i};
		q.ledger->lock_wait_us = i % 2 ? 30000000 : 300000;
		ck_assert_int_eq(pthread_create(&comers[i].id, NULL, come, &comers[i]), 0);
		until_queued(q.ledger, i + 1);
	}
	until_queued(q.ledger, QUEUED / 2);
	tote__ledger_release(q.ledger);
	for (int i = 0; i < QUEUED; i++) {
		pthread_join(comers[i].id, NULL);
		if (i % 2 == 0)
			ck_fault(comers[i].rc, TOTE_E_BUSY, comers[i].fault);
		else
			ck_ok(comers[i].rc, comers[i].fault);
	}
	ck_assert_int_eq(q.count, QUEUED / 2);
	for (int i = 0; i < QUEUED / 2; i++)
		ck_assert_int_eq(q.served[i], 2 * i + 1);
	tote__ledger_close(q.ledger);
	fixture_remove(&f);
}
END_TEST

/* --- one group for each who leads -------------------------------------------------------------- */

#define OTHERS     3
#define EACH_OTHER 20

/* Appends that must each be the first of a group, as the library's own. */
struct crowding {
	struct faults faults;
	struct ledger *ledger;
	atomic_int left; /* appends that others have still to make */
	struct comer others[OTHERS];
};

static int append_alone(struct ledger *l, uint64_t number, struct tote_fault *fault)
{
	struct numbered n;
	uint64_t seq;

	numbered_draft(&n, number);
	return tote__ledger_append(l, &n.draft, 1, LEDGER_SEQ_ANY, 0, &seq, fault);
}

static int waiting(struct ledger *l)
{
	int some;

	pthread_mutex_lock(&l->mutex);
	some = l->waiters != NULL;
	pthread_mutex_unlock(&l->mutex);
	return some;
}

/* A disk so slow that somebody waits again whenever a group is done. */
static void until_crowded(void *user, const char *call)
{
	struct crowding *c = user;

	if (strcmp(call, "journal_sync") != 0)
		return;
	for (int i = 0; i < 1000 && atomic_load(&c->left) > OTHERS && !waiting(c->ledger); i++)
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
}

static void *crowd(void *user)
{
	struct comer *me = user;
	struct crowding *c = me->crowding;

	for (uint64_t i = 0; !me->rc && i < EACH_OTHER; i++) {
		me->rc = append_alone(c->ledger, i, &me->fault);
		atomic_fetch_sub(&c->left, 1);
	}
	return NULL;
}

/* Whoever leads a group is answered when it is done, however many come behind it. */
START_TEST(who_leads_is_not_kept_by_those_who_need_a_group_of_their_own)
{
	struct crowding c = {.left = OTHERS * EACH_OTHER};
	struct fixture f;

	fixture_make(&f, backends[_i]);
	f.options.lock_wait_us = 30000000;
	tote__ledger_close(fixture_create(&f));
	faults_make(&c.faults, &f.place);
	c.faults.user = &c;
	f.options.place = &c.faults.place;
	c.ledger = fixture_open(&f);
	c.faults.after = until_crowded;
	for (int i = 0; i < OTHERS; i++) {
		c.others[i] = (struct comer){.crowding = &c};
		ck_assert_int_eq(pthread_create(&c.others[i].id, NULL, crowd, &c.others[i]), 0);
	}
	for (int i = 0; i < 3; i++)
		ck_ok(append_alone(c.ledger, 1000, &f.fault), f.fault);
	ck_assert_int_gt(atomic_load(&c.left), OTHERS * EACH_OTHER / 2);
	for (int i = 0; i < OTHERS; i++) {
		pthread_join(c.others[i].id, NULL);
		ck_ok(c.others[i].rc, c.others[i].fault);
	}
	ledger_is_whole(c.ledger, 1 + 3 + OTHERS * EACH_OTHER);
	tote__ledger_close(c.ledger);
	fixture_remove(&f);
}
END_TEST

/* --- who shares a group ----------------------------------------------------------------------- */

/* The first sync waits until as many calls wait as are to share the next group. */
struct gathering {
	struct faults faults;
	struct ledger *ledger;
	atomic_int wanted; /* 0: no sync waits */
	atomic_int syncs;
};

static void until_gathered(void *user, const char *call)
{
	struct gathering *g = user;

	if (strcmp(call, "journal_sync") != 0)
		return;
	atomic_fetch_add(&g->syncs, 1);
	if (atomic_load(&g->wanted))
		until_queued(g->ledger, atomic_exchange(&g->wanted, 0));
}

/* One call that is made while the first one syncs. */
struct call {
	pthread_t id;
	struct ledger *ledger;
	struct draft drafts[64];
	size_t count;
	uint64_t expected, seq;
	int alone; /* as the library's own, in a group of its own */
	int rc;
	struct tote_fault fault;
};

static void *make_call(void *user)
{
	struct call *c = user;

	c->rc = tote__ledger_append(
		c->ledger, c->drafts, c->count, c->expected, !c->alone, &c->seq, &c->fault);
	return NULL;
}

static void gathering_make(struct gathering *g, struct fixture *f, const char *backend)
{
	fixture_make(f, backend);
	f->options.lock_wait_us = 30000000;
	tote__ledger_close(fixture_create(f));
	faults_make(&g->faults, &f->place);
	g->faults.user = g;
	f->options.place = &g->faults.place;
	g->ledger = fixture_open(f);
	g->faults.after = until_gathered;
}

/* Appends number 1 as seq 1, and meanwhile all calls, which queue up in their order. */
static void gather(struct gathering *g, struct call *calls, int count)
{
	struct call first = {.ledger = g->ledger, .count = 1, .expected = LEDGER_SEQ_ANY};
	struct numbered n;

	numbered_draft(&n, 1);
	first.drafts[0] = n.draft;
	atomic_store(&g->syncs, 0);
	atomic_store(&g->wanted, count);
	ck_assert_int_eq(pthread_create(&first.id, NULL, make_call, &first), 0);
	for (int i = 0; i < count; i++) {
		calls[i].ledger = g->ledger;
		while (i == 0 && !atomic_load(&g->syncs))
			nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
		ck_assert_int_eq(pthread_create(&calls[i].id, NULL, make_call, &calls[i]), 0);
		if (i + 1 < count)
			until_queued(g->ledger, i + 1);
	}
	pthread_join(first.id, NULL);
	ck_ok(first.rc, first.fault);
	for (int i = 0; i < count; i++)
		pthread_join(calls[i].id, NULL);
}

/* What another one is only about to write can be compared once it is written. */
START_TEST(an_expected_seq_that_the_same_group_would_take_is_compared_when_it_is_there)
{
	struct call calls[4] = {{.count = 0}};
	struct numbered n[3];
	struct gathering g;
	struct fixture f;

	gathering_make(&g, &f, backends[_i]);
	for (uint64_t i = 0; i < 3; i++)
		numbered_draft(&n[i], i + 2);
	for (int i = 0; i < 4; i++) {
		calls[i].count = 1;
		calls[i].expected = 2;
		calls[i].drafts[0] = n[0].draft;
	}
	calls[0].expected = LEDGER_SEQ_ANY;
	calls[2].drafts[0] = n[1].draft; /* not what is at 2 */
	calls[3].drafts[0] = n[2].draft; /* the next one after all */
	calls[3].expected = 3;
	gather(&g, calls, 4);
	ck_ok(calls[0].rc, calls[0].fault);
	ck_assert_uint_eq(calls[0].seq, 2);
	ck_ok(calls[1].rc, calls[1].fault);
	ck_assert_uint_eq(calls[1].seq, 2);
	ck_fault(calls[2].rc, TOTE_E_CONFLICT, calls[2].fault);
	ck_assert_uint_ge(calls[2].fault.seq, 3);
	ck_ok(calls[3].rc, calls[3].fault);
	ck_assert_uint_eq(calls[3].seq, 3);
	ledger_is_whole(g.ledger, 4);
	tote__ledger_close(g.ledger);
	fixture_remove(&f);
}
END_TEST

/* What states allow is known for the first of a group alone. */
START_TEST(an_append_of_the_library_has_a_group_of_its_own)
{
	struct call calls[4] = {{.alone = 0}, {.alone = 1}, {.alone = 0}, {.alone = 0}};
	struct numbered n[4];
	struct gathering g;
	struct fixture f;

	gathering_make(&g, &f, backends[_i]);
	for (uint64_t i = 0; i < 4; i++) {
		numbered_draft(&n[i], i + 2);
		calls[i].drafts[0] = n[i].draft;
		calls[i].count = 1;
		calls[i].expected = LEDGER_SEQ_ANY;
	}
	gather(&g, calls, 4);
	for (uint64_t i = 0; i < 4; i++) {
		ck_ok(calls[i].rc, calls[i].fault);
		ck_assert_uint_eq(calls[i].seq, i + 2);
	}
	ck_assert_int_eq(atomic_load(&g.syncs), 4);
	ledger_is_whole(g.ledger, 6);
	tote__ledger_close(g.ledger);
	fixture_remove(&f);
}
END_TEST

START_TEST(calls_that_do_not_fit_one_group_together_take_two)
{
	static char payload[60000];
	struct call calls[2] = {{.count = 40}, {.count = 40}};
	struct gathering g;
	struct fixture f;

	gathering_make(&g, &f, backends[_i]);
	for (int i = 0; i < 2; i++) {
		calls[i].expected = LEDGER_SEQ_ANY;
		for (int k = 0; k < 40; k++)
			calls[i].drafts[k] = (struct draft){.kind = "record",
				.payload = payload,
				.payload_len = sizeof(payload)};
	}
	gather(&g, calls, 2);
	for (int i = 0; i < 2; i++)
		ck_ok(calls[i].rc, calls[i].fault);
	ck_assert_uint_eq(calls[0].seq, 2);
	ck_assert_uint_eq(calls[1].seq, 42);
	ck_assert_int_eq(atomic_load(&g.syncs), 3);
	ledger_is_whole(g.ledger, 82);
	tote__ledger_close(g.ledger);
	fixture_remove(&f);
}
END_TEST

Suite *appending_suite(void);

Suite *appending_suite(void)
{
	Suite *s = suite_create("ledger/appending");
	TCase *t = tcase_create("appending");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t,
		an_append_writes_busy_before_its_group_and_its_mark_with_idle_after_the_sync, 0, 2);
	tcase_add_loop_test(
		t, another_segment_is_looked_for_only_where_another_line_was_found, 0, 2);
	tcase_add_loop_test(t, an_append_that_cannot_mark_its_group_is_not_acknowledged, 0, 2);
	tcase_add_loop_test(t, threads_are_served_in_the_order_in_which_they_came, 0, 2);
	tcase_add_loop_test(t, who_gives_up_leaves_the_others_their_turns, 0, 2);
	tcase_add_loop_test(t, who_leads_is_not_kept_by_those_who_need_a_group_of_their_own, 0, 2);
	tcase_add_loop_test(t,
		an_expected_seq_that_the_same_group_would_take_is_compared_when_it_is_there, 0, 2);
	tcase_add_loop_test(t, an_append_of_the_library_has_a_group_of_its_own, 0, 2);
	tcase_add_loop_test(t, calls_that_do_not_fit_one_group_together_take_two, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
