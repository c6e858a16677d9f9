/* SPDX-License-Identifier: ISC */
/*
 * What a reader without the lock may use, and what it gets.
 */
#include "ledger/view_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- what is whole -------------------------------------------------------------------------- */

START_TEST(every_entry_under_a_checkpoint_of_any_size_is_read_and_verified)
{
	static const uint64_t sizes[] = {1, 2, 7, 255, 256, 257, 300, 512, 600};
	struct fixture *f = fixture_new();

	for (size_t i = 0; i < COUNT(sizes); i++) {
		logs_add(f->logs, sizes[i] - f->logs->count);
		logs_fold(f->logs, sizes[i]);
		open_view(f, 0, sizes[i]);
		all_is_there(f);
	}
	fixture_free(f);
}
END_TEST

START_TEST(every_size_from_1_to_600_is_whole)
{
	struct fixture *f = fixture_new();

	for (uint64_t size = 1; size <= 600; size++) {
		logs_add(f->logs, 1);
		logs_fold(f->logs, size);
		open_view(f, 0, size);
		scans(f, 0, size);
		reads(f, size / 2);
		reads(f, 0);
		reads(f, size - 1);
	}
	fixture_free(f);
}
END_TEST

START_TEST(entries_of_the_journal_are_read_below_the_mark)
{
	static const struct {
		uint64_t folded, segment, end;
		uint32_t per_group;
	} cases[] = {{0, 0, 10, 3}, {1, 1, 300, 7}, {1, 0, 40, 40}, {256, 250, 300, 1},
		{300, 300, 600, 64}, {300, 200, 520, 256}, {5, 0, 5, 2}, {700, 100, 700, 9}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture *f = fixture_new();

		logs_add(f->logs, cases[i].end);
		if (cases[i].folded)
			logs_fold(f->logs, cases[i].folded);
		logs_segment(f->logs, cases[i].segment, cases[i].end, cases[i].per_group);
		logs_line(f->logs, cases[i].end);
		open_view(f, 0, cases[i].end);
		ck_assert_int_eq(f->view.line.state, LINE_IDLE);
		all_is_there(f);
		fixture_free(f);
	}
}
END_TEST

START_TEST(several_segments_are_one_journal)
{
	struct fixture *f = fixture_new();

	logs_add(f->logs, 90);
	logs_fold(f->logs, 20);
	logs_segment(f->logs, 10, 30, 7);
	logs_segment(f->logs, 30, 31, 7);
	logs_segment(f->logs, 31, 90, 5);
	logs_line(f->logs, 90);
	open_view(f, 0, 90);
	all_is_there(f);
	fixture_free(f);
}
END_TEST

START_TEST(a_scan_covers_any_range_and_stops_where_it_is_told)
{
	struct fixture *f = fixture_new();
	struct seen s = {f->logs, 0, 260};

	logs_add(f->logs, 400);
	logs_fold(f->logs, 300);
	logs_segment(f->logs, 300, 400, 9);
	logs_line(f->logs, 400);
	open_view(f, 0, 400);
	s.logs = f->logs;
	for (uint64_t from = 0; from <= 400; from += 50)
		for (uint64_t to = from; to <= 400; to += 50)
			scans(f, from, to);
	ck_assert_int_eq(tote__view_scan(&f->view, 0, 400, see, &s, &f->fault), 7);
	ck_assert_uint_eq(s.next, 260);
	ck_fault(tote__view_scan(&f->view, 0, 401, see, &s, &f->fault), TOTE_E_NOT_FOUND, f->fault);
	fixture_free(f);
}
END_TEST

/* --- the limit ------------------------------------------------------------------------------ */

START_TEST(a_void_line_leaves_what_the_checkpoint_covers)
{
	struct fixture *f = fixture_new();

	logs_add(f->logs, 20);
	logs_fold(f->logs, 5);
	logs_segment(f->logs, 5, 20, 4);
	open_view(f, 0, 5);
	all_is_there(f);
	fixture_free(f);
}
END_TEST

START_TEST(what_lies_above_the_mark_is_not_used_unless_nobody_writes)
{
	struct fixture *f = fixture_new();

	logs_add(f->logs, 20);
	logs_fold(f->logs, 5);
	logs_segment(f->logs, 5, 20, 4);
	logs_line(f->logs, 9);
	open_view(f, 0, 9);
	all_is_there(f);
	open_view(f, VIEW_NOBODY_WRITES, 20);
	ck_assert_uint_eq(f->view.above_mark, 11);
	all_is_there(f);
	logs_line(f->logs, 20);
	open_view(f, VIEW_NOBODY_WRITES, 20);
	ck_assert_uint_eq(f->view.above_mark, 0);
	fixture_free(f);
}
END_TEST

START_TEST(of_a_copy_without_a_line_the_entries_above_the_checkpoint_lie_above_the_mark)
{
	struct fixture *f = fixture_new();

	logs_add(f->logs, 20);
	logs_fold(f->logs, 5);
	logs_segment(f->logs, 5, 20, 4);
	open_view(f, VIEW_NOBODY_WRITES, 20);
	ck_assert_uint_eq(f->view.above_mark, 15);
	fixture_free(f);
}
END_TEST

START_TEST(a_mark_that_the_journal_does_not_reach_is_busy_and_damage_where_nobody_writes)
{
	struct fixture *f = fixture_new();

	logs_add(f->logs, 20);
	logs_fold(f->logs, 5);
	logs_segment(f->logs, 5, 12, 4);
	logs_line(f->logs, 20);
	open_fails(f, 0, TOTE_E_BUSY);
	open_view(f, VIEW_NOBODY_WRITES, 12);
	ck_assert_int_eq(f->view.replay.damaged, 1);
	ck_assert_uint_eq(f->view.replay.damaged_at, 12);
	all_is_there(f);
	fixture_free(f);
}
END_TEST

START_TEST(a_repair_that_is_the_last_entry_is_used_only_below_the_checkpoint)
{
	struct fixture *f = fixture_new();

	logs_add(f->logs, 8);
	logs_add_kind(f->logs, "ledger.repaired");
	logs_fold(f->logs, 5);
	logs_segment(f->logs, 5, 9, 4);
	logs_line(f->logs, 9);
	open_view(f, 0, 8);
	open_view(f, VIEW_NOBODY_WRITES, 9);
	logs_fold(f->logs, 9);
	open_view(f, 0, 9);
	logs_remove_segment(f->logs, 5);
	logs_add(f->logs, 1);
	logs_segment(f->logs, 9, 10, 1);
	logs_line(f->logs, 10);
	open_view(f, 0, 10);
	fixture_free(f);
}
END_TEST

START_TEST(a_repair_that_is_not_the_last_entry_is_used)
{
	struct fixture *f = fixture_new();

	logs_add(f->logs, 8);
	logs_add_kind(f->logs, "ledger.repaired");
	logs_add(f->logs, 1);
	logs_fold(f->logs, 5);
	logs_segment(f->logs, 5, 10, 1);
	logs_line(f->logs, 9);
	open_view(f, 0, 9);
	logs_line(f->logs, 10);
	open_view(f, 0, 10);
	fixture_free(f);
}
END_TEST

START_TEST(nothing_at_all_is_not_found_and_tiles_alone_are_damage)
{
	struct fixture *f = fixture_new();

	open_fails(f, 0, TOTE_E_NOT_FOUND);
	open_fails(f, VIEW_NOBODY_WRITES, TOTE_E_NOT_FOUND);
	logs_add(f->logs, 3);
	logs_fold(f->logs, 3);
	logs_remove(f->logs, CHECKPOINT_NAME);
	open_fails(f, 0, TOTE_E_BUSY);
	open_view(f, VIEW_NOBODY_WRITES, 0);
	ck_assert_int_eq(f->view.replay.damaged, 1);
	fixture_free(f);
}
END_TEST

START_TEST(a_published_log_is_read_without_journal_and_line)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->logs = logs_new("log", LAYOUT_LOG);
	logs_add(f->logs, 300);
	logs_fold(f->logs, 300);
	open_view(f, 0, 300);
	all_is_there(f);
	open_view(f, VIEW_NOBODY_WRITES, 300);
	ck_assert_uint_eq(f->view.above_mark, 0);
	all_is_there(f);
	fixture_free(f);
}
END_TEST

/* --- damage --------------------------------------------------------------------------------- */

START_TEST(a_changed_bundle_is_damage_where_it_is_read_and_nowhere_else)
{
	struct fixture *f = fixture_new();

	logs_add(f->logs, 600);
	logs_fold(f->logs, 600);
	logs_damage(f->logs, "tile/entries/001", 700, 0);
	open_view(f, 0, 600);
	reads(f, 255);
	reads_fail(f, 256, TOTE_E_DAMAGED);
	reads_fail(f, 511, TOTE_E_DAMAGED);
	reads(f, 512);
	reads_fail(f, 300, TOTE_E_DAMAGED);
	reads(f, 0);
	logs_remove(f->logs, "tile/entries/000");
	reads(f, 255); /* it is still kept */
	reads(f, 599);
	reads_fail(f, 0, TOTE_E_DAMAGED);
	fixture_free(f);
}
END_TEST

START_TEST(damage_at_the_end_of_the_log_is_not_called_busy)
{
	struct fixture *f = fixture_new();

	logs_add(f->logs, 300);
	logs_fold(f->logs, 300);
	logs_damage(f->logs, "tile/entries/001.p/44", 60, 0);
	open_view(f, 0, 300);
	reads(f, 0);
	reads_fail(f, 299, TOTE_E_DAMAGED);
	fixture_free(f);
}
END_TEST

START_TEST(a_changed_tile_is_damage)
{
	struct fixture *f = fixture_new();

	logs_add(f->logs, 600);
	logs_fold(f->logs, 600);
	logs_damage(f->logs, "tile/1/000.p/2", 33, 0);
	open_view(f, 0, 600);
	reads_fail(f, 0, TOTE_E_DAMAGED);
	fixture_free(f);
}
END_TEST

START_TEST(a_scan_checks_what_the_hashes_do_not_say)
{
	static const char *const texts[] = {"no entry at all",
		/* another seq than its place */
		"toteborch.entry/1 record\nseq 9\ntime 2026-11-23T08:15:00.000003Z\nprev "
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n",
		/* another prev */
		"toteborch.entry/1 record\nseq 3\ntime 2026-11-23T08:15:00.000003Z\nprev "
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"};
	static const int codes[] = {TOTE_E_MALFORMED, TOTE_E_DAMAGED, TOTE_E_DAMAGED};

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct fixture *f = fixture_new();
		struct seen s = {f->logs, 0, UINT64_MAX};

		s.logs = f->logs;
		logs_add(f->logs, 3);
		logs_add_bytes(f->logs, texts[i], strlen(texts[i]));
		logs_add(f->logs, 3);
		logs_fold(f->logs, 7);
		open_view(f, 0, 7);
		reads(f, 3); /* its bytes are what was signed */
		ck_fault(tote__view_scan(&f->view, 0, 7, see, &s, &f->fault), codes[i], f->fault);
		ck_assert_uint_eq(s.next, 3);
		ck_assert_uint_eq(f->fault.flags, TOTE_FAULT_SEQ);
		ck_assert_uint_eq(f->fault.seq, 3);
		memset(&f->fault, 0, sizeof(f->fault));
		s.next = 3;
		ck_fault(tote__view_scan(&f->view, 3, 7, see, &s, &f->fault), codes[i], f->fault);
		fixture_free(f);
	}
}
END_TEST

START_TEST(a_broken_checkpoint_gives_no_view)
{
	struct fixture *f = fixture_new();

	logs_add(f->logs, 8);
	logs_fold(f->logs, 5);
	logs_segment(f->logs, 0, 8, 1);
	logs_put_checkpoint(f->logs, "x\n", 2);
	open_fails(f, 0, TOTE_E_BUSY);
	logs_line(f->logs, 8);
	open_fails(f, 0, TOTE_E_BUSY);
	open_view(f, VIEW_NOBODY_WRITES, 0);
	ck_assert_int_eq(f->view.replay.damaged, 1);
	fixture_free(f);
}
END_TEST

/* Each allocation fails once: nothing leaks, nothing crashes, and then it works. */
START_TEST(no_memory_is_an_error_and_no_leak)
{
	struct fixture *f = fixture_new();
	const struct heap real = f->logs->ctx->heap;
	int fired = 1;

	tote__hasher(f->logs->ctx); /* lives as long as the context */
	logs_add(f->logs, 300);
	logs_fold(f->logs, 280);
	logs_segment(f->logs, 280, 300, 7);
	logs_line(f->logs, 300);
	for (long n = 0; fired; n++) {
		struct failing memory = {.fail_at = n, .once = 1};
		struct seen s = {f->logs, 0, UINT64_MAX};
		struct tote_fault fault = {0};
		struct heap heap = failing_heap(&memory);
		int r;

		/* the backend of the context keeps the heap's address: only for these calls */
		f->logs->ctx->heap.user = heap.user;
		f->logs->ctx->heap.resize = heap.resize;
		f->logs->ctx->heap.release = heap.release;
		r = tote__view_open(&f->view, &f->logs->place, 0, &fault);
		if (!r)
			r = tote__view_scan(&f->view, 0, 300, see, &s, &fault);
		tote__view_close(&f->view);
		f->logs->ctx->heap = real;
		fired = memory.fired;
		ck_assert_int_eq(memory.live, 0);
		ck_assert_int_eq(r, fired ? TOTE_E_NO_MEMORY : 0);
	}
	fixture_free(f);
}
END_TEST

static int pass(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	(void)user, (void)e, (void)leaf, (void)verified, (void)fault;
	return 0;
}

/* The chain and the signature are whole: who signed it was a faulty or hostile program. */
START_TEST(an_entry_that_bears_another_seq_than_its_place_is_damage)
{
	struct draft d = {.kind = "record"};
	struct fixture *f = fixture_new();
	uint8_t prev[HASH_LEN];
	struct buf entry;

	logs_add(f->logs, 3);
	logs_prev(f->logs, 3, prev);
	tote__buf_init(&entry, plain_heap(), ENTRY_MAX);
	ck_ok(tote__entry_encode(&d, 4, LOGS_TIME, prev, NULL, &entry, &f->fault), f->fault);
	logs_add_bytes(f->logs, entry.data, entry.len);
	tote__buf_free(&entry);
	logs_fold(f->logs, 4);
	open_view(f, 0, 4);
	ck_fault(tote__view_scan(&f->view, 0, 4, pass, NULL, &f->fault), TOTE_E_DAMAGED, f->fault);
	ck_assert_uint_eq(f->fault.seq, 3);
	fixture_free(f);
}
END_TEST

Suite *view_suite(void)
{
	Suite *s = suite_create("view");
	TCase *c = tcase_create("view");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, every_entry_under_a_checkpoint_of_any_size_is_read_and_verified);
	tcase_add_test(c, every_size_from_1_to_600_is_whole);
	tcase_add_test(c, entries_of_the_journal_are_read_below_the_mark);
	tcase_add_test(c, several_segments_are_one_journal);
	tcase_add_test(c, a_scan_covers_any_range_and_stops_where_it_is_told);
	tcase_add_test(c, a_void_line_leaves_what_the_checkpoint_covers);
	tcase_add_test(c, what_lies_above_the_mark_is_not_used_unless_nobody_writes);
	tcase_add_test(
		c, of_a_copy_without_a_line_the_entries_above_the_checkpoint_lie_above_the_mark);
	tcase_add_test(
		c, a_mark_that_the_journal_does_not_reach_is_busy_and_damage_where_nobody_writes);
	tcase_add_test(c, a_repair_that_is_the_last_entry_is_used_only_below_the_checkpoint);
	tcase_add_test(c, a_repair_that_is_not_the_last_entry_is_used);
	tcase_add_test(c, nothing_at_all_is_not_found_and_tiles_alone_are_damage);
	tcase_add_test(c, a_published_log_is_read_without_journal_and_line);
	tcase_add_test(c, a_changed_bundle_is_damage_where_it_is_read_and_nowhere_else);
	tcase_add_test(c, damage_at_the_end_of_the_log_is_not_called_busy);
	tcase_add_test(c, a_changed_tile_is_damage);
	tcase_add_test(c, a_scan_checks_what_the_hashes_do_not_say);
	tcase_add_test(c, a_broken_checkpoint_gives_no_view);
	tcase_add_test(c, no_memory_is_an_error_and_no_leak);
	tcase_add_test(c, an_entry_that_bears_another_seq_than_its_place_is_damage);
	suite_add_tcase(s, c);
	return s;
}
