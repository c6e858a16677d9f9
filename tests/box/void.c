/* SPDX-License-Identifier: ISC */
/*
 * A seal that cannot become a file (FORMAT section 7): something lies at its path at step 5. Its
 * entry is voided, its kept file goes, what lies there stays, and the path is free again.
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

enum { A_FILE, A_LINK, A_DIRECTORY, WAYS };

/* Somebody puts something at the path of the asset "d/a". */
static void put_in_the_way(int what)
{
	const char *path = boxed_asset(&b, "d/a");

	if (what == A_FILE)
		file_write(path, "who", 3);
	else if (what == A_LINK)
		ck_assert_int_eq(symlink("nowhere", path), 0);
	else
		ck_assert_int_eq(mkdir(path, 0755), 0);
}

/* One void for seal 1, nothing kept, what was put there untouched; then the path is free. */
static void is_voided(int what, long at)
{
	const char *path = boxed_asset(&b, "d/a");
	struct stat st;

	ck_assert_msg(boxed_count(&b, box, "asset.void") == 1, "step %ld: %zu voids", at,
		boxed_count(&b, box, "asset.void"));
	ck_assert_msg(!file_exists(boxed_asset(&b, ".tote-1")), "step %ld: it is kept", at);
	ck_assert_int_eq(lstat(path, &st), 0);
	ck_assert(what == A_FILE   ? S_ISREG(st.st_mode) && st.st_size == 3
		  : what == A_LINK ? S_ISLNK(st.st_mode)
				   : S_ISDIR(st.st_mode));
	ck_assert_int_eq(what == A_DIRECTORY ? rmdir(path) : unlink(path), 0);
	ck_ok(seal_text(&b, box, "d/a", "again"), b.fault);
	ck_assert_uint_eq(boxed_is_whole(&b, box), boxed_count(&b, box, "asset.sealed") - 1);
}

/* --- in the call ---------------------------------------------------------------------------- */

static int way;
static long die_at;

static void put_at_step_5(void *user)
{
	(void)user;
	put_in_the_way(way);
	if (die_at >= 0)
		step_kill(box, die_at);
}

START_TEST(what_lies_at_the_path_at_step_5_voids_the_seal_and_the_call_names_it)
{
	struct tote_source sources[] = {source_of("b", "x"), source_of("d/c", "y")};

	way = _i;
	die_at = -1;
	step_act(box, "publish", 0, put_at_step_5, NULL);
	ck_fault(seal_text(&b, box, "d/a", "mine"), TOTE_E_EXISTS, b.fault);
	ck_assert_ptr_nonnull(strstr(b.fault.text, "d/a"));
	ck_assert_uint_eq(b.fault.seq, 1);
	ck_ok(tote_box_seal(box, sources, 2, NULL, 0, NULL, &b.fault), b.fault);
	is_voided(_i, -1);
}
END_TEST

START_TEST(of_a_group_only_the_one_in_whose_way_something_lies_is_voided)
{
	struct tote_source sources[] = {
		source_of("d/a", "1"), source_of("b", "22"), source_of("c", "333")};

	way = _i;
	die_at = -1;
	step_act(box, "publish", 0, put_at_step_5, NULL);
	ck_fault(tote_box_seal(box, sources, 3, NULL, 0, NULL, &b.fault), TOTE_E_EXISTS, b.fault);
	ck_assert_uint_eq(b.fault.effect, TOTE_EFFECT_DONE); /* the others are sealed */
	is_voided(_i, -1);
	ck_assert_uint_eq(boxed_is_whole(&b, box), 3);
}
END_TEST

/* --- killed --------------------------------------------------------------------------------- */

static int seal_and_void(struct boxed *mine, tote_box *own, long at)
{
	(void)at;
	box = own;
	step_act(own, "publish", 0, put_at_step_5, NULL);
	seal_text(mine, own, "d/a", "mine");
	return 0;
}

START_TEST(a_voiding_that_is_killed_at_any_step_is_completed)
{
	int alive = 0;

	way = _i;
	for (die_at = 0; !alive; die_at++) {
		ck_assert_int_lt(die_at, 100);
		teardown();
		setup();
		alive = boxed_survives(&b, seal_and_void, die_at);
		ck_ok(tote_box_recover(box, &b.fault), b.fault);
		is_voided(_i, die_at);
	}
	ck_assert_int_gt(die_at, 3);
}
END_TEST

static void die(void *user)
{
	(void)user;
	_exit(0);
}

static int seal_and_die(struct boxed *mine, tote_box *own, long at)
{
	(void)at;
	step_act(own, "publish", 0, die, NULL);
	return seal_text(mine, own, "d/a", "mine");
}

static int recover_and_die(struct boxed *mine, tote_box *own, long at)
{
	step_kill(own, at);
	return tote_box_recover(own, &mine->fault);
}

START_TEST(a_takeover_that_is_killed_while_it_voids_is_gone_on_with)
{
	int alive = 0;

	for (die_at = 0; !alive; die_at++) {
		ck_assert_int_lt(die_at, 100);
		teardown();
		setup();
		tote_box_unref(box);
		boxed_survives(&b, seal_and_die, die_at);
		box = boxed_open(&b);
		ck_assert_int_eq(file_exists(boxed_asset(&b, ".tote-1")), 1);
		put_in_the_way(_i);
		alive = boxed_survives(&b, recover_and_die, die_at);
		ck_ok(tote_box_recover(box, &b.fault), b.fault);
		is_voided(_i, die_at);
	}
	ck_assert_int_gt(die_at, 3);
}
END_TEST

Suite *void_suite(void)
{
	Suite *s = suite_create("void");
	TCase *t = tcase_create("something lies there");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(
		t, what_lies_at_the_path_at_step_5_voids_the_seal_and_the_call_names_it, 0, WAYS);
	tcase_add_loop_test(
		t, of_a_group_only_the_one_in_whose_way_something_lies_is_voided, 0, WAYS);
	tcase_add_loop_test(t, a_voiding_that_is_killed_at_any_step_is_completed, 0, WAYS);
	tcase_add_loop_test(t, a_takeover_that_is_killed_while_it_voids_is_gone_on_with, 0, WAYS);
	suite_add_tcase(s, t);
	return s;
}
