/* SPDX-License-Identifier: ISC */
/*
 * What a witness is asked with: the add-checkpoint body of C2SP tlog-witness, to be sent or carried
 * by hand. The size that the witness knows, the consistency proof from there, the checkpoint.
 */
#ifndef TLOG_REQUEST_H
#define TLOG_REQUEST_H

#include "tlog/checkpoint.h"
#include "tlog/merkle.h"

#define REQUEST_MAX       65536u
#define REQUEST_PROOF_MAX 63 /* lines, by C2SP tlog-witness */

struct request {
	uint64_t old;
	struct proof proof;
	const char *checkpoint; /* points into the parsed bytes */
	size_t checkpoint_len;
};

/* TOTE_E_MALFORMED saying what departs from the specification; the checkpoint is not looked at. */
int tote__request_parse(
	const void *data, size_t len, struct request *ret, struct tote_fault *fault);
/*
 * The body with the checkpoint's text and, of its signature lines, those in the origin's name alone:
 * witnesses take small bodies, and what others cosigned is none of theirs. TOTE_E_TOO_LARGE for a proof of
 * more lines than may be sent.
 */
int tote__request_put(struct buf *out, uint64_t old, const struct proof *proof,
	const struct note *note, const char *origin, struct tote_fault *fault);

#endif
