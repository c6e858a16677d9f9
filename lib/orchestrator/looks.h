/* SPDX-License-Identifier: ISC */
/*
 * The statuses of several containers, each looked at now, of which one whose store does not answer
 * keeps no other waiting: it is told as unreachable.
 */
#ifndef ORCHESTRATOR_LOOKS_H
#define ORCHESTRATOR_LOOKS_H

#include "orchestrator/orchestrator.h"
#include <toteborch/health.h>

#define LOOKS_RECORD_ONLY 1u /* at no container */
#define LOOKS_WHOLE       2u /* opens each, also where a glance would do: its state too */

struct looks;

/* For up to `room` of them. */
struct looks *tote__looks_new(
	tote_orchestrator *o, size_t room, uint32_t flags, struct tote_fault *fault);
/* One more; with the registry's lock. TOTE_E_NO_MEMORY. */
int tote__looks_add(struct looks *l, const struct known *k, struct tote_fault *fault);
/* Looks at all of them, in the order in which they were added, and drops l. */
int tote__looks_take(struct looks *l, struct tote_status *ret, struct tote_fault *fault);
/* Instead of that; NULL is allowed. */
void tote__looks_drop(struct looks *l);

#endif
