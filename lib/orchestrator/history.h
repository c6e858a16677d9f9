/* SPDX-License-Identifier: ISC */
/*
 * What the schedule needs to know of a container's past runs, as the consolidated record tells it:
 * when the last ones that looked at all of it began, and what failed since.
 */
#ifndef ORCHESTRATOR_HISTORY_H
#define ORCHESTRATOR_HISTORY_H

#include "ledger/entry.h"

enum { HISTORY_STRUCTURE, HISTORY_FULL, HISTORY_LEVELS };

struct known_done {   /* all zero: never */
	int64_t us;   /* when the run began */
	uint64_t seq; /* of its audit.finished */
};

struct known_history {
	uint64_t begun; /* the run that began last, and when */
	int64_t begun_us;
	struct known_done done[HISTORY_LEVELS]; /* a full run did both */
	/* of runs that ended without a verdict over all, since the last that had one */
	int64_t failed_us, failed_took_us;
	uint64_t failed_count;
	uint64_t moved; /* the seq of what put it into its state last */
};

void tote__history_started(struct known_history *h, const struct entry *e);
/*
 * level, verdict: TOTE_*. A run over a part that was asked for, or that somebody stopped, or that was
 * asked to read from memory, counts for nothing.
 */
void tote__history_finished(struct known_history *h, const struct entry *e, uint64_t run,
	uint32_t level, uint32_t verdict);

#endif
