/* SPDX-License-Identifier: ISC */
/*
 * A growing byte buffer with a hard maximum, and a checked reader of bytes: all encoding and
 * decoding of the library goes through these two, no pointer arithmetic elsewhere.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/fault.h"
#include "base/heap.h"

struct buf {
	const struct heap *heap;
	uint8_t *data;
	size_t len, cap, max;
	int failed; /* the code of the first put that failed: checked once, at the end */
};

void tote__buf_init(struct buf *b, const struct heap *heap, size_t max);
void tote__buf_free(struct buf *b);
void tote__buf_reset(struct buf *b); /* empty, memory kept, failure forgotten */
void tote__buf_put(struct buf *b, const void *data, size_t len);
void tote__buf_puts(struct buf *b, const char *s);
void tote__buf_putc(struct buf *b, uint8_t c);
void tote__buf_put_u16(struct buf *b, uint16_t v); /* big-endian, as all numbers on disk */
void tote__buf_put_u32(struct buf *b, uint32_t v);
void tote__buf_put_u64(struct buf *b, uint64_t v);
void tote__buf_put_zeros(struct buf *b, size_t len);
/* len more bytes whose content is not defined, for who overwrites them; NULL where a put fails. */
uint8_t *tote__buf_extend(struct buf *b, size_t len);
void tote__buf_put_decimal(struct buf *b, uint64_t v);
void tote__buf_putf(struct buf *b, const char *fmt, ...)
	PRINTF_LIKE(2, 3); /* any length up to max */
/* 0, or the failure of an earlier put (TOTE_E_TOO_LARGE past max, TOTE_E_NO_MEMORY) with its text. */
int tote__buf_check(const struct buf *b, const char *what, struct tote_fault *fault);

struct reader {
	const uint8_t *at, *end;
	int failed; /* a get went past the end; what was read from then on is zero */
};

void tote__reader_init(struct reader *r, const void *data, size_t len);
size_t tote__reader_left(const struct reader *r);
uint16_t tote__reader_u16(struct reader *r);
uint32_t tote__reader_u32(struct reader *r);
uint64_t tote__reader_u64(struct reader *r);
const uint8_t *tote__reader_bytes(struct reader *r, size_t len); /* NULL where fewer are left */
/* The next line without its LF; 0 where no LF is left. */
int tote__reader_line(struct reader *r, const char **ret_line, size_t *ret_len);

uint16_t tote__load_u16(const uint8_t *p);
uint32_t tote__load_u32(const uint8_t *p);
uint64_t tote__load_u64(const uint8_t *p);
void tote__store_u16(uint8_t *p, uint16_t v);
void tote__store_u32(uint8_t *p, uint32_t v);
void tote__store_u64(uint8_t *p, uint64_t v);

#endif
