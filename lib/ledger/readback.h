/* SPDX-License-Identifier: ISC */
/*
 * Reading back what a fold has written, from the medium, before anything is signed over it.
 */
#ifndef LEDGER_READBACK_H
#define LEDGER_READBACK_H

#include "ledger/logdir.h"

/*
 * Reads all bundles and tiles that a tree of `to` entries has and one of old->size has not, from
 * the right edge of the old tree on, and gives the root of what the medium holds. TOTE_E_DAMAGED
 * where a bundle is misshapen, a tile is not of its entries, or the old tree is not its beginning.
 * *ret_cached is set to 1 where something may have come from memory.
 */
int tote__readback_root(const struct place *place, const struct hasher *engine,
	const struct checkpoint *old, uint64_t to, uint8_t root[HASH_LEN], int *ret_cached,
	struct tote_fault *fault);

#endif
