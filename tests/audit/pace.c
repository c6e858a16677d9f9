/* SPDX-License-Identifier: ISC */
/*
 * How long a job still takes: nothing incredible, nothing below nothing, no leaps.
 */
#include "audit/pace.h"
#include "support/support.h"

#define SECOND INT64_C(1000000)
#define MIB    ((uint64_t)1 << 20)

START_TEST(nothing_is_said_before_three_seconds_and_a_twentieth)
{
	struct pace p = {.begun = 0};

	ck_assert_int_eq(tote__pace_left(&p), PACE_UNKNOWN);
	tote__pace_note(&p, 0, 1000 * MIB, 0);
	for (int i = 1; i < 30; i++) { /* fast, but for less than three seconds */
		tote__pace_note(&p, (uint64_t)i * 20 * MIB, 1000 * MIB, i * SECOND / 10);
		ck_assert_int_eq(tote__pace_left(&p), PACE_UNKNOWN);
	}
	p.begun = 0;
	tote__pace_note(&p, 0, 1000 * MIB, 0);
	for (int i = 1; i < 49; i++) { /* long, but hardly anything */
		tote__pace_note(&p, (uint64_t)i * MIB, 1000 * MIB, i * SECOND);
		ck_assert_int_eq(tote__pace_left(&p), PACE_UNKNOWN);
	}
	ck_assert_uint_eq((tote__pace_rate(&p) + MIB / 100) / MIB, 1);
	p.begun = 0;
	tote__pace_note(&p, 0, 0, 0);
	for (int i = 1; i < 100; i++) { /* and of what nobody knows the size */
		tote__pace_note(&p, (uint64_t)i * MIB, 0, i * SECOND);
		ck_assert_int_eq(tote__pace_left(&p), PACE_UNKNOWN);
	}
}
END_TEST

START_TEST(at_a_steady_pace_the_time_left_is_what_it_takes)
{
	struct pace p = {.begun = 0};

	for (int i = 0; i <= 100; i++) {
		int64_t left;

		tote__pace_note(&p, (uint64_t)i * 10 * MIB, 1000 * MIB, i * SECOND);
		left = tote__pace_left(&p);
		if (i < 5)
			continue;
		ck_assert_int_ge(left, (100 - i) * SECOND - SECOND / 2);
		ck_assert_int_le(left, (100 - i) * SECOND + SECOND / 2);
	}
	ck_assert_int_eq(tote__pace_left(&p), 0);
}
END_TEST

/* Stalls, bursts, a total that grows and one that was too small: any order of them. */
START_TEST(it_is_never_below_nothing_and_never_leaps)
{
	for (unsigned seed = 1; seed < 200; seed++) {
		struct pace p = {.begun = 0};
		uint64_t bytes = 0, total = 5000 * MIB;
		int64_t now = 0, before = PACE_UNKNOWN;
		unsigned state = seed;

		for (int i = 0; i < 400; i++) {
			int64_t left, dt;

			state = state * 1103515245u + 12345u;
			dt = (int64_t)(state >> 16) % 400000;
			now += dt;
			if (state % 7)
				bytes += (state >> 8) % (32 * MIB);
			if (state % 41 == 0)
				total += 64 * MIB;
			tote__pace_note(&p, bytes, total, now);
			left = tote__pace_left(&p);
			ck_assert(left >= 0 || left == PACE_UNKNOWN);
			/* in the tenth of a second or so between two looks */
			if (before > 0 && left >= 0)
				ck_assert_int_le(left, before + before / 2 + 30 * SECOND);
			before = left;
		}
	}
}
END_TEST

START_TEST(a_stall_lets_it_grow_slowly_and_what_takes_for_ever_is_not_told)
{
	struct pace p = {.begun = 0};
	int64_t left;

	for (int i = 0; i <= 40; i++)
		tote__pace_note(&p, (uint64_t)i * 5 * MIB, 1000 * MIB, i * SECOND);
	left = tote__pace_left(&p);
	for (int i = 41; i <= 43; i++)
		tote__pace_note(&p, 200 * MIB, 1000 * MIB, i * SECOND);
	ck_assert_int_ge(tote__pace_left(&p), left - 3 * SECOND);
	ck_assert_int_le(tote__pace_left(&p), left + left / 4);
	for (int i = 44; i <= 400; i++)
		tote__pace_note(&p, 200 * MIB, 1000 * MIB, i * SECOND);
	ck_assert_int_eq(tote__pace_left(&p), PACE_UNKNOWN);
	ck_assert_uint_eq(tote__pace_rate(&p), 0);
}
END_TEST

START_TEST(readings_at_one_instant_and_counts_that_go_back_or_beyond_the_total_are_borne)
{
	struct pace p = {.begun = 0};
	uint64_t rate;
	int64_t left;

	for (int i = 0; i <= 20; i++)
		tote__pace_note(&p, (uint64_t)i * 10 * MIB, 1000 * MIB, i * SECOND);
	left = tote__pace_left(&p);
	rate = tote__pace_rate(&p);
	tote__pace_note(&p, 300 * MIB, 1000 * MIB, 20 * SECOND);
	tote__pace_note(&p, 300 * MIB, 1000 * MIB, 19 * SECOND);
	ck_assert_int_eq(tote__pace_left(&p), left);
	ck_assert_uint_eq(tote__pace_rate(&p), rate);
	tote__pace_note(&p, 100 * MIB, 1000 * MIB, 21 * SECOND);
	ck_assert_uint_le(tote__pace_rate(&p), rate);
	for (int i = 22; i < 200; i++)
		tote__pace_note(&p, 1001 * MIB + (uint64_t)i, 1000 * MIB, i * SECOND);
	ck_assert_int_eq(tote__pace_left(&p), 0);
}
END_TEST

Suite *pace_suite(void)
{
	Suite *s = suite_create("pace");
	TCase *t = tcase_create("pace");

	tcase_add_test(t, nothing_is_said_before_three_seconds_and_a_twentieth);
	tcase_add_test(t, at_a_steady_pace_the_time_left_is_what_it_takes);
	tcase_add_test(t, it_is_never_below_nothing_and_never_leaps);
	tcase_add_test(t, a_stall_lets_it_grow_slowly_and_what_takes_for_ever_is_not_told);
	tcase_add_test(
		t, readings_at_one_instant_and_counts_that_go_back_or_beyond_the_total_are_borne);
	suite_add_tcase(s, t);
	return s;
}
