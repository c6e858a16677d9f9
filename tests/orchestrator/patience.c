/* SPDX-License-Identifier: ISC */
/*
 * Questions of which some are never answered: the others are, nobody waits long, and what was asked
 * with is dropped once, when the last one has come back.
 */
#include "orchestrator/patience.h"
#include "support/support.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define QUESTIONS 200
#define SOON_US   INT64_C(2000000)

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	int released;
	atomic_int hanging, dropped;
} gate = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

struct questions {
	int hangs_from, hangs_below; /* those do not answer before they are released */
	int takes_us;                /* each of the others */
	atomic_int asked[QUESTIONS];
};

static void hang(void)
{
	atomic_fetch_add(&gate.hanging, 1);
	pthread_mutex_lock(&gate.mutex);
	while (!gate.released)
		pthread_cond_wait(&gate.changed, &gate.mutex);
	pthread_mutex_unlock(&gate.mutex);
}

static void release(void)
{
	pthread_mutex_lock(&gate.mutex);
	gate.released = 1;
	pthread_cond_broadcast(&gate.changed);
	pthread_mutex_unlock(&gate.mutex);
}

static void ask(void *user, size_t i)
{
	struct questions *q = user;

	if ((int)i >= q->hangs_from && (int)i < q->hangs_below)
		hang();
	else if (q->takes_us)
		usleep((useconds_t)q->takes_us);
	atomic_fetch_add(&q->asked[i], 1);
}

static void drop(void *user)
{
	free(user);
	atomic_fetch_add(&gate.dropped, 1);
}

static void wait_for_drop(void)
{
	for (int i = 0; i < 1000 && !atomic_load(&gate.dropped); i++)
		usleep(10000);
	ck_assert_int_eq(atomic_load(&gate.dropped), 1);
}

static struct patience *ask_all(struct heap *heap, struct questions **ret, int from, int below,
	size_t count, int may_thread)
{
	struct patience_work work = {.ask = ask, .drop = drop};
	struct tote_fault fault;
	struct patience *p;

	work.user = *ret = calloc(1, sizeof(**ret));
	(*ret)->hangs_from = from;
	(*ret)->hangs_below = below;
	tote__heap_init(heap, NULL);
	p = tote__patience_ask(heap, &work, count, may_thread, SOON_US, &fault);
	ck_assert_ptr_nonnull(p);
	return p;
}

START_TEST(each_question_is_asked_once_and_answered)
{
	struct questions *q;
	struct heap heap;
	struct patience *p = ask_all(&heap, &q, 0, 0, QUESTIONS, _i);

	for (size_t i = 0; i < QUESTIONS; i++) {
		ck_assert_int_eq(tote__patience_answered(p, i), 1);
		ck_assert_int_eq(atomic_load(&q->asked[i]), 1);
	}
	ck_assert_int_eq(atomic_load(&gate.dropped), 0);
	tote__patience_end(p);
	ck_assert_int_eq(atomic_load(&gate.dropped), 1); /* and no thread is left */
}
END_TEST

START_TEST(nothing_is_asked_of_nobody)
{
	struct questions *q;
	struct heap heap;

	tote__patience_end(ask_all(&heap, &q, 0, 0, 0, 1));
	ck_assert_int_eq(atomic_load(&gate.dropped), 1);
}
END_TEST

/* All together take longer than anybody would wait for one of them. */
START_TEST(as_long_as_one_answers_after_the_other_they_are_waited_for)
{
	enum { COUNT = 64 };
	struct questions *q = calloc(1, sizeof(*q));
	struct patience_work work = {.user = q, .ask = ask, .drop = drop};
	struct tote_fault fault;
	struct heap heap;
	struct patience *p;

	q->takes_us = (int)(SOON_US / 8);
	tote__heap_init(&heap, NULL);
	p = tote__patience_ask(&heap, &work, COUNT, 1, SOON_US, &fault);
	ck_assert_ptr_nonnull(p);
	for (size_t i = 0; i < COUNT; i++)
		ck_assert_msg(tote__patience_answered(p, i), "question %zu", i);
	tote__patience_end(p);
}
END_TEST

/* More of them than processors, so that others must take over. */
START_TEST(whoever_does_not_answer_keeps_no_other_waiting)
{
	struct questions *q;
	struct heap heap;
	struct patience *p = ask_all(&heap, &q, 20, 20 + _i, QUESTIONS, 1);

	for (size_t i = 0; i < QUESTIONS; i++)
		ck_assert_msg(tote__patience_answered(p, i) == (i < 20 || i >= 20 + (size_t)_i),
			"question %zu", i);
	ck_assert_int_eq(atomic_load(&gate.hanging), _i);
	tote__patience_end(p);
	ck_assert_int_eq(atomic_load(&gate.dropped), 0);
	release();
	wait_for_drop();
}
END_TEST

static int count_asked(struct questions *q)
{
	int count = 0;

	for (size_t i = 0; i < QUESTIONS; i++)
		count += atomic_load(&q->asked[i]);
	return count;
}

START_TEST(what_is_answered_too_late_was_not_answered)
{
	struct questions *q;
	struct heap heap;
	struct patience *p = ask_all(&heap, &q, 0, QUESTIONS, QUESTIONS, 1);
	const int hanging = atomic_load(&gate.hanging);

	ck_assert_int_gt(hanging, 0);
	release();
	for (int i = 0; i < 1000 && count_asked(q) < hanging; i++)
		usleep(10000);
	usleep(50000);
	ck_assert_int_ge(count_asked(q), hanging);
	ck_assert_int_lt(count_asked(q), QUESTIONS); /* who comes back asks nothing more */
	for (size_t i = 0; i < QUESTIONS; i++)
		ck_assert_int_eq(tote__patience_answered(p, i), 0);
	tote__patience_end(p);
	wait_for_drop();
}
END_TEST

Suite *patience_suite(void)
{
	Suite *s = suite_create("patience");
	TCase *t = tcase_create("patience");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, each_question_is_asked_once_and_answered, 0, 2);
	tcase_add_test(t, nothing_is_asked_of_nobody);
	tcase_add_test(t, as_long_as_one_answers_after_the_other_they_are_waited_for);
	tcase_add_loop_test(t, whoever_does_not_answer_keeps_no_other_waiting, 5, 6);
	tcase_add_test(t, what_is_answered_too_late_was_not_answered);
	suite_add_tcase(s, t);
	return s;
}
