/* SPDX-License-Identifier: ISC */
/*
 * Proof files (C2SP tlog-proof): one index, its inclusion path, and the checkpoint verbatim.
 */
#ifndef TLOG_PROOF_H
#define TLOG_PROOF_H

#include "tlog/checkpoint.h"
#include "tlog/merkle.h"

struct proof_file {
	uint64_t index;
	struct proof path;
	const char *checkpoint; /* points into the parsed bytes */
	size_t checkpoint_len;
};

int tote__proof_parse(
	const void *data, size_t len, struct proof_file *ret, struct tote_fault *fault);
void tote__proof_put(struct buf *out, const struct proof_file *p);

#endif
