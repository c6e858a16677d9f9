/* SPDX-License-Identifier: ISC */
/*
 * What the consolidated record says of earlier runs over one container, for a run that counts on
 * them.
 */
#ifndef ORCHESTRATOR_JOB_EARLIER_H
#define ORCHESTRATOR_JOB_EARLIER_H

#include "orchestrator/orchestrator.h"

struct earlier {
	const struct heap *heap;
	uint64_t continues, from; /* the run that was cut off, and where it had come to */
	struct covered_range *ranges;
	size_t range_count;
	struct suspect_asset *suspects; /* what findings that stand are about; paths are ours */
	size_t suspect_count;
};

struct earlier_wish {
	uint32_t level;
	int go_on;          /* for a run that was cut off */
	int64_t max_age_us; /* 0: whatever was read since that run began */
	int64_t now_us;
};

/* The run that was cut off, as far as the registry knows it now. */
void tote__earlier_find(
	struct earlier *e, tote_orchestrator *o, const char *id, const struct earlier_wish *wish);
/* What may be counted on. After audit.started: a flag raised from then on is this run's matter. */
int tote__earlier_take(struct earlier *e, tote_orchestrator *o, const char *id,
	const struct earlier_wish *wish, struct tote_fault *fault);
void tote__earlier_drop(struct earlier *e);

struct earlier_job {
	uint64_t number; /* its first run; 0: none was cut off */
	int all;         /* it was over all containers */
};

/* The newest job of that level that was cut off in one of these containers (NULL: in any). */
struct earlier_job tote__earlier_job(
	tote_orchestrator *o, const char *const *ids, size_t id_count, uint32_t level);
/* 1 where a run over it was cut off. */
int tote__earlier_is_cut(tote_orchestrator *o, const char *id, uint32_t level);
/* 1 where that job has finished this container at that level, and no run over it is unfinished. */
int tote__earlier_is_done(tote_orchestrator *o, const char *id, uint32_t level, uint64_t job);
/*
 * 1 where it was found whole at that level so recently, no flag stands, and its ledger has no entry
 * more since: nothing of it needs a run.
 */
int tote__earlier_is_whole(tote_orchestrator *o, const char *id, const struct earlier_wish *wish);

#endif
