/* SPDX-License-Identifier: ISC */
/*
 * A list of things that are read and hashed ahead by a few threads, and taken in their order: so
 * what is found does not depend on who was faster. The threads live only between begin and rest.
 */
#ifndef AUDIT_AHEAD_H
#define AUDIT_AHEAD_H

#include "base/fault.h"
#include "base/heap.h"
#include <pthread.h>

#define AHEAD_THREADS 8
#define AHEAD_JOBS    32                  /* that wait or are done */
#define AHEAD_BYTES   ((uint64_t)8 << 20) /* of what was read and not yet taken; the next one apart */

enum { AHEAD_DONE, AHEAD_LATER /* there was no room: it will be done again */ };

struct ahead;

/*
 * Does one job, on any thread: it touches nothing but the job. Before it reads so many bytes it asks
 * tote__ahead_room, and gives AHEAD_LATER where that says 0, the job as it was. A job that is long
 * gives AHEAD_LATER after a part of it, soon where tote__ahead_is_resting, and goes on from there.
 */
typedef int ahead_work_fn(struct ahead *a, void *job);

struct ahead {
	const struct heap *heap;
	ahead_work_fn *work;
	uint8_t *jobs;
	size_t job_size;
	int overlap;     /* the store bears calls of several threads */
	unsigned wanted; /* threads; 0: as many as the processors can use */
	pthread_mutex_t mutex;
	pthread_cond_t more;  /* jobs for an idle thread, or its end */
	pthread_cond_t done;  /* a turn of the oldest job is */
	pthread_cond_t freed; /* room, for a thread that waits for it, or its end */
	/* what follows is the mutex's */
	uint64_t first,
		end; /* jobs [first, end) are given and not yet taken; slot is i % AHEAD_JOBS */
	struct {
		int state;
		uint64_t room;
	} slot[AHEAD_JOBS];
	uint64_t room; /* of all slots */
	int resting;
	unsigned threads;
	pthread_t thread[AHEAD_THREADS];
};

/* jobs: AHEAD_JOBS of job_size bytes, zeroed; each keeps what memory it made for the next one. */
int tote__ahead_init(struct ahead *a, const struct heap *heap, size_t job_size, int overlap,
	ahead_work_fn *work, struct tote_fault *fault);
/* Takes a zeroed one. What the jobs own is freed by their owner before, with tote__ahead_job. */
void tote__ahead_free(struct ahead *a);
void *tote__ahead_job(struct ahead *a, size_t slot);

/* How many there are where they can be made. */
unsigned tote__ahead_threads(const struct ahead *a);

/* The slot of the next job to be given, NULL where all are in use; give hands it to the threads. */
void *tote__ahead_next(struct ahead *a);
void tote__ahead_give(struct ahead *a);
/* The oldest job, done: by a thread, or here. NULL: none was given. It is in use until drop. */
void *tote__ahead_take(struct ahead *a);
/* The same, but a job that gives AHEAD_LATER is not waited for: NULL, and it is not done yet. */
void *tote__ahead_try(struct ahead *a);
void tote__ahead_drop(struct ahead *a);
/* Ends the threads, when each is through with its job; the next take makes new ones. */
void tote__ahead_rest(struct ahead *a);
/* Forgets all that was given. */
void tote__ahead_clear(struct ahead *a);

/* 1: the step is to end. */
int tote__ahead_is_resting(struct ahead *a);
/* 1: the job may hold so many bytes. */
int tote__ahead_room(struct ahead *a, const void *job, uint64_t bytes);

#endif
