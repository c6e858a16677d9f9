/* SPDX-License-Identifier: ISC */
/*
 * Repairs that are interrupted: whoever dies on the way leaves a ledger that is damaged as before, or
 * repaired; and the order of steps on which that rests.
 */
#include "ledger/repair_fixture.h"

/* --- interrupted ---------------------------------------------------------------------------- */

/* What holds whenever somebody comes by: entries below 12 are what they were. */
static void is_mended(struct fixture *f, long at)
{
	struct repair done;
	struct ledger *l;
	uint64_t end;
	int r;

	fixture_reopen(f);
	l = fixture_open(f);
	for (int i = 0; i < 2; i++) {
		r = repair(f, l, 0, &done);
		ck_assert_msg(r == 0, "step %ld: %s", at, f->fault.text);
	}
	ck_assert_msg(!done.needed, "step %ld: it is damaged still", at);
	ck_ok(tote__ledger_hold(l, &f->fault), f->fault);
	end = tote__ledger_next(l);
	tote__ledger_release(l);
	/* repaired once, or, where it died between exchange and line, once more behind that */
	ck_assert_msg(end == 13 || end == 14, "step %ld: %d entries", at, (int)end);
	ledger_is_whole(l, end);
	holds_numbers(l, 1, 12);
	says(l, 12, ENTRIES - 12);
	if (end == 14)
		says(l, 13, ENTRIES - 13);
	append_numbers(l, end, end + 2);
	memset(&f->fault, 0, sizeof(f->fault));
	ck_ok(fold(f, l), f->fault);
	ledger_is_whole(l, end + 2);
	tote__ledger_close(l);
}

static int interrupt(const char *backend, int mode, long at, int void_line)
{
	struct faults faults;
	struct repair done;
	struct fixture f;
	struct ledger *l;
	int r;

	make_damaged(&f, backend, 12);
	if (void_line)
		ck_assert_int_eq(remove(fixture_path(&f, "lock")), 0);
	faults_make(&faults, &f.place);
	f.options.place = &faults.place;
	l = fixture_open(&f);
	faults_arm(&faults, mode, at);
	r = repair(&f, l, 0, &done);
	faults_disarm(&faults);
	if (!faults.fired)
		ck_assert_int_eq(r, 0);
	tote__ledger_close(l);
	f.options.place = &f.place;
	memset(&f.fault, 0, sizeof(f.fault));
	is_mended(&f, at);
	fixture_remove(&f);
	return faults.fired;
}

START_TEST(a_repair_that_dies_at_any_step_leaves_damage_or_is_done)
{
	long at = 0;

	while (interrupt(backends[_i], FAULT_FROM, at, 0))
		at++;
	ck_assert_int_gt(at, 20);
}
END_TEST

START_TEST(a_repair_with_a_void_line_that_dies_at_any_step_leaves_damage_or_is_done)
{
	for (long at = 0; interrupt("posix", FAULT_FROM, at, 1); at++)
		continue;
}
END_TEST

START_TEST(a_repair_that_fails_at_any_step_can_be_called_again)
{
	for (long at = 0; interrupt(backends[_i], FAULT_ONCE, at, 0); at++)
		continue;
	for (long at = 0; interrupt(backends[_i], FAULT_REPORTED, at, 0); at++)
		continue;
}
END_TEST

/* --- the line ------------------------------------------------------------------------------- */

struct calls {
	int exchanged, synced_before, synced_after, written_after;
};

static void note_call(void *user, const char *call)
{
	struct calls *c = user;

	if (strcmp(call, "journal_exchange") == 0)
		c->exchanged++;
	if (strcmp(call, "line_write") == 0 && c->exchanged)
		c->written_after++;
	if (strcmp(call, "line_sync") == 0) {
		c->synced_before += !c->exchanged;
		c->synced_after += c->exchanged;
	}
}

START_TEST(the_line_is_synced_behind_the_exchange_and_by_the_takeover_after_it)
{
	struct faults faults;
	struct calls calls = {0};
	struct repair done;
	struct fixture f;
	struct ledger *l;

	make_damaged(&f, backends[_i], 12);
	faults_make(&faults, &f.place);
	faults.after = note_call;
	faults.user = &calls;
	f.options.place = &faults.place;
	l = fixture_open(&f);
	ck_ok(repair(&f, l, 0, &done), f.fault);
	ck_assert_int_eq(calls.exchanged, 1);
	ck_assert_int_eq(calls.synced_before, 0);
	/* once by the repair, once by the takeover whose last entry is ledger.repaired */
	ck_assert_int_eq(calls.synced_after, 2);
	ck_assert_int_ge(calls.written_after, 2);
	append_numbers(l, 13, 14);
	ck_assert_int_eq(calls.synced_after, 2);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

/* The calls of a repair in their order, one letter each. */
struct order {
	char text[4096];
	size_t len;
};

static void note_order(void *user, const char *call)
{
	static const struct {
		const char *call;
		char letter;
	} letters[] = {{"line_write", 'l'}, {"line_sync", 'L'}, {"put_new", 'p'}, {"put_all", 'p'},
		{"cell_swap", 'c'}, {"cell_sync", 'C'}, {"set_aside", 'a'}, {"barrier", 'b'},
		{"journal_build", 'j'}, {"journal_exchange", 'x'}};
	struct order *o = user;

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (strcmp(letters[i].call, call) == 0 && o->len + 1 < sizeof(o->text))
			o->text[o->len++] = letters[i].letter;
}

static void repair_in_order(struct fixture *f, struct order *o)
{
	struct faults faults;
	struct repair done;
	struct ledger *l;

	memset(o, 0, sizeof(*o));
	faults_make(&faults, &f->place);
	faults.after = note_order;
	faults.user = o;
	f->options.place = &faults.place;
	l = fixture_open(f);
	o->len = 0;
	ck_ok(repair(f, l, 0, &done), f->fault);
	ck_assert(done.done);
	tote__ledger_close(l);
	f->options.place = &f->place;
	o->text[o->len] = '\0';
}

START_TEST(each_step_is_durable_before_the_next_is_taken)
{
	const char *exchange;
	struct fixture f;
	struct order o;

	/* something to fold, and something of an interrupted fold to move */
	make_half_folded(&f, backends[_i]);
	repair_in_order(&f, &o);
	ck_assert_msg(o.text[0] == 'l', "%s", o.text); /* busy, before anything is changed */
	exchange = strstr(o.text, "abbjxlL"); /* the last file, both directories, the journals */
	ck_assert_msg(exchange != NULL, "%s", o.text);
	ck_assert_msg(strchr(o.text, 'c') && strchr(o.text, 'c') < exchange, "%s", o.text);
	fixture_remove(&f);
	/* nothing to fold: the checkpoint that was found in place is synced again */
	make_damaged(&f, backends[_i], 5);
	repair_in_order(&f, &o);
	ck_assert_msg(strncmp(o.text, "lCjxlL", 6) == 0, "%s", o.text);
	fixture_remove(&f);
}
END_TEST

Suite *repair_crash_suite(void)
{
	Suite *s = suite_create("repair_crash");
	TCase *t = tcase_create("interrupted");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, a_repair_that_dies_at_any_step_leaves_damage_or_is_done, 0, 2);
	tcase_add_test(t, a_repair_with_a_void_line_that_dies_at_any_step_leaves_damage_or_is_done);
	tcase_add_loop_test(t, a_repair_that_fails_at_any_step_can_be_called_again, 0, 2);
	tcase_add_loop_test(
		t, the_line_is_synced_behind_the_exchange_and_by_the_takeover_after_it, 0, 2);
	tcase_add_loop_test(t, each_step_is_durable_before_the_next_is_taken, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
