/* SPDX-License-Identifier: ISC */
/*
 * Signed notes (C2SP signed-note): text, a blank line, signature lines. Stricter than Go's reader
 * in its base64, and in that each line of a known key is verified, repeated ones too.
 */
#include "crypto/note.h"
#include "base/text.h"
#include <string.h>

#define DASH     "\xE2\x80\x94 " /* U+2014 and a space */
#define DASH_LEN 4
#define ID_LEN   4
#define CHUNK    1024 /* digits of base64 that are checked at a time, a multiple of 4 */

static int malformed(struct tote_fault *fault, const char *wrong)
{
	return tote__fault(fault, TOTE_E_MALFORMED, "signed note: %s", wrong);
}

static int has_control_byte(const uint8_t *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] < 0x20 && s[i] != '\n')
			return 1;
	}
	return 0;
}

/* The offset of the last "\n\n", or len: the blank line that separates text and signatures. */
static size_t last_blank_line(const char *s, size_t len)
{
	for (size_t i = len; i >= 2; i--) {
		if (s[i - 1] == '\n' && s[i - 2] == '\n')
			return i - 2;
	}
	return len;
}

/* Strict base64 of any length, as signatures of types to come may be long. */
static int base64_check(const char *s, size_t len, size_t *ret_decoded)
{
	uint8_t bytes[CHUNK / 4 * 3];
	size_t n = 0;

	*ret_decoded = 0;
	for (size_t i = 0; i < len; i += CHUNK) {
		const size_t take = len - i < CHUNK ? len - i : CHUNK;

		if (tote__base64_decode(s + i, take, bytes, sizeof(bytes), &n) < 0)
			return -1;
		if (i + take < len && n != sizeof(bytes)) /* padding before the end */
			return -1;
		*ret_decoded += n;
	}
	return 0;
}

/* One line without its LF: em dash, space, name, space, base64. NULL, or what is wrong. */
static const char *parse_sig(const char *line, size_t len, struct note_sig *ret)
{
	const char *space;
	uint8_t id[6];
	size_t decoded;

	if (len < DASH_LEN || memcmp(line, DASH, DASH_LEN) != 0)
		return "a signature line does not begin with an em dash and a space";
	ret->line = line;
	ret->line_len = len + 1;
	ret->name = line + DASH_LEN;
	space = memchr(ret->name, ' ', len - DASH_LEN);
	if (!space)
		return "a signature line has no space behind its name";
	ret->name_len = (size_t)(space - ret->name);
	if (!tote__key_name_valid(ret->name, ret->name_len))
		return "the name of a signature is empty, longer than 255 bytes or has a space or "
		       "'+'";
	ret->blob = space + 1;
	ret->blob_len = (size_t)(line + len - ret->blob);
	if (base64_check(ret->blob, ret->blob_len, &decoded) < 0)
		return "a signature is not strict base64";
	if (decoded <= ID_LEN || tote__base64_decode(ret->blob, 8, id, sizeof(id), &decoded) < 0)
		return "a signature is shorter than 5 bytes";
	ret->id = tote__load_u32(id);
	return NULL;
}

static int parse_sigs(const char *s, size_t len, struct note *ret, struct tote_fault *fault)
{
	struct reader r;
	const char *line, *wrong;
	size_t n;

	tote__reader_init(&r, s, len);
	while (tote__reader_line(&r, &line, &n)) {
		if (ret->sig_count == NOTE_SIGS_MAX)
			return malformed(fault, "it has more than 64 signatures");
		wrong = parse_sig(line, n, &ret->sigs[ret->sig_count++]);
		if (wrong)
			return malformed(fault, wrong);
	}
	if (tote__reader_left(&r) > 0)
		return malformed(fault, "its last line does not end");
	if (ret->sig_count == 0)
		return malformed(fault, "it has no signature");
	return 0;
}

int tote__note_parse(const void *data, size_t len, struct note *ret, struct tote_fault *fault)
{
	const char *s = data;
	size_t blank;

	memset(ret, 0, sizeof(*ret));
	if (len > NOTE_MAX)
		return malformed(fault, "it is larger than 1 MiB");
	if (!tote__utf8_valid(data, len))
		return malformed(fault, "it is not valid UTF-8");
	if (has_control_byte(data, len))
		return malformed(fault, "it has a control byte other than LF");
	blank = last_blank_line(s, len);
	if (blank == len)
		return malformed(fault, "no blank line separates text and signatures");
	ret->text = s;
	ret->text_len = blank + 1;
	return parse_sigs(s + blank + 2, len - blank - 2, ret, fault);
}

int tote__note_sig_bytes(const struct note_sig *sig, uint8_t *out, size_t cap, size_t *ret_len)
{
	uint8_t raw[ID_LEN + NOTE_SIG_MAX];
	size_t n;

	if (tote__base64_decode(sig->blob, sig->blob_len, raw, sizeof(raw), &n) < 0 ||
		n - ID_LEN > cap)
		return -1;
	memcpy(out, raw + ID_LEN, n - ID_LEN);
	*ret_len = n - ID_LEN;
	return 0;
}

static int is_by(const struct note_sig *sig, const struct vkey *key)
{
	return sig->id == key->id && sig->name_len == strlen(key->name) &&
	       memcmp(sig->name, key->name, sig->name_len) == 0;
}

int tote__note_verify(const struct note *note, const struct vkey *key, struct tote_fault *fault)
{
	uint8_t sig[SIG_LEN];
	size_t len;
	int found = 0;

	if (key->type != KEY_TYPE_ED25519)
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"key '%s' is of type %u and signs no notes", key->name, key->type);
	for (size_t i = 0; i < note->sig_count; i++) {
		if (!is_by(&note->sigs[i], key))
			continue;
		if (tote__note_sig_bytes(&note->sigs[i], sig, sizeof(sig), &len) < 0 ||
			len != sizeof(sig) ||
			!tote__vkey_verify(key, note->text, note->text_len, sig))
			return tote__fault(fault, TOTE_E_BAD_SIGNATURE,
				"signed note: the signature by '%s' does not verify", key->name);
		found = 1;
	}
	return found;
}

void tote__note_put_sig(struct buf *out, const struct vkey *key, const void *sig, size_t len)
{
	uint8_t id[ID_LEN], bytes[48];
	char digits[BASE64_LEN(sizeof(bytes)) + 1];
	const uint8_t *from = sig;
	size_t n;

	tote__store_u32(id, key->id);
	tote__buf_puts(out, DASH);
	tote__buf_puts(out, key->name);
	tote__buf_putc(out, ' ');
	for (size_t done = 0; done < ID_LEN + len; done += n) {
		for (n = 0; n < sizeof(bytes) && done + n < ID_LEN + len; n++)
			bytes[n] = done + n < ID_LEN ? id[done + n] : from[done + n - ID_LEN];
		tote__base64_encode(bytes, n, digits);
		tote__buf_puts(out, digits);
	}
	tote__buf_putc(out, '\n');
}
