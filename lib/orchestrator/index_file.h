/* SPDX-License-Identifier: ISC */
/*
 * The index on disk, orchestrator/index/registry: the registry as it was at one size of the
 * consolidated record. It is believed only where the record shows the root it was made from; it is
 * never needed, and none of these calls fails.
 */
#ifndef ORCHESTRATOR_INDEX_FILE_H
#define ORCHESTRATOR_INDEX_FILE_H

#include "orchestrator/orchestrator.h"

#define INDEX_EVERY 1000u /* entries newer than it is, at which it is written anew */

/* Into the registry of a handle that has read nothing yet. */
void tote__index_load(tote_orchestrator *o);
/* Writes what the registry knows, where that is signed for and so much newer than what is there. */
void tote__index_save(tote_orchestrator *o);
/*
 * 1 where an index that was believed says another thing than the record: the registry is what the
 * record says then, and the next index will be. 0; TOTE_E_NO_MEMORY or what reading the record gives.
 */
int tote__index_compare(tote_orchestrator *o, struct tote_fault *fault);

#endif
