/* SPDX-License-Identifier: ISC */
/*
 * Scalars by the core schema of YAML 1.2, and none of the surprises of 1.1.
 */
#include "orchestrator/fleet_scalar.h"
#include "support/support.h"

static const struct {
	const char *text;
	enum fleet_scalar type;
} plain[] = {
	{"", SCALAR_NULL},
	{"~", SCALAR_NULL},
	{"null", SCALAR_NULL},
	{"Null", SCALAR_NULL},
	{"NULL", SCALAR_NULL},
	{"nULL", SCALAR_STRING},
	{"true", SCALAR_BOOL},
	{"False", SCALAR_BOOL},
	{"TRUE", SCALAR_BOOL},
	{"yes", SCALAR_STRING},
	{"no", SCALAR_STRING},
	{"on", SCALAR_STRING},
	{"Off", SCALAR_STRING},
	{"y", SCALAR_STRING},
	{"0", SCALAR_INTEGER},
	{"010", SCALAR_INTEGER},
	{"-19", SCALAR_INTEGER},
	{"+7", SCALAR_INTEGER},
	{"0o17", SCALAR_INTEGER},
	{"0o18", SCALAR_STRING},
	{"0xDeadBeef", SCALAR_INTEGER},
	{"0x", SCALAR_STRING},
	{"-0x1", SCALAR_STRING},
	{"0b11", SCALAR_STRING},
	{"1_000", SCALAR_STRING},
	{"22:00", SCALAR_STRING},
	{"190:20:30", SCALAR_STRING},
	{"2026-11-23", SCALAR_STRING},
	{"<<", SCALAR_STRING},
	{"+", SCALAR_STRING},
	{"-", SCALAR_STRING},
	{".", SCALAR_STRING},
	{"1.5", SCALAR_FLOAT},
	{"1.", SCALAR_FLOAT},
	{".5", SCALAR_FLOAT},
	{"-2E+05", SCALAR_FLOAT},
	{"1e3", SCALAR_FLOAT},
	{"1e", SCALAR_STRING},
	{"e3", SCALAR_STRING},
	{".inf", SCALAR_FLOAT},
	{"-.Inf", SCALAR_FLOAT},
	{".NaN", SCALAR_FLOAT},
	{"-.nan", SCALAR_STRING},
	{"1.2.3", SCALAR_STRING},
	{"1d", SCALAR_STRING},
};

START_TEST(a_plain_scalar_is_what_the_core_schema_says)
{
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		ck_assert_msg(tote__fleet_scalar(plain[i].text, strlen(plain[i].text), 1) ==
				      plain[i].type,
			"'%s'", plain[i].text);
}
END_TEST

START_TEST(whatever_has_quotes_is_text)
{
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		ck_assert_int_eq(
			tote__fleet_scalar(plain[i].text, strlen(plain[i].text), 0), SCALAR_STRING);
}
END_TEST

#define NONE UINT64_MAX

static const struct {
	const char *text;
	uint64_t integer, duration, size;
} amounts[] = {
	{"0", 0, 0, 0},
	{"010", 10, 10, 10},
	{"+7", 7, 7, 7},
	{"0o17", 15, 15, 15},
	{"0x1F", 31, 31, 31},
	{"-1", NONE, NONE, NONE},
	{"-0", NONE, NONE, NONE},
	{"9223372036854775807", INT64_MAX, INT64_MAX, INT64_MAX},
	{"9223372036854775808", NONE, NONE, NONE},
	{"0xFFFFFFFFFFFFFFFF", NONE, NONE, NONE},
	{"99999999999999999999999", NONE, NONE, NONE},
	{"1.5", NONE, NONE, NONE},
	{"1e3", NONE, NONE, NONE},
	{"", NONE, NONE, NONE},
	{"90s", NONE, 90, NONE},
	{"15m", NONE, 900, NONE},
	{"2h", NONE, 7200, NONE},
	{"1d", NONE, 86400, NONE},
	{"1w", NONE, 604800, NONE},
	{"1D", NONE, NONE, NONE},
	{"1 d", NONE, NONE, NONE},
	{"1dd", NONE, NONE, NONE},
	{"d", NONE, NONE, NONE},
	{"-1d", NONE, NONE, NONE},
	{"0x1d", 29, 29, 29},
	{"1M", NONE, NONE, NONE},
	{"15250284452472w", NONE, NONE, NONE},
	{"4KiB", NONE, NONE, 4096},
	{"16MiB", NONE, NONE, 16777216},
	{"1GiB", NONE, NONE, 1073741824},
	{"16MB", NONE, NONE, NONE},
	{"16mib", NONE, NONE, NONE},
	{"8589934592GiB", NONE, NONE, NONE},
};

static uint64_t integer_of(const char *text)
{
	uint64_t n;

	return tote__fleet_integer(text, strlen(text), &n) < 0 ? NONE : n;
}

START_TEST(amounts_are_integers_or_digits_with_one_unit)
{
	for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
		const char *text = amounts[i].text;
		uint64_t duration = NONE, size = NONE;

		tote__fleet_duration(text, strlen(text), 1, &duration);
		tote__fleet_size(text, strlen(text), 1, &size);
		ck_assert_msg(integer_of(text) == amounts[i].integer, "integer '%s'", text);
		ck_assert_msg(duration == amounts[i].duration, "duration '%s'", text);
		ck_assert_msg(size == amounts[i].size, "size '%s'", text);
	}
}
END_TEST

START_TEST(a_number_in_quotes_is_no_amount)
{
	uint64_t n = NONE;

	ck_assert_int_lt(tote__fleet_duration("90", 2, 0, &n), 0);
	ck_assert_int_eq(tote__fleet_duration("90s", 3, 0, &n), 0);
	ck_assert_uint_eq(n, 90);
}
END_TEST

START_TEST(what_is_written_reads_back_in_the_largest_unit_that_is_exact)
{
	static const struct {
		uint64_t amount;
		const char *duration, *size;
	} rows[] = {
		{0, "0", "0"},
		{1, "1s", "1"},
		{60, "1m", "60"},
		{61, "61s", "61"},
		{86400, "1d", "86400"},
		{1209600, "2w", "1209600"},
		{1024, "1024s", "1KiB"},
		{16777216, "16777216s", "16MiB"},
		{INT64_MAX, "9223372036854775807s", "9223372036854775807"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[FLEET_AMOUNT_MAX];
		uint64_t back = NONE;

		tote__fleet_put_duration(rows[i].amount, text);
		ck_assert_str_eq(text, rows[i].duration);
		ck_assert_int_eq(tote__fleet_duration(text, strlen(text), 1, &back), 0);
		ck_assert_uint_eq(back, rows[i].amount);
		tote__fleet_put_size(rows[i].amount, text);
		ck_assert_str_eq(text, rows[i].size);
		ck_assert_int_eq(tote__fleet_size(text, strlen(text), 1, &back), 0);
		ck_assert_uint_eq(back, rows[i].amount);
	}
}
END_TEST

START_TEST(a_window_is_two_minutes_of_a_day)
{
	static const char *const bad[] = {"", "22:00", "22:00-4:00", "22:00-04:60", "24:00-04:00",
		"22:00-24:00", "22.00-04.00", "22:00 04:00", "22:00-04:000", "aa:00-04:00"};
	uint32_t from = 0, to = 0;

	ck_assert_int_eq(tote__fleet_window("22:05-04:59", 11, &from, &to), 0);
	ck_assert_uint_eq(from, 22 * 60 + 5);
	ck_assert_uint_eq(to, 4 * 60 + 59);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(
			tote__fleet_window(bad[i], strlen(bad[i]), &from, &to) < 0, "'%s'", bad[i]);
}
END_TEST

Suite *fleet_scalar_suite(void)
{
	Suite *s = suite_create("fleet_scalar");
	TCase *t = tcase_create("scalars");

	tcase_add_test(t, a_plain_scalar_is_what_the_core_schema_says);
	tcase_add_test(t, whatever_has_quotes_is_text);
	tcase_add_test(t, amounts_are_integers_or_digits_with_one_unit);
	tcase_add_test(t, a_number_in_quotes_is_no_amount);
	tcase_add_test(t, what_is_written_reads_back_in_the_largest_unit_that_is_exact);
	tcase_add_test(t, a_window_is_two_minutes_of_a_day);
	suite_add_tcase(s, t);
	return s;
}
