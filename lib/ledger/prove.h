/* SPDX-License-Identifier: ISC */
/*
 * Proofs from a view: the C2SP tlog-proof of one entry, under the view's checkpoint or one of before,
 * and that one tree is the beginning of another.
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
/*
 * The same under another checkpoint, whose bytes the proof file then ends with: note is all of it, at
 * its parsed text. TOTE_E_FORK where its tree is not the beginning of the view's; TOTE_E_NOT_FOUND
 * for a seq that it does not cover, or where it covers more than the view's. Its signatures are the
 * caller's to look at.
 */
int tote__prove_entry_at(struct view *v, uint64_t seq, const void *note, size_t note_len,
	const struct checkpoint *at, struct buf *out, struct tote_fault *fault);
/* The root of the first size entries, at most the view's covered size, shown to belong to it. */
int tote__prove_root(
	struct view *v, uint64_t size, uint8_t ret_root[HASH_LEN], struct tote_fault *fault);
/* The consistency proof between two sizes, both at most the view's covered size. */
int tote__prove_consistency(
	struct view *v, uint64_t from, uint64_t to, struct proof *ret, struct tote_fault *fault);

#endif
