/* SPDX-License-Identifier: ISC */
/*
 * The text of a checkpoint (C2SP tlog-checkpoint): three lines, then extension lines, which are
 * read over because nothing of ours is ever said in them.
 */
#include "tlog/checkpoint.h"
#include "base/text.h"
#include <string.h>

static int malformed(struct tote_fault *fault, const char *why)
{
	return tote__fault(fault, TOTE_E_MALFORMED, "checkpoint: %s", why);
}

static int parse_origin(
	const char *line, size_t len, struct checkpoint *c, struct tote_fault *fault)
{
	if (!len || len > KEY_NAME_MAX)
		return malformed(fault, "the origin is not 1 to 255 bytes long");
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < 0x20)
			return malformed(fault, "the origin has a control character");
	if (!tote__utf8_valid(line, len))
		return malformed(fault, "the origin is not UTF-8");
	memcpy(c->origin, line, len);
	c->origin[len] = '\0';
	return 0;
}

static int parse_root(const char *line, size_t len, struct checkpoint *c, struct tote_fault *fault)
{
	uint8_t empty[HASH_LEN];
	size_t got = 0;

	if (tote__base64_decode(line, len, c->root, HASH_LEN, &got) || got != HASH_LEN)
		return malformed(fault, "the third line is not the base64 of a 32-byte root");
	if (c->size)
		return 0;
	/* stated in C2SP tlog-witness */
	tote__hash_bytes(NULL, "", 0, empty);
	if (!tote__hash_equal(c->root, empty))
		return malformed(fault, "its size is 0 and its root is not that of no entries");
	return 0;
}

/* C2SP tlog-checkpoint: any number of non-empty lines, whose meaning is not ours. */
static int skip_extensions(struct reader *r, struct tote_fault *fault)
{
	const char *line;
	size_t len;

	while (tote__reader_line(r, &line, &len))
		if (!len)
			return malformed(fault, "an extension line is empty");
	if (tote__reader_left(r))
		return malformed(fault, "the last line has no newline");
	return 0;
}

int tote__checkpoint_parse(
	const char *text, size_t len, struct checkpoint *ret, struct tote_fault *fault)
{
	struct checkpoint c = {.size = 0};
	struct reader reader;
	const char *line;
	size_t line_len;
	int r;

	tote__reader_init(&reader, text, len);
	if (!tote__reader_line(&reader, &line, &line_len))
		return malformed(fault, "it has no origin line");
	if ((r = parse_origin(line, line_len, &c, fault)) < 0)
		return r;
	if (!tote__reader_line(&reader, &line, &line_len))
		return malformed(fault, "it has no size line");
	if (tote__decimal_parse(line, line_len, &c.size))
		return malformed(fault, "the second line is not a size in decimal, without leading "
					"zero, below 2^63");
	if (!tote__reader_line(&reader, &line, &line_len))
		return malformed(fault, "it has no root line");
	if ((r = parse_root(line, line_len, &c, fault)) < 0)
		return r;
	if ((r = skip_extensions(&reader, fault)) < 0)
		return r;
	*ret = c;
	return 0;
}

void tote__checkpoint_put(struct buf *out, const struct checkpoint *c)
{
	char root[BASE64_LEN(HASH_LEN) + 1];

	tote__base64_encode(c->root, HASH_LEN, root);
	tote__buf_puts(out, c->origin);
	tote__buf_putc(out, '\n');
	tote__buf_put_decimal(out, c->size);
	tote__buf_putc(out, '\n');
	tote__buf_puts(out, root);
	tote__buf_putc(out, '\n');
}

int tote__checkpoint_read(const void *data, size_t len, struct note *ret_note,
	struct checkpoint *ret, struct tote_fault *fault)
{
	int r = tote__note_parse(data, len, ret_note, fault);

	if (r < 0)
		return r;
	return tote__checkpoint_parse(ret_note->text, ret_note->text_len, ret, fault);
}
