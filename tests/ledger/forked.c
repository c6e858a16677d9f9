/* SPDX-License-Identifier: ISC */
/*
 * A process that forks while its threads wait for each other.
 */
#include "ledger/ledger_impl.h"
#include "support/ledger_fixture.h"
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_US 3000000

static void *wait_for_the_fold(void *user)
{
	struct ledger *l = user;
	struct tote_fault fault;

	if (tote__fold_slot_take(l, tote__clock_monotonic(&l->waits) + WAIT_US, 1, &fault) == 1)
		tote__fold_slot_give(l);
	return NULL;
}

/*
 * The child has the waits of threads that it does not have: a destroyed condition would wait for
 * them for ever.
 */
START_TEST(a_forked_child_lets_go_of_a_ledger_that_other_threads_waited_for)
{
	static const struct timespec moment = {.tv_nsec = 100000000};
	struct tote_fault fault;
	struct fixture f;
	struct ledger *l;
	pthread_t thread;
	int status = -1;
	pid_t pid;

	fixture_make(&f, "posix");
	l = fixture_create(&f);
	ck_assert_int_eq(tote__fold_slot_take(l, INT64_MAX, 0, &fault), 1);
	ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_the_fold, l), 0);
	nanosleep(&moment, NULL);
	pid = fork();
	if (pid == 0) {
		alarm(2);
		tote__ledger_close(l);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	tote__fold_slot_give(l);
	pthread_join(thread, NULL);
	ck_assert_int_eq(status, 0);
	append_numbers(l, 1, 3);
	ledger_is_whole(l, 3);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

Suite *forked_suite(void)
{
	Suite *s = suite_create("forked");
	TCase *t = tcase_create("while others wait");

	tcase_add_test(t, a_forked_child_lets_go_of_a_ledger_that_other_threads_waited_for);
	suite_add_tcase(s, t);
	return s;
}
