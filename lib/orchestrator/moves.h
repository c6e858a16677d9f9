/* SPDX-License-Identifier: ISC */
/*
 * Moves of a container's state in two ledgers (FORMAT section 8): the container's own first, the
 * consolidated record second, and the completion of a last move that only one of them has.
 */
#ifndef ORCHESTRATOR_MOVES_H
#define ORCHESTRATOR_MOVES_H

#include "orchestrator/orchestrator.h"

/*
 * Completes the ledger that lacks one last move that the other has. 0 both agree now,
 * TOTE_E_MISMATCH where they differ by anything else.
 */
int tote__moves_complete(
	tote_orchestrator *o, const char *id, tote_box *box, struct tote_fault *fault);
/* The same with both held. */
int tote__moves_complete_held(
	tote_orchestrator *o, const char *id, tote_box *box, struct tote_fault *fault);

/* The state that the consolidated record says. STATE_NONE where it knows no such container. */
uint32_t tote__moves_recorded_state(tote_orchestrator *o, const char *id);

#endif
