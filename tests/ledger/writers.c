/* SPDX-License-Identifier: ISC */
/*
 * Several threads and processes that append at once: everything acknowledged is there, whoever dies.
 */
#include "support/ledger_fixture.h"
#include "support/store_faults.h"
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const backends[] = {"memory", "posix"};

/* --- several writers ------------------------------------------------------------------------ */

START_TEST(two_handles_take_turns)
{
	struct ledger *a, *b;
	struct fixture f;
	struct place second;
	struct observed seen_a, seen_b;

	fixture_make(&f, backends[_i]);
	tote__ledger_close(fixture_create(&f));
	ck_ok(tote__place_open(
		      f.ctx, f.backend, f.location, LAYOUT_CONTAINER, 0, &second, &f.fault),
		f.fault);
	a = fixture_open_seeing(&f, &seen_a, OBSERVE_ALL);
	f.options.place = &second;
	b = fixture_open_seeing(&f, &seen_b, OBSERVE_ALL);
	for (uint64_t i = 1; i < 101; i += 2) {
		append_numbers(a, i, i + 1);
		append_numbers(b, i + 1, i + 2);
		ck_assert_uint_eq(seen_b.next, i + 2);
	}
	ledger_is_whole(a, 101);
	ledger_is_whole(b, 101);
	ck_assert_uint_eq(seen_a.next, 101);
	ck_assert_uint_eq(seen_a.resets + seen_b.resets, 2);
	tote__ledger_close(a);
	tote__ledger_close(b);
	tote__place_close(&second);
	fixture_remove(&f);
}
END_TEST

#define THREADS 8
#define EACH    40

struct thread {
	pthread_t id;
	struct ledger *ledger;
	uint64_t number;
	uint64_t seq[EACH];
	int failed;
};

static void *append_each(void *user)
{
	struct thread *t = user;
	struct tote_fault fault;

	for (uint64_t i = 0; i < EACH; i++) {
		if (append_number(t->ledger, t->number * 1000 + i, LEDGER_SEQ_ANY, &t->seq[i],
			    &fault) < 0)
			t->failed = 1;
	}
	return NULL;
}

struct counting {
	int syncs;
};

static void count_syncs(void *user, const char *call)
{
	struct counting *c = user;

	if (strcmp(call, "journal_sync") == 0) {
		c->syncs++;
		usleep(2000); /* a disk that takes its time */
	}
}

START_TEST(threads_that_append_together_share_syncs)
{
	struct counting counting = {0};
	struct thread threads[THREADS];
	struct faults faults;
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, backends[_i % 2]);
	tote__ledger_close(fixture_create(&f));
	if (_i / 2)
		f.options.fold_bytes = 20000; /* folds go on meanwhile */
	faults_make(&faults, &f.place);
	faults.after = count_syncs;
	faults.user = &counting;
	f.options.place = &faults.place;
	l = fixture_open(&f);
	for (uint64_t i = 0; i < THREADS; i++) {
		threads[i] = (struct thread){.ledger = l, .number = i};
		ck_assert_int_eq(pthread_create(&threads[i].id, NULL, append_each, &threads[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i].id, NULL);
		ck_assert_int_eq(threads[i].failed, 0);
	}
	ledger_is_whole(l, 1 + THREADS * EACH);
	ck_ok(tote__ledger_hold(l, &f.fault), f.fault);
	for (uint64_t i = 0; i < THREADS; i++) {
		for (uint64_t k = 0; k < EACH; k++) {
			if (k)
				ck_assert_uint_gt(threads[i].seq[k], threads[i].seq[k - 1]);
			ledger_holds_number(l, threads[i].seq[k], i * 1000 + k);
		}
	}
	tote__ledger_release(l);
	ck_assert_int_lt(counting.syncs, THREADS * EACH / 2);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

/* A child appends and tells each acknowledged seq through a pipe until it is killed. */
static void child_appends(struct fixture *f, int out, uint64_t base)
{
	tote_ctx *ctx = support_ctx(NULL, NULL);
	struct ledger_options o = f->options;
	struct tote_fault fault;
	struct ledger *l;
	struct place place;

	memset(&fault, 0, sizeof(fault));
	o.ctx = ctx;
	o.place = &place;
	o.signer = NULL;
	if (tote__place_open(ctx, f->backend, f->location, LAYOUT_CONTAINER, 0, &place, &fault) <
			0 ||
		tote__ledger_open(&o, &l, &fault) < 0)
		_exit(1);
	for (uint64_t i = base; i < base + 100000; i++) {
		uint64_t said[2] = {0, i};

		if (append_number(l, i, LEDGER_SEQ_ANY, &said[0], &fault) < 0)
			_exit(2);
		if (write(out, said, sizeof(said)) != sizeof(said))
			_exit(3);
	}
	_exit(0);
}

static pid_t start_child(struct fixture *f, int *ret_in, uint64_t base)
{
	int ends[2];
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		close(ends[0]);
		child_appends(f, ends[1], base);
	}
	close(ends[1]);
	*ret_in = ends[0];
	return pid;
}

/* What it acknowledged before it died is there. */
static size_t check_child(struct ledger *l, int in)
{
	uint64_t said[2];
	size_t count = 0;

	for (; read(in, said, sizeof(said)) == sizeof(said); count++)
		ledger_holds_number(l, said[0], said[1]);
	close(in);
	return count;
}

START_TEST(a_killed_process_loses_nothing_that_it_acknowledged)
{
	struct checkpoint c;
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, "posix");
	l = fixture_create(&f);
	for (int round = 0; round < 6; round++) {
		uint64_t base = (uint64_t)(round + 1) * 1000000;
		int in[2], status;
		pid_t pid[2];
		size_t count = 0;

		for (int i = 0; i < 2; i++)
			pid[i] = start_child(&f, &in[i], base + (uint64_t)i * 500000);
		usleep((useconds_t)(20000 + 7000 * round));
		kill(pid[0], SIGKILL);
		waitpid(pid[0], &status, 0);
		append_numbers(l, base + 900000, base + 900003);
		usleep(10000);
		kill(pid[1], SIGKILL);
		waitpid(pid[1], &status, 0);
		ck_assert_msg(WIFSIGNALED(status), "the child failed: %d", WEXITSTATUS(status));
		ck_ok(tote__ledger_hold(l, &f.fault), f.fault);
		for (int i = 0; i < 2; i++)
			count += check_child(l, in[i]);
		ck_assert_uint_gt(count, 0);
		count = tote__ledger_next(l);
		tote__ledger_release(l);
		ledger_is_whole(l, count);
		if (round % 2)
			ck_ok(tote__ledger_fold(l, &c, NULL, &f.fault), f.fault);
	}
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(who_waits_too_long_is_told_who_holds_it)
{
	struct fixture f;
	struct ledger *a, *b;
	struct place second;

	fixture_make(&f, backends[_i]);
	a = fixture_create(&f);
	ck_ok(tote__place_open(
		      f.ctx, f.backend, f.location, LAYOUT_CONTAINER, 0, &second, &f.fault),
		f.fault);
	f.options.place = &second;
	f.options.lock_wait_us = 20000;
	b = fixture_open(&f);
	ck_ok(tote__ledger_hold(a, &f.fault), f.fault);
	ck_fault(append_number(b, 1, LEDGER_SEQ_ANY, NULL, &f.fault), TOTE_E_BUSY, f.fault);
	ck_assert_ptr_nonnull(strstr(f.fault.text, printed("process %d", (int)getpid())));
	tote__ledger_release(a);
	append_numbers(b, 1, 2);
	ledger_is_whole(a, 2);
	tote__ledger_close(a);
	tote__ledger_close(b);
	tote__place_close(&second);
	fixture_remove(&f);
}
END_TEST

static void *hold_for_a_while(void *user)
{
	struct thread *t = user;
	struct tote_fault fault;

	memset(&fault, 0, sizeof(fault));
	t->failed = tote__ledger_hold(t->ledger, &fault);
	return NULL;
}

START_TEST(a_second_thread_waits_no_longer_than_it_may)
{
	struct thread t = {.number = 0};
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, "memory");
	f.options.lock_wait_us = 20000;
	l = fixture_create(&f);
	t.ledger = l;
	ck_assert_int_eq(pthread_create(&t.id, NULL, hold_for_a_while, &t), 0);
	pthread_join(t.id, NULL);
	ck_assert_int_eq(t.failed, 0);
	ck_fault(append_number(l, 1, LEDGER_SEQ_ANY, NULL, &f.fault), TOTE_E_BUSY, f.fault);
	ck_fault(tote__ledger_hold(l, &f.fault), TOTE_E_BUSY, f.fault);
	tote__ledger_release(l);
	append_numbers(l, 1, 2);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

Suite *writers_suite(void)
{
	Suite *s = suite_create("writers");
	TCase *t = tcase_create("together");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, two_handles_take_turns, 0, 2);
	tcase_add_loop_test(t, threads_that_append_together_share_syncs, 0, 4);
	tcase_add_test(t, a_killed_process_loses_nothing_that_it_acknowledged);
	tcase_add_loop_test(t, who_waits_too_long_is_told_who_holds_it, 0, 2);
	tcase_add_test(t, a_second_thread_waits_no_longer_than_it_may);
	suite_add_tcase(s, t);
	return s;
}
