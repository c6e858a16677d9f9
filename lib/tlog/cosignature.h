/* SPDX-License-Identifier: ISC */
/*
 * Cosignatures of witnesses (C2SP tlog-cosignature, cosignature/v1, Ed25519).
 */
#ifndef TLOG_COSIGNATURE_H
#define TLOG_COSIGNATURE_H

#include "crypto/note.h"

/* The bytes that are signed: "cosignature/v1\ntime N\n" and the note's text. */
void tote__cosignature_message(struct buf *out, uint64_t seconds, const char *text, size_t len);
/* The blob of the note line: timestamp, signature. */
void tote__cosignature_blob(uint64_t seconds, const uint8_t sig[SIG_LEN], uint8_t out[72]);
/*
 * A cosignature by key on the note: 1 and its time where it verifies, 0 where there is none,
 * TOTE_E_BAD_SIGNATURE where one is there and does not verify. scratch is overwritten.
 */
int tote__cosignature_verify(const struct note *note, const struct vkey *key, struct buf *scratch,
	uint64_t *ret_seconds, struct tote_fault *fault);

#endif
