/* SPDX-License-Identifier: ISC */
/*
 * Applying fleet files to roots: what a plan says and nothing else, once, whatever is in the way.
 */
#include "orchestrator/fleet_five.h"

#define V "version: 1\n"
#define C V "containers:\n"

static uint64_t entries(struct root *r)
{
	struct tote_box_info info = {.size = sizeof(info)};

	ck_ok(tote_box_info(r->o->record, &info, &r->fault), r->fault);
	return info.entries;
}

START_TEST(what_the_file_says_is_so_afterwards_and_on_record)
{
	struct tote_fleet_progress applied;
	struct root r;

	root_make(&r);
	applied = apply(&r, FIVE);
	ck_assert_uint_eq(applied.changes, 1 + 5 + 5 + 1 + 1 + 1 + 3);
	ck_assert_uint_ne(applied.seq, TOTE_SEQ_ANY);
	ck_assert_int_eq(root_entries(&r, "fleet.applied", NULL), 1);
	is_applied(&r);
	root_reopen(&r);
	is_applied(&r);
	root_remove(&r);
}
END_TEST

START_TEST(applied_again_it_writes_nothing)
{
	struct tote_fleet_progress applied;
	uint64_t before;
	struct root r;

	root_make(&r);
	apply(&r, FIVE);
	before = entries(&r);
	applied = apply(&r, FIVE);
	ck_assert_uint_eq(applied.changes, 0);
	ck_assert_uint_eq(applied.seq, TOTE_SEQ_ANY);
	ck_assert_uint_eq(entries(&r), before);
	/* other bytes that say the same are another file, which comes on record */
	applied = apply(&r, FIVE "# reviewed\n");
	ck_assert_uint_eq(applied.changes, 0);
	ck_assert_uint_eq(applied.seq, before);
	ck_assert_uint_eq(entries(&r), before + 1);
	root_remove(&r);
}
END_TEST

START_TEST(what_the_file_does_not_say_is_left_alone)
{
	struct tote_policy policy = {.size = sizeof(policy)};
	struct root r;

	root_make(&r);
	apply(&r, FIVE);
	apply(&r, C "  b: {}\n  new: {}\n");
	ck_assert_uint_eq(root_state(&r, "b"), TOTE_STATE_SUSPENDED);
	ck_assert_int_eq(root_entries(&r, "container.detached", NULL), 0);
	ck_ok(tote_orchestrator_policy(r.o, "b", &policy, &r.fault), r.fault);
	ck_assert_uint_eq(policy.full_every_s, 1209600);
	is_applied(&r);
	root_remove(&r);
}
END_TEST

START_TEST(moves_without_a_way_back_are_made_only_where_that_is_said)
{
	struct tote_fleet_progress applied;
	struct root r;
	uint64_t before;
	tote_fleet *f;

	root_make(&r);
	before = entries(&r);
	f = good_fleet(r.ctx, FIVE);
	ck_fault(apply_as(r.o, f, 0, &applied, &r.fault), TOTE_E_ARGUMENT, r.fault);
	ck_assert_ptr_nonnull(strstr(r.fault.text, "fleet.yaml:8: 3 moves have no way back"));
	ck_assert_uint_eq(applied.changes, 0);
	ck_assert_uint_eq(entries(&r), before);
	ck_assert_int_eq(file_exists(printed("%s/containers/a", r.path)), 0);
	ck_ok(apply_as(r.o, f, TOTE_FLEET_FINAL_MOVES, &applied, &r.fault), r.fault);
	tote_fleet_unref(f);
	is_applied(&r);
	root_remove(&r);
}
END_TEST

START_TEST(a_file_with_problems_changes_nothing)
{
	static const char *const files[] = {
		C "  a: {}\n  b: {stat: active}\n",
		C "  a: {}\n  old: {location: /elsewhere}\n",
		C "  a: {}\n  old: {policy: {cosigners: 1}}\n",
		C "  a: {}\n  b: {backend: tape}\n",
		C "  a: {}\n  b: {location: containers/old/x}\n",
	};
	struct tote_fleet_progress applied;
	struct root r;
	uint64_t before;

	root_make(&r);
	root_provision(&r, "old");
	before = entries(&r);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		tote_fleet *f = fleet_of(r.ctx, files[i]);

		ck_fault(apply_as(r.o, f, 0, &applied, &r.fault), TOTE_E_GRAMMAR, r.fault);
		ck_assert_msg(!strncmp(r.fault.text, "fleet.yaml:4:", 13), "%s", r.fault.text);
		ck_assert_str_eq(strchr(problems_of(f), '\n'), "\n");
		ck_assert_uint_eq(entries(&r), before);
		tote_fleet_unref(f);
	}
	ck_assert_int_eq(file_exists(printed("%s/containers/a", r.path)), 0);
	root_remove(&r);
}
END_TEST

START_TEST(a_container_that_cannot_be_changed_hinders_no_other)
{
	struct tote_fleet_progress applied;
	struct root r;
	tote_fleet *f;

	root_make(&r);
	root_provision(&r, "whole");
	file_write(printed("%s/in-the-way", r.path), "x", 1);
	f = good_fleet(r.ctx, C "  taken: {location: in-the-way, state: suspended}\n"
				"  whole: {state: suspended}\n"
				"  new: {policy: {rate: 5}}\n");
	ck_assert_int_lt(apply_as(r.o, f, 0, &applied, &r.fault), 0);
	ck_assert_uint_eq(applied.changes, 3);
	ck_assert_uint_eq(applied.failed, 2);
	ck_assert_uint_eq(applied.left, 0);
	ck_assert_uint_eq(applied.seq, TOTE_SEQ_ANY);
	ck_assert_ptr_nonnull(strstr(problems_of(f), "3:3 "));
	ck_assert_uint_eq(root_state(&r, "whole"), TOTE_STATE_SUSPENDED);
	ck_assert_int_eq(root_entries(&r, "container.registered", "new"), 1);
	ck_assert_int_eq(root_entries(&r, "fleet.applied", NULL), 0);
	/* when the cause is gone, the same handle does the rest */
	ck_assert_int_eq(unlink(printed("%s/in-the-way", r.path)), 0);
	ck_ok(apply_as(r.o, f, 0, &applied, &r.fault), r.fault);
	ck_assert_uint_eq(applied.changes, 2);
	ck_assert_uint_eq(root_state(&r, "taken"), TOTE_STATE_SUSPENDED);
	ck_assert_int_eq(root_entries(&r, "fleet.applied", NULL), 1);
	tote_fleet_unref(f);
	root_remove(&r);
}
END_TEST

START_TEST(in_steps_it_does_the_same_and_comes_on_record_once)
{
	struct tote_fleet_apply_options options = {.size = sizeof(options),
		.flags = TOTE_FLEET_FINAL_MOVES,
		.max_changes = 1,
		.reason = "as agreed"};
	struct tote_fleet_progress applied = {.size = sizeof(applied)};
	uint64_t steps = 0, last = 0;
	struct root r;
	tote_fleet *f;
	int rc;

	root_make(&r);
	f = good_fleet(r.ctx, FIVE);
	while ((rc = tote_fleet_apply(r.o, f, &options, &r.fault)) == 1) {
		ck_ok(tote_fleet_progress(f, &applied, &r.fault), r.fault);
		steps++;
		ck_assert_uint_gt(applied.changes, last);
		ck_assert_uint_eq(applied.seq, TOTE_SEQ_ANY);
		last = applied.changes;
	}
	ck_assert_int_eq(rc, 0);
	ck_ok(tote_fleet_progress(f, &applied, &r.fault), r.fault);
	ck_assert_uint_gt(steps, 10);
	ck_assert_uint_eq(applied.changes, 17);
	ck_assert_int_eq(root_entries(&r, "fleet.applied", NULL), 1);
	tote_fleet_unref(f);
	is_applied(&r);
	root_remove(&r);
}
END_TEST

START_TEST(a_state_that_somebody_else_changed_since_the_plan_is_left_to_them)
{
	struct tote_fleet_plan plan = {.size = sizeof(plan)};
	struct tote_fleet_progress applied;
	struct root r;
	tote_fleet *f;

	root_make(&r);
	root_provision(&r, "a");
	f = good_fleet(r.ctx, C "  a: {state: archived}\n");
	ck_ok(tote_fleet_plan(r.o, f, 0, &plan, &r.fault), r.fault);
	ck_ok(root_move(&r, "a", TOTE_STATE_SUSPENDED), r.fault);
	ck_fault(apply_as(r.o, f, TOTE_FLEET_FINAL_MOVES, &applied, &r.fault), TOTE_E_CONFLICT,
		r.fault);
	ck_assert_uint_eq(root_state(&r, "a"), TOTE_STATE_SUSPENDED);
	ck_assert_int_eq(root_entries(&r, "fleet.applied", NULL), 0);
	tote_fleet_unref(f);
	root_remove(&r);
}
END_TEST

/* --- export --------------------------------------------------------------------------------- */

static char *exported(struct root *r)
{
	size_t len = 0;
	char *text;

	ck_fault(tote_fleet_export(r->o, 0, NULL, 0, &len, &r->fault), TOTE_E_TOO_LARGE, r->fault);
	ck_assert_uint_gt(len, 0);
	text = calloc(1, len + 1);
	ck_assert_ptr_nonnull(text);
	ck_ok(tote_fleet_export(r->o, 0, text, len, &len, &r->fault), r->fault);
	return text;
}

START_TEST(a_plan_of_an_export_is_empty)
{
	struct root r;
	char *text;

	root_make(&r);
	text = exported(&r);
	ck_assert_str_eq(text, V "containers: {}\n");
	ck_assert_uint_eq(changes_left(&r, text), 0);
	free(text);
	apply(&r, FIVE);
	apply(&r, C "  '2026': {}\n"
		    "  \"null\": {location: \"with: # 'all' \\\"of\\\" \\\\ it\"}\n"
		    "  f: {location: \"two\\nlines\\tand \\u202e \\u4e2d \\x85 \\ufeff\"}\n"
		    "  g: {location: \"-\"}\n"
		    "  h: {location: \"010.5\"}\n");
	ck_assert_int_eq(
		file_exists(printed("%s/two\nlines\tand \xE2\x80\xAE \xE4\xB8\xAD \xC2\x85 "
				    "\xEF\xBB\xBF/ledger",
			r.path)),
		1);
	ck_ok(tote_orchestrator_detach(r.o, "a", NULL, "gone", 0, &r.fault), r.fault);
	text = exported(&r);
	ck_assert_ptr_nonnull(strstr(text, "\n  \"2026\":\n"));
	ck_assert_ptr_nonnull(strstr(text, "\\u202E \xE4\xB8\xAD"));
	ck_assert_ptr_null(strstr(text, "\n  a:\n"));
	ck_assert_uint_eq(changes_left(&r, text), 0);
	free(text);
	root_remove(&r);
}
END_TEST

START_TEST(an_export_makes_the_same_containers_in_another_root)
{
	struct root r, other;
	char *text, *again;

	root_make(&r);
	apply(&r, FIVE);
	text = exported(&r);
	root_make(&other);
	apply(&other, text);
	is_applied(&other);
	again = exported(&other);
	ck_assert_str_eq(text, again);
	free(again);
	free(text);
	root_remove(&other);
	root_remove(&r);
}
END_TEST

START_TEST(a_location_that_is_no_text_is_left_out_of_an_export)
{
	struct tote_provision_options options = {.size = sizeof(options)};
	char place[512];
	struct root r;
	char *text;

	root_make(&r);
	options.location = named(place, "%s/\xFF", r.path);
	ck_ok(tote_orchestrator_provision(r.o, "a", &options, NULL, &r.fault), r.fault);
	text = exported(&r);
	ck_assert_ptr_nonnull(strstr(text, "# its location is not UTF-8"));
	ck_assert_uint_eq(changes_left(&r, text), 0);
	free(text);
	root_remove(&r);
}
END_TEST

Suite *fleet_apply_suite(void)
{
	Suite *s = suite_create("fleet_apply");
	TCase *t = tcase_create("applying");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, what_the_file_says_is_so_afterwards_and_on_record);
	tcase_add_test(t, applied_again_it_writes_nothing);
	tcase_add_test(t, what_the_file_does_not_say_is_left_alone);
	tcase_add_test(t, moves_without_a_way_back_are_made_only_where_that_is_said);
	tcase_add_test(t, a_file_with_problems_changes_nothing);
	tcase_add_test(t, a_container_that_cannot_be_changed_hinders_no_other);
	tcase_add_test(t, in_steps_it_does_the_same_and_comes_on_record_once);
	tcase_add_test(t, a_state_that_somebody_else_changed_since_the_plan_is_left_to_them);
	tcase_add_test(t, a_plan_of_an_export_is_empty);
	tcase_add_test(t, an_export_makes_the_same_containers_in_another_root);
	tcase_add_test(t, a_location_that_is_no_text_is_left_out_of_an_export);
	suite_add_tcase(s, t);
	return s;
}
