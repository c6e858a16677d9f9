/* SPDX-License-Identifier: ISC */
/*
 * Repairs: what is whole stays and is signed for, what is not is set aside and said.
 */
#include "ledger/repair_fixture.h"

/* --- what a repair does --------------------------------------------------------------------- */

START_TEST(what_is_whole_stays_and_what_is_not_is_set_aside_and_said)
{
	struct repair done;
	struct fixture f;
	struct ledger *l;

	make_damaged(&f, backends[_i], 12);
	l = fixture_open(&f);
	takes_nothing(&f, l);
	ck_ok(repair(&f, l, 0, &done), f.fault);
	ck_assert(done.needed && done.done);
	ck_assert_uint_eq(done.from_seq, 12);
	ck_assert_uint_eq(done.lost, ENTRIES - 12);
	ck_assert_uint_eq(done.folded, 12 - 5);
	ck_assert_uint_eq(done.published, 0);
	ck_assert_uint_eq(done.seq, 12);
	ck_assert_str_eq(done.aside, "00000000000000000012");
	ck_assert_ptr_nonnull(strstr(done.why.text, "12"));
	ledger_is_whole(l, 13);
	holds_numbers(l, 1, 12);
	says(l, 12, ENTRIES - 12);
	/* the old journal, every segment of it */
	ck_assert(is_there(&f, "damaged/00000000000000000012/00000000000000000000"));
	ck_assert(is_there(&f, "journal/00000000000000000012"));
	ck_assert(!is_there(&f, "journal/00000000000000000000"));
	append_numbers(l, 13, 20);
	ck_ok(fold(&f, l), f.fault);
	ledger_is_whole(l, 20);
	tote__ledger_close(l);
	l = fixture_open(&f);
	ledger_is_whole(l, 20);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_plan_says_what_a_repair_does_and_changes_nothing)
{
	struct repair plan, done;
	struct fixture f;
	struct ledger *l;

	make_damaged(&f, backends[_i], 12);
	l = fixture_open(&f);
	for (int i = 0; i < 2; i++) {
		ck_ok(repair(&f, l, 1, &plan), f.fault);
		ck_assert(plan.needed && !plan.done);
		ck_assert(!is_there(&f, "damaged"));
		takes_nothing(&f, l);
	}
	ck_ok(repair(&f, l, 0, &done), f.fault);
	ck_assert_uint_eq(plan.from_seq, done.from_seq);
	ck_assert_uint_eq(plan.lost, done.lost);
	ck_assert_uint_eq(plan.folded, done.folded);
	ck_assert_uint_eq(plan.moved, done.moved);
	ck_assert_str_eq(plan.aside, done.aside);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_ledger_that_is_whole_is_left_as_it_is)
{
	struct repair done;
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, backends[_i]);
	l = fixture_create(&f);
	append_numbers(l, 1, 5);
	for (int plan = 0; plan < 2; plan++) {
		ck_ok(repair(&f, l, plan, &done), f.fault);
		ck_assert(!done.needed && !done.done);
		ck_assert(!is_there(&f, "damaged"));
	}
	append_numbers(l, 5, 6);
	ledger_is_whole(l, 6);
	f.options.signer = NULL;
	tote__ledger_close(l);
	l = fixture_open(&f);
	ck_fault(repair(&f, l, 0, &done), TOTE_E_NO_SIGNER, f.fault);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_second_damage_is_repaired_again)
{
	struct repair done;
	struct fixture f;
	struct ledger *l;

	make_damaged(&f, backends[_i], 12);
	l = fixture_open(&f);
	ck_ok(repair(&f, l, 0, &done), f.fault);
	append_numbers(l, 13, 18);
	rot(&f, 15);
	tote__ledger_close(l);
	l = fixture_open(&f);
	takes_nothing(&f, l);
	ck_ok(repair(&f, l, 0, &done), f.fault);
	ck_assert_uint_eq(done.from_seq, 15);
	ck_assert_uint_eq(done.lost, 3);
	ledger_is_whole(l, 16);
	says(l, 12, ENTRIES - 12);
	says(l, 15, 3);
	ck_assert(is_there(&f, "damaged/00000000000000000012"));
	ck_assert(is_there(&f, "damaged/00000000000000000015"));
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_name_that_is_taken_is_never_given_again)
{
	struct repair done;
	struct fixture f;
	struct ledger *l;

	make_damaged(&f, backends[_i], 12);
	ck_ok(f.place.ops->journal_build(
		      f.place.handle, "00000000000000000012", 12, "mine", 4, 4096, &f.fault),
		f.fault);
	l = fixture_open(&f);
	ck_ok(repair(&f, l, 0, &done), f.fault);
	ck_assert_str_eq(done.aside, "00000000000000000012.2");
	ck_assert(is_there(&f, "damaged/00000000000000000012/00000000000000000012"));
	ck_assert(is_there(&f, "damaged/00000000000000000012.2/00000000000000000000"));
	ledger_is_whole(l, 13);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

/* --- in order ------------------------------------------------------------------------------- */

/* Signed, kept as the last one signed, and then the process died before it was published. */
/* Ten entries, signed for and never published; the group of 6 is rotten. */
static void make_signed(struct fixture *f, const char *backend)
{
	struct faults faults;
	struct ledger *l;

	fixture_make(f, backend);
	l = fixture_create(f);
	append_numbers(l, 1, 10);
	tote__ledger_close(l);
	faults_make(&faults, &f->place);
	f->options.place = &faults.place;
	l = fixture_open(f);
	faults.only = "cell_swap";
	faults_arm(&faults, FAULT_FROM, 0);
	ck_fault(fold(f, l), TOTE_E_IO, f->fault);
	faults_disarm(&faults);
	tote__ledger_close(l);
	f->options.place = &f->place;
	rot(f, 6);
	memset(&f->fault, 0, sizeof(f->fault));
}

START_TEST(a_checkpoint_that_was_signed_is_published_first_and_what_it_covers_is_not_lost)
{
	struct repair plan, done;
	struct fixture f;
	struct ledger *l;

	make_signed(&f, backends[_i]);
	l = fixture_open(&f);
	takes_nothing(&f, l);
	ck_ok(repair(&f, l, 1, &plan), f.fault);
	ck_assert_uint_eq(plan.published, 10);
	ck_assert_uint_eq(plan.lost, 0);
	ck_ok(repair(&f, l, 0, &done), f.fault);
	ck_assert_uint_eq(done.published, 10);
	ck_assert(done.needed && !done.done);
	ck_assert(!is_there(&f, "damaged"));
	ledger_is_whole(l, 10);
	holds_numbers(l, 1, 10);
	append_numbers(l, 10, 12);
	ledger_is_whole(l, 12);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_checkpoint_that_is_gone_comes_back_from_the_key_store)
{
	struct repair done;
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, "posix");
	l = fixture_create(&f);
	append_grouped(l, 1, 300);
	ck_ok(fold(&f, l), f.fault);
	append_numbers(l, 300, 305);
	ck_ok(fold(&f, l), f.fault);
	tote__ledger_close(l);
	ck_assert_int_eq(remove(fixture_path(&f, "log/checkpoint")), 0);
	/* and nothing of the journal leads to the first entry */
	ck_assert_int_eq(remove(fixture_segment(&f, 0)), 0);
	ck_assert_int_eq(tote__ledger_open(&f.options, &l, &f.fault), TOTE_E_DAMAGED);
	memset(&f.fault, 0, sizeof(f.fault));
	f.options.repairing = 1;
	l = fixture_open(&f);
	ck_ok(repair(&f, l, 0, &done), f.fault);
	ck_assert_uint_eq(done.published, 305);
	ledger_is_whole(l, 305);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(what_an_interrupted_fold_left_beyond_goes_with_the_rest)
{
	struct repair done;
	struct fixture f;
	struct ledger *l;

	make_half_folded(&f, backends[_i]);
	l = fixture_open(&f);
	ck_ok(repair(&f, l, 0, &done), f.fault);
	ck_assert_uint_eq(done.from_seq, 401);
	ck_assert_uint_gt(done.moved, 0);
	ck_assert(is_there(&f, "damaged/00000000000000000401.log/tile/entries/001"));
	ck_assert(!is_there(&f, "log/tile/entries/001"));
	ck_assert(is_there(&f, "log/tile/entries/000"));
	append_grouped(l, 402, 600);
	ck_ok(fold(&f, l), f.fault); /* nothing is in its way */
	ledger_is_whole(l, 600);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_repair_at_a_multiple_of_256_bears_the_state)
{
	struct repair done;
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, backends[_i]);
	l = fixture_create(&f);
	append_grouped(l, 1, 256);
	append_numbers(l, 256, 260);
	tote__ledger_close(l);
	rot(&f, 256);
	l = fixture_open(&f);
	ck_ok(repair(&f, l, 0, &done), f.fault);
	ck_assert_uint_eq(done.seq, 256);
	ck_ok(fold(&f, l), f.fault); /* which looks at every entry */
	ledger_is_whole(l, 257);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

static void forget(void *user)
{
	*(uint64_t *)user = 0;
}

static int take_next(void *user, const struct entry *e, struct tote_fault *fault)
{
	uint64_t *next = user;

	(void)fault;
	ck_assert_uint_eq(e->seq, *next);
	++*next;
	return 0;
}

static uint64_t asked_at;

static int ask_at(void *user, const struct draft *d, struct tote_fault *fault)
{
	(void)fault;
	if (strcmp(d->kind, "ledger.repaired") == 0)
		asked_at = *(uint64_t *)user;
	return 0;
}

/* A handle that was there before the damage: what it knows of lost entries, a state maybe, goes too. */
START_TEST(what_was_observed_of_lost_entries_is_forgotten)
{
	uint64_t observed = 0;
	struct repair done;
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, backends[_i]);
	f.options.hooks.user = &observed;
	f.options.hooks.reset = forget;
	f.options.hooks.observe = take_next;
	f.options.hooks.admit = ask_at;
	l = fixture_create(&f);
	append_numbers(l, 1, ENTRIES);
	ck_assert_uint_eq(observed, ENTRIES);
	rot(&f, 12);
	ck_ok(repair(&f, l, 0, &done), f.fault);
	ck_assert_uint_eq(done.seq, 12);
	ck_assert_uint_eq(asked_at, 12);
	ck_ok(tote__ledger_hold(l, &f.fault), f.fault);
	ck_assert_uint_eq(observed, 13);
	tote__ledger_release(l);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

/* Whoever signed it saw another history than the witness did: it is not published after all. */
static int saw_another(void *user, const struct checkpoint *c, merkle_node_fn *node, void *tree,
	struct tote_fault *fault)
{
	(void)user, (void)node, (void)tree;
	return c->size == 10 ? tote__fault(fault, TOTE_E_FORK, "the witness saw another") : 0;
}

/* --- refused -------------------------------------------------------------------------------- */

START_TEST(no_repair_helps_where_the_log_is_damaged)
{
	struct repair done;
	struct fixture f;
	struct ledger *l;
	size_t size;

	make_damaged(&f, "posix", 12);
	size = (size_t)file_size(fixture_path(&f, "log/tile/entries/000.p/5"));
	l = fixture_open(&f);
	file_flip(fixture_path(&f, "log/tile/entries/000.p/5"), size - 3, 1);
	ck_fault(repair(&f, l, 0, &done), TOTE_E_DAMAGED, f.fault);
	ck_assert_ptr_nonnull(strstr(f.fault.text, "restore"));
	ck_assert(!is_there(&f, "damaged"));
	file_flip(fixture_path(&f, "log/tile/entries/000.p/5"), size - 3, 1);
	ck_ok(repair(&f, l, 0, &done), f.fault);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

/* What this version does not know it does not call lost. */
START_TEST(a_ledger_of_a_later_version_is_not_repaired)
{
	struct segment_header h = {.version = 2, .first_seq = ENTRIES};
	uint8_t header[SEGMENT_HEADER_LEN];
	struct repair done;
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, backends[_i]);
	l = fixture_create(&f);
	append_numbers(l, 1, ENTRIES);
	tote__ledger_close(l);
	tote__segment_header_write(&h, header);
	ck_ok(f.place.ops->journal_make(
		      f.place.handle, ENTRIES, header, sizeof(header), SEGMENT_MIN_BYTES, &f.fault),
		f.fault);
	l = fixture_open(&f);
	ck_fault(repair(&f, l, 0, &done), TOTE_E_READ_ONLY, f.fault);
	ck_assert(!is_there(&f, "damaged"));
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

static int saw_more(void *user, const struct checkpoint *c, merkle_node_fn *node, void *tree,
	struct tote_fault *fault)
{
	(void)user;
	(void)node;
	(void)tree;
	return c->size < 13 ? tote__fault(fault, TOTE_E_ROLLBACK, "the witness saw 13 entries") : 0;
}

static int takes_none(void *user, const struct draft *d, struct tote_fault *fault)
{
	(void)user;
	return strcmp(d->kind, "ledger.repaired") == 0
		       ? tote__fault(fault, TOTE_E_STATE, "the container is disposed")
		       : 0;
}

START_TEST(to_an_older_copy_nothing_is_appended_and_nothing_of_it_is_moved)
{
	/* with something to fold, and with a checkpoint that covers all that is whole */
	static const uint64_t damaged[] = {12, 5};
	struct repair done;
	struct fixture f;
	struct ledger *l;

	for (int i = 0; i < 2; i++) {
		make_damaged(&f, backends[_i], damaged[i]);
		f.options.hooks.guard = saw_more;
		l = fixture_open(&f);
		ck_fault(repair(&f, l, 0, &done), TOTE_E_ROLLBACK, f.fault);
		ck_assert(!is_there(&f, "damaged"));
		takes_nothing(&f, l);
		tote__ledger_close(l);
		if (i == 0)
			fixture_remove(&f);
	}
	f.options.hooks.guard = NULL;
	f.options.hooks.admit = takes_none;
	l = fixture_open(&f);
	ck_fault(repair(&f, l, 0, &done), TOTE_E_STATE, f.fault);
	ck_assert(!is_there(&f, "damaged"));
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

/* As a fold would refuse it: another ledger's, one without a signature, one of another root. */
START_TEST(a_last_note_that_is_not_this_ledgers_is_not_published)
{
	uint8_t last[8192];
	struct repair done;
	struct fixture f;
	struct ledger *l;
	size_t len;

	make_signed(&f, backends[_i]);
	memcpy(last, f.keeper.last, sizeof(last));
	len = f.keeper.last_len;
	f.options.hooks.guard = saw_another;
	l = fixture_open(&f);
	ck_fault(repair(&f, l, 0, &done), TOTE_E_FORK, f.fault);
	tote__ledger_close(l);
	f.options.hooks.guard = NULL;
	l = fixture_open(&f);
	for (size_t at = 0; at < f.keeper.last_len; at += 3) {
		f.keeper.last[at] ^= 1;
		ck_assert_int_lt(repair(&f, l, 0, &done), 0);
		ck_assert(!is_there(&f, "damaged"));
		memcpy(f.keeper.last, last, sizeof(last));
	}
	fixture_sign_last(&f, FIXTURE_ORIGIN, 10, 3); /* by the right key */
	ck_fault(repair(&f, l, 0, &done), TOTE_E_DAMAGED, f.fault);
	fixture_sign_last(&f, FIXTURE_ORIGIN "/other", 10, 3);
	ck_fault(repair(&f, l, 0, &done), TOTE_E_KEY, f.fault);
	memcpy(f.keeper.last, last, sizeof(last));
	f.keeper.last_len = len;
	f.keeper.fail_last_write = 1; /* found is not yet durable */
	ck_assert_int_lt(repair(&f, l, 0, &done), 0);
	f.keeper.fail_last_write = 0;
	ck_ok(repair(&f, l, 0, &done), f.fault);
	ck_assert_uint_eq(done.published, 10);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_checkpoint_in_place_that_it_contradicts_is_not_replaced)
{
	uint8_t last[8192];
	struct repair done;
	struct fixture f;
	struct ledger *l;
	struct buf old;
	size_t len;

	make_signed(&f, backends[_i]);
	memcpy(last, f.keeper.last, sizeof(last));
	len = f.keeper.last_len;
	tote__buf_init(&old, plain_heap(), NOTE_MAX);
	ck_ok(f.place.ops->cell_read(f.place.handle, SPACE_LOG, "checkpoint", &old, &f.fault),
		f.fault);
	fixture_sign_last(&f, FIXTURE_ORIGIN, 1, 3);
	ck_ok(f.place.ops->cell_swap(f.place.handle, SPACE_LOG, "checkpoint", old.data, old.len,
		      f.keeper.last, f.keeper.last_len, 0644, &f.fault),
		f.fault);
	memcpy(f.keeper.last, last, sizeof(last));
	f.keeper.last_len = len;
	l = fixture_open(&f);
	ck_fault(repair(&f, l, 0, &done), TOTE_E_FORK, f.fault);
	ck_assert(!is_there(&f, "damaged"));
	tote__ledger_close(l);
	tote__buf_free(&old);
	fixture_remove(&f);
}
END_TEST

START_TEST(the_names_of_repairs_are_told_from_all_others)
{
	int log = 7;

	ck_assert(tote__aside_is_name("00000000000000000012", &log));
	ck_assert_int_eq(log, 0);
	ck_assert(tote__aside_is_name("00000000000000000012.2", &log));
	ck_assert_int_eq(log, 0);
	ck_assert(tote__aside_is_name("00000000000000000012.log", &log));
	ck_assert_int_eq(log, 1);
	ck_assert(tote__aside_is_name("00000000000000000012.13.log", &log));
	ck_assert_int_eq(log, 1);
	ck_assert(!tote__aside_is_name("12", &log));
	ck_assert(!tote__aside_is_name("000000000000000000123", &log));
	ck_assert(!tote__aside_is_name("00000000000000000012.", &log));
	ck_assert(!tote__aside_is_name("00000000000000000012.02", &log));
	ck_assert(!tote__aside_is_name("00000000000000000012.logs", &log));
	ck_assert(!tote__aside_is_name("00000000000000000012x", &log));
}
END_TEST

Suite *repair_suite(void)
{
	Suite *s = suite_create("repair");
	TCase *t = tcase_create("repairs");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, what_is_whole_stays_and_what_is_not_is_set_aside_and_said, 0, 2);
	tcase_add_loop_test(t, a_plan_says_what_a_repair_does_and_changes_nothing, 0, 2);
	tcase_add_loop_test(t, a_ledger_that_is_whole_is_left_as_it_is, 0, 2);
	tcase_add_loop_test(t, a_second_damage_is_repaired_again, 0, 2);
	tcase_add_loop_test(t, a_name_that_is_taken_is_never_given_again, 0, 2);
	tcase_add_loop_test(t,
		a_checkpoint_that_was_signed_is_published_first_and_what_it_covers_is_not_lost, 0,
		2);
	tcase_add_test(t, a_checkpoint_that_is_gone_comes_back_from_the_key_store);
	tcase_add_loop_test(t, what_an_interrupted_fold_left_beyond_goes_with_the_rest, 0, 2);
	tcase_add_loop_test(t, a_repair_at_a_multiple_of_256_bears_the_state, 0, 2);
	tcase_add_test(t, no_repair_helps_where_the_log_is_damaged);
	tcase_add_loop_test(
		t, to_an_older_copy_nothing_is_appended_and_nothing_of_it_is_moved, 0, 2);
	tcase_add_loop_test(t, a_ledger_of_a_later_version_is_not_repaired, 0, 2);
	tcase_add_loop_test(t, a_last_note_that_is_not_this_ledgers_is_not_published, 0, 2);
	tcase_add_loop_test(t, a_checkpoint_in_place_that_it_contradicts_is_not_replaced, 0, 2);
	tcase_add_loop_test(t, what_was_observed_of_lost_entries_is_forgotten, 0, 2);
	tcase_add_test(t, the_names_of_repairs_are_told_from_all_others);
	suite_add_tcase(s, t);
	return s;
}
