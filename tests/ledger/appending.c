/* SPDX-License-Identifier: ISC */
/*
 * What one append costs and in which order it does it, and whose turn comes next.
 */
#include "ledger/ledger_impl.h"
#include "support/ledger_fixture.h"
#include "support/store_faults.h"
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

/* --- turns ------------------------------------------------------------------------------------ */

#define QUEUED 12

struct queue {
	struct ledger *ledger;
	int served[QUEUED], count; /* guarded by the hold */
};

struct comer {
	struct queue *queue;
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
	suite_add_tcase(s, t);
	return s;
}
