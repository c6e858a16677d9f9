/* SPDX-License-Identifier: ISC */
/*
 * The arithmetic of the schedule. Nothing here fails, whatever times it is given: sums stay below
 * SCHEDULE_NEVER.
 */
#include "audit/schedule.h"

#define MINUTE        (60 * SCHEDULE_SECOND)
#define BACKOFF_FIRST MINUTE
#define BACKOFF_MOST  (360 * MINUTE)
#define BACKOFF_TOOK  10 /* a try that fails takes at most a tenth of the time, or so */

static int64_t add(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? (b < 0 ? INT64_MIN : SCHEDULE_NEVER) : sum;
}

/* --- slots ---------------------------------------------------------------------------------- */

/* FNV-1a, then mixed as in splitmix64: IDs that differ in their last letter lie far apart. */
static uint64_t hash_of(const char *id)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *id; id++)
		h = (h ^ (uint8_t)*id) * UINT64_C(1099511628211);
	h = (h ^ h >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ h >> 27) * UINT64_C(0x94d049bb133111eb);
	return h ^ h >> 31;
}

int64_t tote__schedule_jitter(const char *id, int64_t period_us)
{
	return period_us > 0 ? (int64_t)(hash_of(id) % (uint64_t)period_us) : 0;
}

/* Rounded down, also before the epoch. */
int64_t tote__schedule_slot(int64_t t, int64_t period_us, int64_t jitter_us)
{
	int64_t from = add(t, -jitter_us);

	return from / period_us - (from % period_us < 0);
}

int64_t tote__schedule_next_slot(int64_t t, int64_t period_us, int64_t jitter_us)
{
	int64_t begin;

	if (__builtin_mul_overflow(
		    tote__schedule_slot(t, period_us, jitter_us) + 1, period_us, &begin))
		return SCHEDULE_NEVER;
	return add(begin, jitter_us);
}

/* --- what is due ---------------------------------------------------------------------------- */

int64_t tote__schedule_backoff(uint64_t count, int64_t took_us, int64_t period_us)
{
	int64_t wait = BACKOFF_FIRST, took;

	while (--count && wait < BACKOFF_MOST)
		wait *= 2;
	if (wait > BACKOFF_MOST)
		wait = BACKOFF_MOST;
	if (took_us > 0) {
		took = took_us > SCHEDULE_NEVER / BACKOFF_TOOK ? SCHEDULE_NEVER
							       : took_us * BACKOFF_TOOK;
		wait = took > wait ? took : wait;
	}
	return wait < period_us ? wait : period_us;
}

/* From when on a slot is waited for. */
static int64_t base_of(const struct schedule_work *w, int64_t now)
{
	int64_t known = w->done_us > 0 ? w->done_us : w->since_us;

	if (w->stepped_us > 0 && w->stepped_us <= now && known > add(w->stepped_us, w->period_us))
		return w->stepped_us;
	return known <= add(now, w->period_us) ? known : now;
}

int64_t tote__schedule_due(const struct schedule_work *w, int64_t now)
{
	int64_t due, wait;

	if (w->period_us <= 0)
		return SCHEDULE_NEVER;
	due = tote__schedule_next_slot(base_of(w, now), w->period_us, w->jitter_us);
	/* a failure in what is now the future says nothing of when to try again */
	if (w->failed_count && w->failed_us <= now) {
		wait = tote__schedule_backoff(w->failed_count, w->failed_took_us, w->period_us);
		if (add(w->failed_us, wait) > due)
			due = add(w->failed_us, wait);
	}
	return due;
}

uint64_t tote__schedule_late(const struct schedule_work *w, int64_t due, int64_t now)
{
	int64_t late;

	if (due > now || w->period_us <= 0)
		return 0;
	late = due < 0 ? add(now, -(due + 1)) : now - due;
	return (uint64_t)(late / w->period_us);
}

/* --- the window ----------------------------------------------------------------------------- */

static int64_t time_of_day(int64_t t)
{
	int64_t of_day = t % SCHEDULE_DAY;

	return of_day < 0 ? of_day + SCHEDULE_DAY : of_day;
}

int tote__schedule_open(struct schedule_window w, int64_t t)
{
	int64_t now = time_of_day(t), from = w.from_min * MINUTE, to = w.to_min * MINUTE;

	if (from == to)
		return 1;
	return from < to ? now >= from && now < to : now >= from || now < to;
}

int64_t tote__schedule_opening(struct schedule_window w, int64_t t)
{
	int64_t wait;

	if (tote__schedule_open(w, t))
		return t;
	wait = w.from_min * MINUTE - time_of_day(t);
	return add(t, wait < 0 ? wait + SCHEDULE_DAY : wait);
}

/* --- the time ------------------------------------------------------------------------------- */

int64_t tote__schedule_now(struct schedule_clock *c, int64_t wall_us, int64_t monotonic_us)
{
	int64_t wall = add(wall_us, -c->wall_us), monotonic = add(monotonic_us, -c->monotonic_us);

	if (!c->started || wall < 0) /* set back: somebody knows better */
		c->ahead_us = 0;
	else if (wall > add(monotonic, SCHEDULE_SECOND)) /* set forward, or the machine slept */
		c->ahead_us = c->ahead_us > wall - monotonic ? c->ahead_us - (wall - monotonic) : 0;
	else if (monotonic < SCHEDULE_SECOND) /* too short a time to judge a clock by */
		return add(wall_us, c->ahead_us);
	else if (wall < monotonic / 2)
		c->ahead_us = add(c->ahead_us, monotonic - wall);
	c->started = 1;
	c->wall_us = wall_us;
	c->monotonic_us = monotonic_us;
	return add(wall_us, c->ahead_us);
}
