/* SPDX-License-Identifier: ISC */
/*
 * Checkpoints: what is written reads back, and everything a lax reader would let pass is refused,
 * a correct signature notwithstanding.
 */
#include "tlog/checkpoint.h"
#include "support/support.h"
#include "vectors/tlog_vectors.h"

#define ROOT     "tpcyzlyRQWLKmsz69OldP5h01ogFQ3CIqv8YSk25Z3M="
#define EMPTY    "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

START_TEST(the_checkpoint_of_the_vectors_is_read_and_written)
{
	struct tote_fault fault = {0};
	struct checkpoint c;
	struct note *note = calloc(1, sizeof(*note));
	struct buf out;

	ck_ok(tote__checkpoint_read(
		      vector_note.checkpoint, strlen(vector_note.checkpoint), note, &c, &fault),
		fault);
	ck_assert_str_eq(c.origin, vector_note.origin);
	ck_assert_uint_eq(c.size, 8);
	ck_assert_str_eq(to_hex(c.root, HASH_LEN), vector_trees[1].root[8]);
	ck_assert_uint_eq(note->sig_count, 2);
	tote__buf_init(&out, plain_heap(), 1024);
	tote__checkpoint_put(&out, &c);
	ck_ok(tote__buf_check(&out, "checkpoint", &fault), fault);
	ck_assert_uint_eq(out.len, strlen(vector_note.note_text));
	ck_assert_mem_eq(out.data, vector_note.note_text, out.len);
	tote__buf_free(&out);
	free(note);
}
END_TEST

START_TEST(good_texts_are_read)
{
	static const struct {
		const char *text;
		uint64_t size;
	} cases[] = {
		{"o\n0\n" EMPTY "\n", 0},
		{"o\n8\n" ROOT "\n", 8},
		{"o\n9223372036854775807\n" ROOT "\n", INT64_MAX},
		{"o\n8\n" ROOT "\nextension\nanother = one\n", 8},
		{"o\n8\n" ROOT "\n \n", 8}, /* a space is not nothing */
		{"no URL, spaces + signs\n8\n" ROOT "\n", 8},
		{"\xc3\xa9\n8\n" ROOT "\n", 8},
	};
	struct tote_fault fault = {0};
	struct checkpoint c;

	for (size_t i = 0; i < COUNT(cases); i++) {
		ck_ok(tote__checkpoint_parse(cases[i].text, strlen(cases[i].text), &c, &fault),
			fault);
		ck_assert_uint_eq(c.size, cases[i].size);
		ck_assert_uint_eq(strcspn(cases[i].text, "\n"), strlen(c.origin));
	}
}
END_TEST

static void refuse(const char *text, size_t len)
{
	struct tote_fault fault = {0};
	struct checkpoint c = {.size = 77};
	char *exact = malloc(len ? len : 1); /* so that a sanitizer sees a read behind the end */

	memcpy(exact, text, len);
	ck_assert_msg(
		tote__checkpoint_parse(exact, len, &c, &fault) == TOTE_E_MALFORMED, "%s", text);
	ck_assert_int_eq(fault.code, TOTE_E_MALFORMED);
	ck_assert_uint_eq(c.size, 77);
	free(exact);
}

START_TEST(texts_that_depart_from_the_specification_are_refused)
{
	static const char *const texts[] = {
		"",
		"\n",
		"o",
		"o\n",
		"o\n8",
		"o\n8\n",
		"o\n8\n\n",
		"\n8\n" ROOT "\n",
		"o\n8\n" ROOT,                   /* no final newline */
		"o\n8\n" ROOT "\nextension",     /* nor here */
		"o\n8\n" ROOT "\n\n",            /* an empty line */
		"o\n8\n" ROOT "\n\nextension\n", /* also in between */
		"o\n\n8\n" ROOT "\n",
		"o\n\n" ROOT "\n", /* */
		"o\n08\n" ROOT "\n",
		"o\n0600\n" ROOT "\n",
		"o\n00\n" EMPTY "\n",
		"o\n+8\n" ROOT "\n",
		"o\n-8\n" ROOT "\n",
		"o\n 8\n" ROOT "\n",
		"o\n8 \n" ROOT "\n",
		"o\n8\r\n" ROOT "\n",
		"o\n0x8\n" ROOT "\n",
		"o\n8.0\n" ROOT "\n",
		"o\n8e0\n" ROOT "\n",
		"o\neight\n" ROOT "\n",
		"o\n9223372036854775808\n" ROOT "\n",
		"o\n18446744073709551616\n" ROOT "\n",
		"o\n18446744073709551624\n" ROOT "\n",
		"o\n8\ntpcyzlyRQWLKmsz69OldP5h01ogFQ3CIqv8YSk25Z3N=\n", /* spare bits */
		"o\n8\ntpcyzlyRQWLKmsz69OldP5h01ogFQ3CIqv8YSk25Z3M\n",  /* not padded */
		"o\n8\ntpcyzlyRQWLKmsz69OldP5h01ogFQ3CIqv8YSk25Z3MA\n", /* 33 bytes */
		"o\n8\ntpcyzlyRQWLKmsz69OldP5h01ogFQ3CIqv8YSk25Zw==\n", /* 31 bytes */
		"o\n8\ntpcyzlyRQWLKmsz69OldP5h01ogFQ3CIqv8Y\n",
		"o\n8\n====\n",
		"o\n8\n" ROOT ROOT "\n",
		"o\n8\n " ROOT "\n",
		"o\n8\n" ROOT " \n",
		"o\n8\n" ROOT "\r\n",
		"o\n8\ntpcyzlyRQWLKmsz69OldP5h01ogFQ3CIqv8YSk25Z3-=\n",
		"o\n0\n" ROOT "\n", /* nothing has one root only */
		"o\r\n8\n" ROOT "\n",
		"o\to\n8\n" ROOT "\n",
		"\xc3\n8\n" ROOT "\n",
		"\xff\n8\n" ROOT "\n",
	};

	for (size_t i = 0; i < COUNT(texts); i++)
		refuse(texts[i], strlen(texts[i]));
	refuse("o\0o\n8\n" ROOT "\n", 8 + strlen(ROOT));
	refuse("o\n8\0\n" ROOT "\n", 6 + strlen(ROOT));
}
END_TEST

START_TEST(an_origin_has_at_most_255_bytes)
{
	struct tote_fault fault = {0};
	struct checkpoint c;
	char text[400];

	memset(text, 'o', 256);
	strcpy(text + 255, "\n8\n" ROOT "\n");
	ck_ok(tote__checkpoint_parse(text, strlen(text), &c, &fault), fault);
	ck_assert_uint_eq(strlen(c.origin), 255);
	strcpy(text + 255, "o\n8\n" ROOT "\n");
	refuse(text, strlen(text));
}
END_TEST

START_TEST(every_truncation_is_refused)
{
	struct tote_fault fault = {0};
	struct note *note = calloc(1, sizeof(*note));
	struct checkpoint c;
	size_t whole = strlen(vector_note.checkpoint);

	for (size_t len = 0; len < strlen(vector_note.note_text); len++)
		refuse(vector_note.note_text, len);
	for (size_t len = 0; len < whole; len++) {
		/* up to a whole signature line it is a checkpoint with one cosignature less */
		int good = len > strlen(vector_note.note_text) + 1 &&
			   vector_note.checkpoint[len - 1] == '\n';
		int r = tote__checkpoint_read(vector_note.checkpoint, len, note, &c, &fault);

		ck_assert_msg(r == (good ? 0 : TOTE_E_MALFORMED), "%zu bytes: %d", len, r);
	}
	free(note);
}
END_TEST

/* The trap: the signature is right, and the text is none that a log may write. */
START_TEST(a_leading_zero_is_refused_although_it_is_signed)
{
	tote_ctx *ctx = support_ctx(NULL, NULL);
	struct tote_fault fault = {0};
	struct note *note = calloc(1, sizeof(*note));
	struct secret key;
	struct checkpoint c;
	struct buf out;
	uint8_t seed[32], sig[SIG_LEN];

	from_hex(vector_note.log_seed_hex, seed);
	ck_ok(tote__secret_from_seed(vector_note.origin, KEY_TYPE_ED25519, seed, &key, &fault),
		fault);
	tote__buf_init(&out, plain_heap(), 1024);
	tote__buf_putf(&out, "%s\n08\n" ROOT "\n", vector_note.origin);
	tote__secret_sign(&key, out.data, out.len, sig);
	tote__buf_putc(&out, '\n');
	tote__note_put_sig(&out, &key.key, sig, sizeof(sig));
	ck_ok(tote__buf_check(&out, "note", &fault), fault);
	ck_ok(tote__note_parse(out.data, out.len, note, &fault), fault);
	ck_assert_int_eq(tote__note_verify(note, &key.key, &fault), 1);
	ck_fault(tote__checkpoint_read(out.data, out.len, note, &c, &fault), TOTE_E_MALFORMED,
		fault);
	tote__buf_free(&out);
	tote__secret_free(&key);
	free(note);
	tote_ctx_unref(ctx);
}
END_TEST

static uint32_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*state >> 33);
}

START_TEST(any_bytes_are_read_without_harm_and_what_is_read_was_written_so)
{
	size_t whole = strlen(vector_note.note_text);
	uint64_t state = 2;

	for (int round = 0; round < 100000; round++) {
		struct tote_fault fault = {0};
		size_t len = round % 2 ? whole : next_random(&state) % 128;
		char *text = malloc(len ? len : 1);
		struct checkpoint c;
		struct buf out;

		for (size_t i = 0; i < len; i++)
			text[i] = (char)(round % 2 ? vector_note.note_text[i]
						   : (int)next_random(&state));
		for (uint32_t n = next_random(&state) % 4; len && n; n--)
			text[next_random(&state) % len] = (char)next_random(&state);
		if (!tote__checkpoint_parse(text, len, &c, &fault)) {
			tote__buf_init(&out, plain_heap(), 1024);
			tote__checkpoint_put(&out, &c);
			ck_ok(tote__buf_check(&out, "checkpoint", &fault), fault);
			ck_assert_uint_le(out.len, len); /* extension lines are not kept */
			ck_assert_mem_eq(out.data, text, out.len);
			tote__buf_free(&out);
		}
		free(text);
	}
}
END_TEST

Suite *checkpoint_suite(void);

Suite *checkpoint_suite(void)
{
	Suite *s = suite_create("checkpoint");
	TCase *c = tcase_create("checkpoint");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, the_checkpoint_of_the_vectors_is_read_and_written);
	tcase_add_test(c, good_texts_are_read);
	tcase_add_test(c, texts_that_depart_from_the_specification_are_refused);
	tcase_add_test(c, an_origin_has_at_most_255_bytes);
	tcase_add_test(c, every_truncation_is_refused);
	tcase_add_test(c, a_leading_zero_is_refused_although_it_is_signed);
	tcase_add_test(c, any_bytes_are_read_without_harm_and_what_is_read_was_written_so);
	suite_add_tcase(s, c);
	return s;
}
