/* SPDX-License-Identifier: ISC */
/*
 * Cosignatures of witnesses (C2SP tlog-cosignature, cosignature/v1): at this time, this was the
 * largest consistent tree that the witness had seen of the origin.
 */
#include "tlog/cosignature.h"
#include <string.h>

#define BLOB_LEN (8 + SIG_LEN) /* big-endian seconds, then Ed25519 */

void tote__cosignature_message(struct buf *out, uint64_t seconds, const char *text, size_t len)
{
	tote__buf_puts(out, "cosignature/v1\ntime ");
	tote__buf_put_decimal(out, seconds);
	tote__buf_putc(out, '\n');
	tote__buf_put(out, text, len);
}

void tote__cosignature_blob(uint64_t seconds, const uint8_t sig[SIG_LEN], uint8_t out[72])
{
	tote__store_u64(out, seconds);
	memcpy(out + 8, sig, SIG_LEN);
}

static int bad(const struct vkey *key, const char *why, struct tote_fault *fault)
{
	return tote__fault(fault, TOTE_E_BAD_SIGNATURE, "cosignature by %s: %s", key->name, why);
}

/* One line that names the key. */
static int verify_line(const struct note *note, const struct note_sig *line, const struct vkey *key,
	struct buf *scratch, uint64_t *ret_seconds, struct tote_fault *fault)
{
	uint8_t blob[BLOB_LEN];
	uint64_t seconds;
	size_t len;
	int r;

	if (tote__note_sig_bytes(line, blob, sizeof(blob), &len) || len != sizeof(blob))
		return bad(key, "it is not a timestamp and 64 bytes", fault);
	seconds = tote__load_u64(blob);
	if (seconds > (uint64_t)INT64_MAX)
		return bad(key, "its timestamp is not below 2^63", fault);
	tote__buf_reset(scratch);
	tote__cosignature_message(scratch, seconds, note->text, note->text_len);
	r = tote__buf_check(scratch, "cosigned message", fault);
	if (r < 0)
		return r;
	if (!tote__vkey_verify(key, scratch->data, scratch->len, blob + 8))
		return bad(key, "it does not verify", fault);
	*ret_seconds = seconds;
	return 0;
}

int tote__cosignature_verify(const struct note *note, const struct vkey *key, struct buf *scratch,
	uint64_t *ret_seconds, struct tote_fault *fault)
{
	size_t name_len = strlen(key->name);
	uint64_t newest = 0;
	int found = 0;

	if (key->type != KEY_TYPE_COSIGNATURE)
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"cosignature by %s: the key is of type 0x%02x, not 0x04", key->name,
			(unsigned)key->type);
	/* a line of a known key that fails refuses the note, so that each of them is looked at */
	for (size_t i = 0; i < note->sig_count; i++) {
		const struct note_sig *line = &note->sigs[i];
		uint64_t seconds = 0;
		int r;

		if (line->id != key->id || line->name_len != name_len ||
			memcmp(line->name, key->name, name_len))
			continue;
		r = verify_line(note, line, key, scratch, &seconds, fault);
		if (r < 0)
			return r;
		if (seconds > newest)
			newest = seconds;
		found = 1;
	}
	if (found)
		*ret_seconds = newest;
	return found;
}
