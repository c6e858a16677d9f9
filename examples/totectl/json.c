/* SPDX-License-Identifier: ISC */
/*
 * A writer of JSON: what it writes is valid whatever the bytes, and harmless on a terminal.
 */
#include "json.h"

#include <inttypes.h>
#include <string.h>

#include "out.h"

static void put_key(struct json *j, const char *key, const char *suffix)
{
	if (j->comma)
		putc(',', j->file);
	j->comma = 1;
	if (key)
		fprintf(j->file, "\"%s%s\":", key, suffix);
}

static void put_escaped(FILE *file, uint32_t c)
{
	if (c >= 0x10000) {
		c -= 0x10000;
		fprintf(file, "\\u%04x\\u%04x", 0xD800 + (unsigned)(c >> 10),
			0xDC00 + (unsigned)(c & 0x3FF));
	} else {
		fprintf(file, "\\u%04x", (unsigned)c);
	}
}

static void put_text(FILE *file, const unsigned char *s, size_t length)
{
	uint32_t c;
	size_t n;

	putc('"', file);
	for (; length; s += n, length -= n) {
		n = out_character(s, length, &c);
		if (c == '"' || c == '\\')
			fprintf(file, "\\%c", (int)c);
		else if (c == '\n')
			fputs("\\n", file);
		else if (out_is_hostile(c))
			put_escaped(file, c);
		else
			fwrite(s, 1, n, file);
	}
	putc('"', file);
}

void json_begin(struct json *j, FILE *file, const char *type)
{
	j->file = file;
	j->comma = 1;
	fprintf(file, "{\"schema\":%d,\"type\":\"%s\"", JSON_SCHEMA, type);
}

void json_end(struct json *j)
{
	fputs("}\n", j->file);
}

void json_bytes(struct json *j, const char *key, const void *bytes, size_t length)
{
	if (!out_is_utf8(bytes, length)) {
		json_b64(j, key, bytes, length);
		return;
	}
	put_key(j, key, "");
	put_text(j->file, bytes, length);
}

void json_string(struct json *j, const char *key, const char *text)
{
	json_bytes(j, key, text, strlen(text));
}

void json_b64(struct json *j, const char *key, const void *bytes, size_t length)
{
	json_stream_begin(j, key);
	json_stream(j, bytes, length);
	json_stream_end(j);
}

void json_number(struct json *j, const char *key, uint64_t number)
{
	put_key(j, key, "");
	fprintf(j->file, "%" PRIu64, number);
}

void json_integer(struct json *j, const char *key, int64_t number)
{
	put_key(j, key, "");
	fprintf(j->file, "%" PRId64, number);
}

void json_bool(struct json *j, const char *key, int value)
{
	put_key(j, key, "");
	fputs(value ? "true" : "false", j->file);
}

void json_time(struct json *j, const char *key, int64_t time_us)
{
	char text[TEXT_MAX];

	put_key(j, key, "");
	fprintf(j->file, "\"%s\"", text_time(text, time_us));
}

void json_digest(struct json *j, const char *key, const uint8_t digest[32])
{
	char hex[65];

	text_hex(hex, digest);
	put_key(j, key, "");
	fprintf(j->file, "\"sha256:%s\"", hex);
}

void json_open(struct json *j, const char *key, char open)
{
	put_key(j, key, "");
	putc(open, j->file);
	j->comma = 0;
}

void json_close(struct json *j, char close)
{
	putc(close, j->file);
	j->comma = 1;
}

/* RFC 4648 section 4. */
void json_stream(struct json *j, const void *bytes, size_t length)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *s = bytes;
	size_t i, k;

	for (i = 0; i < length; i += 3) {
		size_t n = length - i < 3 ? length - i : 3;
		uint32_t v = (uint32_t)s[i] << 16;
		char four[4];

		v |= n > 1 ? (uint32_t)s[i + 1] << 8 : 0;
		v |= n > 2 ? s[i + 2] : 0;
		for (k = 0; k < 4; k++)
			four[k] = k <= n ? digits[v >> (18 - 6 * k) & 63] : '=';
		fwrite(four, 1, 4, j->file);
	}
}

void json_stream_begin(struct json *j, const char *key)
{
	put_key(j, key, "_b64");
	putc('"', j->file);
}

void json_stream_end(struct json *j)
{
	putc('"', j->file);
}
