/* SPDX-License-Identifier: ISC */
/*
 * The difference between what a fleet file wishes for and what the registry knows: steps in a safe
 * order, and what cannot be brought about. No I/O, no clock.
 */
#ifndef ORCHESTRATOR_FLEET_DIFF_H
#define ORCHESTRATOR_FLEET_DIFF_H

#include "orchestrator/fleet.h"

/*
 * Fills the fleet's plan. Containers come in the order of the file, each made first, then given its
 * policy, then moved; moves that have no way back come after all else. Where problems are put down
 * the plan is of no use. TOTE_E_NO_MEMORY.
 */
int tote__fleet_diff(tote_fleet *f, const struct registry *r, struct tote_fault *fault);
/* 1 for a state that a container never leaves for an earlier one. */
int tote__fleet_is_final(uint32_t state);

#endif
