/* SPDX-License-Identifier: ISC */
/*
 * Copies: whole and verified, brought up to date by what is new, and refused where they would be
 * something else.
 */
#include "box/copied.h"
#include "store/posix_ctx.h"
#include "support/faulty_kernel.h"
#include "support/step_kill.h"

#define COPY(suffix) printed("%s/%s", to, suffix)

static void change_file(const char *path, const char *text)
{
	chmod(path, 0644);
	file_write(path, text, strlen(text));
	chmod(path, 0444);
}

/* --- whole ---------------------------------------------------------------------------------- */

START_TEST(a_copy_holds_every_entry_and_every_asset)
{
	append_many(300);
	ck_ok(seal_text(&b, box, "letters/one", "the first"), b.fault);
	ck_ok(seal_text(&b, box, "letters/two", ""), b.fault);
	ck_ok(seal_text(&b, box, "three", "the third"), b.fault);
	append_many(400);
	copies();
	ck_assert_uint_eq(told.entries, 704);
	ck_assert_uint_eq(told.covered, 704);
	ck_assert_uint_eq(told.since, 0);
	ck_assert_uint_eq(told.assets, 3);
	ck_assert_uint_eq(copy_is_whole(704), 3);
}
END_TEST

START_TEST(without_the_key_the_journal_is_copied_up_to_the_bound)
{
	append_many(200);
	fold();
	append_many(40);
	ck_ok(seal_text(&b, box, "one", "1"), b.fault);
	append("the last");
	tote_box_unref(box);
	box = boxed_open_flags(&b, TOTE_BOX_NO_SIGNER);
	copies();
	ck_assert_uint_eq(told.covered, 201);
	ck_assert_uint_eq(told.entries, 243);
	ck_assert_uint_eq(copy_is_whole(243), 1);
	append_many(5);
	copies();
	ck_assert_uint_eq(told.since, 243);
	ck_assert_uint_eq(copy_is_whole(248), 1);
}
END_TEST

START_TEST(a_copy_without_a_lock_shows_what_is_signed_unless_told_that_nobody_writes)
{
	struct tote_box_options options = {.size = sizeof(options), .flags = TOTE_BOX_STILL};
	struct boxed copy;
	tote_box *opened;

	append_many(10);
	tote_box_unref(box);
	box = boxed_open_flags(&b, TOTE_BOX_NO_SIGNER);
	copies();
	copy = b;
	strcpy(copy.location, to);
	opened = boxed_open_flags(&copy, TOTE_BOX_READ_ONLY);
	ck_assert_uint_eq(boxed_entries(&copy, opened), 1);
	tote_box_unref(opened);
	ck_assert_uint_eq(copy_is_whole(11), 0);
	ck_fault(tote_box_open_alone(b.ctx, to, &options, &opened, &b.fault), TOTE_E_ARGUMENT,
		b.fault);
}
END_TEST

START_TEST(a_copy_shares_no_file_with_the_container)
{
	struct stat ours, its;

	ck_ok(seal_text(&b, box, "one", "1"), b.fault);
	copies();
	ck_assert_int_eq(stat(boxed_asset(&b, "one"), &ours), 0);
	ck_assert_int_eq(stat(COPY("assets/one"), &its), 0);
	ck_assert(ours.st_ino != its.st_ino);
	ck_assert_uint_eq(ours.st_nlink, 1);
	ck_assert_uint_eq(its.st_nlink, 1);
}
END_TEST

START_TEST(a_restored_copy_is_a_container_that_goes_on)
{
	struct boxed copy = b;
	tote_box *opened;

	append_many(20);
	ck_ok(seal_text(&b, box, "one", "1"), b.fault);
	copies();
	strcpy(copy.location, to);
	opened = boxed_open(&copy);
	ck_ok(seal_text(&copy, opened, "two", "2"), copy.fault);
	ck_assert_uint_eq(boxed_is_whole(&copy, opened), 2);
	tote_box_unref(opened);
	/* and is none of ours any more */
	ck_fault(copy_with(0), TOTE_E_EXISTS, b.fault);
	ck_assert(strstr(b.fault.text, "container of its own") != NULL);
}
END_TEST

/* --- brought up to date --------------------------------------------------------------------- */

START_TEST(an_older_copy_is_brought_up_to_date_again_and_again)
{
	uint64_t entries = 1;

	for (int i = 0; i < 8; i++) {
		append_many(90);
		ck_ok(seal_text(&b, box, printed("dir/%d", i), "x"), b.fault);
		if (i % 2)
			fold();
		copies();
		ck_assert_uint_eq(told.since, i ? entries : 0);
		entries += 91;
		ck_assert_uint_eq(told.assets, 1);
		ck_assert_uint_eq(copy_is_whole(entries), (unsigned)i + 1);
	}
	copies();
	ck_assert_uint_eq(told.since, entries);
	ck_assert_uint_eq(told.assets, 0);
	ck_assert_uint_eq(told.bytes_read + told.bytes_written, 0);
}
END_TEST

/* Bytes are counted by the call, reads of files below by the kernel's table. */
START_TEST(what_the_older_copy_has_is_not_read_again)
{
	char *large = malloc(1 << 20);
	long before, reads;

	memset(large, 'x', 1 << 20);
	large[(1 << 20) - 1] = '\0';
	for (int i = 0; i < 8; i++)
		ck_ok(seal_text(&b, box, printed("large/%d", i), large), b.fault);
	append_many(3000);
	tote_box_unref(box);
	ck_ok(tote__posix_kernel_set(b.ctx, faulty_kernel(), &b.fault), b.fault);
	box = boxed_open(&b);
	before = faulty_count(CALL_PREAD);
	copies();
	reads = faulty_count(CALL_PREAD) - before;
	ck_assert_uint_gt(told.bytes_read, 8 << 20);
	append_many(3);
	before = faulty_count(CALL_PREAD);
	copies();
	ck_assert_uint_lt(told.bytes_read, 256 * 150); /* the bundle in which it ended */
	ck_assert_uint_lt(told.bytes_written, 300000);
	/* opening, folding and replaying take some; a hundred is far from all there is */
	ck_assert_msg(faulty_count(CALL_PREAD) - before < reads / 3, "%ld and %ld reads",
		faulty_count(CALL_PREAD) - before, reads);
	ck_assert_uint_eq(copy_is_whole(3012), 8);
	free(large);
}
END_TEST

START_TEST(what_was_erased_goes_from_an_older_copy_too)
{
	ck_ok(seal_text(&b, box, "d/one", "1"), b.fault);
	ck_ok(seal_text(&b, box, "d/two", "2"), b.fault);
	copies();
	erase("d/one");
	ck_ok(seal_text(&b, box, "three", "3"), b.fault);
	erase("three");
	ck_assert(file_exists(COPY("assets/d/one")));
	copies();
	ck_assert_uint_eq(told.removed, 1);
	ck_assert(!file_exists(COPY("assets/d/one")));
	ck_assert(!file_exists(COPY("assets/three")));
	ck_assert_uint_eq(copy_is_whole(6), 1);
}
END_TEST

static void get_in_the_way(void *user)
{
	file_write(boxed_asset(&b, user), "in the way", 10);
}

/* Something comes to lie at the path between the entry and the name: the seal is voided. */
static void seal_in_vain(char *path, const char *text)
{
	step_act(box, "publish", 0, get_in_the_way, path);
	ck_fault(seal_text(&b, box, path, text), TOTE_E_EXISTS, b.fault);
	tote_box_unref(box);
	box = boxed_open(&b);
	ck_assert_uint_eq(boxed_count(&b, box, "asset.void"), 1);
	unlink(boxed_asset(&b, path));
}

START_TEST(an_asset_that_was_voided_and_sealed_anew_is_the_later_one)
{
	static char path[] = "two";

	ck_ok(seal_text(&b, box, "one", "1"), b.fault);
	if (_i == 1)
		copies();
	seal_in_vain(path, "2");
	if (_i == 2) {
		copies();
		ck_assert_uint_eq(copy_is_whole(told.entries), 1);
	}
	ck_ok(seal_text(&b, box, path, _i ? "2" : "another"), b.fault);
	copies();
	ck_assert_uint_eq(copy_is_whole(told.entries), 2);
	ck_ok(copy_with(TOTE_COPY_VERIFY), b.fault);
	ck_assert_uint_eq(copy_is_whole(told.entries), 2);
}
END_TEST

START_TEST(with_verify_all_of_an_older_copy_is_read_again)
{
	append_many(500);
	ck_ok(seal_text(&b, box, "one", "1"), b.fault);
	ck_ok(seal_text(&b, box, "two", "2"), b.fault);
	copies();
	ck_ok(copy_with(TOTE_COPY_VERIFY), b.fault);
	ck_assert_uint_eq(told.since, 503);
	ck_assert_uint_eq(told.assets, 0);
	ck_assert_uint_gt(told.bytes_read, 500 * 100);
	/* an asset that rotted there is put there once more */
	change_file(COPY("assets/one"), "7");
	copies();
	ck_ok(copy_with(TOTE_COPY_VERIFY), b.fault);
	ck_assert_uint_eq(told.assets, 1);
	ck_assert_uint_eq(copy_is_whole(503), 2);
	unlink(COPY("assets/two"));
	ck_ok(copy_with(TOTE_COPY_VERIFY), b.fault);
	ck_assert_uint_eq(copy_is_whole(503), 2);
	/* a bundle that did is named */
	chmod(COPY("ledger/log/tile/entries/000"), 0644);
	file_flip(COPY("ledger/log/tile/entries/000"), 3000, 1);
	ck_fault(copy_with(TOTE_COPY_VERIFY), TOTE_E_DAMAGED, b.fault);
	ck_assert(strstr(b.fault.text, "tile/entries/000") != NULL);
}
END_TEST

/* --- refused -------------------------------------------------------------------------------- */

START_TEST(a_directory_that_holds_something_else_is_refused_and_left_as_it_is)
{
	struct boxed other;

	directory_make(to);
	file_write(COPY("thesis.odt"), "x", 1);
	ck_fault(copy_with(0), TOTE_E_EXISTS, b.fault);
	ck_assert(strstr(b.fault.text, "'thesis.odt'") != NULL);
	ck_assert(!file_exists(COPY("ledger")));
	unlink(COPY("thesis.odt"));
	copies();

	boxed_make(&other);
	copy_to(printed("%s", other.location));
	ck_fault(copy_with(0), TOTE_E_EXISTS, b.fault);
	boxed_remove(&other);

	copy_to(printed("%s", b.location));
	ck_fault(copy_with(0), TOTE_E_EXISTS, b.fault);
	copy_to(printed("%s/assets/copy", b.location));
	ck_fault(copy_with(0), TOTE_E_EXISTS, b.fault);
	ck_assert(!file_exists(to));
	copy_to(printed("%s/link", b.scratch.path));
	ck_assert_int_eq(symlink(b.location, to), 0);
	ck_fault(copy_with(0), TOTE_E_UNTRUSTED, b.fault);
	/* the container by another path */
	ck_assert_int_eq(symlink(b.scratch.path, printed("%s/alias", b.scratch.path)), 0);
	copy_to(printed("%s/alias/box", b.scratch.path));
	ck_fault(copy_with(0), TOTE_E_EXISTS, b.fault);
	ck_assert(strstr(b.fault.text, "the container itself") != NULL);
	copy_to(printed("%s/file", b.scratch.path));
	file_write(to, "x", 1);
	ck_fault(copy_with(0), TOTE_E_UNTRUSTED, b.fault);
}
END_TEST

START_TEST(a_copy_of_another_container_is_refused)
{
	shell(printed("cp -a %s %s", b.location, to));
	unlink(COPY("ledger/lock"));
	/* of the very same origin, but another history */
	append_many(3);
	fold();
	shell(printed("sed -i 's/acme/acmf/' %s/ledger/log/checkpoint", to));
	ck_fault(copy_with(0), TOTE_E_EXISTS, b.fault);
	ck_assert(strstr(b.fault.text, "acmf") != NULL);
}
END_TEST

static void roll_back(void)
{
	tote_box_unref(box);
	shell(printed("rm -rf %s && cp -a %s.old %s && rm -f %s.last", b.location, b.location,
		b.location, b.key));
	box = boxed_open_flags(&b, TOTE_BOX_NO_SIGNER);
}

static void keep_old(void)
{
	shell(printed("cp -a %s %s.old", b.location, b.location));
}

START_TEST(a_copy_that_is_ahead_says_that_the_container_was_rolled_back)
{
	append_many(10);
	keep_old();
	append_many(10);
	if (_i)
		fold();
	tote_box_unref(box);
	box = boxed_open_flags(&b, TOTE_BOX_NO_SIGNER);
	copies();
	roll_back();
	for (int i = 0; i < 2; i++) {
		ck_fault(copy_with(0), TOTE_E_ROLLBACK, b.fault);
		append_many(_i ? 5 : 2);
	}
}
END_TEST

START_TEST(a_copy_of_another_history_is_a_fork)
{
	append_many(10);
	keep_old();
	append("ours");
	append_many(10);
	if (_i)
		fold();
	tote_box_unref(box);
	box = boxed_open_flags(&b, TOTE_BOX_NO_SIGNER);
	copies();
	roll_back();
	append("theirs");
	append_many(15);
	if (_i) {
		tote_box_unref(box);
		box = boxed_open(&b);
	}
	ck_fault(copy_with(0), TOTE_E_FORK, b.fault);
	ck_assert_uint_eq(boxed_entries(&b, box), 27);
}
END_TEST

START_TEST(a_read_only_box_and_senseless_arguments_are_refused)
{
	tote_box *reader = boxed_open_flags(&b, TOTE_BOX_READ_ONLY);

	ck_fault(tote_box_copy(reader, to, 0, NULL, &b.fault), TOTE_E_READ_ONLY, b.fault);
	tote_box_unref(reader);
	ck_fault(tote_box_copy(box, NULL, 0, NULL, &b.fault), TOTE_E_ARGUMENT, b.fault);
	ck_fault(tote_box_copy(box, "", 0, NULL, &b.fault), TOTE_E_ARGUMENT, b.fault);
	ck_fault(tote_box_copy(box, to, 2, NULL, &b.fault), TOTE_E_FLAGS, b.fault);
	ck_assert_int_eq(tote_box_copy(NULL, to, 0, NULL, &b.fault), TOTE_E_ARGUMENT);
	told.size = 8;
	ck_fault(tote_box_copy(box, to, 0, &told, &b.fault), TOTE_E_STRUCT, b.fault);
	ck_assert(!file_exists(to));
	ck_ok(tote_box_copy(box, to, 0, NULL, &b.fault), b.fault);
}
END_TEST

/* --- damage --------------------------------------------------------------------------------- */

static char logged[2000];

static void log_line(void *user, int32_t priority, const char *text)
{
	(void)user, (void)priority;
	snprintf(logged + strlen(logged), sizeof(logged) - strlen(logged), "%s\n", text);
}

static void open_with_log(void)
{
	struct tote_log log = {.size = sizeof(log), .line = log_line};
	struct tote_ctx_options options = {.size = sizeof(options), .log = &log};

	tote_box_unref(box);
	tote_ctx_unref(b.ctx);
	ck_ok(tote_ctx_new(&options, &b.ctx, &b.fault), b.fault);
	box = boxed_open(&b);
	logged[0] = '\0';
}

START_TEST(damaged_assets_are_all_named_the_rest_is_copied_and_the_copy_is_none)
{
	struct tote_box_options options = {
		.size = sizeof(options), .flags = TOTE_BOX_READ_ONLY | TOTE_BOX_STILL};
	tote_box *opened;

	ck_ok(seal_text(&b, box, "good", "1"), b.fault);
	ck_ok(seal_text(&b, box, "changed", "2"), b.fault);
	ck_ok(seal_text(&b, box, "missing", "3"), b.fault);
	ck_ok(seal_text(&b, box, "linked", "4"), b.fault);
	ck_ok(seal_text(&b, box, "longer", "5"), b.fault);
	change_file(boxed_asset(&b, "changed"), "x");
	unlink(boxed_asset(&b, "missing"));
	unlink(boxed_asset(&b, "linked"));
	ck_assert_int_eq(symlink(boxed_asset(&b, "good"), boxed_asset(&b, "linked")), 0);
	change_file(boxed_asset(&b, "longer"), "55");
	open_with_log();
	for (int i = 0; i < 2; i++) {
		logged[0] = '\0';
		ck_fault(copy_with(0), TOTE_E_MISMATCH, b.fault);
		ck_assert(strstr(b.fault.text, "4 assets") != NULL);
		ck_assert(strstr(b.fault.text, "'changed'") != NULL);
		ck_assert(strstr(logged, "'changed'") != NULL);
		ck_assert(strstr(logged, "'missing'") != NULL);
		ck_assert(strstr(logged, "'linked'") != NULL);
		ck_assert(strstr(logged, "'longer'") != NULL);
		ck_assert(strstr(logged, "'good'") == NULL);
		ck_assert(file_exists(COPY("assets/good")));
		ck_assert(!file_exists(COPY("assets/changed")));
		/* half a copy is taken for none */
		ck_fault(tote_box_open_alone(b.ctx, to, &options, &opened, &b.fault),
			TOTE_E_INCOMPLETE, b.fault);
	}
	change_file(boxed_asset(&b, "changed"), "2");
	change_file(boxed_asset(&b, "longer"), "5");
	unlink(boxed_asset(&b, "linked"));
	erase("missing");
	erase("linked");
	copies();
	ck_assert_uint_eq(copy_is_whole(8), 3);
}
END_TEST

START_TEST(an_entry_that_rotted_in_the_container_is_named_and_no_copy_is_made_of_it)
{
	append_many(300);
	fold();
	chmod(printed("%s/ledger/log/tile/entries/000", b.location), 0644);
	file_flip(printed("%s/ledger/log/tile/entries/000", b.location), 20000, 1);
	ck_fault(copy_with(0), TOTE_E_DAMAGED, b.fault);
	ck_assert(strstr(b.fault.text, "entry ") != NULL);
	ck_assert(file_exists(COPY("ledger/log/.tote-copying")));
}
END_TEST

START_TEST(a_checkpoint_that_the_containers_key_did_not_sign_is_not_copied)
{
	append_many(3);
	fold();
	tote_box_unref(box);
	box = boxed_open_flags(&b, TOTE_BOX_NO_SIGNER);
	shell(printed("cd %s/ledger/log && sed -i '/^\xe2\x80\x94/d' checkpoint && "
		      "echo '\xe2\x80\x94 stranger AAAAAAAA' >>checkpoint",
		b.location));
	ck_fault(copy_with(0), TOTE_E_BAD_SIGNATURE, b.fault);
	ck_assert(!file_exists(COPY("ledger/log/checkpoint")));
}
END_TEST

Suite *copy_suite(void)
{
	Suite *suite = suite_create("copy");
	TCase *tcase = tcase_create("whole");

	tcase_add_checked_fixture(tcase, copied_setup, copied_teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_copy_holds_every_entry_and_every_asset);
	tcase_add_test(tcase, without_the_key_the_journal_is_copied_up_to_the_bound);
	tcase_add_test(
		tcase, a_copy_without_a_lock_shows_what_is_signed_unless_told_that_nobody_writes);
	tcase_add_test(tcase, a_copy_shares_no_file_with_the_container);
	tcase_add_test(tcase, a_restored_copy_is_a_container_that_goes_on);
	tcase_add_test(tcase, an_older_copy_is_brought_up_to_date_again_and_again);
	tcase_add_test(tcase, what_the_older_copy_has_is_not_read_again);
	tcase_add_test(tcase, what_was_erased_goes_from_an_older_copy_too);
	tcase_add_loop_test(tcase, an_asset_that_was_voided_and_sealed_anew_is_the_later_one, 0, 3);
	tcase_add_test(tcase, with_verify_all_of_an_older_copy_is_read_again);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("refused");
	tcase_add_checked_fixture(tcase, copied_setup, copied_teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_directory_that_holds_something_else_is_refused_and_left_as_it_is);
	tcase_add_test(tcase, a_copy_of_another_container_is_refused);
	tcase_add_loop_test(
		tcase, a_copy_that_is_ahead_says_that_the_container_was_rolled_back, 0, 2);
	tcase_add_loop_test(tcase, a_copy_of_another_history_is_a_fork, 0, 2);
	tcase_add_test(tcase, a_read_only_box_and_senseless_arguments_are_refused);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("damage");
	tcase_add_checked_fixture(tcase, copied_setup, copied_teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, damaged_assets_are_all_named_the_rest_is_copied_and_the_copy_is_none);
	tcase_add_test(
		tcase, an_entry_that_rotted_in_the_container_is_named_and_no_copy_is_made_of_it);
	tcase_add_test(tcase, a_checkpoint_that_the_containers_key_did_not_sign_is_not_copied);
	suite_add_tcase(suite, tcase);
	return suite;
}
