/* SPDX-License-Identifier: ISC */
/*
 * What the record says that runs read: of each seq the newest reading counts, whatever came in
 * whichever order, and a container that is audited for years takes no more memory for it.
 */
#include "base/timestamp.h"
#include "orchestrator/runs.h"
#include "support/support.h"
#include <inttypes.h>
#include <toteborch/audit.h>

#define SEQS 64

static struct known_runs runs;
static uint64_t next_seq;
static int64_t now;

static void setup(void)
{
	memset(&runs, 0, sizeof(runs));
	next_seq = 100;
	now = INT64_C(1795421700000000);
}

static void teardown(void)
{
	tote__runs_free(&runs, plain_heap());
}

/* An entry of these fields, "key value", at that seq. */
static void take(const char *kind, const char *fields, uint64_t seq,
	int (*taker)(struct known_runs *k, const struct heap *heap, const struct entry *e,
		struct tote_fault *fault))
{
	char time[32], text[1024];
	struct tote_fault f;
	struct entry e;
	int n;

	memset(&f, 0, sizeof(f));
	ck_ok(tote__time_format(now, time, &f), f);
	n = snprintf(text, sizeof(text),
		"toteborch.entry/1 %s\nseq %" PRIu64
		"\ntime %s\nprev 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n%s\n",
		kind, seq, time, fields);
	ck_ok(tote__entry_parse((const uint8_t *)text, (size_t)n, &e, &f), f);
	ck_ok(taker(&runs, plain_heap(), &e, &f), f);
}

static uint64_t started(const char *more)
{
	take("audit.started", printed("container a\nlevel full\n%s", more), next_seq,
		tote__runs_started);
	return next_seq++;
}

static void covered_as(const char *level, uint64_t run, uint64_t from, uint64_t to, uint64_t size)
{
	take("audit.covered",
		printed("bytes 1\ncontainer a\nfrom-seq %" PRIu64
			"\nleaf 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nlevel %s\n"
			"run %" PRIu64 "\nsize %" PRIu64 "\nto-seq %" PRIu64 "\n",
			from, level, run, size, to),
		next_seq++, tote__runs_covered);
}

static void covered(uint64_t run, uint64_t from, uint64_t to)
{
	covered_as("full", run, from, to, SEQS);
}

/* In order, none empty, none over another, and each seq as the model has it. */
static void compare(const uint64_t model[SEQS])
{
	uint64_t seen[SEQS] = {0};

	for (size_t i = 0; i < runs.range_count; i++) {
		const struct covered_range *r = &runs.ranges[i];

		ck_assert_uint_lt(r->from, r->to);
		ck_assert(i == 0 || runs.ranges[i - 1].to <= r->from);
		for (uint64_t seq = r->from; seq < r->to; seq++)
			seen[seq] = r->run;
	}
	ck_assert_mem_eq(seen, model, sizeof(seen));
}

START_TEST(of_each_seq_the_newest_reading_counts)
{
	for (unsigned seed = 1; seed < 60; seed++) {
		uint64_t model[SEQS] = {0}, run = 0;
		unsigned state = seed;

		teardown();
		setup();
		for (int i = 0; i < 200; i++) {
			uint64_t from, to;

			state = state * 1103515245u + 12345u;
			from = (state >> 16) % SEQS;
			to = from + (state >> 8) % (SEQS - from);
			if (!run || state % 5 == 0)
				run = started("");
			now += (int64_t)(state >> 12) % (2 * 3600) * 1000000;
			covered(run, from, to);
			for (uint64_t seq = from; seq <= to; seq++)
				model[seq] = run;
			compare(model);
		}
	}
}
END_TEST

START_TEST(what_one_run_read_in_an_hour_is_one_range_and_as_old_as_its_oldest_part)
{
	uint64_t run = started("");
	int64_t first;

	now += 60 * INT64_C(1000000);
	first = now;
	for (uint64_t seq = 0; seq < 20; seq++) {
		covered(run, seq, seq);
		now += 60 * INT64_C(1000000);
	}
	ck_assert_uint_eq(runs.range_count, 1);
	ck_assert_uint_eq(runs.ranges[0].to, 20);
	ck_assert_int_eq(runs.ranges[0].time_us, first);
	now += 3600 * INT64_C(1000000);
	covered(run, 20, 30);
	ck_assert_uint_eq(runs.range_count, 2);
	ck_assert_int_eq(runs.ranges[1].time_us, now);
	/* and what another run reads is another range, whenever it was */
	run = started("");
	covered(run, 31, 40);
	ck_assert_uint_eq(runs.range_count, 3);
	/* nor does what a clock that went back says join what it follows */
	now -= 60 * INT64_C(1000000);
	covered(run, 41, 50);
	ck_assert_uint_eq(runs.range_count, 4);
	ck_assert_int_eq(runs.ranges[3].time_us, now);
	/* one range is proven by the last entry of the ledger that its last part was read from */
	covered_as("full", run, 51, 60, SEQS + 7);
	ck_assert_uint_eq(runs.range_count, 4);
	ck_assert_uint_eq(runs.ranges[3].size, SEQS + 7);
}
END_TEST

START_TEST(what_cannot_be_proven_or_was_no_full_reading_is_not_counted_on)
{
	uint64_t run = started("");

	covered_as("structure", run, 0, 10, SEQS);
	covered_as("full", run, 0, 10, 5); /* of a ledger that is shorter */
	take("audit.covered",
		printed("bytes 1\ncontainer a\nfrom-seq 0\nlevel full\nrun %" PRIu64 "\nto-seq 9\n",
			run),
		next_seq++, tote__runs_covered);
	take("audit.covered",
		printed("bytes 1\ncontainer a\nfrom-seq 0\nlevel full\nrun %" PRIu64
			"\nsize 64\nto-seq 9\n",
			run),
		next_seq++, tote__runs_covered);
	covered(run, 9, 3);
	ck_assert_uint_eq(runs.range_count, 0);
}
END_TEST

START_TEST(years_of_audits_take_no_more_memory)
{
	for (int i = 0; i < 3000; i++) {
		uint64_t run = started("");

		covered(run, 0, SEQS - 1);
		if (i % 3)
			tote__runs_ended(&runs, plain_heap(), run, i % 7 == 0);
		now += 86400 * INT64_C(1000000);
	}
	ck_assert_uint_eq(runs.range_count, 1);
	ck_assert_uint_le(runs.open_count, 16);
	/* damage everywhere, so that each seq is a range of its own */
	for (int i = 0; i < 3000; i++) {
		uint64_t run = started("");

		covered_as("full", run, (uint64_t)i * 2, (uint64_t)i * 2, 100000);
	}
	ck_assert_uint_le(runs.range_count, 256);
	ck_assert_uint_eq(runs.ranges[runs.range_count - 1].from, 2 * 2999);
	/* all of them were cut off */
	ck_assert_uint_le(runs.open_count, 16);
	ck_assert_uint_eq(tote__runs_unfinished(&runs, TOTE_LEVEL_FULL)->job, next_seq - 2);
}
END_TEST

START_TEST(a_run_goes_on_for_the_newest_that_was_cut_off_as_far_back_as_that_goes)
{
	const struct open_run *open;
	uint64_t first = started(""), second, third;

	covered(first, 0, 9);
	second = started("");
	/* a second one that goes on for nothing is the newest now */
	ck_assert_uint_eq(tote__runs_unfinished(&runs, TOTE_LEVEL_FULL)->run, second);
	ck_assert_ptr_null(tote__runs_unfinished(&runs, TOTE_LEVEL_STRUCTURE));
	tote__runs_ended(&runs, plain_heap(), second, 1);
	open = tote__runs_unfinished(&runs, TOTE_LEVEL_FULL);
	ck_assert_uint_eq(open->run, second); /* stopped: it can be gone on with */
	ck_assert_uint_eq(runs.open_count, 1);
	/* one that looks at less leaves it to be gone on with */
	third = next_seq++;
	take("audit.started", "container a\nlevel structure\n", third, tote__runs_started);
	tote__runs_ended(&runs, plain_heap(), third, 0);
	ck_assert_uint_eq(tote__runs_unfinished(&runs, TOTE_LEVEL_FULL)->run, second);
	third = started("");
	tote__runs_ended(&runs, plain_heap(), third, 0);
	ck_assert_ptr_null(tote__runs_unfinished(&runs, TOTE_LEVEL_FULL));
	ck_assert_uint_eq(runs.open_count, 0);
}
END_TEST

static uint64_t going_on(uint64_t before, uint64_t from)
{
	char fields[200];

	snprintf(fields, sizeof(fields),
		"container a\ncontinues %" PRIu64 "\nfrom-seq %" PRIu64 "\nlevel full\n", before,
		from);
	take("audit.started", fields, next_seq, tote__runs_started);
	return next_seq++;
}

START_TEST(one_that_goes_on_takes_the_place_of_the_one_before)
{
	uint64_t first = started(""), second, third;
	const struct open_run *open;

	covered(first, 0, 9);
	second = going_on(first, 10);
	third = going_on(second, 10);
	ck_assert_uint_eq(runs.open_count, 1);
	open = tote__runs_unfinished(&runs, TOTE_LEVEL_FULL);
	ck_assert_uint_eq(open->run, third);
	ck_assert_uint_eq(open->first, first);
	ck_assert_uint_eq(open->covered_to, 10);
	/* a part is never gone on with */
	take("audit.started", "container a\nlevel full\npath x/y\n", next_seq++,
		tote__runs_started);
	ck_assert_uint_eq(tote__runs_unfinished(&runs, TOTE_LEVEL_FULL)->run, third);
}
END_TEST

START_TEST(a_run_that_may_put_no_more_findings_on_record_ends_all_trust_in_those_before)
{
	uint64_t before = started(""), run;

	covered(before, 0, 40);
	run = started("");
	covered(run, 0, 9);
	for (int i = 1; i < RUN_FINDINGS_MAX; i++)
		tote__runs_found(&runs, run);
	ck_assert_uint_eq(runs.range_count, 2);
	tote__runs_found(&runs, run);
	ck_assert_uint_eq(runs.range_count, 1);
	ck_assert_uint_eq(runs.ranges[0].run, run);
	ck_assert_uint_eq(runs.ranges[0].to, 10);
}
END_TEST

Suite *runs_suite(void)
{
	Suite *s = suite_create("runs");
	TCase *t = tcase_create("runs");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, of_each_seq_the_newest_reading_counts);
	tcase_add_test(t, what_one_run_read_in_an_hour_is_one_range_and_as_old_as_its_oldest_part);
	tcase_add_test(t, what_cannot_be_proven_or_was_no_full_reading_is_not_counted_on);
	tcase_add_test(t, years_of_audits_take_no_more_memory);
	tcase_add_test(t, a_run_goes_on_for_the_newest_that_was_cut_off_as_far_back_as_that_goes);
	tcase_add_test(
		t, a_run_that_may_put_no_more_findings_on_record_ends_all_trust_in_those_before);
	tcase_add_test(t, one_that_goes_on_takes_the_place_of_the_one_before);
	suite_add_tcase(s, t);
	return s;
}
