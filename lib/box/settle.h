/* SPDX-License-Identifier: ISC */
/*
 * Settling what an unclean holder left half done in assets/ (FORMAT section 7): part of a takeover.
 */
#ifndef BOX_SETTLE_H
#define BOX_SETTLE_H

#include "ledger/ledger.h"

/*
 * With the hold, the ledger whole, before anything but asset.void is appended. from: the
 * checkpoint's size; what lies below it was settled before it was folded.
 */
int tote__settle(
	const struct place *place, struct ledger *ledger, uint64_t from, struct tote_fault *fault);

/* Says in an asset.void entry that the seals at these seqs never became files; then discards them. */
int tote__settle_void(const struct place *place, struct ledger *ledger, const uint64_t *seqs,
	size_t count, struct tote_fault *fault);

#endif
