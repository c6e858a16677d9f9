/* SPDX-License-Identifier: ISC */
/*
 * Reading fleet files: what a good one wishes for, and what is wrong with a bad one, all of it, each
 * at its place.
 */
#include "orchestrator/fleet_file.h"
#include <toteborch.h>

static const char whole_file[] = "# what we keep\n"
				 "version: 1\n"
				 "policy:\n"
				 "  full-every: 2w\n"
				 "  overdue-after: 4w\n"
				 "orchestrator:\n"
				 "  policy: {structure-every: 12h}\n"
				 "containers:\n"
				 "  acme-contracts:\n"
				 "    backend: posix\n"
				 "    location: /srv/acme\n"
				 "    state: suspended\n"
				 "    policy:\n"
				 "      structure-every: 1d\n"
				 "      full-every: 1w\n"
				 "      fold-after: 1h\n"
				 "      fold-bytes: 16MiB\n"
				 "      rate: 50MiB\n"
				 "      window: 22:00-04:00\n"
				 "      on-flag: suspend\n"
				 "      cosigners: 1\n"
				 "  finance:\n"
				 "  \"2026\": {}\n"
				 "  no: {state: active}\n";

START_TEST(a_file_says_what_is_wished_for)
{
	tote_ctx *ctx = support_ctx(NULL, NULL);
	tote_fleet *f = good_fleet(ctx, whole_file);
	const struct tote_policy *p = &f->wishes[0].policy.values;
	struct wish_policy effective;

	ck_assert_uint_eq(f->count, 4);
	ck_assert_str_eq(f->wishes[0].id, "acme-contracts");
	ck_assert_str_eq(f->wishes[0].backend, "posix");
	ck_assert_str_eq(f->wishes[0].location, "/srv/acme");
	ck_assert_uint_eq(f->wishes[0].state, TOTE_STATE_SUSPENDED);
	ck_assert_uint_eq(f->wishes[0].place.line, 9);
	ck_assert_uint_eq(f->wishes[0].place.column, 3);
	ck_assert_uint_eq(p->set, 2 * TOTE_POLICY_COSIGNERS - 1 - TOTE_POLICY_OVERDUE_AFTER);
	ck_assert_uint_eq(p->structure_every_s, 86400);
	ck_assert_uint_eq(p->full_every_s, 604800);
	ck_assert_uint_eq(p->fold_after_s, 3600);
	ck_assert_uint_eq(p->fold_bytes, 16777216);
	ck_assert_uint_eq(p->rate, 52428800);
	ck_assert_uint_eq(p->window_from_min, 1320);
	ck_assert_uint_eq(p->window_to_min, 240);
	ck_assert_uint_eq(p->on_flag, TOTE_ON_FLAG_SUSPEND);
	ck_assert_uint_eq(p->cosigners, 1);
	ck_assert_uint_eq(f->record.values.structure_every_s, 43200);
	ck_assert_str_eq(f->wishes[1].id, "finance");
	ck_assert_ptr_null(f->wishes[1].location);
	ck_assert_uint_eq(f->wishes[1].state, 0);
	ck_assert_str_eq(f->wishes[2].id, "2026");
	ck_assert_str_eq(f->wishes[3].id, "no");

	/* its own before the defaults, field by field */
	tote__fleet_policy_of(f, &f->wishes[0], &effective);
	ck_assert_uint_eq(effective.values.full_every_s, 604800);
	ck_assert_uint_eq(effective.values.overdue_after_s, 2419200);
	ck_assert_uint_eq(effective.places[1].line, 15);
	ck_assert_uint_eq(effective.places[2].line, 5);
	tote__fleet_policy_of(f, &f->wishes[1], &effective);
	ck_assert_uint_eq(effective.values.set, TOTE_POLICY_FULL_EVERY | TOTE_POLICY_OVERDUE_AFTER);
	tote_fleet_unref(f);
	tote_ctx_unref(ctx);
}
END_TEST

#define V "version: 1\n"
#define C V "containers:\n"
#define A C "  a:\n"
#define P A "    policy:\n"

/* What is wrong begins so: all that is told of the file, each line with its place. */
static const struct {
	const char *file, *problems;
} bad[] = {
	/* the file */
	{"", "1:1 there is no version"},
	{"# nothing\n", "1:1 there is no version"},
	{"just words\n", "1:1 a fleet file: keys with values belong here, not a single value"},
	{"- a\n", "1:1 a fleet file: keys with values belong here, not a list"},
	{"version: 2\n", "1:10 version: this library reads version 1"},
	{"version: '1'\n", "1:10 version: "},
	{"version: [1]\n", "1:10 version: "},
	{"containers: {}\n", "1:1 there is no version"},
	{V "---\n" V, "2:1 a second document"},
	{V "...\n---\nx: 1\n", "3:1 a second document"},
	{V "container: {}\n",
		"2:1 there is no key 'container' in a fleet file; did you mean 'containers'?"},
	{V "Containers: {}\n",
		"2:1 there is no key 'Containers' in a fleet file; did you mean 'containers'?"},
	{V "zebra: 1\n",
		"2:1 there is no key 'zebra' in a fleet file; its keys are in toteborch-fleet(5)"},
	{V "version: 1\n", "2:1 'version' stands here a second time; line 1 has it already"},
	{V "? [a, b]\n: c\n", "2:3 a fleet file: a key is one word"},
	{V "? {a: b}\n: {c: d}\npolicys: {}\n",
		"2:3 a fleet file: a key is one word\n4:1 there is no key 'policys'"},
	{V "orchestrator: {state: active}\n", "2:16 there is no key 'state' in orchestrator"},
	/* containers */
	{V "containers: [a, b]\n", "2:13 containers: keys with values belong here, not a list"},
	{C "  Acme: {}\n", "3:3 'Acme' is no ID"},
	{C "  orchestrator: {}\n", "3:3 'orchestrator' is no ID"},
	{C "  2026: {}\n", "3:3 2026 is a number, not text: put the ID in quotes"},
	{C "  0x1f: {}\n", "3:3 0x1f is a number"},
	{C "  true: {}\n", "3:3 true is true or false, not text"},
	{C "  null: {}\n", "3:3 null is nothing, not text"},
	{C "  a: {}\n  b: {}\n  a: {}\n",
		"5:3 container 'a' stands here a second time; line 3 has it already"},
	{C "  a: 5\n", "3:6 a container: keys with values belong here, not a single value"},
	{C "  \"a\\0b\": {}\n", "3:3 'a"},
	{A "    stat: active\n",
		"4:5 there is no key 'stat' in a container; did you mean 'state'?"},
	{A "    state: archve\n", "4:12 state: 'archve' is none of active, suspended, archived, "
				  "disposed; did you mean 'archived'?"},
	{A "    state: no\n",
		"4:12 state: 'no' is none of active, suspended, archived, disposed\n"},
	{A "    state: true\n", "4:12 state: true is true or false, not text: put it in quotes"},
	{A "    state:\n", "4:11 state: it is empty"},
	{A "    state: [active]\n", "4:12 state: one value belongs here, not a list"},
	{A "    location: 5\n", "4:15 location: 5 is a number, not text"},
	{A "    location: ''\n", "4:15 location: it has 0 bytes"},
	{A "    location: ../b\n", "4:15 location: '..' is no part of it"},
	{A "    location: /srv/../b\n", "4:15 location: '..' is no part of it"},
	{A "    location: \"a\\0b\"\n", "4:15 location: it holds a NUL"},
	{A "    backend: Posix!\n", "4:14 backend: 'Posix!' can be the name of none"},
	/* policies */
	{P "      full_every: 1d\n",
		"5:7 there is no key 'full_every' in a policy; did you mean 'full-every'?"},
	{P "      full-every: 1 day\n", "5:19 full-every: '1 day' is no duration"},
	{P "      full-every: '90'\n", "5:19 full-every: '90' is no duration"},
	{P "      full-every: 1.5d\n", "5:19 full-every: '1.5d' is no duration"},
	{P "      full-every: -1\n", "5:19 full-every: '-1' is no duration"},
	{P "      full-every: 5\n", "5:19 full-every 5 is out of bounds"},
	{P "      full-every: 100000d\n", "5:19 full-every 8640000000 is out of bounds"},
	{P "      full-every:\n", "5:18 full-every: '' is no duration"},
	{P "      full-every: [1d]\n", "5:19 a field of a policy has one value"},
	{P "      fold-bytes: 16MB\n", "5:19 fold-bytes: '16MB' is no size"},
	{P "      fold-bytes: 1\n", "5:19 fold-bytes 1 is out of bounds"},
	{P "      window: 22:00-22:00\n", "5:15 window 22:00-22:00 is empty"},
	{P "      window: 22-04\n", "5:15 window: '22-04' is no window"},
	{P "      on-flag: yes\n", "5:16 on-flag: 'yes' is neither none nor suspend"},
	{P "      cosigners: two\n", "5:18 cosigners: 'two' is no count"},
	{P "      cosigners: 33\n", "5:18 cosigners 33 is out of bounds"},
	{P "      overdue-after: 1d\n      full-every: 1w\n",
		"5:22 policy of 'a': overdue-after 86400 is below full-every 604800"},
	{V "policy: {full-every: 2w}\ncontainers: {a: {policy: {overdue-after: 1w}}}\n",
		"3:42 policy of 'a': overdue-after 604800 is below full-every 1209600"},
	{V "policy: {full-every: 2w, overdue-after: 1w}\n", "2:41 policy of 'all': overdue-after"},
	{V "orchestrator: {policy: {on-flag: suspend}}\n",
		"2:34 policy of 'orchestrator': on-flag suspend"},
	/* what YAML has and a fleet file has not */
	{C "  a: &x {}\n  b: *x\n", "3:6 an anchor (&x)"},
	{C "  a: *x\n", "3:6 an alias (*x)"},
	{C "  a: !!map {}\n", "3:6 a tag (tag:yaml.org,2002:map)"},
	{A "    state: !!str active\n", "4:12 a tag (tag:yaml.org,2002:str)"},
	{A "    state: ! active\n", "4:12 a tag (!)"},
	{A "    state: ! 'active'\n", "4:12 a tag (!)"},
	{A "    state: !x active\n", "4:12 a tag (!x)"},
	{A "    <<: {state: active}\n", "4:5 there is no key '<<' in a container"},
	{"%YAML 1.2\n---\n" V, "1:1 a directive"},
	{"%TAG ! tag:x,2000:\n---\n" V, "1:1 a directive"},
	{V "...\n%YAML 1.1\n---\n", "3:1 a directive"},
	/* what no parser reads */
	{V "policy: {\n", "3:1 "},
	{V "policy: }\n", "2:9 "},
	{V "\tpolicy: {}\n", "2:1 a tab at the beginning of the line"},
	{C "\ta: {}\n", "3:1 a tab at the beginning of the line"},
	{V "policy: 'abc\n", "3:1 "},
	{V "policy: \"\\ud800\"\n", "2:12 found invalid Unicode character escape code"},
	{V "policy: \"\\q\"\n", "2:10 found unknown escape character"},
	{V " policy: {}\n",
		"1:10 version: this library reads version 1, written: version: 1\n2:8 "},
};

START_TEST(what_is_wrong_is_said_with_its_place)
{
	tote_ctx *ctx = support_ctx(NULL, NULL);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		tote_fleet *f = fleet_of(ctx, bad[i].file);
		const char *problems = problems_of(f);

		ck_assert_msg(!strncmp(problems, bad[i].problems, strlen(bad[i].problems)),
			"%s\ngave %s\nnot  %s", bad[i].file, problems, bad[i].problems);
		tote_fleet_unref(f);
	}
	tote_ctx_unref(ctx);
}
END_TEST

START_TEST(all_that_is_wrong_is_said_in_one_pass_and_in_order)
{
	static const char file[] = "version: 1\n"
				   "polcy: {}\n"
				   "containers:\n"
				   "  a:\n"
				   "    state: archve\n"
				   "    policy:\n"
				   "      full-every: 1 day\n"
				   "      rate: 50MB\n"
				   "  B:\n"
				   "    colour: [blue, {green: red}]\n"
				   "    state: 5\n"
				   "  a: {}\n"
				   "  c: {location: ../c}\n"
				   "policy: {full-every: 2w, overdue-after: 1w}\n";
	tote_ctx *ctx = support_ctx(NULL, NULL);
	tote_fleet *f = fleet_of(ctx, file);
	const char *all = problems_of(f);
	static const char *const begins[] = {"2:1 ", "5:12 ", "7:19 ", "8:13 ", "9:3 ", "10:5 ",
		"11:12 ", "12:3 ", "13:17 ", "14:41 "};

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		ck_assert_msg(
			!strncmp(all, begins[i], strlen(begins[i])), "%s: %s", begins[i], all);
		all = strchr(all, '\n') + 1;
	}
	ck_assert_str_eq(all, "");
	tote_fleet_unref(f);
	tote_ctx_unref(ctx);
}
END_TEST

START_TEST(what_is_before_the_line_that_no_parser_reads_is_said_too)
{
	static const struct {
		const char *file;
		size_t len;
		const char *problems[2];
	} rows[] = {
#define ROW(text, first, second)                                                                   \
	{                                                                                          \
		text, sizeof(text) - 1,                                                            \
		{                                                                                  \
			first, second                                                              \
		}                                                                                  \
	}
		ROW(V "polcy: {}\ncontainers: }\n", "2:1 ", "3:13 "),
		ROW(V "polcy: {}\nx: \0\n", "2:1 ", "3:4 a NUL byte"),
		ROW(V "polcy: {}\nx: \xED\xA0\x80\n", "2:1 ", "3:4 a byte that is not UTF-8"),
		ROW(V "polcy: {}\nx: \x01\n", "2:1 ", "3:4 a control character"),
		ROW(V "polcy: {}\n%YAML 1.2\n", "2:1 ", "3:1 a directive"),
#undef ROW
	};
	tote_ctx *ctx = support_ctx(NULL, NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tote_fleet *f = fleet_of_bytes(ctx, rows[i].file, rows[i].len);
		const char *all = problems_of(f);

		for (size_t n = 0; n < 2; n++) {
			ck_assert_msg(
				!strncmp(all, rows[i].problems[n], strlen(rows[i].problems[n])),
				"row %zu: %s", i, all);
			all = strchr(all, '\n') + 1;
		}
		ck_assert_str_eq(all, "");
		tote_fleet_unref(f);
	}
	tote_ctx_unref(ctx);
}
END_TEST

START_TEST(a_byte_order_mark_and_carriage_returns_change_nothing)
{
	static const char marked[] =
		"\xEF\xBB\xBFversion: 1\r\ncontainers:\r\n  a:\r\n    stat: x\r\n";
	tote_ctx *ctx = support_ctx(NULL, NULL);
	tote_fleet *f = fleet_of(ctx, marked);

	ck_assert_str_eq(problems_of(f),
		"4:5 there is no key 'stat' in a container; did you mean 'state'?\n");
	tote_fleet_unref(f);
	tote_ctx_unref(ctx);
}
END_TEST

START_TEST(columns_are_counted_in_characters)
{
	tote_ctx *ctx = support_ctx(NULL, NULL);
	tote_fleet *f =
		fleet_of(ctx, V "containers: {a: {location: \"\xC3\xA4\xE4\xB8\xAD\", x: 1}}\n");

	ck_assert_msg(!strncmp(problems_of(f), "2:34 ", 5), "elsewhere");
	tote_fleet_unref(f);
	tote_ctx_unref(ctx);
}
END_TEST

START_TEST(json_is_read_as_what_it_is)
{
	tote_ctx *ctx = support_ctx(NULL, NULL);
	tote_fleet *f = good_fleet(ctx,
		"{\"version\": 1, \"containers\": {\"a\": {\"location\": \"/srv/a\", \"policy\": "
		"{\"rate\": 1000, \"full-every\": \"1w\"}}, \"2026\": null}}");

	ck_assert_uint_eq(f->count, 2);
	ck_assert_str_eq(f->wishes[0].location, "/srv/a");
	ck_assert_uint_eq(f->wishes[0].policy.values.rate, 1000);
	tote_fleet_unref(f);
	tote_ctx_unref(ctx);
}
END_TEST

START_TEST(a_hundred_problems_are_kept_and_the_last_one_says_that_there_are_more)
{
	tote_ctx *ctx = support_ctx(NULL, NULL);
	char file[8192];
	size_t len = (size_t)snprintf(file, sizeof(file), C), lines = 0;
	tote_fleet *f;

	for (int i = 0; i < 300; i++)
		len += (size_t)snprintf(file + len, sizeof(file) - len, "  B%d: {}\n", i);
	f = fleet_of(ctx, file);
	for (const char *p = problems_of(f); *p; p++)
		lines += *p == '\n';
	ck_assert_uint_eq(lines, FLEET_PROBLEMS_MAX);
	ck_assert_ptr_nonnull(strstr(f->problems.items[lines - 1].text, "and more"));
	tote_fleet_unref(f);
	tote_ctx_unref(ctx);
}
END_TEST

START_TEST(reading_gives_back_all_memory_whichever_allocation_fails)
{
	static const char *const files[] = {
		whole_file, V "polcy: 1\ncontainers: {a: {x: 1}, a: {}}\n"};

	for (size_t i = 0; i < 2; i++)
		for (long n = 0;; n++) {
			struct failing memory = {.fail_at = -1};
			tote_ctx *ctx = support_ctx(NULL, &memory);
			struct tote_fault fault;
			tote_fleet *f = NULL;
			int rc;

			memory.fail_at = n;
			rc = tote_fleet_parse(ctx, files[i], strlen(files[i]), NULL, &f, &fault);
			ck_assert(rc == 0 || (rc == TOTE_E_NO_MEMORY && memory.fired));
			tote_fleet_unref(f);
			tote_ctx_unref(ctx);
			ck_assert_int_eq(memory.live, 0);
			if (!memory.fired)
				break;
		}
}
END_TEST

Suite *fleet_read_suite(void)
{
	Suite *s = suite_create("fleet_read");
	TCase *t = tcase_create("reading");

	tcase_add_test(t, a_file_says_what_is_wished_for);
	tcase_add_test(t, what_is_wrong_is_said_with_its_place);
	tcase_add_test(t, all_that_is_wrong_is_said_in_one_pass_and_in_order);
	tcase_add_test(t, what_is_before_the_line_that_no_parser_reads_is_said_too);
	tcase_add_test(t, a_byte_order_mark_and_carriage_returns_change_nothing);
	tcase_add_test(t, columns_are_counted_in_characters);
	tcase_add_test(t, json_is_read_as_what_it_is);
	tcase_add_test(t, a_hundred_problems_are_kept_and_the_last_one_says_that_there_are_more);
	tcase_add_test(t, reading_gives_back_all_memory_whichever_allocation_fails);
	suite_add_tcase(s, t);
	return s;
}
