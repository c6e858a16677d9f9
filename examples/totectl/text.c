/* SPDX-License-Identifier: ISC */
/*
 * Numbers, sizes and times as a person reads them.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "out.h"

const char *text_count(char buffer[TEXT_MAX], uint64_t count)
{
	char digits[24];
	size_t i, n, length = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, count);

	for (i = n = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			buffer[n++] = ',';
		buffer[n++] = digits[i];
	}
	buffer[n] = '\0';
	return buffer;
}

/* Units of a thousand, as disks are sold. One digit behind the point below ten. */
const char *text_bytes(char buffer[TEXT_MAX], uint64_t bytes)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
	double n = (double)bytes / 1000;
	size_t unit = 0;

	if (bytes < 1000) {
		snprintf(buffer, TEXT_MAX, "%u byte%s", (unsigned)bytes, text_s(bytes));
		return buffer;
	}
	while (n >= 999.5 && unit < 5) {
		n /= 1000;
		unit++;
	}
	snprintf(buffer, TEXT_MAX, n < 9.95 ? "%.1f %s" : "%.0f %s", n, units[unit]);
	return buffer;
}

static void text_date(char buffer[TEXT_MAX], const char *format, int64_t time_us)
{
	time_t seconds = (time_t)(time_us / 1000000 - (time_us % 1000000 < 0));
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || strftime(buffer, TEXT_MAX, format, &tm) == 0)
		strcpy(buffer, "-");
}

/* RFC 3339, as an entry's time is written. */
const char *text_time(char buffer[TEXT_MAX], int64_t time_us)
{
	int64_t fraction = time_us % 1000000;
	size_t n;

	text_date(buffer, "%Y-%m-%dT%H:%M:%S", time_us);
	n = strlen(buffer);
	snprintf(buffer + n, TEXT_MAX - n, ".%06dZ",
		(int)(fraction < 0 ? fraction + 1000000 : fraction));
	return buffer;
}

const char *text_minute(char buffer[TEXT_MAX], int64_t time_us)
{
	text_date(buffer, "%Y-%m-%d %H:%MZ", time_us);
	return buffer;
}

void text_hex(char out[65], const uint8_t hash[32])
{
	size_t i;

	for (i = 0; i < 32; i++)
		snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

const char *text_s(uint64_t count)
{
	return count == 1 ? "" : "s";
}

const char *text_ies(uint64_t count)
{
	return count == 1 ? "y" : "ies";
}
