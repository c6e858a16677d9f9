/* SPDX-License-Identifier: ISC */
/*
 * Numbers with a unit. Digits and one suffix, no sign and no point, so that nothing is guessed.
 */
#include "quantity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct unit {
	const char *name;
	uint64_t worth;
};

static const struct unit sizes[] = {
	{"", 1},
	{"KiB", UINT64_C(1) << 10},
	{"MiB", UINT64_C(1) << 20},
	{"GiB", UINT64_C(1) << 30},
	{"TiB", UINT64_C(1) << 40},
	{NULL, 0},
};

static const struct unit times[] = {
	{"", 1},
	{"s", 1},
	{"m", 60},
	{"h", 3600},
	{"d", 86400},
	{"w", 7 * 86400},
	{NULL, 0},
};

/* Not above max. */
static int read_quantity(const char *text, const struct unit *units, uint64_t max, uint64_t *ret)
{
	const char *c = text;
	uint64_t n = 0;

	for (; *c >= '0' && *c <= '9'; c++) {
		if (n > max / 10 - 1)
			return 0;
		n = n * 10 + (uint64_t)(*c - '0');
	}
	for (; c != text && units->name; units++) {
		if (strcmp(units->name, c) != 0)
			continue;
		if (n > max / units->worth)
			return 0;
		*ret = n * units->worth;
		return 1;
	}
	return 0;
}

int quantity_bytes(const char *text, uint64_t *ret_bytes)
{
	return read_quantity(text, sizes, INT64_MAX, ret_bytes);
}

int quantity_duration(const char *text, int64_t *ret_us)
{
	uint64_t seconds;

	if (!read_quantity(text, times, INT64_MAX / 1000000, &seconds))
		return 0;
	*ret_us = (int64_t)seconds * 1000000;
	return 1;
}

const char *quantity_time_left(char buffer[32], int64_t us)
{
	int64_t s = (us + 500000) / 1000000;

	if (s < 60)
		snprintf(buffer, 32, "%" PRId64 " s", s);
	else if (s < 600)
		snprintf(buffer, 32, "%" PRId64 " min %" PRId64 " s", s / 60, s % 60 / 10 * 10);
	else if (s < 5400)
		snprintf(buffer, 32, "%" PRId64 " min", (s + 30) / 60);
	else if (s < 172800)
		snprintf(buffer, 32, "%" PRId64 " h %" PRId64 " min", s / 3600, s % 3600 / 60);
	else
		snprintf(buffer, 32, "%" PRId64 " days", (s + 43200) / 86400);
	return buffer;
}
