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
#include "ledger/cached.h"

struct run_result {
	uint32_t verdict;   /* TOTE_VERDICT_* */
	int through;        /* it came to its end */
	enum cached cached; /* what was read */
	int unreachable;
	uint64_t entries, entries_total;
	uint64_t assets, assets_total;
	uint64_t bytes, bytes_total;
	int sized; /* bytes_total is all there will be */
	uint64_t earlier_assets,
		earlier_bytes; /* of assets: read by earlier runs, not by this one */
	int64_t earlier_us;    /* when the oldest of that was on record; 0: none */
	uint64_t
		asked; /* assets that were to be looked at: all, but for a part that was asked for */
	uint64_t read_to; /* the ledger was read up to here, and no entry of it was lost */
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
/* What was odd so far is looked at again, so that what was read up to now is covered. */
int tote__run_settle(struct run *run, struct tote_fault *fault);
/*
 * The first range of seqs at or behind *from that this run found whole, at its level: 1 and
 * [*from, *ret_to), 0 where there is none yet. What earlier runs covered is left out.
 */
int tote__run_covered(const struct run *run, uint64_t *from, uint64_t *ret_to);
/* How many entries it has read, and the leaf of the last of them: 1, 0 where that is not known. */
int tote__run_tail(const struct run *run, uint64_t *ret_size, uint8_t ret_leaf[HASH_LEN]);
const struct finding_list *tote__run_findings(const struct run *run); /* grows with the steps */
uint64_t tote__run_bytes(const struct run *run);                      /* read so far */
void tote__run_result(const struct run *run, struct run_result *ret);
/* The keys that the log leads to, as far as it was read. */
const struct keyring *tote__run_keys(const struct run *run);
void tote__run_free(struct run *run);

#endif
