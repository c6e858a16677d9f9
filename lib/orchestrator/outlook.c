/* SPDX-License-Identifier: ISC */
/*
 * From policy and history to times. What this handle did itself counts by its own time: that of the
 * record is the wall clock's, which may stand still.
 */
#include "orchestrator/outlook.h"
#include <string.h>

#define STEP_SEEN   (60 * SCHEDULE_SECOND)   /* clocks are set by less every day */
#define LOOK_PERIOD (3600 * SCHEDULE_SECOND) /* where no age asks for a fold */

static struct known_done done_of(const struct known *k, int level)
{
	const struct known_done *mine = &k->mine.done[level];

	return mine->us && mine->seq >= k->history.done[level].seq ? *mine : k->history.done[level];
}

static void add_failures(const struct known *k, struct schedule_work *w)
{
	const struct known_history *h = &k->history;

	if (k->mine.failed_count && k->mine.failed_us >= h->failed_us) {
		w->failed_us = k->mine.failed_us;
		w->failed_count = k->mine.failed_count + h->failed_count;
	} else {
		w->failed_us = h->failed_us;
		w->failed_count = h->failed_count;
		w->failed_took_us = h->failed_took_us;
	}
}

static struct schedule_work work_of(
	const struct registry *r, const struct known *k, int level, uint64_t period_s)
{
	struct known_done done = done_of(k, level);
	struct schedule_work w = {.period_us = (int64_t)period_s * SCHEDULE_SECOND,
		.done_us = done.us,
		.since_us = k->registered_us};

	w.jitter_us = tote__schedule_jitter(k->id, w.period_us);
	if (r->stepped_seq > (done.us ? done.seq : k->registered))
		w.stepped_us = r->stepped_us;
	add_failures(k, &w);
	return w;
}

/*
 * The record itself is audited at once where its newest entry lies ahead of the clock: that puts on
 * record that the clock went back, which all others then go by.
 */
static int64_t due_of(
	const struct registry *r, const struct known *k, const struct schedule_work *w, int64_t now)
{
	if (w->period_us && !strcmp(k->id, RECORD_ID) && r->newest_us > now + STEP_SEEN &&
		!w->failed_count)
		return now;
	return tote__schedule_due(w, now);
}

struct schedule_window tote__outlook_window(const struct known *k)
{
	return (struct schedule_window){k->policy.window_from_min, k->policy.window_to_min};
}

/* What was spent by another rate than that of the policy now does not count any more. */
static int is_rated(const struct known *k)
{
	return k->mine.rated && k->mine.rate.rate == k->policy.rate;
}

int tote__outlook_may_go_on(const struct known *k, int64_t now, int64_t monotonic_us)
{
	return tote__schedule_open(tote__outlook_window(k), now) &&
	       (!is_rated(k) || tote__rate_allows(&k->mine.rate, monotonic_us) > 0);
}

int64_t tote__outlook_goes_on(const struct known *k, int64_t now, int64_t monotonic_us)
{
	int64_t at = tote__schedule_opening(tote__outlook_window(k), now);

	return is_rated(k) ? at + tote__rate_wait(&k->mine.rate, monotonic_us) : at;
}

int tote__outlook_is_overdue(const struct known *k, int64_t now)
{
	int64_t after = (int64_t)k->policy.overdue_after_s * SCHEDULE_SECOND;
	int64_t looked = done_of(k, HISTORY_FULL).us;

	return after && now - (looked ? looked : k->registered_us) > after;
}

void tote__outlook(
	const struct registry *r, const struct known *k, int64_t now, struct outlook *ret)
{
	struct schedule_work full = work_of(r, k, HISTORY_FULL, k->policy.full_every_s);
	struct schedule_work structure =
		work_of(r, k, HISTORY_STRUCTURE, k->policy.structure_every_s);
	int64_t first;
	int is_full;

	memset(ret, 0, sizeof(*ret));
	ret->structure_us = ret->full_us = ret->ready_us = SCHEDULE_NEVER;
	if (k->detached)
		return;
	ret->structure_us = due_of(r, k, &structure, now);
	ret->full_us = due_of(r, k, &full, now);
	first = ret->full_us < ret->structure_us ? ret->full_us : ret->structure_us;
	if (first == SCHEDULE_NEVER)
		return;
	ret->ready_us = tote__schedule_opening(tote__outlook_window(k), first > now ? first : now);
	if (first > now)
		return;
	is_full = ret->full_us <= now;
	memcpy(ret->turn.id, k->id, sizeof(ret->turn.id));
	ret->turn.level = is_full ? TOTE_LEVEL_FULL : TOTE_LEVEL_STRUCTURE;
	ret->turn.due_us = is_full ? ret->full_us : ret->structure_us;
	ret->turn.late = tote__schedule_late(is_full ? &full : &structure, ret->turn.due_us, now);
	ret->turn.served = k->mine.served;
	ret->turn.overdue = (uint8_t)tote__outlook_is_overdue(k, now);
	ret->turn.never = !done_of(k, HISTORY_STRUCTURE).us;
}

/* --- looks ---------------------------------------------------------------------------------- */

int64_t tote__outlook_look_period(const struct known *k)
{
	return k->policy.fold_after_s ? (int64_t)k->policy.fold_after_s * SCHEDULE_SECOND
				      : LOOK_PERIOD;
}

int64_t tote__outlook_next_look(const struct known *k, int64_t now)
{
	int64_t period = tote__outlook_look_period(k);

	return tote__schedule_next_slot(now, period, tote__schedule_jitter(k->id, period));
}

int64_t tote__outlook_look(const struct known *k, int64_t begun_us)
{
	if (k->detached || k->state == TOTE_STATE_DISPOSED)
		return SCHEDULE_NEVER;
	return k->mine.look_us ? k->mine.look_us : tote__outlook_next_look(k, begun_us);
}
