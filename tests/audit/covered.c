/* SPDX-License-Identifier: ISC */
/*
 * What earlier runs read counts where the ledger at hand proves it, to the last seq and no further.
 */
#include "audit/covered.h"
#include "support/support.h"

static tote_ctx *ctx;
static struct covered c;

/* Entries that cannot be taken for each other. */
static const uint8_t *leaf_of(uint64_t seq)
{
	static uint8_t leaf[HASH_LEN];

	memset(leaf, (int)seq + 1, sizeof(leaf));
	return leaf;
}

static struct covered_range range(uint64_t from, uint64_t to, uint64_t size)
{
	struct covered_range r = {.from = from, .to = to, .size = size};

	memcpy(r.leaf, leaf_of(size - 1), sizeof(r.leaf));
	return r;
}

/* Not in order of size, and two of one size. */
static void setup(void)
{
	const struct covered_range ranges[] = {
		range(20, 30, 40), range(0, 10, 15), range(10, 20, 25), range(30, 40, 40)};
	struct tote_fault fault = {.code = 0};

	ctx = support_ctx(NULL, NULL);
	tote__covered_init(&c, &ctx->heap);
	ck_ok(tote__covered_set(&c, ranges, 4, &fault), fault);
}

static void teardown(void)
{
	tote__covered_free(&c);
	tote_ctx_unref(ctx);
}

static void meet(uint64_t from, uint64_t to)
{
	for (uint64_t seq = from; seq < to; seq++)
		tote__covered_meet(&c, seq, leaf_of(seq));
}

static void check_covered(uint64_t from, uint64_t to)
{
	for (uint64_t seq = 0; seq < 50; seq++)
		ck_assert_msg((tote__covered_at(&c, seq) != NULL) == (seq >= from && seq < to),
			"seq %d", (int)seq);
}

START_TEST(each_range_counts_from_when_its_last_entry_is_met_and_to_its_own_end)
{
	check_covered(0, 0);
	meet(0, 14);
	check_covered(0, 0);
	meet(14, 15);
	check_covered(0, 10);
	meet(15, 39);
	check_covered(0, 20);
	meet(39, 45);
	check_covered(0, 40);
	ck_assert_uint_eq(tote__covered_at(&c, 29)->from, 20);
	ck_assert_uint_eq(tote__covered_at(&c, 30)->from, 30);
}
END_TEST

START_TEST(another_entry_than_was_read_proves_nothing)
{
	meet(0, 24);
	tote__covered_meet(&c, 24, leaf_of(99));
	meet(25, 39);
	check_covered(0, 10);
	tote__covered_meet(&c, 39, leaf_of(99));
	check_covered(0, 10);
}
END_TEST

START_TEST(an_entry_that_was_not_to_be_had_costs_its_own_range_and_no_other)
{
	meet(0, 14);
	meet(15, 45);
	check_covered(10, 40);
}
END_TEST

START_TEST(where_the_chain_breaks_nothing_counts_neither_before_nor_behind)
{
	meet(0, 30);
	tote__covered_void(&c);
	check_covered(0, 0);
	meet(30, 45);
	check_covered(0, 0);
}
END_TEST

START_TEST(read_again_from_the_beginning_all_is_proven_anew)
{
	meet(0, 45);
	tote__covered_reset(&c);
	check_covered(0, 0);
	meet(0, 30);
	check_covered(0, 20);
}
END_TEST

Suite *covered_suite(void)
{
	Suite *s = suite_create("covered");
	TCase *t = tcase_create("covered");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, each_range_counts_from_when_its_last_entry_is_met_and_to_its_own_end);
	tcase_add_test(t, another_entry_than_was_read_proves_nothing);
	tcase_add_test(t, an_entry_that_was_not_to_be_had_costs_its_own_range_and_no_other);
	tcase_add_test(t, where_the_chain_breaks_nothing_counts_neither_before_nor_behind);
	tcase_add_test(t, read_again_from_the_beginning_all_is_proven_anew);
	suite_add_tcase(s, t);
	return s;
}
