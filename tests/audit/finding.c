/* SPDX-License-Identifier: ISC */
/*
 * The table of findings, whose numbers are for ever, and the list that says nothing twice.
 */
#include "audit/finding.h"
#include "support/support.h"
#include <ctype.h>

/* number and name as they were when they were first published: only ever added to */
static const struct {
	int number;
	const char *name;
} frozen[] = {{1001, "tile-changed"}, {1002, "tile-missing"}, {1003, "bundle-changed"},
	{1004, "bundle-missing"}, {1005, "log-foreign"}, {1006, "log-mode"}, {1007, "log-extra"},
	{1008, "entry-malformed"}, {1009, "chain-broken"}, {1010, "seq-broken"},
	{1011, "root-differs"}, {1012, "genesis-differs"}, {1013, "state-field"},
	{1014, "entry-unknown"}, {1015, "log-stale"}, {1016, "ledger-repaired"},
	{2001, "journal-damaged"}, {2002, "journal-differs"}, {2003, "journal-foreign"},
	{2004, "journal-torn"}, {2005, "journal-stale"}, {2006, "journal-mode"},
	{2007, "journal-unknown"}, {3001, "asset-changed"}, {3002, "asset-size"},
	{3003, "asset-missing"}, {3004, "asset-foreign"}, {3005, "asset-mode"},
	{3006, "asset-linked"}, {3007, "asset-type"}, {3008, "asset-twice"},
	{3009, "asset-erased-present"}, {3010, "asset-directory"}, {3011, "asset-unsettled"},
	{3012, "asset-stale"}, {3013, "asset-empty-directory"}, {3014, "asset-unexplained"},
	{4001, "skeleton-missing"}, {4002, "skeleton-foreign"}, {4003, "skeleton-type"},
	{4004, "directory-shared"}, {4005, "state-differs"}, {4006, "identity-differs"},
	{4007, "ledger-lock"}, {4008, "repair-aside"}, {4009, "successor"},
	{5001, "checkpoint-missing"}, {5002, "checkpoint-malformed"}, {5003, "signature-bad"},
	{5004, "signature-missing"}, {5005, "signature-foreign"}, {5006, "cosignature-bad"},
	{5007, "rollback"}, {5008, "fork"}, {5009, "witness-rolled-back"}, {5010, "seen-missing"},
	{5011, "seen-damaged"}, {5012, "key-damaged"}, {5013, "key-differs"}, {5014, "unsigned"},
	{5015, "key-replaced"}, {5016, "key-rotated"}, {5017, "key-missing"}, {5018, "key-shared"},
	{5019, "cosigners-few"}, {6001, "report-changed"}, {6002, "report-missing"},
	{6003, "orchestrator-foreign"}, {6004, "record-refuses"}, {6005, "orchestrator-mode"},
	{6006, "index-differs"}, {9001, "unreachable"}, {9002, "unreadable"}, {9003, "changing"},
	{9004, "cancelled"}};

#define FROZEN (sizeof(frozen) / sizeof(frozen[0]))

START_TEST(no_number_ever_moved)
{
	int code = 0;

	for (size_t i = 0; i < FROZEN; i++) {
		code = tote_finding_next(code);
		ck_assert_int_eq(code, frozen[i].number);
		ck_assert_str_eq(tote_finding_name(code), frozen[i].name);
	}
	ck_assert_int_eq(tote_finding_next(code), 0);
}
END_TEST

static void is_one_line(const char *text)
{
	ck_assert_ptr_nonnull(text);
	ck_assert_uint_gt(strlen(text), 5);
	ck_assert_uint_lt(strlen(text), 160);
	for (const char *c = text; *c; c++)
		ck_assert(isprint((unsigned char)*c));
	ck_assert(text[strlen(text) - 1] != '.');
}

START_TEST(each_code_says_what_it_means_and_what_to_do_in_one_line)
{
	for (int code = tote_finding_next(0); code; code = tote_finding_next(code)) {
		is_one_line(tote_finding_text(code));
		is_one_line(tote_finding_advice(code));
		for (const char *c = tote_finding_name(code); *c; c++)
			ck_assert(islower((unsigned char)*c) || *c == '-');
	}
	ck_assert_ptr_null(tote_finding_name(0));
	ck_assert_ptr_null(tote_finding_text(1000));
	ck_assert_ptr_null(tote_finding_advice(-1));
}
END_TEST

START_TEST(a_repeat_of_code_path_and_seq_is_dropped)
{
	struct tote_fault fault = {0};
	struct finding_list l;

	tote__findings_init(&l, plain_heap());
	for (int i = 0; i < 3; i++) {
		ck_ok(tote__findings_add(&l, 3001, "assets/a", 7, "x", "y", &fault), fault);
		ck_ok(tote__findings_add(&l, 3001, "assets/a", 8, NULL, NULL, &fault), fault);
		ck_ok(tote__findings_add(&l, 3001, "assets/b", 7, "x", "y", &fault), fault);
		ck_ok(tote__findings_add(&l, 3002, "assets/a", 7, "x", "y", &fault), fault);
		ck_ok(tote__findings_add(&l, 3001, "assets/a", FINDING_NO_SEQ, "x", "y", &fault),
			fault);
	}
	ck_assert_uint_eq(l.count, 5);
	ck_assert_str_eq(l.items[0].expected, "x");
	ck_assert_str_eq(l.items[0].found, "y");
	ck_assert_uint_eq(l.items[0].seq, 7);
	ck_assert_int_eq(l.items[4].have_seq, 0);
	ck_assert_str_eq(l.items[1].found, "");
	tote__findings_free(&l);
}
END_TEST

START_TEST(many_findings_are_told_apart)
{
	struct tote_fault fault = {0};
	struct finding_list l;

	tote__findings_init(&l, plain_heap());
	for (int round = 0; round < 2; round++)
		for (uint64_t i = 0; i < 20000; i++)
			ck_ok(tote__findings_add(&l, 3004, printed("assets/%d", (int)i), i % 3,
				      NULL, NULL, &fault),
				fault);
	ck_assert_uint_eq(l.count, 20000);
	ck_assert_str_eq(l.items[19999].path, "assets/19999");
	tote__findings_free(&l);
}
END_TEST

START_TEST(long_texts_are_cut_and_paths_are_not)
{
	struct tote_fault fault = {0};
	char text[5000], path[4097];
	struct finding_list l;

	memset(text, 't', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	tote__findings_init(&l, plain_heap());
	ck_ok(tote__findings_add(&l, 3004, path, FINDING_NO_SEQ, text, text, &fault), fault);
	ck_assert_uint_eq(strlen(l.items[0].expected), 400);
	ck_assert_uint_eq(strlen(l.items[0].found), 400);
	ck_assert_str_eq(l.items[0].path, path);
	tote__findings_free(&l);
}
END_TEST

START_TEST(without_memory_the_list_stays_as_it_was)
{
	for (long n = 0;; n++) {
		struct failing memory = {.fail_at = n};
		struct heap heap = failing_heap(&memory);
		struct tote_fault fault = {0};
		struct finding_list l;
		size_t done = 0;

		tote__findings_init(&l, &heap);
		for (uint64_t i = 0; i < 100; i++)
			done += tote__findings_add(&l, 3004, "assets/a", i, "e", "f", &fault) == 0;
		ck_assert_uint_eq(l.count, done);
		for (size_t i = 0; i < l.count; i++)
			ck_assert_str_eq(l.items[i].found, "f");
		tote__findings_free(&l);
		ck_assert_int_eq(memory.live, 0);
		if (!memory.fired)
			break;
		ck_assert_int_eq(fault.code, TOTE_E_NO_MEMORY);
	}
}
END_TEST

Suite *finding_suite(void)
{
	Suite *s = suite_create("finding");
	TCase *t = tcase_create("finding");

	tcase_add_test(t, no_number_ever_moved);
	tcase_add_test(t, each_code_says_what_it_means_and_what_to_do_in_one_line);
	tcase_add_test(t, a_repeat_of_code_path_and_seq_is_dropped);
	tcase_add_test(t, many_findings_are_told_apart);
	tcase_add_test(t, long_texts_are_cut_and_paths_are_not);
	tcase_add_test(t, without_memory_the_list_stays_as_it_was);
	suite_add_tcase(s, t);
	return s;
}
