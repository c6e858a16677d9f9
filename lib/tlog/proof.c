/* SPDX-License-Identifier: ISC */
/*
 * Proof files (C2SP tlog-proof): everything that an offline verifier of one entry needs beside the
 * entry and the keys. The checkpoint in it is handed on as it stands and judged by checkpoint.h.
 */
#include "tlog/proof.h"
#include "base/text.h"
#include <inttypes.h>
#include <string.h>

#define FIRST_LINE "c2sp.org/tlog-proof@v1"

static int malformed(struct tote_fault *fault, const char *why)
{
	return tote__fault(fault, TOTE_E_MALFORMED, "proof file: %s", why);
}

/* What follows `word` and a space on the line; 0 where the line does not begin so. */
static int behind_word(const char *word, const char **line, size_t *len)
{
	size_t skip = strlen(word);

	if (*len <= skip || memcmp(*line, word, skip) || (*line)[skip] != ' ')
		return 0;
	*line += skip + 1;
	*len -= skip + 1;
	return 1;
}

/*
 * Strict base64 of any length, nothing of it kept: extra data is not authenticated and not ours.
 * It is decoded in pieces; only the last one may be padded.
 */
static int is_base64(const char *s, size_t len)
{
	uint8_t piece[768];
	size_t step, got;

	for (; len; s += step, len -= step) {
		step = len < BASE64_LEN(sizeof(piece)) ? len : BASE64_LEN(sizeof(piece));
		if (tote__base64_decode(s, step, piece, sizeof(piece), &got))
			return 0;
		if (step < len && got < sizeof(piece))
			return 0;
	}
	return 1;
}

/* The path: a hash a line, up to the empty line. */
static int parse_path(struct reader *reader, struct proof *ret, struct tote_fault *fault)
{
	const char *line;
	size_t len, got;

	ret->count = 0;
	for (;;) {
		if (!tote__reader_line(reader, &line, &len))
			return malformed(fault, "no empty line ends the path");
		if (!len)
			return 0;
		if (ret->count == PROOF_MAX)
			return tote__fault(fault, TOTE_E_MALFORMED,
				"proof file: its path has more than %d hashes", PROOF_MAX);
		if (tote__base64_decode(line, len, ret->hash[ret->count], HASH_LEN, &got) ||
			got != HASH_LEN)
			return tote__fault(fault, TOTE_E_MALFORMED,
				"proof file: line %zu of its path is not the base64 of 32 bytes",
				ret->count + 1);
		ret->count++;
	}
}

int tote__proof_parse(
	const void *data, size_t len, struct proof_file *ret, struct tote_fault *fault)
{
	struct proof_file p = {.index = 0};
	struct reader reader;
	const char *line;
	size_t line_len;
	int r;

	tote__reader_init(&reader, data, len);
	if (!tote__reader_line(&reader, &line, &line_len) || line_len != strlen(FIRST_LINE) ||
		memcmp(line, FIRST_LINE, line_len))
		return malformed(fault, "its first line is not " FIRST_LINE);
	if (!tote__reader_line(&reader, &line, &line_len))
		return malformed(fault, "it has no index line");
	if (behind_word("extra", &line, &line_len)) {
		if (!is_base64(line, line_len))
			return malformed(fault, "its extra line is not base64");
		if (!tote__reader_line(&reader, &line, &line_len))
			return malformed(fault, "it has no index line");
	}
	if (!behind_word("index", &line, &line_len) ||
		tote__decimal_parse(line, line_len, &p.index))
		return malformed(fault, "its index line is not a number in decimal, without "
					"leading zero, below 2^63");
	if ((r = parse_path(&reader, &p.path, fault)) < 0)
		return r;
	p.checkpoint_len = tote__reader_left(&reader);
	p.checkpoint = (const char *)tote__reader_bytes(&reader, p.checkpoint_len);
	if (!p.checkpoint_len)
		return malformed(fault, "it has no checkpoint");
	*ret = p;
	return 0;
}

void tote__proof_put(struct buf *out, const struct proof_file *p)
{
	char hash[BASE64_LEN(HASH_LEN) + 1];

	tote__buf_puts(out, FIRST_LINE "\nindex ");
	tote__buf_put_decimal(out, p->index);
	tote__buf_putc(out, '\n');
	for (size_t i = 0; i < p->path.count; i++) {
		tote__base64_encode(p->path.hash[i], HASH_LEN, hash);
		tote__buf_puts(out, hash);
		tote__buf_putc(out, '\n');
	}
	tote__buf_putc(out, '\n');
	tote__buf_put(out, p->checkpoint, p->checkpoint_len);
}
