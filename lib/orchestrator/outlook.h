/* SPDX-License-Identifier: ISC */
/*
 * When what of which container is due, from what the registry knows and what this handle remembers:
 * memory only, with the registry's lock held.
 */
#ifndef ORCHESTRATOR_OUTLOOK_H
#define ORCHESTRATOR_OUTLOOK_H

#include "audit/schedule.h"
#include "orchestrator/registry.h"

/* The next audits of one container. */
struct outlook {
	int64_t structure_us, full_us; /* when due; SCHEDULE_NEVER */
	int64_t ready_us;              /* when the first of them may begin, by its window */
	struct turn turn;              /* level 0: nothing is due now */
};

void tote__outlook(
	const struct registry *r, const struct known *k, int64_t now, struct outlook *ret);
struct schedule_window tote__outlook_window(const struct known *k);
/* An audit of it may begin or go on: its window is open, and its rate allows more. */
int tote__outlook_may_go_on(const struct known *k, int64_t now, int64_t monotonic_us);
/* From when on; now or later. */
int64_t tote__outlook_goes_on(const struct known *k, int64_t now, int64_t monotonic_us);
/* Its records are older, unaudited, than its policy allows. */
int tote__outlook_is_overdue(const struct known *k, int64_t now);

/*
 * When its ledger is looked at next, to fold what waits there: begun_us is since when this handle
 * minds it, where it has not looked yet. SCHEDULE_NEVER for what has no ledger to fold any more.
 */
int64_t tote__outlook_look(const struct known *k, int64_t begun_us);
/* The regular look behind now, and the period of such looks. */
int64_t tote__outlook_next_look(const struct known *k, int64_t now);
int64_t tote__outlook_look_period(const struct known *k);

#endif
