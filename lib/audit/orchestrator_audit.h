/* SPDX-License-Identifier: ISC */
/*
 * What lies beside the consolidated record: keys/, seen/ and reports/, against what the record says.
 */
#ifndef AUDIT_ORCHESTRATOR_AUDIT_H
#define AUDIT_ORCHESTRATOR_AUDIT_H

#include "audit/inquiry.h"
#include "ledger/keyring.h"

struct held_keys;

struct orchestrator_audit {
	struct inquiry *q;
	const struct keyring *keys; /* of the record itself */
	struct held_keys *held;     /* while keys/ is listed */
	int what, telling, odd;
	size_t at; /* the report to be compared next */
};

void tote__orchestrator_audit_init(
	struct orchestrator_audit *o, struct inquiry *q, const struct keyring *keys);
/*
 * One piece: 1 more to do, 0 done. What is odd is noted in `odd`; with `telling` it becomes a
 * finding. Set the latter and `what` and `at` to 0 for the second look.
 */
int tote__orchestrator_audit_step(struct orchestrator_audit *o, struct tote_fault *fault);

#endif
