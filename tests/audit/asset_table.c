/* SPDX-License-Identifier: ISC */
/*
 * Which of several seals of a path counts, against the rule taken literally; and that nobody makes
 * the arranging of his seals last.
 */
#include "audit/asset_table.h"
#include "base/clock.h"
#include "support/support.h"

static struct asset_table table;
static struct tote_fault fault;

static void setup(void)
{
	memset(&fault, 0, sizeof(fault));
	tote__asset_table_init(&table, plain_heap());
}

static void teardown(void)
{
	tote__asset_table_free(&table);
}

static void add(const char *path, uint64_t seq)
{
	struct sealed fact = {.size = 1};

	snprintf(fact.path, sizeof(fact.path), "%s", path);
	ck_ok(tote__asset_table_add(&table, &fact, seq, 1, &fault), fault);
}

static int conflict(const char *a, const char *b)
{
	return !strcmp(a, b) || tote__asset_is_below(a, b) || tote__asset_is_below(b, a);
}

/* FORMAT section 2, in order of seq: a seal counts unless one that counts is in its way. */
static int counts(size_t n)
{
	const struct asset *item = tote__asset_table_nth(&table, n);

	if (item->flags & ASSET_VOID)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (counts(i) && conflict(item->path, tote__asset_table_nth(&table, i)->path))
			return 0;
	return 1;
}

START_TEST(the_first_seal_of_a_path_counts_and_so_for_what_lies_above_and_below)
{
	static const char *const paths[] = {
		"a", "a/b", "a/b/c", "a/b/d", "a/c", "ab", "ab/c", "a-b", "b", "b/a/a"};

	for (unsigned round = 0; round < 400; round++) {
		uint32_t dice = round * 2654435761u + 1;

		setup();
		for (uint64_t seq = 0; seq < 9; seq++) {
			dice = dice * 1664525u + 1013904223u;
			add(paths[(dice >> 16) % 10], seq);
			if (dice >> 29 == 0)
				tote__asset_table_by_seq(&table, seq)->flags |= ASSET_VOID;
		}
		ck_ok(tote__asset_table_arrange(&table, &fault), fault);
		for (size_t n = 0; n < table.count; n++) {
			const struct asset *item = tote__asset_table_nth(&table, n);

			ck_assert_uint_eq(item->seq, n);
			ck_assert_msg(counts(n) == !(item->flags & ASSET_NOT_COUNTED),
				"round %u: %s at %zu", round, item->path, n);
			if (counts(n))
				ck_assert_ptr_eq(tote__asset_table_at(&table, item->path), item);
		}
		teardown();
	}
	setup();
}
END_TEST

static int64_t arrange(void)
{
	struct clock_source clock;
	int64_t begun;

	tote__clock_init(&clock, NULL);
	begun = tote__clock_monotonic(&clock);
	ck_ok(tote__asset_table_arrange(&table, &fault), fault);
	return tote__clock_monotonic(&clock) - begun;
}

START_TEST(two_hundred_thousand_seals_of_one_path_are_arranged_as_fast_as_any)
{
	for (uint64_t seq = 0; seq < 200000; seq++)
		add("the/same", seq);
	ck_assert_int_le(arrange(), 3000000);
	ck_assert_uint_eq(tote__asset_table_at(&table, "the/same")->seq, 0);
}
END_TEST

START_TEST(seals_each_below_the_one_before_it_are_arranged_as_fast_as_any)
{
	char path[STORE_NAME_MAX + 1] = "a";
	uint64_t seq = 0;

	for (size_t depth = 1; depth < 2000; depth++)
		memcpy(path + 2 * depth - 1, "/a", sizeof("/a"));
	for (size_t depth = 2000; depth--;) {
		path[2 * depth + 1] = '\0';
		for (int i = 0; i < 10; i++)
			add(path, seq++);
	}
	ck_assert_int_le(arrange(), 5000000);
	ck_assert_uint_eq(tote__asset_table_nth(&table, 0)->flags & ASSET_IGNORED, 0);
}
END_TEST

Suite *asset_table_suite(void);
Suite *asset_table_suite(void)
{
	Suite *s = suite_create("asset_table");
	TCase *t = tcase_create("arranged");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_first_seal_of_a_path_counts_and_so_for_what_lies_above_and_below);
	tcase_add_test(t, two_hundred_thousand_seals_of_one_path_are_arranged_as_fast_as_any);
	tcase_add_test(t, seals_each_below_the_one_before_it_are_arranged_as_fast_as_any);
	suite_add_tcase(s, t);
	return s;
}
