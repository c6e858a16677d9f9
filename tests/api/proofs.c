/* SPDX-License-Identifier: ISC */
/*
 * Proofs that a box gives under checkpoints that others keep, between any two sizes, by a policy, and
 * the request that a witness is asked with.
 */
#include "container.h"

static char vkey[320], witness[320], policy[2048], body[TOTE_NOTE_MAX], proof[TOTE_NOTE_MAX];
static char kept[8][TOTE_NOTE_MAX];
static size_t kept_length[8];

/* The sizes under a checkpoint, cosigned but for the last. */
static const uint64_t sizes[] = {1, 2, 7, 255, 256, 257, 300, 523};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

static void append_to(tote_box *to, uint64_t size, const char *text)
{
	struct tote_record record = {
		.kind = "record", .payload = text, .payload_length = strlen(text)};

	for (uint64_t seq = 0; seq + 1 < size;)
		ok(tote_box_append(to, &record, TOTE_SEQ_ANY, 0, &seq, &fault));
}

static void setup(void)
{
	struct tote_container c = {.size = sizeof(c)};
	tote_orchestrator *o;

	container_make();
	ok(tote_orchestrator_open(ctx, root, 0, &o, &fault));
	ok(tote_orchestrator_find(o, ID, &c, &fault));
	memcpy(vkey, c.vkey, sizeof(vkey));
	ok(tote_orchestrator_key(o, TOTE_KEY_WITNESS, witness, sizeof(witness), &fault));
	snprintf(policy, sizeof(policy), "log %s\nwitness own %s\nquorum own\n", vkey, witness);
	ok(tote_box_open(o, ID, NULL, &box, &fault));
	for (size_t i = 0; i < SIZES; i++) {
		if (info_of(box).entries < sizes[i])
			append_to(box, sizes[i], "agreed");
		ok(tote_box_checkpoint(box, 0, kept[i], sizeof(kept[i]), &kept_length[i], &fault));
		if (i + 1 < SIZES)
			ok(tote_orchestrator_witness(o, ID, 0, NULL, &fault));
		ok(tote_box_checkpoint(box, TOTE_CHECKPOINT_LAST, kept[i], sizeof(kept[i]),
			&kept_length[i], &fault));
	}
	tote_orchestrator_unref(o);
}

static void read_entry(uint64_t seq, uint8_t out[1024], size_t *ret_length)
{
	struct tote_entry e = {.size = sizeof(e)};
	tote_cursor *cursor;

	ok(tote_cursor_open(box, seq, 0, &cursor, &fault));
	ck_assert_int_eq(tote_cursor_next(cursor, &e, &fault), 1);
	ck_assert_uint_lt(e.length, 1024);
	memcpy(out, e.bytes, e.length);
	*ret_length = e.length;
	tote_cursor_unref(cursor);
}

START_TEST(an_entry_is_proven_under_any_checkpoint_that_somebody_kept)
{
	uint8_t entry[1024];
	size_t entry_length, length;

	for (size_t i = 0; i < SIZES; i++) {
		uint64_t seqs[] = {0, sizes[i] / 2, sizes[i] - 1};

		for (size_t k = 0; k < 3; k++) {
			struct tote_checkpoint c = {.size = sizeof(c)};
			uint64_t index = 0;

			ok(tote_box_prove_at(box, seqs[k], kept[i], kept_length[i], 0, proof,
				sizeof(proof), &length, &fault));
			read_entry(seqs[k], entry, &entry_length);
			ok(tote_verify_proof(proof, length, entry, entry_length, vkey,
				i + 1 < SIZES ? witness : NULL, &index, &c, &fault));
			ck_assert_uint_eq(index, seqs[k]);
			ck_assert_uint_eq(c.tree_size, sizes[i]);
			/* the checkpoint that was given, and no other */
			ck_assert_mem_eq(proof + length - kept_length[i], kept[i], kept_length[i]);
		}
		fails(tote_box_prove_at(box, sizes[i], kept[i], kept_length[i], 0, proof,
			      sizeof(proof), &length, &fault),
			TOTE_E_NOT_FOUND);
	}
}
END_TEST

START_TEST(a_read_only_box_proves_under_a_kept_checkpoint_too)
{
	size_t length;

	tote_box_unref(box);
	box = container_open(TOTE_BOX_READ_ONLY);
	ok(tote_box_prove_at(
		box, 3, kept[2], kept_length[2], 0, proof, sizeof(proof), &length, &fault));
	ok(tote_box_witness_request(
		box, 2, TOTE_CHECKPOINT_LAST, body, sizeof(body), &length, &fault));
	fails(tote_box_witness_request(box, 2, 0, body, sizeof(body), &length, &fault),
		TOTE_E_READ_ONLY);
}
END_TEST

START_TEST(a_checkpoint_of_a_former_key_still_proves_and_so_does_one_of_the_new)
{
	char note[TOTE_NOTE_MAX];
	uint8_t entry[1024];
	size_t note_length, entry_length, length;

	ok(tote_box_rotate(box, "alice@counsel", "yearly", 0, NULL, &fault));
	append_to(box, 530, "under the new key");
	ok(tote_box_checkpoint(box, 0, note, sizeof(note), &note_length, &fault));
	fails(tote_verify_checkpoint(note, note_length, vkey, NULL, NULL, &fault),
		TOTE_E_NO_SIGNATURE);
	for (int read_only = 0; read_only < 2; read_only++) {
		if (read_only) {
			tote_box_unref(box);
			box = container_open(TOTE_BOX_READ_ONLY);
		}
		ok(tote_box_prove_at(
			box, 3, kept[2], kept_length[2], 0, proof, sizeof(proof), &length, &fault));
		read_entry(3, entry, &entry_length);
		ok(tote_verify_proof(
			proof, length, entry, entry_length, vkey, witness, NULL, NULL, &fault));
		ok(tote_box_prove_at(
			box, 3, note, note_length, 0, proof, sizeof(proof), &length, &fault));
		fails(tote_verify_proof(
			      proof, length, entry, entry_length, vkey, NULL, NULL, NULL, &fault),
			TOTE_E_NO_SIGNATURE);
	}
}
END_TEST

/* A copy of the container as it was, grown on with the same key where nobody guards it. */
static void grow_a_fork(uint64_t size, char note[TOTE_NOTE_MAX], size_t *ret_length)
{
	struct tote_box_options options;
	char command[2048];
	tote_box *other;

	snprintf(command, sizeof(command), "cp '%s' '%s'", key, in_scratch("fork.key"));
	ck_assert_int_eq(system(command), 0);
	ok(tote_box_options_init(&options, sizeof(options), &fault));
	options.key_file = in_scratch("fork.key");
	ok(tote_box_open_alone(ctx, in_scratch("early"), &options, &other, &fault));
	append_to(other, size, "another history");
	ok(tote_box_checkpoint(other, 0, note, TOTE_NOTE_MAX, ret_length, &fault));
	tote_box_unref(other);
}

START_TEST(a_checkpoint_of_another_history_gets_no_proof_and_is_named_a_fork)
{
	char note[TOTE_NOTE_MAX], command[1024];
	size_t note_length, length = 77;

	container_teardown();
	container_setup();
	snprintf(command, sizeof(command), "cp -a '%s' '%s'", location, in_scratch("early"));
	ck_assert_int_eq(system(command), 0);
	append_to(box, 40, "agreed");
	grow_a_fork(30, note, &note_length);
	fails(tote_box_prove_at(
		      box, 3, note, note_length, 0, proof, sizeof(proof), &length, &fault),
		TOTE_E_FORK);
	ck_assert_uint_eq(length, 77);
}
END_TEST

START_TEST(a_checkpoint_that_covers_more_than_is_here_is_named_a_rollback)
{
	char note[TOTE_NOTE_MAX], command[1024];
	size_t note_length, length;

	container_teardown();
	container_setup();
	snprintf(command, sizeof(command), "cp -a '%s' '%s'", location, in_scratch("early"));
	ck_assert_int_eq(system(command), 0);
	grow_a_fork(30, note, &note_length);
	fails(tote_box_prove_at(
		      box, 0, note, note_length, 0, proof, sizeof(proof), &length, &fault),
		TOTE_E_ROLLBACK);
}
END_TEST

START_TEST(a_checkpoint_that_this_ledger_did_not_sign_gets_no_proof)
{
	char note[TOTE_NOTE_MAX], *line;
	size_t length;

	fails(tote_box_prove_at(box, 0, "rubbish", 7, 0, proof, sizeof(proof), &length, &fault),
		TOTE_E_MALFORMED);
	fails(tote_box_prove_at(box, 0, NULL, 7, 0, proof, sizeof(proof), &length, &fault),
		TOTE_E_ARGUMENT);
	/* a size that was not signed */
	memcpy(note, kept[2], kept_length[2]);
	line = memchr(note, '\n', kept_length[2]);
	line[1] = '6';
	fails(tote_box_prove_at(
		      box, 0, note, kept_length[2], 0, proof, sizeof(proof), &length, &fault),
		TOTE_E_BAD_SIGNATURE);
	/* the witness's line alone */
	memcpy(note, kept[2], kept_length[2]);
	note[kept_length[2]] = '\0';
	line = strstr(note, "\n\n") + 2;
	memmove(line, strchr(line, '\n') + 1, strlen(strchr(line, '\n') + 1) + 1);
	fails(tote_box_prove_at(
		      box, 0, note, strlen(note), 0, proof, sizeof(proof), &length, &fault),
		TOTE_E_NO_SIGNATURE);
}
END_TEST

static void read_checkpoint(size_t i, struct tote_checkpoint *c)
{
	c->size = sizeof(*c);
	ok(tote_verify_checkpoint(kept[i], kept_length[i], vkey, NULL, c, &fault));
}

START_TEST(any_two_sizes_are_consistent_and_their_roots_are_told)
{
	uint8_t path[TOTE_PROOF_HASHES * TOTE_HASH_SIZE], from_root[32], to_root[32];
	struct tote_checkpoint a, b;
	size_t count;

	for (size_t i = 0; i < SIZES; i++) {
		for (size_t k = i; k < SIZES; k++) {
			read_checkpoint(i, &a);
			read_checkpoint(k, &b);
			ok(tote_box_prove_consistency(box, sizes[i], sizes[k], 0, path,
				TOTE_PROOF_HASHES, &count, from_root, to_root, &fault));
			ck_assert_mem_eq(from_root, a.root, sizeof(from_root));
			ck_assert_mem_eq(to_root, b.root, sizeof(to_root));
			ok(tote_verify_consistency(
				sizes[i], sizes[k], path, count, from_root, to_root, &fault));
		}
	}
	/* sizes that never had a checkpoint, and none at all */
	ok(tote_box_prove_consistency(
		box, 0, 0, 0, path, TOTE_PROOF_HASHES, &count, from_root, NULL, &fault));
	ck_assert_uint_eq(count, 0);
	ok(tote_box_prove_consistency(
		box, 100, 301, 0, path, TOTE_PROOF_HASHES, &count, from_root, to_root, &fault));
	ok(tote_verify_consistency(100, 301, path, count, from_root, to_root, &fault));
}
END_TEST

START_TEST(what_is_not_covered_yet_is_folded_first_unless_the_last_is_asked_for)
{
	uint8_t path[TOTE_PROOF_HASHES * TOTE_HASH_SIZE];
	size_t count;

	append_to(box, 530, "more");
	fails(tote_box_prove_consistency(box, 7, 530, TOTE_CHECKPOINT_LAST, path, TOTE_PROOF_HASHES,
		      &count, NULL, NULL, &fault),
		TOTE_E_NOT_FOUND);
	ck_assert_uint_eq(info_of(box).covered, 523);
	ok(tote_box_prove_consistency(
		box, 7, 530, 0, path, TOTE_PROOF_HASHES, &count, NULL, NULL, &fault));
	ck_assert_uint_eq(info_of(box).covered, 530);
	fails(tote_box_prove_consistency(
		      box, 7, 531, 0, path, TOTE_PROOF_HASHES, &count, NULL, NULL, &fault),
		TOTE_E_NOT_FOUND);
	fails(tote_box_prove_consistency(
		      box, 8, 7, 0, path, TOTE_PROOF_HASHES, &count, NULL, NULL, &fault),
		TOTE_E_ARGUMENT);
	fails(tote_box_prove_consistency(box, 7, 530, 0, path, 2, &count, NULL, NULL, &fault),
		TOTE_E_TOO_LARGE);
	ck_assert_uint_gt(count, 2);
}
END_TEST

START_TEST(a_witness_is_asked_with_the_proof_from_its_size_and_our_lines_alone)
{
	uint8_t path[TOTE_PROOF_HASHES * TOTE_HASH_SIZE];
	size_t length, count, lines = 0;
	const char *text;

	ok(tote_box_witness_request(box, 300, 0, body, sizeof(body), &length, &fault));
	ck_assert_mem_eq(body, "old 300\n", 8);
	ok(tote_box_prove_consistency(
		box, 300, 523, 0, path, TOTE_PROOF_HASHES, &count, NULL, NULL, &fault));
	for (text = body + 8; *text != '\n'; text = strchr(text, '\n') + 1)
		lines++;
	ck_assert_uint_eq(lines, count);
	text++;
	ok(tote_verify_checkpoint(text, length - (size_t)(text - body), vkey, NULL, NULL, &fault));
	fails(tote_verify_checkpoint(
		      text, length - (size_t)(text - body), vkey, witness, NULL, &fault),
		TOTE_E_NO_SIGNATURE);
	ok(tote_box_witness_request(box, 0, 0, body, sizeof(body), &length, &fault));
	ck_assert_mem_eq(body, "old 0\n\n", 7);
	ok(tote_box_witness_request(box, 523, 0, body, sizeof(body), &length, &fault));
	ck_assert_mem_eq(body, "old 523\n\n", 9);
	fails(tote_box_witness_request(box, 524, 0, body, sizeof(body), &length, &fault),
		TOTE_E_ARGUMENT);
	ck_assert_ptr_nonnull(strstr(fault.text, "an older copy of the ledger"));
	fails(tote_box_witness_request(box, 0, 0, body, 10, &length, &fault), TOTE_E_TOO_LARGE);
	ck_assert_uint_gt(length, 10);
}
END_TEST

START_TEST(a_policy_decides_over_checkpoints_and_proofs)
{
	struct tote_checkpoint c = {.size = sizeof(c)};
	uint8_t entry[1024];
	size_t entry_length, length;
	uint64_t index = 0;

	ok(tote_verify_checkpoint_policy(
		kept[6], kept_length[6], policy, strlen(policy), NULL, &c, &fault));
	/* witnessed by its own orchestrator only */
	ck_assert_uint_eq(c.guarantees, TOTE_GUARANTEE_SIGNED | TOTE_GUARANTEE_WITNESSED);
	ck_assert_uint_eq(c.cosigners, 1);
	ck_assert_int_gt(c.cosigned_us, 0);
	fails(tote_verify_checkpoint_policy(
		      kept[7], kept_length[7], policy, strlen(policy), NULL, &c, &fault),
		TOTE_E_NO_SIGNATURE);
	ck_assert_ptr_nonnull(strstr(fault.text, "'own'"));
	fails(tote_verify_checkpoint_policy(kept[6], kept_length[6], "quorum none\n",
		      strlen("quorum none\n"), NULL, &c, &fault),
		TOTE_E_NO_SIGNATURE);
	ok(tote_verify_checkpoint_policy(kept[7], kept_length[7], "quorum none\n",
		strlen("quorum none\n"), vkey, &c, &fault));
	ck_assert_uint_eq(c.guarantees, TOTE_GUARANTEE_SIGNED);
	ck_assert_uint_eq(c.cosigners, 0);
	fails(tote_verify_checkpoint_policy(
		      kept[6], kept_length[6], policy, strlen(policy) - 1, NULL, &c, &fault),
		TOTE_E_GRAMMAR);
	fails(tote_verify_checkpoint_policy(kept[6], kept_length[6], NULL, 0, NULL, &c, &fault),
		TOTE_E_ARGUMENT);
	ok(tote_box_prove_at(
		box, 5, kept[6], kept_length[6], 0, proof, sizeof(proof), &length, &fault));
	read_entry(5, entry, &entry_length);
	ok(tote_verify_proof_policy(proof, length, entry, entry_length, policy, strlen(policy),
		NULL, &index, &c, &fault));
	ck_assert_uint_eq(index, 5);
	entry[9] ^= 1;
	fails(tote_verify_proof_policy(proof, length, entry, entry_length, policy, strlen(policy),
		      NULL, &index, &c, &fault),
		TOTE_E_BAD_PROOF);
	fails(tote_verify_proof_policy(
		      proof, length, entry, entry_length, NULL, 0, NULL, &index, &c, &fault),
		TOTE_E_ARGUMENT);
}
END_TEST

START_TEST(what_is_missing_or_unknown_is_refused_by_every_call)
{
	uint8_t path[TOTE_PROOF_HASHES * TOTE_HASH_SIZE];
	struct tote_fault *f = &fault;
	char out[TOTE_COSIGNATURE_MAX];
	const char *keys[] = {witness};
	tote_orchestrator *o;
	size_t n;

	fails(tote_box_prove_at(NULL, 0, "x", 1, 0, proof, 1, &n, f), TOTE_E_ARGUMENT);
	fails(tote_box_prove_at(box, 0, "x", 1, 0, NULL, 1, &n, f), TOTE_E_ARGUMENT);
	fails(tote_box_prove_at(box, 0, "x", 1, 0, proof, 1, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_box_prove_at(box, 0, "x", 1, 8, proof, 1, &n, f), TOTE_E_FLAGS);
	fails(tote_box_prove_consistency(NULL, 0, 1, 0, path, 64, &n, NULL, NULL, f),
		TOTE_E_ARGUMENT);
	fails(tote_box_prove_consistency(box, 0, 1, 0, NULL, 64, &n, NULL, NULL, f),
		TOTE_E_ARGUMENT);
	fails(tote_box_prove_consistency(box, 0, 1, 0, path, 64, NULL, NULL, NULL, f),
		TOTE_E_ARGUMENT);
	fails(tote_box_prove_consistency(box, 0, 1, 8, path, 64, &n, NULL, NULL, f), TOTE_E_FLAGS);
	fails(tote_box_witness_request(NULL, 0, 0, body, 1, &n, f), TOTE_E_ARGUMENT);
	fails(tote_box_witness_request(box, 0, 0, NULL, 1, &n, f), TOTE_E_ARGUMENT);
	fails(tote_box_witness_request(box, 0, 0, body, 1, NULL, f), TOTE_E_ARGUMENT);
	fails(tote_box_witness_request(box, 0, 8, body, 1, &n, f), TOTE_E_FLAGS);
	fails(tote_orchestrator_cosign(NULL, "x", 1, vkey, NULL, 0, out, sizeof(out), &n, f),
		TOTE_E_ARGUMENT);
	fails(tote_orchestrator_witness_merge(NULL, ID, "x", 1, keys, 1, NULL, 0, NULL, f),
		TOTE_E_ARGUMENT);
	ok(tote_orchestrator_open(ctx, root, TOTE_ORCHESTRATOR_READ_ONLY, &o, &fault));
	fails(tote_orchestrator_cosign(o, "x", 1, vkey, NULL, 0, NULL, sizeof(out), &n, f),
		TOTE_E_ARGUMENT);
	fails(tote_orchestrator_cosign(o, "x", 1, vkey, NULL, 0, out, sizeof(out), NULL, f),
		TOTE_E_ARGUMENT);
	fails(tote_orchestrator_cosign(o, "x", 1, vkey, NULL, 2, out, sizeof(out), &n, f),
		TOTE_E_FLAGS);
	fails(tote_orchestrator_witness_merge(o, NULL, "x", 1, keys, 1, NULL, 0, NULL, f),
		TOTE_E_ARGUMENT);
	fails(tote_orchestrator_witness_merge(o, ID, "x", 1, NULL, 1, NULL, 0, NULL, f),
		TOTE_E_ARGUMENT);
	/* a handle that only reads neither cosigns nor merges */
	ok(tote_box_witness_request(box, 0, 0, body, sizeof(body), &n, &fault));
	fails(tote_orchestrator_cosign(o, body, n, vkey, NULL, 0, out, sizeof(out), &n, f),
		TOTE_E_READ_ONLY);
	fails(tote_orchestrator_witness_merge(o, ID, "x", 1, keys, 1, NULL, 0, NULL, f),
		TOTE_E_READ_ONLY);
	tote_orchestrator_unref(o);
}
END_TEST

Suite *proofs_suite(void)
{
	Suite *s = suite_create("proofs");
	TCase *t = tcase_create("proofs");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, container_teardown);
	tcase_add_test(t, an_entry_is_proven_under_any_checkpoint_that_somebody_kept);
	tcase_add_test(t, a_read_only_box_proves_under_a_kept_checkpoint_too);
	tcase_add_test(t, a_checkpoint_of_a_former_key_still_proves_and_so_does_one_of_the_new);
	tcase_add_test(t, a_checkpoint_of_another_history_gets_no_proof_and_is_named_a_fork);
	tcase_add_test(t, a_checkpoint_that_covers_more_than_is_here_is_named_a_rollback);
	tcase_add_test(t, a_checkpoint_that_this_ledger_did_not_sign_gets_no_proof);
	tcase_add_test(t, any_two_sizes_are_consistent_and_their_roots_are_told);
	tcase_add_test(t, what_is_not_covered_yet_is_folded_first_unless_the_last_is_asked_for);
	tcase_add_test(t, a_witness_is_asked_with_the_proof_from_its_size_and_our_lines_alone);
	tcase_add_test(t, what_is_missing_or_unknown_is_refused_by_every_call);
	tcase_add_test(t, a_policy_decides_over_checkpoints_and_proofs);
	suite_add_tcase(s, t);
	return s;
}
