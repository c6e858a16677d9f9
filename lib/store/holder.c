/* SPDX-License-Identifier: ISC */
/*
 * Who holds a lock. The line is only quoted here, never believed: a wrong one makes a wrong
 * sentence and nothing else, so neither its check nor its inode is looked at.
 */
#include "store/holder.h"
#include "base/text.h"
#include "base/timestamp.h"
#include "store/store.h"
#include <string.h>

enum { FIELD_FORMAT, FIELD_PID = 5, FIELD_HOST = 6, FIELD_SINCE = 7, FIELDS = 9 };

struct field {
	const char *at;
	size_t len;
};

/* Cuts the line up to its LF at single spaces; 1 where it has the right number of parts. */
static int cut(const char *line, size_t len, struct field fields[FIELDS])
{
	const char *end = len ? memchr(line, '\n', len) : NULL;
	size_t count = 0;

	if (!end)
		return 0;
	for (const char *at = line; at <= end; count++) {
		const char *space = memchr(at, ' ', (size_t)(end - at));

		if (count == FIELDS)
			return 0;
		if (!space)
			space = end;
		fields[count].at = at;
		fields[count].len = (size_t)(space - at);
		at = space + 1;
	}
	return count == FIELDS;
}

/* What goes into a person's sentence is printable: the fields of the format are. */
static int printable(const struct field *f)
{
	if (f->len == 0 || f->len > 255)
		return 0;
	for (size_t i = 0; i < f->len; i++) {
		if (f->at[i] < 0x21 || f->at[i] > 0x7e)
			return 0;
	}
	return 1;
}

static int readable(const char *line, size_t len, struct field fields[FIELDS])
{
	static const char format[] = "tote-lock/1";
	uint64_t pid;
	int64_t since;

	if (!cut(line, len, fields) || fields[FIELD_FORMAT].len != sizeof(format) - 1 ||
		memcmp(fields[FIELD_FORMAT].at, format, sizeof(format) - 1) != 0)
		return 0;
	return tote__decimal_parse(fields[FIELD_PID].at, fields[FIELD_PID].len, &pid) == 0 &&
	       printable(&fields[FIELD_HOST]) &&
	       tote__time_parse(fields[FIELD_SINCE].at, fields[FIELD_SINCE].len, &since) == 0;
}

static const char *purpose(int byte)
{
	switch (byte) {
	case LOCK_BYTE_WRITE:
		return "for writing";
	case LOCK_BYTE_TURNSTILE:
		return "by a queue of writers";
	case LOCK_BYTE_DISPATCH:
		return "by another scheduler of this root";
	default:
		return "for a fold or a copy";
	}
}

int tote__holder_busy(
	const char *location, int byte, const char *line, size_t len, struct tote_fault *fault)
{
	struct field f[FIELDS];

	if (!readable(line, len, f))
		return tote__fault(fault, TOTE_E_BUSY,
			"%s is locked %s, and its line does not say by whom: try again", location,
			purpose(byte));
	return tote__fault(fault, TOTE_E_BUSY,
		"%s is locked %s; it was last taken for writing by pid %.*s on %.*s, since %.*s: "
		"try again, or look at that process",
		location, purpose(byte), (int)f[FIELD_PID].len, f[FIELD_PID].at,
		(int)f[FIELD_HOST].len, f[FIELD_HOST].at, (int)f[FIELD_SINCE].len,
		f[FIELD_SINCE].at);
}
