/* SPDX-License-Identifier: ISC */
/*
 * Dispatch over days of a clock that the tests set: how often each container is audited, whatever
 * the clock or a neighbour does.
 */
#include "scheduled.h"

START_TEST(each_container_is_audited_once_in_each_of_its_slots)
{
	int64_t begin = now.wall;
	char id[16];

	for (int i = 0; i < 20; i++) {
		snprintf(id, sizeof(id), "c%02d", i);
		root_provision(&r, id);
		/* fewer looks in between: this is about audits */
		set_policy(id, TOTE_POLICY_FOLD_AFTER, (struct tote_policy){.fold_after_s = 86400});
	}
	set_policy("c03", TOTE_POLICY_STRUCTURE_EVERY,
		(struct tote_policy){.structure_every_s = 6 * 3600});
	set_policy("c04", TOTE_POLICY_STRUCTURE_EVERY | TOTE_POLICY_FULL_EVERY,
		(struct tote_policy){.structure_every_s = 0, .full_every_s = 0});
	live_for(9 * DAY);
	for (int i = 0; i < 20; i++) {
		int64_t structure = i == 3 ? 6 * HOUR : DAY;

		snprintf(id, sizeof(id), "c%02d", i);
		if (i == 4) {
			ck_assert_int_eq(runs(id, "full") + runs(id, "structure"), 0);
			continue;
		}
		ck_assert_int_eq(runs(id, "full"), slots(id, 7 * DAY, begin, now.wall));
		ck_assert_int_eq(runs(id, "full") + runs(id, "structure"),
			slots(id, structure, begin, now.wall));
	}
	ck_assert_int_eq(runs("orchestrator", "full") + runs("orchestrator", "structure"),
		slots("orchestrator", DAY, begin, now.wall));
}
END_TEST

/* As if so many were registered: the answer comes from memory alone. */
static void know_many(int count)
{
	tote__orchestrator_lock(r.o);
	for (int i = 0; i < count; i++) {
		struct known *k;

		ck_ok(tote__registry_add(&r.o->registry, printed("n%05d", i), &k, &r.fault),
			r.fault);
		k->location = tote__heap_strdup(&r.ctx->heap, "absent", &r.fault);
		k->registered_us = now.wall;
	}
	tote__orchestrator_unlock(r.o);
}

START_TEST(of_ten_thousand_containers_the_next_that_is_due_is_known_in_ten_milliseconds)
{
	struct clock_source system;
	int64_t best = INT64_MAX;

	tote__clock_init(&system, NULL);
	know_many(10000); /* nothing of it is due yet, so all of them are looked at */
	for (int i = 0; i < 10; i++) {
		int64_t begin = tote__clock_monotonic(&system), took;

		tote__orchestrator_lock(r.o);
		tote__agenda_next(r.o);
		tote__orchestrator_unlock(r.o);
		took = tote__clock_monotonic(&system) - begin;
		best = took < best ? took : best;
	}
	ck_assert_int_lt(best, 10000);
}
END_TEST

/* --- clocks --------------------------------------------------------------------------------- */

START_TEST(a_clock_that_jumps_either_way_gives_one_run_and_no_storm)
{
	static const char *const ids[] = {"a", "b", "c", "orchestrator"};
	static const int64_t jumps[] = {365 * DAY, -365 * DAY, -400 * DAY, 800 * DAY};
	int before[4];

	for (int i = 0; i < 3; i++)
		root_provision(&r, ids[i]);
	live_for(2 * DAY);
	for (int j = 0; j < 4; j++) {
		for (int i = 0; i < 4; i++)
			before[i] = all_runs(ids[i]);
		now.wall += jumps[j];
		live_for(DAY + HOUR);
		for (int i = 0; i < 4; i++) {
			int did = all_runs(ids[i]) - before[i];

			ck_assert_msg(
				did >= 1 && did <= 3, "jump %d: %d runs of %s", j, did, ids[i]);
		}
		live_for(2 * DAY);
		for (int i = 0; i < 4; i++) {
			int did = all_runs(ids[i]) - before[i];

			ck_assert_msg(
				did >= 3 && did <= 5, "jump %d: %d runs of %s", j, did, ids[i]);
		}
	}
}
END_TEST

START_TEST(a_wall_clock_that_stands_still_stops_nothing)
{
	root_provision(&r, "a");
	for (int64_t waited = 0; waited < 3 * DAY;) {
		int64_t delay = next_due();

		now.monotonic += delay ? delay : 1;
		waited += delay ? delay : 1;
		dispatch();
	}
	ck_assert_int_ge(all_runs("a"), 2);
	ck_assert_int_le(all_runs("a"), 4);
	/* and whoever opens the root then does not begin again */
	root_reopen(&r);
	ck_assert_uint_eq(dispatch().begun, 0);
}
END_TEST

START_TEST(a_month_without_a_dispatch_gives_one_run_each)
{
	root_provision(&r, "a");
	root_provision(&r, "b");
	pass(31 * DAY);
	ck_assert_int_eq(next_due(), 0);
	ck_assert_uint_eq(dispatch().ended, 3);
	ck_assert_uint_eq(dispatch().begun, 0);
	ck_assert_int_eq(runs("a", "full"), 1); /* which is one of structure, too */
	ck_assert_int_eq(runs("a", "structure"), 0);
}
END_TEST

START_TEST(audits_begin_only_inside_the_window)
{
	struct tote_entry e = {.size = sizeof(e)};
	struct schedule_window w = {22 * 60, 2 * 60};
	tote_cursor *cursor;
	tote_box *record;
	int count = 0;

	root_provision(&r, "a");
	set_policy("a", TOTE_POLICY_WINDOW | TOTE_POLICY_STRUCTURE_EVERY,
		(struct tote_policy){.window_from_min = w.from_min,
			.window_to_min = w.to_min,
			.structure_every_s = 3600});
	live_for(4 * DAY);
	ck_ok(tote_orchestrator_record(r.o, &record, &r.fault), r.fault);
	ck_ok(tote_cursor_open(record, 0, 0, &cursor, &r.fault), r.fault);
	while (tote_cursor_next(cursor, &e, &r.fault) == 1)
		if (!strcmp(e.kind, "audit.started") &&
			strstr(printed("%.*s", e.length < 4000 ? (int)e.length : 4000,
				       (const char *)e.bytes),
				"\ncontainer a\n")) {
			count++;
			ck_assert(tote__schedule_open(w, e.time_us));
		}
	tote_cursor_unref(cursor);
	tote_box_unref(record);
	ck_assert_int_ge(count, 4 * 3);
	ck_assert_int_le(count, 4 * 5);
}
END_TEST

/* --- neighbours ----------------------------------------------------------------------------- */

START_TEST(a_damaged_and_an_unreachable_container_leave_the_others_as_they_were)
{
	int64_t begin = now.wall;
	struct tote_due due = {.size = sizeof(due)};
	int lost;

	for (int i = 0; i < 6; i++)
		root_provision(&r, printed("c%d", i));
	file_write(scratch_path(&r.scratch, "root/containers/c1/assets/foreign"), "x", 1);
	ck_assert_int_eq(rename(scratch_path(&r.scratch, "root/containers/c2"),
				 scratch_path(&r.scratch, "away")),
		0);
	live_for(4 * DAY);
	for (int i = 0; i < 6; i++) {
		char id[] = {'c', (char)('0' + i), '\0'};

		if (i != 2)
			ck_assert_int_eq(all_runs(id), slots(id, DAY, begin, now.wall));
	}
	/* it is tried again, each time later: every six hours in the end */
	lost = all_runs("c2");
	ck_assert_int_ge(lost, 12);
	ck_assert_int_le(lost, 24);
	ck_ok(tote_orchestrator_due(r.o, "c2", &due, &r.fault), r.fault);
	ck_assert_uint_eq(due.flags, TOTE_DUE_FAILED);
	/* also by who opens the root anew */
	root_reopen(&r);
	ck_assert_uint_eq(dispatch().begun, 0);
	ck_assert_int_eq(rename(scratch_path(&r.scratch, "away"),
				 scratch_path(&r.scratch, "root/containers/c2")),
		0);
	live_for(6 * HOUR);
	ck_assert_int_ge(all_runs("c2"), lost + 1);
	ck_assert_int_le(all_runs("c2"), lost + 2); /* its next slot may have begun */
	ck_ok(tote_orchestrator_due(r.o, "c2", &due, &r.fault), r.fault);
	ck_assert_uint_eq(due.flags, 0);
}
END_TEST

START_TEST(where_the_record_takes_no_entry_audits_go_on_as_the_schedule_says)
{
	struct tote_verdict v = {.size = sizeof(v)};
	uint64_t begun;

	root_provision(&r, "a");
	pass(31 * DAY);
	dispatch();
	root_provision(&r, "b"); /* which no checkpoint covers */
	root_close(&r);
	ck_assert_int_eq(
		run_shell(printed("cd '%s/orchestrator/ledger/journal' && f=$(ls | tail -1) "
				  "&& at=$(grep -abo totegrp \"$f\" | tail -1 | cut -d: -f1) "
				  "&& printf x | dd of=\"$f\" bs=1 seek=$((at + 80)) "
				  "conv=notrunc 2>/dev/null",
			r.path)),
		0);
	root_open(&r);
	pass(2 * DAY);
	ck_assert_uint_ge(dispatch().damaged, 1);
	ck_assert_int_eq(tote_dispatch_next_verdict(r.o, &v, &r.fault), 1);
	ck_assert_uint_eq(v.flags & TOTE_VERDICT_NOT_RECORDED, TOTE_VERDICT_NOT_RECORDED);
	/* that nothing of it is on record begins none of them again */
	begun = live_for(3 * DAY);
	ck_assert_uint_ge(begun, 5);
	ck_assert_uint_le(begun, 8);
}
END_TEST

Suite *dispatch_suite(void)
{
	Suite *s = suite_create("dispatch");
	TCase *t = tcase_create("dispatch");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, each_container_is_audited_once_in_each_of_its_slots);
	tcase_add_test(
		t, of_ten_thousand_containers_the_next_that_is_due_is_known_in_ten_milliseconds);
	tcase_add_test(t, a_clock_that_jumps_either_way_gives_one_run_and_no_storm);
	tcase_add_test(t, a_wall_clock_that_stands_still_stops_nothing);
	tcase_add_test(t, a_month_without_a_dispatch_gives_one_run_each);
	tcase_add_test(t, audits_begin_only_inside_the_window);
	tcase_add_test(t, a_damaged_and_an_unreachable_container_leave_the_others_as_they_were);
	tcase_add_test(t, where_the_record_takes_no_entry_audits_go_on_as_the_schedule_says);
	suite_add_tcase(s, t);
	return s;
}
