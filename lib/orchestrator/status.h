/* SPDX-License-Identifier: ISC */
/*
 * The status of one container, put together from what the record says and what its ledger shows.
 */
#ifndef ORCHESTRATOR_STATUS_H
#define ORCHESTRATOR_STATUS_H

#include "orchestrator/orchestrator.h"
#include <toteborch/health.h>
#include <toteborch/schedule.h>

#define STATUS_LEAST offsetof(struct tote_status, run)

/* What of the registry is needed beside a status; to be dropped. */
struct subject {
	struct tote_policy policy;
	int64_t since_us;
	char backend[64];
	char origin[256];
	char *location;      /* absolute; NULL: of the consolidated record */
	char *cosigner_keys; /* NULL: none */
};

/* With the registry's lock: memory only. 0, TOTE_E_NO_MEMORY. */
int tote__status_begin(tote_orchestrator *o, const struct known *k, struct tote_status *s,
	struct subject *subject, struct tote_fault *fault);
void tote__status_drop(tote_orchestrator *o, struct subject *subject);
/* By a glance where that tells and `whole` is 0, else by opening it. TOTE_E_NO_MEMORY; all else is in the status. */
int tote__status_look(tote_orchestrator *o, const struct subject *subject, uint32_t whole,
	struct tote_status *s, struct tote_fault *fault);
/* Its store was asked, and does not answer. */
void tote__status_unanswered(struct tote_status *s);
/* The last step: overdue, oldest_unverified_us, health. */
void tote__status_end(tote_orchestrator *o, const struct subject *subject, struct tote_status *s);

#endif
