/* SPDX-License-Identifier: ISC */
/*
 * The checkpoint under audit: signed by the key that the entries lead to, of their origin, each line
 * by a key that this log has or had, and over the root that they give.
 */
#include "audit/handmade.h"

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

/* Without the consolidated record: who was told the first key is led to the one of today. */
START_TEST(a_reader_who_was_told_a_former_key_hears_of_the_one_that_signs_now)
{
	const struct finding *found;
	char first[VKEY_MAX], now[VKEY_MAX];
	struct vkey told;
	struct secret next;

	begin_again();
	told = l->key.key;
	target.key = &told;
	target.layout = LAYOUT_LOG;
	add_created();
	new_key(&next, 20);
	add_rotation(&l->key, &next, 0);
	sign_with(&next);
	audit();
	nothing();
	found = only(FINDING_KEY_ROTATED, NO_SEQ);
	tote__vkey_format(&told, first);
	tote__vkey_format(&l->key.key, now);
	ck_assert_str_eq(found->expected, first);
	ck_assert_str_eq(found->found, now);
	told = l->key.key; /* the newest: nothing is left to tell */
	audit();
	nothing();
	ck_assert_uint_eq(tote__run_findings(run)->count, 0);
	tote__secret_free(&next);
}
END_TEST

/* --- the note ------------------------------------------------------------------------------- */

/* A note over all entries by the log's key; by a second one too, a bit of which may be wrong. */
static void put_head(const char *origin, const struct secret *second, uint8_t flip)
{
	struct checkpoint c = {.size = l->count};
	uint8_t sig[SIG_LEN], other[SIG_LEN];
	struct buf note;

	logs_fold(l, l->count);
	snprintf(c.origin, sizeof(c.origin), "%s", origin);
	logs_root(l, c.size, c.root);
	tote__buf_init(&note, plain_heap(), NOTE_MAX);
	tote__checkpoint_put(&note, &c);
	tote__secret_sign(&l->key, note.data, note.len, sig);
	if (second)
		tote__secret_sign(second, note.data, note.len, other);
	tote__buf_putc(&note, '\n');
	tote__note_put_sig(&note, &l->key.key, sig, SIG_LEN);
	other[7] ^= flip;
	if (second)
		tote__note_put_sig(&note, &second->key, other, SIG_LEN);
	logs_put_checkpoint(l, (const char *)note.data, note.len);
	tote__buf_free(&note);
}

START_TEST(a_line_by_a_former_key_must_verify_as_well)
{
	struct vkey first = l->key.key;
	struct secret next;

	target.key = &first;
	new_key(&next, 20);
	add_rotation(&l->key, &next, 0);
	sign_with(&next); /* next is the former one from now on */
	put_head(LOGS_ORIGIN, &next, 0);
	audit();
	nothing();
	put_head(LOGS_ORIGIN, &next, 1);
	audit();
	only(FINDING_SIGNATURE_BAD, NO_SEQ);
	tote__secret_free(&next);
}
END_TEST

START_TEST(a_checkpoint_of_another_origin_is_named_whoever_signed_it)
{
	add_records(3);
	put_head(OTHER, NULL, 0);
	audit();
	only(FINDING_CHECKPOINT_MALFORMED, NO_SEQ);
}
END_TEST

/* A container whose first fold was never finished: all of it is in the journal. */
START_TEST(a_ledger_that_nobody_has_signed_yet_is_not_called_ok)
{
	add_records(3);
	logs_segment(l, 0, l->count, 2);
	audit_as_it_is();
	ck_assert_ptr_nonnull(only(FINDING_UNSIGNED, NO_SEQ));
	ck_assert_uint_eq(result.entries, 4);
	ck_assert_uint_eq(result.entries_total, 4);
	ck_assert_uint_eq(result.verdict, TOTE_VERDICT_INCOMPLETE);
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
Suite *head_suite(void)
{
	Suite *s = suite_create("head");
	TCase *t = tcase_create("head");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, each_proven_rotation_is_followed_to_the_key_demanded);
	tcase_add_test(t, a_rotation_whose_proof_does_not_verify_is_named);
	tcase_add_test(t, a_key_that_replaced_a_lost_one_is_demanded_from_its_seq_on);
	tcase_add_test(t, a_root_that_nothing_gives_is_named_at_the_checkpoint);
	tcase_add_test(t, a_reader_who_was_told_a_former_key_hears_of_the_one_that_signs_now);
	tcase_add_test(t, a_line_by_a_former_key_must_verify_as_well);
	tcase_add_test(t, a_checkpoint_of_another_origin_is_named_whoever_signed_it);
	tcase_add_test(t, a_ledger_that_nobody_has_signed_yet_is_not_called_ok);
	suite_add_tcase(s, t);
	return s;
}
