/* SPDX-License-Identifier: ISC */
/*
 * The rotation of a ledger's signing key (FORMAT section 6): the new key durable, the entry that
 * names it with the old one's proof, the first checkpoint signed with it. Whatever step a crash or a
 * failure comes after, the next fold by anybody who has the keys completes it.
 */
#ifndef LEDGER_ROTATION_H
#define LEDGER_ROTATION_H

#include "ledger/ledger.h"

/*
 * Rotates to a new key of the signer's own key store, or to `next`, a host's signer, which takes the
 * place of the ledger's once the entry is durable (*next is then zero: the ledger's signer has it).
 * *ret_seq: the entry's. The hook `admit` is asked. While it runs nobody else folds; appends go on.
 * TOTE_E_NO_SIGNER, TOTE_E_STATE, TOTE_E_KEY. fault->effect DONE: the entry is durable, and what
 * is left the next fold completes.
 */
int tote__ledger_rotate(struct ledger *l, struct signer *next, const char *actor,
	const char *reason, uint64_t *ret_seq, struct tote_fault *fault);

/*
 * The hold with byte 2 too: nobody else folds, rotates or changes a file of the ledger's key.
 */
int tote__ledger_hold_key(struct ledger *l, struct tote_fault *fault);
void tote__ledger_release_key(struct ledger *l);

/*
 * The entry itself, durable, with the hold: kind is key.rotated or witness.rotated, origin the key's
 * name. Signed with `from`, which is in force.
 */
int tote__rotation_write(struct ledger *l, const char *kind, struct signer *from,
	const struct vkey *to, const char *actor, const char *reason, uint64_t *ret_seq,
	struct tote_fault *fault);

#endif
