/* SPDX-License-Identifier: ISC */
/*
 * Text forms of the format (FORMAT section "entries"; RFC 4648, RFC 3629): strict both ways, what
 * is written is the only thing that is read.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/buf.h"
#include "base/grammar.h"
#include "base/timestamp.h"

#define BASE64_LEN(n) (((n) + 2) / 3 * 4)
#define DECIMAL_MAX   21 /* digits of a uint64 and a NUL */
#define VALUE_MAX     16384

/* Base64, standard alphabet, padded, strict: no breaks, no spare bits. Encode writes a NUL. */
void tote__base64_encode(const void *data, size_t len, char *out);
/* Decodes to at most cap bytes; -1 where the text is not exactly the encoding of some bytes. */
int tote__base64_decode(const char *s, size_t len, uint8_t *out, size_t cap, size_t *ret_len);
void tote__hex_encode(const void *data, size_t len, char *out); /* lower case, writes a NUL */
int tote__hex_decode(const char *s, size_t len, uint8_t *out);  /* len / 2 bytes, lower case only */
/* Decimal without sign or leading zero, below 2^63; -1 otherwise. */
int tote__decimal_parse(const char *s, size_t len, uint64_t *ret_value);

/* The length of the valid UTF-8 sequence (RFC 3629) at the start, 0 if there is none. */
size_t tote__utf8_length(const uint8_t *s, size_t len);
int tote__utf8_valid(const void *s, size_t len);

/* A value as written in a header line; the caller bounds the length by VALUE_MAX as written. */
void tote__value_escape(struct buf *out, const void *value, size_t len);
size_t tote__value_escaped_length(const void *value, size_t len);
/* Decodes and encodes again; -1 unless the bytes are the same. out has room for len bytes. */
int tote__value_unescape(const char *s, size_t len, uint8_t *out, size_t *ret_len);

#endif
