/* SPDX-License-Identifier: ISC */
/*
 * The line in the lock file (FORMAT section 5), written and read strictly: what is read is formatted
 * again and must be the same bytes, or the line is void and promises nothing.
 */
#include "ledger/line.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "store/posix_boot.h"
#include <string.h>
#include <unistd.h>

#define CHECK_DIGITS 16
#define HOST_MAX     255
#define WORDS        9
#define NUMBER_MAX   20
/* all words but the check, however long their values are */
#define WORDS_MAX (16 + 3 * (NUMBER_MAX + 1) + 8 + BOOT_LEN + 2 + 3 * HOST_MAX + 2 + TIME_LEN + 2)

static const char *const state_names[] = {"void", "busy", "idle"};

/* The escaping of values (FORMAT section 4), and every space too: the line is split at spaces. */
static size_t put_host(char *out, const char *host)
{
	static const char hex[] = "0123456789ABCDEF";
	const uint8_t *at = (const uint8_t *)host;
	size_t left = strnlen(host, HOST_MAX), len = 0;

	if (!left)
		out[len++] = '-';
	while (left) {
		size_t n = tote__utf8_length(at, left);
		int plain = n > 1 || (n == 1 && *at > 0x20 && *at != 0x7F && *at != '%');

		n = plain ? n : 1;
		if (plain) {
			memcpy(out + len, at, n);
			len += n;
		} else {
			out[len++] = '%';
			out[len++] = hex[*at >> 4];
			out[len++] = hex[*at & 15];
		}
		at += n;
		left -= n;
	}
	out[len] = '\0';
	return len;
}

static char *put_text(char *at, const char *text)
{
	const size_t len = strlen(text);

	memcpy(at, text, len);
	at[len] = ' ';
	return at + len + 1;
}

static char *put_number(char *at, uint64_t value)
{
	char digits[NUMBER_MAX + 1], *from = digits + NUMBER_MAX;

	*from = '\0';
	do {
		*--from = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	return put_text(at, from);
}

static void put_check(
	const struct hasher *engine, const char *line, size_t len, char out[CHECK_DIGITS + 1])
{
	char digits[2 * HASH_LEN + 1];
	uint8_t full[HASH_LEN];

	tote__hash_bytes(engine, line, len, full);
	tote__hex_encode(full, sizeof(full), digits);
	memcpy(out, digits, CHECK_DIGITS);
	out[CHECK_DIGITS] = '\0';
}

/* The words before the check, each with its space; by hand, as each append writes two lines. */
static char *put_words(char *at, const struct line *line, const char *since)
{
	at = put_text(at, "tote-lock/1");
	at = put_number(at, line->mark);
	at = put_text(at, state_names[line->state]);
	at = put_number(at, line->inode);
	at = put_text(at, line->boot);
	at = put_number(at, line->pid);
	at += put_host(at, line->host);
	*at++ = ' ';
	return put_text(at, since);
}

int tote__line_format(
	const struct line *line, char out[LOCK_LINE_MAX], size_t *ret_len, struct tote_fault *fault)
{
	char text[WORDS_MAX], since[TIME_LEN + 1];
	size_t len;
	int r;

	if (line->state != LINE_BUSY && line->state != LINE_IDLE)
		return tote__fault(fault, TOTE_E_ARGUMENT, "lock line: no state to write");
	r = tote__time_format(line->since_us, since, fault);
	if (r < 0)
		return r;
	len = (size_t)(put_words(text, line, since) - text);
	if (len + CHECK_DIGITS + 2 > LOCK_LINE_MAX)
		return tote__fault(
			fault, TOTE_E_TOO_LARGE, "lock line: longer than %d bytes", LOCK_LINE_MAX);
	memcpy(out, text, len);
	put_check(line->engine, text, len, out + len);
	memcpy(out + len + CHECK_DIGITS, "\n", 2);
	*ret_len = len + CHECK_DIGITS + 1;
	return 0;
}

/* Splits at single spaces in place; 0 unless there are just WORDS words. */
static int split(char *line, char *word[WORDS])
{
	size_t count = 0;

	for (char *at = line; at; count++) {
		char *space = strchr(at, ' ');

		if (count == WORDS)
			return 0;
		word[count] = at;
		if (space)
			*space++ = '\0';
		at = space;
	}
	return count == WORDS;
}

/* All 64 bits, as inode numbers have them; 0 where it is no number. */
static int take_u64(const char *s, uint64_t *ret)
{
	uint64_t v = 0;

	if (!*s)
		return 0;
	for (; *s; s++) {
		if (*s < '0' || *s > '9' || __builtin_mul_overflow(v, 10u, &v) ||
			__builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return 0;
	}
	*ret = v;
	return 1;
}

/* An upper-case digit of an escape; -1 for any other byte. */
static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Here every space is escaped, so this is not the reading of values of entries. */
static int take_host(const char *s, char out[HOST_MAX + 1])
{
	size_t len = 0;

	if (strcmp(s, "-") == 0)
		s++;
	while (*s && len < HOST_MAX) {
		int high, low;

		if (*s != '%') {
			out[len++] = *s++;
			continue;
		}
		high = hex_digit(s[1]);
		low = high < 0 ? -1 : hex_digit(s[2]);
		if (low < 0)
			return 0;
		out[len++] = (char)(high << 4 | low);
		s += 3;
	}
	out[len] = '\0';
	return !*s;
}

/* The words into a line; 0 where one of them is not what it should be. */
static int take_words(char *word[WORDS], struct line *ret)
{
	if (strcmp(word[0], "tote-lock/1") != 0)
		return 0;
	if (tote__decimal_parse(word[1], strlen(word[1]), &ret->mark) < 0)
		return 0;
	if (strcmp(word[2], "busy") == 0)
		ret->state = LINE_BUSY;
	else if (strcmp(word[2], "idle") == 0)
		ret->state = LINE_IDLE;
	else
		return 0;
	if (!take_u64(word[3], &ret->inode) || !*word[4] || strlen(word[4]) > BOOT_LEN)
		return 0;
	memcpy(ret->boot, word[4], strlen(word[4]) + 1);
	return tote__decimal_parse(word[5], strlen(word[5]), &ret->pid) == 0 &&
	       take_host(word[6], ret->host) &&
	       tote__time_parse(word[7], strlen(word[7]), &ret->since_us) == 0;
}

void tote__line_parse(const char *bytes, size_t len, uint64_t inode, struct line *ret)
{
	char copy[LOCK_LINE_MAX], again[LOCK_LINE_MAX];
	struct line line = {.state = LINE_VOID};
	struct tote_fault unused;
	char *word[WORDS];
	const char *lf = len ? memchr(bytes, '\n', len) : NULL;
	size_t size = lf ? (size_t)(lf - bytes) : 0, again_len;

	memset(ret, 0, sizeof(*ret));
	if (!lf || size >= sizeof(copy) || memchr(bytes, '\0', size))
		return;
	memcpy(copy, bytes, size);
	copy[size] = '\0';
	if (!split(copy, word) || !take_words(word, &line) || line.inode != inode)
		return;
	/* the check included: whatever is not just as it would be written is void */
	if (tote__line_format(&line, again, &again_len, &unused) < 0 || again_len != size + 1 ||
		memcmp(again, bytes, again_len) != 0)
		return;
	*ret = line;
}

void tote__line_self(struct line *ret, const struct clock_source *clock)
{
	memset(ret, 0, sizeof(*ret));
	tote__posix_boot_id(ret->boot);
	ret->pid = (uint64_t)getpid();
	if (gethostname(ret->host, HOST_MAX) < 0)
		ret->host[0] = '\0';
	ret->host[HOST_MAX] = '\0';
	ret->since_us = tote__clock_wall(clock);
}

int tote__line_same_boot(const struct line *line, const struct line *self)
{
	return line->state != LINE_VOID && strcmp(line->boot, "-") != 0 &&
	       strcmp(line->boot, self->boot) == 0;
}
