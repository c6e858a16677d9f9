/* SPDX-License-Identifier: ISC */
/*
 * Seals that stop halfway: whatever was begun is undone or completed, and nobody who comes between
 * is overlooked.
 */
#include "ledger/ledger_impl.h"
#include "ledger/line.h"
#include "store/posix_ctx.h"
#include "support/box_fixture.h"
#include "support/faulty_kernel.h"
#include "support/step_kill.h"
#include <signal.h>
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
	boxed_remove(&b);
}

static int seal_two(const char *one, const char *two)
{
	struct tote_source sources[] = {source_of(one, "x"), source_of(two, "y")};

	return tote_box_seal(box, sources, 2, "alice@counsel", 0, NULL, &b.fault);
}

static int line_state(void)
{
	struct tote_fault fault = {0};
	char text[LOCK_LINE_MAX];
	struct line line;
	uint64_t inode;
	size_t len;

	ck_ok(box->place.ops->line_read(
		      box->place.handle, text, sizeof(text), &len, &inode, &fault),
		fault);
	tote__line_parse(text, len, inode, &line);
	return line.state;
}

START_TEST(after_a_seal_the_line_is_idle)
{
	ck_ok(seal_two("a", "d/b"), b.fault);
	ck_assert_int_eq(line_state(), LINE_IDLE);
}
END_TEST

/* Called in place of the second stage_keep: it fails, and so does the next barrier, the undo's. */
static void fail_the_undo(void *user)
{
	(void)user;
	step_fail(box, "barrier", 0, TOTE_E_IO);
}

START_TEST(what_could_not_be_undone_durably_poisons_the_handle)
{
	step_act(box, "stage_keep", 1, fail_the_undo, NULL);
	ck_fault(seal_two("a", "b"), TOTE_E_IO, b.fault);
	ck_fault(seal_text(&b, box, "c", "z"), TOTE_E_POISONED, b.fault);
	ck_assert_int_eq(line_state(), LINE_BUSY);
	ck_ok(tote_box_recover(box, &b.fault), b.fault);
	ck_assert_uint_eq(boxed_is_whole(&b, box), 0);
	ck_ok(seal_two("a", "b"), b.fault);
	ck_assert_uint_eq(boxed_is_whole(&b, box), 2);
}
END_TEST

/* --- takeover --------------------------------------------------------------------------------- */

START_TEST(a_takeover_that_cannot_sync_the_parents_of_seals_promises_nothing)
{
	ck_ok(seal_two("a/one", "b/two"), b.fault);
	step_fail(box, "sync_parents", 0, TOTE_E_IO);
	ck_fault(tote_box_recover(box, &b.fault), TOTE_E_IO, b.fault);
	ck_ok(tote_box_recover(box, &b.fault), b.fault);
}
END_TEST

/* How many directories a takeover syncs after these two were sealed. */
static long syncs_of_takeover(const char *one, const char *two)
{
	tote_ctx *before = b.ctx;
	long count;

	b.ctx = support_ctx(NULL, NULL);
	ck_ok(tote__posix_kernel_set(b.ctx, faulty_kernel(), &b.fault), b.fault);
	tote_box_unref(box);
	box = boxed_open(&b);
	ck_ok(seal_two(one, two), b.fault);
	count = faulty_count(CALL_FSYNC);
	ck_ok(tote_box_recover(box, &b.fault), b.fault);
	count = faulty_count(CALL_FSYNC) - count;
	tote_box_unref(box);
	tote_ctx_unref(b.ctx);
	b.ctx = before;
	box = boxed_open(&b);
	return count;
}

START_TEST(a_takeover_syncs_the_parent_of_each_seal_since_the_checkpoint)
{
	const long first = syncs_of_takeover("a/one", "a/two");
	const long second = syncs_of_takeover("b/one", "c/two");

	/* a again, b and c */
	ck_assert_int_eq(second, first + 2);
}
END_TEST

/* --- void ----------------------------------------------------------------------------------- */

static long kill_at;

static void stand_in_the_way(void *user)
{
	file_write(user, "who", 3);
	step_kill(box, kill_at);
}

/* Seals `a`, finds something at its path, and dies so many steps after. */
static int seal_into_the_way(struct boxed *mine, tote_box *own, long at)
{
	char way[400];

	snprintf(way, sizeof(way), "%s", boxed_asset(mine, "a"));
	kill_at = at;
	box = own;
	step_act(own, "publish", 0, stand_in_the_way, way);
	return seal_text(mine, own, "a", "x") != TOTE_E_EXISTS;
}

START_TEST(a_seal_that_finds_something_in_its_way_is_void_at_whichever_step_its_maker_dies)
{
	int alive = 0;

	for (long at = 0; !alive; at++) {
		ck_assert_int_lt(at, 100);
		teardown();
		setup();
		alive = boxed_survives(&b, seal_into_the_way, at);
		ck_ok(tote_box_recover(box, &b.fault), b.fault);
		ck_assert_msg(boxed_count(&b, box, "asset.void") == 1, "step %ld", at);
		ck_assert_msg(!file_exists(boxed_asset(&b, ".tote-1")), "step %ld", at);
		ck_assert_int_eq(unlink(boxed_asset(&b, "a")), 0);
		ck_assert_uint_eq(boxed_is_whole(&b, box), 0);
	}
}
END_TEST

static void lie_there(void *user)
{
	file_write(user, "who", 3);
}

/* A void is never refused for want of room: the seal would be neither done nor void. */
START_TEST(a_seal_is_voided_where_the_journal_has_reached_its_bound_too)
{
	char way[400];

	snprintf(way, sizeof(way), "%s", boxed_asset(&b, "a"));
	tote_box_unref(box);
	box = boxed_open_flags(&b, TOTE_BOX_NO_SIGNER);
	ck_ok(seal_text(&b, box, "first", "x"), b.fault);
	box->ledger->journal_bound = box->ledger->unfolded + 1;
	step_act(box, "publish", 0, lie_there, way);
	ck_fault(seal_text(&b, box, "a", "x"), TOTE_E_EXISTS, b.fault);
	ck_assert_uint_eq(boxed_count(&b, box, "asset.void"), 1);
	ck_fault(seal_text(&b, box, "c", "x"), TOTE_E_FOLD_NEEDED, b.fault);
	ck_assert_int_eq(unlink(way), 0);
	ck_assert_uint_eq(boxed_is_whole(&b, box), 1);
}
END_TEST

/* --- somebody between ------------------------------------------------------------------------- */

static void seal_it_first(void *user)
{
	struct boxed theirs = b;
	tote_box *other;

	(void)user;
	theirs.ctx = support_ctx(NULL, NULL);
	other = boxed_open(&theirs);
	ck_ok(seal_text(&theirs, other, "a", "theirs"), theirs.fault);
	tote_box_unref(other);
	tote_ctx_unref(theirs.ctx);
}

START_TEST(who_seals_the_path_while_the_bytes_are_staged_is_first)
{
	step_act(box, "stage_begin", 0, seal_it_first, NULL);
	ck_fault(seal_text(&b, box, "a", "ours"), TOTE_E_EXISTS, b.fault);
	ck_assert_uint_eq(boxed_count(&b, box, "asset.sealed"), 1);
	ck_assert_uint_eq(boxed_count(&b, box, "asset.void"), 0);
	ck_assert_uint_eq(boxed_is_whole(&b, box), 1);
}
END_TEST

Suite *halfway_suite(void)
{
	Suite *s = suite_create("box/halfway");
	TCase *c = tcase_create("halfway");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, after_a_seal_the_line_is_idle);
	tcase_add_test(c, what_could_not_be_undone_durably_poisons_the_handle);
	tcase_add_test(c, a_takeover_that_cannot_sync_the_parents_of_seals_promises_nothing);
	tcase_add_test(c, a_takeover_syncs_the_parent_of_each_seal_since_the_checkpoint);
	tcase_add_test(
		c, a_seal_that_finds_something_in_its_way_is_void_at_whichever_step_its_maker_dies);
	tcase_add_test(c, a_seal_is_voided_where_the_journal_has_reached_its_bound_too);
	tcase_add_test(c, who_seals_the_path_while_the_bytes_are_staged_is_first);
	suite_add_tcase(s, c);
	return s;
}
