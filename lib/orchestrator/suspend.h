/* SPDX-License-Identifier: ISC */
/*
 * Suspending by policy: a container whose policy says so is suspended by a flag of damage.
 */
#ifndef ORCHESTRATOR_SUSPEND_H
#define ORCHESTRATOR_SUSPEND_H

#include "orchestrator/orchestrator.h"

/*
 * 1 where it was suspended, 0 where there is no reason to: its policy, a flag of damage that was
 * raised since its state was set last, unacknowledged and not cleared, are one. Whoever finds that
 * does it, so a crash between flag and suspension changes nothing.
 */
int tote__suspend_by_policy(
	tote_orchestrator *o, const char *id, const char *actor, struct tote_fault *fault);

#endif
