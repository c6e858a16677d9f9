/* SPDX-License-Identifier: ISC */
/*
 * What is read ahead is taken in its order, by no more threads, no longer and with no more memory
 * than was promised; and an audit finds with it what it finds without.
 */
#include "audit/ahead.h"
#include "support/audited.h"
#include <dirent.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#define JOBS 500

struct job {
	uint64_t number, square;
	uint64_t bytes; /* asked for; 0: not asked */
	int done;
};

static struct {
	atomic_int running, most, unmasked;
	_Atomic uint64_t held, held_most;
} seen;

static int threads_now(void)
{
	DIR *tasks = opendir("/proc/self/task");
	int count = -2; /* . and .. */

	ck_assert_ptr_nonnull(tasks);
	while (readdir(tasks))
		count++;
	closedir(tasks);
	return count;
}

/* pthread_join(3) returns a moment before the kernel takes the thread from its list. */
static int threads_left(int wanted)
{
	for (int i = 0; i < 1000 && threads_now() != wanted; i++)
		usleep(1000);
	return threads_now();
}

static void note_most(int now)
{
	int most = atomic_load(&seen.most);

	while (now > most && !atomic_compare_exchange_weak(&seen.most, &most, now))
		continue;
}

static int square(struct ahead *a, void *user)
{
	struct job *job = user;
	sigset_t blocked;

	pthread_sigmask(SIG_BLOCK, NULL, &blocked);
	if (!sigismember(&blocked, SIGTERM) || !sigismember(&blocked, SIGALRM))
		atomic_fetch_add(&seen.unmasked, 1);
	if (job->bytes && !tote__ahead_room(a, job, job->bytes))
		return AHEAD_LATER;
	if (job->bytes) {
		uint64_t held = atomic_fetch_add(&seen.held, job->bytes) + job->bytes;

		if (held > atomic_load(&seen.held_most))
			atomic_store(&seen.held_most, held);
	}
	note_most(atomic_fetch_add(&seen.running, 1) + 1);
	usleep((useconds_t)(job->number * 37 % 400));
	job->square = job->number * job->number;
	job->done++;
	atomic_fetch_sub(&seen.running, 1);
	return AHEAD_DONE;
}

static void ahead_make(struct ahead *a, int overlap)
{
	struct tote_fault fault = {0};

	memset(&seen, 0, sizeof(seen));
	ck_ok(tote__ahead_init(a, plain_heap(), sizeof(struct job), overlap, square, &fault),
		fault);
}

/* Gives what there is room for, takes one, and sees that it is the next. */
static void take_one(struct ahead *a, uint64_t *given, uint64_t next, uint64_t bytes)
{
	struct job *job;

	while (*given < JOBS && (job = tote__ahead_next(a))) {
		*job = (struct job){.number = (*given)++, .bytes = bytes};
		tote__ahead_give(a);
	}
	job = tote__ahead_take(a);
	ck_assert_ptr_nonnull(job);
	ck_assert_uint_eq(job->number, next);
	ck_assert_uint_eq(job->square, next * next);
	ck_assert_int_eq(job->done, 1);
	atomic_fetch_sub(&seen.held, job->bytes);
	tote__ahead_drop(a);
}

START_TEST(jobs_are_taken_in_the_order_in_which_they_were_given)
{
	uint64_t given = 0;
	struct ahead a;

	ahead_make(&a, _i);
	for (uint64_t i = 0; i < JOBS; i++)
		take_one(&a, &given, i, 0);
	ck_assert_ptr_null(tote__ahead_take(&a));
	ck_assert_int_le(atomic_load(&seen.most), _i ? AHEAD_THREADS + 1 : 1);
	tote__ahead_free(&a);
}
END_TEST

START_TEST(no_thread_outlives_a_rest_and_no_job_is_lost_by_it)
{
	int before = threads_now();
	uint64_t given = 0;
	struct ahead a;

	ahead_make(&a, 1);
	for (uint64_t i = 0; i < JOBS; i++) {
		take_one(&a, &given, i, 0);
		if (i % 7 == 0) {
			ck_assert_int_gt(threads_now(), before);
			tote__ahead_rest(&a);
			ck_assert_int_eq(threads_left(before), before);
			ck_assert_int_eq(atomic_load(&seen.running), 0);
		}
	}
	tote__ahead_free(&a);
	ck_assert_int_eq(threads_left(before), before);
}
END_TEST

/* Only the taker's own thread, which did a job itself, may have been open to signals. */
START_TEST(the_threads_have_all_signals_blocked)
{
	sigset_t all, before;
	uint64_t given = 0;
	struct ahead a;

	ahead_make(&a, 1);
	sigfillset(&all);
	ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &before), 0);
	ck_assert_int_eq(sigismember(&before, SIGTERM), 0);
	for (uint64_t i = 0; i < 50; i++) {
		sigset_t now;

		/* what is waited for here long enough was done there */
		take_one(&a, &given, i, 0);
		pthread_sigmask(SIG_SETMASK, NULL, &now);
		ck_assert_int_eq(sigismember(&now, SIGTERM), 0);
		pthread_sigmask(SIG_SETMASK, &all, NULL);
		take_one(&a, &given, ++i, 0);
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	ck_assert_int_le(atomic_load(&seen.unmasked), 25);
	tote__ahead_free(&a);
}
END_TEST

/* Whatever the size of what is read: the next one, and beside it what there is room for. */
START_TEST(what_is_held_ahead_is_bounded)
{
	static const uint64_t sizes[] = {1, 100000, AHEAD_BYTES / 2, AHEAD_BYTES, 2 * AHEAD_BYTES};
	uint64_t size = sizes[_i], given = 0;
	struct ahead a;

	ahead_make(&a, 1);
	for (uint64_t i = 0; i < JOBS / 5; i++) {
		take_one(&a, &given, i, size);
		if (i % 11 == 0)
			tote__ahead_rest(&a);
	}
	ck_assert_uint_le(atomic_load(&seen.held_most), AHEAD_BYTES + size);
	tote__ahead_free(&a);
}
END_TEST

START_TEST(what_was_given_is_forgotten_by_a_clear)
{
	uint64_t given = 0;
	struct ahead a;

	ahead_make(&a, 1);
	take_one(&a, &given, 0, 0);
	tote__ahead_clear(&a);
	ck_assert_ptr_null(tote__ahead_take(&a));
	take_one(&a, &given, given, 0);
	tote__ahead_free(&a);
}
END_TEST

/* --- in an audit ---------------------------------------------------------------------------- */

static struct audited a;

static void setup(void)
{
	audited_make(&a);
}

static void teardown(void)
{
	audited_remove(&a);
}

static void findings_text(struct buf *out)
{
	const struct finding_list *list = tote__run_findings(a.run);

	for (size_t i = 0; i < list->count; i++) {
		const struct finding *f = &list->items[i];

		tote__buf_putf(out, "%d %s %llu %s %s\n", f->code, f->path,
			(unsigned long long)f->seq, f->expected ? f->expected : "",
			f->found ? f->found : "");
	}
}

START_TEST(an_audit_finds_the_same_with_threads_and_without)
{
	static const char *const flipped[] = {"tile/entries/003", "tile/0/005", "tile/entries/009",
		"tile/entries/010", "tile/0/010"};
	static struct store_ops alone; /* of the run, which lives on until the teardown */
	static struct place place;
	struct run_target t;
	struct buf with, without;
	int before;

	audited_append(&a, 3000);
	audited_fold(&a);
	audited_shut(&a);
	for (size_t i = 0; i < sizeof(flipped) / sizeof(flipped[0]); i++)
		file_flip(audited_path(&a, printed("ledger/log/%s", flipped[i])), 100 + 40 * i, 1);
	ck_assert_int_eq(unlink(audited_path(&a, "ledger/log/tile/entries/007")), 0);
	alone = *a.place.ops;
	place = a.place;
	t = a.target;
	tote__buf_init(&with, plain_heap(), 1 << 20);
	tote__buf_init(&without, plain_heap(), 1 << 20);
	before = threads_now();
	audit_with(&a, &t);
	ck_assert_int_eq(threads_left(before), before);
	findings_text(&with);
	alone.capabilities &= ~STORE_CAN_ANY_THREAD;
	place.ops = &alone;
	t.place = &place;
	audit_with(&a, &t);
	findings_text(&without);
	ck_assert_uint_eq(findings(&a), 6);
	ck_assert_uint_eq(with.len, without.len);
	ck_assert_mem_eq(with.data, without.data, with.len);
	tote__buf_free(&with);
	tote__buf_free(&without);
}
END_TEST

Suite *ahead_suite(void)
{
	Suite *s = suite_create("ahead");
	TCase *t = tcase_create("ahead");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, jobs_are_taken_in_the_order_in_which_they_were_given, 0, 2);
	tcase_add_test(t, no_thread_outlives_a_rest_and_no_job_is_lost_by_it);
	tcase_add_test(t, the_threads_have_all_signals_blocked);
	tcase_add_loop_test(t, what_is_held_ahead_is_bounded, 0, 5);
	tcase_add_test(t, what_was_given_is_forgotten_by_a_clear);
	suite_add_tcase(s, t);
	t = tcase_create("audit");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, an_audit_finds_the_same_with_threads_and_without);
	suite_add_tcase(s, t);
	return s;
}
