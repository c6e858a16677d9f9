/* SPDX-License-Identifier: ISC */
/*
 * The fold: whatever step of it fails, nothing is lost, nothing is signed that the medium does not
 * bear out, and the next one completes it.
 */
#include "ledger/fold_fixture.h"

static const char *const backends[] = {"memory", "posix"};

/* Sizes around the ends of tiles and of levels of tiles. */
START_TEST(folds_of_any_size_extend_each_other)
{
	static const uint64_t sizes[] = {
		2, 3, 255, 256, 257, 511, 512, 700, 1024, 1025, 1300, 4096, 4097, 66000};
	size_t count = sizeof(sizes) / sizeof(sizes[0]) - (_i ? 1 : 0);
	struct fixture f;
	struct ledger *l;
	uint64_t next = 1;

	fixture_make(&f, backends[_i]);
	l = fixture_create(&f);
	for (size_t i = 0; i < count; i++) {
		append_grouped(l, next, sizes[i]);
		next = sizes[i];
		fold(l, next);
		log_is_whole(&f, next);
		fold(l, next); /* nothing is new: the same again */
	}
	ledger_is_whole(l, next);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(nothing_new_signs_nothing)
{
	struct buf first, second;
	struct tote_fault fault;
	struct checkpoint c;
	struct fixture f;
	struct ledger *l;
	int signs;

	fixture_make(&f, backends[_i]);
	l = fixture_create(&f);
	tote__buf_init(&first, plain_heap(), NOTE_MAX);
	tote__buf_init(&second, plain_heap(), NOTE_MAX);
	signs = f.keeper.signs;
	memset(&fault, 0, sizeof(fault));
	ck_ok(tote__ledger_fold(l, &c, &first, &fault), fault);
	ck_ok(tote__ledger_fold(l, &c, &second, &fault), fault);
	ck_assert_int_eq(f.keeper.signs, signs);
	ck_assert_uint_eq(first.len, second.len);
	ck_assert_mem_eq(first.data, second.data, first.len);
	tote__buf_free(&first);
	tote__buf_free(&second);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(superseded_partial_tiles_go_and_those_of_the_checkpoint_stay)
{
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, "posix");
	l = fixture_create(&f);
	append_grouped(l, 1, 200);
	fold(l, 200);
	append_grouped(l, 200, 255);
	fold(l, 255);
	ck_assert_int_eq(file_exists(fixture_path(&f, "log/tile/0/000.p/200")), 1);
	ck_assert_int_eq(file_exists(fixture_path(&f, "log/tile/entries/000.p/255")), 1);
	append_grouped(l, 255, 300);
	fold(l, 300);
	ck_assert_int_eq(file_exists(fixture_path(&f, "log/tile/0/000")), 1);
	ck_assert_int_eq(file_exists(fixture_path(&f, "log/tile/0/000.p/1")), 0);
	ck_assert_int_eq(file_exists(fixture_path(&f, "log/tile/0/000.p/200")), 0);
	ck_assert_int_eq(file_exists(fixture_path(&f, "log/tile/entries/000.p/200")), 0);
	ck_assert_int_eq(file_exists(fixture_path(&f, "log/tile/entries/000.p/255")), 0);
	ck_assert_int_eq(file_exists(fixture_path(&f, "log/tile/entries/001.p/44")), 1);
	ck_assert_int_eq(file_exists(fixture_path(&f, "log/tile/0/001.p/44")), 1);
	ck_assert_int_eq(file_exists(fixture_path(&f, "log/tile/1/000.p/1")), 1);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

/*
 * Each operation of a fold fails in turn: once, from there on, or only by report. Then a new handle
 * finds all entries, and appends and folds go on.
 */
/* Until then the old one is the newest that any reader has, and these are its tiles. */
START_TEST(partial_tiles_stay_until_the_new_checkpoint_is_published)
{
	static const char *const tiles[] = {"tile/0/000.p/200", "tile/entries/000.p/200"};
	struct checkpoint c;
	struct faults faults;
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, "posix");
	tote__ledger_close(fixture_create(&f));
	faults_make(&faults, &f.place);
	f.options.place = &faults.place;
	l = fixture_open(&f);
	append_grouped(l, 1, 200);
	fold(l, 200);
	append_grouped(l, 200, 300);
	faults.only = "cell_swap";
	for (int i = 0; i < 3; i++) {
		f.keeper.fail_sign = i == 0;
		f.keeper.fail_last_write = i == 1;
		faults_arm(&faults, i == 2 ? FAULT_ONCE : FAULT_NEVER, 0);
		ck_assert_int_lt(tote__ledger_fold(l, &c, NULL, &f.fault), 0);
		for (int t = 0; t < 2; t++)
			ck_assert(file_exists(fixture_path(&f, printed("log/%s", tiles[t]))));
	}
	faults_disarm(&faults);
	f.keeper.fail_last_write = 0;
	fold(l, 300);
	for (int t = 0; t < 2; t++)
		ck_assert(!file_exists(fixture_path(&f, printed("log/%s", tiles[t]))));
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_fold_interrupted_at_any_step_is_completed_by_the_next)
{
	static const int modes[] = {FAULT_ONCE, FAULT_FROM, FAULT_REPORTED};
	int mode = modes[_i % 3];
	uint64_t next = 250;
	struct faults faults;
	struct fixture f;
	struct ledger *l;
	int done = 0;

	fixture_make(&f, backends[_i / 3]);
	l = fixture_create(&f);
	append_grouped(l, 1, next);
	tote__ledger_close(l);
	faults_make(&faults, &f.place);
	for (long k = 0; !done; k++) {
		struct checkpoint c;
		int r;

		f.options.place = &faults.place;
		l = fixture_open(&f);
		append_grouped(l, next, next + 3);
		next += 3;
		faults_arm(&faults, mode, k);
		r = tote__ledger_fold(l, &c, NULL, &f.fault);
		done = !faults.fired;
		faults_disarm(&faults);
		ck_assert(r == 0 || !done);
		tote__ledger_close(l);
		memset(&f.fault, 0, sizeof(f.fault));
		f.options.place = &f.place;
		l = fixture_open(&f);
		ledger_is_whole(l, next);
		append_grouped(l, next, next + 2);
		next += 2;
		if (k % 3 == 0)
			fold(l, next);
		ledger_is_whole(l, next);
		tote__ledger_close(l);
	}
	l = fixture_open(&f);
	fold(l, next);
	log_is_whole(&f, next);
	ck_ok(tote__ledger_hold(l, &f.fault), f.fault);
	for (uint64_t i = 1; i < next; i++)
		ledger_holds_number(l, i, i);
	tote__ledger_release(l);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

/* The same handle goes on after a failed fold. */
START_TEST(a_failed_fold_does_not_stop_appends)
{
	struct faults faults;
	struct fixture f;
	struct ledger *l;
	uint64_t next = 2;
	int done = 0;

	fixture_make(&f, backends[_i]);
	tote__ledger_close(fixture_create(&f));
	faults_make(&faults, &f.place);
	f.options.place = &faults.place;
	f.options.fold_bytes = 1; /* each append folds */
	l = fixture_open(&f);
	append_numbers(l, 1, 2);
	faults.only = "put_all";
	for (long k = 0; !done; k++) {
		faults_arm(&faults, FAULT_ONCE, k);
		append_numbers(l, next, next + 1);
		next++;
		done = !faults.fired;
		faults_disarm(&faults);
		append_numbers(l, next, next + 1);
		next++;
	}
	ledger_is_whole(l, next);
	fold(l, next);
	log_is_whole(&f, next);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(an_append_folds_when_the_journal_is_large)
{
	struct ledger_info info;
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, backends[_i]);
	f.options.fold_bytes = 40000;
	l = fixture_create(&f);
	append_numbers(l, 1, 100);
	tote__ledger_info(l, &info);
	ck_assert_uint_gt(info.covered, 80);
	ck_assert_uint_le(info.journal_bytes, 40000);
	ledger_is_whole(l, 100);
	f.keeper.fail_sign = 1;
	append_numbers(l, 100, 140);
	tote__ledger_info(l, &info);
	ck_assert_uint_gt(info.journal_bytes, 40000);
	ck_assert_int_gt(info.oldest_unfolded_us, 0);
	f.keeper.fail_sign = 0;
	append_numbers(l, 140, 141);
	ledger_is_whole(l, 141);
	fold(l, 141);
	tote__ledger_info(l, &info);
	ck_assert_uint_eq(info.journal_bytes, 0);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(segments_go_when_they_are_covered_and_the_newest_stays)
{
	char *payload = calloc(1, 60000);
	struct draft drafts[65];
	struct fixture f;
	struct ledger *l;
	uint64_t seqs[8], seq;
	size_t count;

	fixture_make(&f, backends[_i]);
	f.options.fold_bytes = UINT64_C(1) << 40;
	l = fixture_create(&f);
	for (size_t i = 0; i < 65; i++)
		drafts[i] =
			(struct draft){.kind = "record", .payload = payload, .payload_len = 60000};
	for (int i = 0; i < 9; i++)
		ck_ok(tote__ledger_append(l, drafts, 65, LEDGER_SEQ_ANY, 1, &seq, &f.fault),
			f.fault);
	ck_ok(f.place.ops->journal_list(f.place.handle, seqs, 8, &count, &f.fault), f.fault);
	ck_assert_uint_eq(count, 3);
	fold(l, 1 + 9 * 65);
	ck_ok(f.place.ops->journal_list(f.place.handle, seqs, 8, &count, &f.fault), f.fault);
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(seqs[0], 1 + 8 * 65);
	append_numbers(l, 1 + 9 * 65, 1 + 9 * 65 + 3);
	ledger_is_whole(l, 1 + 9 * 65 + 3);
	tote__ledger_close(l);
	free(payload);
	fixture_remove(&f);
}
END_TEST

/* --- lines ---------------------------------------------------------------------------------- */

static const char line[] = "\342\200\224 witness.example/w1 Xfds6gAAAABlU/EAyQrOLFEGR89wkyY5bOPOBl"
			   "G00RPZctcsMydlQ+ykGuV+slIBpIvMwWunzTthlAn0qu2JE1s9JwfRUbS/xUemAA==\n";

START_TEST(a_line_is_added_once_and_only_to_the_same_text)
{
	struct checkpoint c;
	struct fixture f;
	struct ledger *l;
	struct note note;
	struct buf first, second;

	fixture_make(&f, backends[_i]);
	l = fixture_create(&f);
	tote__buf_init(&first, plain_heap(), NOTE_MAX);
	tote__buf_init(&second, plain_heap(), NOTE_MAX);
	ck_ok(tote__ledger_fold(l, &c, &first, &f.fault), f.fault);
	ck_ok(tote__checkpoint_read(first.data, first.len, &note, &c, &f.fault), f.fault);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(tote__ledger_add_line(
					 l, note.text, note.text_len, line, strlen(line), &f.fault),
			1);
		ck_ok(tote__ledger_fold(l, &c, &second, &f.fault), f.fault);
		ck_assert_uint_eq(second.len, first.len + strlen(line));
	}
	ck_assert_int_eq(
		tote__ledger_add_line(l, note.text, note.text_len, "rubbish\n", 8, &f.fault),
		TOTE_E_MALFORMED);
	append_numbers(l, 1, 3);
	fold(l, 3); /* a larger tree has the log's signature alone */
	memset(&f.fault, 0, sizeof(f.fault));
	ck_assert_int_eq(
		tote__ledger_add_line(l, note.text, note.text_len, line, strlen(line), &f.fault),
		0);
	log_is_whole(&f, 3);
	tote__buf_free(&first);
	tote__buf_free(&second);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

/* Who wrote it may have been killed before it was durable: found is not yet kept. */
START_TEST(a_line_that_is_found_in_place_is_synced_before_it_counts)
{
	struct checkpoint c;
	struct faults faults;
	struct fixture f;
	struct ledger *l;
	struct note note;
	struct buf bytes;

	fixture_make(&f, "posix");
	tote__ledger_close(fixture_create(&f));
	faults_make(&faults, &f.place);
	f.options.place = &faults.place;
	l = fixture_open(&f);
	tote__buf_init(&bytes, plain_heap(), NOTE_MAX);
	ck_ok(tote__ledger_fold(l, &c, &bytes, &f.fault), f.fault);
	ck_ok(tote__checkpoint_read(bytes.data, bytes.len, &note, &c, &f.fault), f.fault);
	ck_assert_int_eq(
		tote__ledger_add_line(l, note.text, note.text_len, line, strlen(line), &f.fault),
		1);
	faults.only = "cell_sync";
	faults_arm(&faults, FAULT_ONCE, 0);
	ck_fault(tote__ledger_add_line(l, note.text, note.text_len, line, strlen(line), &f.fault),
		TOTE_E_IO, f.fault);
	faults_disarm(&faults);
	memset(&f.fault, 0, sizeof(f.fault));
	ck_assert_int_eq(
		tote__ledger_add_line(l, note.text, note.text_len, line, strlen(line), &f.fault),
		1);
	tote__buf_free(&bytes);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

Suite *fold_suite(void)
{
	Suite *s = suite_create("fold");
	TCase *t = tcase_create("fold");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, folds_of_any_size_extend_each_other, 0, 2);
	tcase_add_loop_test(t, nothing_new_signs_nothing, 0, 2);
	tcase_add_test(t, superseded_partial_tiles_go_and_those_of_the_checkpoint_stay);
	tcase_add_test(t, partial_tiles_stay_until_the_new_checkpoint_is_published);
	tcase_add_loop_test(t, a_fold_interrupted_at_any_step_is_completed_by_the_next, 0, 6);
	tcase_add_loop_test(t, a_failed_fold_does_not_stop_appends, 0, 2);
	tcase_add_loop_test(t, an_append_folds_when_the_journal_is_large, 0, 2);
	tcase_add_loop_test(t, segments_go_when_they_are_covered_and_the_newest_stays, 0, 2);
	suite_add_tcase(s, t);

	t = tcase_create("lines");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_line_is_added_once_and_only_to_the_same_text, 0, 2);
	tcase_add_test(t, a_line_that_is_found_in_place_is_synced_before_it_counts);
	suite_add_tcase(s, t);
	return s;
}
