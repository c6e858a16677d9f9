/* SPDX-License-Identifier: ISC */
/*
 * The queue before byte 0 of a lock in a directory tree, with processes: who asks first is served
 * first, and whoever is killed or stopped in it, or leaves it, keeps nobody for long.
 */
#include "base/clock.h"
#include "store/posix_house.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#define MEMBERS  8
#define ROUNDS   40
#define PLACES   4096 /* the first place of the queue */
#define LONG_US  INT64_C(30000000)
#define SHORT_US INT64_C(3000000)

/* Shared by all processes of a test. */
struct shared {
	atomic_ulong grants; /* changed by the holder of byte 0 alone */
	atomic_ulong overtaken;
	atomic_int ready, failed;
	atomic_long places[MEMBERS];
};

static struct kernel told; /* the real one, but for what a test looks at */
static struct shared *shared;
static int number;           /* of this process */
static unsigned long before; /* what was granted when it had its place */
static int had_place;

static int see_place(int fd, struct flock *lock)
{
	const int rc = tote__kernel()->setlk(fd, lock);

	if (rc == 0 && lock->l_type == F_WRLCK && lock->l_start >= PLACES) {
		before = atomic_load(&shared->grants);
		had_place = 1;
		atomic_store(&shared->places[number], lock->l_start);
	}
	return rc;
}

static void shared_make(void)
{
	shared = mmap(
		NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(shared != MAP_FAILED);
}

static void told_house(struct house *h)
{
	house_make(h, HOUSE_POSIX, LAYOUT_CONTAINER);
	told = *tote__kernel();
	told.setlk = see_place;
	ck_ok(tote__posix_kernel_set(h->ctx, &told, &h->fault), h->fault);
	shared_make();
	number = MEMBERS - 1;
	/* the page has no bell as long as the file has no byte */
	ck_ok(h->ops->lock_take(h->at, LOCK_BYTE_WRITE, 0, &h->fault), h->fault);
	ck_ok(h->ops->line_write(h->at, "tote-lock/1\n", 12, &h->fault), h->fault);
	h->ops->lock_drop(h->at, LOCK_BYTE_WRITE);
}

static void told_end(struct house *h)
{
	munmap(shared, sizeof(*shared));
	house_end(h);
}

/* A place of the child's own: what its parent opened is not its. */
static void open_own(struct house *h, int which, struct place *ret)
{
	struct tote_ctx *ctx = NULL;
	struct tote_fault fault = {0};

	number = which;
	told.getpid = tote__kernel()->getpid;
	if (tote_ctx_new(NULL, &ctx, &fault) < 0 ||
		tote__posix_kernel_set(ctx, &told, &fault) < 0 ||
		tote__place_open(
			ctx, "posix", house_location(h), LAYOUT_CONTAINER, 0, ret, &fault) < 0)
		_exit(3);
}

static void raise_to(atomic_ulong *most, unsigned long value)
{
	unsigned long old = atomic_load(most);

	while (old < value && !atomic_compare_exchange_weak(most, &old, value))
		;
}

static void nap(long us)
{
	nanosleep(&(struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000}, NULL);
}

_Noreturn static void member(struct house *h, int which)
{
	struct tote_fault fault = {0};
	struct place p;

	open_own(h, which, &p);
	atomic_fetch_add(&shared->ready, 1);
	while (atomic_load(&shared->ready) < MEMBERS)
		nap(100);
	for (int i = 0; i < ROUNDS; i++) {
		unsigned long now;

		had_place = 0;
		if (p.ops->lock_take(p.handle, LOCK_BYTE_WRITE, LONG_US, &fault) != 0)
			_exit(1);
		now = atomic_load(&shared->grants);
		if (had_place)
			raise_to(&shared->overtaken, now - before);
		atomic_store(&shared->grants, now + 1);
		nap(which % 2 ? 50 : 300);
		p.ops->lock_drop(p.handle, LOCK_BYTE_WRITE);
		if (which == MEMBERS - 1 && i % 4 == 0)
			nap(1000); /* and comes back when all others wait */
	}
	_exit(0);
}

START_TEST(of_those_who_ask_later_each_is_served_at_most_once_before)
{
	pid_t pids[MEMBERS];
	struct house h;

	told_house(&h);
	for (int i = 0; i < MEMBERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			member(&h, i);
	}
	for (int i = 0; i < MEMBERS; i++) {
		int status = -1;

		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_uint_eq(atomic_load(&shared->grants), MEMBERS * ROUNDS);
	ck_assert_uint_gt(atomic_load(&shared->overtaken), 0);
	ck_assert_uint_le(atomic_load(&shared->overtaken), MEMBERS - 1);
	told_end(&h);
}
END_TEST

/* --- a member that does not take what is his -------------------------------------------------- */

_Noreturn static void take_once(struct house *h, int which)
{
	struct tote_fault fault = {0};
	struct place p;

	open_own(h, which, &p);
	if (p.ops->lock_take(p.handle, LOCK_BYTE_WRITE, LONG_US, &fault) != 0)
		_exit(1);
	p.ops->lock_drop(p.handle, LOCK_BYTE_WRITE);
	_exit(0);
}

/* A child that stands in the queue as number `which`, behind those before it. */
static pid_t stand(struct house *h, int which)
{
	pid_t pid = fork();

	if (pid == 0)
		take_once(h, which);
	for (int i = 0; i < 10000 && !atomic_load(&shared->places[which]); i++)
		nap(1000);
	ck_assert_int_gt(atomic_load(&shared->places[which]), 0);
	if (which)
		ck_assert_int_gt(atomic_load(&shared->places[which]),
			atomic_load(&shared->places[which - 1]));
	nap(20000); /* asleep by now */
	return pid;
}

static int64_t now_us(void)
{
	struct clock_source clock;

	tote__clock_init(&clock, NULL);
	return tote__clock_monotonic(&clock);
}

static void ends_well(pid_t pid)
{
	int status = -1;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

START_TEST(a_member_that_is_killed_in_the_queue_is_out_of_it)
{
	struct house h;
	pid_t pids[4];
	int status;
	int64_t start;

	told_house(&h);
	ck_ok(h.ops->lock_take(h.at, LOCK_BYTE_WRITE, 0, &h.fault), h.fault);
	for (int i = 0; i < 4; i++)
		pids[i] = stand(&h, i);
	for (int i = 0; i < 4; i += 2) { /* the one at the turnstile, and one behind */
		kill(pids[i], SIGKILL);
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
	}
	start = now_us();
	h.ops->lock_drop(h.at, LOCK_BYTE_WRITE);
	ends_well(pids[1]);
	ends_well(pids[3]);
	ck_assert_int_lt(now_us() - start, SHORT_US);
	told_end(&h);
}
END_TEST

/*
 * He gets what is his when he goes on. The first one has the turnstile besides, since he must wait
 * although nobody is ahead; number 1 has his place alone.
 */
START_TEST(a_member_that_is_stopped_is_passed_after_a_while)
{
	const int stopped = _i;
	struct house h;
	pid_t pids[4];
	int status;
	int64_t start;

	told_house(&h);
	ck_ok(h.ops->lock_take(h.at, LOCK_BYTE_WRITE, 0, &h.fault), h.fault);
	for (int i = 0; i < 4; i++)
		pids[i] = stand(&h, i);
	kill(pids[stopped], SIGSTOP);
	ck_assert_int_eq(waitpid(pids[stopped], &status, WUNTRACED), pids[stopped]);
	start = now_us();
	h.ops->lock_drop(h.at, LOCK_BYTE_WRITE);
	for (int i = 0; i < 4; i++)
		if (i != stopped)
			ends_well(pids[i]);
	ck_ok(h.ops->lock_take(h.at, LOCK_BYTE_WRITE, SHORT_US, &h.fault), h.fault);
	h.ops->lock_drop(h.at, LOCK_BYTE_WRITE);
	ck_assert_int_lt(now_us() - start, SHORT_US);
	kill(pids[stopped], SIGCONT);
	ends_well(pids[stopped]);
	told_end(&h);
}
END_TEST

START_TEST(who_is_stopped_costs_the_others_their_patience_once)
{
	struct house h;
	pid_t pid;
	int status;
	int64_t start;

	told_house(&h);
	ck_ok(h.ops->lock_take(h.at, LOCK_BYTE_WRITE, 0, &h.fault), h.fault);
	pid = stand(&h, 0);
	kill(pid, SIGSTOP);
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	h.ops->lock_drop(h.at, LOCK_BYTE_WRITE);
	start = now_us();
	for (int i = 0; i < 50; i++) {
		ck_ok(h.ops->lock_take(h.at, LOCK_BYTE_WRITE, SHORT_US, &h.fault), h.fault);
		h.ops->lock_drop(h.at, LOCK_BYTE_WRITE);
	}
	ck_assert_int_lt(now_us() - start, SHORT_US);
	kill(pid, SIGCONT);
	ends_well(pid);
	/* and the next one who stands there is not taken for him */
	ck_ok(h.ops->lock_take(h.at, LOCK_BYTE_WRITE, 0, &h.fault), h.fault);
	atomic_store(&shared->places[0], 0);
	pid = stand(&h, 0);
	kill(pid, SIGSTOP);
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	h.ops->lock_drop(h.at, LOCK_BYTE_WRITE);
	ck_fault(h.ops->lock_take(h.at, LOCK_BYTE_WRITE, 0, &h.fault), TOTE_E_BUSY, h.fault);
	tote__fault_clear(&h.fault);
	kill(pid, SIGCONT);
	ends_well(pid);
	told_end(&h);
}
END_TEST

START_TEST(who_gives_up_leaves_the_others_in_their_order)
{
	struct house h;
	struct place other;
	pid_t pids[2];

	told_house(&h);
	ck_ok(tote__place_open(
		      h.ctx, "posix", house_location(&h), LAYOUT_CONTAINER, 0, &other, &h.fault),
		h.fault);
	ck_ok(h.ops->lock_take(h.at, LOCK_BYTE_WRITE, 0, &h.fault), h.fault);
	pids[0] = stand(&h, 0);
	ck_fault(other.ops->lock_take(other.handle, LOCK_BYTE_WRITE, 30000, &h.fault), TOTE_E_BUSY,
		h.fault);
	tote__fault_clear(&h.fault);
	pids[1] = stand(&h, 1);
	/* nobody comes past those who wait, not even while byte 0 is free */
	kill(pids[0], SIGSTOP);
	h.ops->lock_drop(h.at, LOCK_BYTE_WRITE);
	ck_fault(other.ops->lock_take(other.handle, LOCK_BYTE_WRITE, 0, &h.fault), TOTE_E_BUSY,
		h.fault);
	tote__fault_clear(&h.fault);
	kill(pids[0], SIGCONT);
	ends_well(pids[0]);
	ends_well(pids[1]);
	ck_ok(other.ops->lock_take(other.handle, LOCK_BYTE_WRITE, 0, &h.fault), h.fault);
	tote__place_close(&other);
	told_end(&h);
}
END_TEST

static void *take_by_turn(void *user)
{
	struct place *p = user;
	struct tote_fault fault = {0};

	ck_ok(p->ops->lock_take(p->handle, LOCK_BYTE_WRITE, LONG_US, &fault), fault);
	return NULL;
}

START_TEST(who_has_waited_for_byte_0_has_neither_turnstile_nor_place_any_more)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1};
	struct place other;
	pthread_t thread;
	struct house h;
	int fd;

	told_house(&h);
	ck_ok(tote__place_open(
		      h.ctx, "posix", house_location(&h), LAYOUT_CONTAINER, 0, &other, &h.fault),
		h.fault);
	ck_ok(h.ops->lock_take(h.at, LOCK_BYTE_WRITE, 0, &h.fault), h.fault);
	ck_assert_int_eq(pthread_create(&thread, NULL, take_by_turn, &other), 0);
	nap(30000);
	fd = open(IN(h, "ledger/lock"), O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(fcntl(fd, F_OFD_GETLK, &lock), 0);
	ck_assert_int_eq(lock.l_type, F_WRLCK);
	h.ops->lock_drop(h.at, LOCK_BYTE_WRITE);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1};
	ck_assert_int_eq(fcntl(fd, F_OFD_GETLK, &lock), 0);
	ck_assert_int_eq(lock.l_type, F_UNLCK);
	close(fd);
	tote__place_close(&other);
	told_end(&h);
}
END_TEST

/* Byte 2 lies between the turnstile and the places of the queue. */
START_TEST(a_fold_is_nobody_who_waits)
{
	struct house h;
	struct place other;

	told_house(&h);
	ck_ok(tote__place_open(
		      h.ctx, "posix", house_location(&h), LAYOUT_CONTAINER, 0, &other, &h.fault),
		h.fault);
	ck_ok(other.ops->lock_take(other.handle, LOCK_BYTE_FOLD, 0, &h.fault), h.fault);
	ck_ok(h.ops->lock_take(h.at, LOCK_BYTE_WRITE, 0, &h.fault), h.fault);
	ck_assert_int_eq(had_place, 0);
	tote__place_close(&other);
	told_end(&h);
}
END_TEST

Suite *queue_suite(void);

Suite *queue_suite(void)
{
	Suite *s = suite_create("store/queue");
	TCase *tc = tcase_create("queue");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, of_those_who_ask_later_each_is_served_at_most_once_before);
	tcase_add_test(tc, a_member_that_is_killed_in_the_queue_is_out_of_it);
	tcase_add_loop_test(tc, a_member_that_is_stopped_is_passed_after_a_while, 0, 2);
	tcase_add_test(tc, who_is_stopped_costs_the_others_their_patience_once);
	tcase_add_test(tc, who_gives_up_leaves_the_others_in_their_order);
	tcase_add_test(tc, who_has_waited_for_byte_0_has_neither_turnstile_nor_place_any_more);
	tcase_add_test(tc, a_fold_is_nobody_who_waits);
	suite_add_tcase(s, tc);
	return s;
}
