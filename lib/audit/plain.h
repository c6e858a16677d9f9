/* SPDX-License-Identifier: ISC */
/*
 * Plain entries: a host's record that is well-formed by itself and continues the one before it in
 * its bundle. Most entries are that, and all that is to be known of one can be found where it was
 * read, on any thread; whoever takes the entries in order then looks at none of their bytes.
 */
#ifndef AUDIT_PLAIN_H
#define AUDIT_PLAIN_H

#include "ledger/logdir.h"

struct plain {
	uint64_t seq; /* of the first entry */
	uint8_t is[TILE_WIDTH];
	int64_t time_us[TILE_WIDTH]; /* of those that are */
};

/*
 * Looks at the first `count` entries of a bundle whose first entry's seq is given, and at their leaf
 * hashes. What is not plain is not therefore wrong: the first one of a bundle never is.
 */
void tote__plain_find(const void *bundle, size_t len, uint32_t width, uint64_t seq,
	const uint8_t *leaves, uint32_t count, struct plain *ret);

#endif
