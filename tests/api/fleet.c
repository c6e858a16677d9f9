/* SPDX-License-Identifier: ISC */
/*
 * Fleet files as a host uses them, through the library as it is installed.
 */
#include "container.h"

static tote_orchestrator *o;

static void setup(void)
{
	container_make();
	ok(tote_orchestrator_open(ctx, root, 0, &o, &fault));
}

static void teardown(void)
{
	o = tote_orchestrator_unref(o);
	container_teardown();
}

static tote_fleet *parsed(const char *text)
{
	tote_fleet *fleet = NULL;

	ok(tote_fleet_parse(ctx, text, strlen(text), "wish.yaml", &fleet, &fault));
	return fleet;
}

#define GOOD                                                                                       \
	"version: 1\ncontainers:\n  contracts: {policy: {rate: 5}}\n  leases: {state: "            \
	"suspended}\n"
#define BAD "version: 1\ncontainers:\n  Leases: {state: gone}\n"

START_TEST(what_is_missing_or_unknown_is_refused)
{
	struct tote_fleet_problem problem = {.size = sizeof(problem)};
	struct tote_fleet_plan plan = {.size = sizeof(plan)};
	struct tote_fleet_change change = {.size = sizeof(change)};
	struct tote_fleet_progress applied = {.size = sizeof(applied)};
	struct tote_fleet_apply_options options;
	struct tote_fault *f = &fault;
	tote_fleet *fleet = NULL;
	size_t length;

	fails(tote_fleet_parse(NULL, "", 0, NULL, &fleet, f), TOTE_E_ARGUMENT);
	fails(tote_fleet_parse(ctx, NULL, 1, NULL, &fleet, f), TOTE_E_ARGUMENT);
	fails(tote_fleet_parse(ctx, "", 0, NULL, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_fleet_parse(ctx, "", TOTE_FLEET_BYTES_MAX + 1, NULL, &fleet, f),
		TOTE_E_TOO_LARGE);
	ck_assert_ptr_null(fleet);
	ck_assert_ptr_null(tote_fleet_unref(NULL));
	fleet = parsed(GOOD);
	fails(tote_fleet_next_problem(NULL, &problem, f), TOTE_E_ARGUMENT);
	fails(tote_fleet_next_problem(fleet, NULL, f), TOTE_E_ARGUMENT);
	ck_assert_int_eq(tote_fleet_next_problem(fleet, &problem, f), 0);
	fails(tote_fleet_plan(NULL, fleet, 0, &plan, f), TOTE_E_ARGUMENT);
	fails(tote_fleet_plan(o, NULL, 0, &plan, f), TOTE_E_ARGUMENT);
	fails(tote_fleet_plan(o, fleet, 0, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_fleet_plan(o, fleet, 1, &plan, f), TOTE_E_FLAGS);
	plan.size = 4;
	fails(tote_fleet_plan(o, fleet, 0, &plan, f), TOTE_E_STRUCT);
	fails(tote_fleet_next_change(NULL, &change, f), TOTE_E_ARGUMENT);
	fails(tote_fleet_next_change(fleet, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_fleet_apply(NULL, fleet, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_fleet_apply(o, NULL, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_fleet_progress(NULL, &applied, f), TOTE_E_ARGUMENT);
	fails(tote_fleet_progress(fleet, NULL, f), TOTE_E_ARGUMENT);
	ok(tote_fleet_apply_options_init(&options, sizeof(options), f));
	options.flags = 2;
	fails(tote_fleet_apply(o, fleet, &options, f), TOTE_E_FLAGS);
	fails(tote_fleet_apply_options_init(&options, 4, f), TOTE_E_STRUCT);
	fails(tote_fleet_export(NULL, 0, NULL, 0, &length, f), TOTE_E_ARGUMENT);
	fails(tote_fleet_export(o, 1, NULL, 0, &length, f), TOTE_E_FLAGS);
	fails(tote_fleet_export(o, 0, NULL, 0, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_fleet_export(o, 0, NULL, 9, &length, f), TOTE_E_ARGUMENT);
	tote_fleet_unref(fleet);
}
END_TEST

START_TEST(every_problem_comes_with_its_place_and_the_file_is_refused)
{
	struct tote_fleet_problem problem = {.size = sizeof(problem)};
	struct tote_fleet_plan plan = {.size = sizeof(plan)};
	tote_fleet *fleet = parsed(BAD);

	ck_assert_int_eq(tote_fleet_next_problem(fleet, &problem, &fault), 1);
	ck_assert_uint_eq(problem.line, 3);
	ck_assert_uint_eq(problem.column, 3);
	ck_assert_int_eq(problem.code, TOTE_E_GRAMMAR);
	ck_assert_int_eq(tote_fleet_next_problem(fleet, &problem, &fault), 1);
	ck_assert_uint_eq(problem.column, 19);
	ck_assert_int_eq(tote_fleet_next_problem(fleet, &problem, &fault), 0);
	fails(tote_fleet_plan(o, fleet, 0, &plan, &fault), TOTE_E_GRAMMAR);
	ck_assert_ptr_nonnull(strstr(fault.text, "2 problems, the first: wish.yaml:3:3: "));
	fails(tote_fleet_apply(o, fleet, NULL, &fault), TOTE_E_GRAMMAR);
	/* a plan begins them anew */
	ck_assert_int_eq(tote_fleet_next_problem(fleet, &problem, &fault), 1);
	tote_fleet_unref(fleet);
}
END_TEST

START_TEST(a_plan_is_shown_then_made_then_empty)
{
	static const struct {
		const char *container, *field, *from, *to;
		uint32_t kind;
	} rows[] = {
		{"contracts", "rate", "", "5", TOTE_FLEET_POLICY},
		{"leases", "location", "", "containers/leases", TOTE_FLEET_PROVISION},
		{"leases", "state", "active", "suspended", TOTE_FLEET_STATE},
	};
	struct tote_fleet_plan plan = {.size = sizeof(plan)};
	struct tote_fleet_change change = {.size = sizeof(change)};
	struct tote_fleet_progress applied = {.size = sizeof(applied)};
	struct tote_container container = {.size = sizeof(container)};
	tote_fleet *fleet = parsed(GOOD);

	ok(tote_fleet_plan(o, fleet, 0, &plan, &fault));
	ck_assert_uint_eq(plan.changes, 3);
	ck_assert_uint_eq(plan.final_moves, 0);
	ck_assert_uint_eq(plan.named, 2);
	ck_assert_uint_eq(plan.unnamed, 0);
	ck_assert_uint_eq(plan.flags, 0);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(tote_fleet_next_change(fleet, &change, &fault), 1);
		ck_assert_str_eq(change.container, rows[i].container);
		ck_assert_str_eq(change.field, rows[i].field);
		ck_assert_str_eq(change.from, rows[i].from);
		ck_assert_str_eq(change.to, rows[i].to);
		ck_assert_uint_eq(change.kind, rows[i].kind);
	}
	ck_assert_int_eq(tote_fleet_next_change(fleet, &change, &fault), 0);
	ok(tote_fleet_apply(o, fleet, NULL, &fault));
	ok(tote_fleet_progress(fleet, &applied, &fault));
	ck_assert_uint_eq(applied.changes, 3);
	ok(tote_orchestrator_find(o, "leases", &container, &fault));
	ck_assert_uint_eq(container.state, TOTE_STATE_SUSPENDED);
	ok(tote_fleet_plan(o, fleet, 0, &plan, &fault));
	ck_assert_uint_eq(plan.changes, 0);
	ck_assert_uint_eq(plan.flags, TOTE_FLEET_ON_RECORD);
	tote_fleet_unref(fleet);
}
END_TEST

START_TEST(a_root_that_is_read_only_is_planned_for_and_exported_but_not_changed)
{
	struct tote_fleet_plan plan = {.size = sizeof(plan)};
	tote_fleet *fleet = parsed(GOOD);
	char text[4096];
	size_t length;

	tote_orchestrator_unref(o);
	ok(tote_orchestrator_open(ctx, root, TOTE_ORCHESTRATOR_READ_ONLY, &o, &fault));
	ok(tote_fleet_plan(o, fleet, 0, &plan, &fault));
	ck_assert_uint_eq(plan.changes, 3);
	fails(tote_fleet_apply(o, fleet, NULL, &fault), TOTE_E_READ_ONLY);
	ok(tote_fleet_export(o, 0, text, sizeof(text), &length, &fault));
	fleet = tote_fleet_unref(fleet);
	ok(tote_fleet_parse(ctx, text, length, NULL, &fleet, &fault));
	ok(tote_fleet_plan(o, fleet, 0, &plan, &fault));
	ck_assert_uint_eq(plan.changes, 0);
	tote_fleet_unref(fleet);
}
END_TEST

START_TEST(a_fleet_keeps_what_it_needs_alive)
{
	struct tote_fleet_plan plan = {.size = sizeof(plan)};
	tote_fleet *fleet = parsed(GOOD);

	ok(tote_fleet_plan(o, fleet, 0, &plan, &fault));
	o = tote_orchestrator_unref(o);
	box = tote_box_unref(box);
	ctx = tote_ctx_unref(ctx);
	tote_fleet_unref(fleet);
}
END_TEST

Suite *fleet_suite(void)
{
	Suite *s = suite_create("fleet");
	TCase *t = tcase_create("fleet");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_is_missing_or_unknown_is_refused);
	tcase_add_test(t, every_problem_comes_with_its_place_and_the_file_is_refused);
	tcase_add_test(t, a_plan_is_shown_then_made_then_empty);
	tcase_add_test(t, a_root_that_is_read_only_is_planned_for_and_exported_but_not_changed);
	tcase_add_test(t, a_fleet_keeps_what_it_needs_alive);
	suite_add_tcase(s, t);
	return s;
}
