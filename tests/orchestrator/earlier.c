/* SPDX-License-Identifier: ISC */
/*
 * What a run counts on of those before it: by age, or from where the run it goes on for began.
 */
#include "orchestrator/job_earlier.h"
#include "orchestrator/outcome.h"
#include "orchestrator/root.h"

#define HOUR INT64_C(3600000000)
#define NOW  INT64_C(1800000000000000)

static struct root r;
static struct known *k;

/* Whole by a full audit an hour ago, and read by three runs, the second of which was cut off. */
static void setup(void)
{
	root_make(&r);
	root_provision(&r, "a");
	k = tote__registry_find(&r.o->registry, "a");
	k->verdict = TOTE_VERDICT_OK;
	k->level = TOTE_LEVEL_FULL;
	k->last_full_us = k->last_audit_us = NOW - HOUR;
	k->entries = 1;
	k->runs.ranges = tote__heap_new(&r.ctx->heap, 3, sizeof(*k->runs.ranges), &r.fault);
	k->runs.range_count = k->runs.range_cap = 3;
	for (uint64_t i = 0; i < 3; i++)
		k->runs.ranges[i] = (struct covered_range){.from = i,
			.to = i + 1,
			.size = 3,
			.run = 10 * (i + 1),
			.time_us = NOW - HOUR + (int64_t)i * HOUR};
	k->runs.open = tote__heap_new(&r.ctx->heap, 1, sizeof(*k->runs.open), &r.fault);
	k->runs.open_count = k->runs.open_cap = 1;
	k->runs.open[0] = (struct open_run){
		.run = 20, .first = 20, .level = TOTE_LEVEL_FULL, .covered_to = 2};
}

static void teardown(void)
{
	root_remove(&r);
}

/* A bit for each range that is counted on. */
static unsigned counted(const struct earlier_wish *wish)
{
	struct earlier e;
	unsigned set = 0;

	tote__earlier_find(&e, r.o, "a", wish);
	ck_ok(tote__earlier_take(&e, r.o, "a", wish, &r.fault), r.fault);
	for (size_t i = 0; i < e.range_count; i++)
		set |= 1u << e.ranges[i].from;
	tote__earlier_drop(&e);
	return set;
}

START_TEST(by_age_what_is_too_old_or_ahead_of_the_clock_does_not_count)
{
	struct earlier_wish wish = {.level = TOTE_LEVEL_FULL, .max_age_us = HOUR, .now_us = NOW};

	ck_assert_uint_eq(counted(&wish), 1 | 2); /* the third one lies ahead */
	wish.max_age_us = HOUR - 1;
	ck_assert_uint_eq(counted(&wish), 2);
	wish.now_us = NOW + HOUR;
	ck_assert_uint_eq(counted(&wish), 4);
	wish.level = TOTE_LEVEL_STRUCTURE;
	ck_assert_uint_eq(counted(&wish), 0);
}
END_TEST

START_TEST(a_run_that_goes_on_counts_on_nothing_before_the_one_that_was_cut_off)
{
	struct earlier_wish wish = {.level = TOTE_LEVEL_FULL, .go_on = 1, .now_us = NOW};

	ck_assert_uint_eq(counted(&wish), 2 | 4);
	k->runs.open[0].first = 10; /* that one went on, too */
	ck_assert_uint_eq(counted(&wish), 1 | 2 | 4);
	wish.go_on = 0;
	ck_assert_uint_eq(counted(&wish), 0);
}
END_TEST

START_TEST(whole_is_what_was_found_so_by_as_much_of_a_look_lately_and_has_no_flag)
{
	struct earlier_wish wish = {.level = TOTE_LEVEL_FULL, .max_age_us = HOUR, .now_us = NOW};
	struct known_flag *flag;

	ck_assert_int_eq(tote__earlier_is_whole(r.o, "a", &wish), 1);
	wish.now_us = NOW + 1;
	ck_assert_int_eq(tote__earlier_is_whole(r.o, "a", &wish), 0);
	wish.now_us = NOW - 2 * HOUR; /* it was in what is now the future */
	ck_assert_int_eq(tote__earlier_is_whole(r.o, "a", &wish), 0);
	wish.now_us = NOW;
	k->level = TOTE_LEVEL_STRUCTURE;
	ck_assert_int_eq(tote__earlier_is_whole(r.o, "a", &wish), 0);
	wish.level = TOTE_LEVEL_STRUCTURE;
	ck_assert_int_eq(tote__earlier_is_whole(r.o, "a", &wish), 1);
	k->verdict = TOTE_VERDICT_DAMAGED;
	ck_assert_int_eq(tote__earlier_is_whole(r.o, "a", &wish), 0);
	k->verdict = TOTE_VERDICT_OK;
	k->entries = 2;
	ck_assert_int_eq(tote__earlier_is_whole(r.o, "a", &wish), 0);
	k->entries = 1;
	flag = k->flags = tote__heap_new(&r.ctx->heap, 1, sizeof(*k->flags), &r.fault);
	k->flag_count = k->flag_cap = 1;
	*flag = (struct known_flag){.seq = 5, .acknowledged_us = NOW};
	ck_assert_int_eq(tote__earlier_is_whole(r.o, "a", &wish), 0);
	flag->cleared = 1;
	ck_assert_int_eq(tote__earlier_is_whole(r.o, "a", &wish), 1);
}
END_TEST

Suite *earlier_suite(void)
{
	Suite *s = suite_create("earlier");
	TCase *t = tcase_create("earlier");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, by_age_what_is_too_old_or_ahead_of_the_clock_does_not_count);
	tcase_add_test(t, a_run_that_goes_on_counts_on_nothing_before_the_one_that_was_cut_off);
	tcase_add_test(t, whole_is_what_was_found_so_by_as_much_of_a_look_lately_and_has_no_flag);
	suite_add_tcase(s, t);
	return s;
}
