/* SPDX-License-Identifier: ISC */
/*
 * Ledgers that are signed and whole as trees, whose entries are not what the format says: written by
 * hand, in memory, and audited.
 */
#include "audit/run.h"
#include "base/text.h"
#include "ledger/logs.h"

#define HERE   "/entries"
#define OTHER  "archive.example.com/acme/other"
#define BUNDLE "ledger/log/tile/entries/000.p/"
#define NO_SEQ FINDING_NO_SEQ
#define FIELDS(...)                                                                                \
	(const struct field[]){__VA_ARGS__},                                                       \
		sizeof((const struct field[]){__VA_ARGS__}) / sizeof(struct field)
#define F(key, value)                                                                              \
	{                                                                                          \
		key, value, strlen(value)                                                          \
	}

static struct logs *l;
static struct run_target target;
static struct run *run;
static struct run_result result;

static void add_at(uint64_t seq, const uint8_t prev[HASH_LEN], const char *state, const char *kind,
	const struct field *fields, size_t count)
{
	struct draft d = {.kind = kind, .fields = fields, .field_count = count};
	struct tote_fault fault = {0};
	struct buf out;

	tote__buf_init(&out, plain_heap(), ENTRY_MAX);
	ck_ok(tote__entry_encode(&d, seq, LOGS_TIME, prev, state, &out, &fault), fault);
	logs_add_bytes(l, out.data, out.len);
	tote__buf_free(&out);
}

static void add(const char *kind, const struct field *fields, size_t count)
{
	uint8_t prev[HASH_LEN];
	uint64_t seq = l->count;

	logs_prev(l, seq, prev);
	add_at(seq, prev, seq && seq % STATE_INTERVAL == 0 ? "active" : NULL, kind, fields, count);
}

static void add_records(uint64_t count)
{
	while (count--)
		add("record", NULL, 0);
}

static void add_created(void)
{
	add("container.created", FIELDS(F("id", "contracts"), F("origin", LOGS_ORIGIN),
					 F("vkey", l->vkey), F("backend", "memory")));
}

static void setup(void)
{
	l = logs_new(HERE, LAYOUT_CONTAINER);
	target = (struct run_target){.ctx = l->ctx,
		.id = "contracts",
		.place = &l->place,
		.type = LEDGER_CONTAINER,
		.layout = LAYOUT_CONTAINER,
		.level = TOTE_LEVEL_FULL,
		.origin = LOGS_ORIGIN,
		.key = &l->key.key};
	add_created();
}

static void teardown(void)
{
	tote__run_free(run);
	run = NULL;
	logs_free(l);
}

static void audit(void)
{
	struct tote_fault fault = {0};
	int rc;

	if (l->folded != l->count)
		logs_fold(l, l->count);
	tote__run_free(run);
	run = NULL;
	ck_ok(tote__run_start(&target, &run, &fault), fault);
	while ((rc = tote__run_step(run, 0, 0, &fault)) > 0)
		continue;
	ck_assert_msg(rc == 0, "%s", fault.text);
	tote__run_result(run, &result);
}

static const struct finding *only(int code, uint64_t seq)
{
	const struct finding_list *list = tote__run_findings(run);
	const struct finding *found = NULL;
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct finding *f = &list->items[i];

		if (tote__finding_severity(f->code) == SEVERITY_INFORMATION && f->code != code)
			continue;
		ck_assert_msg(f->code == code, "%s at %s, seq %d: %s / %s instead of %s",
			tote_finding_name(f->code), f->path, (int)f->seq, f->expected, f->found,
			tote_finding_name(code));
		found = f;
		count++;
	}
	ck_assert_msg(count == 1, "%zu findings of %s", count, tote_finding_name(code));
	if (seq != NO_SEQ)
		ck_assert(found->have_seq && found->seq == seq);
	return found;
}

static void nothing(void)
{
	const struct finding_list *list = tote__run_findings(run);

	for (size_t i = 0; i < list->count; i++)
		ck_assert_msg(tote__finding_severity(list->items[i].code) == SEVERITY_INFORMATION,
			"%s at %s, seq %d: %s / %s", tote_finding_name(list->items[i].code),
			list->items[i].path, (int)list->items[i].seq, list->items[i].expected,
			list->items[i].found);
	ck_assert_uint_eq(result.verdict, TOTE_VERDICT_OK);
}

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

static void begin_again(void)
{
	teardown();
	l = logs_new(HERE, LAYOUT_CONTAINER);
	target.ctx = l->ctx;
	target.place = &l->place;
	target.key = &l->key.key;
}

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

/* --- keys ----------------------------------------------------------------------------------- */

static void add_rotation(const struct secret *from, const struct secret *to, int flip)
{
	char from_text[VKEY_MAX], to_text[VKEY_MAX], prev_text[BASE64_LEN(HASH_LEN) + 1];
	char proof[BASE64_LEN(SIG_LEN) + 1];
	uint8_t prev[HASH_LEN], sig[SIG_LEN];
	const char *message;

	logs_prev(l, l->count, prev);
	tote__base64_encode(prev, HASH_LEN, prev_text);
	tote__vkey_format(&from->key, from_text);
	tote__vkey_format(&to->key, to_text);
	message = printed("toteborch.rotate/1\n" LOGS_ORIGIN "\n%d\n%s\n%s\n", (int)l->count,
		prev_text, to_text);
	tote__secret_sign(from, message, strlen(message), sig);
	sig[5] = (uint8_t)(sig[5] ^ flip);
	tote__base64_encode(sig, SIG_LEN, proof);
	add("key.rotated", FIELDS(F("from", from_text), F("to", to_text), F("proof", proof),
				   F("reason", "yearly")));
}

static void new_key(struct secret *ret, uint8_t number)
{
	struct tote_fault fault = {0};
	uint8_t seed[32] = {number};

	ck_ok(tote__secret_from_seed(LOGS_ORIGIN, KEY_TYPE_ED25519, seed, ret, &fault), fault);
}

/* The log signs with another key from now on. */
static void sign_with(struct secret *key)
{
	struct secret old = l->key;

	l->key = *key;
	*key = old;
}

START_TEST(each_proven_rotation_is_followed_to_the_key_demanded)
{
	struct vkey first = l->key.key;
	struct secret next, last;

	target.key = &first;
	new_key(&next, 20);
	new_key(&last, 21);
	add_records(2);
	add_rotation(&l->key, &next, 0);
	audit(); /* signed by the first key still */
	only(FINDING_SIGNATURE_MISSING, NO_SEQ);
	sign_with(&next);
	add_records(1);
	audit();
	nothing();
	add_rotation(&l->key, &last, 0);
	sign_with(&last);
	audit();
	nothing();
	ck_assert_int_eq(result.signed_ok, 1);
	tote__secret_free(&next);
	tote__secret_free(&last);
}
END_TEST

START_TEST(a_rotation_whose_proof_does_not_verify_is_named)
{
	struct vkey first = l->key.key;
	struct secret next;

	target.key = &first;
	new_key(&next, 20);
	add_rotation(&l->key, &next, 1);
	audit();
	only(FINDING_ENTRY_MALFORMED, 1);
	tote__secret_free(&next);
}
END_TEST

START_TEST(a_key_that_replaced_a_lost_one_is_demanded_from_its_seq_on)
{
	struct vkey first = l->key.key;
	struct recorded_rekey rekey = {.at_seq = 3};
	struct secret next;

	target.key = &first;
	new_key(&next, 22);
	rekey.key = next.key;
	target.rekeys = &rekey;
	target.rekey_count = 1;
	add_records(2);
	audit(); /* 3 entries: seq 3 is not covered yet */
	nothing();
	add_records(2);
	audit();
	only(FINDING_SIGNATURE_MISSING, NO_SEQ);
	sign_with(&next);
	add_records(1);
	audit();
	nothing();
	target.rekeys = NULL;
	target.rekey_count = 0;
	tote__secret_free(&next);
}
END_TEST

/* A signed root that its own tiles do not give. */
START_TEST(a_root_that_nothing_gives_is_named_at_the_checkpoint)
{
	uint8_t leaf[HASH_LEN];

	add_records(20);
	logs_fold(l, l->count);
	memcpy(leaf, l->leaf[7], HASH_LEN);
	l->leaf[7][0] ^= 1;
	l->folded = 0;
	logs_remove(l, "tile/0/000.p/21");
	logs_remove(l, "tile/entries/000.p/21");
	logs_fold(l, l->count);
	memcpy(l->leaf[7], leaf, HASH_LEN);
	logs_remove(l, "tile/0/000.p/21");
	logs_put_tile(l, &(struct tile){0, 0, 21});
	audit();
	ck_assert_str_eq(only(FINDING_ROOT_DIFFERS, NO_SEQ)->path, "ledger/log/checkpoint");
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
	tcase_add_test(t, a_ledger_that_begins_with_something_else_is_named);
	tcase_add_test(t, another_container_in_the_place_of_the_one_registered_is_named);
	tcase_add_test(t, tote_state_that_is_missing_misplaced_or_wrong_is_named);
	tcase_add_test(t, moves_that_there_are_not_and_entries_that_a_state_refuses_are_named);
	tcase_add_test(t, the_two_ledgers_may_differ_by_one_last_move);
	tcase_add_test(t, a_path_sealed_twice_or_beside_its_own_beginning_is_named);
	tcase_add_test(t, a_voided_seal_does_not_count_and_a_void_of_nothing_is_malformed);
	tcase_add_test(t, each_proven_rotation_is_followed_to_the_key_demanded);
	tcase_add_test(t, a_rotation_whose_proof_does_not_verify_is_named);
	tcase_add_test(t, a_key_that_replaced_a_lost_one_is_demanded_from_its_seq_on);
	tcase_add_test(t, a_root_that_nothing_gives_is_named_at_the_checkpoint);
	suite_add_tcase(s, t);
	return s;
}
