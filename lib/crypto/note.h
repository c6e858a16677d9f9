/* SPDX-License-Identifier: ISC */
/*
 * Signed notes (C2SP signed-note): text, a blank line, signature lines. Pure functions over bytes;
 * what is parsed points into the caller's bytes.
 */
#ifndef CRYPTO_NOTE_H
#define CRYPTO_NOTE_H

#include "base/buf.h"
#include "crypto/key.h"

#define NOTE_MAX      (1u << 20)
#define NOTE_SIGS_MAX 64   /* C2SP: accept at least 16; more than this is refused */
#define NOTE_SIG_MAX  4096 /* decoded bytes kept of one line; an ML-DSA-44 one has 2,432 */

struct note_sig {
	const char *name;
	size_t name_len;
	uint32_t id;
	const char *line; /* the whole line with its LF */
	size_t line_len;
	const char *blob; /* base64 of id and signature */
	size_t blob_len;
};

struct note {
	const char *text; /* with its final LF, as signed */
	size_t text_len;
	struct note_sig sigs[NOTE_SIGS_MAX];
	size_t sig_count;
};

/* TOTE_E_MALFORMED saying what departs from the specification. */
int tote__note_parse(const void *data, size_t len, struct note *ret, struct tote_fault *fault);

/* The decoded signature bytes behind the key id of one line. -1 where they exceed cap. */
int tote__note_sig_bytes(const struct note_sig *sig, uint8_t *out, size_t cap, size_t *ret_len);

/*
 * A signature by key (matched by name and id): 1 it is there and verifies, 0 there is none,
 * TOTE_E_BAD_SIGNATURE one is there and does not verify. Only KEY_TYPE_ED25519 keys; cosignatures
 * are tlog/cosignature's.
 */
int tote__note_verify(const struct note *note, const struct vkey *key, struct tote_fault *fault);

/* Appends "— name base64(id || sig)\n". */
void tote__note_put_sig(struct buf *out, const struct vkey *key, const void *sig, size_t len);

#endif
