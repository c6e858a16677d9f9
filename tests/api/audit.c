/* SPDX-License-Identifier: ISC */
/*
 * Audits as a host runs them, the verification of a ledger directory alone, and what is refused.
 */
#include "container.h"

static tote_orchestrator *o;
static tote_audit *job;

static void setup(void)
{
	container_make();
	ok(tote_orchestrator_open(ctx, root, 0, &o, &fault));
}

static void teardown(void)
{
	job = tote_audit_unref(job);
	o = tote_orchestrator_unref(o);
	container_teardown();
}

static uint32_t run_through(void)
{
	uint32_t worst = 0;
	int rc;

	while ((rc = tote_audit_step(job, 0, 0, &fault)) > 0)
		;
	ck_assert_msg(rc == 0, "%s", fault.text);
	ok(tote_audit_worst(job, &worst, &fault));
	return worst;
}

START_TEST(a_missing_handle_or_argument_is_refused_by_every_call)
{
	struct tote_audit_progress progress = {.size = sizeof(progress)};
	struct tote_finding finding = {.size = sizeof(finding)};
	struct tote_verdict verdict = {.size = sizeof(verdict)};
	struct tote_fault *f = &fault;
	uint32_t worst;

	fails(tote_audit_start(NULL, NULL, &job, f), TOTE_E_ARGUMENT);
	fails(tote_audit_start(o, NULL, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_audit_step(NULL, 0, 0, f), TOTE_E_ARGUMENT);
	fails(tote_audit_progress(NULL, &progress, f), TOTE_E_ARGUMENT);
	fails(tote_audit_next_finding(NULL, &finding, f), TOTE_E_ARGUMENT);
	fails(tote_audit_next_verdict(NULL, &verdict, f), TOTE_E_ARGUMENT);
	fails(tote_audit_worst(NULL, &worst, f), TOTE_E_ARGUMENT);
	fails(tote_audit_cancel(NULL, f), TOTE_E_ARGUMENT);
	ok(tote_audit_close(NULL, f));
	ck_assert_ptr_null(tote_audit_unref(NULL));
	ok(tote_audit_start(o, NULL, &job, f));
	fails(tote_audit_progress(job, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_audit_next_finding(job, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_audit_next_verdict(job, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_audit_worst(job, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_verify_ledger(ctx, NULL, "k", NULL, 0, &job, f), TOTE_E_ARGUMENT);
	fails(tote_verify_ledger(ctx, "/x", NULL, NULL, 0, &job, f), TOTE_E_ARGUMENT);
	fails(tote_verify_ledger(ctx, "/x", "k", NULL, 0, NULL, f), TOTE_E_ARGUMENT);
}
END_TEST

START_TEST(unknown_levels_ids_flags_and_sizes_are_refused)
{
	static const char *const absent[] = {ID, "absent"}, *const none[] = {NULL};
	static const char *const whole[] = {ID};
	struct tote_audit_options options;
	struct tote_audit_progress progress = {.size = 4};
	struct tote_fault *f = &fault;

	fails(tote_audit_options_init(&options, 2, f), TOTE_E_STRUCT);
	ok(tote_audit_options_init(&options, sizeof(options), f));
	options.level = 3;
	fails(tote_audit_start(o, &options, &job, f), TOTE_E_ARGUMENT);
	options.level = 0;
	options.flags = 8;
	fails(tote_audit_start(o, &options, &job, f), TOTE_E_FLAGS);
	options.flags = TOTE_AUDIT_RANGE; /* of all containers */
	fails(tote_audit_start(o, &options, &job, f), TOTE_E_ARGUMENT);
	options.flags = 0;
	options.parallel = 65;
	fails(tote_audit_start(o, &options, &job, f), TOTE_E_ARGUMENT);
	options.parallel = 0;
	options.max_age_us = -1;
	fails(tote_audit_start(o, &options, &job, f), TOTE_E_ARGUMENT);
	options.max_age_us = 0;
	options.to_seq = 1; /* without RANGE */
	fails(tote_audit_start(o, &options, &job, f), TOTE_E_ARGUMENT);
	options.to_seq = 0;
	options.path = "../x";
	options.ids = whole;
	options.id_count = 1;
	fails(tote_audit_start(o, &options, &job, f), TOTE_E_GRAMMAR);
	options.path = "x";
	options.flags = TOTE_AUDIT_RANGE; /* one or the other */
	fails(tote_audit_start(o, &options, &job, f), TOTE_E_ARGUMENT);
	options.flags = TOTE_AUDIT_CONTINUE; /* a part is looked at anew */
	fails(tote_audit_start(o, &options, &job, f), TOTE_E_ARGUMENT);
	options.flags = 0;
	options.path = NULL;
	options.ids = absent;
	options.id_count = 2;
	fails(tote_audit_start(o, &options, &job, f), TOTE_E_NOT_FOUND);
	options.ids = none;
	options.id_count = 1;
	fails(tote_audit_start(o, &options, &job, f), TOTE_E_ARGUMENT);
	fails(tote_verify_ledger(ctx, "/x", "k", NULL, 4, &job, f), TOTE_E_FLAGS);
	ok(tote_audit_start(o, NULL, &job, f));
	fails(tote_audit_progress(job, &progress, f), TOTE_E_STRUCT);
}
END_TEST

START_TEST(of_several_at_once_each_has_one_verdict_and_the_orchestrator_the_first)
{
	static const char *const ids[] = {"orchestrator", "a", "b", ID};
	struct tote_audit_options options = {.size = sizeof(options), .parallel = 3};
	struct tote_verdict verdict = {.size = sizeof(verdict)};
	int seen[4] = {0};

	ok(tote_orchestrator_provision(o, "a", NULL, NULL, &fault));
	ok(tote_orchestrator_provision(o, "b", NULL, NULL, &fault));
	ok(tote_audit_start(o, &options, &job, &fault));
	ck_assert_uint_eq(run_through(), TOTE_VERDICT_OK);
	for (int n = 0; tote_audit_next_verdict(job, &verdict, &fault) == 1; n++)
		for (int i = 0; i < 4; i++) {
			seen[i] += strcmp(verdict.container, ids[i]) == 0;
			ck_assert(n || seen[0]);
		}
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(seen[i], 1);
}
END_TEST

START_TEST(all_are_audited_the_orchestrator_first_then_in_order_of_id)
{
	static const char *const wanted[] = {"orchestrator", "a", ID};
	struct tote_audit_options options = {.size = sizeof(options), .parallel = 1};
	struct tote_verdict verdict = {.size = sizeof(verdict)};
	struct tote_audit_progress progress = {.size = sizeof(progress)};

	ok(tote_orchestrator_provision(o, "a", NULL, NULL, &fault));
	ok(tote_audit_start(o, &options, &job, &fault));
	ck_assert_uint_eq(run_through(), TOTE_VERDICT_OK);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(tote_audit_next_verdict(job, &verdict, &fault), 1);
		ck_assert_str_eq(verdict.container, wanted[i]);
		ck_assert_uint_eq(verdict.verdict, TOTE_VERDICT_OK);
		ck_assert_uint_eq(verdict.entries, verdict.entries_total);
	}
	ck_assert_int_eq(tote_audit_next_verdict(job, &verdict, &fault), 0);
	ok(tote_audit_progress(job, &progress, &fault));
	ck_assert_uint_eq(progress.finished, 3);
	ck_assert_str_eq(progress.current, "");
	ck_assert_int_eq(tote_audit_step(job, 0, 0, &fault), 0);
	ok(tote_audit_close(job, &fault));
	job = NULL;
}
END_TEST

START_TEST(a_ledger_directory_is_verified_with_nothing_but_a_public_key)
{
	struct tote_container c = {.size = sizeof(c)};
	struct tote_verdict verdict = {.size = sizeof(verdict)};
	char ledger[400], log[400], witness[320], other[320];

	ok(tote_orchestrator_find(o, ID, &c, &fault));
	ok(tote_orchestrator_key(o, TOTE_KEY_WITNESS, witness, sizeof(witness), &fault));
	snprintf(ledger, sizeof(ledger), "%s/ledger", location);
	snprintf(log, sizeof(log), "%s/ledger/log", location);
	ok(tote_verify_ledger(NULL, ledger, c.vkey, witness, TOTE_VERIFY_STRICT, &job, &fault));
	ck_assert_uint_eq(run_through(), TOTE_VERDICT_OK);
	job = tote_audit_unref(job);
	ok(tote_verify_ledger(ctx, log, c.vkey, NULL, 0, &job, &fault));
	ck_assert_uint_eq(run_through(), TOTE_VERDICT_OK);
	ck_assert_int_eq(tote_audit_next_verdict(job, &verdict, &fault), 1);
	ck_assert_uint_eq(verdict.tree_size, 1);
	job = tote_audit_unref(job);
	ok(tote_verify_ledger(ctx, log, c.vkey, NULL, TOTE_VERIFY_CACHED, &job, &fault));
	ck_assert_uint_eq(run_through(), TOTE_VERDICT_OK);
	ck_assert_int_eq(tote_audit_next_verdict(job, &verdict, &fault), 1);
	ck_assert_uint_eq(verdict.flags & TOTE_VERDICT_CACHED, TOTE_VERDICT_CACHED);
	job = tote_audit_unref(job);
	fails(tote_verify_ledger(ctx, log, c.vkey, NULL, 4, &job, &fault), TOTE_E_FLAGS);
	ok(tote_orchestrator_key(o, TOTE_KEY_ORCHESTRATOR, other, sizeof(other), &fault));
	fails(tote_verify_ledger(ctx, log, other, NULL, 0, &job, &fault), TOTE_E_NO_SIGNATURE);
	fails(tote_verify_ledger(ctx, log, c.vkey, other, 0, &job, &fault), TOTE_E_ARGUMENT);
	fails(tote_verify_ledger(ctx, location, c.vkey, NULL, 0, &job, &fault), TOTE_E_NOT_FOUND);
	fails(tote_verify_ledger(ctx, in_scratch("absent"), c.vkey, NULL, 0, &job, &fault),
		TOTE_E_NOT_FOUND);
	ck_assert_int_lt(tote_verify_ledger(ctx, log, "no key", NULL, 0, &job, &fault), 0);
}
END_TEST

START_TEST(each_code_has_a_name_a_text_and_an_advice)
{
	int count = 0;

	for (int code = tote_finding_next(0); code; code = tote_finding_next(code), count++) {
		ck_assert_str_ne(tote_finding_name(code), "");
		ck_assert_str_ne(tote_finding_text(code), "");
		ck_assert_str_ne(tote_finding_advice(code), "");
	}
	ck_assert_int_gt(count, 40);
	ck_assert_ptr_null(tote_finding_name(0));
	ck_assert_ptr_null(tote_finding_text(-1));
	ck_assert_ptr_null(tote_finding_advice(123456));
}
END_TEST

START_TEST(a_second_call_on_a_job_of_another_thread_and_an_unfinished_close_are_defined)
{
	struct tote_verdict verdict = {.size = sizeof(verdict)};

	ok(tote_audit_start(o, NULL, &job, &fault));
	ck_assert_int_eq(tote_audit_next_verdict(job, &verdict, &fault), 0);
	ck_assert_int_ge(tote_audit_step(job, 1, 1, &fault), 0);
	ok(tote_audit_close(job, &fault));
	job = NULL;
}
END_TEST

Suite *audit_suite(void)
{
	Suite *s = suite_create("audit");
	TCase *t = tcase_create("audit");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_missing_handle_or_argument_is_refused_by_every_call);
	tcase_add_test(t, unknown_levels_ids_flags_and_sizes_are_refused);
	tcase_add_test(t, of_several_at_once_each_has_one_verdict_and_the_orchestrator_the_first);
	tcase_add_test(t, all_are_audited_the_orchestrator_first_then_in_order_of_id);
	tcase_add_test(t, a_ledger_directory_is_verified_with_nothing_but_a_public_key);
	tcase_add_test(t, each_code_has_a_name_a_text_and_an_advice);
	tcase_add_test(
		t, a_second_call_on_a_job_of_another_thread_and_an_unfinished_close_are_defined);
	suite_add_tcase(s, t);
	return s;
}
