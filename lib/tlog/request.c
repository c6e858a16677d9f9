/* SPDX-License-Identifier: ISC */
/*
 * The add-checkpoint body of C2SP tlog-witness, written and read strictly.
 */
#include "tlog/request.h"
#include "base/text.h"
#include <string.h>

static int malformed(struct tote_fault *fault, const char *why)
{
	return tote__fault(fault, TOTE_E_MALFORMED, "witness request: %s", why);
}

static int parse_old(struct reader *reader, uint64_t *ret, struct tote_fault *fault)
{
	static const char word[] = "old ";
	size_t skip = strlen(word), len;
	const char *line;

	if (!tote__reader_line(reader, &line, &len) || len < skip || memcmp(line, word, skip) != 0)
		return malformed(fault, "its first line is not 'old' and a size");
	if (tote__decimal_parse(line + skip, len - skip, ret) < 0)
		return malformed(fault, "its old size is not a number in decimal, without leading "
					"zero, below 2^63");
	return 0;
}

static int parse_proof(struct reader *reader, struct proof *ret, struct tote_fault *fault)
{
	const char *line;
	size_t len, got;

	for (ret->count = 0;; ret->count++) {
		if (!tote__reader_line(reader, &line, &len))
			return malformed(fault, "no empty line ends its proof");
		if (!len)
			return 0;
		if (ret->count == REQUEST_PROOF_MAX)
			return malformed(fault, "its proof has more than 63 lines");
		if (tote__base64_decode(line, len, ret->hash[ret->count], HASH_LEN, &got) < 0 ||
			got != HASH_LEN)
			return tote__fault(fault, TOTE_E_MALFORMED,
				"witness request: line %zu of its proof is not the base64 of 32 "
				"bytes",
				ret->count + 1);
	}
}

int tote__request_parse(const void *data, size_t len, struct request *ret, struct tote_fault *fault)
{
	struct request q = {.old = 0};
	struct reader reader;
	int rc;

	if (len > REQUEST_MAX)
		return malformed(fault, "it is larger than 64 KiB");
	tote__reader_init(&reader, data, len);
	if ((rc = parse_old(&reader, &q.old, fault)) < 0 ||
		(rc = parse_proof(&reader, &q.proof, fault)) < 0)
		return rc;
	q.checkpoint_len = tote__reader_left(&reader);
	q.checkpoint = (const char *)tote__reader_bytes(&reader, q.checkpoint_len);
	if (!q.checkpoint_len)
		return malformed(fault, "it has no checkpoint");
	*ret = q;
	return 0;
}

static int is_by(const struct note_sig *sig, const char *name)
{
	return sig->name_len == strlen(name) && !memcmp(sig->name, name, sig->name_len);
}

int tote__request_put(struct buf *out, uint64_t old, const struct proof *proof,
	const struct note *note, const char *origin, struct tote_fault *fault)
{
	char hash[BASE64_LEN(HASH_LEN) + 1];

	if (proof->count > REQUEST_PROOF_MAX)
		return tote__fault(fault, TOTE_E_TOO_LARGE,
			"witness request: the proof has %zu lines and 63 may be sent: ask from "
			"another size",
			proof->count);
	tote__buf_puts(out, "old ");
	tote__buf_put_decimal(out, old);
	tote__buf_putc(out, '\n');
	for (size_t i = 0; i < proof->count; i++) {
		tote__base64_encode(proof->hash[i], HASH_LEN, hash);
		tote__buf_puts(out, hash);
		tote__buf_putc(out, '\n');
	}
	tote__buf_putc(out, '\n');
	tote__buf_put(out, note->text, note->text_len);
	tote__buf_putc(out, '\n');
	for (size_t i = 0; i < note->sig_count; i++)
		if (is_by(&note->sigs[i], origin))
			tote__buf_put(out, note->sigs[i].line, note->sigs[i].line_len);
	return tote__buf_check(out, "witness request", fault);
}
