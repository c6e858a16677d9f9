/* SPDX-License-Identifier: ISC */
/*
 * When something is due: arithmetic on times that the caller read, no clock, no I/O. Periods are
 * counted from the epoch, shifted for each container by what its ID gives, so that a thousand of
 * them do not come at once, and a restart changes nothing.
 */
#ifndef AUDIT_SCHEDULE_H
#define AUDIT_SCHEDULE_H

#include <stdint.h>

#define SCHEDULE_NEVER  INT64_MAX
#define SCHEDULE_SECOND INT64_C(1000000)
#define SCHEDULE_DAY    (86400 * SCHEDULE_SECOND)

/* --- slots ---------------------------------------------------------------------------------- */

/* Below period: by how much an ID's slots are shifted. The same ID and period, the same shift. */
int64_t tote__schedule_jitter(const char *id, int64_t period_us);
/* The slot that t lies in, and where the one behind it begins (SCHEDULE_NEVER above all times). */
int64_t tote__schedule_slot(int64_t t, int64_t period_us, int64_t jitter_us);
int64_t tote__schedule_next_slot(int64_t t, int64_t period_us, int64_t jitter_us);

/* --- what is due ---------------------------------------------------------------------------- */

/*
 * What is known of one container's work of one kind. done_us: when the last run that looked at all
 * of it began, 0 none. since_us: when it came here. stepped_us: where the clock was seen to go back
 * since then, what it said afterwards; else 0. failed_*: of runs that ended without having looked at all, since the last that did: when
 * the last one ended, how many, how long the last one took.
 */
struct schedule_work {
	int64_t period_us; /* 0: not by the schedule */
	int64_t jitter_us;
	int64_t done_us;
	int64_t since_us;
	int64_t stepped_us;
	int64_t failed_us;
	uint64_t failed_count;
	int64_t failed_took_us;
};

/*
 * When it is due, at or before now where it is: in the slot behind the one in which it was last
 * done, once, however many went by; what was never done, in the slot behind since_us. A time that
 * lies ahead of the clock by up to a period is not doubted; further ahead, the clock has gone back
 * and nothing is known any more: it is due once, in the slot behind stepped_us. After a failure it
 * waits, each time longer.
 */
int64_t tote__schedule_due(const struct schedule_work *w, int64_t now);
/* How many whole periods ago that was; 0 where it is not due yet. */
uint64_t tote__schedule_late(const struct schedule_work *w, int64_t due, int64_t now);
/*
 * How long nothing is tried again: one minute, doubled with each failure up to six hours, ten times
 * as long as the try took; never longer than the period.
 */
int64_t tote__schedule_backoff(uint64_t count, int64_t took_us, int64_t period_us);

/* --- the window ----------------------------------------------------------------------------- */

/* Minutes of the day in UTC, [from, to), over midnight where to is smaller; both 0: all day. */
struct schedule_window {
	uint32_t from_min, to_min;
};

int tote__schedule_open(struct schedule_window w, int64_t t);
/* The first moment from t on at which it is open. */
int64_t tote__schedule_opening(struct schedule_window w, int64_t t);

/* --- the time ------------------------------------------------------------------------------- */

/*
 * The time that schedules go by: the wall clock, but one that stands still, or crawls, is carried
 * on by the monotonic one. All zero before the first reading.
 */
struct schedule_clock {
	int64_t wall_us, monotonic_us; /* at the last reading that counted */
	int64_t ahead_us;              /* of the wall clock */
	int started;
};

int64_t tote__schedule_now(struct schedule_clock *c, int64_t wall_us, int64_t monotonic_us);

#endif
