/* SPDX-License-Identifier: ISC */
/*
 * One dispatch under way: its budget, and what it did so far.
 */
#ifndef ORCHESTRATOR_DISPATCH_H
#define ORCHESTRATOR_DISPATCH_H

#include "orchestrator/agenda.h"
#include "orchestrator/outlook.h"

struct dispatch {
	tote_orchestrator *o;
	struct tote_dispatch_options options;
	int64_t deadline_us; /* by the monotonic clock; 0: none */
	uint64_t bytes_left; /* with options.max_bytes */
	struct turn *turns;  /* of this round; all that are due, in their order */
	size_t turn_count, turn_cap;
	struct tote_dispatch did;
};

/* Microseconds that are left; INT64_MAX without a bound. */
int64_t tote__dispatch_left(const struct dispatch *d);
/* Makes room for one more turn and gives it, all zero; NULL: no memory. */
struct turn *tote__dispatch_turn(struct dispatch *d, struct tote_fault *fault);

/* dispatch_look.c: looks at the ledgers that it is time for, and folds what waits in them. */
int tote__dispatch_looks(struct dispatch *d, struct tote_fault *fault);

#endif
