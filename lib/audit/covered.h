/* SPDX-License-Identifier: ISC */
/*
 * What earlier runs read of one container and found whole, range by range of seqs. A range counts
 * only where the ledger that is read now still has the very entry that stood last when the range
 * was read: by the chain of prev that entry stands for all before it.
 */
#ifndef AUDIT_COVERED_H
#define AUDIT_COVERED_H

#include "base/fault.h"
#include "base/heap.h"
#include "crypto/hash.h"

struct covered_range {
	uint64_t from, to;      /* seqs [from, to) */
	uint64_t size;          /* entries the ledger had for the run that read it */
	uint8_t leaf[HASH_LEN]; /* of the last of them */
	uint64_t run;           /* that run, and when the range was on record */
	int64_t time_us;
};

struct covered {
	const struct heap *heap;
	struct covered_item {
		struct covered_range range;
		int proven;
	} * items; /* in order of size */
	size_t count;
	size_t at; /* the first whose size was not met yet */
};

void tote__covered_init(struct covered *c, const struct heap *heap);
void tote__covered_free(struct covered *c);
/* Takes a copy of what the record says. */
int tote__covered_set(struct covered *c, const struct covered_range *ranges, size_t count,
	struct tote_fault *fault);

/* The ledger is read from its beginning: nothing is proven yet. */
void tote__covered_reset(struct covered *c);
/* Its entry of that seq has this leaf hash. In order of seq. */
void tote__covered_meet(struct covered *c, uint64_t seq, const uint8_t leaf[HASH_LEN]);
/* The chain does not hold: no leaf stands for what is before it. */
void tote__covered_void(struct covered *c);
/* The proven range that holds this seq, or NULL. */
const struct covered_range *tote__covered_at(const struct covered *c, uint64_t seq);

#endif
