/* SPDX-License-Identifier: ISC */
/*
 * Proofs from a view: the C2SP tlog-proof of one entry under the view's checkpoint.
 */
#ifndef LEDGER_PROVE_H
#define LEDGER_PROVE_H

#include "ledger/view.h"
#include "tlog/proof.h"

/*
 * Appends the proof file's bytes to out; it is verified before it is handed out.
 * TOTE_E_NOT_FOUND for a seq that the checkpoint does not cover.
 */
int tote__prove_entry(struct view *v, uint64_t seq, struct buf *out, struct tote_fault *fault);
/* The consistency proof between two sizes, both at most the view's covered size. */
int tote__prove_consistency(
	struct view *v, uint64_t from, uint64_t to, struct proof *ret, struct tote_fault *fault);

#endif
