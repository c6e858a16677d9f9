/* SPDX-License-Identifier: ISC */
/*
 * States in two ledgers: every arrow, a crash between the two, and moves that the record alone
 * bears.
 */
#include "orchestrator/root.h"

static const uint32_t states[] = {
	TOTE_STATE_ACTIVE, TOTE_STATE_SUSPENDED, TOTE_STATE_ARCHIVED, TOTE_STATE_DISPOSED};

/* From active to that state by arrows that there are. */
static void bring_to(struct root *r, const char *id, uint32_t state)
{
	if (state == TOTE_STATE_DISPOSED)
		ck_ok(root_move(r, id, TOTE_STATE_ARCHIVED), r->fault);
	ck_ok(root_move(r, id, state), r->fault);
}

static int moves_of_ledger(struct root *r, const char *id)
{
	struct move_list list;
	tote_box *box = root_box(r, id);
	int count;

	tote__move_list_init(&list, &r->ctx->heap);
	ck_assert_int_eq(tote__move_list_collect(box, &list, &r->fault), 0);
	count = (int)list.count;
	tote__move_list_free(&list);
	tote_box_unref(box);
	return count;
}

START_TEST(each_arrow_of_the_table_is_taken_in_both_ledgers_and_no_other)
{
	char id_name[512];
	struct root r;

	root_make(&r);
	for (size_t from = 0; from < 4; from++)
		for (size_t to = 0; to < 4; to++) {
			const char *id = named(id_name, "c%zu%zu", from, to);
			int arrow = tote__state_move(states[from], states[to]), before;

			root_provision(&r, id);
			bring_to(&r, id, states[from]);
			before = root_entries(&r, "container.state", id);
			if (from == to || arrow)
				ck_ok(root_move(&r, id, states[to]), r.fault);
			else
				ck_fault(root_move(&r, id, states[to]), TOTE_E_STATE, r.fault);
			ck_assert_int_eq(root_entries(&r, "container.state", id), before + arrow);
			ck_assert_int_eq(moves_of_ledger(&r, id), before + arrow);
			ck_assert_uint_eq(root_state(&r, id), arrow ? states[to] : states[from]);
		}
	ck_fault(root_move(&r, "c00", 5), TOTE_E_ARGUMENT, r.fault);
	ck_fault(tote_orchestrator_set_state(
			 r.o, "c00", TOTE_STATE_SUSPENDED, NULL, "", 0, &r.fault),
		TOTE_E_ARGUMENT, r.fault);
	ck_fault(root_move(&r, "absent", TOTE_STATE_SUSPENDED), TOTE_E_NOT_FOUND, r.fault);
	root_remove(&r);
}
END_TEST

/* A crash between the two: the container's half alone. */
static void half_move(struct root *r, const char *id, uint32_t state)
{
	tote_box *box = root_box(r, id);
	uint64_t seq;
	uint32_t from;

	ck_assert_int_eq(tote__box_move(box, state, "op@host", "half", &from, &seq, &r->fault), 0);
	tote_box_unref(box);
}

START_TEST(a_move_that_only_the_container_has_is_completed_when_it_is_next_touched)
{
	struct root r;

	root_make(&r);
	root_provision(&r, "a");
	half_move(&r, "a", TOTE_STATE_SUSPENDED);
	/* a verb that only reads completes nothing; it counts as in the stricter of the two */
	ck_assert_uint_eq(root_state(&r, "a"), TOTE_STATE_SUSPENDED);
	ck_assert_int_eq(root_entries(&r, "container.state", "a"), 0);
	tote_box_unref(root_box(&r, "a"));
	ck_assert_int_eq(root_entries(&r, "container.state", "a"), 1);
	half_move(&r, "a", TOTE_STATE_ACTIVE);
	ck_assert_uint_eq(root_state(&r, "a"), TOTE_STATE_SUSPENDED);
	ck_ok(root_move(&r, "a", TOTE_STATE_ARCHIVED), r.fault);
	ck_assert_int_eq(root_entries(&r, "container.state", "a"), 3);
	root_reopen(&r);
	ck_assert_uint_eq(root_state(&r, "a"), TOTE_STATE_ARCHIVED);
	ck_assert_int_eq(moves_of_ledger(&r, "a"), 3);
	root_remove(&r);
}
END_TEST

static int suspend(tote_ctx *ctx, const char *path)
{
	struct tote_fault fault;
	tote_orchestrator *o;
	int rc = tote_orchestrator_open(ctx, path, 0, &o, &fault);

	if (!rc)
		rc = tote_orchestrator_set_state(
			o, "a", TOTE_STATE_SUSPENDED, "op@host", "because", 0, &fault);
	if (rc < 0)
		fprintf(stderr, "suspend: %s\n", fault.text);
	return rc;
}

START_TEST(a_change_that_died_at_any_step_is_wholly_made_or_not_at_all_once_it_is_touched)
{
	struct root r;
	char whole[400];
	long at;

	root_make(&r);
	root_provision(&r, "a");
	root_fill(&r, "a", 3);
	root_close(&r);
	snprintf(whole, sizeof(whole), "%s/whole", r.scratch.path);
	copy_tree(r.path, whole);
	for (at = 0; dies_at(at, suspend, r.path); at++) {
		int moves;

		root_open(&r);
		moves = moves_of_ledger(&r, "a");
		ck_assert_int_eq(root_entries(&r, "container.state", "a"), moves);
		ck_ok(root_move(&r, "a", TOTE_STATE_SUSPENDED), r.fault);
		ck_assert_int_eq(root_entries(&r, "container.state", "a"), 1);
		ck_assert_int_eq(moves_of_ledger(&r, "a"), 1);
		root_close(&r);
		remove_tree(r.path);
		copy_tree(whole, r.path);
	}
	ck_assert_int_gt(at, 5);
	root_open(&r);
	root_remove(&r);
}
END_TEST

START_TEST(a_container_that_is_lost_is_moved_by_the_record_alone_and_completed_when_it_is_back)
{
	char here_name[512], away_name[512];
	struct root r;
	const char *here, *away;

	root_make(&r);
	root_provision(&r, "a");
	here = named(here_name, "%s/containers/a", r.path);
	away = named(away_name, "%s/away", r.scratch.path);
	ck_assert_int_eq(rename(here, away), 0);
	ck_ok(root_move(&r, "a", TOTE_STATE_SUSPENDED), r.fault);
	ck_ok(root_move(&r, "a", TOTE_STATE_SUSPENDED), r.fault);
	ck_fault(root_move(&r, "a", TOTE_STATE_DISPOSED), TOTE_E_STATE, r.fault);
	ck_assert_int_eq(root_entries(&r, "container.state", "a"), 1);
	ck_assert_uint_eq(root_state(&r, "a"), TOTE_STATE_SUSPENDED);
	ck_assert_int_eq(rename(away, here), 0);
	ck_assert_uint_eq(root_state(&r, "a"), TOTE_STATE_SUSPENDED);
	ck_assert_int_eq(moves_of_ledger(&r, "a"), 1);
	ck_ok(root_move(&r, "a", TOTE_STATE_ACTIVE), r.fault);
	root_fill(&r, "a", 1);
	root_remove(&r);
}
END_TEST

START_TEST(a_damaged_container_is_moved_by_the_record_alone)
{
	struct root r;
	tote_box *box;

	root_make(&r);
	root_provision(&r, "a");
	box = root_box(&r, "a");
	for (int i = 0; i < 3; i++)
		ck_ok(box_append(box, "x", &r.fault), r.fault);
	tote_box_unref(box);
	harm_second_group(&r);
	ck_ok(root_move(&r, "a", TOTE_STATE_ARCHIVED), r.fault);
	ck_assert_int_eq(root_entries(&r, "container.state", "a"), 1);
	ck_assert_uint_eq(root_state(&r, "a"), TOTE_STATE_ARCHIVED);
	ck_assert_int_lt(tote_box_open(r.o, "a", NULL, &box, &r.fault), 0);
	root_remove(&r);
}
END_TEST

START_TEST(to_a_rolled_back_container_nothing_is_appended_and_the_record_alone_archives_it)
{
	char here_name[512], copy_name[512];
	struct root r;
	const char *here, *copy;
	struct tote_status before = {.size = sizeof(before)}, after = {.size = sizeof(after)};
	tote_box *box;

	root_make(&r);
	root_provision(&r, "a");
	here = named(here_name, "%s/containers/a", r.path);
	copy = named(copy_name, "%s/copy", r.scratch.path);
	copy_tree(here, copy);
	root_fill(&r, "a", 5);
	ck_ok(tote_orchestrator_witness(r.o, "a", 0, NULL, &r.fault), r.fault);
	remove_tree(here);
	copy_tree(copy, here);
	ck_ok(tote_orchestrator_status(r.o, "a", &before, &r.fault), r.fault);
	ck_fault(tote_box_open(r.o, "a", NULL, &box, &r.fault), TOTE_E_ROLLBACK, r.fault);
	ck_fault(tote_orchestrator_witness(r.o, "a", 0, NULL, &r.fault), TOTE_E_ROLLBACK, r.fault);
	ck_ok(root_move(&r, "a", TOTE_STATE_ARCHIVED), r.fault);
	ck_ok(tote_orchestrator_status(r.o, "a", &after, &r.fault), r.fault);
	ck_assert_uint_eq(before.entries, after.entries);
	ck_assert_uint_eq(after.state, TOTE_STATE_ARCHIVED);
	ck_assert_int_eq(root_entries(&r, "container.state", "a"), 1);
	root_remove(&r);
}
END_TEST

START_TEST(ledgers_that_differ_by_more_than_one_move_are_left_as_they_are)
{
	struct root r;
	tote_box *box;
	uint64_t seq;
	uint32_t from;

	root_make(&r);
	root_provision(&r, "a");
	box = root_box(&r, "a");
	ck_assert_int_eq(
		tote__box_move(box, TOTE_STATE_SUSPENDED, NULL, "x", &from, &seq, &r.fault), 0);
	ck_assert_int_eq(
		tote__box_move(box, TOTE_STATE_ARCHIVED, NULL, "x", &from, &seq, &r.fault), 0);
	tote_box_unref(box);
	ck_fault(tote_box_open(r.o, "a", NULL, &box, &r.fault), TOTE_E_MISMATCH, r.fault);
	ck_fault(root_move(&r, "a", TOTE_STATE_DISPOSED), TOTE_E_MISMATCH, r.fault);
	ck_assert_int_eq(root_entries(&r, "container.state", "a"), 0);
	ck_assert_uint_eq(root_state(&r, "a"), TOTE_STATE_ARCHIVED);
	root_remove(&r);
}
END_TEST

Suite *states_suite(void)
{
	Suite *s = suite_create("states");
	TCase *t = tcase_create("states");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, each_arrow_of_the_table_is_taken_in_both_ledgers_and_no_other);
	tcase_add_test(t, a_move_that_only_the_container_has_is_completed_when_it_is_next_touched);
	tcase_add_test(
		t, a_change_that_died_at_any_step_is_wholly_made_or_not_at_all_once_it_is_touched);
	tcase_add_test(t,
		a_container_that_is_lost_is_moved_by_the_record_alone_and_completed_when_it_is_back);
	tcase_add_test(t, a_damaged_container_is_moved_by_the_record_alone);
	tcase_add_test(
		t, to_a_rolled_back_container_nothing_is_appended_and_the_record_alone_archives_it);
	tcase_add_test(t, ledgers_that_differ_by_more_than_one_move_are_left_as_they_are);
	suite_add_tcase(s, t);
	return s;
}
