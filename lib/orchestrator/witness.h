/* SPDX-License-Identifier: ISC */
/*
 * The witness (FORMAT section 6): verifies a container's checkpoint against the last one it saw,
 * remembers it, and only then lets its cosignature out.
 */
#ifndef ORCHESTRATOR_WITNESS_H
#define ORCHESTRATOR_WITNESS_H

#include "orchestrator/orchestrator.h"
#include "orchestrator/seen.h"

/*
 * The whole exchange of FORMAT section 6 for one container's newest checkpoint. first 1: there is
 * no seen/ID yet and that is right (provisioning, registering). TOTE_E_ROLLBACK, TOTE_E_FORK,
 * TOTE_E_BAD_SIGNATURE, TOTE_E_DAMAGED (seen/ID missing or bad): nothing is cosigned.
 */
int tote__witness_cosign(tote_orchestrator *o, tote_box *box, const char *id, int first,
	uint64_t *ret_size, struct tote_fault *fault);

/*
 * The comparison alone: TOTE_E_ROLLBACK or TOTE_E_FORK where nothing may be appended to what lies
 * there, else 0 (also where nothing was seen, or seen/ID is damaged: an audit names that). held:
 * with the container's byte 0 and the orchestrator's.
 */
int tote__witness_check(
	tote_orchestrator *o, tote_box *box, const char *id, struct tote_fault *fault);
int tote__witness_check_held(
	tote_orchestrator *o, tote_box *box, const char *id, struct tote_fault *fault);

/* ledger_hooks.guard of a box of this orchestrator: a new tree must extend the last one seen. */
int tote__witness_guard(tote_orchestrator *o, const char *id, const struct checkpoint *c,
	merkle_node_fn *node, void *tree, struct tote_fault *fault);

#endif
