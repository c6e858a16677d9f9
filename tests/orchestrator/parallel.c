/* SPDX-License-Identifier: ISC */
/*
 * Several containers audited at once: what is found does not depend on it, one that does not answer
 * keeps no other waiting, and whose store bears one thread only sees one.
 */
#include "orchestrator/job.h"
#include "orchestrator/outcome.h"
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#define CONTAINERS 7

static const char *container_name(int i)
{
	static char names[CONTAINERS][16];

	snprintf(names[i], sizeof(names[i]), "c%d", i);
	return names[i];
}

/* --- a kernel that looks who reads what, and does not answer for one container -------------- */

static struct {
	struct kernel kernel;
	atomic_int hanging, hung; /* reads of c1 do not come back; so many are waiting */
	atomic_int others;        /* reads by other threads than the caller's */
	atomic_int foreign;       /* the same of c2 */
	atomic_int open_signals;  /* by a thread that a signal could reach */
	atomic_int files;         /* the most that were open */
	pthread_t caller;
} spy;

static int is_of(int fd, const char *id)
{
	char link[64], path[512], part[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	snprintf(part, sizeof(part), "/containers/%s/", id);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	return strstr(path, part) != NULL;
}

static void note_thread(int fd)
{
	sigset_t now;

	if (pthread_equal(pthread_self(), spy.caller))
		return;
	atomic_fetch_add(&spy.others, 1);
	atomic_fetch_add(&spy.foreign, is_of(fd, "c2"));
	pthread_sigmask(SIG_SETMASK, NULL, &now);
	if (!sigismember(&now, SIGTERM) || !sigismember(&now, SIGUSR1))
		atomic_fetch_add(&spy.open_signals, 1);
}

static void count_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = -1; /* that one */

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	if (count > atomic_load(&spy.files))
		atomic_store(&spy.files, count);
}

static ssize_t spy_pread(int fd, void *out, size_t len, off_t offset)
{
	const struct timespec moment = {.tv_nsec = 1000000};

	note_thread(fd);
	count_files();
	if (atomic_load(&spy.hanging) && is_of(fd, "c1")) {
		atomic_fetch_add(&spy.hung, 1);
		while (atomic_load(&spy.hanging))
			nanosleep(&moment, NULL);
	}
	return tote__kernel()->pread(fd, out, len, offset);
}

static void make(struct root *r)
{
	char name[512];

	root_make(r);
	for (int i = 0; i < CONTAINERS; i++) {
		root_provision(r, container_name(i));
		for (int n = 0; n < 3; n++)
			seal(r, container_name(i), named(name, "%d/asset", n));
		root_fill(r, container_name(i), 20);
	}
	root_close(r);
	tote_ctx_unref(r->ctx);
	r->ctx = support_ctx(NULL, NULL);
	memset(&spy, 0, sizeof(spy));
	spy.caller = pthread_self();
	spy.kernel = *tote__kernel();
	spy.kernel.pread = spy_pread;
	ck_assert_int_eq(tote__posix_kernel_set(r->ctx, &spy.kernel, &r->fault), 0);
	root_open(r);
}

static tote_audit *begin(struct root *r, uint32_t parallel, uint64_t rate)
{
	struct tote_audit_options options = {
		.size = sizeof(options), .parallel = parallel, .rate = rate};
	tote_audit *audit;

	ck_ok(tote_audit_start(r->o, &options, &audit, &r->fault), r->fault);
	return audit;
}

/* What was found and concluded of each container, in order of ID. */
struct conclusion {
	struct {
		uint32_t verdict;
		uint64_t entries, assets, bytes;
		int findings, codes;
	} of[CONTAINERS + 1];
};

static int place_of(const char *id)
{
	return !strcmp(id, "orchestrator") ? CONTAINERS : id[1] - '0';
}

static void conclude(struct root *r, tote_audit *audit, struct conclusion *ret)
{
	struct tote_finding f = {.size = sizeof(f)};
	struct tote_verdict v = {.size = sizeof(v)};
	int count = 0;

	memset(ret, 0, sizeof(*ret));
	while (tote_audit_next_finding(audit, &f, &r->fault) == 1) {
		ret->of[place_of(f.container)].findings++;
		ret->of[place_of(f.container)].codes += f.code;
	}
	while (tote_audit_next_verdict(audit, &v, &r->fault) == 1) {
		int i = place_of(v.container);

		if (!count++)
			ck_assert_int_eq(i, CONTAINERS); /* the record's own comes first */
		ret->of[i].verdict = v.verdict;
		ret->of[i].entries = v.entries;
		ret->of[i].assets = v.assets;
		ret->of[i].bytes = i < CONTAINERS ? v.bytes : 0; /* the record has grown */
		if (i == CONTAINERS)
			ret->of[i].entries = 0;
	}
	ck_assert_int_eq(count, CONTAINERS + 1);
	ck_ok(tote_audit_close(audit, &r->fault), r->fault);
}

START_TEST(several_at_once_find_what_one_after_another_finds)
{
	static const uint64_t budgets[] = {0, 1, 4096};
	struct conclusion one, many;
	struct root r;
	tote_audit *audit;
	int rc;

	make(&r);
	file_flip(asset(&r, "c3", "1/asset"), 2, 1);
	file_write(asset(&r, "c5", "foreign"), "x", 1);
	ck_assert_int_eq(unlink(asset(&r, "c5", "0/asset")), 0);
	/* which cosigns each for the first time, so that each has read the same from then on */
	audit = begin(&r, 1, 0);
	while (tote_audit_step(audit, 0, 0, &r.fault) == 1)
		;
	conclude(&r, audit, &one);
	audit = begin(&r, 1, 0);
	while (tote_audit_step(audit, 0, 0, &r.fault) == 1)
		;
	conclude(&r, audit, &one);
	ck_assert_uint_eq(one.of[3].verdict, TOTE_VERDICT_DAMAGED);
	ck_assert_int_eq(one.of[5].findings, 3); /* and the directory that is empty now */
	for (uint32_t parallel = 2; parallel <= 9; parallel += 7)
		for (size_t i = 0; i < sizeof(budgets) / sizeof(budgets[0]); i++) {
			audit = begin(&r, parallel, 0);
			while ((rc = tote_audit_step(audit, budgets[i], 0, &r.fault)) == 1)
				;
			ck_assert_int_eq(rc, 0);
			conclude(&r, audit, &many);
			ck_assert_mem_eq(&one, &many, sizeof(one));
		}
	ck_assert_int_gt(atomic_load(&spy.others), 0);
	ck_assert_int_eq(atomic_load(&spy.open_signals), 0);
	ck_assert_int_le(atomic_load(&spy.files), 64);
	root_remove(&r);
}
END_TEST

static void *step_to_the_end(void *user)
{
	tote_audit *audit = user;
	struct tote_fault fault;
	int rc;

	spy.caller = pthread_self();
	while ((rc = tote_audit_step(audit, 0, 1000, &fault)) == 1)
		;
	return rc ? (void *)1 : NULL;
}

START_TEST(one_that_does_not_answer_keeps_no_other_waiting_whatever_the_budget_of_a_step)
{
	const struct timespec moment = {.tv_nsec = 2000000};
	struct tote_audit_progress progress = {.size = sizeof(progress)};
	struct conclusion all;
	struct root r;
	tote_audit *audit;
	pthread_t thread;
	void *failed;
	int left = 10000;

	make(&r);
	audit = begin(&r, 2, 0);
	atomic_store(&spy.hanging, 1);
	ck_assert_int_eq(pthread_create(&thread, NULL, step_to_the_end, audit), 0);
	do {
		nanosleep(&moment, NULL);
		ck_ok(tote_audit_progress(audit, &progress, &r.fault), r.fault);
	} while (progress.finished < CONTAINERS && --left);
	ck_assert_uint_eq(progress.finished, CONTAINERS); /* all, with the record, but c1 */
	ck_assert_int_ge(atomic_load(&spy.hung), 1);
	atomic_store(&spy.hanging, 0);
	ck_assert_int_eq(pthread_join(thread, &failed), 0);
	ck_assert_ptr_null(failed);
	conclude(&r, audit, &all);
	for (int i = 0; i <= CONTAINERS; i++)
		ck_assert_uint_eq(all.of[i].verdict, TOTE_VERDICT_OK);
	root_remove(&r);
}
END_TEST

START_TEST(a_store_that_bears_one_thread_is_called_by_the_callers_only)
{
	struct conclusion all;
	struct root r;
	tote_audit *audit;

	make(&r);
	audit = begin(&r, 4, 0);
	for (size_t i = 0; i < audit->id_count; i++)
		if (!strcmp(audit->ids[i].id, "c2")) {
			audit->ids[i].caller_only = 1;
			audit->caller_only++;
		}
	while (tote_audit_step(audit, 0, 0, &r.fault) == 1)
		;
	conclude(&r, audit, &all);
	ck_assert_uint_eq(all.of[2].verdict, TOTE_VERDICT_OK);
	ck_assert_int_gt(atomic_load(&spy.others), 0);
	root_remove(&r);
}
END_TEST

START_TEST(a_job_of_several_that_is_cancelled_ends_all_of_them)
{
	struct tote_verdict v = {.size = sizeof(v)};
	struct root r;
	tote_audit *audit;
	uint32_t worst;

	make(&r);
	audit = begin(&r, 3, 0);
	do
		ck_assert_int_eq(tote_audit_step(audit, 1, 0, &r.fault), 1);
	while (tote_audit_next_verdict(audit, &v, &r.fault) != 1);
	ck_ok(tote_audit_cancel(audit, &r.fault), r.fault);
	ck_assert_int_eq(tote_audit_step(audit, 0, 0, &r.fault), 0);
	while (tote_audit_next_verdict(audit, &v, &r.fault) == 1)
		;
	ck_ok(tote_audit_worst(audit, &worst, &r.fault), r.fault);
	ck_assert_uint_eq(worst, TOTE_VERDICT_INCOMPLETE);
	ck_assert_int_eq(tote_audit_step(audit, 0, 0, &r.fault), 0);
	ck_ok(tote_audit_close(audit, &r.fault), r.fault);
	root_remove(&r);
}
END_TEST

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

START_TEST(a_rate_is_kept_over_the_whole_job_and_no_step_waits_longer_than_it_may)
{
	struct tote_audit_progress progress = {.size = sizeof(progress)};
	struct root r;
	tote_audit *audit;
	int64_t begun, step;
	uint64_t rate;
	int rc;

	make(&r);
	audit = begin(&r, 2, 0);
	while (tote_audit_step(audit, 0, 0, &r.fault) == 1)
		;
	ck_ok(tote_audit_progress(audit, &progress, &r.fault), r.fault);
	ck_ok(tote_audit_close(audit, &r.fault), r.fault);
	/* a second's worth at once, then for less than a second */
	rate = progress.bytes * 6 / 10;
	begun = now_us();
	audit = begin(&r, 2, rate);
	do {
		step = now_us();
		rc = tote_audit_step(audit, 0, 20000, &r.fault);
		ck_assert_int_lt(now_us() - step, 2000000);
	} while (rc == 1);
	ck_assert_int_eq(rc, 0);
	ck_assert_int_gt(now_us() - begun, 150000);
	ck_ok(tote_audit_close(audit, &r.fault), r.fault);
	root_remove(&r);
}
END_TEST

Suite *parallel_suite(void)
{
	Suite *s = suite_create("parallel");
	TCase *t = tcase_create("parallel");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, several_at_once_find_what_one_after_another_finds);
	tcase_add_test(
		t, one_that_does_not_answer_keeps_no_other_waiting_whatever_the_budget_of_a_step);
	tcase_add_test(t, a_store_that_bears_one_thread_is_called_by_the_callers_only);
	tcase_add_test(t, a_job_of_several_that_is_cancelled_ends_all_of_them);
	tcase_add_test(t, a_rate_is_kept_over_the_whole_job_and_no_step_waits_longer_than_it_may);
	suite_add_tcase(s, t);
	return s;
}
