/* SPDX-License-Identifier: ISC */
/*
 * The two locks of a handle: of its registry, held for moments, and of its refresh, one at a time
 * over its I/O. The second is taken before the first.
 */
#include "orchestrator/orchestrator.h"
#include <pthread.h>

struct orchestrator_lock {
	pthread_mutex_t registry;
	pthread_mutex_t refresh; /* one refresh at a time, over its I/O */
};

struct orchestrator_lock *tote__orchestrator_lock_new(
	const struct heap *heap, struct tote_fault *fault)
{
	struct orchestrator_lock *lock = tote__heap_new(heap, 1, sizeof(*lock), fault);

	if (lock) {
		pthread_mutex_init(&lock->registry, NULL);
		pthread_mutex_init(&lock->refresh, NULL);
	}
	return lock;
}

void tote__orchestrator_lock_free(const struct heap *heap, struct orchestrator_lock *lock)
{
	if (!lock)
		return;
	pthread_mutex_destroy(&lock->refresh);
	pthread_mutex_destroy(&lock->registry);
	tote__heap_free(heap, lock);
}

void tote__orchestrator_lock(tote_orchestrator *o)
{
	pthread_mutex_lock(&o->lock->registry);
}

void tote__orchestrator_unlock(tote_orchestrator *o)
{
	pthread_mutex_unlock(&o->lock->registry);
}

void tote__orchestrator_lock_refresh(tote_orchestrator *o)
{
	pthread_mutex_lock(&o->lock->refresh);
}

void tote__orchestrator_unlock_refresh(tote_orchestrator *o)
{
	pthread_mutex_unlock(&o->lock->refresh);
}
