/* SPDX-License-Identifier: ISC */
/*
 * The writer's slot: of the threads that use one ledger handle one writes at a time, in the order
 * in which they came; a caller's request may meanwhile be done by the thread that is ahead of it.
 */
#include "ledger/ledger_impl.h"
#include <errno.h>
#include <time.h>

int64_t tote__wait_until(const struct ledger *l)
{
	int64_t now = tote__clock_monotonic(&l->waits), until;

	if (l->lock_wait_us <= 0)
		return now;
	return __builtin_add_overflow(now, l->lock_wait_us, &until) ? INT64_MAX : until;
}

int64_t tote__wait_left(const struct ledger *l, int64_t until)
{
	int64_t now = tote__clock_monotonic(&l->waits);

	return now < until ? until - now : 0;
}

/* Waits for a change with the mutex held; 0 when the time is over. */
static int wait_change(struct ledger *l, int64_t until)
{
	struct timespec at = {
		.tv_sec = (time_t)(until / 1000000), .tv_nsec = (long)(until % 1000000) * 1000};

	return pthread_cond_timedwait(&l->changed, &l->mutex, &at) != ETIMEDOUT;
}

static void waiter_add(struct ledger *l, struct waiter *w)
{
	struct waiter **at = &l->waiters;

	while (*at)
		at = &(*at)->next;
	w->next = NULL;
	w->taken = 0;
	w->done = 0;
	*at = w;
}

static void waiter_remove(struct ledger *l, const struct waiter *w)
{
	for (struct waiter **at = &l->waiters; *at; at = &(*at)->next) {
		if (*at == w) {
			*at = w->next;
			return;
		}
	}
}

int tote__slot_take(struct ledger *l, struct waiter *w, int64_t until, struct tote_fault *fault)
{
	int in_time = 1, mine = 0;

	pthread_mutex_lock(&l->mutex);
	waiter_add(l, w);
	for (;;) {
		mine = !w->taken && !l->slot && l->waiters == w;
		if (w->done || mine || (!in_time && !w->taken))
			break;
		/* what another thread works on for us is waited for however long it takes */
		if (w->taken)
			pthread_cond_wait(&l->changed, &l->mutex);
		else
			in_time = wait_change(l, until);
	}
	if (!w->done)
		waiter_remove(l, w);
	if (mine)
		l->slot = 1;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->mutex);
	if (mine || w->done)
		return mine;
	return tote__fault(fault, TOTE_E_BUSY,
		"ledger %s: another thread of this process is still writing; try again", l->origin);
}

void tote__slot_give(struct ledger *l)
{
	pthread_mutex_lock(&l->mutex);
	l->slot = 0;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->mutex);
}

struct waiter *tote__slot_next_request(struct ledger *l, size_t room)
{
	struct waiter *w;

	pthread_mutex_lock(&l->mutex);
	for (w = l->waiters; w && !w->request; w = w->next)
		continue;
	if (w && w->request->bound > room)
		w = NULL;
	if (w) {
		waiter_remove(l, w);
		w->taken = 1;
	}
	pthread_mutex_unlock(&l->mutex);
	return w;
}

void tote__slot_done(struct ledger *l, struct waiter *w)
{
	pthread_mutex_lock(&l->mutex);
	w->done = 1;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->mutex);
}

int tote__fold_slot_take(struct ledger *l, int64_t until, int wait, struct tote_fault *fault)
{
	int in_time = wait, mine;

	pthread_mutex_lock(&l->mutex);
	while (l->folding && in_time)
		in_time = wait_change(l, until);
	mine = !l->folding;
	if (mine)
		l->folding = 1;
	pthread_mutex_unlock(&l->mutex);
	if (mine || !wait)
		return mine;
	return tote__fault(fault, TOTE_E_BUSY,
		"ledger %s: another thread of this process is still folding; try again", l->origin);
}

void tote__fold_slot_give(struct ledger *l)
{
	pthread_mutex_lock(&l->mutex);
	l->folding = 0;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->mutex);
}
