/* SPDX-License-Identifier: ISC */
/*
 * One run of an audit over one container (or the consolidated record, or a bare ledger directory):
 * reads, compares, and says how much of how much it looked at. It records nothing: the room above
 * does. It works in steps within a budget.
 */
#ifndef AUDIT_RUN_H
#define AUDIT_RUN_H

#include "audit/finding.h"
#include "audit/target.h"

struct run_result {
	uint32_t verdict; /* TOTE_VERDICT_* */
	int cached, unreachable;
	uint64_t entries, entries_total;
	uint64_t assets, assets_total;
	uint64_t bytes, bytes_total;
	uint64_t covered_from, covered_to; /* seqs verified: [from, to) */
	uint64_t witnessed;
	uint32_t cosigners; /* outside witnesses that cosigned head, and their names */
	char cosigned_by[COSIGNED_BY_MAX];
	int signed_ok;          /* the checkpoint verified by its key */
	struct checkpoint head; /* the checkpoint that was verified */
	uint32_t state;         /* of the container, by its own ledger */
	uint32_t last_from;   /* its last move, for completing the record: STATE_NONE where none */
	uint64_t state_moves; /* how many container.state entries its ledger has */
	char last_reason[1024], last_actor[256];
	int64_t oldest_unverified_us;
};

struct run;

int tote__run_start(
	const struct run_target *target, struct run **ret_run, struct tote_fault *fault);
/* 1 more to do, 0 done. max_bytes, deadline_us (monotonic): 0 no bound. Damage is no failure. */
int tote__run_step(
	struct run *run, uint64_t max_bytes, int64_t deadline_us, struct tote_fault *fault);
/* Ends it where it is: the verdict is incomplete unless it is damaged. */
void tote__run_stop(struct run *run);
const struct finding_list *tote__run_findings(const struct run *run); /* grows with the steps */
void tote__run_result(const struct run *run, struct run_result *ret);
/* The keys that the log leads to, as far as it was read. */
const struct keyring *tote__run_keys(const struct run *run);
void tote__run_free(struct run *run);

#endif
