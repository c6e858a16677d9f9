/* SPDX-License-Identifier: ISC */
/*
 * Times are those of the Gregorian calendar, in exactly one form, from 1970 to 9999.
 */
#include "base/timestamp.h"
#include "support/support.h"
#include <time.h>

#define DAY INT64_C(86400000000)

static const struct {
	int64_t us;
	const char *text;
} times[] = {
	{0, "1970-01-01T00:00:00.000000Z"},
	{1, "1970-01-01T00:00:00.000001Z"},
	{INT64_C(1795421700123456), "2026-11-23T08:15:00.123456Z"},
	{INT64_C(951782400000000), "2000-02-29T00:00:00.000000Z"},
	{INT64_C(951868799999999), "2000-02-29T23:59:59.999999Z"},
	{INT64_C(4107542400000000), "2100-03-01T00:00:00.000000Z"},
	{INT64_C(253402300799999999), "9999-12-31T23:59:59.999999Z"},
};

START_TEST(times_are_written_and_read)
{
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct tote_fault fault = {0};
		char text[TIME_LEN + 1];
		int64_t us;

		ck_ok(tote__time_format(times[i].us, text, &fault), fault);
		ck_assert_str_eq(text, times[i].text);
		ck_assert_int_eq(tote__time_parse(text, TIME_LEN, &us), 0);
		ck_assert_int_eq(us, times[i].us);
	}
}
END_TEST

/* Check writes each assertion to a pipe, so that many cases make one assertion. */
static int day_is_that_of_the_c_library(int64_t day)
{
	const time_t seconds = (time_t)(day * 86400 + day % 86400);
	const int64_t us = (int64_t)seconds * 1000000 + 5;
	struct tote_fault fault = {0};
	char text[TIME_LEN + 1], theirs[64];
	struct tm tm;
	int64_t back;

	strftime(theirs, sizeof(theirs), "%Y-%m-%dT%H:%M:%S.000005Z", gmtime_r(&seconds, &tm));
	return tote__time_format(us, text, &fault) == 0 && strcmp(text, theirs) == 0 &&
	       tote__time_parse(text, TIME_LEN, &back) == 0 && back == us;
}

START_TEST(every_ninth_day_of_eight_thousand_years_is_that_of_the_c_library)
{
	int64_t wrong = 0;

	for (int64_t day = 0; day * DAY < INT64_C(253402300800000000); day += 9) {
		if (!day_is_that_of_the_c_library(day) && !wrong)
			wrong = day;
	}
	ck_assert_msg(wrong == 0, "day %lld since 1970 is wrong", (long long)wrong);
}
END_TEST

START_TEST(a_clock_outside_1970_to_9999_is_an_error_that_says_so)
{
	static const int64_t outside[] = {-1, INT64_MIN, INT64_C(253402300800000000), INT64_MAX};

	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		struct tote_fault fault = {0};
		char text[TIME_LEN + 1];

		ck_fault(tote__time_format(outside[i], text, &fault), TOTE_E_CLOCK, fault);
	}
}
END_TEST

START_TEST(a_time_in_any_other_form_is_refused)
{
	static const char *const refused[] = {"", "1970-01-01T00:00:00Z",
		"1969-12-31T23:59:59.999999Z", "2026-00-10T00:00:00.000000Z",
		"2026-13-10T00:00:00.000000Z", "2026-01-00T00:00:00.000000Z",
		"2026-01-32T00:00:00.000000Z", "2026-04-31T00:00:00.000000Z",
		"2026-02-29T00:00:00.000000Z", "2100-02-29T00:00:00.000000Z",
		"2026-01-01T24:00:00.000000Z", "2026-01-01T00:60:00.000000Z",
		"2016-12-31T23:59:60.000000Z", "2026-01-01t00:00:00.000000Z",
		"2026-01-01T00:00:00.000000z", "2026-01-01 00:00:00.000000Z",
		"2026-01-01T00:00:00,000000Z", "2026-01-01T00:00:00.00000Z",
		"2026-01-01T00:00:00.0000000Z", "2026-01-01T00:00:00.000000+",
		"2026/01-01T00:00:00.000000Z", "+026-01-01T00:00:00.000000Z",
		"2026-01-01T00:00:00.00000 Z", "2026-01-01T00.00:00.000000Z",
		"2026-1 -01T00:00:00.000000Z"};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		int64_t us = 77;

		ck_assert_msg(tote__time_parse(refused[i], strlen(refused[i]), &us) == -1,
			"'%s' was taken", refused[i]);
		ck_assert_int_eq(us, 77);
	}
}
END_TEST

Suite *timestamp_suite(void)
{
	Suite *s = suite_create("timestamp");
	TCase *t = tcase_create("timestamp");

	tcase_add_test(t, times_are_written_and_read);
	tcase_add_test(t, every_ninth_day_of_eight_thousand_years_is_that_of_the_c_library);
	tcase_add_test(t, a_clock_outside_1970_to_9999_is_an_error_that_says_so);
	tcase_add_test(t, a_time_in_any_other_form_is_refused);
	suite_add_tcase(s, t);
	return s;
}
