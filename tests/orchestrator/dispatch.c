/* SPDX-License-Identifier: ISC */
/*
 * Dispatch over days of a clock that the tests set: how often each container is audited, whatever
 * the clock, a kill or a neighbour does.
 */
#include "orchestrator/agenda.h"
#include "orchestrator/outlook.h"
#include "root.h"
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>

#define S    SCHEDULE_SECOND
#define HOUR (3600 * S)
#define DAY  SCHEDULE_DAY

static struct root r;
static struct frozen_clock now;

/* Time that goes on a little with each reading, or nothing with a bound would ever end. */
static int64_t read_wall(void *user)
{
	(void)user;
	return now.wall;
}

static int64_t read_monotonic(void *user)
{
	(void)user;
	return now.monotonic += 50;
}

static void pass(int64_t us)
{
	now.wall += us;
	now.monotonic += us;
}

static void setup(void)
{
	struct tote_clock clock = {
		.size = sizeof(clock), .wall = read_wall, .monotonic = read_monotonic};
	struct tote_ctx_options options = {.size = sizeof(options), .clock = &clock};
	struct frozen_clock start = FROZEN_CLOCK;

	now = start;
	root_bare(&r);
	tote_ctx_unref(r.ctx);
	ck_ok(tote_ctx_new(&options, &r.ctx, &r.fault), r.fault);
	ck_ok(tote_orchestrator_init(r.ctx, r.path, ROOT_ORIGIN, "op@host", 0, &r.fault), r.fault);
	root_open(&r);
}

static void teardown(void)
{
	root_remove(&r);
}

static struct tote_dispatch dispatch_with(uint64_t max_bytes, int64_t max_us, uint32_t flags)
{
	struct tote_dispatch_options options = {
		.size = sizeof(options), .flags = flags, .max_bytes = max_bytes, .max_us = max_us};
	struct tote_dispatch did = {.size = sizeof(did)};

	ck_ok(tote_orchestrator_dispatch(r.o, &options, &did, &r.fault), r.fault);
	return did;
}

static struct tote_dispatch dispatch(void)
{
	return dispatch_with(0, 0, 0);
}

static int64_t next_due(void)
{
	int64_t delay = -1;

	ck_ok(tote_orchestrator_next_due(r.o, &delay, &r.fault), r.fault);
	ck_assert_int_ge(delay, 0);
	ck_assert_int_le(delay, TOTE_DUE_MAX_US);
	return delay;
}

static void set_policy(const char *id, uint32_t set, struct tote_policy p)
{
	p.size = sizeof(p);
	p.set = set;
	ck_ok(tote_orchestrator_set_policy(r.o, id, &p, NULL, 0, &r.fault), r.fault);
}

/* How often a container has been audited, at that level. */
static int runs(const char *id, const char *level)
{
	struct tote_entry e = {.size = sizeof(e)};
	tote_cursor *cursor;
	tote_box *record;
	int count = 0;

	ck_ok(tote_orchestrator_record(r.o, &record, &r.fault), r.fault);
	ck_ok(tote_cursor_open(record, 0, 0, &cursor, &r.fault), r.fault);
	while (tote_cursor_next(cursor, &e, &r.fault) == 1) {
		const char *text = printed(
			"%.*s", e.length < 4000 ? (int)e.length : 4000, (const char *)e.bytes);

		count += !strcmp(e.kind, "audit.finished") &&
			 strstr(text, printed("\ncontainer %s\n", id)) &&
			 strstr(text, printed("\nlevel %s\n", level));
	}
	tote_cursor_unref(cursor);
	tote_box_unref(record);
	return count;
}

static int64_t slots(const char *id, int64_t period, int64_t from, int64_t to)
{
	int64_t jitter = tote__schedule_jitter(id, period);

	return tote__schedule_slot(to, period, jitter) - tote__schedule_slot(from, period, jitter);
}

/* A host's loop, for so long: how many audits that were. */
static uint64_t live_for(int64_t length)
{
	int64_t end = now.wall + length;
	uint64_t begun = 0;

	for (;;) {
		int64_t delay = next_due();

		if (now.wall + delay >= end)
			break;
		pass(delay ? delay : 1);
		begun += dispatch().begun;
	}
	pass(end - now.wall);
	return begun;
}

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

static int all_runs(const char *id)
{
	return runs(id, "full") + runs(id, "structure");
}

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

static void seal_bytes(const char *id, const char *name, size_t length)
{
	char *data = calloc(1, length);
	struct tote_source source = {.path = name,
		.data = data,
		.length = length,
		.flags = TOTE_SOURCE_DATA,
		.supersedes = TOTE_SEQ_ANY};
	tote_box *box = root_box(&r, id);
	struct tote_sealed sealed;

	ck_ok(tote_box_seal(box, &source, 1, NULL, 0, &sealed, &r.fault), r.fault);
	tote_box_unref(box);
	free(data);
}

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
	tcase_add_test(t, a_large_container_has_its_share_and_no_more);
	tcase_add_test(t, more_large_ones_than_can_be_open_all_come_to_their_end);
	tcase_add_test(t, a_rate_bounds_what_an_audit_reads_in_a_second);
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
