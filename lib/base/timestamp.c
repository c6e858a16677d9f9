/* SPDX-License-Identifier: ISC */
/*
 * Times as entries bear them (FORMAT section "entries"): UTC, 27 bytes, Gregorian, 1970 to 9999.
 * Done by hand: gmtime(3) and its kin know locales, time zones and leap seconds, this does not.
 */
#include "base/timestamp.h"
#include <string.h>

#define DAY_US    INT64_C(86400000000)
#define YEAR_MIN  1970
#define YEAR_MAX  9999
#define DAYS_YEAR 365

static int is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_of_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* The days from year 1 to the first day of a year, of the Gregorian calendar also before 1582. */
static int64_t days_before_year(int year)
{
	const int64_t y = year - 1;

	return y * DAYS_YEAR + y / 4 - y / 100 + y / 400;
}

static int64_t days_since_1970(int year, int month, int day)
{
	static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};

	return days_before_year(year) - days_before_year(YEAR_MIN) + before[month - 1] +
	       (month > 2 && is_leap(year)) + day - 1;
}

/* Writes value with leading zeros into exactly width bytes. */
static void put_digits(char *out, int width, int64_t value)
{
	for (int i = width - 1; i >= 0; i--, value /= 10)
		out[i] = (char)('0' + value % 10);
}

int tote__time_format(int64_t us, char out[TIME_LEN + 1], struct tote_fault *fault)
{
	const int64_t end = (days_before_year(YEAR_MAX + 1) - days_before_year(YEAR_MIN)) * DAY_US;
	int64_t days, rest;
	int year, month = 1;

	if (us < 0 || us >= end)
		return tote__fault(fault, TOTE_E_CLOCK,
			"the clock says %lld microseconds since 1970, which is not from 1970 to "
			"9999: "
			"set the clock",
			(long long)us);
	days = us / DAY_US;
	rest = us % DAY_US;
	year = YEAR_MIN + (int)(days / (DAYS_YEAR + 1)); /* never too late a year */
	while (days_since_1970(year + 1, 1, 1) <= days)
		year++;
	days -= days_since_1970(year, 1, 1);
	for (; days >= days_of_month(year, month); month++)
		days -= days_of_month(year, month);
	memcpy(out, "YYYY-MM-DDTHH:MM:SS.ffffffZ", TIME_LEN + 1);
	put_digits(out, 4, year);
	put_digits(out + 5, 2, month);
	put_digits(out + 8, 2, days + 1);
	put_digits(out + 11, 2, rest / INT64_C(3600000000));
	put_digits(out + 14, 2, rest / INT64_C(60000000) % 60);
	put_digits(out + 17, 2, rest / INT64_C(1000000) % 60);
	put_digits(out + 20, 6, rest % INT64_C(1000000));
	return 0;
}

/* The number of exactly width digits, or -1. Each entry that is read has 20 of them. */
static int get_digits(const char *s, int width)
{
	int value = 0, odd = 0;

	for (int i = 0; i < width; i++) {
		const unsigned int digit = (unsigned int)(uint8_t)s[i] - '0';

		odd |= digit > 9;
		value = value * 10 + (int)digit;
	}
	return odd ? -1 : value;
}

static int get_date(const char *s, int64_t *ret_days)
{
	const int year = get_digits(s, 4), month = get_digits(s + 5, 2);
	const int day = get_digits(s + 8, 2);

	if (year < YEAR_MIN || month < 1 || month > 12)
		return -1;
	if (day < 1 || day > days_of_month(year, month))
		return -1;
	*ret_days = days_since_1970(year, month, day);
	return 0;
}

int tote__time_parse(const char *s, size_t len, int64_t *ret_us)
{
	static const char marks[] = "--T::.Z";
	static const uint8_t at[] = {4, 7, 10, 13, 16, 19, 26};
	int hour, minute, second, micros;
	int64_t days;

	if (len != TIME_LEN)
		return -1;
	for (size_t i = 0; i < sizeof(at); i++) {
		if (s[at[i]] != marks[i])
			return -1;
	}
	hour = get_digits(s + 11, 2);
	minute = get_digits(s + 14, 2);
	second = get_digits(s + 17, 2);
	micros = get_digits(s + 20, 6);
	if (get_date(s, &days) < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
		second < 0 || second > 59 || micros < 0)
		return -1;
	*ret_us = days * DAY_US + ((hour * 60 + minute) * 60 + second) * INT64_C(1000000) + micros;
	return 0;
}
