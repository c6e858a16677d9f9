/* SPDX-License-Identifier: ISC */
/*
 * The registry is what the record's entries say, and nothing else.
 */
#include "ledger/entry.h"
#include "orchestrator/outcome.h"

#define PREV "prev AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
#define TIME "time 2026-11-23T08:15:00.123456Z\n"

static int take(struct registry *r, const char *kind, uint64_t seq, const char *fields)
{
	const char *text = printed("toteborch.entry/%s\nseq %llu\n" TIME PREV "%s\n", kind,
		(unsigned long long)seq, fields);
	struct tote_fault fault;
	struct entry e;

	ck_assert_msg(
		tote__entry_parse(text, strlen(text), &e, &fault) == 0, "%s: %s", text, fault.text);
	return tote__registry_take(r, &e, &fault);
}

#define REGISTERED                                                                                 \
	"backend posix\ncontainer a\nlocation containers/a\norigin o/a\n"                          \
	"vkey o/a+452a08ae+AUSJLc9ki1OdoahPt4XoBX28+h5RT8YVtID616q0cbzJ\n"

START_TEST(unknown_kinds_fields_and_versions_are_passed_over)
{
	struct registry r;
	struct known *k;

	tote__registry_init(&r, plain_heap());
	ck_assert_int_eq(take(&r, "1 container.registered", 0, REGISTERED "zeta 1\n"), 0);
	ck_assert_int_eq(take(&r, "1 container.blessed", 1, "container a\n"), 0);
	ck_assert_int_eq(
		take(&r, "7 container.state", 2, "container a\nfrom active\nto disposed\n"), 0);
	ck_assert_int_eq(take(&r, "1 container.state", 3,
				 "container a\nfrom active\nreason x\nto suspended\n"),
		0);
	k = tote__registry_find(&r, "a");
	ck_assert_ptr_nonnull(k);
	ck_assert_uint_eq(k->state, TOTE_STATE_SUSPENDED);
	ck_assert_uint_eq(k->move_count, 1);
	ck_assert_uint_eq(r.next, 4);
	tote__registry_free(&r);
}
END_TEST

#define LOG_KEY "log.example/a+452a08ae+AUSJLc9ki1OdoahPt4XoBX28+h5RT8YVtID616q0cbzJ"
#define ROOT    "root 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"

START_TEST(cosigned_logs_and_cosigners_are_what_was_said_of_them_last)
{
	struct known_log *log;
	struct registry r;
	struct known *k;

	tote__registry_init(&r, plain_heap());
	ck_assert_int_eq(take(&r, "1 container.registered", 0, REGISTERED), 0);
	ck_assert_int_eq(
		take(&r, "1 witness.cosigned", 1, "origin log.example/a\n" ROOT "size 3\n"),
		TOTE_E_DAMAGED);
	ck_assert_int_eq(
		take(&r, "1 witness.accepted", 1, "origin log.example/a\nvkey " LOG_KEY "\n"), 0);
	ck_assert_ptr_null(tote__registry_log(&r, "log.example/b"));
	log = tote__registry_log(&r, "log.example/a");
	ck_assert_ptr_nonnull(log);
	ck_assert_uint_eq(log->size, 0);
	ck_assert_int_eq(
		take(&r, "1 witness.cosigned", 2, "origin log.example/a\n" ROOT "size 3\n"), 0);
	ck_assert_int_eq(
		take(&r, "1 witness.accepted", 3, "origin log.example/a\nvkey another\n"), 0);
	log = tote__registry_log(&r, "log.example/a");
	ck_assert_uint_eq(r.log_count, 1);
	ck_assert_uint_eq(log->size, 3);
	ck_assert_uint_eq(log->accepted, 3);
	ck_assert_str_eq(log->vkey, "another");
	ck_assert_int_eq(take(&r, "1 container.policy", 4, "container a\ncosigner-keys x y\n"), 0);
	ck_assert_int_eq(take(&r, "1 container.policy", 5, "container a\nrate 7\n"), 0);
	k = tote__registry_find(&r, "a");
	ck_assert_str_eq(k->cosigner_keys, "x y");
	ck_assert_int_eq(take(&r, "1 container.policy", 6, "container a\ncosigner-keys z\n"), 0);
	ck_assert_str_eq(k->cosigner_keys, "z");
	ck_assert_int_eq(
		take(&r, "1 container.policy", 7, "container b\nrate 7\n"), TOTE_E_DAMAGED);
	tote__registry_free(&r);
}
END_TEST

static struct tote_policy policy_after(struct registry *r, const char *fields)
{
	char text[512];

	snprintf(text, sizeof(text), "container a\n%s", fields);
	ck_assert_int_eq(take(r, "1 container.policy", r->next, text), 0);
	return tote__registry_find(r, "a")->policy;
}

START_TEST(a_value_without_sense_leaves_the_one_before_it_in_force)
{
	static const char *const senseless[] = {"full-every 59\n", "full-every 07200\n",
		"full-every x\n", "full-every -1\n", "full-every 99999999999\n", "window 22:00\n",
		"window 22:00-24:00\n", "window 21:60-23:00\n", "window 22.00-23:00\n",
		"window 2200--0530\n", "window 05:00-05:00\n", "on-flag dispose\n",
		"on-flag Suspend\n", "on-flag %20none\n", "cosigners 33\n",
		"cosigners 4294967297\n", "fold-bytes 0\n", "rate 18446744073709551615\n"};
	struct tote_policy before, after;
	struct registry r;

	tote__registry_init(&r, plain_heap());
	ck_assert_int_eq(take(&r, "1 container.registered", 0, REGISTERED), 0);
	before = policy_after(&r, "cosigners 2\nfold-bytes 8192\nfull-every 7200\n"
				  "on-flag suspend\nrate 5\nwindow 22:00-05:30\n");
	ck_assert_uint_eq(before.full_every_s, 7200);
	ck_assert_uint_eq(before.cosigners, 2);
	for (size_t i = 0; i < sizeof(senseless) / sizeof(senseless[0]); i++) {
		after = policy_after(&r, senseless[i]);
		ck_assert_msg(!memcmp(&before, &after, sizeof(after)), "%s", senseless[i]);
	}
	after = policy_after(&r, "full-every x\nrate 6\n");
	ck_assert_uint_eq(after.full_every_s, 7200);
	ck_assert_uint_eq(after.rate, 6);
	/* beside keys it counts these */
	after = policy_after(&r, "cosigner-keys x y z\ncosigners 3\n");
	ck_assert_uint_eq(after.cosigners, 2);
	tote__registry_free(&r);
}
END_TEST

START_TEST(entries_come_once_and_in_order)
{
	struct registry r;

	tote__registry_init(&r, plain_heap());
	ck_assert_int_eq(take(&r, "1 container.registered", 0, REGISTERED), 0);
	ck_assert_int_eq(take(&r, "1 container.registered", 0, REGISTERED), 0);
	ck_assert_int_eq(take(&r, "1 container.registered", 2, REGISTERED), TOTE_E_DAMAGED);
	ck_assert_int_eq(take(&r, "1 container.registered", 1, REGISTERED), TOTE_E_DAMAGED);
	ck_assert_int_eq(
		take(&r, "1 container.detached", 2, "container a\nreason x\n"), TOTE_E_DAMAGED);
	ck_assert_int_eq(take(&r, "1 container.blessed", 7, "container a\n"), TOTE_E_DAMAGED);
	ck_assert_uint_eq(r.next, 1);
	ck_assert_int_eq(
		take(&r, "1 container.detached", 1, "container b\nreason x\n"), TOTE_E_DAMAGED);
	ck_assert_int_eq(take(&r, "1 flag.acknowledged", 1, "flag 0\nreason x\n"), TOTE_E_DAMAGED);
	ck_assert_int_eq(take(&r, "1 container.detached", 1, "container a\nreason x\n"), 0);
	ck_assert_int_eq(take(&r, "1 container.registered", 2, REGISTERED), 0);
	ck_assert_uint_eq(r.count, 1);
	tote__registry_free(&r);
}
END_TEST

START_TEST(a_run_that_was_under_way_when_a_flag_was_raised_does_not_clear_it)
{
	static const char finished[] =
		"assets 0\nbytes 1\ncontainer a\nentries 1\nfindings 0\nlevel full\n"
		"report-digest sha256:"
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
		"report-size 0\nroot 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nrun %d\n"
		"size 1\nverdict ok\nwitnessed 1\n";
	struct registry r;
	struct known *k;
	char fields[1024];

	tote__registry_init(&r, plain_heap());
	ck_assert_int_eq(take(&r, "1 container.registered", 0, REGISTERED), 0);
	ck_assert_int_eq(take(&r, "1 audit.started", 1, "container a\nlevel full\n"), 0);
	ck_assert_int_eq(take(&r, "1 audit.started", 2, "container a\nlevel full\n"), 0);
	ck_assert_int_eq(take(&r, "1 audit.finding", 3, "code TOTE-3003\ncontainer a\nrun 2\n"), 0);
	ck_assert_int_eq(
		take(&r, "1 flag.raised", 4, "code TOTE-3003\ncontainer a\nfinding 3\n"), 0);
	snprintf(fields, sizeof(fields), finished, 1);
	ck_assert_int_eq(take(&r, "1 audit.finished", 5, fields), 0);
	k = tote__registry_find(&r, "a");
	ck_assert_int_eq(k->flags[0].cleared, 0);
	ck_assert_int_eq(take(&r, "1 audit.started", 6, "container a\nlevel full\n"), 0);
	snprintf(fields, sizeof(fields), finished, 6);
	ck_assert_int_eq(take(&r, "1 audit.finished", 7, fields), 0);
	ck_assert_int_eq(k->flags[0].cleared, 1);
	ck_assert_uint_eq(r.report_count, 2);
	tote__registry_free(&r);
}
END_TEST

Suite *registry_suite(void)
{
	Suite *s = suite_create("registry");
	TCase *t = tcase_create("registry");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, unknown_kinds_fields_and_versions_are_passed_over);
	tcase_add_test(t, cosigned_logs_and_cosigners_are_what_was_said_of_them_last);
	tcase_add_test(t, a_value_without_sense_leaves_the_one_before_it_in_force);
	tcase_add_test(t, entries_come_once_and_in_order);
	tcase_add_test(t, a_run_that_was_under_way_when_a_flag_was_raised_does_not_clear_it);
	suite_add_tcase(s, t);
	return s;
}
