/* SPDX-License-Identifier: ISC */
/*
 * What the posix store syncs, counted at the kernel: a sync that is left out loses nothing until the
 * power goes, so that no other test would miss it.
 */
#include "store/posix_house.h"
#include "store/posix_touched.h"

struct syncs {
	long file, data, whole;
};

static struct syncs syncs_now(void)
{
	return (struct syncs){
		faulty_count(CALL_FSYNC), faulty_count(CALL_FDATASYNC), faulty_count(CALL_SYNCFS)};
}

static void made(const struct syncs *before, long file, long data, long whole)
{
	const struct syncs now = syncs_now();

	ck_assert_int_eq(now.file - before->file, file);
	ck_assert_int_eq(now.data - before->data, data);
	ck_assert_int_eq(now.whole - before->whole, whole);
}

START_TEST(a_cell_is_synced_before_its_name_and_its_name_too)
{
	struct syncs before;
	HOUSE(h);

	before = syncs_now();
	ck_ok(h.ops->cell_swap(h.at, SPACE_LOG, "checkpoint", NULL, 0, "x", 1, 0, &h.fault),
		h.fault);
	made(&before, 2, 0, 0);
	before = syncs_now();
	ck_ok(h.ops->cell_sync(h.at, SPACE_LOG, "checkpoint", &h.fault), h.fault);
	made(&before, 2, 0, 0);
	house_end(&h);
}
END_TEST

START_TEST(an_object_found_in_place_is_synced_and_so_is_its_name_by_the_next_barrier)
{
	struct syncs before, after;
	HOUSE(h);

	house_put(&h, SPACE_LOG, "tile/0/000", "x");
	ck_ok(h.ops->barrier(h.at, SPACE_LOG, &h.fault), h.fault);
	before = syncs_now();
	ck_ok(h.ops->barrier(h.at, SPACE_LOG, &h.fault), h.fault);
	made(&before, 0, 0, 0); /* nothing is left to do */
	before = syncs_now();
	ck_ok(h.ops->sync_object(h.at, SPACE_LOG, "tile/0/000", &h.fault), h.fault);
	after = syncs_now();
	ck_assert_int_eq(after.file + after.whole - before.file - before.whole, 1);
	before = after;
	ck_ok(h.ops->barrier(h.at, SPACE_LOG, &h.fault), h.fault);
	after = syncs_now(); /* tile/0, tile and log/, or all at once */
	ck_assert_msg(after.whole > before.whole || after.file - before.file >= 3,
		"%ld syncs of a file", after.file - before.file);
	house_end(&h);
}
END_TEST

START_TEST(a_segment_is_synced_when_it_is_made_when_it_grows_and_with_each_group)
{
	struct syncs before;
	void *segment;
	uint64_t bytes;
	HOUSE(h);

	before = syncs_now();
	ck_ok(h.ops->journal_make(h.at, 0, "h", 1, 4096, &h.fault), h.fault);
	made(&before, 2, 0, 0); /* the file, and the directory of its name */
	ck_ok(h.ops->journal_open(h.at, 0, &segment, &bytes, &h.fault), h.fault);
	before = syncs_now();
	ck_ok(h.ops->journal_grow(segment, 8192, &h.fault), h.fault);
	made(&before, 1, 0, 0);
	before = syncs_now();
	ck_ok(h.ops->journal_write(segment, 0, "x", 1, &h.fault), h.fault);
	ck_ok(h.ops->journal_sync(segment, &h.fault), h.fault);
	made(&before, 0, 1, 0);
	before = syncs_now();
	ck_ok(h.ops->journal_sync_names(h.at, &h.fault), h.fault);
	made(&before, 2, 0, 0); /* journal/ and ledger/ */
	h.ops->journal_close(segment);
	house_end(&h);
}
END_TEST

START_TEST(the_line_is_synced_where_that_is_asked_for)
{
	struct syncs before;
	HOUSE(h);

	ck_ok(h.ops->lock_take(h.at, LOCK_BYTE_WRITE, 0, &h.fault), h.fault);
	before = syncs_now();
	ck_ok(h.ops->line_write(h.at, "a line\n", 7, &h.fault), h.fault);
	made(&before, 0, 0, 0);
	ck_ok(h.ops->line_sync(h.at, &h.fault), h.fault);
	made(&before, 1, 0, 0);
	h.ops->lock_drop(h.at, LOCK_BYTE_WRITE);
	house_end(&h);
}
END_TEST

#define STAGES 16

static void stage_some(struct house *h, void *stages[STAGES], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		ck_ok(h->ops->stage_begin(h->at, &stages[i], &h->fault), h->fault);
		ck_ok(h->ops->stage_write(stages[i], "x", 1, &h->fault), h->fault);
	}
	ck_ok(h->ops->stage_sync(stages, count, &h->fault), h->fault);
}

START_TEST(staged_bytes_are_synced_one_by_one_or_all_at_once)
{
	static const size_t counts[] = {1, 3, STAGES};

	for (size_t n = 0; n < sizeof(counts) / sizeof(counts[0]); n++) {
		void *stages[STAGES];
		struct syncs before, after;
		HOUSE(h);

		before = syncs_now();
		stage_some(&h, stages, counts[n]);
		after = syncs_now();
		ck_assert_msg(after.whole - before.whole == 1 ||
				      after.file - before.file == (long)counts[n],
			"%ld syncs of %zu files", after.file - before.file, counts[n]);
		for (size_t i = 0; i < counts[n]; i++)
			h.ops->stage_close(stages[i]);
		house_end(&h);
	}
}
END_TEST

START_TEST(a_takeover_syncs_assets_and_each_parent)
{
	static const char *const paths[] = {"a/one", "b/c/two"};
	struct syncs before, after;
	HOUSE(h);

	for (size_t i = 0; i < 2; i++)
		ck_ok(h.ops->make_parents(h.at, paths[i], &h.fault), h.fault);
	before = syncs_now();
	ck_ok(h.ops->sync_parents(h.at, paths, 0, &h.fault), h.fault);
	made(&before, 1, 0, 0); /* assets/ */
	before = syncs_now();
	ck_ok(h.ops->sync_parents(h.at, paths, 2, &h.fault), h.fault);
	after = syncs_now(); /* assets/, a, b, b/c */
	ck_assert_int_ge(after.file - before.file, 4);
	house_end(&h);
}
END_TEST

START_TEST(parents_are_synced_whether_or_not_they_were_there)
{
	struct syncs before, after;
	HOUSE(h);

	for (int again = 0; again < 2; again++) {
		before = syncs_now();
		ck_ok(h.ops->make_parents(h.at, "a/b/file", &h.fault), h.fault);
		after = syncs_now();
		ck_assert_int_ge(after.file - before.file, 3); /* assets/, a, a/b */
	}
	house_end(&h);
}
END_TEST

/* One that was killed may have made what is found above, and have synced nothing. */
START_TEST(provisioning_syncs_the_names_of_what_it_finds_above)
{
	struct syncs before, after;
	HOUSE(h);

	for (int again = 0; again < 2; again++) {
		long up = 1;

		for (const char *at = house_location(&h); *at; at++)
			up += *at == '/';
		before = syncs_now();
		ck_ok(tote__place_provision(
			      h.ctx, "posix", house_location(&h), LAYOUT_CONTAINER, &h.fault),
			h.fault);
		after = syncs_now();
		/* the skeleton, the container's name, and each above it */
		ck_assert_int_ge(after.file - before.file, 6 + up - 1);
	}
	house_end(&h);
}
END_TEST

/* --- what a barrier has to sync -------------------------------------------------------------- */

struct asked {
	struct touched *touched;
	const char *meanwhile; /* touched while the first directory is synced */
	int count, calls;
	char paths[16][64];
};

static int ask(void *user, int space, const char *path, struct tote_fault *fault)
{
	struct asked *a = user;

	ck_assert_int_lt(a->count, 16);
	snprintf(a->paths[a->count++], sizeof(a->paths[0]), "%s", path);
	if (a->calls++ == 0 && a->meanwhile) {
		const size_t len = strlen(a->meanwhile);

		ck_ok(tote__touched_pin(a->touched, space, a->meanwhile, len, fault), *fault);
		tote__touched_unpin(a->touched, space, a->meanwhile, len, 1);
	}
	return 0;
}

static int was_asked(const struct asked *a, const char *path)
{
	for (int i = 0; i < a->count; i++)
		if (strcmp(a->paths[i], path) == 0)
			return 1;
	return 0;
}

static void touch(struct touched *t, const char *path, int pin, int unpin)
{
	struct tote_fault fault = {0};

	if (pin)
		ck_ok(tote__touched_pin(t, SPACE_LOG, path, strlen(path), &fault), fault);
	if (unpin)
		tote__touched_unpin(t, SPACE_LOG, path, strlen(path), 1);
}

START_TEST(what_changes_while_a_barrier_is_at_work_is_the_next_ones)
{
	struct tote_fault fault = {0};
	struct touched t;
	struct asked a = {.touched = &t};

	ck_ok(tote__touched_init(&t, plain_heap(), &fault), fault);
	touch(&t, "b", 1, 1);
	touch(&t, "c", 1, 0); /* somebody is still about to change it */
	a.meanwhile = "a";
	ck_ok(tote__touched_sync(&t, SPACE_LOG, ask, &a, &fault), fault);
	ck_assert_int_eq(was_asked(&a, "b"), 1);
	touch(&t, "c", 0, 1);
	a = (struct asked){.touched = &t};
	ck_ok(tote__touched_sync(&t, SPACE_LOG, ask, &a, &fault), fault);
	ck_assert_int_eq(was_asked(&a, "a"), 1);
	ck_assert_int_eq(was_asked(&a, "c"), 1);
	ck_assert_int_eq(was_asked(&a, ""), 1);
	a = (struct asked){.touched = &t};
	ck_ok(tote__touched_sync(&t, SPACE_LOG, ask, &a, &fault), fault);
	ck_assert_int_eq(a.count, 0);
	tote__touched_free(&t);
}
END_TEST

/* Two at one directory: that the first one changed nothing there says nothing of the second. */
START_TEST(who_changed_nothing_takes_no_directory_from_who_still_will)
{
	struct tote_fault fault = {0};
	struct touched t;
	struct asked a = {.touched = &t};

	ck_ok(tote__touched_init(&t, plain_heap(), &fault), fault);
	touch(&t, "d/e", 1, 0);
	touch(&t, "d/e", 1, 0);
	tote__touched_unpin(&t, SPACE_LOG, "d/e", 3, 0);
	touch(&t, "d/e", 0, 1);
	ck_ok(tote__touched_sync(&t, SPACE_LOG, ask, &a, &fault), fault);
	ck_assert_int_eq(was_asked(&a, "d/e"), 1);
	ck_assert_int_eq(was_asked(&a, "d"), 1);
	ck_assert_int_eq(was_asked(&a, ""), 1);
	tote__touched_free(&t);
}
END_TEST

START_TEST(a_journal_built_aside_is_synced_with_all_its_names_and_so_is_its_exchange)
{
	struct syncs before;
	HOUSE(h);

	before = syncs_now();
	ck_ok(h.ops->journal_build(h.at, "00000000000000000005", 5, "h", 1, 4096, &h.fault),
		h.fault);
	made(&before, 4, 0, 0); /* ledger/, damaged/, the segment, and the directory of its name */
	before = syncs_now();
	ck_ok(h.ops->journal_exchange(h.at, "00000000000000000005", &h.fault), h.fault);
	made(&before, 2, 0, 0); /* damaged/ and ledger/ */
	house_end(&h);
}
END_TEST

START_TEST(a_journal_whose_exchange_was_not_synced_is_of_unknown_effect)
{
	mode_t before;
	HOUSE(h);

	before = umask(077);
	ck_ok(h.ops->journal_build(h.at, "00000000000000000005", 5, "h", 1, 4096, &h.fault),
		h.fault);
	ck_assert_uint_eq(
		mode_of(IN(h, "ledger/damaged/00000000000000000005/00000000000000000005")), 0640);
	umask(before);
	faulty_fail(CALL_RENAMEAT2, 0, 1, EIO);
	ck_fault(h.ops->journal_exchange(h.at, "00000000000000000005", &h.fault), TOTE_E_IO,
		h.fault);
	ck_assert_uint_eq(h.fault.effect, TOTE_EFFECT_NONE);
	faulty_fail(CALL_FSYNC, 0, 1, EIO);
	ck_fault(h.ops->journal_exchange(h.at, "00000000000000000005", &h.fault), TOTE_E_IO,
		h.fault);
	ck_assert_uint_eq(h.fault.effect, TOTE_EFFECT_UNKNOWN);
	house_end(&h);
}
END_TEST

START_TEST(what_is_set_aside_is_synced_where_it_was_and_where_it_goes)
{
	struct syncs before, after;
	HOUSE(h);

	house_put(&h, SPACE_LOG, "tile/0/000", "x");
	ck_ok(h.ops->barrier(h.at, SPACE_LOG, &h.fault), h.fault);
	ck_ok(h.ops->set_aside(h.at, "00000000000000000005.log", "tile/0/000", &h.fault), h.fault);
	before = syncs_now();
	ck_ok(h.ops->barrier(h.at, SPACE_LOG, &h.fault), h.fault);
	after = syncs_now();
	ck_assert(after.whole > before.whole || after.file - before.file >= 1);
	before = after;
	ck_ok(h.ops->barrier(h.at, SPACE_LEDGER, &h.fault), h.fault);
	after = syncs_now(); /* tile/0, tile, the set, damaged/ and ledger/ */
	ck_assert_msg(after.whole > before.whole || after.file - before.file >= 5,
		"%ld syncs of a file", after.file - before.file);
	house_end(&h);
}
END_TEST

Suite *syncs_suite(void)
{
	Suite *s = suite_create("store/syncs");
	TCase *c = tcase_create("syncs");

	tcase_add_test(c, a_cell_is_synced_before_its_name_and_its_name_too);
	tcase_add_test(
		c, an_object_found_in_place_is_synced_and_so_is_its_name_by_the_next_barrier);
	tcase_add_test(c, a_segment_is_synced_when_it_is_made_when_it_grows_and_with_each_group);
	tcase_add_test(c, the_line_is_synced_where_that_is_asked_for);
	tcase_add_test(c, staged_bytes_are_synced_one_by_one_or_all_at_once);
	tcase_add_test(c, a_takeover_syncs_assets_and_each_parent);
	tcase_add_test(c, parents_are_synced_whether_or_not_they_were_there);
	tcase_add_test(c, provisioning_syncs_the_names_of_what_it_finds_above);
	tcase_add_test(c, what_changes_while_a_barrier_is_at_work_is_the_next_ones);
	tcase_add_test(c, who_changed_nothing_takes_no_directory_from_who_still_will);
	tcase_add_test(
		c, a_journal_built_aside_is_synced_with_all_its_names_and_so_is_its_exchange);
	tcase_add_test(c, a_journal_whose_exchange_was_not_synced_is_of_unknown_effect);
	tcase_add_test(c, what_is_set_aside_is_synced_where_it_was_and_where_it_goes);
	suite_add_tcase(s, c);
	return s;
}
