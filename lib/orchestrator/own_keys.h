/* SPDX-License-Identifier: ISC */
/*
 * The root's own keys as the record has them: the record's, which signs it, and the witness's, each
 * in force from the rotation on that leads to it. What a former witness key cosigned stays cosigned.
 */
#ifndef ORCHESTRATOR_OWN_KEYS_H
#define ORCHESTRATOR_OWN_KEYS_H

#include "orchestrator/orchestrator.h"

/* Copies: the one in force, as far as the registry knows. which: TOTE_KEY_*. */
void tote__own_key_text(tote_orchestrator *o, uint32_t which, char ret[320]);
int tote__own_key(tote_orchestrator *o, uint32_t which, struct vkey *ret, struct tote_fault *fault);
/* All that ever were, to be freed. */
int tote__own_keys(
	tote_orchestrator *o, uint32_t which, struct keyring *ret, struct tote_fault *fault);

/*
 * A cosignature by a witness key of ours, the newest first: 1 and which, 0 there is none,
 * TOTE_E_BAD_SIGNATURE. *ret_former: 1 by one that was rotated away.
 */
int tote__own_cosignature(tote_orchestrator *o, const struct note *note, uint64_t *ret_seconds,
	int *ret_former, struct tote_fault *fault);

/* With the record held: the witness's signer has the key in force. TOTE_E_KEY, TOTE_E_NO_SIGNER. */
int tote__own_witness_follow(tote_orchestrator *o, struct tote_fault *fault);

#endif
