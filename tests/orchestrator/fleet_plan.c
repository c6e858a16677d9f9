/* SPDX-License-Identifier: ISC */
/*
 * Plans: what a fleet file would change of what the registry knows, in which order, and what it
 * cannot. A table of files over one registry.
 */
#include "ledger/entry.h"
#include "orchestrator/fleet_diff.h"
#include "orchestrator/fleet_file.h"

#define PREV "prev AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
#define TIME "time 2026-11-23T08:15:00.123456Z\n"
#define KEY  "o/orchestrator+9bc85190+AUSJLc9ki1OdoahPt4XoBX28+h5RT8YVtID616q0cbzJ"

static void take(struct registry *r, const char *kind, const char *fields)
{
	const char *text = printed("toteborch.entry/1 %s\nseq %llu\n" TIME PREV "%s\n", kind,
		(unsigned long long)r->next, fields);
	struct tote_fault fault;
	struct entry e;

	ck_assert_msg(
		tote__entry_parse(text, strlen(text), &e, &fault) == 0, "%s: %s", text, fault.text);
	ck_assert_msg(tote__registry_take(r, &e, &fault) == 0, "%s: %s", text, fault.text);
}

static void registered(struct registry *r, const char *id, const char *location)
{
	take(r, "container.registered",
		printed("backend posix\ncontainer %s\nlocation %s\norigin o/%s\nvkey " KEY "\n", id,
			location, id));
}

static void moved(struct registry *r, const char *id, const char *from, const char *to)
{
	take(r, "container.state",
		printed("container %s\nfrom %s\nreason x\nto %s\n", id, from, to));
}

/* active, suspended, archived, disposed, detached, and one with a policy and a cosigner. */
static void registry_make(struct registry *r)
{
	tote__registry_init(r, plain_heap());
	take(r, "orchestrator.created",
		"origin o/orchestrator\nvkey " KEY "\nwitness-vkey " KEY "\n");
	registered(r, "active", "containers/active");
	registered(r, "suspended", "containers/suspended");
	moved(r, "suspended", "active", "suspended");
	registered(r, "archived", "containers/archived");
	moved(r, "archived", "active", "archived");
	registered(r, "disposed", "/srv/disposed");
	moved(r, "disposed", "active", "archived");
	moved(r, "disposed", "archived", "disposed");
	registered(r, "gone", "containers/gone");
	take(r, "container.detached", "container gone\nreason x\n");
	registered(r, "kept", "containers/kept");
	take(r, "container.policy",
		"container kept\nfull-every 1209600\noverdue-after 2419200\nrate 1000\n");
	take(r, "container.policy", "container kept\ncosigner-keys x y\n");
}

#define V "version: 1\n"
#define C V "containers:\n"

static const struct {
	const char *file;
	const char *changes;  /* all of them */
	const char *problems; /* how they begin; NULL: there are none */
} rows[] = {
	{V, "", NULL},
	{C, "", NULL},
	{C "  active: {}\n  archived:\n", "", NULL},
	{C "  active: {state: active, backend: posix, location: containers/active}\n", "", NULL},
	/* new ones, in the order of the file */
	{C "  z: {}\n  a: {location: /srv/a}\n", "z location >containers/z\na location >/srv/a\n",
		NULL},
	{C "  a: {state: suspended, policy: {rate: 5, full-every: 1w}}\n",
		"a location >containers/a\na full-every >604800\na rate >5\na state "
		"active>suspended\n",
		NULL},
	/* states */
	{C "  active: {state: suspended}\n", "active state active>suspended\n", NULL},
	{C "  suspended: {state: active}\n", "suspended state suspended>active\n", NULL},
	{C "  suspended: {state: archived}\n", "suspended state suspended>archived!\n", NULL},
	{C "  active: {state: disposed}\n",
		"active state active>archived!\nactive state archived>disposed!\n", NULL},
	{C "  archived: {state: disposed}\n", "archived state archived>disposed!\n", NULL},
	{C "  archived: {state: active}\n", "",
		"3:21 state: 'archived' is archived, and there is no way from there to active"},
	{C "  disposed: {state: archived}\n", "", "3:21 state: 'disposed' is disposed"},
	{C "  disposed: {state: disposed}\n", "", NULL},
	/* what has no way back comes last */
	{C "  active: {state: archived}\n  a: {}\n  suspended: {state: active}\n",
		"a location >containers/a\nsuspended state suspended>active\nactive state "
		"active>archived!\n",
		NULL},
	/* policies: what differs, and what was never said */
	{C "  kept: {policy: {full-every: 2w, rate: 1000}}\n", "", NULL},
	{C "  kept: {policy: {rate: 2000}}\n", "kept rate 1000>2000\n", NULL},
	{C "  active: {policy: {structure-every: 1d}}\n", "active structure-every >86400\n", NULL},
	{V "policy: {rate: 7}\ncontainers:\n  active: {policy: {rate: 8}}\n  kept: {}\n",
		"active rate >8\nkept rate 1000>7\n", NULL},
	{V "orchestrator: {policy: {full-every: 2d}}\n", "orchestrator full-every >172800\n", NULL},
	{C "  kept: {policy: {overdue-after: 1w}}\n", "",
		"3:34 policy of 'kept': overdue-after 604800 is below full-every 1209600"},
	{C "  active: {policy: {overdue-after: 3d}}\n", "",
		"3:36 policy of 'active': overdue-after 259200 is below full-every 604800"},
	/* a default that goes with none of them is said once */
	{V "policy: {cosigners: 1}\ncontainers: {a: {}, b: {}, c: {}}\n", "",
		"2:21 policy of 'a': cosigners 1 is above the 0 cosigner-keys on record: totectl "
		"witness merge puts them there\n"},
	{C "  kept: {policy: {cosigners: 2}}\n", "kept cosigners >2\n", NULL},
	{C "  kept: {policy: {cosigners: 3}}\n", "",
		"3:30 policy of 'kept': cosigners 3 is above the 2"},
	{C "  a: {policy: {cosigners: 1}}\n", "", "3:27 policy of 'a': cosigners 1 is above the 0"},
	/* places */
	{C "  active: {location: /srv/active}\n", "",
		"3:22 location: 'active' lies at 'containers/active'"},
	{C "  active: {backend: memory}\n", "", "3:21 backend: 'active' was made with 'posix'"},
	{C "  gone: {}\n", "", "3:3 'gone' was detached"},
	{C "  a: {location: containers/active}\n", "",
		"3:17 location: 'a' would lie where there is 'active'"},
	{C "  a: {location: /srv/x}\n  b: {location: /srv/x}\n", "",
		"4:17 location: 'b' would lie where there is 'a'"},
	{C "  a: {location: /srv/x}\n  b: {location: /srv/x/y/z}\n", "",
		"4:17 location: 'b' would lie inside 'a'"},
	{C "  a: {location: containers}\n", "", "3:17 location: 'a' would lie around 'active'"},
	{C "  a: {location: /srv}\n", "", "3:17 location: 'a' would lie around 'disposed'"},
	{C "  a: {location: containers/b}\n  b: {}\n", "",
		"4:3 location: 'b' would lie where there is 'a'"},
	{C "  a: {location: orchestrator/a}\n", "",
		"3:17 location: 'a' would lie inside 'orchestrator'"},
	{C "  a: {location: /srv/x}\n  b: {location: /srv/x.y}\n  c: {location: /srv/x-}\n",
		"a location >/srv/x\nb location >/srv/x.y\nc location >/srv/x-\n", NULL},
	{C "  a: {location: /srv/x, backend: memory}\n  b: {location: /srv/x}\n",
		"a location >/srv/x\nb location >/srv/x\n", NULL},
};

/* Locations as they are written: what only a disk knows is none of the difference. */
static void plan(tote_fleet *f, const struct registry *r)
{
	struct tote_fault fault;

	for (size_t i = 0; i < f->count; i++)
		if (f->wishes[i].location)
			f->wishes[i].recorded =
				tote__heap_strdup(&f->ctx->heap, f->wishes[i].location, &fault);
	ck_assert_int_eq(tote__fleet_diff(f, r, &fault), 0);
	tote__fleet_problems_sort(&f->problems);
}

START_TEST(a_plan_is_the_difference_and_nothing_else)
{
	tote_ctx *ctx = support_ctx(NULL, NULL);
	struct registry r;

	registry_make(&r);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tote_fleet *f = good_fleet(ctx, rows[i].file);
		const char *problems;

		plan(f, &r);
		problems = problems_of(f);
		if (rows[i].problems)
			ck_assert_msg(f->problems.count == 1 && !strncmp(problems, rows[i].problems,
									strlen(rows[i].problems)),
				"%s\ngave %s", rows[i].file, problems);
		else
			ck_assert_msg(!*problems && !strcmp(changes_of(f), rows[i].changes),
				"%s\ngave %s%s", rows[i].file, problems,
				(f->told = 0, changes_of(f)));
		tote_fleet_unref(f);
	}
	tote__registry_free(&r);
	tote_ctx_unref(ctx);
}
END_TEST

/* Every state, wished for in every state: what the table of moves says, by one move or two. */
START_TEST(a_state_is_reached_by_the_moves_there_are_or_refused)
{
	static const char *const states[] = {"active", "suspended", "archived", "disposed"};
	static const int steps[4][4] = {
		{0, 1, 1, 2}, {1, 0, 1, 2}, {-1, -1, 0, 1}, {-1, -1, -1, 0}};
	tote_ctx *ctx = support_ctx(NULL, NULL);
	struct registry r;

	registry_make(&r);
	for (size_t from = 0; from < 4; from++)
		for (size_t to = 0; to < 4; to++) {
			tote_fleet *f = good_fleet(
				ctx, printed(C "  %s: {state: %s}\n", states[from], states[to]));

			plan(f, &r);
			ck_assert_uint_eq(f->problems.count, steps[from][to] < 0);
			if (steps[from][to] >= 0)
				ck_assert_uint_eq(f->plan.count, (size_t)steps[from][to]);
			tote_fleet_unref(f);
		}
	tote__registry_free(&r);
	tote_ctx_unref(ctx);
}
END_TEST

START_TEST(containers_that_are_not_in_the_file_are_counted_and_left_alone)
{
	tote_ctx *ctx = support_ctx(NULL, NULL);
	tote_fleet *f = good_fleet(ctx, C "  active: {}\n  new: {}\n");
	struct registry r;

	registry_make(&r);
	plan(f, &r);
	ck_assert_uint_eq(f->plan.unnamed, 4); /* suspended, archived, disposed, kept */
	ck_assert_str_eq(changes_of(f), "new location >containers/new\n");
	tote_fleet_unref(f);
	tote__registry_free(&r);
	tote_ctx_unref(ctx);
}
END_TEST

START_TEST(the_file_that_was_applied_last_is_known_by_its_digest)
{
	static const char file[] = C "  active: {}\n";
	tote_ctx *ctx = support_ctx(NULL, NULL);
	tote_fleet *f = good_fleet(ctx, file);
	struct registry r;

	registry_make(&r);
	take(&r, "fleet.applied",
		printed("changes 0\ndigest sha256:%s\n", to_hex(f->digest, HASH_LEN)));
	plan(f, &r);
	ck_assert_int_eq(f->plan.on_record, 1);
	take(&r, "fleet.applied", printed("changes 0\ndigest sha256:%064d\n", 0));
	tote__fleet_plan_drop(f);
	ck_assert_int_eq(tote__fleet_diff(f, &r, &(struct tote_fault){0}), 0);
	ck_assert_int_eq(f->plan.on_record, 0);
	tote_fleet_unref(f);
	tote__registry_free(&r);
	tote_ctx_unref(ctx);
}
END_TEST

Suite *fleet_plan_suite(void)
{
	Suite *s = suite_create("fleet_plan");
	TCase *t = tcase_create("plans");

	tcase_add_test(t, a_plan_is_the_difference_and_nothing_else);
	tcase_add_test(t, a_state_is_reached_by_the_moves_there_are_or_refused);
	tcase_add_test(t, containers_that_are_not_in_the_file_are_counted_and_left_alone);
	tcase_add_test(t, the_file_that_was_applied_last_is_known_by_its_digest);
	suite_add_tcase(s, t);
	return s;
}
