/* SPDX-License-Identifier: ISC */
/*
 * What is due of one container, and what a dispatch makes of it: one rule at a time.
 */
#include "audit/finding.h"
#include "scheduled.h"

static struct known *known(const char *id)
{
	return tote__registry_find(&r.o->registry, id);
}

static struct tote_due due_of(const char *id)
{
	struct tote_due due = {.size = sizeof(due)};

	ck_ok(tote_orchestrator_due(r.o, id, &due, &r.fault), r.fault);
	return due;
}

static void damage(const char *id)
{
	file_write(printed("%s/containers/%s/assets/foreign", r.path, id), "x", 1);
}

/* No audits: only looks. */
static void only_looks(const char *id)
{
	set_policy(id, TOTE_POLICY_STRUCTURE_EVERY | TOTE_POLICY_FULL_EVERY,
		(struct tote_policy){.structure_every_s = 0});
}

static uint64_t unsigned_entries(const char *id)
{
	struct tote_status status = {.size = sizeof(status)};

	ck_ok(tote_orchestrator_status(r.o, id, &status, &r.fault), r.fault);
	return status.entries - status.covered;
}

/* As another process does, which has no key. */
static void append_alone(const char *id)
{
	struct tote_box_options options = {.size = sizeof(options), .flags = TOTE_BOX_NO_SIGNER};
	tote_box *box;

	ck_ok(tote_box_open(r.o, id, &options, &box, &r.fault), r.fault);
	ck_ok(box_append(box, "x", &r.fault), r.fault);
	tote_box_unref(box);
}

/* --- looks ---------------------------------------------------------------------------------- */

START_TEST(what_a_flag_says_is_spoilt_is_not_signed_for_until_it_is_acknowledged)
{
	struct known_flag *flag;

	root_provision(&r, "a");
	damage("a");
	pass(31 * DAY);
	dispatch();
	only_looks("a");
	ck_assert_uint_eq(known("a")->flag_count, 1);
	flag = &known("a")->flags[0];
	flag->code = FINDING_CHECKPOINT_MISSING; /* as if it were about that */
	append_alone("a");
	pass(3 * HOUR);
	ck_assert_uint_eq(dispatch_with(0, 0, TOTE_DISPATCH_LOOK).looks, 2);
	ck_assert_uint_eq(unsigned_entries("a"), 1);
	ck_ok(tote_orchestrator_acknowledge(r.o, flag->seq, NULL, "known", 0, &r.fault), r.fault);
	pass(3 * HOUR);
	dispatch_with(0, 0, TOTE_DISPATCH_LOOK);
	ck_assert_uint_eq(unsigned_entries("a"), 0);
}
END_TEST

START_TEST(a_look_that_failed_is_made_again_soon_and_then_later_each_time)
{
	root_provision(&r, "a");
	set_policy("a", TOTE_POLICY_FOLD_AFTER, (struct tote_policy){.fold_after_s = 864000});
	set_policy("orchestrator", TOTE_POLICY_FOLD_AFTER,
		(struct tote_policy){.fold_after_s = 864000});
	only_looks("a");
	only_looks("orchestrator");
	remove_tree(printed("%s/containers/a", r.path));
	ck_assert_uint_eq(dispatch_with(0, 0, TOTE_DISPATCH_LOOK).failed, 1);
	for (int64_t wait = 60 * S; wait <= 8 * 60 * S; wait *= 2) {
		pass(wait - 20 * S);
		ck_assert_uint_eq(dispatch().looks, 0);
		pass(21 * S);
		ck_assert_uint_eq(dispatch().failed, 1);
	}
}
END_TEST

START_TEST(what_was_detached_is_neither_audited_nor_looked_at_and_never_due)
{
	struct tote_due due = {.size = sizeof(due)};
	struct tote_dispatch did;

	root_provision(&r, "a");
	root_provision(&r, "b");
	ck_ok(tote_orchestrator_detach(r.o, "a", NULL, "sold", 0, &r.fault), r.fault);
	pass(31 * DAY);
	did = dispatch_with(0, 0, TOTE_DISPATCH_LOOK);
	ck_assert_uint_eq(did.looks, 2);
	ck_assert_uint_eq(did.ended, 2);
	ck_assert_uint_eq(did.failed, 0);
	ck_assert_int_eq(all_runs("a"), 0);
	ck_fault(tote_orchestrator_due(r.o, "a", &due, &r.fault), TOTE_E_NOT_FOUND, r.fault);
}
END_TEST

/* --- when ----------------------------------------------------------------------------------- */

START_TEST(overdue_is_counted_from_the_last_full_audit_or_from_registering)
{
	root_provision(&r, "a");
	pass(14 * DAY - HOUR);
	ck_assert_uint_eq(due_of("a").flags & TOTE_DUE_OVERDUE, 0);
	pass(2 * HOUR);
	ck_assert_uint_eq(due_of("a").flags & TOTE_DUE_OVERDUE, TOTE_DUE_OVERDUE);
	dispatch();
	ck_assert_uint_eq(due_of("a").flags, 0);
	pass(14 * DAY - HOUR);
	ck_assert_uint_eq(due_of("a").flags & TOTE_DUE_OVERDUE, 0);
}
END_TEST

START_TEST(what_is_due_is_told_as_beginning_in_its_window)
{
	const struct schedule_window w = {3 * 60, 4 * 60};

	root_provision(&r, "a");
	set_policy("a", TOTE_POLICY_WINDOW,
		(struct tote_policy){.window_from_min = w.from_min, .window_to_min = w.to_min});
	ck_assert(tote__schedule_open(w, due_of("a").structure_us));
	ck_assert(tote__schedule_open(w, due_of("a").full_us));
}
END_TEST

/* One that is not through: so much of so many assets at a time. */
static void leave_open(const char *id)
{
	root_provision(&r, id);
	for (int i = 0; i < 8; i++)
		seal_bytes(id, printed("f%d", i), 2 << 20);
	pass(31 * DAY);
	for (int i = 0; !dispatch_with(4 << 20, 0, 0).open; i++)
		ck_assert_int_lt(i, 10);
}

START_TEST(an_audit_is_as_old_as_its_beginning)
{
	leave_open("a");
	ck_assert_uint_eq(due_of("a").flags & TOTE_DUE_OPEN, TOTE_DUE_OPEN);
	ck_assert_int_eq(next_due(), 0);
	pass(8 * DAY); /* it ends in another slot than it began in, which has its own audit */
	dispatch();
	ck_assert_int_eq(runs("a", "full"), 2);
	ck_assert_uint_eq(due_of("a").flags, 0);
	ck_assert_int_gt(next_due(), 0);
}
END_TEST

START_TEST(by_the_record_too_an_audit_is_as_old_as_its_beginning)
{
	const char *const ids[] = {"a"};
	struct tote_audit_options options = {
		.size = sizeof(options), .level = TOTE_LEVEL_FULL, .ids = ids, .id_count = 1};
	tote_audit *job;
	int rc;

	root_provision(&r, "a");
	for (int i = 0; i < 4; i++)
		seal_bytes("a", printed("f%d", i), 1 << 20);
	ck_ok(tote_audit_start(r.o, &options, &job, &r.fault), r.fault);
	ck_assert_int_eq(tote_audit_step(job, 1 << 16, 0, &r.fault), 1);
	pass(8 * DAY);
	while ((rc = tote_audit_step(job, 1 << 20, 0, &r.fault)) > 0)
		;
	ck_assert_int_eq(rc, 0);
	ck_ok(tote_audit_close(job, &r.fault), r.fault);
	ck_assert_int_eq(runs("a", "full"), 1);
	ck_assert_int_le(due_of("a").full_us, now.wall);
}
END_TEST

START_TEST(a_run_that_was_stopped_or_over_a_part_only_is_none_of_the_schedule_s)
{
	const char *const ids[] = {"a"};
	struct tote_audit_options options = {
		.size = sizeof(options), .level = TOTE_LEVEL_FULL, .ids = ids, .id_count = 1};
	tote_audit *job;

	root_provision(&r, "a");
	for (int i = 0; i < 4; i++)
		seal_bytes("a", printed("f%d", i), 1 << 20);
	pass(31 * DAY);
	for (int part = 0; part < 2; part++) {
		options.path = part ? "f1" : NULL;
		ck_ok(tote_audit_start(r.o, &options, &job, &r.fault), r.fault);
		if (!part) {
			ck_assert_int_eq(tote_audit_step(job, 1 << 16, 0, &r.fault), 1);
			ck_ok(tote_audit_cancel(job, &r.fault), r.fault);
		}
		while (tote_audit_step(job, 0, 0, &r.fault) > 0)
			;
		ck_ok(tote_audit_close(job, &r.fault), r.fault);
		ck_assert_int_eq(runs("a", "full"), part + 1);
		ck_assert_int_le(due_of("a").full_us, now.wall);
		ck_assert_uint_eq(due_of("a").flags & TOTE_DUE_FAILED, 0);
	}
}
END_TEST

/* --- shares --------------------------------------------------------------------------------- */

START_TEST(a_rate_is_the_container_s_and_begins_anew_with_no_audit)
{
	const uint64_t rate = 4 << 20;
	int64_t slot;

	root_provision(&r, "a");
	for (int i = 0; i < 14; i++)
		seal_bytes("a", printed("f%02d", i), 1 << 18);
	set_policy("a", TOTE_POLICY_RATE | TOTE_POLICY_FULL_EVERY | TOTE_POLICY_STRUCTURE_EVERY,
		(struct tote_policy){.rate = rate, .full_every_s = 86400});
	pass(31 * DAY);
	dispatch();
	/* once more at the end of a slot, and at once in the next one */
	slot = due_of("a").full_us;
	pass(slot + DAY - S / 10 - now.wall);
	ck_assert_uint_eq(dispatch().open, 0);
	ck_assert_int_eq(runs("a", "full"), 2);
	pass(S / 5);
	dispatch();
	ck_assert_int_eq(runs("a", "full"), 2);
	ck_assert_uint_eq(due_of("a").flags & TOTE_DUE_OPEN, TOTE_DUE_OPEN);
	/* and nobody is woken before it may go on */
	ck_assert_int_gt(next_due(), 0);
	ck_assert_int_le(next_due(), S);
}
END_TEST

/* --- what is found -------------------------------------------------------------------------- */

START_TEST(findings_are_told_once_and_those_of_open_audits_too)
{
	struct tote_finding finding = {.size = sizeof(finding)};
	struct tote_dispatch did;

	root_provision(&r, "b");
	damage("b");
	root_provision(&r, "a");
	for (int i = 0; i < 12; i++)
		seal_bytes("a", printed("f%02d", i), 2 << 20);
	ck_assert_int_eq(unlink(printed("%s/containers/a/assets/f00", r.path)), 0);
	pass(31 * DAY);
	did = dispatch_with(6 << 20, 0, 0);
	ck_assert_uint_eq(did.open, 1);
	ck_assert_uint_ge(did.findings, 1);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(tote_dispatch_next_finding(r.o, &finding, &r.fault), 1);
	ck_assert_int_eq(finding.code, FINDING_ASSET_MISSING);
	ck_assert_int_eq(tote_dispatch_next_finding(r.o, &finding, &r.fault), 0);
}
END_TEST

/* --- suspensions ---------------------------------------------------------------------------- */

START_TEST(a_flag_that_is_acknowledged_or_cleared_or_no_damage_suspends_nothing)
{
	struct tote_policy p = {.on_flag = TOTE_ON_FLAG_SUSPEND};
	char place[512], away[512];

	for (const char *id = "a\0b\0c\0"; *id; id += 2)
		root_provision(&r, id);
	named(place, "%s/containers/c", r.path);
	named(away, "%s/away", r.scratch.path);
	damage("a");
	damage("b");
	ck_assert_int_eq(rename(place, away), 0);
	pass(31 * DAY);
	dispatch();
	ck_assert_uint_eq(known("a")->flag_count, 1);
	ck_ok(tote_orchestrator_acknowledge(
		      r.o, known("a")->flags[0].seq, NULL, "known", 0, &r.fault),
		r.fault);
	ck_assert_int_eq(unlink(printed("%s/containers/b/assets/foreign", r.path)), 0);
	pass(8 * DAY);
	dispatch();
	ck_assert_int_eq(known("b")->flags[0].cleared, 1);
	ck_assert_uint_gt(known("c")->flag_count, 0);
	ck_assert_int_eq(rename(away, place), 0);
	for (const char *id = "a\0b\0c\0"; *id; id += 2)
		set_policy(id, TOTE_POLICY_ON_FLAG, p);
	ck_assert_uint_eq(dispatch().suspended, 0);
	for (const char *id = "a\0b\0c\0"; *id; id += 2)
		ck_assert_uint_eq(root_state(&r, id), TOTE_STATE_ACTIVE);
}
END_TEST

START_TEST(a_suspension_is_told_by_the_dispatch_that_made_it)
{
	struct tote_dispatch did;

	root_provision(&r, "a");
	set_policy("a", TOTE_POLICY_ON_FLAG, (struct tote_policy){.on_flag = TOTE_ON_FLAG_SUSPEND});
	damage("a");
	pass(31 * DAY);
	did = dispatch();
	ck_assert_uint_eq(did.damaged, 1);
	ck_assert_uint_eq(did.suspended, 1);
	ck_assert_uint_eq(root_state(&r, "a"), TOTE_STATE_SUSPENDED);
	ck_assert_uint_eq(dispatch().suspended, 0);
}
END_TEST

START_TEST(what_a_share_read_counts_against_the_budget)
{
	root_provision(&r, "a");
	for (int i = 0; i < 8; i++)
		seal_bytes("a", printed("f%d", i), 2 << 20);
	root_provision(&r, "b");
	pass(31 * DAY);
	for (int i = 0; i < 2; i++) /* of 16 MiB a quarter each time */
		dispatch_with(4 << 20, 0, 0);
	ck_assert_int_eq(runs("a", "full"), 0);
	ck_assert_uint_eq(due_of("a").flags & TOTE_DUE_OPEN, TOTE_DUE_OPEN);
}
END_TEST

Suite *appointments_suite(void)
{
	Suite *s = suite_create("appointments");
	TCase *t = tcase_create("appointments");

	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_a_flag_says_is_spoilt_is_not_signed_for_until_it_is_acknowledged);
	tcase_add_test(t, a_look_that_failed_is_made_again_soon_and_then_later_each_time);
	tcase_add_test(t, what_was_detached_is_neither_audited_nor_looked_at_and_never_due);
	tcase_add_test(t, overdue_is_counted_from_the_last_full_audit_or_from_registering);
	tcase_add_test(t, what_is_due_is_told_as_beginning_in_its_window);
	tcase_add_test(t, an_audit_is_as_old_as_its_beginning);
	tcase_add_test(t, by_the_record_too_an_audit_is_as_old_as_its_beginning);
	tcase_add_test(t, a_run_that_was_stopped_or_over_a_part_only_is_none_of_the_schedule_s);
	tcase_add_test(t, a_rate_is_the_container_s_and_begins_anew_with_no_audit);
	tcase_add_test(t, findings_are_told_once_and_those_of_open_audits_too);
	tcase_add_test(t, a_flag_that_is_acknowledged_or_cleared_or_no_damage_suspends_nothing);
	tcase_add_test(t, a_suspension_is_told_by_the_dispatch_that_made_it);
	tcase_add_test(t, what_a_share_read_counts_against_the_budget);
	suite_add_tcase(s, t);
	return s;
}
