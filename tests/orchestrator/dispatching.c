/* SPDX-License-Identifier: ISC */
/*
 * What one dispatch does with its budget, and what becomes of what it leaves undone: shares, rates,
 * ends of processes, folds, suspensions.
 */
#include "scheduled.h"
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>

START_TEST(a_large_container_has_its_share_and_no_more)
{
	struct tote_dispatch did;
	int turns = 0;

	root_provision(&r, "a-large");
	for (int i = 0; i < 24; i++)
		seal_bytes("a-large", printed("f%02d", i), 2 << 20);
	for (int i = 0; i < 4; i++)
		root_provision(&r, printed("b%d", i));
	pass(31 * DAY);
	did = dispatch_with(5 << 20, 0, 0);
	ck_assert_uint_eq(did.ended, 5);
	ck_assert_uint_eq(did.open, 1);
	ck_assert_int_eq(did.next_due_us, 0);
	do
		did = dispatch_with(5 << 20, 0, 0);
	while (did.open && ++turns < 100);
	ck_assert_int_ge(turns, 5);
	ck_assert_int_le(turns, 20);
	ck_assert_uint_eq(did.ended, 1);
	ck_assert_int_eq(runs("a-large", "full"), 1);
}
END_TEST

static int descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 3; /* . and .. and dir's own */
}

START_TEST(more_large_ones_than_can_be_open_all_come_to_their_end)
{
	struct tote_dispatch did;
	uint64_t ended = 0, most = 0;
	int before = descriptors(), here = 0;

	for (int i = 0; i < AGENDA_OPEN_MAX + 3; i++) {
		root_provision(&r, printed("c%02d", i));
		for (int n = 0; n < 6; n++)
			seal_bytes(printed("c%02d", i), printed("f%d", n), 2 << 20);
	}
	pass(31 * DAY);
	for (int turn = 0; turn < 200 && ended < AGENDA_OPEN_MAX + 4; turn++) {
		did = dispatch_with(4 << 20, 0, 0);
		ended += did.ended;
		most = did.open > most ? did.open : most;
		here = descriptors() > here ? descriptors() : here;
		/* what is open gives way after a minute */
		pass(10 * S);
	}
	ck_assert_uint_eq(ended, AGENDA_OPEN_MAX + 4);
	ck_assert_uint_eq(most, AGENDA_OPEN_MAX);
	ck_assert_int_le(here - before, 60);
	for (int i = 0; i < AGENDA_OPEN_MAX + 3; i++) {
		char id[] = {'c', (char)('0' + i / 10), (char)('0' + i % 10), '\0'};

		ck_assert_int_eq(runs(id, "full"), 1);
	}
}
END_TEST

START_TEST(a_rate_bounds_what_an_audit_reads_in_a_second)
{
	int64_t begin;

	root_provision(&r, "a");
	for (int i = 0; i < 16; i++)
		seal_bytes("a", printed("f%02d", i), 1 << 20);
	set_policy("a", TOTE_POLICY_RATE, (struct tote_policy){.rate = 1 << 20});
	pass(31 * DAY);
	begin = now.monotonic;
	while (!runs("a", "full")) {
		int64_t delay = next_due();

		pass(delay ? delay : 1);
		dispatch();
	}
	ck_assert_int_ge(now.monotonic - begin, 12 * S);
	ck_assert_int_le(now.monotonic - begin, 30 * S);
}
END_TEST

/* So many containers that have this to read, and what they are to keep to. */
static void provision_many(int count, size_t bytes, uint32_t set, struct tote_policy policy)
{
	for (int i = 0; i < count; i++) {
		char id[] = {'m', (char)('0' + i / 10), (char)('0' + i % 10), '\0'};

		root_provision(&r, id);
		seal_bytes(id, "f", bytes);
		seal_bytes(id, "g", bytes);
		if (set)
			set_policy(id, set, policy);
	}
}

START_TEST(what_ends_in_its_first_share_counts_against_the_budget_too)
{
	provision_many(16, 1 << 20, 0, (struct tote_policy){.size = 0});
	pass(31 * DAY);
	ck_assert_uint_le(dispatch_with(5 << 20, 0, 0).ended, 8);
}
END_TEST

/* One that comes to be due now, a little later. */
static void bring_another(const char *id)
{
	root_provision(&r, id);
	set_policy(id, TOTE_POLICY_STRUCTURE_EVERY, (struct tote_policy){.structure_every_s = 60});
	pass(2 * 60 * S);
}

START_TEST(audits_whose_window_has_closed_leave_their_places_to_others)
{
	struct tote_dispatch did;
	uint32_t minute;
	int i = 0;

	pass(31 * DAY);
	minute = (uint32_t)(now.wall % DAY / (60 * S));
	provision_many(AGENDA_OPEN_MAX, 8 << 20, TOTE_POLICY_WINDOW,
		(struct tote_policy){
			.window_from_min = minute, .window_to_min = (minute + 60) % (24 * 60)});
	pass(31 * DAY);
	do {
		did = dispatch_with(4 << 20, 0, 0);
		ck_assert_int_lt(++i, 20);
	} while (did.open < AGENDA_OPEN_MAX);
	pass(2 * HOUR);
	bring_another("z");
	for (i = 0; i < 10 && !all_runs("z"); i++) {
		dispatch();
		pass(60 * S);
	}
	ck_assert_int_gt(all_runs("z"), 0);
}
END_TEST

START_TEST(audits_that_come_no_further_do_not_keep_all_places)
{
	int i = 0, ended = 0;

	provision_many(
		AGENDA_OPEN_MAX, 4 << 20, TOTE_POLICY_RATE, (struct tote_policy){.rate = 1024});
	pass(31 * DAY);
	while (dispatch_with(0, S, 0).open < AGENDA_OPEN_MAX)
		ck_assert_int_lt(++i, 100);
	bring_another("z");
	for (i = 0; i < 30 && !all_runs("z"); i++) {
		pass(60 * S);
		dispatch();
	}
	ck_assert_int_gt(all_runs("z"), 0);
	/* who gave way keeps to its rate: in an hour nobody reads what takes two */
	for (i = 0; i < 60; i++) {
		pass(60 * S);
		dispatch();
	}
	for (char n = '0'; n < '0' + AGENDA_OPEN_MAX; n++) {
		char id[] = {'m', '0', n, '\0'};

		ck_assert_int_eq(runs(id, "full"), 0);
	}
	/* and they all come to their end */
	for (i = 0; i < 1000 && ended < AGENDA_OPEN_MAX; i++) {
		pass(60 * S);
		dispatch();
		ended = 0;
		for (int n = 0; n < AGENDA_OPEN_MAX; n++) {
			char id[] = {'m', '0', (char)('0' + n), '\0'};

			ended += runs(id, "full");
		}
	}
	ck_assert_int_eq(ended, AGENDA_OPEN_MAX);
}
END_TEST

/* --- ends of processes ---------------------------------------------------------------------- */

START_TEST(an_audit_that_is_not_through_goes_on_in_the_next_process)
{
	struct tote_verdict v = {.size = sizeof(v)};

	root_provision(&r, "a");
	for (int i = 0; i < 12; i++)
		seal_bytes("a", printed("f%02d", i), 2 << 20);
	pass(31 * DAY);
	while (!dispatch_with(8 << 20, 0, 0).open)
		;
	ck_assert_uint_eq(dispatch_with(8 << 20, 0, 0).open, 1);
	root_reopen(&r); /* which puts on record what was covered */
	ck_assert_int_eq(next_due(), 0);
	ck_assert_uint_eq(dispatch().ended, 1);
	ck_assert_int_eq(tote_dispatch_next_verdict(r.o, &v, &r.fault), 1);
	ck_assert_str_eq(v.container, "a");
	ck_assert_uint_eq(v.verdict, TOTE_VERDICT_OK);
	ck_assert_uint_eq(v.assets, 12);
	ck_assert_uint_ne(v.continues, 0);
	ck_assert_uint_gt(v.earlier_assets, 0);
	ck_assert_int_eq(tote_dispatch_next_verdict(r.o, &v, &r.fault), 0);
	ck_assert_uint_eq(dispatch().begun, 0);
}
END_TEST

START_TEST(a_handle_ends_with_its_last_reference_whatever_is_open_in_it)
{
	root_provision(&r, "a");
	for (int i = 0; i < 6; i++)
		seal_bytes("a", printed("f%02d", i), 2 << 20);
	pass(31 * DAY);
	ck_assert_uint_gt(dispatch_with(6 << 20, 0, 0).open, 0);
	r.o = tote_orchestrator_unref(r.o); /* a sanitizer would tell what is left */
	root_open(&r);
	dispatch();
	ck_assert_int_eq(runs("a", "full"), 1);
}
END_TEST

START_TEST(one_process_dispatches_at_a_time)
{
	tote_orchestrator *other;
	int64_t delay;

	root_provision(&r, "a");
	for (int i = 0; i < 6; i++)
		seal_bytes("a", printed("f%02d", i), 2 << 20);
	pass(31 * DAY);
	ck_ok(tote_orchestrator_open(r.ctx, r.path, 0, &other, &r.fault), r.fault);
	/* as long as an audit is open */
	ck_assert_uint_gt(dispatch_with(6 << 20, 0, 0).open, 0);
	ck_fault(tote_orchestrator_dispatch(other, NULL, NULL, &r.fault), TOTE_E_BUSY, r.fault);
	ck_assert_msg(strstr(r.fault.text, "another scheduler") != NULL, "%s", r.fault.text);
	ck_assert_msg(strstr(r.fault.text, printed("pid %d ", (int)getpid())) != NULL, "%s",
		r.fault.text);
	/* whoever writes to the record meanwhile is not in the way, nor is it in his */
	ck_ok(tote_orchestrator_provision(other, "b", NULL, NULL, &r.fault), r.fault);
	dispatch();
	ck_ok(tote_orchestrator_dispatch(other, NULL, NULL, &r.fault), r.fault);
	ck_ok(tote_orchestrator_next_due(other, &delay, &r.fault), r.fault);
	ck_assert_int_gt(delay, 0);
	ck_assert_int_eq(runs("a", "full"), 1);
	tote_orchestrator_unref(other);
}
END_TEST

static int dispatch_elsewhere(tote_ctx *ctx, const char *path)
{
	struct tote_dispatch did = {.size = sizeof(did)};
	tote_orchestrator *o = NULL;
	int rc = tote_orchestrator_open(ctx, path, 0, &o, NULL);

	if (!rc)
		rc = tote_orchestrator_dispatch(o, NULL, &did, NULL);
	tote_orchestrator_unref(o);
	return rc;
}

/* The other process goes by the system's clock, so the root is made in its past. */
START_TEST(a_dispatch_that_is_killed_anywhere_is_gone_on_with_and_nothing_is_left_out)
{
	int died = 1;

	now.wall = INT64_C(1600000000000000);
	root_provision(&r, "a");
	seal_bytes("a", "f", 100000);
	root_provision(&r, "b");
	root_close(&r);
	for (long at = 0; died; at += 3)
		died = dies_at(at, dispatch_elsewhere, r.path);
	root_open(&r);
	ck_assert_int_eq(runs("a", "full"), 1);
	ck_assert_int_eq(runs("b", "full"), 1);
	ck_assert_int_eq(runs("orchestrator", "full"), 1);
}
END_TEST

START_TEST(a_dispatch_without_memory_gives_all_of_it_back_and_is_done_later)
{
	struct failing memory = {.fail_at = -1};
	struct tote_allocator allocator = failing_allocator(&memory);
	struct tote_clock clock = {
		.size = sizeof(clock), .wall = read_wall, .monotonic = read_monotonic};
	struct tote_ctx_options options = {
		.size = sizeof(options), .allocator = &allocator, .clock = &clock};
	tote_orchestrator *o;
	tote_ctx *ctx;
	int turns = 0;

	root_provision(&r, "a");
	seal_bytes("a", "f", 1000);
	root_close(&r);
	do {
		pass(DAY);
		memory = (struct failing){.fail_at = -1};
		ck_ok(tote_ctx_new(&options, &ctx, &r.fault), r.fault);
		ck_ok(tote_orchestrator_open(ctx, r.path, 0, &o, &r.fault), r.fault);
		memory.fail_at = turns * 23;
		memory.fired = 0;
		tote_orchestrator_dispatch(o, NULL, NULL, NULL);
		memory.fail_at = -1;
		tote_orchestrator_unref(o);
		tote_ctx_unref(ctx);
		ck_assert_int_eq(memory.live, 0);
	} while (memory.fired && ++turns < 200);
	ck_assert_int_gt(turns, 5);
	root_open(&r);
	pass(31 * DAY);
	dispatch();
	ck_assert_int_ge(runs("a", "full"), 1);
}
END_TEST

static atomic_int is_asking;

static void *ask(void *user)
{
	struct tote_due due = {.size = sizeof(due)};
	struct tote_verdict verdict = {.size = sizeof(verdict)};
	struct tote_fault fault;
	int64_t delay;
	intptr_t wrong = 0;
	int rc;

	(void)user;
	while (atomic_load(&is_asking)) {
		wrong += tote_orchestrator_next_due(r.o, &delay, &fault) != 0;
		wrong += tote_orchestrator_due(r.o, "a", &due, &fault) != 0;
		rc = tote_orchestrator_dispatch(r.o, NULL, NULL, &fault);
		wrong += rc && rc != TOTE_E_BUSY;
		rc = tote_dispatch_next_verdict(r.o, &verdict, &fault);
		wrong += rc < 0 && rc != TOTE_E_BUSY;
	}
	return (void *)wrong; /* Check's assertions are for its own thread */
}

/* With the system's clock, which bears more than one thread. */
START_TEST(others_may_ask_what_is_due_while_a_dispatch_is_under_way)
{
	pthread_t asker;
	void *wrong = NULL;

	now.wall = INT64_C(1600000000000000);
	root_provision(&r, "a");
	root_provision(&r, "b");
	for (int i = 0; i < 4; i++)
		seal_bytes("a", printed("f%d", i), 2 << 20);
	root_close(&r);
	tote_ctx_unref(r.ctx);
	r.ctx = support_ctx(NULL, NULL);
	root_open(&r);
	atomic_store(&is_asking, 1);
	ck_assert_int_eq(pthread_create(&asker, NULL, ask, NULL), 0);
	for (int i = 0; i < 30; i++) {
		struct tote_dispatch_options options = {
			.size = sizeof(options), .max_bytes = 4 << 20};
		int rc = tote_orchestrator_dispatch(r.o, &options, NULL, &r.fault);

		ck_assert(rc == 0 || rc == TOTE_E_BUSY);
	}
	atomic_store(&is_asking, 0);
	ck_assert_int_eq(pthread_join(asker, &wrong), 0);
	ck_assert_ptr_null(wrong);
	dispatch();
	ck_assert_int_eq(runs("a", "full"), 1);
	ck_assert_int_eq(runs("b", "full"), 1);
}
END_TEST

/* --- folds ---------------------------------------------------------------------------------- */

static uint64_t covered(const char *id)
{
	struct tote_status status = {.size = sizeof(status)};

	ck_ok(tote_orchestrator_status(r.o, id, &status, &r.fault), r.fault);
	return status.entries - status.covered;
}

/* As another process does, which has no key and tells nobody. */
static void append_alone(const char *id, int count, size_t length)
{
	struct tote_box_options options = {.size = sizeof(options), .flags = TOTE_BOX_NO_SIGNER};
	char *text = calloc(1, length + 1);
	tote_box *box;

	memset(text, 'x', length);
	ck_ok(tote_box_open(r.o, id, &options, &box, &r.fault), r.fault);
	for (int i = 0; i < count; i++)
		ck_ok(box_append(box, text, &r.fault), r.fault);
	tote_box_unref(box);
	free(text);
}

START_TEST(what_others_append_is_signed_for_at_the_age_that_the_policy_says)
{
	int64_t begin;

	root_provision(&r, "a");
	set_policy("a", TOTE_POLICY_FOLD_AFTER, (struct tote_policy){.fold_after_s = 600});
	live_for(HOUR);
	append_alone("a", 3, 10);
	begin = now.wall;
	ck_assert_uint_eq(covered("a"), 3);
	while (covered("a") && now.wall < begin + HOUR) {
		pass(next_due() + 1);
		dispatch();
	}
	ck_assert_int_ge(now.wall - begin, 600 * S);
	ck_assert_int_le(now.wall - begin, 700 * S);
}
END_TEST

START_TEST(a_journal_that_is_too_large_is_folded_at_the_next_look)
{
	struct tote_dispatch did;

	root_provision(&r, "a");
	set_policy("a", TOTE_POLICY_FOLD_BYTES, (struct tote_policy){.fold_bytes = 8192});
	append_alone("a", 40, 4000);
	did = dispatch_with(0, 0, TOTE_DISPATCH_LOOK);
	ck_assert_uint_eq(did.looks, 2);
	ck_assert_uint_eq(did.folds, 1);
	ck_assert_uint_eq(covered("a"), 0);
	append_alone("a", 1, 10);
	ck_assert_uint_eq(dispatch_with(0, 0, TOTE_DISPATCH_LOOK).folds, 0);
}
END_TEST

START_TEST(a_box_that_signs_folds_at_the_bytes_that_the_policy_says)
{
	tote_box *box;

	root_provision(&r, "a");
	root_provision(&r, "b");
	set_policy("a", TOTE_POLICY_FOLD_BYTES, (struct tote_policy){.fold_bytes = 8192});
	for (int i = 0; i < 2; i++) {
		box = root_box(&r, i ? "b" : "a");
		for (int n = 0; n < 20; n++)
			ck_ok(box_append(box, printed("%4000d", n), &r.fault), r.fault);
		tote_box_unref(box);
	}
	ck_assert_uint_lt(covered("a"), 5);
	ck_assert_uint_eq(covered("b"), 20);
}
END_TEST

/* --- flags ---------------------------------------------------------------------------------- */

START_TEST(a_flag_of_damage_suspends_where_the_policy_says_so)
{
	struct tote_policy p = {.on_flag = TOTE_ON_FLAG_SUSPEND};
	struct tote_dispatch did;

	root_provision(&r, "a");
	root_provision(&r, "b");
	root_provision(&r, "c");
	set_policy("a", TOTE_POLICY_ON_FLAG, p);
	set_policy("c", TOTE_POLICY_ON_FLAG, p);
	file_write(scratch_path(&r.scratch, "root/containers/a/assets/foreign"), "x", 1);
	file_write(scratch_path(&r.scratch, "root/containers/b/assets/foreign"), "x", 1);
	/* that it cannot be looked at is no damage */
	ck_assert_int_eq(rename(scratch_path(&r.scratch, "root/containers/c"),
				 scratch_path(&r.scratch, "away")),
		0);
	pass(31 * DAY);
	did = dispatch();
	ck_assert_uint_eq(did.damaged, 2);
	ck_assert_uint_eq(did.unreachable, 1);
	ck_assert_uint_eq(root_state(&r, "a"), TOTE_STATE_SUSPENDED);
	ck_assert_uint_eq(root_state(&r, "b"), TOTE_STATE_ACTIVE);
	ck_assert_uint_eq(root_state(&r, "c"), TOTE_STATE_ACTIVE);
	ck_assert_int_eq(root_entries(&r, "container.state", "a"), 1);
	/* who resumes it has seen the flag: it does not suspend again */
	ck_ok(root_move(&r, "a", TOTE_STATE_ACTIVE), r.fault);
	pass(8 * DAY);
	ck_assert_uint_ge(dispatch().damaged, 2);
	ck_assert_uint_eq(root_state(&r, "a"), TOTE_STATE_ACTIVE);
	/* another one does */
	file_write(scratch_path(&r.scratch, "root/containers/a/assets/more"), "x", 1);
	pass(8 * DAY);
	dispatch();
	ck_assert_uint_eq(root_state(&r, "a"), TOTE_STATE_SUSPENDED);
}
END_TEST

START_TEST(a_suspension_that_was_cut_off_is_done_by_the_next_dispatch)
{
	struct tote_policy p = {.on_flag = TOTE_ON_FLAG_SUSPEND};

	root_provision(&r, "a");
	file_write(scratch_path(&r.scratch, "root/containers/a/assets/foreign"), "x", 1);
	pass(31 * DAY);
	dispatch();
	/* as if the process had died right behind the flag */
	set_policy("a", TOTE_POLICY_ON_FLAG, p);
	ck_assert_uint_eq(dispatch().suspended, 1);
	ck_assert_uint_eq(root_state(&r, "a"), TOTE_STATE_SUSPENDED);
	ck_assert_uint_eq(dispatch().suspended, 0);
}
END_TEST

Suite *dispatching_suite(void)
{
	Suite *s = suite_create("dispatching");
	TCase *t = tcase_create("dispatching");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_large_container_has_its_share_and_no_more);
	tcase_add_test(t, more_large_ones_than_can_be_open_all_come_to_their_end);
	tcase_add_test(t, a_rate_bounds_what_an_audit_reads_in_a_second);
	tcase_add_test(t, what_ends_in_its_first_share_counts_against_the_budget_too);
	tcase_add_test(t, audits_whose_window_has_closed_leave_their_places_to_others);
	tcase_add_test(t, audits_that_come_no_further_do_not_keep_all_places);
	tcase_add_test(t, an_audit_that_is_not_through_goes_on_in_the_next_process);
	tcase_add_test(t, a_handle_ends_with_its_last_reference_whatever_is_open_in_it);
	tcase_add_test(t, one_process_dispatches_at_a_time);
	tcase_add_test(
		t, a_dispatch_that_is_killed_anywhere_is_gone_on_with_and_nothing_is_left_out);
	tcase_add_test(t, a_dispatch_without_memory_gives_all_of_it_back_and_is_done_later);
	tcase_add_test(t, what_others_append_is_signed_for_at_the_age_that_the_policy_says);
	tcase_add_test(t, a_journal_that_is_too_large_is_folded_at_the_next_look);
	tcase_add_test(t, a_box_that_signs_folds_at_the_bytes_that_the_policy_says);
	tcase_add_test(t, a_flag_of_damage_suspends_where_the_policy_says_so);
	tcase_add_test(t, a_suspension_that_was_cut_off_is_done_by_the_next_dispatch);
	suite_add_tcase(s, t);
	t = tcase_create("threads");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, others_may_ask_what_is_due_while_a_dispatch_is_under_way);
	suite_add_tcase(s, t);
	return s;
}
