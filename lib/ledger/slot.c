/* SPDX-License-Identifier: ISC */
/*
 * The writer's slot: of the threads that use one ledger handle one writes at a time, in the order
 * in which they came; a caller's request may meanwhile be done by the thread that is ahead of it.
 */
#include "ledger/ledger_impl.h"
#include "base/thread.h"
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

static struct timespec time_of(int64_t us)
{
	return (struct timespec){
		.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000};
}

/* --- the queue, with the ledger's mutex held -------------------------------------------------- */

static void queue_add(struct ledger *l, struct waiter *w)
{
	struct waiter **at = &l->waiters;

	while (*at)
		at = &(*at)->next;
	w->next = NULL;
	w->queued = 1;
	*at = w;
}

static void queue_remove(struct ledger *l, struct waiter *w)
{
	for (struct waiter **at = &l->waiters; *at; at = &(*at)->next) {
		if (*at == w) {
			*at = w->next;
			w->queued = 0;
			return;
		}
	}
}

/* 1: nobody has the slot, it is ours; 0: we stand in the queue. */
static int take_or_queue(struct ledger *l, struct waiter *w)
{
	int mine;

	pthread_mutex_lock(&l->mutex);
	mine = !l->slot;
	if (mine)
		l->slot = 1;
	else
		queue_add(l, w);
	pthread_mutex_unlock(&l->mutex);
	return mine;
}

/* 1: we do not wait any more; 0: it is too late, somebody is about to call us. */
static int give_up(struct ledger *l, struct waiter *w)
{
	int queued;

	pthread_mutex_lock(&l->mutex);
	queued = w->queued;
	if (queued)
		queue_remove(l, w);
	pthread_mutex_unlock(&l->mutex);
	return queued;
}

/* --- calls ------------------------------------------------------------------------------------ */

enum { CALL_NONE, CALL_TURN, CALL_DONE };

/* From the unlocking on, w may be gone. */
static void call(struct waiter *w, int what)
{
	pthread_mutex_lock(&w->mutex);
	w->call = what;
	pthread_cond_signal(&w->called);
	pthread_mutex_unlock(&w->mutex);
}

/* until NULL: however long it takes. */
static int wait_call(struct waiter *w, const struct timespec *until)
{
	int what, err = 0;

	pthread_mutex_lock(&w->mutex);
	while (!w->call && err != ETIMEDOUT)
		err = until ? pthread_cond_timedwait(&w->called, &w->mutex, until)
			    : pthread_cond_wait(&w->called, &w->mutex);
	what = w->call;
	pthread_mutex_unlock(&w->mutex);
	return what;
}

/* What the owner of the slot says to us; CALL_NONE where he does not in time. */
static int wait_turn(struct ledger *l, struct waiter *w, int64_t until)
{
	const struct timespec at = time_of(until);
	int what = wait_call(w, &at);

	if (what || give_up(l, w))
		return what;
	return wait_call(w, NULL);
}

/* --- the slot --------------------------------------------------------------------------------- */

int tote__slot_take(struct ledger *l, struct waiter *w, int64_t until, struct tote_fault *fault)
{
	int what = CALL_TURN;

	w->call = CALL_NONE;
	pthread_mutex_init(&w->mutex, NULL);
	if (tote__condition_init(&w->called) != 0) {
		pthread_mutex_destroy(&w->mutex);
		return tote__fault(fault, TOTE_E_NO_MEMORY,
			"ledger %s: no memory to wait for its other threads", l->origin);
	}
	if (!take_or_queue(l, w))
		what = wait_turn(l, w, until);
	pthread_cond_destroy(&w->called);
	pthread_mutex_destroy(&w->mutex);
	if (what)
		return what == CALL_TURN;
	return tote__fault(fault, TOTE_E_BUSY,
		"ledger %s: another thread of this process is still writing; try again", l->origin);
}

/* The slot goes to who waits longest and is never free meanwhile: nobody gets in between. */
void tote__slot_give(struct ledger *l)
{
	struct waiter *w;

	pthread_mutex_lock(&l->mutex);
	w = l->waiters;
	if (w)
		queue_remove(l, w);
	else
		l->slot = 0;
	pthread_mutex_unlock(&l->mutex);
	if (w)
		call(w, CALL_TURN);
}

struct waiter *tote__slot_next_request(struct ledger *l, request_fits_fn *fits, const void *user)
{
	struct waiter *w;

	pthread_mutex_lock(&l->mutex);
	for (w = l->waiters; w && !w->request; w = w->next)
		continue;
	if (w && !fits(user, w->request))
		w = NULL;
	if (w)
		queue_remove(l, w);
	pthread_mutex_unlock(&l->mutex);
	return w;
}

void tote__slot_done(struct waiter *w)
{
	call(w, CALL_DONE);
}

/* --- the same for folds ----------------------------------------------------------------------- */

/* Waits for the end of a fold with the mutex held; 0 when the time is over. */
static int wait_folded(struct ledger *l, int64_t until)
{
	const struct timespec at = time_of(until);

	return pthread_cond_timedwait(&l->folded, &l->mutex, &at) != ETIMEDOUT;
}

int tote__fold_slot_take(struct ledger *l, int64_t until, int wait, struct tote_fault *fault)
{
	int in_time = wait, mine;

	pthread_mutex_lock(&l->mutex);
	while (l->folding && in_time)
		in_time = wait_folded(l, until);
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
	pthread_cond_broadcast(&l->folded);
	pthread_mutex_unlock(&l->mutex);
}
