/* SPDX-License-Identifier: ISC */
/*
 * What a handle keeps between two dispatches: the time that it goes by, the audits that are not
 * through, the verdicts that nobody has asked for yet, and the lock that says that it schedules here.
 */
#ifndef ORCHESTRATOR_AGENDA_H
#define ORCHESTRATOR_AGENDA_H

#include "audit/schedule.h"
#include "orchestrator/orchestrator.h"
#include <toteborch/schedule.h>

#define AGENDA_OPEN_MAX                                                                            \
	8 /* audits under way: of the descriptors that a handle may have, their part */

struct open_audit {
	char id[64];
	tote_audit *job;
	uint32_t level;
	int64_t begun_us; /* by the schedule's time */
	uint64_t bytes;   /* read so far */
	int served;       /* by a thread of the dispatch, with its crew's mutex */
	unsigned shares;  /* that it had, since it was asked to give way */
	int keeps;        /* and does not: it is inside an asset. With the crew's mutex */
};

struct agenda {
	/* with the registry's lock */
	struct schedule_clock clock;
	int64_t begun_us; /* when this handle first looked at the time */
	/* in a dispatch, of which there is one at a time: busy */
	atomic_int busy;
	int locked;                               /* byte 3 is held */
	struct open_audit *open[AGENDA_OPEN_MAX]; /* in a dispatch with its crew's mutex, too */
	size_t open_count;
	tote_audit **ended; /* since the last dispatch began: for who asks what they found */
	size_t ended_count, ended_cap;
	unsigned lent; /* references of open audits that do not count: between two dispatches */
};

struct agenda *tote__agenda_new(const struct heap *heap, struct tote_fault *fault);
/* At the end of the handle, with nothing else of it gone yet. No I/O. */
void tote__agenda_free(tote_orchestrator *o);
/* The time that schedules go by. With the registry's lock. */
int64_t tote__agenda_now(tote_orchestrator *o);

/*
 * A dispatch begins: TOTE_E_BUSY where another is under way in this handle or in another process.
 * Its end; the lock is kept as long as audits are open, so that nobody else begins the same.
 */
int tote__agenda_enter(tote_orchestrator *o, struct tote_fault *fault);
void tote__agenda_leave(tote_orchestrator *o);

/* due.c: microseconds until something is due, at most TOTE_DUE_MAX_US. With the registry's lock. */
int64_t tote__agenda_next(tote_orchestrator *o);
/* dispatch_audit.c: until the longest of them may be parked. With the registry's lock. */
int64_t tote__agenda_park_wait(tote_orchestrator *o, int64_t monotonic_us);

struct open_audit *tote__agenda_find(tote_orchestrator *o, const char *id); /* or NULL */
/* It makes room for others, and goes on later from what is on record. */
void tote__agenda_park(tote_orchestrator *o, struct open_audit *a);
/* All of them, at the end of a handle: what they covered is on record then. */
void tote__agenda_park_all(tote_orchestrator *o);
/* Takes it out; ended 1: it is kept for who asks what it found. */
void tote__agenda_close(tote_orchestrator *o, struct open_audit *a, int ended);

#endif
