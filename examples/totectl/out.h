/* SPDX-License-Identifier: ISC */
/*
 * What a person reads: text that cannot harm a terminal, numbers and times, progress, errors.
 */
#ifndef TOTECTL_OUT_H
#define TOTECTL_OUT_H

#include <stdio.h>

#include "args.h"

#define TEXT_LINES    1u /* line feeds and tabs stay as they are */
#define TEXT_SPELLING 2u /* combining marks too: two spellings of one name do not look the same */

/*
 * The one way of foreign bytes to a terminal: control bytes, what is not UTF-8, overrides of the
 * writing direction, line separators and the backslash itself come out as \xHH (and \\).
 */
void out_bytes(FILE *file, const void *bytes, size_t length, unsigned flags);
void out_string(FILE *file, const char *text);
/* Whether a byte sequence is UTF-8 (RFC 3629) throughout. */
int out_is_utf8(const void *bytes, size_t length);
/*
 * The length of the character at bytes: above 0 where it is UTF-8, 0 where it is not; ret_character
 * gets its number.
 */
size_t out_character(const unsigned char *bytes, size_t length, uint32_t *ret_character);
/* Whether a character may do harm on a terminal. */
int out_is_hostile(uint32_t character);

/* One line on stdout, or of talk on stderr (not with --json); the newline is added. */
__attribute__((format(printf, 1, 2))) void out_line(const char *format, ...);
__attribute__((format(printf, 2, 3))) void out_talk(
	const struct call *call, const char *format, ...);

/* The last line: what came of it, green or red on a terminal. */
__attribute__((format(printf, 2, 3))) void out_verdict(int good, const char *format, ...);
/* Colours of a terminal that wants them, else nothing: 'g'reen, 'r'ed, 'y'ellow, 'b'old, '0'. */
const char *out_colour(char which);

/* Text in a buffer of the caller's, for printf: "20,014", "34 MB", "2026-11-23T08:15:00.123456Z". */
#define TEXT_MAX 32
const char *text_count(char buffer[TEXT_MAX], uint64_t count);
const char *text_bytes(char buffer[TEXT_MAX], uint64_t bytes);
const char *text_time(char buffer[TEXT_MAX], int64_t time_us);
const char *text_minute(char buffer[TEXT_MAX], int64_t time_us);
void text_hex(char out[65], const uint8_t hash[32]);
/* "1 file", "2 files" with the noun's ending. */
const char *text_s(uint64_t count);
const char *text_ies(uint64_t count);

/* Progress: one line that renews itself on a terminal, a full line every 30 s elsewhere. */
int64_t out_clock(void);
__attribute__((format(printf, 2, 3))) void progress(
	const struct call *call, const char *format, ...);
void progress_end(void);

/* Errors: each prints one and returns what totectl exits with. */
int fail(struct call *call);
__attribute__((format(printf, 2, 3))) int fail_usage(
	const struct call *call, const char *format, ...);
__attribute__((format(printf, 3, 4))) int fail_system(
	const struct call *call, int error, const char *format, ...);
/* Of two exits the one that tells more: 3, 12, 11, 6, 4, 1. */
int exit_worse(int a, int b);

#endif
