/* SPDX-License-Identifier: ISC */
/*
 * Policies and dispatch as a host sets and asks for them.
 */
#include "container.h"
#include <inttypes.h>

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

static struct tote_policy policy_of(const char *id)
{
	struct tote_policy p = {.size = sizeof(p)};

	ok(tote_orchestrator_policy(o, id, &p, &fault));
	return p;
}

/* The container.policy entries on record; *ret_text: the last one's bytes as they lie there. */
static int policies_on_record(char *ret_text, size_t cap)
{
	struct tote_entry e = {.size = sizeof(e)};
	tote_cursor *cursor;
	tote_box *record;
	int count = 0, rc;

	ok(tote_orchestrator_record(o, &record, &fault));
	ok(tote_cursor_open(record, 0, 0, &cursor, &fault));
	while ((rc = tote_cursor_next(cursor, &e, &fault)) == 1) {
		if (strcmp(e.kind, "container.policy") != 0)
			continue;
		count++;
		if (ret_text)
			snprintf(ret_text, cap, "%.*s", (int)e.length, (const char *)e.bytes);
	}
	ck_assert_int_eq(rc, 0);
	tote_cursor_unref(cursor);
	tote_box_unref(record);
	return count;
}

START_TEST(what_no_policy_names_has_its_default)
{
	static const char *const ids[] = {ID, "orchestrator"};
	struct tote_policy defaults, p;

	ok(tote_policy_init(&defaults, sizeof(defaults), &fault));
	ck_assert_uint_eq(defaults.size, sizeof(defaults));
	ck_assert_uint_eq(defaults.set, 0);
	ck_assert_uint_eq(defaults.structure_every_s, 86400);
	ck_assert_uint_eq(defaults.full_every_s, 604800);
	ck_assert_uint_eq(defaults.overdue_after_s, 1209600);
	ck_assert_uint_eq(defaults.fold_after_s, 3600);
	ck_assert_uint_eq(defaults.fold_bytes, 16777216);
	ck_assert_uint_eq(defaults.rate, 0);
	ck_assert_uint_eq(defaults.window_from_min, 0);
	ck_assert_uint_eq(defaults.window_to_min, 0);
	ck_assert_uint_eq(defaults.on_flag, TOTE_ON_FLAG_NONE);
	ck_assert_uint_eq(defaults.cosigners, 0);
	for (int i = 0; i < 2; i++) {
		p = policy_of(ids[i]);
		ck_assert_mem_eq(&p, &defaults, sizeof(p));
	}
	fails(tote_policy_init(&p, 8, &fault), TOTE_E_STRUCT);
}
END_TEST

START_TEST(what_is_missing_or_unknown_is_refused)
{
	struct tote_policy p = {.size = sizeof(p)};
	struct tote_fault *f = &fault;

	fails(tote_orchestrator_policy(NULL, ID, &p, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_policy(o, NULL, &p, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_policy(o, ID, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_policy(o, "Bad", &p, f), TOTE_E_GRAMMAR);
	fails(tote_orchestrator_policy(o, "absent", &p, f), TOTE_E_NOT_FOUND);
	ck_assert_str_eq(f->box, "absent");
	fails(tote_orchestrator_set_policy(NULL, ID, &p, NULL, 0, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_set_policy(o, ID, NULL, NULL, 0, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_set_policy(o, "absent", &p, NULL, 0, f), TOTE_E_NOT_FOUND);
	fails(tote_orchestrator_set_policy(o, ID, &p, NULL, 1, f), TOTE_E_FLAGS);
	p.set = 1u << 9;
	fails(tote_orchestrator_set_policy(o, ID, &p, NULL, 0, f), TOTE_E_FLAGS);
	p.size = 8;
	fails(tote_orchestrator_policy(o, ID, &p, f), TOTE_E_STRUCT);
	fails(tote_orchestrator_set_policy(o, ID, &p, NULL, 0, f), TOTE_E_STRUCT);
	ok(tote_orchestrator_detach(o, ID, NULL, "sold", 0, f));
	p = (struct tote_policy){.size = sizeof(p)};
	fails(tote_orchestrator_policy(o, ID, &p, f), TOTE_E_NOT_FOUND);
	fails(tote_orchestrator_set_policy(o, ID, &p, NULL, 0, f), TOTE_E_NOT_FOUND);
}
END_TEST

START_TEST(what_a_policy_names_is_in_force_and_the_rest_stays_as_it_was)
{
	struct tote_policy p, q;
	char text[2048];

	ok(tote_policy_init(&p, sizeof(p), &fault));
	p.set = TOTE_POLICY_FULL_EVERY | TOTE_POLICY_WINDOW | TOTE_POLICY_ON_FLAG;
	p.full_every_s = 7200;
	p.window_from_min = 22 * 60;
	p.window_to_min = 5 * 60 + 30;
	p.on_flag = TOTE_ON_FLAG_SUSPEND;
	p.rate = 77; /* not named */
	ok(tote_orchestrator_set_policy(o, ID, &p, "alice", 0, &fault));
	ck_assert_int_eq(policies_on_record(text, sizeof(text)), 1);
	ck_assert_ptr_nonnull(strstr(text, "\nactor alice\n"));
	ck_assert_ptr_nonnull(strstr(text,
		"\ncontainer " ID "\nfull-every 7200\non-flag suspend\nwindow 22:00-05:30\n"));
	q = policy_of(ID);
	ck_assert_uint_eq(q.set, p.set);
	ck_assert_uint_eq(q.full_every_s, 7200);
	ck_assert_uint_eq(q.rate, 0);
	p.set = TOTE_POLICY_RATE | TOTE_POLICY_ON_FLAG | TOTE_POLICY_WINDOW;
	p.on_flag = TOTE_ON_FLAG_NONE;
	p.window_from_min = p.window_to_min = 0;
	ok(tote_orchestrator_set_policy(o, ID, &p, NULL, 0, &fault));
	tote_orchestrator_unref(o); /* it is on record, not in a handle */
	ok(tote_orchestrator_open(ctx, root, TOTE_ORCHESTRATOR_READ_ONLY, &o, &fault));
	q = policy_of(ID);
	ck_assert_uint_eq(q.set, TOTE_POLICY_FULL_EVERY | TOTE_POLICY_WINDOW | TOTE_POLICY_ON_FLAG |
					 TOTE_POLICY_RATE);
	ck_assert_uint_eq(q.full_every_s, 7200);
	ck_assert_uint_eq(q.rate, 77);
	ck_assert_uint_eq(q.on_flag, TOTE_ON_FLAG_NONE);
	ck_assert_uint_eq(q.window_from_min, 0);
	ck_assert_uint_eq(q.window_to_min, 0);
	q = policy_of("orchestrator");
	ck_assert_uint_eq(q.set, 0);
	fails(tote_orchestrator_set_policy(o, ID, &p, NULL, 0, &fault), TOTE_E_READ_ONLY);
}
END_TEST

START_TEST(nothing_is_written_where_nothing_changes)
{
	struct tote_policy p;
	char text[2048];

	ok(tote_policy_init(&p, sizeof(p), &fault));
	ok(tote_orchestrator_set_policy(o, ID, &p, NULL, 0, &fault));
	ck_assert_int_eq(policies_on_record(NULL, 0), 0);
	p.set = TOTE_POLICY_RATE |
		TOTE_POLICY_FOLD_AFTER; /* the default, but from now on on record */
	ok(tote_orchestrator_set_policy(o, "orchestrator", &p, NULL, 0, &fault));
	ok(tote_orchestrator_set_policy(o, "orchestrator", &p, NULL, 0, &fault));
	ck_assert_int_eq(policies_on_record(NULL, 0), 1);
	p.fold_after_s = 60;
	ok(tote_orchestrator_set_policy(o, "orchestrator", &p, NULL, 0, &fault));
	ck_assert_int_eq(policies_on_record(text, sizeof(text)), 2);
	ck_assert_ptr_nonnull(strstr(text, "\ncontainer orchestrator\nfold-after 60\n\n"));
}
END_TEST

static const struct {
	struct tote_policy p;
	const char *id;
	const char *says, *says_too;
} refused[] = {
	{{.set = TOTE_POLICY_STRUCTURE_EVERY, .structure_every_s = 59}, ID, "structure-every 59",
		"60 to"},
	{{.set = TOTE_POLICY_FULL_EVERY, .full_every_s = 315360001}, ID, "full-every 315360001",
		""},
	{{.set = TOTE_POLICY_FOLD_BYTES}, ID, "fold-bytes 0", "4096 to 268435456"},
	{{.set = TOTE_POLICY_RATE, .rate = UINT64_MAX}, ID, "rate ", ""},
	{{.set = TOTE_POLICY_WINDOW, .window_from_min = 300, .window_to_min = 300}, ID,
		"window 05:00-05:00 is empty", ""},
	{{.set = TOTE_POLICY_WINDOW, .window_from_min = 1440}, ID, "window: 1440 to 0", ""},
	{{.set = TOTE_POLICY_WINDOW, .window_to_min = 1440}, ID, "window: 0 to 1440", ""},
	{{.set = TOTE_POLICY_ON_FLAG}, ID, "on-flag: 0", ""},
	{{.set = TOTE_POLICY_ON_FLAG, .on_flag = 3}, ID, "on-flag: 3", ""},
	{{.set = TOTE_POLICY_COSIGNERS, .cosigners = 33}, ID, "cosigners 33 is out of bounds", ""},
	{{.set = TOTE_POLICY_COSIGNERS, .cosigners = 1}, ID, "cosigners 1", "0 cosigner-keys"},
	{{.set = TOTE_POLICY_FULL_EVERY, .full_every_s = 1209601}, ID, "full-every 1209601",
		"overdue-after 1209600"},
	{{.set = TOTE_POLICY_OVERDUE_AFTER, .overdue_after_s = 604799}, ID, "overdue-after 604799",
		"full-every 604800"},
	{{.set = TOTE_POLICY_ON_FLAG, .on_flag = TOTE_ON_FLAG_SUSPEND}, "orchestrator",
		"on-flag suspend", "state"},
};

START_TEST(what_has_no_sense_is_refused_with_the_fields_named)
{
	struct tote_policy p = refused[_i].p;

	p.size = sizeof(p);
	fails(tote_orchestrator_set_policy(o, refused[_i].id, &p, NULL, 0, &fault),
		TOTE_E_ARGUMENT);
	ck_assert_str_eq(fault.box, refused[_i].id);
	ck_assert_msg(strstr(fault.text, refused[_i].says) != NULL, "%s", fault.text);
	ck_assert_msg(strstr(fault.text, refused[_i].says_too) != NULL, "%s", fault.text);
	ck_assert_int_eq(policies_on_record(NULL, 0), 0);
}
END_TEST

START_TEST(what_contradicts_what_is_on_record_is_refused_and_both_at_once_are_taken)
{
	struct tote_policy p;

	ok(tote_policy_init(&p, sizeof(p), &fault));
	p.set = TOTE_POLICY_FULL_EVERY;
	p.full_every_s = 2592000;
	p.overdue_after_s = 5184000;
	fails(tote_orchestrator_set_policy(o, ID, &p, NULL, 0, &fault), TOTE_E_ARGUMENT);
	p.set |= TOTE_POLICY_OVERDUE_AFTER;
	ok(tote_orchestrator_set_policy(o, ID, &p, NULL, 0, &fault));
	p.set = TOTE_POLICY_OVERDUE_AFTER;
	p.overdue_after_s = 0; /* never */
	ok(tote_orchestrator_set_policy(o, ID, &p, NULL, 0, &fault));
	ck_assert_uint_eq(policy_of(ID).overdue_after_s, 0);
	ck_assert_uint_eq(policy_of(ID).full_every_s, 2592000);
}
END_TEST

START_TEST(a_dispatch_is_asked_for_rightly_or_refused)
{
	struct tote_dispatch_options options;
	struct tote_dispatch did = {.size = 4};
	struct tote_due due = {.size = sizeof(due)};
	struct tote_finding finding = {.size = sizeof(finding)};
	struct tote_verdict verdict = {.size = sizeof(verdict)};
	struct tote_fault *f = &fault;
	int64_t delay;

	fails(tote_orchestrator_next_due(NULL, &delay, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_next_due(o, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_due(NULL, ID, &due, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_due(o, NULL, &due, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_due(o, ID, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_orchestrator_due(o, "absent", &due, f), TOTE_E_NOT_FOUND);
	due.size = 4;
	fails(tote_orchestrator_due(o, ID, &due, f), TOTE_E_STRUCT);
	fails(tote_dispatch_options_init(&options, 4, f), TOTE_E_STRUCT);
	ok(tote_dispatch_options_init(&options, sizeof(options), f));
	fails(tote_orchestrator_dispatch(NULL, &options, NULL, f), TOTE_E_ARGUMENT);
	options.flags = 2;
	fails(tote_orchestrator_dispatch(o, &options, NULL, f), TOTE_E_FLAGS);
	options.flags = 0;
	options.max_us = -1;
	fails(tote_orchestrator_dispatch(o, &options, NULL, f), TOTE_E_ARGUMENT);
	options.max_us = 0;
	options.size = 4;
	fails(tote_orchestrator_dispatch(o, &options, NULL, f), TOTE_E_STRUCT);
	fails(tote_orchestrator_dispatch(o, NULL, &did, f), TOTE_E_STRUCT);
	fails(tote_dispatch_next_finding(NULL, &finding, f), TOTE_E_ARGUMENT);
	fails(tote_dispatch_next_finding(o, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_dispatch_next_verdict(NULL, &verdict, f), TOTE_E_ARGUMENT);
	fails(tote_dispatch_next_verdict(o, NULL, f), TOTE_E_ARGUMENT);
	ck_assert_int_eq(tote_dispatch_next_finding(o, &finding, f), 0);
	ck_assert_int_eq(tote_dispatch_next_verdict(o, &verdict, f), 0);
	tote_orchestrator_unref(o);
	ok(tote_orchestrator_open(ctx, root, TOTE_ORCHESTRATOR_READ_ONLY, &o, f));
	fails(tote_orchestrator_dispatch(o, NULL, NULL, f), TOTE_E_READ_ONLY);
	ok(tote_orchestrator_next_due(o, &delay, f));
}
END_TEST

START_TEST(what_is_due_is_told_done_and_told_again)
{
	struct tote_dispatch did = {.size = sizeof(did)};
	struct tote_dispatch_options options;
	struct tote_due due = {.size = sizeof(due)};
	struct tote_policy p;
	int64_t delay;

	/* what was just made is due in its next slot, not now */
	ok(tote_orchestrator_due(o, ID, &due, &fault));
	ck_assert_int_gt(due.structure_us, 0);
	ck_assert_int_ge(due.full_us, due.structure_us);
	ck_assert_int_gt(due.fold_us, 0);
	ck_assert_uint_eq(due.flags, 0);
	ok(tote_dispatch_options_init(&options, sizeof(options), &fault));
	options.flags = TOTE_DISPATCH_LOOK;
	options.actor = "scheduler";
	ok(tote_orchestrator_dispatch(o, &options, &did, &fault));
	ck_assert_uint_eq(did.looks, 2);
	ck_assert_uint_eq(did.begun + did.ended + did.open + did.failed, 0);
	ck_assert_int_gt(did.next_due_us, 0);
	ck_assert_int_le(did.next_due_us, TOTE_DUE_MAX_US);
	ok(tote_orchestrator_next_due(o, &delay, &fault));
	ck_assert_int_le(delay, did.next_due_us);
	ok(tote_policy_init(&p, sizeof(p), &fault));
	p.set = TOTE_POLICY_STRUCTURE_EVERY | TOTE_POLICY_FULL_EVERY | TOTE_POLICY_FOLD_AFTER;
	p.structure_every_s = p.full_every_s = 0;
	ok(tote_orchestrator_set_policy(o, ID, &p, NULL, 0, &fault));
	ok(tote_orchestrator_due(o, ID, &due, &fault));
	ck_assert_int_eq(due.structure_us, 0);
	ck_assert_int_eq(due.full_us, 0);
}
END_TEST

START_TEST(a_policy_is_written_and_read_in_the_words_of_a_fleet_file)
{
	static const struct {
		const char *key, *typed, *shown;
		uint32_t field;
	} rows[] = {
		{"structure-every", "90", "90s", TOTE_POLICY_STRUCTURE_EVERY},
		{"full-every", "14d", "2w", TOTE_POLICY_FULL_EVERY},
		{"overdue-after", "4w", "4w", TOTE_POLICY_OVERDUE_AFTER},
		{"fold-after", "0", "0", TOTE_POLICY_FOLD_AFTER},
		{"fold-bytes", "1048576", "1MiB", TOTE_POLICY_FOLD_BYTES},
		{"rate", "50MiB", "50MiB", TOTE_POLICY_RATE},
		{"window", "22:00-04:00", "22:00-04:00", TOTE_POLICY_WINDOW},
		{"on-flag", "suspend", "suspend", TOTE_POLICY_ON_FLAG},
		{"cosigners", "2", "2", TOTE_POLICY_COSIGNERS},
	};
	struct tote_policy p;
	uint32_t set = 0;
	char text[32];

	ok(tote_policy_init(&p, sizeof(p), &fault));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_str_eq(tote_policy_key(rows[i].field), rows[i].key);
		ok(tote_policy_put(&p, rows[i].key, rows[i].typed, &fault));
		set |= rows[i].field;
		ck_assert_uint_eq(p.set, set);
		ok(tote_policy_value(&p, rows[i].field, text, sizeof(text), &fault));
		ck_assert_str_eq(text, rows[i].shown);
	}
	ck_assert_uint_eq(p.full_every_s, 1209600);
	ck_assert_uint_eq(p.window_from_min, 22 * 60);
	ck_assert_ptr_null(tote_policy_key(0));
	ck_assert_ptr_null(tote_policy_key(TOTE_POLICY_RATE | TOTE_POLICY_WINDOW));
	ck_assert_ptr_null(tote_policy_key(2 * TOTE_POLICY_COSIGNERS));
}
END_TEST

START_TEST(a_word_that_is_none_leaves_the_policy_as_it_was)
{
	static const struct {
		const char *key, *value, *said;
		int code;
	} rows[] = {
		{"ful-every", "1w", "did you mean 'full-every'", TOTE_E_GRAMMAR},
		{"", "1w", "no field ''", TOTE_E_GRAMMAR},
		{"full-every", "1y", "full-every: '1y' is no duration", TOTE_E_GRAMMAR},
		{"full-every", "", "is no duration", TOTE_E_GRAMMAR},
		{"full-every", "59", "out of bounds", TOTE_E_ARGUMENT},
		{"window", "22:00-22:00", "empty", TOTE_E_ARGUMENT},
		{"cosigners", "4294967296", "no count", TOTE_E_GRAMMAR},
	};
	struct tote_policy before, p;
	char text[32];

	ok(tote_policy_init(&p, sizeof(p), &fault));
	before = p;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fails(tote_policy_put(&p, rows[i].key, rows[i].value, &fault), rows[i].code);
		ck_assert_msg(strstr(fault.text, rows[i].said), "%s", fault.text);
		ck_assert_mem_eq(&p, &before, sizeof(p));
	}
	fails(tote_policy_put(NULL, "rate", "0", &fault), TOTE_E_ARGUMENT);
	fails(tote_policy_put(&p, NULL, "0", &fault), TOTE_E_ARGUMENT);
	fails(tote_policy_put(&p, "rate", NULL, &fault), TOTE_E_ARGUMENT);
	fails(tote_policy_value(NULL, TOTE_POLICY_RATE, text, 32, &fault), TOTE_E_ARGUMENT);
	fails(tote_policy_value(&p, TOTE_POLICY_RATE, NULL, 32, &fault), TOTE_E_ARGUMENT);
	fails(tote_policy_value(&p, 3, text, 32, &fault), TOTE_E_ARGUMENT);
	fails(tote_policy_value(&p, TOTE_POLICY_RATE, text, 1, &fault), TOTE_E_TOO_LARGE);
	ok(tote_policy_value(&p, TOTE_POLICY_RATE, text, 2, &fault));
	p.size = 8;
	fails(tote_policy_put(&p, "rate", "0", &fault), TOTE_E_STRUCT);
	fails(tote_policy_value(&p, TOTE_POLICY_RATE, text, 32, &fault), TOTE_E_STRUCT);
}
END_TEST

Suite *schedule_suite(void)
{
	Suite *s = suite_create("schedule");
	TCase *t = tcase_create("schedule");

	tcase_add_test(t, a_policy_is_written_and_read_in_the_words_of_a_fleet_file);
	tcase_add_test(t, a_word_that_is_none_leaves_the_policy_as_it_was);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_no_policy_names_has_its_default);
	tcase_add_test(t, what_is_missing_or_unknown_is_refused);
	tcase_add_test(t, what_a_policy_names_is_in_force_and_the_rest_stays_as_it_was);
	tcase_add_test(t, nothing_is_written_where_nothing_changes);
	tcase_add_loop_test(t, what_has_no_sense_is_refused_with_the_fields_named, 0,
		(int)(sizeof(refused) / sizeof(refused[0])));
	tcase_add_test(t, what_contradicts_what_is_on_record_is_refused_and_both_at_once_are_taken);
	tcase_add_test(t, a_dispatch_is_asked_for_rightly_or_refused);
	tcase_add_test(t, what_is_due_is_told_done_and_told_again);
	suite_add_tcase(s, t);
	return s;
}
