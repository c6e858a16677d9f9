/* SPDX-License-Identifier: ISC */
/*
 * Proof files: the vector proves its entry from bytes alone, and what departs from the form of
 * C2SP tlog-proof is refused.
 */
#include "tlog/proof.h"
#include "support/support.h"
#include "vectors/tlog_vectors.h"

#define FIRST    "c2sp.org/tlog-proof@v1\n"
#define HASH     "YcoROfaBWEHVuvLQ0tm9nf7pfImN1ve6DAqpQe5sAes=\n"
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

START_TEST(the_proof_of_the_vectors_proves_its_entry)
{
	const char *file = vector_note.tlog_proof_index_2;
	struct tote_fault fault = {0};
	struct note *note = calloc(1, sizeof(*note));
	struct proof_file p;
	struct checkpoint c;
	uint8_t leaf[HASH_LEN];

	ck_ok(tote__proof_parse(file, strlen(file), &p, &fault), fault);
	ck_assert_uint_eq(p.index, 2);
	ck_assert_uint_eq(p.path.count, 3);
	ck_assert_uint_eq(p.checkpoint_len, strlen(vector_note.checkpoint));
	ck_assert_mem_eq(p.checkpoint, vector_note.checkpoint, p.checkpoint_len);
	ck_assert_ptr_eq(p.checkpoint + p.checkpoint_len, file + strlen(file));
	ck_ok(tote__checkpoint_read(p.checkpoint, p.checkpoint_len, note, &c, &fault), fault);
	tote__hash_leaf(NULL, "entry 2", 7, leaf);
	ck_ok(tote__merkle_verify_inclusion(NULL, p.index, c.size, leaf, &p.path, c.root, &fault),
		fault);
	tote__hash_leaf(NULL, "entry 3", 7, leaf);
	ck_fault(
		tote__merkle_verify_inclusion(NULL, p.index, c.size, leaf, &p.path, c.root, &fault),
		TOTE_E_BAD_PROOF, fault);
	free(note);
}
END_TEST

START_TEST(what_is_written_is_the_vector_without_its_extra_line)
{
	const char *file = vector_note.tlog_proof_index_2;
	const char *rest = strstr(file, "index ");
	struct tote_fault fault = {0};
	struct proof_file p;
	struct buf out;

	ck_ok(tote__proof_parse(file, strlen(file), &p, &fault), fault);
	tote__buf_init(&out, plain_heap(), 4096);
	tote__proof_put(&out, &p);
	ck_ok(tote__buf_check(&out, "proof", &fault), fault);
	ck_assert_uint_eq(out.len, strlen(FIRST) + strlen(rest));
	ck_assert_mem_eq(out.data, FIRST, strlen(FIRST));
	ck_assert_mem_eq(out.data + strlen(FIRST), rest, strlen(rest));
	tote__buf_free(&out);
}
END_TEST

START_TEST(good_files_are_read)
{
	static const struct {
		const char *text;
		uint64_t index;
		size_t count;
	} cases[] = {
		{FIRST "index 0\n\ncheckpoint", 0, 0}, /* the path of the only entry is empty */
		{FIRST "index 9223372036854775807\n" HASH "\ncheckpoint", INT64_MAX, 1},
		{FIRST "extra \nindex 1\n" HASH HASH "\ncheckpoint", 1, 2},
		{FIRST "extra aGk=\nindex 1\n" HASH "\n\ncheckpoint", 1, 1},
	};
	struct tote_fault fault = {0};
	struct proof_file p;

	for (size_t i = 0; i < COUNT(cases); i++) {
		ck_ok(tote__proof_parse(cases[i].text, strlen(cases[i].text), &p, &fault), fault);
		ck_assert_uint_eq(p.index, cases[i].index);
		ck_assert_uint_eq(p.path.count, cases[i].count);
		/* whatever stands there is given on: an empty first line is the checkpoint's fault */
		ck_assert_uint_eq(p.checkpoint_len, i == 3 ? 11 : 10);
	}
}
END_TEST

static void refuse(const char *text, size_t len)
{
	struct tote_fault fault = {0};
	struct proof_file p = {.index = 77};
	char *exact = malloc(len ? len : 1); /* so that a sanitizer sees a read behind the end */

	memcpy(exact, text, len);
	ck_assert_msg(tote__proof_parse(exact, len, &p, &fault) == TOTE_E_MALFORMED, "%s", text);
	ck_assert_int_eq(fault.code, TOTE_E_MALFORMED);
	ck_assert_uint_eq(p.index, 77);
	free(exact);
}

START_TEST(files_that_depart_from_the_specification_are_refused)
{
	static const char *const texts[] = {
		"",
		"\n",
		FIRST,
		"c2sp.org/tlog-proof@v1",
		"c2sp.org/tlog-proof@v2\nindex 0\n\nc",
		"c2sp.org/tlog-proof@v1 \nindex 0\n\nc",
		" " FIRST "index 0\n\nc",
		"\n" FIRST "index 0\n\nc",
		"c2sp.org/tlog-proof@v1\r\nindex 0\n\nc",
		FIRST "index 0",
		FIRST "index 0\n",
		FIRST "index 0\n\n",
		FIRST "index 0\n" HASH,
		FIRST "index 0\n" HASH "\n",
		FIRST "index\n\nc",
		FIRST "index \n\nc",
		FIRST "index 00\n\nc",
		FIRST "index 02\n\nc",
		FIRST "index +2\n\nc",
		FIRST "index -2\n\nc",
		FIRST "index  2\n\nc",
		FIRST "index 2 \n\nc",
		FIRST "index\t2\n\nc",
		FIRST "index 2\r\n\nc",
		FIRST "Index 2\n\nc",
		FIRST "indexes 2\n\nc",
		FIRST "index 9223372036854775808\n\nc",
		FIRST "index 2\nindex 2\n\nc",
		FIRST "\nindex 2\n\nc",
		FIRST HASH "\nc",
		FIRST "extra\nindex 2\n\nc",
		FIRST "extra aGk=\n",
		FIRST "extra aGk=\n\nc",
		FIRST "extra aGk\nindex 2\n\nc",
		FIRST "extra aGl=\nindex 2\n\nc",
		FIRST "extra aGk= \nindex 2\n\nc",
		FIRST "extra aGk=\nextra aGk=\nindex 2\n\nc",
		FIRST "index 2\nextra aGk=\n\nc",
		FIRST "index 2\nYcoROfaBWEHVuvLQ0tm9nf7pfImN1ve6DAqpQe5sAQ==\n\nc", /* 31 bytes */
		FIRST "index 2\nYcoROfaBWEHVuvLQ0tm9nf7pfImN1ve6DAqpQe5sAesA\n\nc", /* 33 bytes */
		FIRST "index 2\nYcoROfaBWEHVuvLQ0tm9nf7pfImN1ve6DAqpQe5sAet=\n\nc", /* spare bits */
		FIRST "index 2\nYcoROfaBWEHVuvLQ0tm9nf7pfImN1ve6DAqpQe5sAes\n\nc",  /* not padded */
		FIRST "index 2\n " HASH "\nc",
		FIRST "index 2\n" HASH " \n\nc",
	};

	for (size_t i = 0; i < COUNT(texts); i++)
		refuse(texts[i], strlen(texts[i]));
}
END_TEST

START_TEST(extra_data_of_any_length_is_read_over_and_still_is_base64)
{
	struct tote_fault fault = {0};
	struct proof_file p;

	for (size_t len = 0; len <= 4100; len += 4) {
		char *text = calloc(1, len + 200);
		size_t at = strlen(FIRST "extra ");

		strcpy(text, FIRST "extra ");
		memset(text + at, 'A', len);
		strcpy(text + at + len, "\nindex 2\n\nc");
		ck_ok(tote__proof_parse(text, strlen(text), &p, &fault), fault);
		for (size_t i = 3; i < len; i += 509) {
			/* padding is allowed at the very end only, wherever a piece ends */
			text[at + i] = '=';
			if (i + 1 < len)
				refuse(text, strlen(text));
			text[at + i] = 'A';
		}
		if (len >= 1024 + 4) {
			text[at + 1023] = '=';
			refuse(text, strlen(text));
		}
		free(text);
	}
}
END_TEST

START_TEST(a_path_longer_than_any_tree_is_refused)
{
	struct tote_fault fault = {0};
	struct proof_file p;
	struct buf out;

	tote__buf_init(&out, plain_heap(), 8192);
	for (size_t count = PROOF_MAX; count <= PROOF_MAX + 2; count++) {
		tote__buf_reset(&out);
		tote__buf_puts(&out, FIRST "index 2\n");
		for (size_t i = 0; i < count; i++)
			tote__buf_puts(&out, HASH);
		tote__buf_puts(&out, "\ncheckpoint");
		if (count > PROOF_MAX)
			refuse((const char *)out.data, out.len);
		else
			ck_ok(tote__proof_parse(out.data, out.len, &p, &fault), fault);
	}
	tote__buf_free(&out);
}
END_TEST

START_TEST(every_truncation_before_the_checkpoint_is_refused)
{
	const char *file = vector_note.tlog_proof_index_2;
	size_t head = strlen(file) - strlen(vector_note.checkpoint);

	for (size_t len = 0; len <= head; len++)
		refuse(file, len);
}
END_TEST

static uint32_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*state >> 33);
}

START_TEST(any_bytes_are_read_without_harm_and_what_is_read_was_written_so)
{
	const char *file = vector_note.tlog_proof_index_2;
	struct tote_fault fault = {0};
	uint64_t state = 3;
	struct buf out;

	tote__buf_init(&out, plain_heap(), 4096);
	for (int round = 0; round < 50000; round++) {
		size_t len = round % 4 ? strlen(file) : next_random(&state) % 128;
		char *text = malloc(len ? len : 1);
		struct proof_file p;
		const char *rest;

		for (size_t i = 0; i < len; i++)
			text[i] = (char)(round % 4 ? file[i] : (int)next_random(&state));
		for (uint32_t n = next_random(&state) % 4; len && n; n--)
			text[next_random(&state) % (round % 8 ? len : len / 4 + 1)] =
				(char)next_random(&state);
		if (!tote__proof_parse(text, len, &p, &fault)) {
			tote__buf_reset(&out);
			tote__proof_put(&out, &p);
			rest = memmem(text, len, "\nindex ", 7);
			ck_assert_ptr_nonnull(rest);
			rest++;
			ck_assert_uint_eq(out.len, strlen(FIRST) + len - (size_t)(rest - text));
			ck_assert_mem_eq(out.data + strlen(FIRST), rest, out.len - strlen(FIRST));
		}
		free(text);
	}
	tote__buf_free(&out);
}
END_TEST

Suite *proof_suite(void);

Suite *proof_suite(void)
{
	Suite *s = suite_create("proof");
	TCase *c = tcase_create("proof");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, the_proof_of_the_vectors_proves_its_entry);
	tcase_add_test(c, what_is_written_is_the_vector_without_its_extra_line);
	tcase_add_test(c, good_files_are_read);
	tcase_add_test(c, files_that_depart_from_the_specification_are_refused);
	tcase_add_test(c, extra_data_of_any_length_is_read_over_and_still_is_base64);
	tcase_add_test(c, a_path_longer_than_any_tree_is_refused);
	tcase_add_test(c, every_truncation_before_the_checkpoint_is_refused);
	tcase_add_test(c, any_bytes_are_read_without_harm_and_what_is_read_was_written_so);
	suite_add_tcase(s, c);
	return s;
}
