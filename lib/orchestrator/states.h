/* SPDX-License-Identifier: ISC */
/*
 * Changes of state that are not asked for by an operator.
 */
#ifndef ORCHESTRATOR_STATES_H
#define ORCHESTRATOR_STATES_H

#include "orchestrator/orchestrator.h"

/*
 * As tote_orchestrator_set_state to suspended, but nothing is folded: a new checkpoint would write
 * over the damage that is the reason.
 */
int tote__states_suspend(tote_orchestrator *o, const char *id, const char *actor,
	const char *reason, struct tote_fault *fault);

#endif
