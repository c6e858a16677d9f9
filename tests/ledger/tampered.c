/* SPDX-License-Identifier: ISC */
/*
 * What a handle knows is not undone by what somebody puts back, takes away or changes below it while
 * it is open; and what was changed before it came is not built upon.
 */
#include "ledger/freeze.h"
#include "ledger/repair_fixture.h"
#include "ledger/watched.h"
#include <unistd.h>

#define CHECKPOINT "log/checkpoint"

static const char *checkpoint_path(const struct fixture *f)
{
	return fixture_path(f, CHECKPOINT);
}

/* --- another checkpoint under an open handle -------------------------------------------------- */

START_TEST(a_checkpoint_that_covers_less_than_before_is_a_rollback)
{
	uint8_t *older;
	struct fixture f;
	struct ledger *l;
	size_t len;

	fixture_make(&f, "posix");
	l = fixture_create(&f);
	older = file_read(checkpoint_path(&f), &len);
	append_numbers(l, 1, 3);
	ck_ok(fold(&f, l), f.fault);
	append_numbers(l, 3, 4);
	file_write(checkpoint_path(&f), older, len);
	ck_fault(fold(&f, l), TOTE_E_ROLLBACK, f.fault);
	free(older);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_checkpoint_that_covers_more_than_there_is_is_a_rollback)
{
	struct fixture f, longer;
	struct ledger *l, *other;
	uint8_t *newer;
	size_t len;

	fixture_make(&longer, "posix");
	other = fixture_create(&longer);
	append_numbers(other, 1, 9);
	ck_ok(fold(&longer, other), longer.fault);
	newer = file_read(checkpoint_path(&longer), &len);
	fixture_make(&f, "posix");
	l = fixture_create(&f);
	append_numbers(l, 1, 4);
	file_write(checkpoint_path(&f), newer, len);
	ck_fault(fold(&f, l), TOTE_E_ROLLBACK, f.fault);
	free(newer);
	tote__ledger_close(other);
	fixture_remove(&longer);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_checkpoint_that_is_gone_is_damage)
{
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, "posix");
	l = fixture_create(&f);
	append_numbers(l, 1, 4);
	ck_assert_int_eq(remove(checkpoint_path(&f)), 0);
	ck_fault(fold(&f, l), TOTE_E_DAMAGED, f.fault);
	ck_assert_int_eq(file_exists(checkpoint_path(&f)), 0);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

/* --- what is below the checkpoint ------------------------------------------------------------- */

static int pass(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	(void)user, (void)e, (void)leaf, (void)verified, (void)fault;
	return 0;
}

START_TEST(an_entry_that_was_changed_under_the_checkpoint_is_not_compared_with)
{
	uint8_t *bundle;
	size_t at;
	struct fixture f;
	struct ledger *l;
	const char *path;

	fixture_make(&f, "posix");
	l = fixture_create(&f);
	append_numbers(l, 1, 4);
	ck_ok(fold(&f, l), f.fault);
	path = fixture_path(&f, "log/tile/entries/000.p/4");
	bundle = file_read(path, NULL);
	at = 2 + (size_t)(bundle[0] << 8 | bundle[1]); /* where entry 1 begins */
	at += 2 + (size_t)(bundle[at] << 8 | bundle[at + 1]);
	file_flip(path, at - 1, 1); /* and the last byte of it */
	ck_ok(tote__ledger_hold(l, &f.fault), f.fault);
	ck_fault(tote__ledger_scan(l, 1, 2, pass, NULL, &f.fault), TOTE_E_DAMAGED, f.fault);
	tote__ledger_release(l);
	memset(&f.fault, 0, sizeof(f.fault));
	ck_fault(append_number(l, 1, 1, NULL, &f.fault), TOTE_E_DAMAGED, f.fault);
	free(bundle);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_tile_with_bytes_behind_its_hashes_is_not_built_upon)
{
	struct fixture f;
	struct ledger *l;
	const char *path;

	fixture_make(&f, "posix");
	l = fixture_create(&f);
	append_numbers(l, 1, 4);
	ck_ok(fold(&f, l), f.fault);
	append_numbers(l, 4, 5);
	path = fixture_path(&f, "log/tile/0/000.p/4");
	ck_assert_int_eq(truncate(path, 4 * HASH_LEN + 1), 0);
	ck_fault(fold(&f, l), TOTE_E_DAMAGED, f.fault);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

/* Its prev binds entry 0 to the origin and the key that it names. */
START_TEST(a_first_entry_of_another_origin_or_key_opens_no_ledger)
{
	struct ledger *l = NULL;
	uint8_t *bundle, *prev;
	const char *path;
	struct fixture f;
	size_t len;

	fixture_make(&f, "posix");
	tote__ledger_close(fixture_create(&f));
	path = fixture_path(&f, "log/tile/entries/000.p/1");
	bundle = file_read(path, &len);
	prev = memmem(bundle, len, "\nprev ", 6);
	ck_assert_ptr_nonnull(prev);
	file_flip(path, (size_t)(prev + 6 - bundle), prev[6] == 'A' ? 'A' ^ 'B' : prev[6] ^ 'A');
	ck_fault(tote__ledger_open(&f.options, &l, &f.fault), TOTE_E_DAMAGED, f.fault);
	free(bundle);
	fixture_remove(&f);
}
END_TEST

/* --- another history under an open handle ----------------------------------------------------- */

/* Repaired by another: shorter than what was observed, and longer again by other entries. */
START_TEST(what_was_observed_is_observed_anew_where_a_repair_took_some_of_it)
{
	const uint64_t more = _i ? 20 : 0;
	struct fixture f, other;
	struct repair done;
	struct ledger *l, *theirs;
	struct observed seen;

	fixture_make(&f, "posix");
	tote__ledger_close(fixture_create(&f));
	l = fixture_open_seeing(&f, &seen, OBSERVE_ALL);
	append_numbers(l, 1, ENTRIES);
	ck_assert_uint_eq(seen.next, ENTRIES);
	ck_assert_uint_eq(seen.resets, 1);
	rot(&f, 12);
	other = f;
	ck_ok(tote__place_open(
		      f.ctx, f.backend, f.location, LAYOUT_CONTAINER, 0, &other.place, &f.fault),
		f.fault);
	other.options.place = &other.place;
	theirs = fixture_open(&other);
	ck_ok(repair(&other, theirs, 0, &done), other.fault);
	ck_assert_uint_eq(done.from_seq, 12);
	append_numbers(theirs, 100, 100 + more);
	append_numbers(l, 200, 201);
	ck_assert_uint_eq(seen.resets, 2);
	ck_assert_uint_eq(seen.next, 13 + more + 1);
	tote__ledger_close(theirs);
	tote__place_close(&other.place);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

/* An entry whose seq is a multiple of 256 bears the state before it, and nothing else does. */
START_TEST(the_state_is_read_from_the_last_entry_that_bears_it)
{
	static const uint64_t sizes[] = {255, 256, 257, 512, 513};
	struct fixture f;
	struct ledger *l;
	struct observed seen;

	fixture_make(&f, "posix");
	l = fixture_create(&f);
	append_grouped(l, 1, sizes[_i]);
	tote__ledger_close(l);
	l = fixture_open_seeing(&f, &seen, OBSERVE_STATE);
	ck_ok(tote__ledger_hold(l, &f.fault), f.fault);
	tote__ledger_release(l);
	ck_assert_uint_eq(seen.resets, 1);
	ck_assert_uint_eq(seen.next, sizes[_i]);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

/* --- a key that was replaced ------------------------------------------------------------------ */

static int give_replaced(void *user, struct keyring *keys, struct tote_fault *fault)
{
	const struct vkey *lost = user;
	struct vkey key = *lost;

	key.pub[0] ^= 1;
	return tote__keyring_replace(keys, 3, &key, lost, fault);
}

/* Who found it signs a checkpoint beyond where it was in force: that is none to go on from. */
START_TEST(a_key_that_was_replaced_does_not_go_on_from_what_it_signed_after_that)
{
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, "posix");
	l = fixture_create(&f);
	append_numbers(l, 1, 6);
	ck_ok(fold(&f, l), f.fault);
	tote__ledger_close(l);
	f.options.hooks.keys = give_replaced;
	f.options.hooks.user = &f.keeper.secret.key;
	l = fixture_open(&f);
	append_numbers(l, 6, 7);
	ck_fault(fold(&f, l), TOTE_E_BAD_SIGNATURE, f.fault);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

/* --- what failed lets go ---------------------------------------------------------------------- */

START_TEST(a_copy_that_cannot_begin_keeps_nobody_from_folding)
{
	struct checkpoint c;
	struct watched w;
	struct view view;

	watched_make(&w);
	w.faults.only = "line_write";
	faults_arm(&w.faults, FAULT_ONCE, 0);
	ck_fault(tote__ledger_freeze(w.l, &view, &w.f.fault), TOTE_E_IO, w.f.fault);
	faults_disarm(&w.faults);
	w.l->lock_wait_us = 1000000;
	memset(&w.f.fault, 0, sizeof(w.f.fault));
	ck_ok(tote__ledger_fold(w.l, &c, NULL, &w.f.fault), w.f.fault);
	ck_ok(tote__ledger_freeze(w.l, &view, &w.f.fault), w.f.fault);
	ck_assert_uint_eq(view.limit, 3);
	tote__ledger_thaw(w.l, &view);
	ck_ok(tote__ledger_fold(w.l, &c, NULL, &w.f.fault), w.f.fault);
	watched_remove(&w);
}
END_TEST

Suite *tampered_suite(void);

Suite *tampered_suite(void)
{
	Suite *s = suite_create("ledger/tampered");
	TCase *t = tcase_create("tampered");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_checkpoint_that_covers_less_than_before_is_a_rollback);
	tcase_add_test(t, a_checkpoint_that_covers_more_than_there_is_is_a_rollback);
	tcase_add_test(t, a_checkpoint_that_is_gone_is_damage);
	tcase_add_test(t, an_entry_that_was_changed_under_the_checkpoint_is_not_compared_with);
	tcase_add_test(t, a_tile_with_bytes_behind_its_hashes_is_not_built_upon);
	tcase_add_test(t, a_first_entry_of_another_origin_or_key_opens_no_ledger);
	tcase_add_loop_test(
		t, what_was_observed_is_observed_anew_where_a_repair_took_some_of_it, 0, 2);
	tcase_add_loop_test(t, the_state_is_read_from_the_last_entry_that_bears_it, 0, 5);
	tcase_add_test(t, a_key_that_was_replaced_does_not_go_on_from_what_it_signed_after_that);
	tcase_add_test(t, a_copy_that_cannot_begin_keeps_nobody_from_folding);
	suite_add_tcase(s, t);
	return s;
}
