/* SPDX-License-Identifier: ISC */
/*
 * Assets of every size, read by several threads and taken in their order: each damage is found in
 * each of them, by whatever way it is read, however small the steps are.
 */
#include "support/audited.h"
#include <dirent.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Around a block, a small asset (64 KiB), what is read at once (256 KiB) and a turn (4 MiB). */
static const size_t sizes[] = {
	1, 4095, 4096, 4097, 65535, 65536, 65537, 262144, 300001, 4194304, 5000000, 20};

#define SIZES (sizeof(sizes) / sizeof(sizes[0]))
#define LARGE ((size_t)12 << 20)
#define MANY  100 /* small ones behind them: more than one batch */

static struct audited a;

static void seal_bytes(const char *path, size_t size)
{
	uint8_t *bytes = malloc(size);
	struct tote_source source = source_of(path, "");

	source.data = bytes;
	source.length = size;
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * 7 + size);
	ck_ok(tote_box_seal(a.box, &source, 1, NULL, 0, NULL, &a.fault), a.fault);
	free(bytes);
}

static const char *name_of(size_t i)
{
	return printed("assets/s/%02zu", i);
}

static void setup(void)
{
	audited_make(&a);
	for (size_t i = 0; i < SIZES; i++)
		seal_bytes(printed("s/%02zu", i), sizes[i]);
	audited_fold(&a);
	audited_shut(&a);
	a.target.level = TOTE_LEVEL_FULL;
}

static void teardown(void)
{
	audited_remove(&a);
}

static uint64_t first_seq(void)
{
	audit(&a);
	all_is_well(&a);
	return a.result.entries - SIZES;
}

static void flip(size_t i, size_t at)
{
	const char *path = audited_path(&a, name_of(i));

	ck_assert_int_eq(chmod(path, 0644), 0);
	file_flip(path, at, 1);
	ck_assert_int_eq(chmod(path, 0444), 0);
}

START_TEST(the_first_and_the_last_byte_of_an_asset_of_any_size_are_read)
{
	uint64_t first = first_seq();

	for (size_t i = 0; i < SIZES; i++)
		for (size_t at = 0; at<sizes[i]; at += sizes[i]> 1 ? sizes[i] - 1 : 1) {
			flip(i, at);
			audit(&a);
			only_finding(&a, FINDING_ASSET_CHANGED, name_of(i), first + i);
			ck_assert_uint_eq(a.result.assets, a.result.assets_total - 1);
			flip(i, at);
		}
}
END_TEST

START_TEST(an_asset_that_is_the_beginning_of_what_lies_there_is_no_asset_that_is_whole)
{
	uint64_t first = first_seq();

	for (size_t i = 0; i < SIZES; i++) {
		const char *path = audited_path(&a, name_of(i));

		file_truncate(path, sizes[i] + 1);
		audit(&a);
		only_finding(&a, FINDING_ASSET_SIZE, name_of(i), first + i);
		file_truncate(path, sizes[i]);
	}
}
END_TEST

static int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* The store with calls of a test's own. */
static struct store_ops *own_ops(void)
{
	static struct store_ops ops;
	static struct place place;

	ops = *a.place.ops;
	place = a.place;
	place.ops = &ops;
	a.target.place = &place;
	return &ops;
}

static void only_by_one_thread(void)
{
	own_ops()->capabilities &= ~STORE_CAN_ANY_THREAD;
}

/* In steps of a byte, of a piece, of more; by one thread, two, and as many as there are. */
START_TEST(steps_and_threads_of_any_number_find_the_same_and_count_each_byte_once)
{
	static const uint64_t steps[] = {1, 100000, 3000000, 0};
	uint64_t bytes = (first_seq(), a.result.bytes);

	flip(3, 10);
	flip(10, 4999999);
	for (int threads = 0; threads < 4; threads++) {
		a.target.readers = threads < 3 ? (uint32_t)threads : 0;
		if (threads == 3)
			only_by_one_thread();
		for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
			uint64_t at = 0;

			tote__run_free(a.run);
			ck_ok(tote__run_start(&a.target, &a.run, &a.fault), a.fault);
			while (tote__run_step(a.run, steps[i], 0, &a.fault) > 0) {
				tote__run_result(a.run, &a.result);
				ck_assert_uint_ge(a.result.bytes, at);
				ck_assert_uint_ge(a.result.bytes_total, a.result.bytes);
				at = a.result.bytes;
			}
			tote__run_result(a.run, &a.result);
			ck_assert_uint_eq(findings(&a), 2);
			ck_assert_ptr_nonnull(finding_of(&a, FINDING_ASSET_CHANGED, name_of(3)));
			ck_assert_ptr_nonnull(finding_of(&a, FINDING_ASSET_CHANGED, name_of(10)));
			/* and what differs twice more */
			ck_assert_uint_eq(a.result.bytes, bytes + 2 * (sizes[3] + sizes[10]));
		}
	}
}
END_TEST

/* A step ends soon after its bound, also in the midst of a large asset; the rest is read later. */
START_TEST(a_step_reads_hardly_more_than_it_may)
{
	uint64_t before = 0;

	ck_ok(tote__run_start(&a.target, &a.run, &a.fault), a.fault);
	for (int more = 1; more;) {
		more = tote__run_step(a.run, 1000000, 0, &a.fault);
		tote__run_result(a.run, &a.result);
		ck_assert_uint_le(a.result.bytes - before, 1000000 + (8 << 20));
		before = a.result.bytes;
	}
	all_is_well(&a);
}
END_TEST

/* The first object that is read, and whether another one was while it had to wait for that. */
static _Atomic(void *) first_read;
static atomic_int second_read;

static int read_together(void *object, uint64_t offset, void *out, size_t cap, size_t *ret_len,
	int *ret_cached, struct tote_fault *fault)
{
	void *none = NULL;

	if (offset >= LARGE / 2) {
		if (!atomic_compare_exchange_strong(&first_read, &none, object) && none != object)
			atomic_store(&second_read, 1);
		for (int i = 0; i < 10000 && !atomic_load(&second_read); i++)
			usleep(1000);
		if (!atomic_load(&second_read))
			atomic_store(&second_read, -1);
	}
	return a.place.ops->object_read(object, offset, out, cap, ret_len, ret_cached, fault);
}

START_TEST(large_assets_are_read_together_also_where_a_step_is_smaller_than_one)
{
	a.box = boxed_open(&a.b);
	seal_bytes("large/1", LARGE);
	seal_bytes("large/2", LARGE);
	audited_fold(&a);
	audited_shut(&a);
	own_ops()->object_read = read_together;
	ck_ok(tote__run_start(&a.target, &a.run, &a.fault), a.fault);
	while (tote__run_step(a.run, LARGE / 2 + 1, 0, &a.fault) > 0)
		continue;
	ck_assert_int_eq(second_read, 1);
	tote__run_result(a.run, &a.result);
	all_is_well(&a);
}
END_TEST

START_TEST(a_run_that_is_dropped_at_any_step_leaves_nothing_open)
{
	int open = 0;

	for (int steps = 1, more = 1; more; steps++) {
		ck_ok(tote__run_start(&a.target, &a.run, &a.fault), a.fault);
		for (int i = 0; more && i < steps; i++)
			more = tote__run_step(a.run, 200000, 0, &a.fault);
		tote__run_free(a.run);
		a.run = NULL;
		if (steps == 1)
			open = open_descriptors();
		ck_assert_int_eq(open_descriptors(), open);
	}
}
END_TEST

START_TEST(more_small_assets_than_a_batch_are_all_read)
{
	a.box = boxed_open(&a.b);
	for (size_t i = 0; i < MANY; i++)
		seal_bytes(printed("m/%03zu", i), 100 + i);
	audited_fold(&a);
	audited_shut(&a);
	audit(&a);
	ck_assert_uint_eq(findings(&a), 0);
	ck_assert_uint_eq(a.result.assets, 4 + SIZES + MANY);
	for (size_t i = 0; i < MANY; i += 33) {
		const char *path = audited_path(&a, printed("assets/m/%03zu", i));

		ck_assert_int_eq(unlink(path), 0);
	}
	audit(&a);
	ck_assert_uint_eq(findings(&a), 4);
	ck_assert_uint_eq(a.result.assets, SIZES + MANY);
}
END_TEST

/* --- the five damages of which other tools find some ---------------------------------------- */

START_TEST(each_of_five_damages_at_once_is_named_by_its_file)
{
	uint64_t first = first_seq();
	char cut[400];

	flip(1, 7);
	snprintf(cut, sizeof(cut), "%s", audited_path(&a, name_of(2)));
	file_truncate(cut, 100);
	ck_assert_int_eq(unlink(audited_path(&a, name_of(6))), 0);
	put_file(&a, "assets/s/extra", "x", 0444);
	ck_assert_int_eq(chmod(audited_path(&a, name_of(8)), 0644), 0);
	audit(&a);
	ck_assert_uint_eq(findings(&a), 5);
	ck_assert_ptr_nonnull(finding_of(&a, FINDING_ASSET_CHANGED, name_of(1)));
	ck_assert_ptr_nonnull(finding_of(&a, FINDING_ASSET_SIZE, name_of(2)));
	ck_assert_ptr_nonnull(finding_of(&a, FINDING_ASSET_MISSING, name_of(6)));
	ck_assert_ptr_nonnull(finding_of(&a, FINDING_ASSET_FOREIGN, "assets/s/extra"));
	ck_assert_ptr_nonnull(finding_of(&a, FINDING_ASSET_MODE, name_of(8)));
	ck_assert_uint_eq(finding_of(&a, FINDING_ASSET_CHANGED, name_of(1))->seq, first + 1);
	ck_assert_uint_eq(a.result.verdict, TOTE_VERDICT_DAMAGED);
}
END_TEST

Suite *asset_read_suite(void)
{
	Suite *s = suite_create("asset_read");
	TCase *t = tcase_create("asset_read");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, the_first_and_the_last_byte_of_an_asset_of_any_size_are_read);
	tcase_add_test(
		t, an_asset_that_is_the_beginning_of_what_lies_there_is_no_asset_that_is_whole);
	tcase_add_test(t, steps_and_threads_of_any_number_find_the_same_and_count_each_byte_once);
	tcase_add_test(t, a_step_reads_hardly_more_than_it_may);
	tcase_add_test(t, large_assets_are_read_together_also_where_a_step_is_smaller_than_one);
	tcase_add_test(t, a_run_that_is_dropped_at_any_step_leaves_nothing_open);
	tcase_add_test(t, more_small_assets_than_a_batch_are_all_read);
	tcase_add_test(t, each_of_five_damages_at_once_is_named_by_its_file);
	suite_add_tcase(s, t);
	return s;
}
