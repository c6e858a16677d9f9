/* SPDX-License-Identifier: ISC */
/*
 * What can still be known where the consolidated record is damaged, so that the containers of such
 * a root are audited all the same.
 */
#ifndef ORCHESTRATOR_SALVAGE_H
#define ORCHESTRATOR_SALVAGE_H

#include "orchestrator/orchestrator.h"

/*
 * Takes into the registry every entry of the record from its next one on that can be read and
 * parses, whatever lies around it; then, from the key store, the root's own keys and the containers
 * below containers/ that no entry names any more. Nothing of this is believed: it only says where
 * to look. *ret_lost: entries that were passed over. Where not even the root's name is found, a
 * failure that says why. One call at a time.
 */
int tote__salvage(tote_orchestrator *o, uint64_t *ret_lost, struct tote_fault *fault);

#endif
