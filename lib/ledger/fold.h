/* SPDX-License-Identifier: ISC */
/*
 * The fold (FORMAT sections 5 and 6): entries of the journal into bundles and tiles, read back from
 * the disk and hashed again before a checkpoint over them is signed, verified and published.
 */
#ifndef LEDGER_FOLD_H
#define LEDGER_FOLD_H

#include "ledger/demand.h"
#include "ledger/journal.h"
#include "ledger/ledger.h"

struct fold {
	struct tote_ctx *ctx;
	const struct place *place;
	const struct hasher *engine;
	int type; /* of the ledger: its entries are checked before they are signed for */
	struct signer *signer;
	const char *origin;
	const struct vkey *first; /* entry 0's key */
	const struct ledger_hooks *hooks;
	const struct replay *from; /* the checkpoint in place and the groups above it */
	uint64_t bound;            /* entries below it are folded: all durable */
	int again;            /* a sync failed in this process: what lies there is written anew */
	int cached;           /* the read-back may have come from memory */
	struct demand demand; /* while it runs: whose signature is demanded */
};

/*
 * Writes, reads back, signs, publishes. Byte 2 is held by the caller. ret_note gets the new
 * checkpoint. Nothing is signed unless the bytes on the medium give the root that was computed from
 * the journal, and the tree extends NAME.last. TOTE_E_DAMAGED, TOTE_E_FORK, TOTE_E_ROLLBACK, ...
 */
int tote__fold_run(
	struct fold *fold, struct checkpoint *ret, struct buf *ret_note, struct tote_fault *fault);

/* Removes segments that a durable checkpoint covers wholly, all but the newest (byte 2 held). */
int tote__fold_remove_segments(
	const struct place *place, uint64_t covered, struct tote_fault *fault);

#endif
