/* SPDX-License-Identifier: ISC */
/*
 * Whose turn it is, how long it lasts, and how fast it may read.
 */
#include "audit/turn.h"
#include "support/support.h"

#define S INT64_C(1000000)

/* In the order in which they must come. */
static const struct turn order[] = {
	{.id = "z", .overdue = 1, .late = 9, .due_us = 50},
	{.id = "y", .overdue = 1, .late = 3, .due_us = 10, .never = 1},
	{.id = "a", .overdue = 1, .late = 3, .due_us = 5},
	{.id = "b", .overdue = 1, .late = 3, .due_us = 20},
	{.id = "c", .overdue = 1, .late = 3, .due_us = 20},
	{.id = "m", .never = 1, .due_us = 30, .late = 0},
	{.id = "l", .never = 1, .due_us = 31, .late = 7},
	{.id = "d", .due_us = 1, .late = 0},
	{.id = "e", .due_us = 2, .late = 8},
	{.id = "f", .due_us = 2, .late = 8},
	{.id = "0", .served = 1, .overdue = 1, .late = 99},
	{.id = "1", .served = 1, .never = 1},
	{.id = "2", .served = 1, .due_us = -7},
	{.id = "3", .served = 2, .overdue = 1, .late = 200},
};
#define COUNT (sizeof(order) / sizeof(order[0]))

START_TEST(what_comes_first_is_a_table)
{
	struct turn mixed[COUNT];

	for (size_t i = 0; i < COUNT; i++)
		for (size_t j = 0; j < COUNT; j++) {
			int c = tote__turn_compare(&order[i], &order[j]);

			ck_assert_msg((c > 0) - (c < 0) == (i > j) - (i < j), "%s, %s: %d",
				order[i].id, order[j].id, c);
		}
	for (size_t shift = 0; shift < COUNT; shift++) {
		for (size_t i = 0; i < COUNT; i++)
			mixed[i] = order[(i * 5 + shift) % COUNT];
		tote__turn_sort(mixed, COUNT);
		for (size_t i = 0; i < COUNT; i++)
			ck_assert_str_eq(mixed[i].id, order[i].id);
	}
}
END_TEST

START_TEST(a_share_is_an_equal_part_and_never_too_little_nor_more_than_is_left)
{
	ck_assert_int_eq(tote__turn_share(1000, 4, 10), 250);
	ck_assert_int_eq(tote__turn_share(1000, 1, 10), 1000);
	ck_assert_int_eq(tote__turn_share(1000, 10000, 10), 10);
	ck_assert_int_eq(tote__turn_share(5, 10000, 10), 5);
	ck_assert_int_eq(tote__turn_share(0, 4, 10), 0);
	ck_assert_int_eq(tote__turn_share(-3, 4, 10), 0);
	ck_assert_int_eq(tote__turn_share(9, 0, 10), 0);
}
END_TEST

START_TEST(whoever_always_uses_all_its_share_delays_the_others_by_no_more)
{
	struct turn t[5] = {{.id = "greedy", .overdue = 1, .late = 1000}, {.id = "a"}, {.id = "b"},
		{.id = "c"}, {.id = "d"}};
	unsigned of_greedy = 0;

	for (int turn = 0; turn < 500; turn++) {
		tote__turn_sort(t, 5);
		of_greedy += !strcmp(t[0].id, "greedy");
		t[0].served++;
	}
	ck_assert_uint_eq(of_greedy, 100);
}
END_TEST

/* --- rates ---------------------------------------------------------------------------------- */

/* Reads whatever is allowed, in pieces, for so long: how much that was. */
static uint64_t read_for(struct rate_bucket *b, int64_t from, int64_t length, uint64_t piece)
{
	uint64_t sum = 0;

	for (int64_t now = from; now < from + length;) {
		int64_t wait = tote__rate_wait(b, now);

		if ((wait == 0) != (tote__rate_allows(b, now) > 0))
			ck_abort_msg("it says %lld us, and the other", (long long)wait);
		if (wait) {
			now += wait;
			continue;
		}
		tote__rate_spend(b, piece, now);
		sum += piece;
	}
	return sum;
}

START_TEST(a_rate_is_held_over_any_while_and_bursts_by_one_second_at_most)
{
	static const uint64_t rates[] = {
		1, 7, 1000, 65536, 1000000, 104857600, INT64_MAX / 1000000};

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		for (uint64_t piece = 1; piece <= 1 << 20; piece *= 64) {
			int64_t length = 100 * S;
			struct rate_bucket b;
			uint64_t sum, due = rates[i] * 100;

			if (due / piece > 100000)
				continue;
			tote__rate_begin(&b, rates[i], 77);
			/* it begins with a second's worth */
			ck_assert_uint_eq(tote__rate_allows(&b, 77), rates[i]);
			sum = read_for(&b, 77, length, piece);
			ck_assert_msg(sum <= due + rates[i] + piece, "%llu: %llu of %llu",
				(unsigned long long)rates[i], (unsigned long long)sum,
				(unsigned long long)due);
			ck_assert_msg(sum + rates[i] + sum / 20 + piece >= due,
				"%llu: %llu of %llu", (unsigned long long)rates[i],
				(unsigned long long)sum, (unsigned long long)due);
		}
}
END_TEST

START_TEST(without_a_rate_nothing_is_bounded_and_nothing_overflows)
{
	struct rate_bucket b;

	tote__rate_begin(&b, 0, 5);
	tote__rate_spend(&b, UINT64_MAX, 5);
	ck_assert_uint_eq(tote__rate_allows(&b, 5), UINT64_MAX);
	ck_assert_int_eq(tote__rate_wait(&b, 5), 0);
	tote__rate_begin(&b, 1, 5);
	for (int i = 0; i < 100; i++)
		tote__rate_spend(&b, UINT64_MAX, 5);
	ck_assert_uint_eq(tote__rate_allows(&b, 6), 0);
	ck_assert_int_gt(tote__rate_wait(&b, 6), 0);
	/* a clock that stood, and one far ahead */
	tote__rate_begin(&b, 1000, 5);
	tote__rate_spend(&b, 2000, 5);
	ck_assert_uint_eq(tote__rate_allows(&b, 5), 0);
	ck_assert_uint_eq(tote__rate_allows(&b, INT64_MAX - 1), 1000);
	/* one that no product could hold is none */
	tote__rate_begin(&b, (uint64_t)INT64_MAX / 1000000 + 1, 5);
	ck_assert_uint_eq(tote__rate_allows(&b, 5), UINT64_MAX);
}
END_TEST

Suite *turn_suite(void)
{
	Suite *s = suite_create("turn");
	TCase *t = tcase_create("turn");

	tcase_add_test(t, what_comes_first_is_a_table);
	tcase_add_test(t, a_share_is_an_equal_part_and_never_too_little_nor_more_than_is_left);
	tcase_add_test(t, whoever_always_uses_all_its_share_delays_the_others_by_no_more);
	tcase_add_test(t, a_rate_is_held_over_any_while_and_bursts_by_one_second_at_most);
	tcase_add_test(t, without_a_rate_nothing_is_bounded_and_nothing_overflows);
	suite_add_tcase(s, t);
	return s;
}
