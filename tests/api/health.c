/* SPDX-License-Identifier: ISC */
/*
 * Status and flags as a host asks for them.
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

static void audit_all(void)
{
	tote_audit *job;
	int rc;

	ok(tote_audit_start(o, NULL, &job, &fault));
	while ((rc = tote_audit_step(job, 0, 0, &fault)) > 0)
		;
	ck_assert_msg(rc == 0, "%s", fault.text);
	ok(tote_audit_close(job, &fault));
}

START_TEST(the_advice_of_a_flag_names_its_container)
{
	struct tote_flag flag = {.size = sizeof(flag), .code = 2001, .container = ID};
	char text[512];

	ok(tote_flag_advice(&flag, text, sizeof(text), &fault));
	ck_assert_msg(strstr(text, "totectl repair " ID " --reason TEXT"), "%s", text);
	ck_assert_ptr_null(strstr(text, " ID "));
	flag.code = 1; /* of a later version */
	ok(tote_flag_advice(&flag, text, sizeof(text), &fault));
	ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(what_is_missing_or_unknown_is_refused)
{
	struct tote_status status = {.size = sizeof(status)};
	struct tote_flag flag = {.size = sizeof(flag)};
	struct tote_fault *f = &fault;
	tote_health *health;
	char text[8];

	fails(tote_orchestrator_status(NULL, ID, &status, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_status(o, NULL, &status, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_status(o, ID, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_status(o, "absent", &status, f), TOTE_E_NOT_FOUND);
	status.size = 4;
	fails(tote_orchestrator_status(o, ID, &status, f), TOTE_E_STRUCT);
	fails(tote_health_open(NULL, 0, &health, f), TOTE_E_ARGUMENT);
	fails(tote_health_open(o, 0, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_health_open(o, 4, &health, f), TOTE_E_FLAGS);
	fails(tote_health_next(NULL, &status, f), TOTE_E_ARGUMENT);
	ck_assert_ptr_null(tote_health_unref(NULL));
	fails(tote_status_advice(NULL, text, sizeof(text), f), TOTE_E_ARGUMENT);
	fails(tote_status_advice(&status, text, sizeof(text), f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_next_flag(NULL, NULL, TOTE_SEQ_ANY, &flag, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_next_flag(o, NULL, TOTE_SEQ_ANY, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_flag_advice(NULL, text, sizeof(text), f), TOTE_E_ARGUMENT);
	fails(tote_flag_advice(&flag, NULL, sizeof(text), f), TOTE_E_ARGUMENT);
	flag.code = 9001;
	fails(tote_flag_advice(&flag, text, sizeof(text), f), TOTE_E_TOO_LARGE);
	flag.size = 8;
	fails(tote_flag_advice(&flag, text, sizeof(text), f), TOTE_E_STRUCT);
	flag.size = sizeof(flag);
	fails(tote_orchestrator_acknowledge(NULL, 1, NULL, "x", 0, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_acknowledge(o, 1, NULL, NULL, 0, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_acknowledge(o, 1, NULL, "", 0, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_acknowledge(o, 1, NULL, "x", 1, f), TOTE_E_FLAGS);
	fails(tote_orchestrator_acknowledge(o, 1, NULL, "x", 0, f), TOTE_E_NOT_FOUND);
	ck_assert_int_eq(tote_orchestrator_next_flag(o, NULL, TOTE_SEQ_ANY, &flag, f), 0);
}
END_TEST

START_TEST(a_status_says_what_was_audited_and_what_lies_there_now)
{
	struct tote_status status = {.size = sizeof(status)};
	struct tote_record record = {.kind = "record"};
	uint64_t seq;

	ok(tote_orchestrator_status(o, ID, &status, &fault));
	ck_assert_uint_eq(status.flags, TOTE_STATUS_NEVER_AUDITED);
	ck_assert_uint_eq(status.entries, 1);
	ck_assert_uint_eq(status.covered, 1);
	audit_all();
	ok(tote_box_open(o, ID, NULL, &box, &fault));
	ok(tote_box_append(box, &record, TOTE_SEQ_ANY, 0, &seq, &fault));
	box = tote_box_unref(box);
	ok(tote_orchestrator_status(o, ID, &status, &fault));
	ck_assert_uint_eq(status.flags & ~TOTE_STATUS_CACHED, 0);
	ck_assert_uint_eq(status.verdict, TOTE_VERDICT_OK);
	ck_assert_uint_eq(status.level, TOTE_LEVEL_FULL);
	ck_assert_uint_eq(status.audited_entries, 1);
	ck_assert_uint_eq(status.witnessed, 1);
	ck_assert_uint_eq(status.entries, 2);
	ck_assert_int_gt(status.unfolded_since_us, 0);
	ck_assert_int_ge(status.last_full_audit_us, 1);
	ok(tote_orchestrator_status(o, "orchestrator", &status, &fault));
	ck_assert_str_eq(status.id, "orchestrator");
	ck_assert_uint_eq(status.verdict, TOTE_VERDICT_OK);
}
END_TEST

START_TEST(flags_are_listed_in_order_and_acknowledged_with_a_reason)
{
	struct tote_flag flag = {.size = sizeof(flag)};
	struct tote_status status = {.size = sizeof(status)};
	uint64_t last = TOTE_SEQ_ANY;
	int count = 0;

	write_file(asset_file("one"), "x", 1);
	write_file(asset_file("two"), "x", 1);
	audit_all();
	while (tote_orchestrator_next_flag(o, NULL, last, &flag, &fault) == 1) {
		ck_assert_msg(last == TOTE_SEQ_ANY || flag.seq > last, "out of order");
		last = flag.seq;
		ck_assert_str_eq(flag.container, ID);
		ck_assert_int_eq(flag.code, 3004);
		ck_assert_int_gt(flag.raised_us, 0);
		count++;
	}
	ck_assert_int_eq(count, 2);
	ck_assert_int_eq(tote_orchestrator_next_flag(o, "other", TOTE_SEQ_ANY, &flag, &fault), 0);
	ok(tote_orchestrator_acknowledge(o, last, "alice@counsel", "seen", 0, &fault));
	fails(tote_orchestrator_acknowledge(o, last, NULL, "seen", 0, &fault), TOTE_E_EXISTS);
	ok(tote_orchestrator_status(o, ID, &status, &fault));
	ck_assert_uint_eq(status.flags_open, 1);
	ck_assert_uint_eq(status.flags_standing, 1);
	ck_assert_uint_eq(status.verdict, TOTE_VERDICT_DAMAGED);
}
END_TEST

Suite *health_suite(void)
{
	Suite *s = suite_create("health");
	TCase *t = tcase_create("health");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_advice_of_a_flag_names_its_container);
	tcase_add_test(t, what_is_missing_or_unknown_is_refused);
	tcase_add_test(t, a_status_says_what_was_audited_and_what_lies_there_now);
	tcase_add_test(t, flags_are_listed_in_order_and_acknowledged_with_a_reason);
	suite_add_tcase(s, t);
	return s;
}
