/* SPDX-License-Identifier: ISC */
/*
 * What the tests share: scratch directories, a heap that can be made to fail and that counts what
 * is not given back, a clock that stands still until it is moved, and contexts made of these.
 * Nothing here returns an error: what cannot be done fails the test.
 */
#ifndef SUPPORT_SUPPORT_H
#define SUPPORT_SUPPORT_H

#include "base/ctx.h"
#include "base/fault.h"
#include "base/heap.h"
#include <check.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- directories and files ------------------------------------------------------------------ */

struct scratch {
	char path[256];
};

/* A new empty directory below TMPDIR (else /tmp), mode 0700. */
void scratch_make(struct scratch *s);
/* Removes it with everything in it, read-only directories too; nothing is followed out of it. */
void scratch_remove(struct scratch *s);
/* "scratch/formatted", in one of eight buffers that are used in turn. */
const char *scratch_path(const struct scratch *s, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* "formatted" for any purpose, in one of eight buffers that are used in turn. */
const char *printed(const char *fmt, ...) PRINTF_LIKE(1, 2);

void file_write(const char *path, const void *data, size_t len); /* made or replaced, 0644 */
/* The whole file, with a NUL behind it, to be freed with free(). ret_len may be NULL. */
uint8_t *file_read(const char *path, size_t *ret_len);
int file_exists(const char *path); /* a link counts, wherever it points */
int64_t file_size(const char *path);
void file_flip(const char *path, size_t offset, uint8_t mask); /* also of a mode 0444 file */
void file_truncate(const char *path, size_t len);              /* likewise */
void directory_make(const char *path);

/* --- memory --------------------------------------------------------------------------------- */

/*
 * An allocator over malloc. fail_at counts down with each allocation: the one that finds 0 fails,
 * and so do all after it unless once is set; below 0 none fails. live is the number of blocks not
 * given back. Set everything else to zero. To make every allocation of an operation fail in turn:
 *
 *	for (long n = 0;; n++) {
 *		struct failing f = {.fail_at = n};
 *		... do it ...
 *		ck_assert_int_eq(f.live, 0);
 *		if (!f.fired)
 *			break;
 *	}
 */
struct failing {
	long fail_at;
	int once;
	int fired;
	long live;
};

struct heap failing_heap(struct failing *f);
struct tote_allocator failing_allocator(struct failing *f);
const struct heap *plain_heap(void); /* malloc and free, nothing counted */

/* --- contexts ------------------------------------------------------------------------------- */

/* Settable: the library sees the two members as they are at each reading. */
struct frozen_clock {
	int64_t wall, monotonic;
};

/* 2026-11-23T08:15:00.000000Z, and one second since the fixed point. */
#define FROZEN_CLOCK                                                                               \
	{                                                                                          \
		INT64_C(1795421700000000), INT64_C(1000000)                                        \
	}

struct tote_clock frozen_clock_source(struct frozen_clock *clock);

/* Each may be NULL: then the system's clock, malloc. */
tote_ctx *support_ctx(struct frozen_clock *clock, struct failing *memory);

/* --- bytes and faults ----------------------------------------------------------------------- */

size_t from_hex(const char *hex, uint8_t *out);   /* the number of bytes */
const char *to_hex(const void *data, size_t len); /* in one of eight buffers, at most 4,000 bytes */

void fault_is_zero(const struct tote_fault *fault);

/*
 * First in a child that runs beside its parent: the assertions of both would go to one file, and
 * mixed they are no messages any more. Every regular file that was inherited is silenced.
 */
void child_asserts_nothing(void);

/* The call returned this code and its fault says the same, with a text. */
#define ck_fault(call, wanted, fault)                                                              \
	do {                                                                                       \
		int got_ = (call);                                                                 \
		ck_assert_msg(got_ == (wanted), "%s: %s (%s) instead of %s", #call,                \
			tote_error_name(got_), (fault).text, tote_error_name(wanted));             \
		ck_assert_int_eq((fault).code, got_);                                              \
		ck_assert_msg((fault).text[0] != '\0', "%s: no text", #call);                      \
	} while (0)

/* The call returned 0 and left the fault all zero; the message shows the fault where not. */
#define ck_ok(call, fault)                                                                         \
	do {                                                                                       \
		int got_ = (call);                                                                 \
		ck_assert_msg(                                                                     \
			got_ == 0, "%s: %s: %s", #call, tote_error_name(got_), (fault).text);      \
		fault_is_zero(&(fault));                                                           \
	} while (0)

#endif
