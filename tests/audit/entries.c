/* SPDX-License-Identifier: ISC */
/*
 * Ledgers that are signed and whole as trees, whose entries are not what the format says.
 */
#include "audit/handmade.h"

#define BUNDLE "ledger/log/tile/entries/000.p/"

/* --- one entry ------------------------------------------------------------------------------ */

START_TEST(a_ledger_written_by_hand_is_whole)
{
	add_records(299);
	audit();
	nothing();
	ck_assert_uint_eq(result.entries, 300);
	ck_assert_int_eq(result.cached, 1); /* memory says so */
}
END_TEST

START_TEST(a_malformed_entry_is_named_by_bundle_and_seq)
{
	static const char *const texts[] = {
		"", "junk", "toteborch.entry/1 record\n\n", "toteborch.entry/1 Record\nseq 5\n"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		teardown();
		setup();
		add_records(4);
		logs_add_bytes(l, texts[i], strlen(texts[i]));
		add_records(4);
		audit();
		ck_assert_str_eq(only(FINDING_ENTRY_MALFORMED, 5)->path, BUNDLE "10");
	}
}
END_TEST

START_TEST(a_malformed_entry_is_counted_as_not_verified)
{
	add_records(4);
	logs_add_bytes(l, "junk", 4);
	audit();
	ck_assert_uint_eq(result.entries, 5);
	ck_assert_uint_eq(result.entries_total, 6);
	ck_assert_int_eq(result.oldest_unverified_us, LOGS_TIME);
}
END_TEST

START_TEST(a_broken_prev_and_a_broken_seq_are_named_once)
{
	uint8_t prev[HASH_LEN];

	add_records(4);
	logs_prev(l, 3, prev);
	add_at(5, prev, NULL, "record", NULL, 0);
	add_records(4);
	audit();
	only(FINDING_CHAIN_BROKEN, 5);

	teardown();
	setup();
	add_records(4);
	logs_prev(l, 5, prev);
	add_at(6, prev, NULL, "record", NULL, 0);
	add_records(4);
	audit();
	only(FINDING_SEQ_BROKEN, 5);
}
END_TEST

START_TEST(a_field_that_is_missing_or_of_another_form_is_malformed)
{
	add("asset.void", FIELDS(F("reason", "r")));
	audit();
	only(FINDING_ENTRY_MALFORMED, 1);

	teardown();
	setup();
	add("input.rejected", FIELDS(F("name", "n"), F("size", "-1"), F("digest", "sha256:00"),
				      F("reason", "r")));
	audit();
	only(FINDING_ENTRY_MALFORMED, 1);
}
END_TEST

START_TEST(an_unknown_kind_and_version_are_information)
{
	static const char later[] = "toteborch.entry/2 record\nseq 2\ntime "
				    "2026-11-23T08:15:00.000000Z\nprev %s\nnew";
	char prev_text[BASE64_LEN(HASH_LEN) + 1];
	uint8_t prev[HASH_LEN];
	const char *text;

	add("asset.blessed", FIELDS(F("by", "somebody")));
	logs_prev(l, 2, prev);
	tote__base64_encode(prev, HASH_LEN, prev_text);
	text = printed(later, prev_text);
	logs_add_bytes(l, text, strlen(text));
	add_records(3);
	audit();
	nothing();
	ck_assert_uint_eq(tote__run_findings(run)->count, 2);
	ck_assert_int_eq(tote__run_findings(run)->items[0].code, FINDING_ENTRY_UNKNOWN);
	ck_assert_uint_eq(tote__run_findings(run)->items[1].seq, 2);
}
END_TEST

/* --- entry 0 -------------------------------------------------------------------------------- */

START_TEST(a_ledger_whose_genesis_is_of_another_origin_is_named)
{
	uint8_t prev[HASH_LEN];

	begin_again();
	tote__entry_genesis(OTHER, l->vkey, prev);
	add_at(0, prev, NULL, "container.created",
		FIELDS(F("id", "contracts"), F("origin", LOGS_ORIGIN), F("vkey", l->vkey),
			F("backend", "memory")));
	audit();
	only(FINDING_GENESIS_DIFFERS, 0);
}
END_TEST

START_TEST(a_ledger_whose_key_bears_another_name_than_its_origin_is_named)
{
	static const uint8_t seed[32] = {9};
	struct tote_fault fault = {0};
	struct secret other;

	begin_again();
	ck_ok(tote__secret_from_seed(OTHER, KEY_TYPE_ED25519, seed, &other, &fault), fault);
	tote__secret_free(&l->key);
	l->key = other;
	tote__vkey_format(&l->key.key, l->vkey);
	add_created();
	audit();
	only(FINDING_GENESIS_DIFFERS, 0);
}
END_TEST

START_TEST(a_ledger_of_another_origin_than_the_one_registered_is_named)
{
	target.origin = OTHER;
	audit();
	only(FINDING_IDENTITY_DIFFERS, 0);
}
END_TEST

START_TEST(a_ledger_that_begins_with_something_else_is_named)
{
	begin_again();
	add_records(3);
	audit();
	ck_assert_int_eq(tote__run_findings(run)->items[0].code, FINDING_GENESIS_DIFFERS);
	ck_assert_uint_eq(result.verdict, TOTE_VERDICT_DAMAGED);
}
END_TEST

START_TEST(another_container_in_the_place_of_the_one_registered_is_named)
{
	struct tote_fault fault = {0};
	static const uint8_t seed[32] = {9};
	struct secret other;

	target.id = "mails";
	audit();
	only(FINDING_IDENTITY_DIFFERS, 0);
	target.id = "contracts";
	ck_ok(tote__secret_from_seed(LOGS_ORIGIN, KEY_TYPE_ED25519, seed, &other, &fault), fault);
	target.key = &other.key;
	audit();
	only(FINDING_IDENTITY_DIFFERS, 0);
	tote__secret_free(&other);
}
END_TEST

/* --- states --------------------------------------------------------------------------------- */

START_TEST(tote_state_that_is_missing_misplaced_or_wrong_is_named)
{
	static const struct {
		uint64_t at;
		const char *state;
	} cases[] = {{256, NULL}, {256, "suspended"}, {7, "active"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t prev[HASH_LEN];

		teardown();
		setup();
		add_records(cases[i].at - 1);
		logs_prev(l, cases[i].at, prev);
		add_at(cases[i].at, prev, cases[i].state, "record", NULL, 0);
		add_records(3);
		audit();
		only(FINDING_STATE_FIELD, cases[i].at);
	}
}
END_TEST

static void add_move(const char *from, const char *to)
{
	add("container.state", FIELDS(F("from", from), F("to", to), F("reason", "because")));
}

START_TEST(moves_that_there_are_not_and_entries_that_a_state_refuses_are_named)
{
	add_move("active", "suspended");
	add_move("suspended", "active");
	add_records(2);
	add_move("active", "archived");
	audit();
	nothing();
	ck_assert_uint_eq(result.state, TOTE_STATE_ARCHIVED);
	ck_assert_uint_eq(result.last_from, TOTE_STATE_ACTIVE);
	ck_assert_uint_eq(result.state_moves, 3);
	ck_assert_str_eq(result.last_reason, "because");
	add_records(1);
	audit();
	only(FINDING_ENTRY_MALFORMED, 6);

	teardown();
	setup();
	add_move("suspended", "active");
	audit();
	only(FINDING_ENTRY_MALFORMED, 1);

	teardown();
	setup();
	add_move("active", "disposed");
	audit();
	only(FINDING_ENTRY_MALFORMED, 1);
}
END_TEST

START_TEST(the_two_ledgers_may_differ_by_one_last_move)
{
	static const struct recorded_move moves[] = {{TOTE_STATE_ACTIVE, TOTE_STATE_SUSPENDED},
		{TOTE_STATE_SUSPENDED, TOTE_STATE_ACTIVE},
		{TOTE_STATE_ACTIVE, TOTE_STATE_ARCHIVED}};

	target.moves_known = 1;
	target.moves = moves;
	add_move("active", "suspended");
	add_move("suspended", "active");
	for (size_t count = 0; count <= 3; count++) {
		target.move_count = count;
		audit();
		if (count == 1 || count == 2)
			nothing();
		else
			only(FINDING_STATE_DIFFERS, NO_SEQ);
	}
	add_move("active", "suspended"); /* where the record has another one */
	target.move_count = 3;
	audit();
	only(FINDING_STATE_DIFFERS, NO_SEQ);
}
END_TEST

/* --- assets --------------------------------------------------------------------------------- */

#define DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void add_seal(const char *path)
{
	add("asset.sealed", FIELDS(F("path", path), F("size", "0"), F("digest", DIGEST)));
}

static void put_asset(const char *path)
{
	struct tote_fault fault = {0};

	ck_ok(l->place.ops->put_new(l->place.handle, SPACE_ASSETS, path, "", 0, &fault), fault);
}

START_TEST(a_path_sealed_twice_or_beside_its_own_beginning_is_named)
{
	static const char *const paths[][3] = {
		{"a/b", "a/c", "a/b"}, {"a/b", "a/c", "a"}, {"a", "c", "a/b/d"}};

	for (int i = 0; i < 3; i++) {
		teardown();
		setup();
		for (int k = 0; k < 3; k++)
			add_seal(paths[i][k]);
		put_asset(paths[i][0]);
		put_asset(paths[i][1]);
		audit();
		only(FINDING_ASSET_TWICE, 3);
		ck_assert_uint_eq(result.assets, 2);
	}
}
END_TEST

START_TEST(a_voided_seal_does_not_count_and_a_void_of_nothing_is_malformed)
{
	add_seal("a");
	add("asset.void", FIELDS(F("seal", "1"), F("reason", "it was in the way")));
	add_seal("a");
	put_asset("a");
	audit();
	nothing();
	ck_assert_uint_eq(result.assets_total, 1);
	add("asset.erased", FIELDS(F("seal", "2"), F("reason", "r"), F("authority", "a")));
	audit();
	only(FINDING_ENTRY_MALFORMED, 4);
}
END_TEST

Suite *entries_suite(void)
{
	Suite *s = suite_create("entries");
	TCase *t = tcase_create("entries");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_ledger_written_by_hand_is_whole);
	tcase_add_test(t, a_malformed_entry_is_named_by_bundle_and_seq);
	tcase_add_test(t, a_malformed_entry_is_counted_as_not_verified);
	tcase_add_test(t, a_broken_prev_and_a_broken_seq_are_named_once);
	tcase_add_test(t, a_field_that_is_missing_or_of_another_form_is_malformed);
	tcase_add_test(t, an_unknown_kind_and_version_are_information);
	tcase_add_test(t, a_ledger_whose_genesis_is_of_another_origin_is_named);
	tcase_add_test(t, a_ledger_whose_key_bears_another_name_than_its_origin_is_named);
	tcase_add_test(t, a_ledger_of_another_origin_than_the_one_registered_is_named);
	tcase_add_test(t, a_ledger_that_begins_with_something_else_is_named);
	tcase_add_test(t, another_container_in_the_place_of_the_one_registered_is_named);
	tcase_add_test(t, tote_state_that_is_missing_misplaced_or_wrong_is_named);
	tcase_add_test(t, moves_that_there_are_not_and_entries_that_a_state_refuses_are_named);
	tcase_add_test(t, the_two_ledgers_may_differ_by_one_last_move);
	tcase_add_test(t, a_path_sealed_twice_or_beside_its_own_beginning_is_named);
	tcase_add_test(t, a_voided_seal_does_not_count_and_a_void_of_nothing_is_malformed);
	suite_add_tcase(s, t);
	return s;
}
