/* SPDX-License-Identifier: ISC */
/*
 * The core schema of YAML 1.2 as its regular expressions say it, and amounts with units. Reading and
 * writing of each amount stand side by side.
 */
#include "orchestrator/fleet_scalar.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t digits(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && is_digit(s[n]))
		n++;
	return n;
}

static int is_word(const char *s, size_t len, const char *word)
{
	return strlen(word) == len && !memcmp(s, word, len);
}

static int is_one_of(const char *s, size_t len, const char *const *words)
{
	for (; *words; words++)
		if (is_word(s, len, *words))
			return 1;
	return 0;
}

static size_t sign(const char *s, size_t len)
{
	return len && (s[0] == '-' || s[0] == '+');
}

/* --- the core schema ------------------------------------------------------------------------ */

/* The value of a digit in that base, -1 where it is none. */
static int digit_in(char c, unsigned base)
{
	int value = is_digit(c)            ? c - '0'
		    : c >= 'a' && c <= 'f' ? c - 'a' + 10
		    : c >= 'A' && c <= 'F' ? c - 'A' + 10
					   : -1;

	return value >= 0 && (unsigned)value < base ? value : -1;
}

/* Where the digits of an integer begin, and their base; 0 where it is no integer. */
static unsigned integer_base(const char *s, size_t len, size_t *ret_at)
{
	unsigned base = 10;
	size_t at = sign(s, len);

	if (!at && len > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'o')) {
		base = s[1] == 'x' ? 16 : 8;
		at = 2;
	}
	*ret_at = at;
	if (at == len)
		return 0;
	for (; at < len; at++)
		if (digit_in(s[at], base) < 0)
			return 0;
	return base;
}

static int is_float(const char *s, size_t len)
{
	static const char *const infinite[] = {".inf", ".Inf", ".INF", NULL};
	static const char *const none[] = {".nan", ".NaN", ".NAN", NULL};
	size_t at = sign(s, len), whole, part = 0, point;

	if (is_one_of(s + at, len - at, infinite) || is_one_of(s, len, none))
		return 1;
	whole = digits(s + at, len - at);
	at += whole;
	point = at < len && s[at] == '.';
	at += point;
	if (point)
		part = digits(s + at, len - at);
	at += part;
	if (!whole && !part)
		return 0;
	if (at < len && (s[at] == 'e' || s[at] == 'E')) {
		size_t exponent;

		at++;
		at += sign(s + at, len - at);
		exponent = digits(s + at, len - at);
		if (!exponent)
			return 0;
		at += exponent;
	}
	return at == len;
}

enum fleet_scalar tote__fleet_scalar(const char *text, size_t len, int plain)
{
	static const char *const nulls[] = {"null", "Null", "NULL", "~", "", NULL};
	static const char *const bools[] = {
		"true", "True", "TRUE", "false", "False", "FALSE", NULL};
	size_t at;

	if (!plain)
		return SCALAR_STRING;
	if (is_one_of(text, len, nulls))
		return SCALAR_NULL;
	if (is_one_of(text, len, bools))
		return SCALAR_BOOL;
	if (integer_base(text, len, &at))
		return SCALAR_INTEGER;
	return is_float(text, len) ? SCALAR_FLOAT : SCALAR_STRING;
}

const char *tote__fleet_scalar_name(enum fleet_scalar type)
{
	static const char *const names[] = {
		[SCALAR_NULL] = "nothing",
		[SCALAR_BOOL] = "true or false",
		[SCALAR_INTEGER] = "a number",
		[SCALAR_FLOAT] = "a number with a point",
		[SCALAR_STRING] = "text",
	};

	return names[type];
}

/* --- amounts -------------------------------------------------------------------------------- */

static int add_digit(uint64_t *value, unsigned base, unsigned digit)
{
	if (*value > ((uint64_t)INT64_MAX - digit) / base)
		return -1;
	*value = *value * base + digit;
	return 0;
}

int tote__fleet_integer(const char *text, size_t len, uint64_t *ret)
{
	uint64_t value = 0;
	size_t at;
	unsigned base = integer_base(text, len, &at);

	if (!base || text[0] == '-')
		return -1;
	for (; at < len; at++)
		if (add_digit(&value, base, (unsigned)digit_in(text[at], base)) < 0)
			return -1;
	*ret = value;
	return 0;
}

struct unit {
	const char *name;
	uint64_t factor;
};

/* The largest first: the first that divides an amount is the one that it is written in. */
static const struct unit times[] = {
	{"w", 604800}, {"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}, {NULL, 0}};
static const struct unit sizes[] = {
	{"GiB", 1u << 30}, {"MiB", 1u << 20}, {"KiB", 1u << 10}, {NULL, 0}};

static int amount(const char *text, size_t len, int plain, const struct unit *units, uint64_t *ret)
{
	size_t n = digits(text, len);
	uint64_t value;

	if (tote__fleet_scalar(text, len, plain) == SCALAR_INTEGER)
		return tote__fleet_integer(text, len, ret);
	if (!n || tote__fleet_integer(text, n, &value) < 0)
		return -1;
	for (; units->name; units++)
		if (is_word(text + n, len - n, units->name)) {
			if (value > INT64_MAX / units->factor)
				return -1;
			*ret = value * units->factor;
			return 0;
		}
	return -1;
}

static void put_amount(uint64_t value, const struct unit *units, char out[FLEET_AMOUNT_MAX])
{
	while (value && units->name && value % units->factor)
		units++;
	snprintf(out, FLEET_AMOUNT_MAX, "%" PRIu64 "%s",
		value && units->name ? value / units->factor : value,
		value && units->name ? units->name : "");
}

int tote__fleet_duration(const char *text, size_t len, int plain, uint64_t *ret_s)
{
	return amount(text, len, plain, times, ret_s);
}

void tote__fleet_put_duration(uint64_t s, char out[FLEET_AMOUNT_MAX])
{
	put_amount(s, times, out);
}

int tote__fleet_size(const char *text, size_t len, int plain, uint64_t *ret_bytes)
{
	return amount(text, len, plain, sizes, ret_bytes);
}

void tote__fleet_put_size(uint64_t bytes, char out[FLEET_AMOUNT_MAX])
{
	put_amount(bytes, sizes, out);
}

/* "HH:MM", which the caller knows to be five bytes. */
static int minute(const char *s, uint32_t *ret)
{
	if (digits(s, 5) != 2 || s[2] != ':' || digits(s + 3, 2) != 2)
		return -1;
	*ret = (uint32_t)(((s[0] - '0') * 10 + s[1] - '0') * 60 + (s[3] - '0') * 10 + s[4] - '0');
	return s[3] < '6' && *ret < 1440 ? 0 : -1;
}

int tote__fleet_window(const char *text, size_t len, uint32_t *ret_from, uint32_t *ret_to)
{
	uint32_t from, to;

	if (len != 11 || text[5] != '-' || minute(text, &from) < 0 || minute(text + 6, &to) < 0)
		return -1;
	*ret_from = from;
	*ret_to = to;
	return 0;
}
