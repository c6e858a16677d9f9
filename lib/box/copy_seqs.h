/* SPDX-License-Identifier: ISC */
/*
 * Seqs of seals in ascending order, some of which have come to their end: voided or erased.
 */
#ifndef BOX_COPY_SEQS_H
#define BOX_COPY_SEQS_H

#include "base/heap.h"

struct copy_seqs {
	uint64_t *seq; /* with COPY_SEQ_ENDED where it has */
	size_t count, cap;
};

#define COPY_SEQ_ENDED (UINT64_C(1) << 63)

/* seq is larger than all that were added before it. */
int tote__copy_seqs_add(
	struct copy_seqs *s, const struct heap *heap, uint64_t seq, struct tote_fault *fault);
/* 1 where it is among them and has not ended. */
int tote__copy_seqs_has(const struct copy_seqs *s, uint64_t seq);
/* 1 where it was among them. */
int tote__copy_seqs_end(struct copy_seqs *s, uint64_t seq);

#endif
