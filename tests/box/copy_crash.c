/* SPDX-License-Identifier: ISC */
/*
 * Copies that are cut off: at every system call, by SIGKILL and by failures, made anew and brought
 * up to date; and copies while four processes append, seal, erase and fold.
 */
#include "box/copied.h"
#include "store/posix_ctx.h"
#include "support/faulty_kernel.h"
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

/* --- cut off -------------------------------------------------------------------------------- */

static void die(void *user)
{
	(void)user;
	kill(getpid(), SIGKILL);
}

/* A history with all that a copy meets: signed and unsigned entries, assets, an erased one. */
static void make_history(void)
{
	append_many(254);
	ck_ok(seal_text(&b, box, "d/one", "1"), b.fault);
	ck_ok(seal_text(&b, box, "d/two", "2"), b.fault);
	fold();
	append_many(3);
	ck_ok(seal_text(&b, box, "e/f/three", "3"), b.fault);
}

static void make_more(void)
{
	tote_box_unref(box);
	box = boxed_open(&b);
	append_many(3);
	erase("d/one");
	ck_ok(seal_text(&b, box, "four", "4"), b.fault);
	fold();
	append_many(2);
	ck_ok(seal_text(&b, box, "d/five", "5"), b.fault);
	erase("four");
	append_many(2);
}

/* Without the key, so that the copy has a journal above the checkpoint. */
static void without_key(void)
{
	tote_box_unref(box);
	box = boxed_open_flags(&b, TOTE_BOX_NO_SIGNER);
}

static tote_box *open_faulty(struct boxed *mine)
{
	*mine = b;
	mine->ctx = support_ctx(NULL, NULL);
	ck_ok(tote__posix_kernel_set(mine->ctx, faulty_kernel(), &mine->fault), mine->fault);
	return boxed_open_flags(mine, TOTE_BOX_NO_SIGNER);
}

/* A child copies and dies before system call `at`; 1 where it came through alive. */
static int copy_and_die(long at)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct boxed mine;
		tote_box *own;

		child_asserts_nothing();
		own = open_faulty(&mine);
		faulty_before(CALL_ANY, at, die, NULL);
		_exit(tote_box_copy(own, to, 0, NULL, &mine.fault) != 0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	if (WIFSIGNALED(status)) {
		ck_assert_int_eq(WTERMSIG(status), SIGKILL);
		return 0;
	}
	ck_assert_int_eq(status, 0);
	return 1;
}

/*
 * What is there is opened by nobody, or is whole: the old copy or the new one. Without its marker,
 * as who lost the original would take it, its ledger has a beginning of ours.
 */
static void cut_off_copy_is_none(uint64_t before, uint64_t after)
{
	struct tote_box_options options = {
		.size = sizeof(options), .flags = TOTE_BOX_READ_ONLY | TOTE_BOX_STILL};
	struct tote_fault fault;
	uint64_t entries = 0;
	struct boxed copy;
	tote_box *opened;
	int rc = tote_box_open_alone(b.ctx, to, &options, &opened, &fault);

	if (rc == 0) {
		copy = b;
		strcpy(copy.location, to);
		entries = boxed_entries(&copy, opened);
		tote_box_unref(opened);
		ck_assert_msg(entries == before || entries == after, "%d entries", (int)entries);
		copy_is_whole(entries);
		return;
	}
	ck_assert_msg(rc == TOTE_E_INCOMPLETE || (before == 0 && rc == TOTE_E_NOT_FOUND), "%d: %s",
		rc, fault.text);
	if (rc == TOTE_E_NOT_FOUND || before == 0)
		return;
	shell(printed("rm -rf %s.lost && cp -a %s %s.lost && rm "
		      "%s.lost/ledger/log/.tote-copying",
		to, to, to, to));
	rc = tote_box_open_alone(b.ctx, printed("%s.lost", to), &options, &opened, &fault);
	ck_assert_msg(rc == 0, "%s", fault.text);
	copy = b;
	entries = boxed_entries(&copy, opened);
	ck_assert(entries >= before && entries <= after);
	tote_box_unref(opened);
}

static void restore_old_copy(void)
{
	shell(printed("rm -rf %s && if [ -d %s.old ]; then cp -a %s.old %s; fi", to, to, to, to));
}

/* Copies, killed at each call in turn, and completed by the same call. */
static void kill_everywhere(uint64_t before, uint64_t after, size_t assets, long from, long step)
{
	int alive = 0;

	for (long at = from; !alive; at += step) {
		restore_old_copy();
		alive = copy_and_die(at);
		cut_off_copy_is_none(before, after);
		copies();
		ck_assert_uint_eq(told.entries, after);
		ck_assert_uint_eq(copy_is_whole(after), assets);
	}
}

#define SHARES 4

/* Each call of them takes minutes; TOTE_EVERY_CALL=1 asks for that. */
static long stride(void)
{
	return getenv("TOTE_EVERY_CALL") ? 1 : 19;
}

START_TEST(a_copy_that_is_killed_anywhere_is_none_and_the_same_call_completes_it)
{
	make_history();
	without_key();
	kill_everywhere(0, 261, 3, _i * stride(), SHARES * stride());
}
END_TEST

START_TEST(an_older_copy_that_is_killed_anywhere_loses_nothing_and_is_brought_up_to_date)
{
	make_history();
	without_key();
	copies();
	shell(printed("cp -a %s %s.old", to, to));
	make_more();
	without_key();
	kill_everywhere(261, 272, 3, _i * stride(), SHARES * stride());
}
END_TEST

/* --- failing -------------------------------------------------------------------------------- */

/* Copies with call `at` failing (and all after it); the call's result, 0 where none failed. */
static int copy_and_fail(long at, long times, int err)
{
	struct boxed mine;
	tote_box *own = open_faulty(&mine);
	int rc, fired;

	faulty_fail(CALL_ANY, at, times, err);
	rc = tote_box_copy(own, to, 0, NULL, &mine.fault);
	fired = faulty_fired();
	faulty_kernel();
	tote_box_unref(own);
	tote_ctx_unref(mine.ctx);
	ck_assert_msg(rc == 0 || mine.fault.text[0], "no text");
	return rc < 0 ? rc : fired;
}

START_TEST(a_copy_whose_calls_fail_is_none_and_the_same_call_completes_it)
{
	static const struct {
		long times;
		int err;
	} cases[] = {{1, EIO}, {1000000, EIO}, {1, ENOSPC}, {1000000, ENOSPC}};
	int rc = 1;

	make_history();
	without_key();
	copies();
	shell(printed("cp -a %s %s.old", to, to));
	make_more();
	without_key();
	for (long at = 0; rc != 0; at += 3 * stride()) {
		restore_old_copy();
		rc = copy_and_fail(at, cases[_i].times, cases[_i].err);
		if (rc >= 0) /* it was of no account, or nothing failed */
			copy_is_whole(272);
		else
			cut_off_copy_is_none(261, 272);
		ck_ok(tote_box_recover(box, &b.fault), b.fault);
		copies();
		ck_assert_uint_eq(copy_is_whole(272), 3);
	}
}
END_TEST

START_TEST(without_memory_a_copy_fails_leaks_nothing_and_is_completed)
{
	int fired = 1;

	make_history();
	without_key();
	for (long n = 0; fired; n += 1 + n / 8) {
		struct failing f = {.fail_at = -1};
		struct boxed mine = b;
		tote_box *own;
		int rc;

		restore_old_copy();
		mine.ctx = support_ctx(NULL, &f);
		own = boxed_open_flags(&mine, TOTE_BOX_NO_SIGNER);
		f.fail_at = n;
		rc = tote_box_copy(own, to, 0, NULL, &mine.fault);
		fired = f.fired;
		f.fail_at = -1;
		ck_assert_msg(rc == 0 || rc == TOTE_E_NO_MEMORY, "%d: %s", rc, mine.fault.text);
		tote_box_unref(own);
		tote_ctx_unref(mine.ctx);
		ck_assert_int_eq(f.live, 0);
		copies();
		ck_assert_uint_eq(copy_is_whole(261), 3);
	}
}
END_TEST

/* --- a bit that is not what was written ----------------------------------------------------- */

static void flip_kept(void *user)
{
	(void)user;
	shell(printed("for f in %s/assets/.tote-*; do [ -e $f ] || exit 0; chmod 644 $f; "
		      "printf x | dd of=$f conv=notrunc status=none; chmod 444 $f; done",
		to));
}

START_TEST(an_asset_that_does_not_come_back_from_the_medium_is_no_copy)
{
	struct boxed mine;
	tote_box *own;
	long reads;

	ck_ok(seal_text(&b, box, "one", "1"), b.fault);
	fold();
	own = open_faulty(&mine);
	reads = faulty_count(CALL_PREAD);
	ck_ok(tote_box_copy(own, to, 0, NULL, &mine.fault), mine.fault);
	reads = faulty_count(CALL_PREAD) - reads;
	/* before each read in turn the kept file changes, if it is there: one of them sees it */
	for (long at = 0, seen = 0; at < reads; at++) {
		int rc;

		shell(printed("rm -rf %s", to));
		faulty_before(CALL_PREAD, at, flip_kept, NULL);
		rc = tote_box_copy(own, to, 0, NULL, &mine.fault);
		if (rc < 0) {
			ck_assert_int_eq(rc, TOTE_E_MISMATCH);
			ck_assert(strstr(mine.fault.text, "read back") != NULL);
			seen = 1;
		}
		if (at + 1 == reads)
			ck_assert_int_eq(seen, 1);
	}
	tote_box_unref(own);
	tote_ctx_unref(mine.ctx);
}
END_TEST

/* --- while others write --------------------------------------------------------------------- */

static void work(int number, tote_box *own, struct boxed *mine)
{
	for (int i = 0;; i++) {
		struct tote_record record = {
			.kind = "record", .payload = &i, .payload_length = sizeof(i)};
		char path[64], note[4096];
		size_t length;
		int rc = tote_box_append(own, &record, TOTE_SEQ_ANY, 0, NULL, &mine->fault);

		snprintf(path, sizeof(path), "w%d/%d/%d", number, i % 7, i);
		if (rc == 0)
			rc = seal_text(mine, own, path, path);
		if (rc == 0 && i % 3 == 2)
			rc = tote_box_erase(
				own, path, "a court", "asked", NULL, 0, NULL, &mine->fault);
		if (rc == 0 && number == 0 && i % 5 == 4)
			rc = tote_box_checkpoint(own, 0, note, sizeof(note), &length, &mine->fault);
		if (rc < 0 && rc != TOTE_E_BUSY) {
			file_write(scratch_path(&b.scratch, "worker.why"), mine->fault.text,
				strlen(mine->fault.text));
			_exit(1);
		}
	}
}

static pid_t worker(int number)
{
	pid_t child = fork();

	if (child == 0) {
		struct boxed mine = b;

		child_asserts_nothing();
		mine.ctx = support_ctx(NULL, NULL);
		work(number,
			number ? boxed_open_flags(&mine, TOTE_BOX_NO_SIGNER) : boxed_open(&mine),
			&mine);
	}
	ck_assert_int_gt(child, 0);
	return child;
}

START_TEST(while_four_processes_write_each_copy_is_whole)
{
	enum { WORKERS = 4, COPIES = 12 };
	uint64_t entries = 0;
	pid_t child[WORKERS];
	int status;

	tote_box_unref(box);
	for (int i = 0; i < WORKERS; i++)
		child[i] = worker(i);
	box = boxed_open_flags(&b, TOTE_BOX_NO_SIGNER);
	for (int i = 0; i < COPIES || entries < 100; i++) {
		if (i % 5 == 4)
			copy_and_die(40 + 17 * i);
		if (i % 8 == 7)
			shell(printed("rm -rf %s", to));
		copies();
		ck_assert_uint_ge(told.entries, entries);
		entries = told.entries;
		copy_is_whole(entries);
	}
	for (int i = 0; i < WORKERS; i++) {
		if (waitpid(child[i], &status, WNOHANG) != 0)
			ck_abort_msg("a writer gave up: %s",
				(char *)file_read(scratch_path(&b.scratch, "worker.why"), NULL));
		kill(child[i], SIGKILL);
		waitpid(child[i], &status, 0);
	}
	copies();
	copy_is_whole(told.entries);
}
END_TEST

static pid_t copier(void)
{
	pid_t child = fork();

	if (child == 0) {
		struct boxed mine = b;
		tote_box *own;

		child_asserts_nothing();
		mine.ctx = support_ctx(NULL, NULL);
		own = boxed_open_flags(&mine, TOTE_BOX_NO_SIGNER);
		for (int i = 0; i < 8; i++) {
			if (tote_box_copy(own, to, 0, NULL, &mine.fault) < 0)
				_exit(1);
		}
		_exit(0);
	}
	ck_assert_int_gt(child, 0);
	return child;
}

START_TEST(several_copiers_into_one_directory_come_one_behind_the_other)
{
	enum { COPIERS = 3 };
	pid_t child[COPIERS], writer;
	int status;

	append_many(20);
	without_key();
	writer = worker(1);
	for (int i = 0; i < COPIERS; i++)
		child[i] = copier();
	for (int i = 0; i < COPIERS; i++) {
		ck_assert_int_eq(waitpid(child[i], &status, 0), child[i]);
		ck_assert_int_eq(status, 0);
	}
	kill(writer, SIGKILL);
	waitpid(writer, &status, 0);
	copies();
	copy_is_whole(told.entries);
}
END_TEST

/* --- the order of its syncs ----------------------------------------------------------------- */

START_TEST(each_group_above_the_checkpoint_is_synced_before_the_next_is_written)
{
	struct boxed mine;
	tote_box *own;
	long syncs;

	append_many(50);
	without_key();
	own = open_faulty(&mine);
	syncs = faulty_count(CALL_FDATASYNC);
	ck_ok(tote_box_copy(own, to, 0, NULL, &mine.fault), mine.fault);
	ck_assert_int_ge(faulty_count(CALL_FDATASYNC) - syncs, 50);
	tote_box_unref(own);
	tote_ctx_unref(mine.ctx);
	ck_assert_uint_eq(copy_is_whole(51), 0);
}
END_TEST

Suite *copy_crash_suite(void)
{
	Suite *suite = suite_create("copy_crash");
	TCase *tcase = tcase_create("cut off");

	tcase_add_checked_fixture(tcase, copied_setup, copied_teardown);
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase,
		a_copy_that_is_killed_anywhere_is_none_and_the_same_call_completes_it, 0, SHARES);
	tcase_add_loop_test(tcase,
		an_older_copy_that_is_killed_anywhere_loses_nothing_and_is_brought_up_to_date, 0,
		SHARES);
	tcase_add_loop_test(
		tcase, a_copy_whose_calls_fail_is_none_and_the_same_call_completes_it, 0, 4);
	tcase_add_test(tcase, without_memory_a_copy_fails_leaks_nothing_and_is_completed);
	tcase_add_test(tcase, an_asset_that_does_not_come_back_from_the_medium_is_no_copy);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("live");
	tcase_add_checked_fixture(tcase, copied_setup, copied_teardown);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, while_four_processes_write_each_copy_is_whole);
	tcase_add_test(tcase, several_copiers_into_one_directory_come_one_behind_the_other);
	tcase_add_test(tcase, each_group_above_the_checkpoint_is_synced_before_the_next_is_written);
	suite_add_tcase(suite, tcase);
	return suite;
}
