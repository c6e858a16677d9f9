/* SPDX-License-Identifier: ISC */
/*
 * Faults: codes are frozen, and a text always fits and keeps both its ends.
 */
#include "support/support.h"
#include "base/text.h"
#include <errno.h>

/* Written down a second time on purpose: a number that was released never moves. */
static const struct {
	int code;
	const char *name;
	int class;
} frozen[] = {
	{0, "TOTE_OK", 0},
	{-20, "TOTE_E_ARGUMENT", 2},
	{-21, "TOTE_E_STRUCT", 2},
	{-22, "TOTE_E_FLAGS", 2},
	{-23, "TOTE_E_GRAMMAR", 2},
	{-24, "TOTE_E_TOO_LARGE", 2},
	{-25, "TOTE_E_UNSUPPORTED", 2},
	{-26, "TOTE_E_MISUSE", 2},
	{-40, "TOTE_E_NOT_FOUND", 1},
	{-41, "TOTE_E_EXISTS", 1},
	{-42, "TOTE_E_CONFLICT", 1},
	{-43, "TOTE_E_STATE", 1},
	{-44, "TOTE_E_NO_SPACE", 1},
	{-45, "TOTE_E_IO", 1},
	{-46, "TOTE_E_NO_MEMORY", 1},
	{-47, "TOTE_E_PERMISSION", 1},
	{-48, "TOTE_E_SOURCE", 1},
	{-49, "TOTE_E_POISONED", 1},
	{-50, "TOTE_E_FOLD_NEEDED", 1},
	{-51, "TOTE_E_NO_SIGNER", 1},
	{-52, "TOTE_E_READ_ONLY", 1},
	{-53, "TOTE_E_KEY", 1},
	{-54, "TOTE_E_CLOCK", 1},
	{-55, "TOTE_E_LIMIT", 1},
	{-56, "TOTE_E_CANCELLED", 1},
	{-60, "TOTE_E_DAMAGED", 3},
	{-61, "TOTE_E_MALFORMED", 3},
	{-62, "TOTE_E_ROLLBACK", 3},
	{-63, "TOTE_E_FORK", 3},
	{-64, "TOTE_E_BAD_SIGNATURE", 3},
	{-65, "TOTE_E_BAD_PROOF", 3},
	{-66, "TOTE_E_MISMATCH", 3},
	{-67, "TOTE_E_UNTRUSTED", 3},
	{-80, "TOTE_E_INCOMPLETE", 4},
	{-100, "TOTE_E_UNREACHABLE", 6},
	{-120, "TOTE_E_NOT_A_ROOT", 10},
	{-140, "TOTE_E_BUSY", 11},
	{-160, "TOTE_E_NO_SIGNATURE", 12},
};

START_TEST(the_numbers_names_and_classes_of_errors_never_move)
{
	for (size_t i = 0; i < sizeof(frozen) / sizeof(frozen[0]); i++) {
		ck_assert_str_eq(tote_error_name(frozen[i].code), frozen[i].name);
		ck_assert_int_eq(tote_error_class(frozen[i].code), frozen[i].class);
		ck_assert_str_ne(tote_error_text(frozen[i].code), "unknown code");
		ck_assert_uint_gt(strlen(tote_error_text(frozen[i].code)), 0);
	}
}
END_TEST

START_TEST(a_code_that_is_not_in_the_frozen_table_is_unknown)
{
	for (int code = 10; code > -300; code--) {
		int known = 0;

		for (size_t i = 0; i < sizeof(frozen) / sizeof(frozen[0]); i++)
			known |= frozen[i].code == code;
		if (known)
			continue;
		ck_assert_str_eq(tote_error_name(code), "TOTE_E_UNKNOWN");
		ck_assert_str_eq(tote_error_text(code), "unknown code");
		ck_assert_int_eq(tote_error_class(code), TOTE_CLASS_FAILED);
	}
}
END_TEST

START_TEST(a_fault_is_512_bytes_for_ever)
{
	ck_assert_uint_eq(sizeof(struct tote_fault), 512);
	ck_assert_uint_eq(offsetof(struct tote_fault, seq), 8);
	ck_assert_uint_eq(offsetof(struct tote_fault, box), 24);
	ck_assert_uint_eq(offsetof(struct tote_fault, text), 88);
}
END_TEST

START_TEST(setting_a_fault_overwrites_whatever_was_there)
{
	struct tote_fault fault;

	memset(&fault, 0xA5, sizeof(fault));
	ck_fault(tote_fault_set(&fault, TOTE_E_IO, EIO, "read: it failed"), TOTE_E_IO, fault);
	ck_assert_int_eq(fault.sys_errno, EIO);
	ck_assert_uint_eq(fault.effect, TOTE_EFFECT_NONE);
	ck_assert_uint_eq(fault.flags, 0);
	ck_assert_str_eq(fault.box, "");
	ck_assert_str_eq(fault.text, "read: it failed");
	for (size_t i = strlen(fault.text); i < sizeof(fault.text); i++)
		ck_assert_int_eq(fault.text[i], 0);
	ck_ok(tote_fault_set(&fault, 0, 0, "good"), fault);
}
END_TEST

START_TEST(no_fault_and_no_text_are_allowed)
{
	struct tote_fault fault;

	ck_assert_int_eq(tote_fault_set(NULL, TOTE_E_IO, 5, "text"), TOTE_E_IO);
	ck_assert_int_eq(tote_fault_set(NULL, TOTE_E_IO, 5, NULL), TOTE_E_IO);
	ck_assert_int_eq(tote_fault_set(&fault, TOTE_E_BUSY, 0, NULL), TOTE_E_BUSY);
	ck_assert_str_eq(fault.text, tote_error_text(TOTE_E_BUSY));
}
END_TEST

START_TEST(a_long_text_loses_its_middle_and_never_its_tail)
{
	struct tote_fault fault;
	char path[4096];

	memset(path, 'd', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	ck_fault(tote__fault(&fault, TOTE_E_EXISTS, "seal: '%s/the name': was sealed", path),
		TOTE_E_EXISTS, fault);
	ck_assert_uint_eq(strlen(fault.text), sizeof(fault.text) - 1);
	ck_assert_ptr_eq(strstr(fault.text, "seal: 'ddd"), fault.text);
	ck_assert_ptr_nonnull(strstr(fault.text, "ddd...ddd"));
	ck_assert_str_eq(fault.text + strlen(fault.text) - 23, "d/the name': was sealed");
}
END_TEST

START_TEST(a_text_that_just_fits_is_not_cut)
{
	struct tote_fault fault;
	char text[sizeof(fault.text) + 1];

	memset(text, 'x', sizeof(text));
	text[sizeof(fault.text) - 1] = '\0';
	tote_fault_set(&fault, TOTE_E_IO, 0, text);
	ck_assert_str_eq(fault.text, text);
	text[sizeof(fault.text) - 1] = 'x';
	text[sizeof(fault.text)] = '\0';
	tote_fault_set(&fault, TOTE_E_IO, 0, text);
	ck_assert_ptr_nonnull(strstr(fault.text, "x...x"));
	ck_assert_uint_eq(strlen(fault.text), sizeof(fault.text) - 1);
}
END_TEST

START_TEST(a_cut_never_splits_a_character)
{
	static const char *const letters[] = {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x93\x9C"};
	struct tote_fault fault;
	char text[2048];

	for (size_t kind = 0; kind < 3; kind++) {
		const size_t n = strlen(letters[kind]);

		for (size_t shift = 0; shift < 8; shift++) {
			size_t len = shift;

			memset(text, 'x', shift);
			while (len + n + shift < 1500 + kind) {
				memcpy(text + len, letters[kind], n);
				len += n;
			}
			text[len] = '\0';
			tote_fault_set(&fault, TOTE_E_IO, 0, text);
			ck_assert_int_eq(tote__utf8_valid(fault.text, strlen(fault.text)), 1);
			ck_assert_uint_gt(strlen(fault.text), sizeof(fault.text) - 8);
		}
	}
}
END_TEST

START_TEST(a_text_that_is_not_utf8_is_cut_all_the_same)
{
	struct tote_fault fault;
	char text[2048];

	memset(text, 0x80, sizeof(text));
	text[sizeof(text) - 1] = '\0';
	tote_fault_set(&fault, TOTE_E_IO, 0, text);
	ck_assert_uint_eq(strlen(fault.text), sizeof(fault.text) - 1);
}
END_TEST

START_TEST(a_text_beyond_two_paths_says_that_its_end_is_missing)
{
	struct tote_fault fault;
	char *text = malloc(100001);

	memset(text, 'x', 100000);
	text[100000] = '\0';
	ck_fault(tote__fault(&fault, TOTE_E_IO, "%s", text), TOTE_E_IO, fault);
	ck_assert_str_eq(fault.text + strlen(fault.text) - 4, "x...");
	free(text);
}
END_TEST

START_TEST(the_operating_systems_errors_get_codes_of_ours)
{
	static const struct {
		int err, code;
	} cases[] = {
		{ENOSPC, TOTE_E_NO_SPACE},
		{EDQUOT, TOTE_E_NO_SPACE},
		{EACCES, TOTE_E_PERMISSION},
		{EPERM, TOTE_E_PERMISSION},
		{EROFS, TOTE_E_READ_ONLY},
		{ENOMEM, TOTE_E_NO_MEMORY},
		{EMFILE, TOTE_E_LIMIT},
		{ENFILE, TOTE_E_LIMIT},
		{ENOENT, TOTE_E_NOT_FOUND},
		{EEXIST, TOTE_E_EXISTS},
		{ELOOP, TOTE_E_UNTRUSTED},
		{EXDEV, TOTE_E_UNTRUSTED},
		{EIO, TOTE_E_IO},
		{EINVAL, TOTE_E_IO},
		{99999, TOTE_E_IO},
	};
	struct tote_fault fault;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tote__fault_begin(&fault, NULL);
		ck_fault(tote__fault_errno(&fault, cases[i].err, "open '%s'", "x"), cases[i].code,
			fault);
		ck_assert_int_eq(fault.sys_errno, cases[i].err);
		ck_assert_ptr_eq(strstr(fault.text, "open 'x': "), fault.text);
		ck_assert_uint_gt(strlen(fault.text), 10);
	}
	ck_assert_ptr_nonnull(strstr(fault.text, "99999"));
}
END_TEST

START_TEST(wrapping_puts_words_in_front_and_keeps_the_rest)
{
	struct tote_fault fault, scratch;

	ck_assert_ptr_eq(tote__fault_begin(NULL, &scratch), &scratch);
	ck_assert_ptr_eq(tote__fault_begin(&fault, &scratch), &fault);
	fault_is_zero(&fault);
	tote__fault_set_box(&fault, "finance");
	tote__fault_errno(&fault, ENOSPC, "sync");
	tote__fault_set_seq(&fault, 41);
	fault.effect = TOTE_EFFECT_UNKNOWN;
	ck_fault(tote__fault_wrap(&fault, "append to '%s'", "finance"), TOTE_E_NO_SPACE, fault);
	ck_assert_str_eq(fault.text, "append to 'finance': sync: No space left on device");
	ck_assert_int_eq(fault.sys_errno, ENOSPC);
	ck_assert_str_eq(fault.box, "finance");
	ck_assert_uint_eq(fault.seq, 41);
	ck_assert_uint_eq(fault.flags, TOTE_FAULT_SEQ);
	ck_assert_uint_eq(fault.effect, TOTE_EFFECT_UNKNOWN);
}
END_TEST

START_TEST(a_new_fault_keeps_the_box_and_nothing_else)
{
	struct tote_fault fault;

	tote__fault_begin(&fault, NULL);
	tote__fault_set_box(&fault,
		"a-name-that-is-longer-than-any-id-may-be-0123456789-0123456789-"
		"0123456789");
	ck_assert_uint_eq(strlen(fault.box), sizeof(fault.box) - 1);
	tote__fault_set_box(&fault, "finance");
	tote__fault_errno(&fault, EIO, "x");
	tote__fault_set_seq(&fault, 7);
	tote__fault(&fault, TOTE_E_STATE, "container is suspended");
	ck_assert_str_eq(fault.box, "finance");
	ck_assert_int_eq(fault.sys_errno, 0);
	ck_assert_uint_eq(fault.seq, 0);
	ck_assert_uint_eq(fault.flags, 0);
	tote__fault_clear(&fault);
	fault_is_zero(&fault);
}
END_TEST

Suite *fault_suite(void)
{
	Suite *s = suite_create("fault");
	TCase *t = tcase_create("fault");

	tcase_add_test(t, the_numbers_names_and_classes_of_errors_never_move);
	tcase_add_test(t, a_code_that_is_not_in_the_frozen_table_is_unknown);
	tcase_add_test(t, a_fault_is_512_bytes_for_ever);
	tcase_add_test(t, setting_a_fault_overwrites_whatever_was_there);
	tcase_add_test(t, no_fault_and_no_text_are_allowed);
	tcase_add_test(t, a_long_text_loses_its_middle_and_never_its_tail);
	tcase_add_test(t, a_text_that_just_fits_is_not_cut);
	tcase_add_test(t, a_cut_never_splits_a_character);
	tcase_add_test(t, a_text_that_is_not_utf8_is_cut_all_the_same);
	tcase_add_test(t, a_text_beyond_two_paths_says_that_its_end_is_missing);
	tcase_add_test(t, the_operating_systems_errors_get_codes_of_ours);
	tcase_add_test(t, wrapping_puts_words_in_front_and_keeps_the_rest);
	tcase_add_test(t, a_new_fault_keeps_the_box_and_nothing_else);
	suite_add_tcase(s, t);
	return s;
}
