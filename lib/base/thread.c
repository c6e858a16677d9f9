/* SPDX-License-Identifier: ISC */
/*
 * Making threads (DESIGN, Public API: all signals blocked). Where one cannot be made there are fewer:
 * whoever asked for them does the work with those that it has, or alone.
 */
#include "base/thread.h"
#include <signal.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000

size_t tote__threads_begin(
	pthread_t *threads, size_t count, size_t stack, void *(*run)(void *user), void *user)
{
	sigset_t all, before;
	pthread_attr_t attr;
	size_t made = 0;

	if (!count || pthread_attr_init(&attr) != 0)
		return 0;
	pthread_attr_setstacksize(&attr, stack);
	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before) == 0) {
		while (made < count && pthread_create(&threads[made], &attr, run, user) == 0)
			made++;
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	pthread_attr_destroy(&attr);
	return made;
}

int tote__condition_init(pthread_cond_t *condition)
{
	pthread_condattr_t attr;
	int err = pthread_condattr_init(&attr);

	if (err)
		return err;
	err = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	if (!err)
		err = pthread_cond_init(condition, &attr);
	pthread_condattr_destroy(&attr);
	return err;
}

void tote__condition_wait_until(
	pthread_cond_t *condition, pthread_mutex_t *mutex, long long until_us)
{
	const struct timespec at = {
		.tv_sec = (time_t)(until_us / SECOND), .tv_nsec = (long)(until_us % SECOND) * 1000};

	pthread_cond_timedwait(condition, mutex, &at);
}

size_t tote__processors(void)
{
	const long count = sysconf(_SC_NPROCESSORS_ONLN);

	return count > 0 ? (size_t)count : 1;
}
