/* SPDX-License-Identifier: ISC */
/*
 * The bytes of many assets read and hashed by several threads, in batches of small ones and piece
 * by piece of large ones, and taken in their order. All it can say of one is that its bytes are
 * those that were sealed: whatever else it is, is for a second look to say (asset_audit.c).
 */
#ifndef AUDIT_ASSET_READ_H
#define AUDIT_ASSET_READ_H

#include "audit/asset_table.h"
#include "audit/inquiry.h"

#define READ_ITEMS 32 /* of a batch */

struct asset_read;

/* A batch of assets that follow each other, small ones or one large one. */
struct asset_batch {
	struct asset_read *of;
	uint64_t bytes; /* that it reads before it looks whether the step ends */
	size_t end;     /* the n-th asset that comes after all of it */
	size_t count;
	struct {
		size_t nth;
		const struct asset *item;
		int good; /* it was read, and is what was sealed */
	} read[READ_ITEMS];
	/* of a large one that is on its way */
	void *object;
	uint64_t offset;
	struct hash hash;
};

struct asset_read {
	struct inquiry *q;
	struct asset_table *table;
	struct ahead ahead;
	size_t files; /* that one thread has open together */
	size_t given; /* assets that were given or passed over */
	uint64_t under_way;
	struct asset_batch *current; /* taken and not yet done with */
	size_t next;                 /* in it */
	_Atomic uint64_t bytes;      /* read by all threads */
	uint64_t told;               /* of them, to the inquiry */
	_Atomic int cached;
	_Atomic(void *) room[AHEAD_THREADS + 1];
};

int tote__asset_read_init(struct asset_read *r, struct inquiry *q, struct asset_table *table,
	struct tote_fault *fault);
void tote__asset_read_free(struct asset_read *r); /* takes a zeroed one */

/* 1 where an asset's bytes are to be read at all. */
typedef int asset_wanted_fn(const struct asset *item);

/*
 * The next one in order: 1 with *ret_nth and *ret_good, 0 where there are no more; 2 where none is
 * done yet, and behind each batch with the one after it: then it is for the budget of the step
 * whether to ask again.
 */
int tote__asset_read_next(
	struct asset_read *r, asset_wanted_fn *wanted, size_t *ret_nth, int *ret_good);
/* How much was read since it was asked last. */
uint64_t tote__asset_read_bytes(struct asset_read *r);

#endif
