/* SPDX-License-Identifier: ISC */
/*
 * Sources: read as they were opened or refused, and walked in the order of their paths.
 */
#include "store/source.h"
#include "store/posix_ctx.h"
#include "support/faulty_kernel.h"
#include "support/support.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static struct scratch scratch;
static tote_ctx *ctx;
static struct tote_fault fault;

static void setup(void)
{
	memset(&fault, 0, sizeof(fault));
	scratch_make(&scratch);
	ctx = support_ctx(NULL, NULL);
	ck_ok(tote__posix_kernel_set(ctx, faulty_kernel(), &fault), fault);
}

static void teardown(void)
{
	tote_ctx_unref(ctx);
	scratch_remove(&scratch);
}

static struct source *source_of(const char *name)
{
	struct source *s;
	struct store_stat st;

	ck_ok(tote__source_open(ctx, scratch_path(&scratch, "%s", name), -1, &s, &st, &fault),
		fault);
	ck_assert_int_eq(st.type, STORE_FILE);
	return s;
}

static void read_to_end(struct source *s, const char *wanted)
{
	char got[8];
	size_t len, total = 0;

	do {
		ck_ok(tote__source_read(s, got, sizeof(got), &len, &fault), fault);
		if (wanted)
			ck_assert(memcmp(got, wanted + total, len) == 0);
		total += len;
	} while (len);
	if (wanted)
		ck_assert_uint_eq(total, strlen(wanted));
}

START_TEST(a_file_is_read_to_its_end_and_found_unchanged)
{
	struct source *s;

	file_write(scratch_path(&scratch, "f"), "some bytes to seal", 18);
	s = source_of("f");
	read_to_end(s, "some bytes to seal");
	ck_ok(tote__source_check(s, &fault), fault);
	tote__source_close(s);
	tote__source_close(NULL);
	file_write(scratch_path(&scratch, "empty"), "", 0);
	s = source_of("empty");
	read_to_end(s, "");
	ck_ok(tote__source_check(s, &fault), fault);
	tote__source_close(s);
}
END_TEST

START_TEST(what_is_no_regular_file_is_refused)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	static const char *const names[] = {"dir", "link", "pipe", "socket"};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct source *s;
	struct store_stat st;

	file_write(scratch_path(&scratch, "f"), "x", 1);
	directory_make(scratch_path(&scratch, "dir"));
	ck_assert_int_eq(symlink("f", scratch_path(&scratch, "link")), 0);
	ck_assert_int_eq(mkfifo(scratch_path(&scratch, "pipe"), 0600), 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%.80s/socket", scratch.path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	for (size_t i = 0; i < 4; i++)
		ck_fault(tote__source_open(
				 ctx, scratch_path(&scratch, "%s", names[i]), -1, &s, &st, &fault),
			TOTE_E_SOURCE, fault);
	ck_fault(tote__source_open(ctx, "/dev/null", -1, &s, &st, &fault), TOTE_E_SOURCE, fault);
	ck_fault(tote__source_open(ctx, scratch_path(&scratch, "no"), -1, &s, &st, &fault),
		TOTE_E_NOT_FOUND, fault);
	close(fd);
}
END_TEST

START_TEST(a_descriptor_is_read_from_its_beginning_and_left_alone)
{
	const char *path = scratch_path(&scratch, "f");
	struct source *s;
	struct store_stat st;
	int fd, pipes[2];

	file_write(path, "0123456789", 10);
	fd = open(path, O_RDONLY);
	ck_assert_int_eq(lseek(fd, 4, SEEK_SET), 4);
	ck_ok(tote__source_open(ctx, NULL, fd, &s, &st, &fault), fault);
	read_to_end(s, "0123456789");
	ck_ok(tote__source_check(s, &fault), fault);
	tote__source_close(s);
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 4);
	close(fd);
	ck_assert_int_eq(pipe(pipes), 0);
	ck_fault(tote__source_open(ctx, "named", pipes[0], &s, &st, &fault), TOTE_E_SOURCE, fault);
	ck_fault(tote__source_open(ctx, NULL, 9999, &s, &st, &fault), TOTE_E_IO, fault);
	close(pipes[0]);
	close(pipes[1]);
}
END_TEST

static void grow(const char *path)
{
	FILE *f = fopen(path, "ab");

	ck_assert_int_eq(fputs("more", f) >= 0, 1);
	fclose(f);
}

static void shrink(const char *path)
{
	ck_assert_int_eq(truncate(path, 3), 0);
}

static void change_and_hide(const char *path)
{
	struct stat st;
	struct timespec times[2];
	int fd = open(path, O_WRONLY);

	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(pwrite(fd, "X", 1, 0), 1);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	ck_assert_int_eq(futimens(fd, times), 0); /* the change time cannot be set back */
	close(fd);
}

START_TEST(a_file_that_changes_under_the_reader_is_refused)
{
	static void (*const changes[])(const char *) = {grow, shrink, change_and_hide};
	const struct timespec tick = {.tv_nsec = 20000000}; /* of the clock of file times */

	for (size_t i = 0; i < 3; i++) {
		char path[300];
		struct source *s;

		snprintf(path, sizeof(path), "%s/f", scratch.path);
		file_write(path, "0123456789", 10);
		nanosleep(&tick, NULL);
		s = source_of("f");
		read_to_end(s, NULL);
		changes[i](path);
		ck_fault(tote__source_check(s, &fault), TOTE_E_SOURCE, fault);
		tote__fault_clear(&fault);
		tote__source_close(s);
	}
}
END_TEST

START_TEST(a_file_that_was_not_read_to_its_end_is_refused)
{
	struct source *s;
	char got[4];
	size_t len;

	file_write(scratch_path(&scratch, "f"), "0123456789", 10);
	s = source_of("f");
	ck_ok(tote__source_read(s, got, 4, &len, &fault), fault);
	ck_fault(tote__source_check(s, &fault), TOTE_E_SOURCE, fault);
	tote__source_close(s);
}
END_TEST

START_TEST(a_read_error_is_reported)
{
	struct source *s;
	char got[4];
	size_t len;

	file_write(scratch_path(&scratch, "f"), "0123456789", 10);
	s = source_of("f");
	faulty_fail(CALL_PREAD, 0, 1, EIO);
	ck_fault(tote__source_read(s, got, 4, &len, &fault), TOTE_E_IO, fault);
	tote__source_close(s);
}
END_TEST

/* --- the walk ------------------------------------------------------------------------------- */

struct trail {
	char text[4096];
	int stop_after;
	int links;
};

static int note(void *user, const char *host_path, const char *relative,
	const struct store_stat *st, struct tote_fault *f)
{
	struct trail *t = user;
	struct stat there;

	ck_assert_int_ne(st->type, STORE_DIR);
	ck_assert_msg(lstat(host_path, &there) == 0, "%s", host_path);
	ck_assert_uint_eq(there.st_ino, st->inode);
	t->links += st->type == STORE_LINK;
	snprintf(t->text + strlen(t->text), sizeof(t->text) - strlen(t->text), "%s|", relative);
	if (t->stop_after && --t->stop_after == 0)
		return tote__fault(f, TOTE_E_CANCELLED, "stopped");
	return 0;
}

START_TEST(a_tree_is_walked_in_byte_order_of_whole_paths)
{
	struct trail t = {.text = ""};
	static const char *const files[] = {"a/x", "a.b", "a0", "a/b/c", "a-", "z", "B", "a/y"};

	directory_make(scratch_path(&scratch, "t"));
	directory_make(scratch_path(&scratch, "t/a"));
	directory_make(scratch_path(&scratch, "t/a/b"));
	directory_make(scratch_path(&scratch, "t/empty"));
	for (size_t i = 0; i < 8; i++)
		file_write(scratch_path(&scratch, "t/%s", files[i]), "x", 1);
	ck_ok(tote__source_walk(ctx, scratch_path(&scratch, "t"), 0, note, &t, &fault), fault);
	ck_assert_str_eq(t.text, "B|a-|a.b|a/b/c|a/x|a/y|a0|z|");
	t.text[0] = '\0';
	ck_ok(tote__source_walk(ctx, scratch_path(&scratch, "t//"), 0, note, &t, &fault), fault);
	ck_assert_str_eq(t.text, "B|a-|a.b|a/b/c|a/x|a/y|a0|z|");
	t.text[0] = '\0';
	t.stop_after = 3;
	ck_fault(tote__source_walk(ctx, scratch_path(&scratch, "t"), 0, note, &t, &fault),
		TOTE_E_CANCELLED, fault);
	ck_assert_str_eq(t.text, "B|a-|a.b|");
}
END_TEST

static int note_closed(void *user, const char *host_path, const char *relative,
	const struct store_stat *st, struct tote_fault *f)
{
	struct trail *t = user;

	(void)host_path;
	(void)f;
	snprintf(t->text + strlen(t->text), sizeof(t->text) - strlen(t->text), "%s%s|", relative,
		st->type == STORE_DIR ? "/" : "");
	return 0;
}

START_TEST(a_directory_that_may_not_be_listed_is_reported_and_the_walk_goes_on)
{
	struct trail t = {.text = ""};

	directory_make(scratch_path(&scratch, "t"));
	directory_make(scratch_path(&scratch, "t/closed"));
	file_write(scratch_path(&scratch, "t/a"), "x", 1);
	file_write(scratch_path(&scratch, "t/z"), "x", 1);
	/* the first opening below the top is that of t itself, the second that of t/closed */
	faulty_fail(CALL_OPENAT2, 1, 1, EACCES);
	ck_ok(tote__source_walk(ctx, scratch_path(&scratch, "t"), 0, note_closed, &t, &fault),
		fault);
	ck_assert_int_eq(faulty_fired(), 1);
	ck_assert_str_eq(t.text, "a|closed/|z|");
}
END_TEST

START_TEST(a_single_file_is_a_tree_of_one)
{
	struct trail t = {.text = ""};

	file_write(scratch_path(&scratch, "f"), "x", 1);
	ck_ok(tote__source_walk(ctx, scratch_path(&scratch, "f"), 0, note, &t, &fault), fault);
	ck_assert_str_eq(t.text, "|");
	ck_fault(tote__source_walk(ctx, scratch_path(&scratch, "no"), 0, note, &t, &fault),
		TOTE_E_NOT_FOUND, fault);
}
END_TEST

START_TEST(links_and_pipes_are_reported_and_never_followed)
{
	struct trail t = {.text = ""};

	directory_make(scratch_path(&scratch, "t"));
	directory_make(scratch_path(&scratch, "out"));
	file_write(scratch_path(&scratch, "out/secret"), "x", 1);
	ck_assert_int_eq(symlink("../out", scratch_path(&scratch, "t/link")), 0);
	ck_assert_int_eq(symlink("t", scratch_path(&scratch, "top")), 0);
	ck_assert_int_eq(mkfifo(scratch_path(&scratch, "t/pipe"), 0600), 0);
	ck_ok(tote__source_walk(ctx, scratch_path(&scratch, "t"), 0, note, &t, &fault), fault);
	ck_assert_str_eq(t.text, "link|pipe|");
	ck_assert_int_eq(t.links, 1);
	t = (struct trail){.text = ""};
	ck_ok(tote__source_walk(ctx, scratch_path(&scratch, "top"), 0, note, &t, &fault), fault);
	ck_assert_str_eq(t.text, "|");
	ck_assert_int_eq(t.links, 1);
	t = (struct trail){.text = ""};
	ck_ok(tote__source_walk(ctx, scratch_path(&scratch, "top"), 1, note, &t, &fault), fault);
	ck_assert_str_eq(t.text, "link|pipe|");
}
END_TEST

static void nest(int depth)
{
	int dir = open(scratch.path, O_RDONLY | O_DIRECTORY), next;

	for (int i = 0; i < depth; i++) {
		ck_assert_int_eq(mkdirat(dir, "d", 0755), 0);
		next = openat(dir, "d", O_RDONLY | O_DIRECTORY);
		close(dir);
		dir = next;
	}
	next = openat(dir, "f", O_CREAT | O_WRONLY, 0600);
	close(next);
	close(dir);
}

START_TEST(a_tree_that_is_too_deep_is_refused)
{
	struct trail t = {.text = ""};

	nest(128);
	ck_ok(tote__source_walk(ctx, scratch.path, 0, note, &t, &fault), fault);
	ck_assert_uint_eq(strlen(t.text), 128 * 2 + 2);
	ck_assert_int_eq(rename(scratch_path(&scratch, "d"), scratch_path(&scratch, "e")), 0);
	directory_make(scratch_path(&scratch, "d"));
	ck_assert_int_eq(rename(scratch_path(&scratch, "e"), scratch_path(&scratch, "d/d")), 0);
	ck_fault(tote__source_walk(ctx, scratch.path, 0, note, &t, &fault), TOTE_E_LIMIT, fault);
}
END_TEST

START_TEST(a_walk_without_memory_says_so)
{
	struct trail t = {.text = ""};

	directory_make(scratch_path(&scratch, "t"));
	directory_make(scratch_path(&scratch, "t/a"));
	file_write(scratch_path(&scratch, "t/a/f"), "x", 1);
	for (long n = 0;; n++) {
		struct failing f = {.fail_at = -1, .once = 1};
		tote_ctx *other = support_ctx(NULL, &f);
		int rc;

		f.fail_at = n;
		rc = tote__source_walk(other, scratch_path(&scratch, "t"), 0, note, &t, &fault);
		if (f.fired)
			ck_fault(rc, TOTE_E_NO_MEMORY, fault);
		else
			ck_assert_int_eq(rc, 0);
		tote_ctx_unref(other);
		ck_assert_int_eq(f.live, 0);
		if (!f.fired)
			break;
	}
}
END_TEST

Suite *source_suite(void)
{
	Suite *s = suite_create("store/source");
	TCase *tc = tcase_create("source");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_file_is_read_to_its_end_and_found_unchanged);
	tcase_add_test(tc, what_is_no_regular_file_is_refused);
	tcase_add_test(tc, a_descriptor_is_read_from_its_beginning_and_left_alone);
	tcase_add_test(tc, a_file_that_changes_under_the_reader_is_refused);
	tcase_add_test(tc, a_file_that_was_not_read_to_its_end_is_refused);
	tcase_add_test(tc, a_read_error_is_reported);
	tcase_add_test(tc, a_tree_is_walked_in_byte_order_of_whole_paths);
	tcase_add_test(tc, a_directory_that_may_not_be_listed_is_reported_and_the_walk_goes_on);
	tcase_add_test(tc, a_single_file_is_a_tree_of_one);
	tcase_add_test(tc, links_and_pipes_are_reported_and_never_followed);
	tcase_add_test(tc, a_tree_that_is_too_deep_is_refused);
	tcase_add_test(tc, a_walk_without_memory_says_so);
	suite_add_tcase(s, tc);
	return s;
}
