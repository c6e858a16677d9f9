/* SPDX-License-Identifier: ISC */
/*
 * Rounds. A call into a store that hangs cannot be taken back (DESIGN, Public API: threads exist only
 * inside a call), so the round goes on without it, and the crew ends when it has come back.
 */
#include "orchestrator/crew.h"
#include "base/thread.h"
#include <string.h>

#define STACK_BYTES ((size_t)1 << 20)
#define PATIENCE_US                                                                                \
	INT64_C(3000000) /* longer than a share: who has not come back does not answer */
#define LINGER_US INT64_C(100000)

void tote__crew_lock(struct crew *c)
{
	pthread_mutex_lock(&c->mutex);
}

void tote__crew_unlock(struct crew *c)
{
	pthread_mutex_unlock(&c->mutex);
}

int tote__crew_init(struct crew *c, int may_thread, struct tote_fault *fault)
{
	memset(c, 0, sizeof(*c));
	if (pthread_mutex_init(&c->mutex, NULL) != 0)
		return tote__fault(fault, TOTE_E_NO_MEMORY, "no memory for a mutex");
	if (tote__condition_init(&c->changed) != 0) {
		pthread_mutex_destroy(&c->mutex);
		return tote__fault(fault, TOTE_E_NO_MEMORY, "no memory for a condition");
	}
	tote__clock_init(&c->system, NULL);
	c->may_thread = may_thread;
	c->wanted = tote__processors();
	return 0;
}

/* --- with the mutex ------------------------------------------------------------------------- */

static int64_t now_of(const struct crew *c)
{
	return tote__clock_monotonic(&c->system);
}

static size_t count_busy(const struct crew *c, int silent)
{
	const int64_t since = now_of(c) - PATIENCE_US;
	size_t count = 0;

	for (size_t i = 0; i <= CREW_MAX; i++)
		count += c->seat[i].busy && (c->seat[i].since_us <= since) == silent;
	return count;
}

int tote__crew_has(const struct crew *c, const char *id)
{
	for (size_t i = 0; i <= CREW_MAX; i++)
		if (c->seat[i].busy && !strcmp(c->seat[i].id, id))
			return 1;
	return 0;
}

/* One that may begin now, taken out; NULL: there is none. */
static const struct turn *next_turn(struct crew *c, int caller)
{
	for (size_t i = c->next; i < c->turn_count; i++) {
		const struct turn *turn = &c->turns[i];

		if (turn->caller_only != caller && c->threads)
			continue;
		if (i != c->next || c->alone)
			return NULL; /* it comes when those before it were begun */
		if (turn->alone && count_busy(c, 0))
			return NULL;
		if (!c->work->more(c->work->user, c->served, count_busy(c, 1) > 0)) {
			c->next = c->turn_count;
			pthread_cond_broadcast(&c->changed); /* the round may end */
			return NULL;
		}
		c->next++;
		return turn;
	}
	return NULL;
}

/* --- serving -------------------------------------------------------------------------------- */

static void serve(struct crew *c, struct crew_seat *seat, const struct turn *turn)
{
	const size_t waiting = c->turn_count - c->next + 1;
	const struct crew_work *work = c->work;
	const struct turn own = *turn; /* the table may be another's before this is through */
	int served;

	memcpy(seat->id, own.id, sizeof(seat->id));
	seat->since_us = now_of(c);
	seat->busy = 1;
	c->alone += own.alone;
	pthread_mutex_unlock(&c->mutex);
	served = work->serve(work->user, &own, waiting);
	pthread_mutex_lock(&c->mutex);
	seat->busy = 0;
	c->alone -= own.alone;
	c->served += served;
	pthread_cond_broadcast(&c->changed);
}

static struct crew_seat *take_seat(struct crew *c)
{
	static const char taken[] = "-";

	for (size_t i = 0; i < CREW_MAX; i++)
		if (!c->seat[i].id[0]) {
			memcpy(c->seat[i].id, taken, sizeof(taken));
			return &c->seat[i];
		}
	return NULL;
}

static void *run_thread(void *user)
{
	struct crew *c = user;
	struct crew_seat *seat;

	pthread_mutex_lock(&c->mutex);
	seat = take_seat(c);
	while (seat && !c->ends) {
		const struct turn *turn = next_turn(c, 0);

		if (turn)
			serve(c, seat, turn);
		else
			pthread_cond_wait(&c->changed, &c->mutex);
	}
	pthread_mutex_unlock(&c->mutex);
	return NULL;
}

/* As many as processors, and one more for each that does not answer. */
static void add_threads(struct crew *c)
{
	size_t wanted = c->wanted + count_busy(c, 1);

	if (!c->may_thread)
		return;
	wanted = wanted < CREW_MAX ? wanted : CREW_MAX;
	if (c->threads < wanted)
		c->threads += tote__threads_begin(
			c->thread + c->threads, wanted - c->threads, STACK_BYTES, run_thread, c);
}

/* --- a round -------------------------------------------------------------------------------- */

int tote__crew_round(
	struct crew *c, const struct crew_work *work, const struct turn *turns, size_t count)
{
	int served;

	pthread_mutex_lock(&c->mutex);
	c->work = work;
	c->turns = turns;
	c->turn_count = count;
	c->next = 0;
	c->served = 0;
	if (count)
		add_threads(c);
	pthread_cond_broadcast(&c->changed);
	while (c->next < c->turn_count || count_busy(c, 0)) {
		const struct turn *turn = next_turn(c, 1);

		if (turn) {
			serve(c, &c->seat[CREW_MAX], turn);
			continue;
		}
		tote__condition_wait_until(&c->changed, &c->mutex, now_of(c) + LINGER_US);
		add_threads(c);
		if (c->threads == CREW_MAX && count_busy(c, 1) == CREW_MAX)
			break; /* nobody is left */
	}
	c->next = c->turn_count = 0;
	served = c->served;
	pthread_mutex_unlock(&c->mutex);
	return served;
}

int tote__crew_lingers(struct crew *c)
{
	int lingers;

	pthread_mutex_lock(&c->mutex);
	if (count_busy(c, 1) + count_busy(c, 0))
		tote__condition_wait_until(&c->changed, &c->mutex, now_of(c) + LINGER_US);
	lingers = count_busy(c, 1) + count_busy(c, 0) > 0;
	pthread_mutex_unlock(&c->mutex);
	return lingers;
}

void tote__crew_free(struct crew *c)
{
	pthread_mutex_lock(&c->mutex);
	c->ends = 1;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->mutex);
	while (c->threads)
		pthread_join(c->thread[--c->threads], NULL);
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->mutex);
}
