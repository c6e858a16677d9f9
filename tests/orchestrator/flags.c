/* SPDX-License-Identifier: ISC */
/*
 * Flags from raised to cleared, and what of the findings is on record before it is shown.
 */
#include "orchestrator/outcome.h"

static struct tote_flag flag_of(struct root *r, uint64_t seq)
{
	struct tote_flag flag = {.size = sizeof(flag)};

	ck_assert_int_eq(tote_orchestrator_next_flag(
				 r->o, NULL, seq ? seq - 1 : TOTE_SEQ_ANY, &flag, &r->fault),
		1);
	ck_assert_uint_eq(flag.seq, seq);
	return flag;
}

static uint32_t standing(struct root *r, uint64_t seq)
{
	return flag_of(r, seq).flags & (TOTE_FLAG_ACKNOWLEDGED | TOTE_FLAG_CLEARED);
}

static void acknowledge(struct root *r, uint64_t flag)
{
	ck_ok(tote_orchestrator_acknowledge(r->o, flag, "op@host", "known", 0, &r->fault),
		r->fault);
}

START_TEST(a_flag_stands_until_acknowledged_and_is_raised_anew_only_after_a_good_audit)
{
	struct root r;
	struct outcome o;
	uint64_t first;
	int64_t seen;
	char path[512], aside[512];

	root_make(&r);
	root_provision(&r, "a");
	seal(&r, "a", "x");
	named(path, "%s", asset(&r, "a", "x"));
	named(aside, "%s/aside", r.scratch.path);
	ck_assert_int_eq(rename(path, aside), 0);
	o = audit(&r, "a");
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_DAMAGED);
	ck_assert_uint_eq(o.verdict.flags & TOTE_VERDICT_WITNESSED, 0);
	ck_assert_int_eq(has_code(&o, FINDING_ASSET_MISSING), 1);
	ck_assert_int_eq(o.findings, 1);
	ck_assert_int_eq(o.known, 0);
	first = o.flag;
	seen = o.first_seen_us;
	ck_assert_int_eq(root_entries(&r, "flag.raised", "a"), 1);
	/* again: the cause is on record, no second flag */
	o = audit(&r, "a");
	ck_assert_int_eq(o.known, 1);
	ck_assert_uint_eq(o.flag, first);
	ck_assert_int_eq(o.first_seen_us, seen);
	ck_assert_int_eq(root_entries(&r, "audit.finding", "a"), 1);
	acknowledge(&r, first);
	ck_fault(tote_orchestrator_acknowledge(r.o, first, NULL, "x", 0, &r.fault), TOTE_E_EXISTS,
		r.fault);
	ck_assert_uint_eq(status_of(&r, "a").flags_open, 0);
	ck_assert_uint_eq(status_of(&r, "a").flags_standing, 1);
	/* acknowledged damage stays damage */
	o = audit(&r, "a");
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_DAMAGED);
	ck_assert_int_eq(root_entries(&r, "flag.raised", "a"), 1);
	/* whole again: cleared */
	ck_assert_int_eq(rename(aside, path), 0);
	o = audit(&r, "a");
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_OK);
	ck_assert_uint_eq(standing(&r, first), TOTE_FLAG_ACKNOWLEDGED | TOTE_FLAG_CLEARED);
	ck_assert_uint_eq(status_of(&r, "a").flags_standing, 0);
	/* and damaged once more: a new flag */
	ck_assert_int_eq(rename(path, aside), 0);
	o = audit(&r, "a");
	ck_assert_int_eq(o.known, 0);
	ck_assert_uint_gt(o.flag, first);
	ck_assert_int_eq(root_entries(&r, "flag.raised", "a"), 2);
	/* what was known is known after opening again */
	root_reopen(&r);
	ck_assert_uint_eq(standing(&r, first), TOTE_FLAG_ACKNOWLEDGED | TOTE_FLAG_CLEARED);
	ck_assert_str_eq(flag_of(&r, first).reason, "known");
	ck_assert_str_eq(flag_of(&r, first).actor, "op@host");
	ck_assert_str_eq(flag_of(&r, o.flag).path, "assets/x");
	ck_assert_uint_eq(status_of(&r, "a").flags_open, 1);
	ck_assert_uint_eq(status_of(&r, "a").verdict, TOTE_VERDICT_DAMAGED);
	root_remove(&r);
}
END_TEST

START_TEST(a_structure_run_does_not_clear_what_only_a_full_one_looks_at)
{
	struct root r;
	struct outcome o;
	char path[512];

	root_make(&r);
	root_provision(&r, "a");
	seal(&r, "a", "x");
	named(path, "%s", asset(&r, "a", "x"));
	file_flip(path, 2, 1);
	o = audit(&r, "a");
	ck_assert_int_eq(has_code(&o, FINDING_ASSET_CHANGED), 1);
	ck_assert_uint_eq(
		audit_level(&r, "a", TOTE_LEVEL_STRUCTURE).verdict.verdict, TOTE_VERDICT_OK);
	ck_assert_uint_eq(standing(&r, o.flag), 0);
	file_flip(path, 2, 1);
	ck_assert_uint_eq(audit(&r, "a").verdict.verdict, TOTE_VERDICT_OK);
	ck_assert_uint_eq(standing(&r, o.flag), TOTE_FLAG_CLEARED);
	root_remove(&r);
}
END_TEST

START_TEST(of_many_findings_64_a_run_are_on_record_and_all_in_the_report)
{
	struct root r;
	struct outcome o;
	char *text, *at;
	int lines = 0;

	root_make(&r);
	root_provision(&r, "a");
	for (int i = 0; i < 80; i++)
		file_write(asset(&r, "a", printed("foreign-%02d", i)), "x", 1);
	o = audit(&r, "a");
	ck_assert_int_eq(o.findings, 80);
	ck_assert_uint_eq(o.verdict.findings, 80);
	ck_assert_int_eq(root_entries(&r, "audit.finding", "a"), 64);
	ck_assert_int_eq(root_entries(&r, "flag.raised", "a"), 64);
	text = (char *)file_read(
		printed("%s/orchestrator/reports/%d.jsonl", r.path, (int)o.verdict.run), NULL);
	for (at = text; (at = strstr(at, "\"type\":\"finding\"")); at++)
		lines++;
	ck_assert_int_eq(lines, 80);
	free(text);
	/* the next run records the rest */
	o = audit(&r, "a");
	ck_assert_int_eq(o.known, 64);
	ck_assert_int_eq(root_entries(&r, "audit.finding", "a"), 80);
	root_remove(&r);
}
END_TEST

START_TEST(a_finding_is_durable_with_its_flag_before_it_is_shown)
{
	struct root r;
	struct tote_finding finding = {.size = sizeof(finding)};
	tote_audit *job;
	int shown = 0, rc;

	root_make(&r);
	root_provision(&r, "a");
	file_write(asset(&r, "a", "foreign"), "x", 1);
	ck_ok(tote_audit_start(r.o, NULL, &job, &r.fault), r.fault);
	do {
		rc = tote_audit_step(job, 1, 0, &r.fault);
		ck_assert_int_ge(rc, 0);
		while (tote_audit_next_finding(job, &finding, &r.fault) == 1) {
			tote_orchestrator *other;
			struct tote_flag flag = {.size = sizeof(flag)};

			ck_ok(tote_orchestrator_open(r.ctx, r.path, 0, &other, &r.fault), r.fault);
			ck_assert_int_eq(tote_orchestrator_next_flag(
						 other, "a", TOTE_SEQ_ANY, &flag, &r.fault),
				1);
			ck_assert_uint_eq(flag.seq, finding.flag);
			ck_assert_uint_eq(flag.finding + 1, flag.seq);
			tote_orchestrator_unref(other);
			shown++;
		}
	} while (rc > 0);
	ck_assert_int_eq(shown, 1);
	ck_ok(tote_audit_close(job, &r.fault), r.fault);
	root_remove(&r);
}
END_TEST

Suite *flags_suite(void)
{
	Suite *s = suite_create("flags");
	TCase *t = tcase_create("flags");

	tcase_set_timeout(t, 120);
	tcase_add_test(
		t, a_flag_stands_until_acknowledged_and_is_raised_anew_only_after_a_good_audit);
	tcase_add_test(t, a_structure_run_does_not_clear_what_only_a_full_one_looks_at);
	tcase_add_test(t, of_many_findings_64_a_run_are_on_record_and_all_in_the_report);
	tcase_add_test(t, a_finding_is_durable_with_its_flag_before_it_is_shown);
	suite_add_tcase(s, t);
	return s;
}
