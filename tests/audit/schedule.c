/* SPDX-License-Identifier: ISC */
/*
 * Slots, windows, waiting after failures and odd clocks: as tables, and over random histories.
 */
#include "audit/schedule.h"
#include "support/support.h"

#define S    SCHEDULE_SECOND
#define HOUR (3600 * S)
#define DAY  SCHEDULE_DAY
#define NOW  INT64_C(1795421700000000) /* 2026-11-23T08:15:00Z */

/* --- slots ---------------------------------------------------------------------------------- */

START_TEST(slots_are_counted_from_the_epoch_and_shifted_by_the_id)
{
	ck_assert_int_eq(tote__schedule_slot(0, DAY, 0), 0);
	ck_assert_int_eq(tote__schedule_slot(DAY - 1, DAY, 0), 0);
	ck_assert_int_eq(tote__schedule_slot(DAY, DAY, 0), 1);
	ck_assert_int_eq(tote__schedule_slot(-1, DAY, 0), -1);
	ck_assert_int_eq(tote__schedule_slot(-DAY, DAY, 0), -1);
	ck_assert_int_eq(tote__schedule_slot(DAY, DAY, HOUR), 0);
	ck_assert_int_eq(tote__schedule_slot(DAY + HOUR, DAY, HOUR), 1);
	ck_assert_int_eq(tote__schedule_next_slot(DAY + HOUR - 1, DAY, HOUR), DAY + HOUR);
	ck_assert_int_eq(tote__schedule_next_slot(DAY + HOUR, DAY, HOUR), 2 * DAY + HOUR);
	ck_assert_int_eq(tote__schedule_next_slot(INT64_MAX, DAY, HOUR), SCHEDULE_NEVER);
	ck_assert_int_lt(tote__schedule_next_slot(INT64_MIN, DAY, HOUR), 0);
}
END_TEST

START_TEST(the_jitter_is_the_id_s_for_ever_and_spreads_a_thousand_of_them_evenly)
{
	unsigned tenth[10] = {0};

	/* on which a restart, and another version, must agree */
	ck_assert_int_eq(tote__schedule_jitter("contracts", DAY), INT64_C(13677450796));
	ck_assert_int_eq(tote__schedule_jitter("a", 0), 0);
	for (int i = 0; i < 1000; i++) {
		int64_t j = tote__schedule_jitter(printed("c%d", i), DAY);

		ck_assert_int_ge(j, 0);
		ck_assert_int_lt(j, DAY);
		tenth[j / (DAY / 10)]++;
	}
	for (int i = 0; i < 10; i++)
		ck_assert_msg(tenth[i] > 60 && tenth[i] < 140, "%d: %u", i, tenth[i]);
}
END_TEST

/* --- what is due ---------------------------------------------------------------------------- */

static const struct {
	const char *what;
	struct schedule_work w;
	int64_t now, due;
} cases[] = {
	{"no period", {.done_us = 1}, NOW, SCHEDULE_NEVER},
	{"done in this slot", {.period_us = DAY, .done_us = 10 * DAY + 5}, 10 * DAY + HOUR,
		11 * DAY},
	{"done at the end of the slot before", {.period_us = DAY, .done_us = 10 * DAY - 1},
		10 * DAY, 10 * DAY},
	{"many missed: since the first of them", {.period_us = DAY, .done_us = 10 * DAY},
		50 * DAY + 7, 11 * DAY},
	{"never: in the slot behind the one it came in",
		{.period_us = DAY, .since_us = 10 * DAY + HOUR}, 10 * DAY + 2 * HOUR, 11 * DAY},
	{"shifted", {.period_us = DAY, .jitter_us = HOUR, .done_us = 10 * DAY + HOUR},
		10 * DAY + 2 * HOUR, 11 * DAY + HOUR},
	{"done ahead by less than a period: not doubted",
		{.period_us = DAY, .done_us = 11 * DAY - 1}, 10 * DAY, 11 * DAY},
	{"done ahead by more: due behind the step",
		{.period_us = DAY, .done_us = 400 * DAY, .stepped_us = 9 * DAY + 5}, 10 * DAY + 6,
		10 * DAY},
	{"the same, nothing is on record yet: not before the next slot",
		{.period_us = DAY, .done_us = 400 * DAY, .since_us = DAY}, 10 * DAY + 6, 11 * DAY},
	{"a step that itself lies ahead says nothing",
		{.period_us = DAY, .done_us = 400 * DAY, .stepped_us = 300 * DAY}, 10 * DAY + 6,
		11 * DAY},
	{"never, and it came far ahead of now",
		{.period_us = DAY, .since_us = 400 * DAY, .stepped_us = 9 * DAY}, 10 * DAY + 6,
		10 * DAY},
	{"failed once: a minute later",
		{.period_us = DAY, .done_us = DAY, .failed_us = 10 * DAY, .failed_count = 1},
		10 * DAY + 5, 10 * DAY + 60 * S},
	{"failed four times: eight minutes later",
		{.period_us = DAY, .done_us = DAY, .failed_us = 10 * DAY, .failed_count = 4},
		10 * DAY + 5, 10 * DAY + 480 * S},
	{"failed, and not due yet anyway",
		{.period_us = DAY,
			.done_us = 10 * DAY,
			.failed_us = 10 * DAY + 9,
			.failed_count = 1},
		10 * DAY + 10, 11 * DAY},
	{"failed in what is now the future",
		{.period_us = DAY, .done_us = DAY, .failed_us = 11 * DAY, .failed_count = 9},
		10 * DAY, 2 * DAY},
};

START_TEST(what_is_due_when)
{
	ck_assert_msg(tote__schedule_due(&cases[_i].w, cases[_i].now) == cases[_i].due, "%s: %lld",
		cases[_i].what, (long long)tote__schedule_due(&cases[_i].w, cases[_i].now));
}
END_TEST

START_TEST(lateness_counts_whole_periods)
{
	struct schedule_work w = {.period_us = DAY};

	ck_assert_uint_eq(tote__schedule_late(&w, NOW + 1, NOW), 0);
	ck_assert_uint_eq(tote__schedule_late(&w, NOW, NOW), 0);
	ck_assert_uint_eq(tote__schedule_late(&w, NOW - DAY + 1, NOW), 0);
	ck_assert_uint_eq(tote__schedule_late(&w, NOW - DAY, NOW), 1);
	ck_assert_uint_eq(tote__schedule_late(&w, NOW - 9 * DAY, NOW), 9);
	ck_assert_uint_gt(tote__schedule_late(&w, INT64_MIN, INT64_MAX), 0);
}
END_TEST

START_TEST(a_failure_is_waited_out_longer_each_time_and_never_beyond_the_period)
{
	int64_t before = 0;

	for (uint64_t n = 1; n < 100; n++) {
		int64_t wait = tote__schedule_backoff(n, 0, 7 * DAY);

		ck_assert_int_ge(wait, before);
		ck_assert_int_le(wait, 6 * HOUR);
		before = wait;
	}
	ck_assert_int_eq(before, 6 * HOUR);
	ck_assert_int_eq(tote__schedule_backoff(UINT64_MAX, 0, 7 * DAY), 6 * HOUR);
	ck_assert_int_eq(tote__schedule_backoff(99, 0, HOUR), HOUR);
	/* one that took two hours is not tried again after a minute */
	ck_assert_int_eq(tote__schedule_backoff(1, 2 * HOUR, 7 * DAY), 20 * HOUR);
	ck_assert_int_eq(tote__schedule_backoff(1, INT64_MAX, 7 * DAY), 7 * DAY);
	ck_assert_int_eq(tote__schedule_backoff(1, -5, 7 * DAY), 60 * S);
}
END_TEST

/* --- windows -------------------------------------------------------------------------------- */

static const struct {
	uint32_t from, to;
	int64_t at, opens; /* of the day */
} windows[] = {
	{0, 0, 0, 0},
	{0, 0, 12 * HOUR, 12 * HOUR},
	{60, 120, HOUR - 1, HOUR},
	{60, 120, HOUR, HOUR},
	{60, 120, 2 * HOUR - 1, 2 * HOUR - 1},
	{60, 120, 2 * HOUR, DAY + HOUR},
	{1320, 300, 22 * HOUR - 1, 22 * HOUR},
	{1320, 300, 22 * HOUR, 22 * HOUR},
	{1320, 300, 0, 0},
	{1320, 300, 5 * HOUR - 1, 5 * HOUR - 1},
	{1320, 300, 5 * HOUR, 22 * HOUR},
	{1320, 0, 23 * HOUR, 23 * HOUR},
	{1320, 0, 0, 22 * HOUR},
	{0, 300, 5 * HOUR, DAY},
};

START_TEST(a_window_is_of_the_day_in_utc_and_may_go_over_midnight)
{
	struct schedule_window w = {windows[_i].from, windows[_i].to};

	for (int64_t day = -2 * DAY; day <= 20000 * DAY; day += 5000 * DAY) {
		int64_t at = day + windows[_i].at, opens = day + windows[_i].opens;

		ck_assert_int_eq(tote__schedule_opening(w, at), opens);
		ck_assert_int_eq(tote__schedule_open(w, at), at == opens);
		ck_assert_int_eq(tote__schedule_open(w, opens), 1);
	}
	ck_assert_int_ge(tote__schedule_opening(w, INT64_MAX), INT64_MAX - DAY);
	ck_assert_int_le(tote__schedule_opening(w, INT64_MIN), INT64_MIN + DAY);
}
END_TEST

/* --- the time ------------------------------------------------------------------------------- */

START_TEST(a_wall_clock_that_moves_is_believed_whichever_way_it_jumps)
{
	struct schedule_clock c = {.started = 0};
	int64_t mono = 5 * S;

	ck_assert_int_eq(tote__schedule_now(&c, NOW, mono), NOW);
	ck_assert_int_eq(tote__schedule_now(&c, NOW + HOUR, mono += HOUR), NOW + HOUR);
	ck_assert_int_eq(tote__schedule_now(&c, NOW + 365 * DAY, mono += S), NOW + 365 * DAY);
	ck_assert_int_eq(tote__schedule_now(&c, NOW + HOUR, mono += S), NOW + HOUR);
	ck_assert_int_eq(tote__schedule_now(&c, NOW - 365 * DAY, mono += S), NOW - 365 * DAY);
	/* a machine that slept: the monotonic clock stood */
	ck_assert_int_eq(tote__schedule_now(&c, NOW, mono), NOW);
	ck_assert_int_eq(tote__schedule_now(&c, NOW + 7, mono + 8), NOW + 7);
}
END_TEST

START_TEST(one_that_stands_still_is_carried_on_and_believed_again_once_it_is_set)
{
	struct schedule_clock c = {.started = 0};
	int64_t mono = 0;

	tote__schedule_now(&c, NOW, mono);
	for (int i = 1; i <= 1000; i++)
		ck_assert_int_eq(tote__schedule_now(&c, NOW, mono += 60 * S), NOW + i * 60 * S);
	/* it moves again: nothing is taken back */
	ck_assert_int_eq(tote__schedule_now(&c, NOW + HOUR, mono += HOUR), NOW + 60000 * S + HOUR);
	/* it is set right */
	ck_assert_int_eq(tote__schedule_now(&c, NOW + 60000 * S + 2 * HOUR, mono += HOUR),
		NOW + 60000 * S + 2 * HOUR);
	/* many readings in a row change nothing */
	for (int i = 0; i < 1000; i++)
		tote__schedule_now(&c, NOW + 60000 * S + 2 * HOUR, mono += 100000);
	ck_assert_int_eq(tote__schedule_now(&c, NOW + 60000 * S + 2 * HOUR, mono),
		NOW + 60000 * S + 2 * HOUR + 100 * S);
}
END_TEST

START_TEST(one_that_ticks_coarsely_is_read_as_it_is_however_often)
{
	struct schedule_clock c = {.started = 0};

	for (int64_t t = 0; t < 10 * S; t += 1000)
		ck_assert_int_eq(tote__schedule_now(&c, NOW + t / 16000 * 16000, t),
			NOW + t / 16000 * 16000);
}
END_TEST

/* --- histories ------------------------------------------------------------------------------ */

static uint64_t seed;

static uint64_t roll(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

#define CROWD 6

/* One container's life: what is on record of it, and what it is judged by. */
struct life {
	struct schedule_work w;
	int64_t true_since; /* steady time since the clock runs true, or its last run */
	unsigned runs;
};

struct history {
	struct life lives[CROWD];
	int64_t wall, steady; /* steady: never jumps */
	int64_t newest;
	unsigned jumps;
};

static void begin(struct history *h)
{
	memset(h, 0, sizeof(*h));
	h->wall = NOW + (int64_t)roll(400) * DAY;
	h->newest = h->wall;
	for (int i = 0; i < CROWD; i++) {
		struct schedule_work *w = &h->lives[i].w;

		w->period_us = (int64_t)(1 + roll(1440)) * 60 * S;
		w->jitter_us = tote__schedule_jitter(printed("c%d", i), w->period_us);
		w->since_us = h->wall;
	}
}

static void pass_time(struct history *h, int64_t steady, int64_t wall)
{
	h->steady += steady;
	h->wall += wall;
	if (steady == wall)
		return;
	h->jumps++;
	for (int i = 0; i < CROWD; i++)
		h->lives[i].true_since = h->steady;
}

/* The record notices a step by its own entries. */
static void run_one(struct history *h, struct life *l)
{
	for (int i = 0; h->wall < h->newest && i < CROWD; i++)
		h->lives[i].w.stepped_us = h->wall;
	h->newest = h->wall;
	l->w.stepped_us = 0;
	l->w.done_us = h->wall;
	l->true_since = h->steady;
	l->runs++;
}

static void run_due(struct history *h, struct life *l)
{
	const struct schedule_work *w = &l->w;

	if (w->done_us > 0 && !w->stepped_us && w->done_us <= h->wall &&
		tote__schedule_slot(h->wall, w->period_us, w->jitter_us) <=
			tote__schedule_slot(w->done_us, w->period_us, w->jitter_us))
		ck_abort_msg("twice in one slot");
	run_one(h, l);
}

static void dispatch(struct history *h, int64_t tick)
{
	/* as the consolidated record's own run: at once where its newest entry lies ahead */
	if (h->newest > h->wall + 60 * S)
		run_one(h, &h->lives[0]);
	for (int i = 0; i < CROWD; i++) {
		struct life *l = &h->lives[i];

		if (tote__schedule_due(&l->w, h->wall) <= h->wall)
			run_due(h, l);
		if (h->steady - l->true_since > 2 * l->w.period_us + tick + 62 * S)
			ck_abort_msg("nobody looked for %lld s of a period of %lld s",
				(long long)((h->steady - l->true_since) / S),
				(long long)(l->w.period_us / S));
	}
}

START_TEST(whatever_the_clock_does_nothing_is_left_out_and_nothing_storms)
{
	for (uint64_t turn = 1; turn <= 4000; turn++) {
		struct history h;

		seed = turn * UINT64_C(0x9e3779b97f4a7c15);
		begin(&h);
		for (int step = 0; step < 200; step++) {
			int64_t tick = (int64_t)(1 + roll(3600)) * S;

			switch (roll(24)) {
			case 0:
				pass_time(&h, S, (int64_t)roll(800) * DAY);
				break;
			case 1:
				pass_time(&h, S, -(int64_t)roll(400) * DAY);
				break;
			case 2:
				pass_time(&h, S, -(int64_t)roll(7200) * S);
				break;
			default:
				pass_time(&h, tick, tick);
			}
			dispatch(&h, 3600 * S);
		}
		for (int i = 0; i < CROWD; i++) {
			const struct life *l = &h.lives[i];

			ck_assert_uint_le(
				l->runs, (unsigned)(h.steady / l->w.period_us) + 2 + 2 * h.jumps);
		}
	}
}
END_TEST

START_TEST(with_a_clock_that_runs_true_there_is_one_run_in_each_slot)
{
	for (uint64_t turn = 1; turn <= 40; turn++) {
		struct history h;
		int64_t end;

		seed = turn * UINT64_C(0x9e3779b97f4a7c15);
		begin(&h);
		end = h.wall + 7 * DAY;
		while (h.wall < end) {
			pass_time(&h, 60 * S, 60 * S);
			dispatch(&h, 60 * S);
		}
		for (int i = 0; i < CROWD; i++) {
			const struct schedule_work *w = &h.lives[i].w;
			int64_t first =
				tote__schedule_slot(w->since_us, w->period_us, w->jitter_us);
			int64_t last = tote__schedule_slot(h.wall, w->period_us, w->jitter_us);

			ck_assert_int_eq(h.lives[i].runs, last - first);
		}
	}
}
END_TEST

Suite *schedule_suite(void)
{
	Suite *s = suite_create("schedule");
	TCase *t = tcase_create("schedule");

	tcase_add_test(t, slots_are_counted_from_the_epoch_and_shifted_by_the_id);
	tcase_add_test(t, the_jitter_is_the_id_s_for_ever_and_spreads_a_thousand_of_them_evenly);
	tcase_add_loop_test(t, what_is_due_when, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(t, lateness_counts_whole_periods);
	tcase_add_test(t, a_failure_is_waited_out_longer_each_time_and_never_beyond_the_period);
	tcase_add_loop_test(t, a_window_is_of_the_day_in_utc_and_may_go_over_midnight, 0,
		(int)(sizeof(windows) / sizeof(windows[0])));
	tcase_add_test(t, a_wall_clock_that_moves_is_believed_whichever_way_it_jumps);
	tcase_add_test(t, one_that_stands_still_is_carried_on_and_believed_again_once_it_is_set);
	tcase_add_test(t, one_that_ticks_coarsely_is_read_as_it_is_however_often);
	tcase_add_test(t, whatever_the_clock_does_nothing_is_left_out_and_nothing_storms);
	tcase_add_test(t, with_a_clock_that_runs_true_there_is_one_run_in_each_slot);
	suite_add_tcase(s, t);
	return s;
}
