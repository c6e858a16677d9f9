/* SPDX-License-Identifier: ISC */
/*
 * Cosignatures: the vectors byte for byte, and every line of a known key that does not hold.
 */
#include "tlog/cosignature.h"
#include "support/support.h"
#include "vectors/tlog_vectors.h"

static tote_ctx *ctx;
static struct secret witness;
static struct buf out, scratch;
static struct note note;
static struct tote_fault fault;
static uint64_t seconds;

static void setup(void)
{
	uint8_t seed[32];

	ctx = support_ctx(NULL, NULL);
	memset(&fault, 0, sizeof(fault));
	from_hex(vector_note.witness_seed_hex, seed);
	ck_ok(tote__secret_from_seed(
		      vector_note.witness_name, KEY_TYPE_COSIGNATURE, seed, &witness, &fault),
		fault);
	tote__buf_init(&out, plain_heap(), 1 << 16);
	tote__buf_init(&scratch, plain_heap(), 1 << 16);
	tote__buf_puts(&out, vector_note.note_text);
	tote__buf_putc(&out, '\n');
	seconds = 77;
}

static void teardown(void)
{
	tote__buf_free(&out);
	tote__buf_free(&scratch);
	tote__secret_free(&witness);
	tote_ctx_unref(ctx);
}

/* Appends a line that is right for this time and this text. */
static void put_line(uint64_t time, const char *text)
{
	uint8_t sig[SIG_LEN], blob[72];

	tote__buf_reset(&scratch);
	tote__cosignature_message(&scratch, time, text, strlen(text));
	tote__secret_sign(&witness, scratch.data, scratch.len, sig);
	tote__cosignature_blob(time, sig, blob);
	tote__note_put_sig(&out, &witness.key, blob, sizeof(blob));
}

static int verify(void)
{
	ck_ok(tote__buf_check(&out, "note", &fault), fault);
	ck_ok(tote__note_parse(out.data, out.len, &note, &fault), fault);
	return tote__cosignature_verify(&note, &witness.key, &scratch, &seconds, &fault);
}

START_TEST(message_and_line_are_those_of_the_vectors)
{
	const char *line = strrchr(vector_note.checkpoint, ' '); /* of the witness, the last */
	char *vkey = malloc(VKEY_MAX);

	tote__vkey_format(&witness.key, vkey);
	ck_assert_str_eq(vkey, vector_note.witness_vkey);
	free(vkey);
	tote__cosignature_message(&scratch, vector_note.cosig_time, vector_note.note_text,
		strlen(vector_note.note_text));
	ck_assert_uint_eq(scratch.len, strlen(vector_note.cosigned_message));
	ck_assert_mem_eq(scratch.data, vector_note.cosigned_message, scratch.len);
	put_line(vector_note.cosig_time, vector_note.note_text);
	ck_assert_uint_gt(out.len, strlen(line));
	ck_assert_mem_eq(out.data + out.len - strlen(line), line, strlen(line));
}
END_TEST

START_TEST(the_cosignature_of_the_vectors_verifies_and_has_its_time)
{
	struct vkey key;

	ck_ok(tote__vkey_parse(
		      vector_note.witness_vkey, strlen(vector_note.witness_vkey), &key, &fault),
		fault);
	ck_ok(tote__note_parse(
		      vector_note.checkpoint, strlen(vector_note.checkpoint), &note, &fault),
		fault);
	ck_assert_int_eq(tote__cosignature_verify(&note, &key, &scratch, &seconds, &fault), 1);
	ck_assert_uint_eq(seconds, vector_note.cosig_time);
}
END_TEST

START_TEST(a_note_without_a_line_of_the_key_has_none)
{
	struct secret other;
	uint8_t seed[32] = {1}, sig[SIG_LEN] = {0}, large[2428] = {0};
	struct vkey unknown;

	/* of another name with the same id, of the same name with another id, of an unknown type */
	ck_ok(tote__secret_from_seed(
		      vector_note.witness_name, KEY_TYPE_COSIGNATURE, seed, &other, &fault),
		fault);
	tote__note_put_sig(&out, &other.key, sig, sizeof(sig));
	unknown = witness.key;
	unknown.name[0] = 'W';
	tote__note_put_sig(&out, &unknown, sig, sizeof(sig));
	unknown = witness.key;
	strcat(unknown.name, "x");
	tote__note_put_sig(&out, &unknown, sig, sizeof(sig));
	unknown.id = 7;
	tote__note_put_sig(&out, &unknown, large, sizeof(large)); /* as long as an ML-DSA-44 line */
	ck_assert_int_eq(verify(), 0);
	ck_assert_uint_eq(seconds, 77);
	put_line(5, vector_note.note_text);
	ck_assert_int_eq(verify(), 1);
	ck_assert_uint_eq(seconds, 5);
	tote__secret_free(&other);
}
END_TEST

START_TEST(a_line_over_another_text_is_refused)
{
	put_line(
		5, "example.com/toteborch/demo\n9\ntpcyzlyRQWLKmsz69OldP5h01ogFQ3CIqv8YSk25Z3M=\n");
	ck_fault(verify(), TOTE_E_BAD_SIGNATURE, fault);
	ck_assert_uint_eq(seconds, 77);
}
END_TEST

START_TEST(every_flipped_bit_of_a_line_is_refused)
{
	uint8_t sig[SIG_LEN], blob[72];
	size_t before = out.len;

	tote__cosignature_message(
		&scratch, 5, vector_note.note_text, strlen(vector_note.note_text));
	tote__secret_sign(&witness, scratch.data, scratch.len, sig);
	tote__cosignature_blob(5, sig, blob);
	for (size_t bit = 0; bit < sizeof(blob) * 8; bit++) {
		tote__fault_clear(&fault);
		out.len = before;
		blob[bit / 8] ^= (uint8_t)(1u << bit % 8);
		tote__note_put_sig(&out, &witness.key, blob, sizeof(blob));
		blob[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_fault(verify(), TOTE_E_BAD_SIGNATURE, fault);
	}
}
END_TEST

START_TEST(a_blob_of_another_length_is_refused)
{
	static const size_t lengths[] = {1, 8, 64, 71, 73, 76, 2428};
	uint8_t blob[2428] = {0};
	size_t before = out.len;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		tote__fault_clear(&fault);
		out.len = before;
		tote__note_put_sig(&out, &witness.key, blob, lengths[i]);
		ck_fault(verify(), TOTE_E_BAD_SIGNATURE, fault);
	}
}
END_TEST

/* What an earlier line left in memory is no part of a later one. */
START_TEST(a_line_that_is_cut_is_not_made_whole_by_the_one_before)
{
	uint8_t sig[SIG_LEN], blob[72];

	tote__cosignature_message(
		&scratch, 5, vector_note.note_text, strlen(vector_note.note_text));
	tote__secret_sign(&witness, scratch.data, scratch.len, sig);
	tote__cosignature_blob(5, sig, blob);
	tote__note_put_sig(&out, &witness.key, blob, sizeof(blob));
	ck_assert_int_eq(verify(), 1);
	tote__note_put_sig(&out, &witness.key, blob, sizeof(blob) - 1);
	ck_fault(verify(), TOTE_E_BAD_SIGNATURE, fault);
}
END_TEST

START_TEST(a_time_of_2_63_or_more_is_refused_although_it_is_signed)
{
	put_line((uint64_t)INT64_MAX, vector_note.note_text);
	ck_assert_int_eq(verify(), 1);
	ck_assert_uint_eq(seconds, (uint64_t)INT64_MAX);
	put_line((uint64_t)INT64_MAX + 1, vector_note.note_text);
	ck_fault(verify(), TOTE_E_BAD_SIGNATURE, fault);
}
END_TEST

START_TEST(of_several_the_newest_counts_and_a_bad_one_refuses_all)
{
	put_line(5, vector_note.note_text);
	put_line(9, vector_note.note_text);
	put_line(7, vector_note.note_text);
	ck_assert_int_eq(verify(), 1);
	ck_assert_uint_eq(seconds, 9);
	put_line(11, vector_note.log_vkey);
	ck_fault(verify(), TOTE_E_BAD_SIGNATURE, fault);
	ck_assert_uint_eq(seconds, 9);
}
END_TEST

START_TEST(a_log_key_is_no_witness)
{
	put_line(5, vector_note.note_text);
	witness.key.type = KEY_TYPE_ED25519;
	ck_fault(verify(), TOTE_E_ARGUMENT, fault);
}
END_TEST

START_TEST(extension_lines_are_signed_too)
{
	const char *text = "o\n8\ntpcyzlyRQWLKmsz69OldP5h01ogFQ3CIqv8YSk25Z3M=\nextension\n";

	tote__buf_reset(&out);
	tote__buf_puts(&out, text);
	tote__buf_putc(&out, '\n');
	put_line(5, text);
	ck_assert_int_eq(verify(), 1);
}
END_TEST

START_TEST(a_message_that_does_not_fit_is_reported)
{
	struct buf small;

	put_line(5, vector_note.note_text);
	ck_ok(tote__note_parse(out.data, out.len, &note, &fault), fault);
	tote__buf_init(&small, plain_heap(), 16);
	ck_fault(tote__cosignature_verify(&note, &witness.key, &small, &seconds, &fault),
		TOTE_E_TOO_LARGE, fault);
	tote__buf_free(&small);
}
END_TEST

Suite *cosignature_suite(void);

Suite *cosignature_suite(void)
{
	Suite *s = suite_create("cosignature");
	TCase *c = tcase_create("cosignature");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, message_and_line_are_those_of_the_vectors);
	tcase_add_test(c, the_cosignature_of_the_vectors_verifies_and_has_its_time);
	tcase_add_test(c, a_note_without_a_line_of_the_key_has_none);
	tcase_add_test(c, a_line_over_another_text_is_refused);
	tcase_add_test(c, every_flipped_bit_of_a_line_is_refused);
	tcase_add_test(c, a_blob_of_another_length_is_refused);
	tcase_add_test(c, a_line_that_is_cut_is_not_made_whole_by_the_one_before);
	tcase_add_test(c, a_time_of_2_63_or_more_is_refused_although_it_is_signed);
	tcase_add_test(c, of_several_the_newest_counts_and_a_bad_one_refuses_all);
	tcase_add_test(c, a_log_key_is_no_witness);
	tcase_add_test(c, extension_lines_are_signed_too);
	tcase_add_test(c, a_message_that_does_not_fit_is_reported);
	suite_add_tcase(s, c);
	return s;
}
