/* SPDX-License-Identifier: ISC */
/*
 * What the consolidated record says of runs that have not ended, and of what runs read: the part of
 * the registry that lets a run go on where another one was cut off.
 */
#ifndef ORCHESTRATOR_RUNS_H
#define ORCHESTRATOR_RUNS_H

#include "audit/covered.h"
#include "ledger/entry.h"

#define RUN_FINDINGS_MAX 64 /* on record, a container and run (FORMAT section 4) */

/* A run that was started and is not through. */
struct open_run {
	uint64_t run;
	uint64_t first; /* the run it goes on for, as far back as that goes; its own number */
	uint64_t job;   /* the first run of its job */
	int all;        /* which is over all containers */
	uint64_t found; /* findings on record */
	uint32_t level;
	int part;    /* it was asked for a part only: path, or [from, to] */
	int cached;  /* it was asked to read from memory: nobody goes on with it */
	int stopped; /* it has ended, but was not through */
	char *path;  /* NULL: none */
	uint64_t from, to;
	uint64_t covered_to; /* seqs below it were looked at */
};

/* Of one container. */
struct known_runs {
	struct open_run *open; /* in order of run */
	size_t open_count, open_cap;
	/* what was read at level full and found whole: no two overlap, the newest counts; by from */
	struct covered_range *ranges;
	size_t range_count, range_cap;
};

void tote__runs_free(struct known_runs *k, const struct heap *heap);

/* Each takes one entry about this container. */
int tote__runs_started(struct known_runs *k, const struct heap *heap, const struct entry *e,
	struct tote_fault *fault);
int tote__runs_covered(struct known_runs *k, const struct heap *heap, const struct entry *e,
	struct tote_fault *fault);
/*
 * The run of that number put a finding on record. When these are as many as may be, what it finds
 * from then on is not, so nothing that earlier runs found whole is counted on any more.
 */
void tote__runs_found(struct known_runs *k, uint64_t run);
/* The run of that number has ended; stopped: it can be gone on with. */
void tote__runs_ended(struct known_runs *k, const struct heap *heap, uint64_t run, int stopped);

const struct open_run *tote__runs_find(const struct known_runs *k, uint64_t run);
/* The newest one over the whole container at that level that can be gone on with, or NULL. */
const struct open_run *tote__runs_unfinished(const struct known_runs *k, uint32_t level);

#endif
