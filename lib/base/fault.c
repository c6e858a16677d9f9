/* SPDX-License-Identifier: ISC */
/*
 * Faults: codes with their names and classes, and texts that always fit. Nothing here allocates or
 * fails, so that a lack of memory can still be reported.
 */
#include "base/fault.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

_Static_assert(sizeof(struct tote_fault) == 512, "struct tote_fault is frozen");

#define FAULT(name, number, class, text)                                                           \
	_Static_assert(TOTE_E_##name == (number), "the number of TOTE_E_" #name " moved");
#include "base/fault.def"
#undef FAULT

/* Room for two paths of the greatest length and the words around them. */
#define FULL_TEXT 9216

static const struct error {
	int code;
	int class;
	const char *name;
	const char *text;
} errors[] = {
	{0, TOTE_CLASS_OK, "TOTE_OK", "success"},
#define FAULT(name, number, class, text) {number, TOTE_CLASS_##class, "TOTE_E_" #name, text},
#include "base/fault.def"
#undef FAULT
};

static const struct error *error_of(int code)
{
	static const struct error unknown = {
		0, TOTE_CLASS_FAILED, "TOTE_E_UNKNOWN", "unknown code"};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (errors[i].code == code)
			return &errors[i];
	}
	return &unknown;
}

const char *tote_error_name(int code)
{
	return error_of(code)->name;
}

const char *tote_error_text(int code)
{
	return error_of(code)->text;
}

int tote_error_class(int code)
{
	return error_of(code)->class;
}

/* A byte 10xxxxxx goes on with a UTF-8 sequence that began before it (RFC 3629 section 3). */
static int goes_on(char c)
{
	return ((unsigned char)c & 0xC0) == 0x80;
}

/* The nearest place not after `at` that is between two sequences. */
static size_t boundary_before(const char *s, size_t at)
{
	for (size_t back = 0; back <= 3 && back <= at; back++) {
		if (!goes_on(s[at - back]))
			return at - back;
	}
	return at; /* this is not UTF-8 */
}

static size_t boundary_after(const char *s, size_t at)
{
	for (size_t on = 0; on <= 3; on++) {
		if (!goes_on(s[at + on])) /* the NUL ends it */
			return at + on;
	}
	return at;
}

/* What a person needs most stands at both ends: what failed, and the last name of a path. */
static void text_put(struct tote_fault *fault, const char *s)
{
	const size_t room = sizeof(fault->text) - 1;
	size_t len = strlen(s), head, tail;

	memset(fault->text, 0, sizeof(fault->text));
	if (len <= room) {
		memcpy(fault->text, s, len);
		return;
	}
	head = boundary_before(s, room / 3);
	tail = boundary_after(s, len - (room - room / 3 - 3));
	memcpy(fault->text, s, head);
	memcpy(fault->text + head, "...", 3);
	memcpy(fault->text + head + 3, s + tail, len - tail);
}

/* Formats into FULL_TEXT bytes; what would not even fit there says that it was cut. */
static size_t text_format(char full[FULL_TEXT], const char *fmt, va_list args)
{
	int n = vsnprintf(full, FULL_TEXT, fmt, args);

	if (n < 0) {
		full[0] = '\0';
		return 0;
	}
	if (n >= FULL_TEXT) {
		memcpy(full + FULL_TEXT - 4, "...", 4);
		return FULL_TEXT - 1;
	}
	return (size_t)n;
}

static void code_put(struct tote_fault *fault, int code, int sys_errno)
{
	fault->code = code;
	fault->sys_errno = sys_errno;
	fault->seq = 0;
	fault->effect = TOTE_EFFECT_NONE;
	fault->flags = 0;
}

struct tote_fault *tote__fault_begin(struct tote_fault *fault, struct tote_fault *scratch)
{
	if (!fault)
		fault = scratch;
	memset(fault, 0, sizeof(*fault));
	return fault;
}

void tote__fault_clear(struct tote_fault *fault)
{
	memset(fault, 0, sizeof(*fault));
}

int tote__fault(struct tote_fault *fault, int code, const char *fmt, ...)
{
	char full[FULL_TEXT];
	va_list args;

	va_start(args, fmt);
	text_format(full, fmt, args);
	va_end(args);
	code_put(fault, code, 0);
	text_put(fault, full);
	return code;
}

static int code_of_errno(int err)
{
	switch (err) {
	case ENOSPC:
	case EDQUOT:
		return TOTE_E_NO_SPACE;
	case EACCES:
	case EPERM:
		return TOTE_E_PERMISSION;
	case EROFS:
		return TOTE_E_READ_ONLY;
	case ENOMEM:
		return TOTE_E_NO_MEMORY;
	case EMFILE:
	case ENFILE:
		return TOTE_E_LIMIT;
	case ENOENT:
		return TOTE_E_NOT_FOUND;
	case EEXIST:
		return TOTE_E_EXISTS;
	case ELOOP:
	case EXDEV:
		return TOTE_E_UNTRUSTED;
	default:
		return TOTE_E_IO;
	}
}

/* strerror(3) is not for threads; of strerror_r there are two that differ in what they return. */
static const char *errno_text(int err, char *scratch, size_t len)
{
#ifdef __GLIBC__
	return strerror_r(err, scratch, len);
#else
	if (strerror_r(err, scratch, len) != 0)
		snprintf(scratch, len, "error %d", err);
	return scratch;
#endif
}

int tote__fault_errno(struct tote_fault *fault, int err, const char *fmt, ...)
{
	char full[FULL_TEXT + 256];
	char scratch[128];
	size_t used;
	va_list args;

	va_start(args, fmt);
	used = text_format(full, fmt, args);
	va_end(args);
	snprintf(full + used, sizeof(full) - used, ": %s",
		errno_text(err, scratch, sizeof(scratch)));
	code_put(fault, code_of_errno(err), err);
	text_put(fault, full);
	return fault->code;
}

int tote__fault_wrap(struct tote_fault *fault, const char *fmt, ...)
{
	char full[FULL_TEXT + sizeof(fault->text) + 2];
	size_t used;
	va_list args;

	va_start(args, fmt);
	used = text_format(full, fmt, args);
	va_end(args);
	snprintf(full + used, sizeof(full) - used, ": %s", fault->text);
	text_put(fault, full);
	return fault->code;
}

void tote__fault_set_box(struct tote_fault *fault, const char *id)
{
	size_t len = strnlen(id, sizeof(fault->box) - 1);

	memset(fault->box, 0, sizeof(fault->box));
	memcpy(fault->box, id, len);
}

void tote__fault_set_seq(struct tote_fault *fault, uint64_t seq)
{
	fault->seq = seq;
	fault->flags |= TOTE_FAULT_SEQ;
}

/* The fault may be a host's own that was never set, so nothing in it is kept. */
int tote_fault_set(struct tote_fault *fault, int code, int sys_errno, const char *text)
{
	if (!fault)
		return code;
	memset(fault, 0, sizeof(*fault));
	if (code == 0)
		return 0;
	code_put(fault, code, sys_errno);
	text_put(fault, text ? text : tote_error_text(code));
	return code;
}
