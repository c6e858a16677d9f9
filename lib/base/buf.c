/* SPDX-License-Identifier: ISC */
/*
 * A growing byte buffer with a hard maximum, and a checked reader of bytes. Both remember the first
 * failure, so that code which encodes or decodes reads like the format and checks once, at the end.
 */
#include "base/buf.h"
#include <stdio.h>
#include <string.h>

#define FIRST_CAP 128

void tote__buf_init(struct buf *b, const struct heap *heap, size_t max)
{
	memset(b, 0, sizeof(*b));
	b->heap = heap;
	b->max = max;
}

void tote__buf_free(struct buf *b)
{
	if (b->heap)
		tote__heap_free(b->heap, b->data);
	b->data = NULL;
	b->len = 0;
	b->cap = 0;
}

void tote__buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = 0;
}

/*
 * Room for len more bytes and for the NUL that vsnprintf(3) writes behind them; NULL and the
 * failure remembered where there is none.
 */
static uint8_t *reserve(struct buf *b, size_t len)
{
	struct tote_fault unused;
	size_t need, cap;
	uint8_t *moved;

	if (b->failed)
		return NULL;
	if (len > b->max - b->len || __builtin_add_overflow(b->len + len, 1, &need)) {
		b->failed = TOTE_E_TOO_LARGE;
		return NULL;
	}
	if (need <= b->cap)
		return b->data + b->len;
	cap = b->cap ? b->cap : FIRST_CAP;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	moved = tote__heap_resize(b->heap, b->data, cap, 1, &unused);
	if (!moved) {
		b->failed = TOTE_E_NO_MEMORY;
		return NULL;
	}
	b->data = moved;
	b->cap = cap;
	return b->data + b->len;
}

void tote__buf_put(struct buf *b, const void *data, size_t len)
{
	uint8_t *at = reserve(b, len);

	if (!at || !len)
		return;
	memcpy(at, data, len);
	b->len += len;
}

void tote__buf_puts(struct buf *b, const char *s)
{
	tote__buf_put(b, s, strlen(s));
}

void tote__buf_putc(struct buf *b, uint8_t c)
{
	tote__buf_put(b, &c, 1);
}

void tote__buf_put_u16(struct buf *b, uint16_t v)
{
	uint8_t raw[2];

	tote__store_u16(raw, v);
	tote__buf_put(b, raw, sizeof(raw));
}

void tote__buf_put_u32(struct buf *b, uint32_t v)
{
	uint8_t raw[4];

	tote__store_u32(raw, v);
	tote__buf_put(b, raw, sizeof(raw));
}

void tote__buf_put_u64(struct buf *b, uint64_t v)
{
	uint8_t raw[8];

	tote__store_u64(raw, v);
	tote__buf_put(b, raw, sizeof(raw));
}

uint8_t *tote__buf_extend(struct buf *b, size_t len)
{
	uint8_t *at = reserve(b, len);

	if (at)
		b->len += len;
	return at;
}

void tote__buf_put_zeros(struct buf *b, size_t len)
{
	uint8_t *at = reserve(b, len);

	if (!at)
		return;
	memset(at, 0, len);
	b->len += len;
}

void tote__buf_put_decimal(struct buf *b, uint64_t v)
{
	uint8_t digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (uint8_t)('0' + v % 10);
		v /= 10;
	} while (v);
	tote__buf_put(b, digits + at, sizeof(digits) - at);
}

void tote__buf_putf(struct buf *b, const char *fmt, ...)
{
	va_list args;
	uint8_t *at;
	int n;

	va_start(args, fmt);
	n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (n < 0 && !b->failed)
		b->failed = TOTE_E_TOO_LARGE; /* more than INT_MAX bytes */
	at = n < 0 ? NULL : reserve(b, (size_t)n);
	if (!at)
		return;
	va_start(args, fmt);
	vsnprintf((char *)at, (size_t)n + 1, fmt, args);
	va_end(args);
	b->len += (size_t)n;
}

int tote__buf_check(const struct buf *b, const char *what, struct tote_fault *fault)
{
	if (!b->failed)
		return 0;
	if (b->failed == TOTE_E_TOO_LARGE)
		return tote__fault(fault, b->failed, "%s: larger than %zu bytes", what, b->max);
	return tote__fault(fault, b->failed, "%s: %s", what, tote_error_text(b->failed));
}

void tote__reader_init(struct reader *r, const void *data, size_t len)
{
	static const uint8_t nothing[1];

	r->at = len ? data : nothing;
	r->end = r->at + len;
	r->failed = 0;
}

size_t tote__reader_left(const struct reader *r)
{
	return (size_t)(r->end - r->at);
}

const uint8_t *tote__reader_bytes(struct reader *r, size_t len)
{
	const uint8_t *at = r->at;

	if (r->failed || len > tote__reader_left(r)) {
		r->failed = 1;
		return NULL;
	}
	r->at += len;
	return at;
}

uint16_t tote__reader_u16(struct reader *r)
{
	const uint8_t *p = tote__reader_bytes(r, 2);

	return p ? tote__load_u16(p) : 0;
}

uint32_t tote__reader_u32(struct reader *r)
{
	const uint8_t *p = tote__reader_bytes(r, 4);

	return p ? tote__load_u32(p) : 0;
}

uint64_t tote__reader_u64(struct reader *r)
{
	const uint8_t *p = tote__reader_bytes(r, 8);

	return p ? tote__load_u64(p) : 0;
}

int tote__reader_line(struct reader *r, const char **ret_line, size_t *ret_len)
{
	const uint8_t *lf = r->failed ? NULL : memchr(r->at, '\n', tote__reader_left(r));

	if (!lf)
		return 0;
	*ret_line = (const char *)r->at;
	*ret_len = (size_t)(lf - r->at);
	r->at = lf + 1;
	return 1;
}

uint16_t tote__load_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

uint32_t tote__load_u32(const uint8_t *p)
{
	return (uint32_t)tote__load_u16(p) << 16 | tote__load_u16(p + 2);
}

uint64_t tote__load_u64(const uint8_t *p)
{
	return (uint64_t)tote__load_u32(p) << 32 | tote__load_u32(p + 4);
}

void tote__store_u16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

void tote__store_u32(uint8_t *p, uint32_t v)
{
	tote__store_u16(p, (uint16_t)(v >> 16));
	tote__store_u16(p + 2, (uint16_t)v);
}

void tote__store_u64(uint8_t *p, uint64_t v)
{
	tote__store_u32(p, (uint32_t)(v >> 32));
	tote__store_u32(p + 4, (uint32_t)v);
}
