/* SPDX-License-Identifier: ISC */
/*
 * Verification from bytes alone, of what the library itself gave out.
 */
#include "container.h"

static char vkey[320], witness[320], note[TOTE_NOTE_MAX], proof[TOTE_NOTE_MAX];
static size_t note_length, proof_length;
static uint8_t entry[70000];
static size_t entry_length;

static void setup(void)
{
	struct tote_container c = {.size = sizeof(c)};
	struct tote_record record = {
		.kind = "record", .payload = "agreed", .payload_length = strlen("agreed")};
	struct tote_entry e = {.size = sizeof(e)};
	tote_orchestrator *o;
	tote_cursor *cursor;
	uint64_t seq;

	container_make();
	ok(tote_orchestrator_open(ctx, root, 0, &o, &fault));
	ok(tote_orchestrator_find(o, ID, &c, &fault));
	memcpy(vkey, c.vkey, sizeof(vkey));
	ok(tote_orchestrator_key(o, TOTE_KEY_WITNESS, witness, sizeof(witness), &fault));
	ok(tote_box_open(o, ID, NULL, &box, &fault));
	for (int i = 0; i < 5; i++)
		ok(tote_box_append(box, &record, TOTE_SEQ_ANY, 0, &seq, &fault));
	ok(tote_box_checkpoint(box, 0, note, sizeof(note), &note_length, &fault));
	ok(tote_orchestrator_witness(o, ID, 0, NULL, &fault));
	ok(tote_box_checkpoint(
		box, TOTE_CHECKPOINT_LAST, note, sizeof(note), &note_length, &fault));
	ok(tote_box_prove(box, 3, 0, proof, sizeof(proof), &proof_length, &fault));
	ok(tote_cursor_open(box, 3, 0, &cursor, &fault));
	ck_assert_int_eq(tote_cursor_next(cursor, &e, &fault), 1);
	memcpy(entry, e.bytes, e.length);
	entry_length = e.length;
	tote_cursor_unref(cursor);
	box = tote_box_unref(box);
	tote_orchestrator_unref(o);
}

START_TEST(a_proof_holds_for_its_entry_and_says_which_guarantees_held)
{
	struct tote_checkpoint c = {.size = sizeof(c)};
	uint64_t index = 0;

	ok(tote_verify_proof(
		proof, proof_length, entry, entry_length, vkey, witness, &index, &c, &fault));
	ck_assert_uint_eq(index, 3);
	ck_assert_uint_eq(c.tree_size, 6);
	ck_assert_uint_eq(c.guarantees, TOTE_GUARANTEE_SIGNED | TOTE_GUARANTEE_WITNESSED);
	ck_assert_int_gt(c.cosigned_us, 0);
	ok(tote_verify_proof(
		proof, proof_length, entry, entry_length, vkey, NULL, NULL, &c, &fault));
	ck_assert_uint_eq(c.guarantees, TOTE_GUARANTEE_SIGNED);
}
END_TEST

START_TEST(no_changed_byte_of_entry_or_proof_passes)
{
	for (size_t i = 0; i < entry_length; i++) {
		entry[i] ^= 1;
		ck_assert_int_eq(tote_verify_proof(proof, proof_length, entry, entry_length, vkey,
					 NULL, NULL, NULL, &fault),
			TOTE_E_BAD_PROOF);
		entry[i] ^= 1;
	}
	for (size_t i = 0; i < proof_length; i++) {
		struct tote_checkpoint c = {.size = sizeof(c)};
		uint64_t index = 99;
		int rc;

		proof[i] ^= 1;
		rc = tote_verify_proof(proof, proof_length, entry, entry_length, vkey, witness,
			&index, &c, &fault);
		ck_assert_msg(rc < 0, "byte %zu", i);
		ck_assert_uint_eq(index, 99);
		proof[i] ^= 1;
	}
}
END_TEST

START_TEST(a_checkpoint_is_signed_and_cosigned_by_whom_it_says)
{
	struct tote_checkpoint c = {.size = sizeof(c)};

	ok(tote_verify_note(note, note_length, vkey, &fault));
	ok(tote_verify_checkpoint(note, note_length, vkey, witness, &c, &fault));
	ck_assert_str_eq(c.origin, ORIGIN "/" ID);
	fails(tote_verify_checkpoint(note, note_length, witness, NULL, &c, &fault),
		TOTE_E_NO_SIGNATURE);
	ck_assert_int_lt(tote_verify_checkpoint(note, note_length, vkey, vkey, &c, &fault), 0);
}
END_TEST

START_TEST(what_is_missing_is_refused)
{
	uint8_t hash[32];
	struct tote_fault *f = &fault;

	fails(tote_leaf_hash(NULL, 1, hash, f), TOTE_E_ARGUMENT);
	fails(tote_leaf_hash("x", 1, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_verify_note(NULL, 1, vkey, f), TOTE_E_ARGUMENT);
	fails(tote_verify_note(note, note_length, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_verify_checkpoint(NULL, 1, vkey, NULL, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_verify_proof(NULL, 1, entry, 1, vkey, NULL, NULL, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_verify_inclusion(0, 1, NULL, NULL, 0, hash, f), TOTE_E_ARGUMENT);
	fails(tote_verify_consistency(0, 1, NULL, 0, NULL, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_verify_asset(NULL, NULL, 1, "/x", f), TOTE_E_ARGUMENT);
	fails(tote_verify_asset(NULL, entry, entry_length, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_verify_asset(NULL, entry, entry_length, "/dev/null", f), TOTE_E_MALFORMED);
}
END_TEST

Suite *verify_suite(void)
{
	Suite *s = suite_create("verify");
	TCase *t = tcase_create("verify");

	tcase_add_checked_fixture(t, setup, container_teardown);
	tcase_add_test(t, a_proof_holds_for_its_entry_and_says_which_guarantees_held);
	tcase_add_test(t, no_changed_byte_of_entry_or_proof_passes);
	tcase_add_test(t, a_checkpoint_is_signed_and_cosigned_by_whom_it_says);
	tcase_add_test(t, what_is_missing_is_refused);
	suite_add_tcase(s, t);
	return s;
}
