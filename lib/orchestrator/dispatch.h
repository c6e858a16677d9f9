/* SPDX-License-Identifier: ISC */
/*
 * One dispatch under way: its budget, and what it did so far.
 */
#ifndef ORCHESTRATOR_DISPATCH_H
#define ORCHESTRATOR_DISPATCH_H

#include "orchestrator/agenda.h"
#include "orchestrator/crew.h"
#include "orchestrator/outlook.h"

struct dispatch {
	tote_orchestrator *o;
	struct tote_dispatch_options options;
	int64_t deadline_us; /* by the monotonic clock; 0: none */
	int64_t keep_us;     /* of it, for audits */
	struct turn *turns;  /* of this round; all that are due, in their order */
	size_t turn_count, turn_cap;
	struct crew_work serving, looking, suspending;
	struct crew crew;
	/* with the crew's mutex */
	uint64_t bytes_left; /* with options.max_bytes */
	struct tote_dispatch did;
};

/* The host's monotonic clock. */
int64_t tote__dispatch_clock(const struct dispatch *d);
/* Microseconds that are left; INT64_MAX without a bound. */
int64_t tote__dispatch_left(const struct dispatch *d);
/* One more turn, of that container; NULL: no memory. With the registry's lock. */
struct turn *tote__dispatch_turn(
	struct dispatch *d, const struct known *k, struct tote_fault *fault);

/* dispatch_audit.c, work for the crew: one share of one container. */
int tote__dispatch_serve(void *dispatch, const struct turn *turn, size_t waiting);

/* dispatch_look.c: looks at the ledgers that it is time for, and folds what waits in them. */
int tote__dispatch_looks(struct dispatch *d, struct tote_fault *fault);
/* Its work for the crew. */
int tote__dispatch_may_look(void *dispatch, int looked, int late);
int tote__dispatch_look(void *dispatch, const struct turn *turn, size_t waiting);

#endif
