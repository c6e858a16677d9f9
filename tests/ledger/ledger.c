/* SPDX-License-Identifier: ISC */
/*
 * A ledger that is written: what was acknowledged is there, once and in order.
 */
#include "support/ledger_fixture.h"
#include "support/store_faults.h"

static const char *const backends[] = {"memory", "posix"};

/* --- creating and opening ------------------------------------------------------------------- */

START_TEST(a_new_ledger_has_one_entry_under_a_checkpoint)
{
	struct ledger_info info;
	struct checkpoint c;
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, backends[_i]);
	l = fixture_create(&f);
	ledger_is_whole(l, 1);
	ck_ok(tote__ledger_fold(l, &c, NULL, &f.fault), f.fault);
	ck_assert_uint_eq(c.size, 1);
	ck_assert_str_eq(c.origin, FIXTURE_ORIGIN);
	ck_assert_str_eq(tote__ledger_origin(l), FIXTURE_ORIGIN);
	tote__ledger_info(l, &info);
	ck_assert_uint_eq(info.next, 1);
	ck_assert_uint_eq(info.covered, 1);
	ck_assert_uint_eq(info.journal_bytes, 0);
	ck_assert_int_eq(info.poisoned + info.read_only + info.damaged, 0);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(creating_it_again_gives_it_as_it_is)
{
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, backends[_i]);
	l = fixture_create(&f);
	append_numbers(l, 1, 5);
	tote__ledger_close(l);
	l = fixture_create(&f);
	ledger_is_whole(l, 5);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(creating_another_one_over_it_is_refused)
{
	struct draft other;
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, "memory");
	l = fixture_create(&f);
	tote__ledger_close(l);
	other = *fixture_first(&f);
	other.actor = "somebody@else";
	ck_fault(tote__ledger_create(&f.options, &other, &l, &f.fault), TOTE_E_EXISTS, f.fault);
	fixture_remove(&f);
}
END_TEST

/* Whatever step of creating fails, the same call completes it. */
START_TEST(a_half_made_ledger_is_completed)
{
	int done = 0;

	for (long k = 0; !done; k++) {
		struct faults faults;
		struct fixture f;
		struct ledger *l;

		fixture_make(&f, backends[_i]);
		faults_make(&faults, &f.place);
		f.options.place = &faults.place;
		faults_arm(&faults, FAULT_FROM, k);
		if (tote__ledger_create(&f.options, fixture_first(&f), &l, &f.fault) == 0)
			tote__ledger_close(l);
		done = !faults.fired;
		faults_disarm(&faults);
		f.options.place = &f.place;
		memset(&f.fault, 0, sizeof(f.fault));
		l = fixture_create(&f);
		append_numbers(l, 1, 2);
		ledger_is_whole(l, 2);
		tote__ledger_close(l);
		fixture_remove(&f);
	}
}
END_TEST

START_TEST(a_wrong_origin_or_key_is_refused)
{
	struct secret other;
	struct fixture f;
	struct ledger *l;
	uint8_t seed[32] = {1};

	fixture_make(&f, "memory");
	ck_fault(tote__ledger_open(&f.options, &l, &f.fault), TOTE_E_NOT_FOUND, f.fault);
	tote__ledger_close(fixture_create(&f));
	f.options.origin = "archive.example.com/acme/finance";
	ck_fault(tote__ledger_open(&f.options, &l, &f.fault), TOTE_E_UNTRUSTED, f.fault);
	f.options.origin = NULL;
	memset(&f.fault, 0, sizeof(f.fault));
	ck_ok(tote__secret_from_seed(FIXTURE_ORIGIN, KEY_TYPE_ED25519, seed, &other, &f.fault),
		f.fault);
	f.signer.key = other.key;
	ck_fault(tote__ledger_open(&f.options, &l, &f.fault), TOTE_E_KEY, f.fault);
	f.options.type = LEDGER_RECORD;
	ck_fault(tote__ledger_open(&f.options, &l, &f.fault), TOTE_E_MALFORMED, f.fault);
	tote__secret_free(&other);
	fixture_remove(&f);
}
END_TEST

/* --- appending ------------------------------------------------------------------------------ */

START_TEST(what_is_appended_is_there_after_opening_again)
{
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, backends[_i]);
	l = fixture_create(&f);
	append_numbers(l, 1, 600);
	tote__ledger_close(l);
	fixture_reopen(&f);
	l = fixture_open(&f);
	ledger_is_whole(l, 600);
	ck_ok(tote__ledger_hold(l, &f.fault), f.fault);
	for (uint64_t i = 1; i < 600; i += 37)
		ledger_holds_number(l, i, i);
	tote__ledger_release(l);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(an_expected_seq_makes_a_retry_harmless)
{
	struct fixture f;
	struct ledger *l;
	uint64_t seq;

	fixture_make(&f, "memory");
	l = fixture_create(&f);
	ck_ok(append_number(l, 10, 1, &seq, &f.fault), f.fault);
	ck_assert_uint_eq(seq, 1);
	ck_ok(append_number(l, 10, 1, &seq, &f.fault), f.fault); /* there already, and the same */
	ck_assert_uint_eq(seq, 1);
	ck_fault(append_number(l, 11, 1, &seq, &f.fault), TOTE_E_CONFLICT, f.fault);
	ck_assert_uint_eq(f.fault.seq, 2);
	ck_assert_uint_eq(f.fault.flags & TOTE_FAULT_SEQ, TOTE_FAULT_SEQ);
	ck_fault(append_number(l, 11, 3, &seq, &f.fault), TOTE_E_CONFLICT, f.fault);
	ck_assert_uint_eq(f.fault.seq, 2);
	ck_ok(append_number(l, 11, 2, &seq, &f.fault), f.fault);
	ledger_is_whole(l, 3);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_retry_of_several_must_be_wholly_there)
{
	struct numbered n[3];
	struct draft drafts[3];
	struct fixture f;
	struct ledger *l;
	uint64_t seq;

	fixture_make(&f, "memory");
	l = fixture_create(&f);
	for (size_t i = 0; i < 3; i++) {
		numbered_draft(&n[i], i);
		drafts[i] = n[i].draft;
	}
	ck_ok(tote__ledger_append(l, drafts, 2, 1, 1, &seq, &f.fault), f.fault);
	ck_ok(tote__ledger_append(l, drafts, 2, 1, 1, &seq, &f.fault), f.fault);
	ck_assert_uint_eq(seq, 1);
	ck_fault(tote__ledger_append(l, drafts, 3, 1, 1, &seq, &f.fault), TOTE_E_CONFLICT, f.fault);
	ck_ok(tote__ledger_append(l, drafts + 1, 1, 2, 1, &seq, &f.fault), f.fault);
	ledger_is_whole(l, 3);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_call_is_all_or_none)
{
	struct numbered n;
	struct draft drafts[3];
	struct fixture f;
	struct ledger *l;
	uint64_t seq;

	fixture_make(&f, "memory");
	l = fixture_create(&f);
	numbered_draft(&n, 1);
	drafts[0] = drafts[1] = drafts[2] = n.draft;
	drafts[2].kind = "Not A Kind";
	ck_fault(tote__ledger_append(l, drafts, 3, LEDGER_SEQ_ANY, 1, &seq, &f.fault),
		TOTE_E_GRAMMAR, f.fault);
	drafts[2].kind = "container.state"; /* not the host's, and its fields are missing */
	ck_assert_int_lt(tote__ledger_append(l, drafts, 3, LEDGER_SEQ_ANY, 1, &seq, &f.fault), 0);
	ck_assert_int_lt(tote__ledger_append(l, drafts, 3, LEDGER_SEQ_ANY, 0, &seq, &f.fault), 0);
	ck_assert_int_lt(tote__ledger_append(l, drafts, 0, LEDGER_SEQ_ANY, 1, &seq, &f.fault), 0);
	ledger_is_whole(l, 1);
	append_numbers(l, 1, 2);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_call_that_exceeds_one_group_is_refused_before_anything)
{
	struct draft drafts[70];
	struct fixture f;
	struct ledger *l;
	char *payload = calloc(1, 65000);
	uint64_t seq;

	fixture_make(&f, "memory");
	l = fixture_create(&f);
	for (size_t i = 0; i < 70; i++)
		drafts[i] =
			(struct draft){.kind = "record", .payload = payload, .payload_len = 65000};
	ck_fault(tote__ledger_append(l, drafts, 70, LEDGER_SEQ_ANY, 1, &seq, &f.fault),
		TOTE_E_TOO_LARGE, f.fault);
	drafts[0].payload_len = 66000;
	ck_fault(tote__ledger_append(l, drafts, 1, LEDGER_SEQ_ANY, 1, &seq, &f.fault),
		TOTE_E_TOO_LARGE, f.fault);
	ledger_is_whole(l, 1);
	ck_ok(tote__ledger_append(l, drafts + 1, 64, LEDGER_SEQ_ANY, 1, &seq, &f.fault), f.fault);
	ledger_is_whole(l, 65);
	tote__ledger_close(l);
	free(payload);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_clock_before_1970_refuses_before_anything)
{
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, "posix");
	l = fixture_create(&f);
	f.clock.wall = -1;
	ck_fault(append_number(l, 1, LEDGER_SEQ_ANY, NULL, &f.fault), TOTE_E_CLOCK, f.fault);
	ck_assert_uint_eq(f.fault.effect, TOTE_EFFECT_NONE);
	f.clock.wall = 0;
	append_numbers(l, 1, 2); /* it may go back */
	ledger_is_whole(l, 2);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

static int state_is_borne(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN],
	int verified, struct tote_fault *fault)
{
	const struct entry_field *f = tote__entry_field(e, "tote-state");

	(void)user;
	(void)leaf;
	(void)verified;
	(void)fault;
	if (e->seq && e->seq % 256 == 0)
		ck_assert_msg(f && f->value_len == 6 && !memcmp(f->value, "active", 6), "%d",
			(int)e->seq);
	else
		ck_assert_ptr_null(f);
	return 0;
}

START_TEST(the_state_is_borne_by_every_256th_entry)
{
	struct draft drafts[300];
	struct numbered n;
	struct fixture f;
	struct ledger *l;
	uint64_t seq;

	fixture_make(&f, "memory");
	l = fixture_create(&f);
	numbered_draft(&n, 1);
	for (size_t i = 0; i < 300; i++)
		drafts[i] = n.draft;
	for (int i = 0; i < 3; i++)
		ck_ok(tote__ledger_append(l, drafts, 300, LEDGER_SEQ_ANY, 1, &seq, &f.fault),
			f.fault);
	ck_ok(tote__ledger_hold(l, &f.fault), f.fault);
	ck_ok(tote__ledger_scan(l, 0, 901, state_is_borne, NULL, &f.fault), f.fault);
	tote__ledger_release(l);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(without_a_signer_the_journal_has_a_bound)
{
	struct ledger *l, *with;
	struct checkpoint c;
	struct fixture f;
	int r = 0;

	fixture_make(&f, backends[_i]);
	with = fixture_create(&f);
	f.options.signer = NULL;
	f.options.journal_bound = 100000;
	l = fixture_open(&f);
	ck_fault(tote__ledger_fold(l, &c, NULL, &f.fault), TOTE_E_NO_SIGNER, f.fault);
	for (uint64_t i = 1; i < 50 && !r; i++)
		r = append_number(l, i, LEDGER_SEQ_ANY, NULL, &f.fault);
	ck_assert_int_eq(r, TOTE_E_FOLD_NEEDED);
	ck_assert_uint_eq(f.fault.effect, TOTE_EFFECT_NONE);
	ledger_is_whole(l, 26); /* 25 groups of a block are the first to exceed it */
	memset(&f.fault, 0, sizeof(f.fault));
	ck_ok(tote__ledger_fold(with, &c, NULL, &f.fault), f.fault);
	append_numbers(l, 26, 28); /* somebody else folded: it goes on */
	ledger_is_whole(l, 28);
	tote__ledger_close(l);
	tote__ledger_close(with);
	fixture_remove(&f);
}
END_TEST

static int refuse_all(void *user, const struct draft *d, struct tote_fault *fault)
{
	(void)user;
	(void)d;
	return tote__fault(fault, TOTE_E_STATE, "suspended");
}

START_TEST(what_the_room_above_does_not_admit_is_refused)
{
	struct fixture f;
	struct ledger *l;
	uint64_t seq;

	fixture_make(&f, "memory");
	l = fixture_create(&f);
	append_numbers(l, 1, 2);
	tote__ledger_close(l);
	f.options.hooks.admit = refuse_all;
	l = fixture_open(&f);
	ck_fault(append_number(l, 2, LEDGER_SEQ_ANY, &seq, &f.fault), TOTE_E_STATE, f.fault);
	ck_ok(append_number(l, 1, 1, &seq, &f.fault), f.fault); /* a retry is no new entry */
	ledger_is_whole(l, 2);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

/* --- observing ------------------------------------------------------------------------------ */

START_TEST(every_entry_is_observed_once_and_in_order)
{
	struct ledger *l, *other;
	struct checkpoint c;
	struct observed all, last;
	struct fixture f;

	fixture_make(&f, backends[_i]);
	tote__ledger_close(fixture_create(&f));
	l = fixture_open_seeing(&f, &all, OBSERVE_ALL);
	append_numbers(l, 1, 300);
	tote__ledger_close(l);
	fixture_reopen(&f);
	other = fixture_open_seeing(&f, &last, OBSERVE_STATE);
	append_numbers(other, 300, 310);
	ck_assert_uint_eq(last.begin, 256);
	ck_assert_uint_eq(last.next, 310);
	append_numbers(other, 310, 400);
	ck_ok(tote__ledger_fold(other, &c, NULL, &f.fault), f.fault);
	append_numbers(other, 400, 410);
	tote__ledger_close(other);
	l = fixture_open_seeing(&f, &all, OBSERVE_ALL);
	append_numbers(l, 410, 420);
	ck_assert_uint_eq(all.begin, 0);
	ck_assert_uint_eq(all.next, 420);
	ck_assert_uint_eq(all.resets, 1);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

struct failing_seen {
	uint64_t next;
	int fail;
};

static int see_or_fail(void *user, const struct entry *e, struct tote_fault *fault)
{
	struct failing_seen *s = user;

	if (s->fail)
		return tote__fault(fault, TOTE_E_NO_MEMORY, "no memory to see it");
	ck_assert_uint_eq(e->seq, s->next);
	s->next++;
	return 0;
}

/* A room above that missed an entry would admit what that entry forbids. */
START_TEST(nothing_is_written_behind_an_entry_that_was_not_observed)
{
	struct failing_seen seen = {0};
	struct numbered n;
	struct fixture f;
	struct ledger *l;
	uint64_t seq;

	fixture_make(&f, backends[_i]);
	tote__ledger_close(fixture_create(&f));
	f.options.hooks.user = &seen;
	f.options.hooks.observe = see_or_fail;
	l = fixture_open(&f);
	numbered_draft(&n, 1);
	ck_ok(tote__ledger_hold(l, &f.fault), f.fault);
	seen.fail = 1;
	ck_ok(tote__ledger_write(l, &n.draft, 1, &seq, &f.fault), f.fault); /* it is durable */
	ck_fault(tote__ledger_write(l, &n.draft, 1, &seq, &f.fault), TOTE_E_NO_MEMORY, f.fault);
	ck_assert_uint_eq(tote__ledger_next(l), 2);
	seen.fail = 0;
	memset(&f.fault, 0, sizeof(f.fault));
	ck_ok(tote__ledger_write(l, &n.draft, 1, &seq, &f.fault), f.fault);
	ck_assert_uint_eq(seq, 2);
	ck_assert_uint_eq(seen.next, 3);
	tote__ledger_release(l);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

Suite *ledger_suite(void)
{
	Suite *s = suite_create("ledger");
	TCase *t = tcase_create("create");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_new_ledger_has_one_entry_under_a_checkpoint, 0, 2);
	tcase_add_loop_test(t, creating_it_again_gives_it_as_it_is, 0, 2);
	tcase_add_test(t, creating_another_one_over_it_is_refused);
	tcase_add_loop_test(t, a_half_made_ledger_is_completed, 0, 2);
	tcase_add_test(t, a_wrong_origin_or_key_is_refused);
	suite_add_tcase(s, t);

	t = tcase_create("append");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, what_is_appended_is_there_after_opening_again, 0, 2);
	tcase_add_test(t, an_expected_seq_makes_a_retry_harmless);
	tcase_add_test(t, a_retry_of_several_must_be_wholly_there);
	tcase_add_test(t, a_call_is_all_or_none);
	tcase_add_test(t, a_call_that_exceeds_one_group_is_refused_before_anything);
	tcase_add_test(t, a_clock_before_1970_refuses_before_anything);
	tcase_add_test(t, the_state_is_borne_by_every_256th_entry);
	tcase_add_loop_test(t, without_a_signer_the_journal_has_a_bound, 0, 2);
	tcase_add_test(t, what_the_room_above_does_not_admit_is_refused);
	tcase_add_loop_test(t, every_entry_is_observed_once_and_in_order, 0, 2);
	tcase_add_loop_test(t, nothing_is_written_behind_an_entry_that_was_not_observed, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
