/* SPDX-License-Identifier: ISC */
/*
 * Signed notes are read as C2SP signed-note says, and nothing else is.
 */
#include "crypto/note.h"
#include "support/support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* tests/vectors/tlog-vectors.json: note. */
#define LOG_VKEY     "example.com/toteborch/demo+149729c4+AYkhxvZZ/W14I8XPkmxk9TM8Q9+bC/EiGMouIRk61za8"
#define WITNESS_VKEY "witness.example/w1+5df76cea+BJplUOZ3MXtN692o2qFTNBcCDGJFYkSwIsnbEeUu1P2b"
#define TEXT         "example.com/toteborch/demo\n8\ntpcyzlyRQWLKmsz69OldP5h01ogFQ3CIqv8YSk25Z3M=\n"
#define LOG_SEED     "afa09eaea0ee83aca18ca42da3c1fb4686a884b61808fcdeb51bcb96b82efcca"
#define DASH         "\xE2\x80\x94 "
#define LOG_LINE                                                                                   \
	DASH "example.com/toteborch/demo "                                                         \
	     "FJcpxCrHnfxYg0MGW9L5XdUrGALRizzPp3u7cok9i4qrp7ZuR/wfad2cY744L3S3mLnE0ppAWiC+"        \
	     "4pRyYrHHIS19SAk=\n"
#define WITNESS_LINE                                                                               \
	DASH "witness.example/w1 "                                                                 \
	     "Xfds6gAAAABlU/EAyQrOLFEGR89wkyY5bOPOBlG00RPZctcsMydlQ+"                              \
	     "ykGuV+slIBpIvMwWunzTthlAn0qu2JE1s9JwfRUbS/xUemAA==\n"

/* The example of Go's note package. */
#define GO_VKEY "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define GO_NOTE                                                                                    \
	"If you think cryptography is the answer to your problem,\n"                               \
	"then you don't know what your problem is.\n"                                              \
	"\n" DASH "PeterNeumann "                                                                  \
	"x08go/ZJkuBS9UG/"                                                                         \
	"SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM"              \
	"=\n"

static void vkey_of(const char *text, struct vkey *ret)
{
	struct tote_fault fault = {0};

	ck_ok(tote__vkey_parse(text, strlen(text), ret, &fault), fault);
}

static void note_of(const char *text, struct note *ret)
{
	struct tote_fault fault = {0};

	ck_ok(tote__note_parse(text, strlen(text), ret, &fault), fault);
}

static int verify(const char *text, const char *vkey, struct tote_fault *fault)
{
	struct note note;
	struct vkey key;

	note_of(text, &note);
	vkey_of(vkey, &key);
	memset(fault, 0, sizeof(*fault));
	return tote__note_verify(&note, &key, fault);
}

static int is(const char *at, size_t len, const char *wanted)
{
	return len == strlen(wanted) && memcmp(at, wanted, len) == 0;
}

START_TEST(a_note_is_taken_apart_where_it_stands)
{
	static const char text[] = TEXT "\n" LOG_LINE WITNESS_LINE;
	uint8_t sig[80];
	struct note note;
	size_t len;

	note_of(text, &note);
	ck_assert_ptr_eq(note.text, text);
	ck_assert(is(note.text, note.text_len, TEXT));
	ck_assert_uint_eq(note.sig_count, 2);
	ck_assert(is(note.sigs[0].name, note.sigs[0].name_len, "example.com/toteborch/demo"));
	ck_assert_uint_eq(note.sigs[0].id, 0x149729c4);
	ck_assert(is(note.sigs[0].line, note.sigs[0].line_len, LOG_LINE));
	ck_assert(is(note.sigs[1].line, note.sigs[1].line_len, WITNESS_LINE));
	ck_assert_uint_eq(note.sigs[1].id, 0x5df76cea);
	ck_assert_int_eq(tote__note_sig_bytes(&note.sigs[0], sig, 64, &len), 0);
	ck_assert_uint_eq(len, 64);
	ck_assert_int_eq(tote__note_sig_bytes(&note.sigs[1], sig, 72, &len), 0);
	ck_assert_uint_eq(len, 72);
	ck_assert_str_eq(to_hex(sig, 8), "000000006553f100");
	ck_assert_int_eq(tote__note_sig_bytes(&note.sigs[1], sig, 71, &len), -1);
}
END_TEST

START_TEST(signatures_of_the_vectors_and_of_go_verify)
{
	struct tote_fault fault;

	ck_assert_int_eq(verify(TEXT "\n" LOG_LINE, LOG_VKEY, &fault), 1);
	ck_assert_int_eq(verify(TEXT "\n" WITNESS_LINE LOG_LINE, LOG_VKEY, &fault), 1);
	ck_assert_int_eq(verify(GO_NOTE, GO_VKEY, &fault), 1);
	fault_is_zero(&fault);
}
END_TEST

START_TEST(a_signature_by_another_name_or_id_counts_for_nothing)
{
	struct tote_fault fault;

	ck_assert_int_eq(verify(GO_NOTE, LOG_VKEY, &fault), 0);
	ck_assert_int_eq(verify(TEXT "\n" WITNESS_LINE, LOG_VKEY, &fault), 0);
	ck_assert_int_eq(
		verify(TEXT "\n" DASH "example.com/toteborch/dem0 FJcpxAAA\n", LOG_VKEY, &fault),
		0);
	ck_assert_int_eq(
		verify(TEXT "\n" DASH "example.com/toteborch/demo FJcpxQAA\n", LOG_VKEY, &fault),
		0);
	fault_is_zero(&fault);
	ck_fault(verify(TEXT "\n" WITNESS_LINE, WITNESS_VKEY, &fault), TOTE_E_ARGUMENT, fault);
}
END_TEST

START_TEST(a_known_key_whose_signature_fails_spoils_the_note)
{
	static const char *const spoilt[] = {
		"example.com/toteborch/demo\n9\ntpcyzlyRQWLKmsz69OldP5h01ogFQ3CIqv8YSk25Z3M=\n"
		"\n" LOG_LINE,
		TEXT "\n" DASH "example.com/toteborch/demo FJcpxAAA\n",
		TEXT "\n" LOG_LINE DASH "example.com/toteborch/demo FJcpxAAA\n",
		TEXT "\n" DASH "example.com/toteborch/demo "
		     "FJcpxCrHnfxYg0MGW9L5XdUrGALRizzPp3u7cok9i4qrp7ZuR/wfad2cY744L3S3mLnE0ppAWiC+"
		     "4pRyYrHHIS19SAkA\n",
	};
	struct tote_fault fault;

	for (size_t i = 0; i < COUNT(spoilt); i++) {
		ck_fault(verify(spoilt[i], LOG_VKEY, &fault), TOTE_E_BAD_SIGNATURE, fault);
		ck_assert_ptr_nonnull(strstr(fault.text, "example.com/toteborch/demo"));
	}
}
END_TEST

START_TEST(no_flipped_bit_of_a_note_goes_unseen)
{
	char text[] = TEXT "\n" LOG_LINE;

	for (size_t bit = 0; bit < 8 * (sizeof(text) - 1); bit++) {
		struct tote_fault fault = {0};
		struct note note;
		struct vkey key;

		vkey_of(LOG_VKEY, &key);
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
		if (tote__note_parse(text, sizeof(text) - 1, &note, &fault) == 0)
			ck_assert_int_le(tote__note_verify(&note, &key, &fault), 0);
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
	}
}
END_TEST

START_TEST(the_last_blank_line_separates)
{
	struct note note;

	note_of("a\n\nb\n\n" LOG_LINE, &note);
	ck_assert(is(note.text, note.text_len, "a\n\nb\n"));
	note_of("a\n\n\n" LOG_LINE, &note);
	ck_assert(is(note.text, note.text_len, "a\n\n"));
	note_of("a\n\n" LOG_LINE "\n" WITNESS_LINE, &note);
	ck_assert(is(note.text, note.text_len, "a\n\n" LOG_LINE));
	ck_assert_uint_eq(note.sig_count, 1);
}
END_TEST

START_TEST(what_departs_from_the_specification_is_malformed)
{
	static const char *const malformed[] = {
		"", "\n", "\n\n", "a", "a\n", "a\n\n", "a\n\n\n", TEXT, LOG_LINE, TEXT LOG_LINE,
		"a\n\n" LOG_LINE "\n", "a\n\n" LOG_LINE "x\n", "a\n\n- name AAAAAAA=\n",
		"a\n\n\xE2\x80\x94name AAAAAAA=\n",
		"a\n\n" DASH "name AAAAAAA=", "a\n\n" DASH "nameAAAAAAA=\n",
		"a\n\n" DASH " AAAAAAA=\n", "a\n\n" DASH "na+me AAAAAAA=\n",
		"a\n\n" DASH "na\xC2\xA0me AAAAAAA=\n", "a\n\n" DASH "na me AAAAAAA=\n",
		"a\n\n" DASH "name  AAAAAAA=\n", "a\n\n" DASH "name AAAAAAA= \n",
		"a\n\n" DASH "name \n", "a\n\n" DASH "name AAAAAA==\n", /* 4 bytes */
		"a\n\n" DASH "name AAAA\n", "a\n\n" DASH "name AAAAAAA\n",
		"a\n\n" DASH "name AAAAAAB=\n", /* spare bits */
		"a\n\n" DASH "name AAAAAA-=\n", "a\tb\n\n" LOG_LINE, "a\r\n\n" LOG_LINE,
		"a\xFF\n\n" LOG_LINE, "a\xED\xA0\x80\n\n" LOG_LINE,
		"a\n\n" LOG_LINE DASH "na\x01me AAAAAAA=\n",
		"a\n\n" LOG_LINE DASH "name AAAAAAA=", /* a good one before it */
	};

	for (size_t i = 0; i < COUNT(malformed); i++) {
		struct tote_fault fault = {0};
		struct note note;

		ck_assert_msg(tote__note_parse(malformed[i], strlen(malformed[i]), &note, &fault) ==
				      TOTE_E_MALFORMED,
			"case %zu was taken", i);
		ck_assert_str_ne(fault.text, "");
	}
}
END_TEST

START_TEST(a_nul_byte_and_a_mebibyte_too_much_are_malformed)
{
	struct tote_fault fault = {0};
	char *text = malloc(NOTE_MAX + 1);
	struct note note;
	size_t tail = strlen("\n\n" LOG_LINE);

	memset(text, 'x', NOTE_MAX + 1);
	memcpy(text + NOTE_MAX - tail, "\n\n" LOG_LINE, tail);
	ck_ok(tote__note_parse(text, NOTE_MAX, &note, &fault), fault);
	memset(text, 'x', NOTE_MAX + 1);
	memcpy(text + NOTE_MAX + 1 - tail, "\n\n" LOG_LINE, tail);
	ck_fault(tote__note_parse(text, NOTE_MAX + 1, &note, &fault), TOTE_E_MALFORMED, fault);
	ck_fault(tote__note_parse("a\0b\n\n" LOG_LINE, strlen(LOG_LINE) + 5, &note, &fault),
		TOTE_E_MALFORMED, fault);
	free(text);
}
END_TEST

START_TEST(sixty_four_signatures_are_taken_and_no_more)
{
	struct tote_fault fault = {0};
	struct note note;
	struct vkey key;
	struct buf b;

	vkey_of(LOG_VKEY, &key);
	tote__buf_init(&b, plain_heap(), 100000);
	tote__buf_puts(&b, TEXT "\n");
	for (int i = 0; i < NOTE_SIGS_MAX - 1; i++)
		tote__buf_putf(&b, DASH "name%d AAAAAAA=\n", i);
	tote__buf_puts(&b, LOG_LINE);
	ck_ok(tote__note_parse(b.data, b.len, &note, &fault), fault);
	ck_assert_uint_eq(note.sig_count, NOTE_SIGS_MAX);
	ck_assert_int_eq(tote__note_verify(&note, &key, &fault), 1);
	tote__buf_puts(&b, WITNESS_LINE);
	ck_fault(tote__note_parse(b.data, b.len, &note, &fault), TOTE_E_MALFORMED, fault);
	tote__buf_free(&b);
}
END_TEST

START_TEST(long_signatures_of_other_kinds_are_passed_over)
{
	static const size_t lengths[] = {1, 44, 764, 765, 2432, NOTE_SIG_MAX, 49864};
	uint8_t *sig = calloc(1, 50000), *out = malloc(50000);

	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct tote_fault fault = {0};
		struct note note;
		struct vkey key;
		struct buf b;
		size_t n;

		vkey_of(WITNESS_VKEY, &key);
		tote__buf_init(&b, plain_heap(), 100000);
		tote__buf_puts(&b, TEXT "\n");
		tote__note_put_sig(&b, &key, sig, lengths[i]);
		tote__buf_puts(&b, LOG_LINE);
		ck_ok(tote__note_parse(b.data, b.len, &note, &fault), fault);
		vkey_of(LOG_VKEY, &key);
		ck_assert_int_eq(tote__note_verify(&note, &key, &fault), 1);
		ck_assert_int_eq(tote__note_sig_bytes(&note.sigs[0], out, 50000, &n),
			lengths[i] <= NOTE_SIG_MAX ? 0 : -1);
		if (lengths[i] <= NOTE_SIG_MAX)
			ck_assert_uint_eq(n, lengths[i]);
		tote__buf_free(&b);
	}
	free(sig);
	free(out);
}
END_TEST

START_TEST(what_we_sign_is_the_line_of_the_vectors)
{
	struct tote_fault fault = {0};
	uint8_t seed[32], sig[SIG_LEN];
	struct secret secret;
	struct buf b;

	from_hex(LOG_SEED, seed);
	ck_ok(tote__secret_from_seed(
		      "example.com/toteborch/demo", KEY_TYPE_ED25519, seed, &secret, &fault),
		fault);
	tote__secret_sign(&secret, TEXT, strlen(TEXT), sig);
	tote__buf_init(&b, plain_heap(), 1000);
	tote__note_put_sig(&b, &secret.key, sig, sizeof(sig));
	tote__buf_putc(&b, 0);
	ck_assert_str_eq((char *)b.data, LOG_LINE);
	tote__buf_free(&b);
	tote__secret_free(&secret);
}
END_TEST

START_TEST(a_signature_line_without_memory_is_a_failed_buffer)
{
	struct failing f = {.fail_at = 0};
	struct heap heap = failing_heap(&f);
	struct tote_fault fault = {0};
	uint8_t sig[SIG_LEN] = {0};
	struct vkey key;
	struct buf b;

	vkey_of(LOG_VKEY, &key);
	tote__buf_init(&b, &heap, 1000);
	tote__note_put_sig(&b, &key, sig, sizeof(sig));
	ck_fault(tote__buf_check(&b, "note", &fault), TOTE_E_NO_MEMORY, fault);
	tote__buf_free(&b);
	ck_assert_int_eq(f.live, 0);
}
END_TEST

Suite *note_suite(void)
{
	Suite *s = suite_create("note");
	TCase *t = tcase_create("note");

	tcase_add_test(t, a_note_is_taken_apart_where_it_stands);
	tcase_add_test(t, signatures_of_the_vectors_and_of_go_verify);
	tcase_add_test(t, a_signature_by_another_name_or_id_counts_for_nothing);
	tcase_add_test(t, a_known_key_whose_signature_fails_spoils_the_note);
	tcase_add_test(t, no_flipped_bit_of_a_note_goes_unseen);
	tcase_add_test(t, the_last_blank_line_separates);
	tcase_add_test(t, what_departs_from_the_specification_is_malformed);
	tcase_add_test(t, a_nul_byte_and_a_mebibyte_too_much_are_malformed);
	tcase_add_test(t, sixty_four_signatures_are_taken_and_no_more);
	tcase_add_test(t, long_signatures_of_other_kinds_are_passed_over);
	tcase_add_test(t, what_we_sign_is_the_line_of_the_vectors);
	tcase_add_test(t, a_signature_line_without_memory_is_a_failed_buffer);
	suite_add_tcase(s, t);
	return s;
}
