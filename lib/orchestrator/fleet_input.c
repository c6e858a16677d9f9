/* SPDX-License-Identifier: ISC */
/*
 * The gate in front of the YAML parser. Lines end in LF or CRLF; what YAML 1.1 took for line breaks
 * beside these is refused, so that a line is one line to everybody who looks at the file.
 */
#include "orchestrator/fleet_input.h"
#include "base/text.h"
#include <string.h>

#define BOM        "\xEF\xBB\xBF"
#define UTF16_LE   "\xFF\xFE"
#define UTF16_BE   "\xFE\xFF"
#define TAB        0x09u
#define LF         0x0Au
#define CR         0x0Du
#define DEL        0x7Fu
#define NEL        0x85u
#define LINE_SEP   0x2028u
#define PARA_SEP   0x2029u
#define BYTE_ORDER 0xFEFFu

static int begins(const struct fleet_input *in, const char *with)
{
	return in->len >= strlen(with) && !memcmp(in->data, with, strlen(with));
}

void tote__fleet_input_init(
	struct fleet_input *in, const void *data, size_t len, struct fleet_problems *problems)
{
	*in = (struct fleet_input){
		.data = data, .len = len, .place = {1, 1}, .line_begins = 1, .problems = problems};
	/* the mark is no character of the text: YAML 1.2 section 5.2 */
	if (begins(in, BOM))
		in->at = strlen(BOM);
	tote__fleet_input_progress(in);
	if (begins(in, UTF16_LE) || begins(in, UTF16_BE)) {
		in->stopped = 1;
		tote__fleet_problem(problems, in->place, "this is UTF-16: save the file as UTF-8");
	}
}

/* Both bounds: by what is declared in all, and since the parser last made something of it. */
void tote__fleet_input_progress(struct fleet_input *in)
{
	size_t all = (in->declared + 1) * (size_t)FLEET_BYTES_A_CONTAINER;
	/* what the parser reads ahead is of the next container */
	size_t now = in->at + FLEET_BYTES_A_CONTAINER;

	in->allowed = all + FLEET_BYTES_A_CONTAINER < now ? all + FLEET_BYTES_A_CONTAINER : now;
}

void tote__fleet_input_declared(struct fleet_input *in)
{
	in->declared++;
	tote__fleet_input_progress(in);
}

/* The number of a character that is valid UTF-8, of n bytes. */
static uint32_t character(const uint8_t *s, size_t n)
{
	uint32_t c = n == 1 ? s[0] : s[0] & (0x7Fu >> n);

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (s[i] & 0x3Fu);
	return c;
}

/* What is wrong with the character, or NULL. next: the byte behind it, 0 at the end. */
static const char *objection(uint32_t c, uint8_t next, int line_begins)
{
	if (c == 0)
		return "a NUL byte: this is no text";
	if (c == '%' && line_begins)
		return "a directive: a fleet file has none";
	if (c == CR && next != LF)
		return "a carriage return without a line feed: lines end in LF or CRLF";
	if ((c < 0x20 && c != TAB && c != LF && c != CR) || c == DEL ||
		(c > DEL && c < 0xA0 && c != NEL))
		return "a control character";
	if (c == NEL || c == LINE_SEP || c == PARA_SEP)
		return "a line separator that is no line feed (U+0085, U+2028 or U+2029)";
	if (c == BYTE_ORDER)
		return "a byte order mark inside the file";
	if (c == 0xFFFE || c == 0xFFFF)
		return "a character that is none (U+FFFE or U+FFFF)";
	return NULL;
}

static void stop(struct fleet_input *in, const char *why)
{
	in->stopped = 1;
	tote__fleet_problem(in->problems, in->place, "%s", why);
}

static void stop_at_bound(struct fleet_input *in)
{
	in->stopped = 1;
	tote__fleet_problem(in->problems, in->place,
		"too much text: there may be 64 KiB for each container that is declared (%zu so "
		"far), "
		"and once more, and no more than that between two values",
		in->declared);
}

/* Passes the character at `at`: its length, 0 where it stopped. */
static size_t pass(struct fleet_input *in)
{
	const uint8_t *s = in->data + in->at;
	size_t left = in->len - in->at, n = tote__utf8_length(s, left);
	const char *why = n ? objection(character(s, n), left > n ? s[n] : 0, in->line_begins)
			    : "a byte that is not UTF-8 (surrogates and overlong forms are not)";

	if (why) {
		stop(in, why);
		return 0;
	}
	in->line_begins = *s == LF;
	in->at += n;
	if (*s == LF) {
		in->place.line++;
		in->place.column = 1;
	} else {
		in->place.column++;
	}
	return n;
}

size_t tote__fleet_input_read(struct fleet_input *in, uint8_t *out, size_t size)
{
	size_t from = in->at, line = in->at;

	while (!in->stopped && in->at < in->len && in->at - from + 4 <= size) {
		if (in->at >= in->allowed) {
			stop_at_bound(in);
		} else if (pass(in) && in->line_begins) {
			line = in->at;
		}
	}
	/* the lines before the one that is wrong are read: their own problems are shown too */
	size = in->stopped ? line - from : in->at - from;
	memcpy(out, in->data + from, size);
	return size;
}
