/* SPDX-License-Identifier: ISC */
/*
 * Threads of the library's own: they live inside one call, and no signal of the host's comes to them.
 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stddef.h>

/* Makes up to count threads that run `run` with user; how many there are. */
size_t tote__threads_begin(
	pthread_t *threads, size_t count, size_t stack, void *(*run)(void *user), void *user);
/* A condition whose waits go by the monotonic clock, which nobody sets: 0, or an errno. */
int tote__condition_init(pthread_cond_t *condition);
/* Waits until that time of the monotonic clock, in microseconds. */
void tote__condition_wait_until(
	pthread_cond_t *condition, pthread_mutex_t *mutex, long long until_us);
/* Processors that may be used now, 1 or more. */
size_t tote__processors(void);

#endif
