/* SPDX-License-Identifier: ISC */
/*
 * Descriptors: at most 64 however many containers there are, none of them inherited by a program that
 * is started, and none of another container in the hands of who has opened one.
 */
#include "orchestrator/outcome.h"
#include <dirent.h>
#include <pthread.h>

#define MANY         200
#define BOXES        40
#define DESCRIPTORS  64 /* DESIGN: whatever the number of containers */
#define NAME_OF_MANY 16

/* --- what is opened, as the kernel sees it ------------------------------------------------------ */

static struct {
	struct kernel kernel;
	pthread_mutex_t mutex;
	int now, most, inherited;
} opened = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static int count(int fd)
{
	if (fd < 0)
		return fd;
	pthread_mutex_lock(&opened.mutex);
	opened.now++;
	if (opened.now > opened.most)
		opened.most = opened.now;
	opened.inherited += !(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	pthread_mutex_unlock(&opened.mutex);
	return fd;
}

static int counting_openat2(int dir, const char *path, const struct open_how *how)
{
	return count(tote__kernel()->openat2(dir, path, how));
}

static int counting_openat(int dir, const char *path, int flags, mode_t mode)
{
	return count(tote__kernel()->openat(dir, path, flags, mode));
}

static int counting_dupfd(int fd)
{
	return count(tote__kernel()->dupfd(fd));
}

static int counting_close(int fd)
{
	pthread_mutex_lock(&opened.mutex);
	opened.now--;
	pthread_mutex_unlock(&opened.mutex);
	return tote__kernel()->close(fd);
}

static void count_from_here(struct root *r)
{
	opened.kernel = *tote__kernel();
	opened.kernel.openat2 = counting_openat2;
	opened.kernel.openat = counting_openat;
	opened.kernel.dupfd = counting_dupfd;
	opened.kernel.close = counting_close;
	opened.now = opened.most = opened.inherited = 0;
	r->ctx = support_ctx(NULL, NULL);
	ck_assert_int_eq(tote__posix_kernel_set(r->ctx, &opened.kernel, &r->fault), 0);
	root_open(r);
}

/* --- made once ------------------------------------------------------------------------------------ */

static struct root base;

static const char *many(int i)
{
	return printed("box-%03d", i);
}

static void make_many(void)
{
	root_make(&base);
	for (int i = 0; i < MANY; i++)
		root_provision(&base, many(i));
	for (int i = 0; i < MANY; i += 10)
		seal(&base, many(i), "dir/asset");
	root_close(&base);
	tote_ctx_unref(base.ctx);
	base.ctx = NULL;
}

static void remove_many(void)
{
	root_remove(&base);
}

START_TEST(no_more_than_64_descriptors_whatever_the_number_of_containers)
{
	struct root r = base;
	tote_box *boxes[BOXES];
	char note[8192];
	size_t len;

	count_from_here(&r);
	for (int i = 0; i < MANY; i++) {
		tote_box *box = root_box(&r, many(i));

		ck_ok(box_append(box, "x", &r.fault), r.fault);
		ck_ok(tote_box_close(box, &r.fault), r.fault);
		if (i % 4 == 0)
			ck_assert_uint_eq(audit(&r, many(i)).verdict.verdict, TOTE_VERDICT_OK);
		root_state(&r, many(i));
	}
	for (int i = 0; i < BOXES; i++)
		boxes[i] = root_box(&r, many(5 * i));
	for (int turn = 0; turn < 2; turn++)
		for (int i = 0; i < BOXES; i++)
			ck_ok(box_append(boxes[i], "y", &r.fault), r.fault);
	for (int i = 0; i < BOXES; i++) {
		ck_ok(tote_box_checkpoint(boxes[i], 0, note, sizeof(note), &len, &r.fault),
			r.fault);
		ck_ok(tote_box_close(boxes[i], &r.fault), r.fault);
	}
	ck_assert_int_le(opened.most, DESCRIPTORS);
	ck_assert_int_eq(opened.inherited, 0);
	root_close(&r);
	tote_ctx_unref(r.ctx);
	ck_assert_int_eq(opened.now, 0);
}
END_TEST

START_TEST(no_more_than_64_descriptors_in_one_audit_of_everything)
{
	struct root r = base;
	struct tote_verdict verdict = {.size = sizeof(verdict)};
	tote_audit *job;
	int rc, seen = 0;

	count_from_here(&r);
	ck_ok(tote_audit_start(r.o, NULL, &job, &r.fault), r.fault);
	while ((rc = tote_audit_step(job, 0, 0, &r.fault)) > 0)
		;
	ck_assert_int_eq(rc, 0);
	while (tote_audit_next_verdict(job, &verdict, &r.fault) == 1) {
		ck_assert_msg(verdict.verdict == TOTE_VERDICT_OK, "%s", verdict.container);
		seen++;
	}
	ck_assert_int_eq(seen, MANY + 1);
	ck_ok(tote_audit_close(job, &r.fault), r.fault);
	ck_assert_int_le(opened.most, DESCRIPTORS);
	ck_assert_int_eq(opened.inherited, 0);
	root_close(&r);
	tote_ctx_unref(r.ctx);
	ck_assert_int_eq(opened.now, 0);
}
END_TEST

/* How many descriptors of this process are below `inside` and how many in the scratch directory but not. */
static void look_at_descriptors(const char *scratch, const char *inside, int *ret_in, int *ret_out)
{
	char path[512], target[1024];
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *e;
	ssize_t n;

	ck_assert_ptr_nonnull(dir);
	*ret_in = *ret_out = 0;
	while ((e = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/self/fd/%s", e->d_name);
		n = readlink(path, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		if (!strncmp(target, inside, strlen(inside)))
			++*ret_in;
		else if (!strncmp(target, scratch, strlen(scratch)))
			++*ret_out;
	}
	closedir(dir);
}

START_TEST(who_opens_one_container_holds_descriptors_of_that_one_alone)
{
	struct tote_box_options options = {.size = sizeof(options)};
	char here[512], key[512], note[8192];
	struct root r = base;
	int in, out;
	tote_box *box;
	size_t len;

	r.ctx = support_ctx(NULL, NULL);
	named(here, "%s/containers/%s/", r.path, many(7));
	options.key_file = named(key, "%s/orchestrator/keys/%s", r.path, many(7));
	ck_ok(tote_box_open_alone(r.ctx, here, &options, &box, &r.fault), r.fault);
	ck_ok(box_append(box, "x", &r.fault), r.fault);
	/* with its lock held, as much as it ever has */
	ck_assert_int_eq(tote__ledger_hold(box->ledger, &r.fault), 0);
	here[strlen(here) - 1] = '\0';
	look_at_descriptors(r.scratch.path, here, &in, &out);
	tote__ledger_release(box->ledger);
	ck_assert_int_gt(in, 0);
	/* the place of its key is where the host said */
	ck_assert_int_le(out, 1);
	ck_ok(tote_box_checkpoint(box, 0, note, sizeof(note), &len, &r.fault), r.fault);
	tote_box_unref(box);
	options.key_file = NULL;
	options.flags = TOTE_BOX_NO_SIGNER;
	ck_ok(tote_box_open_alone(r.ctx, here, &options, &box, &r.fault), r.fault);
	ck_ok(box_append(box, "x", &r.fault), r.fault);
	ck_assert_int_eq(tote__ledger_hold(box->ledger, &r.fault), 0);
	look_at_descriptors(r.scratch.path, here, &in, &out);
	tote__ledger_release(box->ledger);
	ck_assert_int_gt(in, 0);
	ck_assert_int_eq(out, 0);
	tote_box_unref(box);
	tote_ctx_unref(r.ctx);
}
END_TEST

START_TEST(a_program_that_is_started_inherits_none)
{
	struct root r = base;
	tote_audit *job;
	char said[4096];
	tote_box *box;
	FILE *from;
	size_t n;

	r.ctx = support_ctx(NULL, NULL);
	root_open(&r);
	box = root_box(&r, many(3));
	ck_assert_int_eq(tote__ledger_hold(box->ledger, &r.fault), 0);
	ck_ok(tote_audit_start(r.o, NULL, &job, &r.fault), r.fault);
	for (int i = 0; i < 8; i++) /* in the middle of an audit */
		ck_assert_int_eq(tote_audit_step(job, 1, 1, &r.fault), 1);
	from = popen("ls -l /proc/self/fd", "r");
	ck_assert_ptr_nonnull(from);
	n = fread(said, 1, sizeof(said) - 1, from);
	said[n] = '\0';
	pclose(from);
	ck_assert_msg(strstr(said, "/root") == NULL && strstr(said, " -> ") != NULL, "%s", said);
	tote__ledger_release(box->ledger);
	tote_audit_close(job, &r.fault);
	tote_box_unref(box);
	root_close(&r);
	tote_ctx_unref(r.ctx);
}
END_TEST

Suite *descriptors_suite(void)
{
	Suite *s = suite_create("descriptors");
	TCase *t = tcase_create("descriptors");

	tcase_set_timeout(t, 60);
	tcase_add_unchecked_fixture(t, make_many, remove_many);
	tcase_add_test(t, no_more_than_64_descriptors_whatever_the_number_of_containers);
	tcase_add_test(t, no_more_than_64_descriptors_in_one_audit_of_everything);
	tcase_add_test(t, who_opens_one_container_holds_descriptors_of_that_one_alone);
	tcase_add_test(t, a_program_that_is_started_inherits_none);
	suite_add_tcase(s, t);
	return s;
}
