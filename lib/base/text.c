/* SPDX-License-Identifier: ISC */
/*
 * Text forms of the format (FORMAT section "entries"; RFC 4648, RFC 3629): strict both ways, what
 * is written is the only thing that is read.
 */
#include "base/text.h"
#include <string.h>

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void tote__base64_encode(const void *data, size_t len, char *out)
{
	const uint8_t *in = data;

	for (size_t i = 0; i < len; i += 3) {
		const size_t n = len - i < 3 ? len - i : 3;
		uint32_t bits = (uint32_t)in[i] << 16;

		if (n > 1)
			bits |= (uint32_t)in[i + 1] << 8;
		if (n > 2)
			bits |= in[i + 2];
		*out++ = base64_digits[bits >> 18];
		*out++ = base64_digits[bits >> 12 & 63];
		*out++ = n > 1 ? base64_digits[bits >> 6 & 63] : '=';
		*out++ = n > 2 ? base64_digits[bits & 63] : '=';
	}
	*out = '\0';
}

/*
 * From '+' to 'z', one more than the value of a digit, 0 for a byte that is none: a table, since
 * every entry that is read has a hash to be decoded.
 */
static const char base64_ranks[] = "\77\0\0\0\100"
				   "\65\66\67\70\71\72\73\74\75\76"
				   "\0\0\0\0\0\0\0"
				   "\1\2\3\4\5\6\7\10\11\12\13\14\15"
				   "\16\17\20\21\22\23\24\25\26\27\30\31\32"
				   "\0\0\0\0\0\0"
				   "\33\34\35\36\37\40\41\42\43\44\45\46\47"
				   "\50\51\52\53\54\55\56\57\60\61\62\63\64";

static int base64_value(char c)
{
	const size_t at = (size_t)(uint8_t)c - '+';

	return at < sizeof(base64_ranks) - 1 ? base64_ranks[at] - 1 : -1;
}

/* Four digits of which the last `pads` are '='; -1 for a foreign byte or spare bits that are set. */
static int base64_quad(const char *s, size_t pads, uint8_t out[3])
{
	uint32_t bits = 0;

	for (size_t i = 0; i < 4; i++) {
		const int v = i < 4 - pads ? base64_value(s[i]) : 0;

		if (v < 0)
			return -1;
		bits = bits << 6 | (uint32_t)v;
	}
	if (pads && (bits & (pads == 1 ? 0xFFu : 0xFFFFu)))
		return -1;
	out[0] = (uint8_t)(bits >> 16);
	out[1] = (uint8_t)(bits >> 8);
	out[2] = (uint8_t)bits;
	return 0;
}

/* Four digits without padding, as all but the last ones are. */
static int base64_four(const char *s, uint8_t out[3])
{
	const int a = base64_value(s[0]), b = base64_value(s[1]);
	const int c = base64_value(s[2]), d = base64_value(s[3]);

	if ((a | b | c | d) < 0)
		return -1;
	out[0] = (uint8_t)(a << 2 | b >> 4);
	out[1] = (uint8_t)(b << 4 | c >> 2);
	out[2] = (uint8_t)(c << 6 | d);
	return 0;
}

int tote__base64_decode(const char *s, size_t len, uint8_t *out, size_t cap, size_t *ret_len)
{
	size_t pads = 0, used = 0, i = 0;
	uint8_t bytes[3];

	if (len % 4)
		return -1;
	if (len)
		pads = s[len - 1] != '=' ? 0 : s[len - 2] != '=' ? 1 : 2;
	if (len / 4 * 3 - pads > cap)
		return -1;
	for (; i + 4 < len; i += 4, used += 3)
		if (base64_four(s + i, out + used) < 0)
			return -1;
	if (len) {
		if (base64_quad(s + i, pads, bytes) < 0)
			return -1;
		memcpy(out + used, bytes, 3 - pads);
		used += 3 - pads;
	}
	*ret_len = used;
	return 0;
}

void tote__hex_encode(const void *data, size_t len, char *out)
{
	const uint8_t *in = data;

	for (size_t i = 0; i < len; i++) {
		*out++ = "0123456789abcdef"[in[i] >> 4];
		*out++ = "0123456789abcdef"[in[i] & 15];
	}
	*out = '\0';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Lower-case, above 15 for no digit. Without a branch: no processor guesses the digits of a hash. */
static unsigned int hex_nibble(char c)
{
	const unsigned int digit = (unsigned int)(uint8_t)c - '0',
			   letter = (unsigned int)(uint8_t)c - 'a';
	const unsigned int is_digit = digit < 10, is_letter = letter < 6;

	return digit * is_digit + (letter + 10) * is_letter + 16 * (1 - is_digit - is_letter);
}

int tote__hex_decode(const char *s, size_t len, uint8_t *out)
{
	unsigned int odd = 0;

	if (len % 2)
		return -1;
	for (size_t i = 0; i < len; i += 2) {
		const unsigned int high = hex_nibble(s[i]), low = hex_nibble(s[i + 1]);

		odd |= high | low;
		out[i / 2] = (uint8_t)(high << 4 | (low & 15));
	}
	return odd > 15 ? -1 : 0;
}

int tote__decimal_parse(const char *s, size_t len, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (len == 0 || len > 19 || (len > 1 && s[0] == '0'))
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		value = value * 10 + (uint64_t)(s[i] - '0'); /* 19 digits fit a uint64 */
	}
	if (value > INT64_MAX)
		return -1;
	*ret_value = value;
	return 0;
}

/* --- UTF-8, RFC 3629 section 4 --------------------------------------------------------------- */

static int in_range(uint8_t c, uint8_t low, uint8_t high)
{
	return c >= low && c <= high;
}

size_t tote__utf8_length(const uint8_t *s, size_t len)
{
	uint8_t low = 0x80, high = 0xBF; /* of the second byte */
	size_t n;

	if (len == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	n = in_range(s[0], 0xC2, 0xDF) ? 2 : in_range(s[0], 0xE0, 0xEF) ? 3 : 4;
	if (s[0] < 0xC2 || s[0] > 0xF4 || n > len)
		return 0;
	if (s[0] == 0xE0)
		low = 0xA0; /* no longer form than needed */
	else if (s[0] == 0xED)
		high = 0x9F; /* no surrogates */
	else if (s[0] == 0xF0)
		low = 0x90;
	else if (s[0] == 0xF4)
		high = 0x8F; /* nothing above U+10FFFF */
	if (!in_range(s[1], low, high))
		return 0;
	for (size_t i = 2; i < n; i++) {
		if (!in_range(s[i], 0x80, 0xBF))
			return 0;
	}
	return n;
}

#define EACH_BYTE(x) ((uint64_t)(x)*UINT64_C(0x0101010101010101))

/* How many bytes of ASCII it begins with, counted by 8: most texts are nothing else. */
static size_t ascii_length(const uint8_t *s, size_t len)
{
	size_t at = 0;
	uint64_t w;

	for (; len - at >= sizeof(w); at += sizeof(w)) {
		memcpy(&w, s + at, sizeof(w));
		if (w & EACH_BYTE(0x80))
			break;
	}
	return at;
}

int tote__utf8_valid(const void *s, size_t len)
{
	const uint8_t *at = s;

	for (size_t i = ascii_length(at, len), n; i < len; i += n) {
		n = tote__utf8_length(at + i, len - i);
		if (n == 0)
			return 0;
	}
	return 1;
}

/* --- values of header lines ------------------------------------------------------------------ */

#define PIECE_MAX 4

/*
 * The next piece of a value as written: a UTF-8 sequence as it is, or one byte escaped. Returns how
 * many bytes of the value it stands for. The one place that knows what is escaped.
 */
static size_t escape_piece(
	const uint8_t *value, size_t len, size_t at, char piece[PIECE_MAX], size_t *ret_len)
{
	const uint8_t c = value[at];
	const size_t n = tote__utf8_length(value + at, len - at);
	const int edge = at == 0 || at + 1 == len;

	if (n > 0 && c >= 0x20 && c != 0x7F && c != '%' && !(c == ' ' && edge)) {
		memcpy(piece, value + at, n);
		*ret_len = n;
		return n;
	}
	piece[0] = '%';
	piece[1] = "0123456789ABCDEF"[c >> 4];
	piece[2] = "0123456789ABCDEF"[c & 15];
	*ret_len = 3;
	return 1;
}

void tote__value_escape(struct buf *out, const void *value, size_t len)
{
	char piece[PIECE_MAX];
	size_t n;

	for (size_t i = 0; i < len;) {
		i += escape_piece(value, len, i, piece, &n);
		tote__buf_put(out, piece, n);
	}
}

size_t tote__value_escaped_length(const void *value, size_t len)
{
	char piece[PIECE_MAX];
	size_t total = 0, n;

	for (size_t i = 0; i < len; total += n)
		i += escape_piece(value, len, i, piece, &n);
	return total;
}

/* Whether the value, encoded, gives exactly these bytes. */
static int is_written_as(const uint8_t *value, size_t len, const char *s, size_t s_len)
{
	char piece[PIECE_MAX];
	size_t at = 0, n;

	for (size_t i = 0; i < len; at += n) {
		i += escape_piece(value, len, i, piece, &n);
		if (n > s_len - at || memcmp(piece, s + at, n) != 0)
			return 0;
	}
	return at == s_len;
}

/*
 * Whether these bytes are written as they are wherever they stand: printable ASCII and no '%'. By
 * the borrows and carries of 8 bytes at a time (H. S. Warren, Hacker's Delight, section 6-1): this
 * is asked of every byte of every entry that is ever read.
 */
static int is_plain(const char *s, size_t len)
{
	uint64_t odd = 0;

	for (; len >= sizeof(odd); s += sizeof(odd), len -= sizeof(odd)) {
		uint64_t w, percent;

		memcpy(&w, s, sizeof(w));
		percent = w ^ EACH_BYTE('%');
		/* below ' ', a zero byte of percent, 0x7F, or 0x80 and above */
		odd |= (w - EACH_BYTE(' ')) | (percent - EACH_BYTE(1)) | (w + EACH_BYTE(1)) | w;
		if (odd & EACH_BYTE(0x80))
			return 0; /* or a byte beside one of these: the slow way decides */
	}
	for (size_t i = 0; i < len; i++)
		if (s[i] < ' ' || s[i] > '~' || s[i] == '%')
			return 0;
	return 1;
}

int tote__value_unescape(const char *s, size_t len, uint8_t *out, size_t *ret_len)
{
	size_t used = 0;

	if (len == 0 || len > VALUE_MAX)
		return -1;
	if (s[0] != ' ' && s[len - 1] != ' ' && is_plain(s, len)) {
		memcpy(out, s, len);
		*ret_len = len;
		return 0;
	}
	for (size_t i = 0; i < len; i++) {
		int high, low;

		if (s[i] != '%') {
			out[used++] = (uint8_t)s[i];
			continue;
		}
		if (len - i < 3)
			return -1;
		high = hex_value(s[i + 1]);
		low = hex_value(s[i + 2]);
		if (high < 0 || low < 0)
			return -1;
		out[used++] = (uint8_t)(high << 4 | low);
		i += 2;
	}
	if (!is_written_as(out, used, s, len))
		return -1;
	*ret_len = used;
	return 0;
}
