/* SPDX-License-Identifier: ISC */
/*
 * Appends that fail: nothing is acknowledged that is not durable, and nothing else is lost.
 */
#include "support/ledger_fixture.h"
#include "support/store_faults.h"

static const char *const backends[] = {"memory", "posix"};

/* --- failing -------------------------------------------------------------------------------- */

/*
 * Fails each operation of an append in turn, in every way. What was acknowledged stays; what failed
 * with effect NONE is not there; after recovery all goes on.
 */
START_TEST(a_failed_append_is_not_acknowledged_and_nothing_else_is_lost)
{
	static const int modes[] = {FAULT_ONCE, FAULT_FROM, FAULT_REPORTED};
	struct faults faults;
	struct fixture f;
	struct ledger *l;
	uint64_t next = 3;

	fixture_make(&f, backends[_i % 2]);
	l = fixture_create(&f);
	append_numbers(l, 1, 3);
	tote__ledger_close(l);
	faults_make(&faults, &f.place);
	faults.lose = _i / 2 ? UINT32_MAX : 0;
	f.options.place = &faults.place;
	for (size_t m = 0; m < 3; m++) {
		int done = 0;

		for (long k = 0; !done; k++) {
			uint64_t seq;
			int r;

			l = fixture_open(&f);
			append_numbers(l, next, next + 1);
			next++;
			faults_arm(&faults, modes[m], k);
			r = append_number(l, next, LEDGER_SEQ_ANY, &seq, &f.fault);
			done = !faults.fired;
			faults_disarm(&faults);
			memset(&f.fault, 0, sizeof(f.fault));
			ck_ok(tote__ledger_recover(l, &f.fault), f.fault);
			ck_ok(append_number(l, next, next, &seq, &f.fault), f.fault);
			ck_assert_uint_eq(seq, next);
			ck_assert_msg(!done || r == 0, "%s", f.fault.text);
			next++;
			if (k % 2) { /* and so it goes on for another process */
				tote__ledger_close(l);
				l = fixture_open(&f);
			}
			append_numbers(l, next, next + 1);
			next++;
			ledger_is_whole(l, next);
			tote__ledger_close(l);
		}
	}
	l = fixture_open(&f);
	ck_ok(tote__ledger_hold(l, &f.fault), f.fault);
	for (uint64_t i = 1; i < next; i++)
		ledger_holds_number(l, i, i);
	tote__ledger_release(l);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_failed_sync_poisons_until_recovered)
{
	struct ledger_info info;
	struct faults faults;
	struct fixture f;
	struct ledger *l;
	uint64_t seq;

	fixture_make(&f, backends[_i]);
	tote__ledger_close(fixture_create(&f));
	faults_make(&faults, &f.place);
	faults.only = "journal_sync";
	f.options.place = &faults.place;
	l = fixture_open(&f);
	append_numbers(l, 1, 3);
	faults_arm(&faults, FAULT_ONCE, 0);
	ck_fault(append_number(l, 3, LEDGER_SEQ_ANY, &seq, &f.fault), TOTE_E_IO, f.fault);
	ck_assert_uint_eq(f.fault.effect, TOTE_EFFECT_UNKNOWN);
	ck_fault(append_number(l, 3, LEDGER_SEQ_ANY, &seq, &f.fault), TOTE_E_POISONED, f.fault);
	ck_fault(tote__ledger_hold(l, &f.fault), TOTE_E_POISONED, f.fault);
	tote__ledger_info(l, &info);
	ck_assert_int_eq(info.poisoned, 1);
	memset(&f.fault, 0, sizeof(f.fault));
	ck_ok(tote__ledger_recover(l, &f.fault), f.fault);
	ck_ok(append_number(l, 3, 3, &seq, &f.fault), f.fault); /* it was there, or is now */
	ledger_is_whole(l, 4);
	tote__ledger_info(l, &info);
	ck_assert_int_eq(info.poisoned, 0);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_full_disk_is_the_trouble_of_one_call)
{
	struct faults faults;
	struct fixture f;
	struct ledger *l;
	uint64_t i = 1;
	int r = 0;

	fixture_make(&f, backends[_i]);
	tote__ledger_close(fixture_create(&f));
	faults_make(&faults, &f.place);
	faults.only = "journal_grow";
	faults.code = TOTE_E_NO_SPACE;
	f.options.place = &faults.place;
	l = fixture_open(&f);
	faults_arm(&faults, FAULT_ONCE, 0);
	for (; !r && i < 20; i++)
		r = append_number(l, i, LEDGER_SEQ_ANY, NULL, &f.fault);
	ck_assert_int_eq(r, TOTE_E_NO_SPACE);
	ck_assert_uint_eq(f.fault.effect, TOTE_EFFECT_NONE);
	ledger_is_whole(l, i - 1);
	append_numbers(l, i - 1, 40); /* there is space again */
	ledger_is_whole(l, 40);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

/* A checkpoint found in place may never have been synced: no fold answers with it before that. */
START_TEST(a_checkpoint_in_place_is_synced_before_it_is_promised)
{
	struct faults faults;
	struct checkpoint c;
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, backends[_i]);
	tote__ledger_close(fixture_create(&f));
	faults_make(&faults, &f.place);
	faults.only = "cell_sync";
	f.options.place = &faults.place;
	l = fixture_open(&f);
	faults_arm(&faults, FAULT_ONCE, 0);
	ck_fault(tote__ledger_fold(l, &c, NULL, &f.fault), TOTE_E_IO, f.fault);
	memset(&f.fault, 0, sizeof(f.fault));
	ck_ok(tote__ledger_fold(l, &c, NULL, &f.fault), f.fault);
	ck_assert_uint_eq(c.size, 1);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(damage_lets_nothing_be_appended_and_nothing_is_cut_off)
{
	struct ledger_info info;
	struct checkpoint c;
	struct fixture f;
	struct ledger *l;
	uint8_t *before, *after;
	size_t len;

	fixture_make(&f, "posix");
	l = fixture_create(&f);
	append_numbers(l, 1, 9);
	tote__ledger_close(l);
	file_flip(fixture_segment(&f, 0), 4096 * 4 + 100, 1);
	before = file_read(fixture_segment(&f, 0), &len);
	l = fixture_open(&f);
	ck_fault(append_number(l, 9, LEDGER_SEQ_ANY, NULL, &f.fault), TOTE_E_DAMAGED, f.fault);
	ck_assert_uint_eq(f.fault.seq, 3);
	ck_fault(tote__ledger_fold(l, &c, NULL, &f.fault), TOTE_E_DAMAGED, f.fault);
	ck_fault(tote__ledger_recover(l, &f.fault), TOTE_E_DAMAGED, f.fault);
	tote__ledger_info(l, &info);
	ck_assert_int_eq(info.damaged, 1);
	after = file_read(fixture_segment(&f, 0), &len);
	ck_assert_mem_eq(before, after, len);
	file_flip(fixture_segment(&f, 0), 4096 * 4 + 100, 1); /* an operator brought it back */
	append_numbers(l, 9, 10);
	ledger_is_whole(l, 10);
	tote__ledger_close(l);
	free(before);
	free(after);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_torn_tail_is_written_over_and_nothing_acknowledged_is_lost)
{
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, "posix");
	for (int k = 0; k < 3; k++) {
		uint64_t next;

		l = k ? fixture_open(&f) : fixture_create(&f);
		if (!k)
			append_numbers(l, 1, 4);
		ck_ok(tote__ledger_hold(l, &f.fault), f.fault);
		next = tote__ledger_next(l);
		tote__ledger_release(l);
		tote__ledger_close(l);
		/* bytes of a group whose append never returned, behind the last one */
		file_flip(fixture_segment(&f, 0), 4096 * (size_t)(next + 1) + 17 * (size_t)k, 0x55);
		file_write(fixture_path(&f, "lock"), "", 0); /* and the line was lost too */
		l = fixture_open(&f);
		append_numbers(l, next, next + 1);
		ledger_is_whole(l, next + 1);
		tote__ledger_close(l);
	}
	fixture_remove(&f);
}
END_TEST

/* Opens, appends and folds; any of it may fail for want of memory. */
static int whole_life(struct fixture *f, uint64_t number)
{
	struct tote_fault fault;
	struct checkpoint c;
	struct ledger *l;
	int r;

	memset(&fault, 0, sizeof(fault));
	r = tote__ledger_open(&f->options, &l, &fault);
	if (r < 0)
		return r;
	r = append_number(l, number, number, NULL, &fault);
	if (!r)
		r = tote__ledger_fold(l, &c, NULL, &fault);
	tote__ledger_close(l);
	return r;
}

START_TEST(no_allocation_that_fails_loses_or_leaks_anything)
{
	uint64_t next = 1;
	struct checkpoint c;
	struct fixture f;
	struct ledger *l;
	int done = 0;

	fixture_make_counted(&f, "posix");
	tote__ledger_close(fixture_create(&f));
	for (long n = 0; !done; n++) {
		int r;

		f.memory.fail_at = n;
		f.memory.fired = 0;
		f.memory.once = (int)(n % 2);
		r = whole_life(&f, next);
		done = !f.memory.fired;
		f.memory.fail_at = -1;
		ck_assert_msg(r == 0 || !done, "%s", tote_error_name(r));
		if (done)
			break;
		l = fixture_open(&f);
		ck_ok(append_number(l, next, next, NULL, &f.fault), f.fault); /* now, or already */
		next++;
		ck_ok(tote__ledger_fold(l, &c, NULL, &f.fault), f.fault); /* as much to do again */
		ledger_is_whole(l, next);
		tote__ledger_close(l);
	}
	ck_assert_uint_gt(next, 20);
	fixture_remove(&f);
	ck_assert_int_eq(f.memory.live, 0);
}
END_TEST

Suite *failing_suite(void)
{
	Suite *s = suite_create("failing");
	TCase *t = tcase_create("failing");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_failed_append_is_not_acknowledged_and_nothing_else_is_lost, 0, 4);
	tcase_add_loop_test(t, a_failed_sync_poisons_until_recovered, 0, 2);
	tcase_add_loop_test(t, a_full_disk_is_the_trouble_of_one_call, 0, 2);
	tcase_add_loop_test(t, a_checkpoint_in_place_is_synced_before_it_is_promised, 0, 2);
	tcase_add_test(t, damage_lets_nothing_be_appended_and_nothing_is_cut_off);
	tcase_add_test(t, a_torn_tail_is_written_over_and_nothing_acknowledged_is_lost);
	tcase_add_test(t, no_allocation_that_fails_loses_or_leaks_anything);
	suite_add_tcase(s, t);
	return s;
}
