/* SPDX-License-Identifier: ISC */
/*
 * The public calls of the ledger: records appended and read back, checkpoints, proofs.
 */
#include "container.h"
#include <pthread.h>

static int append(
	const char *kind, const void *payload, size_t length, uint64_t expected, uint64_t *ret_seq)
{
	struct tote_record record = {.kind = kind, .payload = payload, .payload_length = length};

	return tote_box_append(box, &record, expected, 0, ret_seq, &fault);
}

static void read_one(uint64_t seq, tote_cursor **cursor, struct tote_entry *entry)
{
	entry->size = sizeof(*entry);
	ok(tote_cursor_open(box, seq, 0, cursor, &fault));
	ck_assert_int_eq(tote_cursor_next(*cursor, entry, &fault), 1);
}

/* --- appending ------------------------------------------------------------------------------ */

START_TEST(a_record_is_read_back_as_it_was_given)
{
	static const char value[] = " %\n\0\xff\xc3\xa4 ";
	const struct tote_field fields[] = {{"matter", "acme/2026-014", 13},
		{"bytes", value, sizeof(value) - 1}, {"a", "1", 1}};
	struct tote_record record = {.kind = "record.contract",
		.actor = "alice@counsel",
		.fields = fields,
		.field_count = 3,
		.payload = "line\0line\n",
		.payload_length = 10};
	struct tote_entry entry;
	tote_cursor *cursor;
	uint64_t seq;
	uint8_t leaf[32];

	ok(tote_box_append(box, &record, TOTE_SEQ_ANY, 0, &seq, &fault));
	ck_assert_uint_eq(seq, 1);
	read_one(seq, &cursor, &entry);
	ck_assert_uint_eq(entry.seq, 1);
	ck_assert_uint_eq(entry.flags, 0);
	ck_assert_str_eq(entry.kind, "record.contract");
	ck_assert_str_eq(entry.actor, "alice@counsel");
	ck_assert_int_gt(entry.time_us, INT64_C(1700000000000000));
	ck_assert_uint_eq(entry.field_count, 3);
	ck_assert_str_eq(entry.fields[0].key, "a");
	ck_assert_str_eq(entry.fields[1].key, "bytes");
	ck_assert_uint_eq(entry.fields[1].length, sizeof(value) - 1);
	ck_assert_int_eq(memcmp(entry.fields[1].value, value, sizeof(value)), 0);
	ck_assert_str_eq(entry.fields[2].value, "acme/2026-014");
	ck_assert_uint_eq(entry.payload_length, 10);
	ck_assert_int_eq(memcmp(entry.payload, record.payload, 10), 0);
	ok(tote_leaf_hash(entry.bytes, entry.length, leaf, &fault));
	ck_assert_int_eq(memcmp(leaf, entry.leaf_hash, 32), 0);
	tote_cursor_unref(cursor);
}
END_TEST

START_TEST(many_are_appended_all_or_none)
{
	struct tote_record records[300];
	struct tote_entry entry;
	tote_cursor *cursor;
	char payloads[300][16];
	uint64_t first;

	for (size_t i = 0; i < 300; i++) {
		snprintf(payloads[i], sizeof(payloads[i]), "%zu", i);
		records[i] = (struct tote_record){.kind = "record",
			.payload = payloads[i],
			.payload_length = strlen(payloads[i])};
	}
	records[299].kind = "Record";
	fails(tote_box_append_many(box, records, 300, TOTE_SEQ_ANY, 0, &first, &fault),
		TOTE_E_GRAMMAR);
	ck_assert_uint_eq(info_of(box).entries, 1);
	records[299].kind = "record";
	ok(tote_box_append_many(box, records, 300, TOTE_SEQ_ANY, 0, &first, &fault));
	ck_assert_uint_eq(first, 1);
	read_one(1, &cursor, &entry);
	for (size_t i = 0; i < 300; i++) {
		ck_assert_uint_eq(entry.seq, 1 + i);
		ck_assert_uint_eq(entry.payload_length, strlen(payloads[i]));
		ck_assert_int_eq(memcmp(entry.payload, payloads[i], entry.payload_length), 0);
		ck_assert_int_eq(tote_cursor_next(cursor, &entry, &fault), i + 1 < 300);
	}
	tote_cursor_unref(cursor);
	/* a retry of all of them is none */
	ok(tote_box_append_many(box, records, 300, 1, 0, &first, &fault));
	ck_assert_uint_eq(first, 1);
	ck_assert_uint_eq(info_of(box).entries, 301);
	records[150].payload = "other";
	fails(tote_box_append_many(box, records, 300, 1, 0, &first, &fault), TOTE_E_CONFLICT);
}
END_TEST

START_TEST(a_retry_with_the_expected_seq_never_duplicates)
{
	uint64_t seq = 99;

	ok(append("record", "a", 1, 1, &seq));
	ck_assert_uint_eq(seq, 1);
	seq = 99;
	ok(append("record", "a", 1, 1, &seq));
	ck_assert_uint_eq(seq, 1);
	fails(append("record", "b", 1, 1, &seq), TOTE_E_CONFLICT);
	ck_assert_uint_eq(fault.flags & TOTE_FAULT_SEQ, TOTE_FAULT_SEQ);
	ck_assert_uint_eq(fault.seq, 2);
	ck_assert_str_eq(fault.box, ID);
	fails(append("record.x", "a", 1, 1, &seq), TOTE_E_CONFLICT);
	fails(append("record", "a", 1, 0, &seq), TOTE_E_CONFLICT);
	fails(append("record", "a", 1, 7, &seq), TOTE_E_CONFLICT);
	ck_assert_uint_eq(fault.seq, 2);
	ok(append("record", "a", 1, TOTE_SEQ_ANY, NULL));
	ck_assert_uint_eq(info_of(box).entries, 3);
}
END_TEST

START_TEST(records_outside_the_grammar_are_refused)
{
	static const char *const kinds[] = {"", "Record", "recordx", "record.", "record..x",
		"asset.sealed", "container.state", "other", "host", "record x", "record.-"};
	static const char *const keys[] = {"", "A", "1", "a b", "a_b", "seq", "time", "prev",
		"actor", "tote-state", "tote-x", "a23456789012345678901234567890123"};
	struct tote_field field = {"key", "v", 1}, twice[2] = {field, field};
	struct tote_record record = {.kind = "record", .fields = &field, .field_count = 1};
	uint64_t seq;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		fails(append(kinds[i], NULL, 0, TOTE_SEQ_ANY, &seq), TOTE_E_GRAMMAR);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		field.key = keys[i];
		fails(tote_box_append(box, &record, TOTE_SEQ_ANY, 0, &seq, &fault), TOTE_E_GRAMMAR);
	}
	field = (struct tote_field){"key", "", 0};
	fails(tote_box_append(box, &record, TOTE_SEQ_ANY, 0, &seq, &fault), TOTE_E_GRAMMAR);
	record.fields = twice;
	record.field_count = 2;
	fails(tote_box_append(box, &record, TOTE_SEQ_ANY, 0, &seq, &fault), TOTE_E_GRAMMAR);
	ck_assert_uint_eq(info_of(box).entries, 1);
}
END_TEST

START_TEST(what_is_too_large_is_refused_whole)
{
	char *large = calloc(1, TOTE_ENTRY_MAX + 1);
	struct tote_field fields[60], *value = &fields[0];
	struct tote_record record = {.kind = "record", .fields = fields}, *many;
	char keys[60][8];
	uint64_t seq;

	memset(large, 'x', TOTE_ENTRY_MAX);
	for (size_t i = 0; i < 60; i++) {
		snprintf(keys[i], sizeof(keys[i]), "k%zu", i);
		fields[i] = (struct tote_field){keys[i], "v", 1};
	}
	record.field_count = TOTE_FIELDS_MAX;
	ok(tote_box_append(box, &record, TOTE_SEQ_ANY, 0, &seq, &fault));
	record.field_count = 60;
	fails(tote_box_append(box, &record, TOTE_SEQ_ANY, 0, &seq, &fault), TOTE_E_TOO_LARGE);
	record.field_count = 1;
	*value = (struct tote_field){"k", large, TOTE_VALUE_MAX};
	ok(tote_box_append(box, &record, TOTE_SEQ_ANY, 0, &seq, &fault));
	value->length++;
	fails(tote_box_append(box, &record, TOTE_SEQ_ANY, 0, &seq, &fault), TOTE_E_TOO_LARGE);
	ok(append("record", large, 65000, TOTE_SEQ_ANY, &seq));
	fails(append("record", large, TOTE_ENTRY_MAX, TOTE_SEQ_ANY, &seq), TOTE_E_TOO_LARGE);
	many = calloc(70, sizeof(*many));
	for (size_t i = 0; i < 70; i++)
		many[i] = (struct tote_record){
			.kind = "record", .payload = large, .payload_length = 60000};
	fails(tote_box_append_many(box, many, 70, TOTE_SEQ_ANY, 0, &seq, &fault), TOTE_E_TOO_LARGE);
	fails(tote_box_append_many(box, many, SIZE_MAX / 64, TOTE_SEQ_ANY, 0, &seq, &fault),
		TOTE_E_TOO_LARGE);
	ok(tote_box_append_many(box, many, 69, TOTE_SEQ_ANY, 0, &seq, &fault));
	ck_assert_uint_eq(info_of(box).entries, 4 + 69);
	free(many);
	free(large);
}
END_TEST

START_TEST(misuse_of_append_is_refused)
{
	struct tote_record record = {.kind = "record"}, broken = record;
	tote_box *reader = container_open(TOTE_BOX_READ_ONLY);

	fails(tote_box_append(NULL, &record, TOTE_SEQ_ANY, 0, NULL, &fault), TOTE_E_ARGUMENT);
	fails(tote_box_append(box, NULL, TOTE_SEQ_ANY, 0, NULL, &fault), TOTE_E_ARGUMENT);
	fails(tote_box_append(box, &record, TOTE_SEQ_ANY, 1, NULL, &fault), TOTE_E_FLAGS);
	fails(tote_box_append_many(box, &record, 0, TOTE_SEQ_ANY, 0, NULL, &fault),
		TOTE_E_ARGUMENT);
	fails(tote_box_append_many(box, NULL, 1, TOTE_SEQ_ANY, 0, NULL, &fault), TOTE_E_ARGUMENT);
	broken.kind = NULL;
	fails(tote_box_append(box, &broken, TOTE_SEQ_ANY, 0, NULL, &fault), TOTE_E_ARGUMENT);
	broken = record;
	broken.field_count = 1;
	fails(tote_box_append(box, &broken, TOTE_SEQ_ANY, 0, NULL, &fault), TOTE_E_ARGUMENT);
	broken = record;
	broken.payload_length = 1;
	fails(tote_box_append(box, &broken, TOTE_SEQ_ANY, 0, NULL, &fault), TOTE_E_ARGUMENT);
	fails(tote_box_append(reader, &record, TOTE_SEQ_ANY, 0, NULL, &fault), TOTE_E_READ_ONLY);
	ck_assert_int_eq(tote_box_append(box, &record, TOTE_SEQ_ANY, 1, NULL, NULL), TOTE_E_FLAGS);
	ok(tote_box_append(box, &record, TOTE_SEQ_ANY, 0, NULL, &fault));
	tote_box_unref(reader);
}
END_TEST

#define THREADS    4
#define PER_THREAD 100

static void *append_some(void *user)
{
	struct tote_record record = {.kind = "record", .payload = user, .payload_length = 1};
	struct tote_fault own;

	for (int i = 0; i < PER_THREAD; i++)
		if (tote_box_append(box, &record, TOTE_SEQ_ANY, 0, NULL, &own) != 0)
			return "failed";
	return NULL;
}

START_TEST(threads_append_at_once_and_nothing_is_lost)
{
	struct tote_entry entry = {.size = sizeof(entry)};
	char names[THREADS] = {'a', 'b', 'c', 'd'};
	size_t counts[THREADS] = {0};
	pthread_t threads[THREADS];
	tote_cursor *cursor;

	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, append_some, &names[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		void *result;

		ck_assert_int_eq(pthread_join(threads[i], &result), 0);
		ck_assert_ptr_null(result);
	}
	ok(tote_cursor_open(box, 1, 0, &cursor, &fault));
	while (tote_cursor_next(cursor, &entry, &fault) == 1)
		counts[*(const char *)entry.payload - 'a']++;
	for (int i = 0; i < THREADS; i++)
		ck_assert_uint_eq(counts[i], PER_THREAD);
	tote_cursor_unref(cursor);
}
END_TEST

/* --- the cursor ----------------------------------------------------------------------------- */

START_TEST(a_cursor_sees_what_was_there_and_moves_to_any_seq)
{
	struct tote_entry entry = {.size = sizeof(entry)};
	tote_cursor *cursor;

	for (int i = 0; i < 5; i++)
		ok(append("record", "x", 1, TOTE_SEQ_ANY, NULL));
	ok(tote_cursor_open(box, 3, 0, &cursor, &fault));
	ok(append("record", "later", 5, TOTE_SEQ_ANY, NULL));
	for (uint64_t seq = 3; seq < 6; seq++) {
		ck_assert_int_eq(tote_cursor_next(cursor, &entry, &fault), 1);
		ck_assert_uint_eq(entry.seq, seq);
	}
	ck_assert_int_eq(tote_cursor_next(cursor, &entry, &fault), 0);
	ck_assert_int_eq(tote_cursor_next(cursor, &entry, &fault), 0);
	ok(tote_cursor_seek(cursor, 0, &fault));
	ck_assert_int_eq(tote_cursor_next(cursor, &entry, &fault), 1);
	ck_assert_str_eq(entry.kind, "container.created");
	ck_assert_uint_eq(entry.flags, TOTE_ENTRY_VERIFIED);
	ok(tote_cursor_seek(cursor, 6, &fault));
	ck_assert_int_eq(tote_cursor_next(cursor, &entry, &fault), 0);
	fails(tote_cursor_seek(cursor, 7, &fault), TOTE_E_NOT_FOUND);
	box = tote_box_unref(box);
	ok(tote_cursor_seek(cursor, 1, &fault));
	ck_assert_int_eq(tote_cursor_next(cursor, &entry, &fault), 1);
	ck_assert_ptr_null(tote_cursor_unref(cursor));
}
END_TEST

START_TEST(a_cursor_goes_on_while_others_fold)
{
	struct tote_entry entry = {.size = sizeof(entry)};
	tote_cursor *cursor;
	char note[4096];
	size_t length;
	uint64_t seq = 0;

	for (int i = 0; i < 600; i++)
		ok(append("record", "x", 1, TOTE_SEQ_ANY, NULL));
	ok(tote_cursor_open(box, 0, 0, &cursor, &fault));
	while (tote_cursor_next(cursor, &entry, &fault) == 1) {
		ck_assert_uint_eq(entry.seq, seq);
		if (++seq % 200 == 0) {
			ok(append("record", "y", 1, TOTE_SEQ_ANY, NULL));
			ok(tote_box_checkpoint(box, 0, note, sizeof(note), &length, &fault));
		}
	}
	ck_assert_uint_eq(seq, 601);
	tote_cursor_unref(cursor);
}
END_TEST

START_TEST(misuse_of_a_cursor_is_refused)
{
	struct tote_entry entry = {.size = sizeof(entry)};
	tote_cursor *cursor;

	fails(tote_cursor_open(NULL, 0, 0, &cursor, &fault), TOTE_E_ARGUMENT);
	fails(tote_cursor_open(box, 0, 0, NULL, &fault), TOTE_E_ARGUMENT);
	fails(tote_cursor_open(box, 0, 4, &cursor, &fault), TOTE_E_FLAGS);
	ok(tote_cursor_open(box, 0, 0, &cursor, &fault));
	fails(tote_cursor_next(NULL, &entry, &fault), TOTE_E_ARGUMENT);
	fails(tote_cursor_next(cursor, NULL, &fault), TOTE_E_ARGUMENT);
	fails(tote_cursor_seek(NULL, 0, &fault), TOTE_E_ARGUMENT);
	entry.size = 4;
	fails(tote_cursor_next(cursor, &entry, &fault), TOTE_E_STRUCT);
	entry.size = sizeof(entry);
	ck_assert_int_eq(tote_cursor_next(cursor, &entry, &fault), 1);
	ck_assert_uint_eq(entry.seq, 0);
	tote_cursor_unref(cursor);
	ck_assert_ptr_null(tote_cursor_unref(NULL));
}
END_TEST

/* --- checkpoints and proofs ----------------------------------------------------------------- */

START_TEST(a_checkpoint_covers_all_and_verifies)
{
	struct tote_checkpoint checkpoint = {.size = sizeof(checkpoint)};
	struct tote_box_info info = info_of(box);
	char note[4096], last[4096];
	size_t length, last_length;

	ok(append("record", "x", 1, TOTE_SEQ_ANY, NULL));
	ok(tote_box_checkpoint(
		box, TOTE_CHECKPOINT_LAST, last, sizeof(last), &last_length, &fault));
	ok(tote_verify_checkpoint(last, last_length, info.vkey, NULL, &checkpoint, &fault));
	ck_assert_uint_eq(checkpoint.tree_size, 1);
	ok(tote_box_checkpoint(box, 0, note, sizeof(note), &length, &fault));
	ok(tote_verify_checkpoint(note, length, info.vkey, NULL, &checkpoint, &fault));
	ck_assert_uint_eq(checkpoint.tree_size, 2);
	ck_assert_str_eq(checkpoint.origin, ORIGIN "/" ID);
	info = info_of(box);
	ck_assert_uint_eq(info.covered, 2);
	ck_assert_int_eq(memcmp(info.root, checkpoint.root, 32), 0);
	ck_assert_int_eq(info.unfolded_since_us, 0);
	ok(tote_box_checkpoint(
		box, TOTE_CHECKPOINT_LAST, last, sizeof(last), &last_length, &fault));
	ck_assert_uint_eq(last_length, length);
	ck_assert_int_eq(memcmp(last, note, length), 0);
}
END_TEST

START_TEST(a_buffer_that_is_too_small_is_told_how_much_it_takes)
{
	size_t length = 0, again;
	char note[4096];

	ok(append("record", "x", 1, TOTE_SEQ_ANY, NULL));
	fails(tote_box_checkpoint(box, 0, NULL, 0, &length, &fault), TOTE_E_TOO_LARGE);
	ck_assert_uint_eq(fault.effect, TOTE_EFFECT_DONE);
	ck_assert_uint_gt(length, 100);
	ck_assert_uint_eq(info_of(box).covered, 2);
	fails(tote_box_checkpoint(box, TOTE_CHECKPOINT_LAST, note, length - 1, &again, &fault),
		TOTE_E_TOO_LARGE);
	ck_assert_uint_eq(fault.effect, TOTE_EFFECT_NONE);
	ck_assert_uint_eq(again, length);
	ok(tote_box_checkpoint(box, TOTE_CHECKPOINT_LAST, note, length, &again, &fault));
}
END_TEST

START_TEST(a_proof_of_each_entry_verifies_from_bytes_alone)
{
	struct tote_entry entry = {.size = sizeof(entry)};
	struct tote_box_info info = info_of(box);
	tote_cursor *cursor;
	char proof[8192];
	uint64_t index;
	size_t length;

	for (int i = 0; i < 300; i++)
		ok(append("record", "x", 1, TOTE_SEQ_ANY, NULL));
	ok(tote_cursor_open(box, 0, 0, &cursor, &fault));
	while (tote_cursor_next(cursor, &entry, &fault) == 1) {
		ok(tote_box_prove(box, entry.seq, 0, proof, sizeof(proof), &length, &fault));
		ok(tote_verify_proof(proof, length, entry.bytes, entry.length, info.vkey, NULL,
			&index, NULL, &fault));
		ck_assert_uint_eq(index, entry.seq);
	}
	tote_cursor_unref(cursor);
	ck_assert_uint_eq(info_of(box).covered, 301);
}
END_TEST

START_TEST(what_is_not_covered_is_folded_first_or_refused)
{
	tote_box *keyless = container_open(TOTE_BOX_NO_SIGNER);
	char out[8192];
	size_t length;

	ok(append("record", "x", 1, TOTE_SEQ_ANY, NULL));
	fails(tote_box_prove(box, 2, 0, out, sizeof(out), &length, &fault), TOTE_E_NOT_FOUND);
	fails(tote_box_prove(box, TOTE_SEQ_ANY, 0, out, sizeof(out), &length, &fault),
		TOTE_E_NOT_FOUND);
	fails(tote_box_prove(box, 1, TOTE_CHECKPOINT_LAST, out, sizeof(out), &length, &fault),
		TOTE_E_NOT_FOUND);
	fails(tote_box_prove(keyless, 1, 0, out, sizeof(out), &length, &fault), TOTE_E_NO_SIGNER);
	fails(tote_box_checkpoint(keyless, 0, out, sizeof(out), &length, &fault), TOTE_E_NO_SIGNER);
	ok(tote_box_prove(keyless, 0, 0, out, sizeof(out), &length, &fault));
	fails(tote_box_prove(box, 1, 0, out, 10, &length, &fault), TOTE_E_TOO_LARGE);
	ck_assert_uint_eq(fault.effect, TOTE_EFFECT_DONE);
	ok(tote_box_prove(keyless, 1, 0, out, sizeof(out), &length, &fault));
	tote_box_unref(keyless);
}
END_TEST

START_TEST(a_read_only_box_proves_what_is_signed_and_signs_nothing)
{
	const struct tote_record record = {.kind = "record"};
	tote_box *reader = container_open(TOTE_BOX_READ_ONLY);
	char out[8192];
	size_t length;

	ok(tote_box_append(box, &record, TOTE_SEQ_ANY, 0, NULL, &fault));
	ok(tote_box_prove(reader, 0, 0, out, sizeof(out), &length, &fault));
	fails(tote_box_prove(reader, 1, 0, out, sizeof(out), &length, &fault), TOTE_E_NOT_FOUND);
	ok(tote_box_checkpoint(box, 0, out, sizeof(out), &length, &fault));
	ok(tote_box_prove(reader, 1, 0, out, sizeof(out), &length, &fault));
	tote_box_unref(reader);
}
END_TEST

START_TEST(misuse_of_checkpoint_and_prove_is_refused)
{
	tote_box *reader = container_open(TOTE_BOX_READ_ONLY);
	char out[8192];
	size_t length;

	fails(tote_box_checkpoint(NULL, 0, out, sizeof(out), &length, &fault), TOTE_E_ARGUMENT);
	fails(tote_box_checkpoint(box, 0, NULL, 5, &length, &fault), TOTE_E_ARGUMENT);
	fails(tote_box_checkpoint(box, 0, out, sizeof(out), NULL, &fault), TOTE_E_ARGUMENT);
	fails(tote_box_checkpoint(box, 2, out, sizeof(out), &length, &fault), TOTE_E_FLAGS);
	fails(tote_box_prove(NULL, 0, 0, out, sizeof(out), &length, &fault), TOTE_E_ARGUMENT);
	fails(tote_box_prove(box, 0, 0, NULL, 5, &length, &fault), TOTE_E_ARGUMENT);
	fails(tote_box_prove(box, 0, 0, out, sizeof(out), NULL, &fault), TOTE_E_ARGUMENT);
	fails(tote_box_prove(box, 0, 2, out, sizeof(out), &length, &fault), TOTE_E_FLAGS);
	fails(tote_box_checkpoint(reader, 0, out, sizeof(out), &length, &fault), TOTE_E_READ_ONLY);
	ok(tote_box_checkpoint(reader, TOTE_CHECKPOINT_LAST, out, sizeof(out), &length, &fault));
	ok(tote_box_prove(reader, 0, TOTE_CHECKPOINT_LAST, out, sizeof(out), &length, &fault));
	tote_box_unref(reader);
}
END_TEST

Suite *ledger_suite(void)
{
	Suite *s = suite_create("ledger");
	TCase *t = tcase_create("calls");

	tcase_add_checked_fixture(t, container_setup, container_teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_record_is_read_back_as_it_was_given);
	tcase_add_test(t, many_are_appended_all_or_none);
	tcase_add_test(t, a_retry_with_the_expected_seq_never_duplicates);
	tcase_add_test(t, records_outside_the_grammar_are_refused);
	tcase_add_test(t, what_is_too_large_is_refused_whole);
	tcase_add_test(t, misuse_of_append_is_refused);
	tcase_add_test(t, threads_append_at_once_and_nothing_is_lost);
	tcase_add_test(t, a_cursor_sees_what_was_there_and_moves_to_any_seq);
	tcase_add_test(t, a_cursor_goes_on_while_others_fold);
	tcase_add_test(t, misuse_of_a_cursor_is_refused);
	tcase_add_test(t, a_checkpoint_covers_all_and_verifies);
	tcase_add_test(t, a_buffer_that_is_too_small_is_told_how_much_it_takes);
	tcase_add_test(t, a_proof_of_each_entry_verifies_from_bytes_alone);
	tcase_add_test(t, what_is_not_covered_is_folded_first_or_refused);
	tcase_add_test(t, a_read_only_box_proves_what_is_signed_and_signs_nothing);
	tcase_add_test(t, misuse_of_checkpoint_and_prove_is_refused);
	suite_add_tcase(s, t);
	return s;
}
