/* SPDX-License-Identifier: ISC */
/*
 * The text of a checkpoint (C2SP tlog-checkpoint): origin, size, root.
 */
#ifndef TLOG_CHECKPOINT_H
#define TLOG_CHECKPOINT_H

#include "crypto/hash.h"
#include "crypto/note.h"

struct checkpoint {
	char origin[KEY_NAME_MAX + 1];
	uint64_t size;
	uint8_t root[HASH_LEN];
};

/* Strict: no leading zero, size below 2^63, root 32 bytes, size 0 only with the empty root. */
int tote__checkpoint_parse(
	const char *text, size_t len, struct checkpoint *ret, struct tote_fault *fault);
void tote__checkpoint_put(struct buf *out, const struct checkpoint *c);

/* A whole signed checkpoint: parses note and text. note points into data. */
int tote__checkpoint_read(const void *data, size_t len, struct note *ret_note,
	struct checkpoint *ret, struct tote_fault *fault);

#endif
