/* SPDX-License-Identifier: ISC */
/*
 * A process that forks while its threads wait for each other.
 */
#include "ledger/ledger_impl.h"
#include "support/ledger_fixture.h"
#include <pthread.h>
#include <signal.h>
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

/* --- a holder that is stopped ----------------------------------------------------------------- */

_Noreturn static void hold_until_told(const struct fixture *f, int ready, int told)
{
	struct ledger_options o = f->options;
	struct tote_fault fault = {0};
	struct place place;
	struct ledger *l;
	char byte = 0;

	if (tote__place_open(f->ctx, f->backend, f->location, LAYOUT_CONTAINER, 0, &place, &fault) <
		0)
		_exit(1);
	o.place = &place;
	if (tote__ledger_open(&o, &l, &fault) < 0 || tote__ledger_hold(l, &fault) < 0)
		_exit(1);
	if (write(ready, &byte, 1) != 1 || read(told, &byte, 1) != 1)
		_exit(1);
	tote__ledger_release(l);
	_exit(append_number(l, 3, LEDGER_SEQ_ANY, NULL, &fault) == 0 ? 0 : 1);
}

/* FORMAT section 5: a caller who gives up is told the line's pid, host and since. */
static void gives_up_on(struct ledger *l, pid_t holder, struct tote_fault *fault)
{
	char host[256] = "", pid[32];

	ck_fault(append_number(l, 2, LEDGER_SEQ_ANY, NULL, fault), TOTE_E_BUSY, *fault);
	ck_assert_int_eq(gethostname(host, sizeof(host) - 1), 0);
	snprintf(pid, sizeof(pid), "process %d on ", (int)holder);
	ck_assert_msg(strstr(fault->text, pid) && strstr(fault->text, host) &&
			      strstr(fault->text, " at 2"),
		"%s", fault->text);
	ck_assert_uint_eq(fault->effect, TOTE_EFFECT_NONE);
	memset(fault, 0, sizeof(*fault));
}

START_TEST(a_holder_that_is_stopped_is_named_to_who_gives_up_and_waited_for_when_it_goes_on)
{
	struct fixture f;
	struct ledger *l;
	int ready[2], told[2], status = -1;
	char byte = 0;
	pid_t holder;

	fixture_make(&f, "posix");
	l = fixture_create(&f);
	append_numbers(l, 1, 2);
	tote__ledger_close(l);
	ck_assert_int_eq(pipe(ready), 0);
	ck_assert_int_eq(pipe(told), 0);
	holder = fork();
	if (holder == 0)
		hold_until_told(&f, ready[1], told[0]);
	f.options.lock_wait_us = 50000;
	l = fixture_open(&f);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	ck_assert_int_eq(kill(holder, SIGSTOP), 0);
	ck_assert_int_eq(waitpid(holder, &status, WUNTRACED), holder);
	ck_assert(WIFSTOPPED(status));
	gives_up_on(l, holder, &f.fault);
	gives_up_on(l, holder, &f.fault);
	tote__ledger_close(l);
	f.options.lock_wait_us = 20000000;
	l = fixture_open(&f);
	ck_assert_int_eq(write(told[1], &byte, 1), 1);
	ck_assert_int_eq(kill(holder, SIGCONT), 0);
	append_numbers(l, 2, 3);
	ck_assert_int_eq(waitpid(holder, &status, 0), holder);
	ck_assert_int_eq(status, 0);
	ledger_is_whole(l, 4);
	tote__ledger_close(l);
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(told[i]);
	}
	fixture_remove(&f);
}
END_TEST

Suite *forked_suite(void)
{
	Suite *s = suite_create("forked");
	TCase *t = tcase_create("while others wait");

	tcase_add_test(t,
		a_holder_that_is_stopped_is_named_to_who_gives_up_and_waited_for_when_it_goes_on);
	tcase_add_test(t, a_forked_child_lets_go_of_a_ledger_that_other_threads_waited_for);
	suite_add_tcase(s, t);
	return s;
}
