/* SPDX-License-Identifier: ISC */
/*
 * Where containers would lie: two in one directory, or one inside the other, are found by the text
 * of their locations. What only the disk knows (links, mounts) is found when they are made.
 */
#ifndef ORCHESTRATOR_FLEET_PLACES_H
#define ORCHESTRATOR_FLEET_PLACES_H

#include "orchestrator/fleet.h"

/*
 * Every wish for a container that the registry does not have must find its directory free; where
 * not, that is a problem. TOTE_E_NO_MEMORY.
 */
int tote__fleet_places_check(tote_fleet *f, const struct registry *r, struct tote_fault *fault);

#endif
