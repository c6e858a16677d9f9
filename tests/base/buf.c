/* SPDX-License-Identifier: ISC */
/*
 * The buffer has a hard maximum and remembers its first failure; the reader never leaves its bytes.
 */
#include "base/buf.h"
#include "support/support.h"

START_TEST(what_is_put_comes_out_in_order_and_big_endian)
{
	struct tote_fault fault = {0};
	struct buf b;

	tote__buf_init(&b, plain_heap(), 1000);
	tote__buf_put_u16(&b, 0x0102);
	tote__buf_put_u32(&b, 0x03040506);
	tote__buf_put_u64(&b, UINT64_C(0x0708090A0B0C0D0E));
	tote__buf_puts(&b, "ab");
	tote__buf_putc(&b, 'c');
	tote__buf_put_zeros(&b, 2);
	tote__buf_put(&b, "\xFF", 1);
	tote__buf_put(&b, NULL, 0);
	ck_assert_str_eq(to_hex(b.data, b.len), "0102030405060708090a0b0c0d0e6162630000ff");
	ck_ok(tote__buf_check(&b, "test", &fault), fault);
	tote__buf_free(&b);
	tote__buf_free(&b);
}
END_TEST

START_TEST(decimals_have_no_leading_zero_and_reach_the_largest)
{
	static const uint64_t values[] = {0, 9, 10, 4096, INT64_MAX, UINT64_MAX};
	struct buf b;

	tote__buf_init(&b, plain_heap(), 1000);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		tote__buf_put_decimal(&b, values[i]);
		tote__buf_putc(&b, ' ');
	}
	tote__buf_putc(&b, 0);
	ck_assert_str_eq((char *)b.data, "0 9 10 4096 9223372036854775807 18446744073709551615 ");
	tote__buf_free(&b);
}
END_TEST

START_TEST(formatted_text_grows_to_any_length)
{
	char *long_text = malloc(70001);
	struct buf b;

	memset(long_text, 'y', 70000);
	long_text[70000] = '\0';
	tote__buf_init(&b, plain_heap(), 100000);
	tote__buf_putf(&b, "%d%s", 42, long_text);
	ck_assert_int_eq(b.failed, 0);
	ck_assert_uint_eq(b.len, 70002);
	ck_assert_int_eq(memcmp(b.data, "42yyy", 5), 0);
	tote__buf_free(&b);
	free(long_text);
}
END_TEST

START_TEST(the_maximum_is_exact_and_the_first_failure_stays)
{
	struct tote_fault fault = {0};
	struct buf b;

	tote__buf_init(&b, plain_heap(), 5);
	tote__buf_putf(&b, "%s", "12345");
	ck_ok(tote__buf_check(&b, "name", &fault), fault);
	ck_assert_uint_eq(b.len, 5);
	tote__buf_putc(&b, '6');
	tote__buf_put(&b, NULL, 0);
	ck_fault(tote__buf_check(&b, "name", &fault), TOTE_E_TOO_LARGE, fault);
	ck_assert_str_eq(fault.text, "name: larger than 5 bytes");
	tote__buf_reset(&b);
	ck_assert_uint_eq(b.len, 0);
	tote__buf_puts(&b, "123456");
	tote__buf_puts(&b, "1"); /* it would fit, but something before it is missing */
	ck_assert_uint_eq(b.len, 0);
	ck_fault(tote__buf_check(&b, "name", &fault), TOTE_E_TOO_LARGE, fault);
	tote__buf_free(&b);
}
END_TEST

START_TEST(a_length_near_the_end_of_size_t_is_refused)
{
	struct buf b;

	tote__buf_init(&b, plain_heap(), SIZE_MAX);
	tote__buf_putc(&b, 1);
	tote__buf_put_zeros(&b, SIZE_MAX - 1);
	ck_assert_int_eq(b.failed, TOTE_E_TOO_LARGE);
	ck_assert_uint_eq(b.len, 1);
	tote__buf_free(&b);
}
END_TEST

START_TEST(without_memory_a_put_fails_and_nothing_is_lost)
{
	for (long n = 0;; n++) {
		struct failing f = {.fail_at = n, .once = 1};
		struct heap heap = failing_heap(&f);
		struct tote_fault fault = {0};
		struct buf b;

		tote__buf_init(&b, &heap, 100000);
		for (int i = 0; i < 1000; i++)
			tote__buf_putf(&b, "%04d", i);
		if (f.fired)
			ck_fault(tote__buf_check(&b, "list", &fault), TOTE_E_NO_MEMORY, fault);
		else
			ck_assert_uint_eq(b.len, 4000);
		ck_assert_uint_eq(b.len % 4, 0);
		tote__buf_free(&b);
		ck_assert_int_eq(f.live, 0);
		if (!f.fired)
			break;
	}
}
END_TEST

START_TEST(the_reader_gives_zeros_past_the_end_and_says_so)
{
	static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	struct reader r;

	tote__reader_init(&r, data, sizeof(data));
	ck_assert_uint_eq(tote__reader_u16(&r), 0x0102);
	ck_assert_uint_eq(tote__reader_u32(&r), 0x03040506);
	ck_assert_uint_eq(tote__reader_u64(&r), UINT64_C(0x0708090A0B0C0D0E));
	ck_assert_uint_eq(tote__reader_left(&r), 1);
	ck_assert_int_eq(r.failed, 0);
	ck_assert_uint_eq(tote__reader_u16(&r), 0);
	ck_assert_int_eq(r.failed, 1);
	ck_assert_ptr_null(tote__reader_bytes(&r, 1)); /* nothing more after a failure */
	ck_assert_ptr_null(tote__reader_bytes(&r, SIZE_MAX));
	tote__reader_init(&r, NULL, 0);
	ck_assert_uint_eq(tote__reader_left(&r), 0);
	ck_assert_ptr_nonnull(tote__reader_bytes(&r, 0));
	ck_assert_ptr_null(tote__reader_bytes(&r, 1));
}
END_TEST

START_TEST(lines_end_in_lf_and_the_rest_is_left)
{
	struct reader r;
	const char *line;
	size_t len;

	tote__reader_init(&r, "one\n\nthr", 8);
	ck_assert_int_eq(tote__reader_line(&r, &line, &len), 1);
	ck_assert_int_eq(len == 3 && memcmp(line, "one", 3) == 0, 1);
	ck_assert_int_eq(tote__reader_line(&r, &line, &len), 1);
	ck_assert_uint_eq(len, 0);
	ck_assert_int_eq(tote__reader_line(&r, &line, &len), 0);
	ck_assert_uint_eq(tote__reader_left(&r), 3);
}
END_TEST

START_TEST(the_heap_checks_its_products_and_zeroes)
{
	struct failing f = {.fail_at = -1};
	struct heap heap = failing_heap(&f);
	struct tote_fault fault = {0};
	uint8_t *block = tote__heap_new(&heap, 100, 3, &fault);
	void *empty = tote__heap_new(&heap, 0, 8, &fault);
	char *copy = tote__heap_strdup(&heap, "copy", &fault);

	ck_assert_ptr_nonnull(block);
	ck_assert_ptr_nonnull(empty); /* no bytes are no failure */
	for (size_t i = 0; i < 300; i++)
		ck_assert_int_eq(block[i], 0);
	ck_assert_str_eq(copy, "copy");
	fault_is_zero(&fault);
	ck_assert_ptr_null(tote__heap_new(&heap, SIZE_MAX / 2, 3, &fault));
	ck_assert_int_eq(fault.code, TOTE_E_NO_MEMORY);
	f.fail_at = 0;
	ck_assert_ptr_null(tote__heap_resize(&heap, block, 400, 1, &fault));
	ck_assert_ptr_null(tote__heap_dup(&heap, "x", 1, &fault));
	tote__heap_free(&heap, block);
	tote__heap_free(&heap, empty);
	tote__heap_free(&heap, copy);
	tote__heap_free(&heap, NULL);
	ck_assert_int_eq(f.live, 0);
}
END_TEST

Suite *buf_suite(void)
{
	Suite *s = suite_create("buf");
	TCase *t = tcase_create("buf");

	tcase_add_test(t, what_is_put_comes_out_in_order_and_big_endian);
	tcase_add_test(t, decimals_have_no_leading_zero_and_reach_the_largest);
	tcase_add_test(t, formatted_text_grows_to_any_length);
	tcase_add_test(t, the_maximum_is_exact_and_the_first_failure_stays);
	tcase_add_test(t, a_length_near_the_end_of_size_t_is_refused);
	tcase_add_test(t, without_memory_a_put_fails_and_nothing_is_lost);
	tcase_add_test(t, the_reader_gives_zeros_past_the_end_and_says_so);
	tcase_add_test(t, lines_end_in_lf_and_the_rest_is_left);
	tcase_add_test(t, the_heap_checks_its_products_and_zeroes);
	suite_add_tcase(s, t);
	return s;
}
