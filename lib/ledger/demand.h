/* SPDX-License-Identifier: ISC */
/*
 * Which key a ledger demands of its next checkpoint (FORMAT section 6, "Rotation"), found by who
 * folds: the key that signed the checkpoint in place, followed through the entries above it. What
 * lies below was followed when it was folded, so the cost is that of what is new.
 */
#ifndef LEDGER_DEMAND_H
#define LEDGER_DEMAND_H

#include "ledger/journal.h"
#include "ledger/keyring.h"
#include "ledger/ledger.h"

struct demand {
	const struct place *place;
	const struct hasher *engine;
	struct signer *signer;
	const char *origin;
	const struct vkey *first; /* entry 0's */
	const struct ledger_hooks *hooks;
	struct keyring keys; /* as far as they are known: the present one, and what changes it */
};

/*
 * Finds the key of the checkpoint in place, if there is one: it must be the signer's, or lead to it.
 * A signer of files is read again where another process may have rotated it. TOTE_E_BAD_SIGNATURE
 * where it is signed by none of them. Byte 2 is held by the caller, from here to the end.
 */
int tote__demand_begin(struct demand *d, const struct replay *from, struct tote_fault *fault);
/* The next entry above the checkpoint in place, in order. TOTE_E_DAMAGED for a false rotation. */
int tote__demand_entry(struct demand *d, const struct entry *e, struct tote_fault *fault);
/*
 * The key demanded of a checkpoint over `size` entries, all of which came by. The signer has it when
 * this returns 0: a rotation that a crash interrupted is completed. TOTE_E_KEY.
 */
int tote__demand_signer(
	struct demand *d, uint64_t size, const struct vkey **ret_key, struct tote_fault *fault);
/* 1 a line of this note is by a key known here and verifies; 0 none is; TOTE_E_BAD_SIGNATURE. */
int tote__demand_verify(struct demand *d, const struct note *note, struct tote_fault *fault);
void tote__demand_end(struct demand *d);

/*
 * Whether this key may sign for the ledger, as far as can be told at little cost: it is entry 0's,
 * the checkpoint in place has a line by it, the room above or an entry names it. What this lets
 * through a fold still refuses. 1, 0 or a failure.
 */
int tote__demand_may_sign(struct demand *d, const struct vkey *key, struct tote_fault *fault);

#endif
