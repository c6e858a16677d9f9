/* SPDX-License-Identifier: ISC */
/*
 * Reading ahead. A thread that waits for the medium leaves its processor to one that hashes, so
 * there are more of them than processors. Signals stay with the host's threads (DESIGN, Public API).
 */
#include "audit/ahead.h"
#include "base/thread.h"
#include <string.h>

#define STACK_BYTES ((size_t)512 << 10)

enum { SLOT_WAITS, SLOT_RUNS, SLOT_DONE };

static int conditions_init(struct ahead *a)
{
	if (pthread_cond_init(&a->more, NULL) != 0)
		return -1;
	if (pthread_cond_init(&a->done, NULL) != 0)
		goto more;
	if (pthread_cond_init(&a->freed, NULL) == 0)
		return 0;
	pthread_cond_destroy(&a->done);
more:
	pthread_cond_destroy(&a->more);
	return -1;
}

int tote__ahead_init(struct ahead *a, const struct heap *heap, size_t job_size, int overlap,
	ahead_work_fn *work, struct tote_fault *fault)
{
	memset(a, 0, sizeof(*a));
	if (pthread_mutex_init(&a->mutex, NULL) != 0)
		return tote__fault(fault, TOTE_E_NO_MEMORY, "no memory for a mutex");
	if (conditions_init(a) != 0) {
		pthread_mutex_destroy(&a->mutex);
		return tote__fault(fault, TOTE_E_NO_MEMORY, "no memory for a condition");
	}
	a->heap = heap;
	a->work = work;
	a->job_size = job_size;
	a->overlap = overlap;
	a->jobs = tote__heap_new(heap, AHEAD_JOBS, job_size, fault);
	if (a->jobs)
		return 0;
	tote__ahead_free(a);
	return TOTE_E_NO_MEMORY;
}

void tote__ahead_free(struct ahead *a)
{
	if (!a->heap)
		return;
	tote__ahead_rest(a);
	pthread_cond_destroy(&a->freed);
	pthread_cond_destroy(&a->done);
	pthread_cond_destroy(&a->more);
	pthread_mutex_destroy(&a->mutex);
	tote__heap_free(a->heap, a->jobs);
	memset(a, 0, sizeof(*a));
}

void *tote__ahead_job(struct ahead *a, size_t slot)
{
	return a->jobs ? a->jobs + slot * a->job_size : NULL;
}

static size_t slot_of(const struct ahead *a, const void *job)
{
	return (size_t)((const uint8_t *)job - a->jobs) / a->job_size;
}

/* --- the threads ---------------------------------------------------------------------------- */

/* The oldest job that waits, now running; AHEAD_JOBS where none does. Called with the mutex held. */
static size_t start_one(struct ahead *a)
{
	for (uint64_t i = a->first; i < a->end; i++) {
		size_t slot = (size_t)(i % AHEAD_JOBS);

		if (a->slot[slot].state != SLOT_WAITS)
			continue;
		a->slot[slot].state = SLOT_RUNS;
		return slot;
	}
	return AHEAD_JOBS;
}

/* Called with the mutex held, which is let go meanwhile. */
static void run_one(struct ahead *a, size_t slot)
{
	int how;

	pthread_mutex_unlock(&a->mutex);
	how = a->work(a, tote__ahead_job(a, slot));
	pthread_mutex_lock(&a->mutex);
	a->slot[slot].state = how == AHEAD_DONE ? SLOT_DONE : SLOT_WAITS;
	if (how != AHEAD_DONE)
		pthread_cond_signal(&a->more);
	/* only the oldest is waited for: all the others would wake who takes it for nothing */
	if (slot == a->first % AHEAD_JOBS)
		pthread_cond_signal(&a->done);
}

static void *run_thread(void *user)
{
	struct ahead *a = user;

	pthread_mutex_lock(&a->mutex);
	while (!a->resting) {
		size_t slot = start_one(a);

		if (slot < AHEAD_JOBS)
			run_one(a, slot);
		else
			pthread_cond_wait(&a->more, &a->mutex);
	}
	pthread_mutex_unlock(&a->mutex);
	return NULL;
}

unsigned tote__ahead_threads(const struct ahead *a)
{
	size_t processors;

	if (!a->overlap)
		return 0;
	if (a->wanted)
		return a->wanted < AHEAD_THREADS ? a->wanted : AHEAD_THREADS;
	processors = tote__processors();
	return processors < AHEAD_THREADS / 2 ? 2 * (unsigned)processors : AHEAD_THREADS;
}

/* Where no thread can be made the work is done by who takes it. */
static void begin(struct ahead *a)
{
	if (a->threads || !a->overlap)
		return;
	/* how many reads a file of the system's: not at each take */
	a->threads = (unsigned)tote__threads_begin(
		a->thread, tote__ahead_threads(a), STACK_BYTES, run_thread, a);
}

void tote__ahead_rest(struct ahead *a)
{
	if (!a->threads)
		return;
	pthread_mutex_lock(&a->mutex);
	a->resting = 1;
	pthread_cond_broadcast(&a->more);
	pthread_cond_broadcast(&a->freed);
	pthread_mutex_unlock(&a->mutex);
	while (a->threads)
		pthread_join(a->thread[--a->threads], NULL);
	a->resting = 0;
}

/* --- the list ------------------------------------------------------------------------------- */

void *tote__ahead_next(struct ahead *a)
{
	return a->end - a->first < AHEAD_JOBS ? tote__ahead_job(a, (size_t)(a->end % AHEAD_JOBS))
					      : NULL;
}

void tote__ahead_give(struct ahead *a)
{
	pthread_mutex_lock(&a->mutex);
	a->slot[a->end++ % AHEAD_JOBS].state = SLOT_WAITS;
	pthread_cond_signal(&a->more);
	pthread_mutex_unlock(&a->mutex);
}

void *tote__ahead_take(struct ahead *a)
{
	size_t slot = (size_t)(a->first % AHEAD_JOBS);

	if (a->first == a->end)
		return NULL;
	begin(a);
	pthread_mutex_lock(&a->mutex);
	while (a->slot[slot].state != SLOT_DONE) {
		if (a->slot[slot].state == SLOT_WAITS) {
			a->slot[slot].state = SLOT_RUNS;
			run_one(a, slot);
		} else {
			pthread_cond_wait(&a->done, &a->mutex);
		}
	}
	pthread_mutex_unlock(&a->mutex);
	return tote__ahead_job(a, slot);
}

void *tote__ahead_try(struct ahead *a)
{
	size_t slot = (size_t)(a->first % AHEAD_JOBS);
	int done;

	if (a->first == a->end)
		return NULL;
	begin(a);
	pthread_mutex_lock(&a->mutex);
	if (a->slot[slot].state == SLOT_WAITS) {
		a->slot[slot].state = SLOT_RUNS;
		run_one(a, slot);
	} else if (a->slot[slot].state == SLOT_RUNS) {
		pthread_cond_wait(&a->done, &a->mutex);
	}
	done = a->slot[slot].state == SLOT_DONE;
	pthread_mutex_unlock(&a->mutex);
	return done ? tote__ahead_job(a, slot) : NULL;
}

void tote__ahead_drop(struct ahead *a)
{
	size_t slot = (size_t)(a->first % AHEAD_JOBS);

	pthread_mutex_lock(&a->mutex);
	a->room -= a->slot[slot].room;
	a->slot[slot].room = 0;
	a->first++;
	pthread_cond_broadcast(&a->freed);
	pthread_mutex_unlock(&a->mutex);
}

void tote__ahead_clear(struct ahead *a)
{
	tote__ahead_rest(a);
	while (a->first < a->end)
		tote__ahead_drop(a);
}

int tote__ahead_is_resting(struct ahead *a)
{
	int resting;

	pthread_mutex_lock(&a->mutex);
	resting = a->resting;
	pthread_mutex_unlock(&a->mutex);
	return resting;
}

int tote__ahead_room(struct ahead *a, const void *job, uint64_t bytes)
{
	size_t slot = slot_of(a, job);
	int may;

	pthread_mutex_lock(&a->mutex);
	a->room -= a->slot[slot].room;
	a->slot[slot].room = 0;
	for (;;) {
		/* the one that is taken next must not wait for those behind it */
		may = slot == a->first % AHEAD_JOBS ||
		      (a->room <= AHEAD_BYTES && bytes <= AHEAD_BYTES - a->room);
		if (may || a->resting)
			break;
		pthread_cond_wait(&a->freed, &a->mutex);
	}
	if (may) {
		a->slot[slot].room = bytes;
		a->room += bytes;
	}
	pthread_mutex_unlock(&a->mutex);
	return may;
}
