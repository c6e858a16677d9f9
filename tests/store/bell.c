/* SPDX-License-Identifier: ISC */
/*
 * Waiting for a byte of the lock in a directory tree: who lets go wakes who waits, within one
 * process and between two, and whatever becomes of the bell costs a nap and nothing else.
 */
#include "base/clock.h"
#include "store/posix_house.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#define LONG_US INT64_C(20000000)
#define SOON_US INT64_C(5000000)
#define LINE    "tote-lock/1 and so on\n"

static struct kernel told; /* the real one, but for what a test changes */
static atomic_int waiting, naps;

/* Sleeps until it rings: the test is over too late if it never does. */
static int wait_long(const void *word, int64_t microseconds)
{
	(void)microseconds;
	atomic_fetch_add(&waiting, 1);
	return tote__kernel()->bell_wait(word, LONG_US);
}

static int count_nap(int64_t microseconds)
{
	atomic_fetch_add(&naps, 1);
	return tote__kernel()->nap(microseconds);
}

static void *map_nothing(int fd, size_t len)
{
	(void)fd, (void)len;
	return NULL;
}

static int64_t now_us(void)
{
	struct clock_source clock;

	tote__clock_init(&clock, NULL);
	return tote__clock_monotonic(&clock);
}

static void told_house(struct house *h)
{
	house_make(h, HOUSE_POSIX, LAYOUT_CONTAINER);
	told = *tote__kernel();
	told.nap = count_nap;
	atomic_store(&waiting, 0);
	atomic_store(&naps, 0);
	ck_ok(tote__posix_kernel_set(h->ctx, &told, &h->fault), h->fault);
}

static void open_again(struct house *h, struct place *ret)
{
	ck_ok(tote__place_open(
		      h->ctx, "posix", house_location(h), LAYOUT_CONTAINER, 0, ret, &h->fault),
		h->fault);
}

struct taker {
	struct place place;
	int byte, rc;
	struct tote_fault fault;
};

static void *take(void *user)
{
	struct taker *t = user;

	t->rc = t->place.ops->lock_take(t->place.handle, t->byte, LONG_US, &t->fault);
	return NULL;
}

static void until_some(atomic_int *count)
{
	struct timespec pause = {.tv_nsec = 1000000};

	for (int i = 0; i < 10000 && !atomic_load(count); i++)
		nanosleep(&pause, NULL);
	ck_assert_int_gt(atomic_load(count), 0);
}

/* Another thread waits for a byte that we hold, and then let go of; gives how long that took. */
static int64_t let_go(struct house *h, int byte, atomic_int *sign)
{
	struct taker t = {.byte = byte};
	pthread_t thread;
	int64_t start;

	open_again(h, &t.place);
	ck_ok(h->ops->lock_take(h->at, byte, 0, &h->fault), h->fault);
	ck_ok(h->ops->line_write(h->at, LINE, strlen(LINE), &h->fault), h->fault);
	ck_assert_int_eq(pthread_create(&thread, NULL, take, &t), 0);
	until_some(sign);
	nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL); /* it is asleep by now */
	start = now_us();
	h->ops->lock_drop(h->at, byte);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	start = now_us() - start;
	ck_ok(t.rc, t.fault);
	tote__place_close(&t.place);
	return start;
}

START_TEST(who_lets_go_of_a_byte_wakes_who_waits_for_it)
{
	struct house h;

	told_house(&h);
	told.bell_wait = wait_long;
	/* the page has no bell as long as the file has no byte */
	ck_ok(h.ops->lock_take(h.at, _i, 0, &h.fault), h.fault);
	ck_ok(h.ops->line_write(h.at, LINE, strlen(LINE), &h.fault), h.fault);
	h.ops->lock_drop(h.at, _i);
	ck_assert_int_lt(let_go(&h, _i, &waiting), SOON_US);
	ck_assert_int_eq(atomic_load(&naps), 0);
	house_end(&h);
}
END_TEST

START_TEST(without_bells_a_byte_is_asked_for_after_naps)
{
	struct house h;

	told_house(&h);
	if (_i)
		told.map = map_nothing;
	else
		told.map = NULL;
	ck_assert_int_lt(let_go(&h, LOCK_BYTE_WRITE, &naps), SOON_US);
	house_end(&h);
}
END_TEST

/* Where the page is gone the kernel says so; nobody touches it but the kernel. */
START_TEST(a_lock_file_that_is_cut_short_costs_naps_and_nothing_else)
{
	struct house h;
	struct place other;

	told_house(&h);
	open_again(&h, &other);
	ck_ok(other.ops->lock_take(other.handle, LOCK_BYTE_WRITE, 0, &h.fault), h.fault);
	ck_ok(other.ops->line_write(other.handle, LINE, strlen(LINE), &h.fault), h.fault);
	ck_fault(h.ops->lock_take(h.at, LOCK_BYTE_WRITE, 5000, &h.fault), TOTE_E_BUSY, h.fault);
	tote__fault_clear(&h.fault);
	ck_assert_int_eq(truncate(IN(h, "ledger/lock"), 0), 0);
	ck_fault(h.ops->lock_take(h.at, LOCK_BYTE_WRITE, 5000, &h.fault), TOTE_E_BUSY, h.fault);
	tote__fault_clear(&h.fault);
	ck_assert_int_gt(atomic_load(&naps), 0);
	other.ops->lock_drop(other.handle, LOCK_BYTE_WRITE);
	ck_ok(h.ops->lock_take(h.at, LOCK_BYTE_WRITE, 0, &h.fault), h.fault);
	tote__place_close(&other);
	house_end(&h);
}
END_TEST

/* Whoever writes something where the bell is does not make others ask without a pause. */
START_TEST(a_bell_that_somebody_wrote_on_costs_naps_and_nothing_else)
{
	char page[4096];
	struct house h;

	told_house(&h);
	memset(page, 'x', sizeof(page));
	ck_ok(h.ops->lock_take(h.at, LOCK_BYTE_WRITE, 0, &h.fault), h.fault);
	h.ops->lock_drop(h.at, LOCK_BYTE_WRITE);
	file_write(IN(h, "ledger/lock"), page, sizeof(page));
	ck_assert_int_lt(let_go(&h, LOCK_BYTE_WRITE, &naps), SOON_US);
	house_end(&h);
}
END_TEST

_Noreturn static void die_holding(struct house *h, int ready)
{
	struct place mine;
	char byte = 0;
	pid_t child;

	open_again(h, &mine);
	ck_ok(mine.ops->lock_take(mine.handle, LOCK_BYTE_WRITE, 0, &h->fault), h->fault);
	mine.ops->lock_drop(mine.handle, LOCK_BYTE_WRITE);
	child = fork(); /* it lives on, as the worker of a server does */
	if (child == 0) {
		pause();
		_exit(0);
	}
	ck_ok(mine.ops->lock_take(mine.handle, LOCK_BYTE_WRITE, 0, &h->fault), h->fault);
	if (write(ready, &child, sizeof(child)) != sizeof(child) || write(ready, &byte, 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

START_TEST(a_killed_holder_leaves_nothing_locked_though_its_child_lives_on)
{
	struct house h;
	pid_t holder, child = 0;
	int ends[2], status;
	char byte;

	told_house(&h);
	ck_assert_int_eq(pipe(ends), 0);
	holder = fork();
	if (holder == 0)
		die_holding(&h, ends[1]);
	ck_assert_int_eq(read(ends[0], &child, sizeof(child)), sizeof(child));
	ck_assert_int_eq(read(ends[0], &byte, 1), 1);
	ck_fault(h.ops->lock_take(h.at, LOCK_BYTE_WRITE, 0, &h.fault), TOTE_E_BUSY, h.fault);
	tote__fault_clear(&h.fault);
	kill(holder, SIGKILL);
	waitpid(holder, &status, 0);
	status = h.ops->lock_take(h.at, LOCK_BYTE_WRITE, SOON_US, &h.fault);
	kill(child, SIGKILL);
	ck_ok(status, h.fault);
	close(ends[0]);
	close(ends[1]);
	house_end(&h);
}
END_TEST

Suite *bell_suite(void);

Suite *bell_suite(void)
{
	Suite *s = suite_create("store/bell");
	TCase *tc = tcase_create("bell");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, who_lets_go_of_a_byte_wakes_who_waits_for_it, LOCK_BYTE_WRITE,
		LOCK_BYTE_DISPATCH + 1);
	tcase_add_loop_test(tc, without_bells_a_byte_is_asked_for_after_naps, 0, 2);
	tcase_add_test(tc, a_lock_file_that_is_cut_short_costs_naps_and_nothing_else);
	tcase_add_test(tc, a_bell_that_somebody_wrote_on_costs_naps_and_nothing_else);
	tcase_add_test(tc, a_killed_holder_leaves_nothing_locked_though_its_child_lives_on);
	suite_add_tcase(s, tc);
	return s;
}
