/* SPDX-License-Identifier: ISC */
/*
 * Erasing: the entry first, the file after, and whoever dies in between is completed.
 */
#include "support/box_fixture.h"
#include "support/step_kill.h"
#include <signal.h>
#include <sys/stat.h>
#include <toteborch.h>
#include <unistd.h>

static struct boxed b;
static tote_box *box;

static void setup(void)
{
	boxed_make(&b);
	box = boxed_open(&b);
}

static void teardown(void)
{
	tote_box_unref(box);
	box = NULL;
	boxed_remove(&b);
}

static int erase(const char *path, struct tote_erased *ret)
{
	return tote_box_erase(box, path, "order 14/2026", "the right to be forgotten",
		"alice@counsel", 0, ret, &b.fault);
}

/* The flags of the asset at that path. */
static uint32_t flags_of(const char *path)
{
	struct tote_asset asset = {.size = sizeof(asset)};
	tote_asset_list *list;

	ck_ok(tote_asset_list_open(box, 0, &list, &b.fault), b.fault);
	ck_assert_int_eq(tote_asset_list_find(list, path, &asset, &b.fault), 1);
	tote_asset_list_unref(list);
	return asset.flags;
}

/* --- what it does --------------------------------------------------------------------------- */

START_TEST(an_erased_asset_is_gone_and_the_ledger_says_who_ordered_it)
{
	tote_asset_reader *reader;
	struct tote_erased erased;

	ck_ok(seal_text(&b, box, "d/a", "secret"), b.fault);
	ck_ok(seal_text(&b, box, "b", "other"), b.fault);
	ck_ok(erase("d/a", &erased), b.fault);
	ck_assert_uint_eq(erased.seal, 1);
	ck_assert_uint_eq(erased.seq, 3);
	ck_assert_uint_eq(erased.result, TOTE_ERASED_NEW);
	ck_assert_int_eq(file_exists(boxed_asset(&b, "d/a")), 0);
	ck_assert_int_eq(file_exists(boxed_asset(&b, "d")), 1); /* directories stay */
	ck_assert_uint_eq(boxed_count(&b, box, "asset.erased"), 1);
	ck_assert_uint_eq(flags_of("d/a"), TOTE_ASSET_ERASED);
	ck_assert_uint_eq(flags_of("b"), 0);
	ck_fault(tote_asset_open(box, "d/a", &reader, &b.fault), TOTE_E_NOT_FOUND, b.fault);
	ck_assert_ptr_nonnull(strstr(b.fault.text, "alice@counsel"));
	ck_assert_ptr_nonnull(strstr(b.fault.text, "order 14/2026"));
	ck_assert_ptr_nonnull(strstr(b.fault.text, "entry 3"));
	ck_assert_uint_eq(boxed_is_whole(&b, box), 1);
	/* its path is used for ever, also for the same bytes and below it */
	ck_fault(seal_text(&b, box, "d/a", "secret"), TOTE_E_EXISTS, b.fault);
	ck_fault(seal_text(&b, box, "d/a/below", "x"), TOTE_E_EXISTS, b.fault);
	ck_ok(seal_text(&b, box, "d/c", "y"), b.fault);
}
END_TEST

START_TEST(a_second_erasure_finds_the_first_and_removes_what_is_still_there)
{
	struct tote_erased erased;

	ck_ok(seal_text(&b, box, "a", "secret"), b.fault);
	ck_ok(erase("a", NULL), b.fault);
	ck_ok(erase("a", &erased), b.fault);
	ck_assert_uint_eq(erased.result, TOTE_ERASED_ALREADY);
	ck_assert_uint_eq(erased.seq, 2);
	ck_assert_uint_eq(boxed_entries(&b, box), 3);
	file_write(boxed_asset(&b, "a"), "secret", 6); /* somebody restored a copy */
	ck_ok(erase("a", &erased), b.fault);
	ck_assert_int_eq(file_exists(boxed_asset(&b, "a")), 0);
	ck_assert_uint_eq(boxed_entries(&b, box), 3);
}
END_TEST

START_TEST(a_missing_or_damaged_file_is_erased_all_the_same)
{
	ck_ok(seal_text(&b, box, "a", "secret"), b.fault);
	ck_ok(seal_text(&b, box, "b", "secret"), b.fault);
	ck_assert_int_eq(unlink(boxed_asset(&b, "a")), 0);
	file_flip(boxed_asset(&b, "b"), 0, 1);
	ck_ok(erase("a", NULL), b.fault);
	ck_ok(erase("b", NULL), b.fault);
	ck_assert_int_eq(file_exists(boxed_asset(&b, "b")), 0);
	ck_assert_uint_eq(boxed_is_whole(&b, box), 0);
}
END_TEST

START_TEST(what_is_no_file_is_nobodys_to_remove_and_nothing_is_written)
{
	ck_ok(seal_text(&b, box, "a", "secret"), b.fault);
	ck_assert_int_eq(unlink(boxed_asset(&b, "a")), 0);
	ck_assert_int_eq(symlink("/etc/passwd", boxed_asset(&b, "a")), 0);
	ck_fault(erase("a", NULL), TOTE_E_UNTRUSTED, b.fault);
	ck_assert_uint_eq(boxed_entries(&b, box), 2);
	ck_assert_int_eq(unlink(boxed_asset(&b, "a")), 0);
	directory_make(boxed_asset(&b, "a"));
	ck_fault(erase("a", NULL), TOTE_E_UNTRUSTED, b.fault);
	ck_assert_uint_eq(boxed_entries(&b, box), 2);
	ck_ok(seal_text(&b, box, "b", "x"), b.fault); /* and the box goes on */
}
END_TEST

START_TEST(only_what_was_sealed_can_be_erased)
{
	ck_ok(seal_text(&b, box, "d/a", "secret"), b.fault);
	ck_fault(erase("d", NULL), TOTE_E_NOT_FOUND, b.fault);
	ck_fault(erase("never", NULL), TOTE_E_NOT_FOUND, b.fault);
	ck_fault(erase("../a", NULL), TOTE_E_GRAMMAR, b.fault);
	ck_fault(tote_box_erase(box, "d/a", "", "why", NULL, 0, NULL, &b.fault), TOTE_E_ARGUMENT,
		b.fault);
	ck_fault(tote_box_erase(box, "d/a", "who", NULL, NULL, 0, NULL, &b.fault), TOTE_E_ARGUMENT,
		b.fault);
	ck_fault(tote_box_erase(box, NULL, "who", "why", NULL, 0, NULL, &b.fault), TOTE_E_ARGUMENT,
		b.fault);
	ck_fault(tote_box_erase(box, "d/a", "who", "why", NULL, 1, NULL, &b.fault), TOTE_E_FLAGS,
		b.fault);
	ck_fault(tote_box_erase(NULL, "d/a", "who", "why", NULL, 0, NULL, &b.fault),
		TOTE_E_ARGUMENT, b.fault);
	ck_assert_uint_eq(boxed_entries(&b, box), 2);
	tote_box_unref(box);
	box = boxed_open_flags(&b, TOTE_BOX_READ_ONLY);
	ck_fault(erase("d/a", NULL), TOTE_E_READ_ONLY, b.fault);
}
END_TEST

START_TEST(suspended_and_archived_take_an_erasure_and_disposed_takes_none)
{
	uint64_t seq;
	uint32_t from;

	for (int i = 0; i < 3; i++)
		ck_ok(seal_text(&b, box, printed("%d", i), "secret"), b.fault);
	ck_ok(tote__box_move(box, TOTE_STATE_SUSPENDED, NULL, "r", &from, &seq, &b.fault), b.fault);
	ck_ok(erase("0", NULL), b.fault);
	ck_ok(tote__box_move(box, TOTE_STATE_ARCHIVED, NULL, "r", &from, &seq, &b.fault), b.fault);
	ck_ok(erase("1", NULL), b.fault);
	ck_ok(tote__box_move(box, TOTE_STATE_DISPOSED, NULL, "r", &from, &seq, &b.fault), b.fault);
	ck_fault(erase("2", NULL), TOTE_E_STATE, b.fault);
	ck_assert_int_eq(file_exists(boxed_asset(&b, "2")), 1);
}
END_TEST

/* --- interrupted ---------------------------------------------------------------------------- */

START_TEST(a_file_that_cannot_be_removed_is_gone_after_the_next_takeover)
{
	static const char *const names[] = {"remove", "barrier"};

	for (size_t i = 0; i < 2; i++) {
		const char *path = printed("f%zu", i);

		ck_ok(seal_text(&b, box, path, "secret"), b.fault);
		step_fail(box, names[i], 0, TOTE_E_IO);
		ck_fault(erase(path, NULL), TOTE_E_IO, b.fault);
		ck_assert_uint_eq(b.fault.effect, TOTE_EFFECT_UNKNOWN);
		ck_assert_ptr_nonnull(strstr(b.fault.text, path));
		ck_fault(seal_text(&b, box, "other", "x"), TOTE_E_POISONED, b.fault);
		ck_ok(tote_box_recover(box, &b.fault), b.fault);
		ck_assert_int_eq(file_exists(boxed_asset(&b, path)), 0);
		ck_assert_uint_eq(boxed_is_whole(&b, box), 0);
		tote_box_unref(box);
		box = boxed_open(&b);
	}
}
END_TEST

static int erase_and_die(struct boxed *mine, tote_box *own, long at)
{
	step_kill(own, at);
	return tote_box_erase(own, "d/a", "order 14/2026", "the right to be forgotten",
		"alice@counsel", 0, NULL, &mine->fault);
}

START_TEST(an_erasure_that_is_killed_at_any_step_is_done_or_was_never_said)
{
	int alive = 0, none = 0, done = 0;

	for (long at = 0; !alive; at++) {
		size_t entries;

		ck_assert_int_lt(at, 100);
		teardown();
		setup();
		ck_ok(seal_text(&b, box, "d/a", "secret"), b.fault);
		ck_ok(seal_text(&b, box, "b", "x"), b.fault);
		alive = boxed_survives(&b, erase_and_die, at);
		/* whoever comes next settles it, before an entry of its own */
		ck_ok(seal_text(&b, box, "next", "x"), b.fault);
		entries = boxed_count(&b, box, "asset.erased");
		ck_assert_uint_le(entries, 1);
		ck_assert_msg(file_exists(boxed_asset(&b, "d/a")) == !entries, "step %ld", at);
		ck_assert_uint_eq(boxed_is_whole(&b, box), 3 - entries);
		none += !entries;
		done += (int)entries;
		ck_ok(erase("d/a", NULL), b.fault);
		ck_assert_uint_eq(boxed_is_whole(&b, box), 2);
		ck_assert_uint_eq(boxed_count(&b, box, "asset.erased"), 1);
	}
	ck_assert_int_gt(none, 1);
	ck_assert_int_gt(done, 1);
}
END_TEST

/* The entry was folded before the file was gone: no takeover looks that far back. */
START_TEST(a_takeover_completes_erasures_from_the_checkpoint_on)
{
	char note[8192];
	size_t len;

	ck_ok(seal_text(&b, box, "a", "secret"), b.fault);
	ck_ok(tote_box_checkpoint(box, 0, note, sizeof(note), &len, &b.fault), b.fault);
	ck_ok(erase("a", NULL), b.fault);
	file_write(boxed_asset(&b, "a"), "secret", 6);
	ck_assert_int_eq(chmod(boxed_asset(&b, "a"), 0444), 0);
	ck_ok(tote_box_recover(box, &b.fault), b.fault); /* as if it had died before the unlink */
	ck_assert_int_eq(file_exists(boxed_asset(&b, "a")), 0);
	/* what is not the sealed file is not a takeover's to remove */
	file_write(boxed_asset(&b, "a"), "other!", 6);
	ck_ok(tote_box_recover(box, &b.fault), b.fault);
	ck_assert_int_eq(file_exists(boxed_asset(&b, "a")), 1);
}
END_TEST

Suite *erase_suite(void)
{
	Suite *s = suite_create("erase");
	TCase *t = tcase_create("erasures");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, an_erased_asset_is_gone_and_the_ledger_says_who_ordered_it);
	tcase_add_test(t, a_second_erasure_finds_the_first_and_removes_what_is_still_there);
	tcase_add_test(t, a_missing_or_damaged_file_is_erased_all_the_same);
	tcase_add_test(t, what_is_no_file_is_nobodys_to_remove_and_nothing_is_written);
	tcase_add_test(t, only_what_was_sealed_can_be_erased);
	tcase_add_test(t, suspended_and_archived_take_an_erasure_and_disposed_takes_none);
	tcase_add_test(t, a_file_that_cannot_be_removed_is_gone_after_the_next_takeover);
	tcase_add_test(t, an_erasure_that_is_killed_at_any_step_is_done_or_was_never_said);
	tcase_add_test(t, a_takeover_completes_erasures_from_the_checkpoint_on);
	suite_add_tcase(s, t);
	return s;
}
