/* SPDX-License-Identifier: ISC */
/*
 * What one line of the library keeps and no other: each test here fails where that line is gone.
 */
#include "ledger/ledger_impl.h"
#include "ledger/watched.h"
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

/* --- holding -------------------------------------------------------------------------------- */

START_TEST(where_the_line_could_not_be_written_nothing_is_done_and_the_next_one_takes_over)
{
	struct watched w;

	watched_make(&w);
	w.faults.only = "line_write";
	faults_arm(&w.faults, FAULT_ONCE, 0);
	ck_fault(append_number(w.l, 3, LEDGER_SEQ_ANY, NULL, &w.f.fault), TOTE_E_IO, w.f.fault);
	faults_disarm(&w.faults);
	ck_assert_int_eq(w.takeovers, 0);
	append_numbers(w.l, 3, 4);
	ck_assert_int_eq(w.takeovers, 1);
	append_numbers(w.l, 4, 5);
	ck_assert_int_eq(w.takeovers, 1);
	ledger_is_whole(w.l, 5);
	watched_remove(&w);
}
END_TEST

/* FORMAT section 5: `idle` only if all it wrote was synced with success. */
START_TEST(behind_a_sync_that_failed_the_line_stays_busy)
{
	struct tote_fault fault = {0};
	char text[LOCK_LINE_MAX];
	struct watched w;
	struct line line;
	uint64_t inode;
	size_t len;

	watched_make(&w);
	w.faults.only = "journal_sync";
	faults_arm(&w.faults, FAULT_ONCE, 0);
	ck_fault(append_number(w.l, 3, LEDGER_SEQ_ANY, NULL, &w.f.fault), TOTE_E_IO, w.f.fault);
	faults_disarm(&w.faults);
	ck_ok(w.f.place.ops->line_read(w.f.place.handle, text, sizeof(text), &len, &inode, &fault),
		fault);
	tote__line_parse(text, len, inode, &line);
	ck_assert_int_eq(line.state, LINE_BUSY);
	ck_assert_uint_eq(line.mark, 3);
	watched_remove(&w);
}
END_TEST

START_TEST(a_recovery_that_is_asked_for_is_a_takeover)
{
	struct watched w;

	watched_make(&w);
	ck_ok(tote__ledger_recover(w.l, &w.f.fault), w.f.fault);
	ck_assert_int_eq(w.takeovers, 1);
	watched_remove(&w);
}
END_TEST

static int settle_or_fail(void *user, struct ledger *l, uint64_t from, struct tote_fault *fault)
{
	(void)l, (void)from;
	return *(int *)user ? tote__fault(fault, TOTE_E_IO, "this cannot be settled now") : 0;
}

START_TEST(a_recovery_that_could_not_settle_leaves_the_handle_poisoned)
{
	struct watched w;
	int failing = 1;

	watched_make(&w);
	tote__ledger_close(w.l);
	w.f.options.hooks.user = &failing;
	w.f.options.hooks.settle = settle_or_fail;
	failing = 0;
	watched_open(&w);
	append_numbers(w.l, 3, 4);
	w.faults.only = "journal_sync";
	faults_arm(&w.faults, FAULT_ONCE, 0);
	ck_fault(append_number(w.l, 4, LEDGER_SEQ_ANY, NULL, &w.f.fault), TOTE_E_IO, w.f.fault);
	faults_disarm(&w.faults);
	failing = 1;
	ck_fault(tote__ledger_recover(w.l, &w.f.fault), TOTE_E_IO, w.f.fault);
	ck_fault(append_number(w.l, 5, LEDGER_SEQ_ANY, NULL, &w.f.fault), TOTE_E_POISONED,
		w.f.fault);
	failing = 0;
	ck_ok(tote__ledger_recover(w.l, &w.f.fault), w.f.fault);
	ck_ok(append_number(w.l, 5, LEDGER_SEQ_ANY, NULL, &w.f.fault), w.f.fault);
	watched_remove(&w);
}
END_TEST

/* --- the turnstile -------------------------------------------------------------------------- */

/* Another process: it locks one byte of `lock`, or asks whether somebody has. */
static int lock_byte(int fd, int byte, short type)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

	return fcntl(fd, F_OFD_SETLK, &lock);
}

static int byte_is_free(int fd, int byte)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

	ck_assert_int_eq(fcntl(fd, F_OFD_GETLK, &lock), 0);
	return lock.l_type == F_UNLCK;
}

static int open_lock(struct watched *w)
{
	int fd = open(fixture_path(&w->f, "lock"), O_RDWR | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

START_TEST(nobody_goes_past_the_turnstile)
{
	struct watched w;
	int fd;

	watched_make(&w);
	tote__ledger_close(w.l);
	w.f.options.lock_wait_us = 1000;
	watched_open(&w);
	fd = open_lock(&w);
	ck_assert_int_eq(lock_byte(fd, LOCK_BYTE_TURNSTILE, F_WRLCK), 0);
	ck_fault(tote__ledger_hold(w.l, &w.f.fault), TOTE_E_BUSY, w.f.fault);
	ck_assert_int_eq(lock_byte(fd, LOCK_BYTE_TURNSTILE, F_UNLCK), 0);
	ck_ok(tote__ledger_hold(w.l, &w.f.fault), w.f.fault);
	ck_assert_int_eq(byte_is_free(fd, LOCK_BYTE_TURNSTILE), 1);
	ck_assert_int_eq(byte_is_free(fd, LOCK_BYTE_WRITE), 0);
	tote__ledger_release(w.l);
	ck_assert_int_eq(byte_is_free(fd, LOCK_BYTE_WRITE), 1);
	close(fd);
	watched_remove(&w);
}
END_TEST

static void *hold_once(void *user)
{
	struct watched *w = user;
	struct tote_fault fault = {0};

	if (tote__ledger_hold(w->l, &fault) == 0)
		tote__ledger_release(w->l);
	return NULL;
}

START_TEST(who_waits_for_byte_0_keeps_the_turnstile)
{
	struct watched w;
	pthread_t waiter;
	int fd, kept = 0;

	watched_make(&w);
	tote__ledger_close(w.l);
	w.f.options.lock_wait_us = 20000000;
	watched_open(&w);
	fd = open_lock(&w);
	ck_assert_int_eq(lock_byte(fd, LOCK_BYTE_WRITE, F_WRLCK), 0);
	ck_assert_int_eq(pthread_create(&waiter, NULL, hold_once, &w), 0);
	for (int i = 0; i < 2000 && kept < 20; i++) { /* at many moments, not at one */
		usleep(1000);
		kept = byte_is_free(fd, LOCK_BYTE_TURNSTILE) ? 0 : kept + 1;
	}
	ck_assert_int_eq(lock_byte(fd, LOCK_BYTE_WRITE, F_UNLCK), 0);
	ck_assert_int_eq(pthread_join(waiter, NULL), 0);
	ck_assert_int_eq(kept, 20);
	close(fd);
	watched_remove(&w);
}
END_TEST

/* --- places that cannot be made ------------------------------------------------------------- */

static void append_of(
	struct ledger *l, size_t bytes, int count_, int expected, struct tote_fault *fault)
{
	struct draft d[64];
	char *payload = calloc(1, bytes);
	uint64_t seq;

	for (int i = 0; i < count_; i++)
		d[i] = (struct draft){.kind = "record", .payload = payload, .payload_len = bytes};
	ck_assert_int_eq(tote__ledger_append(l, d, (size_t)count_, LEDGER_SEQ_ANY, 1, &seq, fault),
		expected);
	free(payload);
}

START_TEST(a_journal_that_cannot_grow_for_another_reason_than_space_poisons)
{
	struct watched w;

	watched_make(&w);
	w.faults.only = "journal_grow";
	faults_arm(&w.faults, FAULT_ONCE, 0);
	append_of(w.l, 60000, 1, TOTE_E_IO, &w.f.fault);
	faults_disarm(&w.faults);
	ck_assert_uint_eq(w.f.fault.effect, TOTE_EFFECT_NONE);
	append_of(w.l, 1, 1, TOTE_E_POISONED, &w.f.fault);
	ck_ok(tote__ledger_recover(w.l, &w.f.fault), w.f.fault);
	ledger_is_whole(w.l, 3);
	watched_remove(&w);
}
END_TEST

/* Its name may be there and never have been synced: space or none, only a replay can tell. */
START_TEST(a_segment_that_was_made_or_was_not_poisons_whatever_the_reason)
{
	struct watched w;

	watched_make(&w);
	for (int i = 0; i < 4; i++) /* 15 MiB of 16 */
		append_of(w.l, 60000, 64, 0, &w.f.fault);
	w.faults.only = "journal_make";
	w.faults.code = TOTE_E_NO_SPACE;
	faults_arm(&w.faults, FAULT_REPORTED, 0);
	append_of(w.l, 60000, 64, TOTE_E_NO_SPACE, &w.f.fault);
	faults_disarm(&w.faults);
	append_of(w.l, 1, 1, TOTE_E_POISONED, &w.f.fault);
	ck_ok(tote__ledger_recover(w.l, &w.f.fault), w.f.fault);
	append_of(w.l, 60000, 64, 0, &w.f.fault);
	watched_remove(&w);
}
END_TEST

/* Groups in two segments, none of them signed: a takeover syncs both. */
START_TEST(a_takeover_syncs_each_segment_that_it_wrote_in)
{
	struct watched w;

	watched_make(&w);
	tote__ledger_close(w.l);
	w.f.options.signer = NULL; /* or they would be folded */
	watched_open(&w);
	for (int i = 0; i < 5; i++)
		append_of(w.l, 60000, 64, 0, &w.f.fault);
	ck_assert_int_eq(truncate(fixture_path(&w.f, "lock"), 0), 0); /* a void line */
	w.syncs = 0;
	ck_ok(tote__ledger_hold(w.l, &w.f.fault), w.f.fault);
	tote__ledger_release(w.l);
	ck_assert_int_eq(w.takeovers, 1);
	ck_assert_int_eq(w.syncs, 2);
	watched_remove(&w);
}
END_TEST

START_TEST(each_segment_has_a_salt_of_its_own)
{
	static const uint8_t zeros[16];
	struct segfile a, b;
	struct fixture f[2];

	for (int i = 0; i < 2; i++) {
		fixture_make(&f[i], "posix");
		tote__ledger_close(fixture_create(&f[i]));
	}
	ck_ok(tote__segfile_open(&a, &f[0].place, 0, &f[0].fault), f[0].fault);
	ck_ok(tote__segfile_open(&b, &f[1].place, 0, &f[1].fault), f[1].fault);
	ck_assert_mem_ne(a.header.salt, zeros, sizeof(zeros));
	ck_assert_mem_ne(a.header.salt, b.header.salt, sizeof(zeros));
	tote__segfile_close(&a);
	tote__segfile_close(&b);
	for (int i = 0; i < 2; i++)
		fixture_remove(&f[i]);
}
END_TEST

/* What an interrupted fold left is synced by who relies on it: another may have put it there. */
START_TEST(tiles_and_bundles_found_in_place_are_synced)
{
	struct checkpoint c;
	struct watched w;

	watched_make(&w);
	w.faults.only = "cell_swap";
	faults_arm(&w.faults, FAULT_ONCE, 0);
	ck_fault(tote__ledger_fold(w.l, &c, NULL, &w.f.fault), TOTE_E_IO, w.f.fault);
	faults_disarm(&w.faults);
	tote__ledger_close(w.l);
	watched_open(&w);
	w.objects = 0;
	ck_ok(tote__ledger_fold(w.l, &c, NULL, &w.f.fault), w.f.fault);
	ck_assert_uint_eq(c.size, 3);
	ck_assert_int_eq(w.objects, 2); /* a tile and a bundle */
	watched_remove(&w);
}
END_TEST

/* What was signed last guards against a fork only where it is the key's own word. */
START_TEST(a_note_last_signed_that_does_not_verify_stops_the_fold)
{
	struct checkpoint c;
	struct watched w;
	uint8_t *digit;

	watched_make(&w);
	ck_ok(tote__ledger_fold(w.l, &c, NULL, &w.f.fault), w.f.fault);
	append_numbers(w.l, 3, 4);
	digit = &w.f.keeper.last[w.f.keeper.last_len - 30];
	*digit = *digit == 'A' ? 'B' : 'A';
	ck_fault(tote__ledger_fold(w.l, &c, NULL, &w.f.fault), TOTE_E_BAD_SIGNATURE, w.f.fault);
	*digit = 0; /* it is no note at all */
	ck_assert_int_lt(tote__ledger_fold(w.l, &c, NULL, &w.f.fault), 0);
	watched_remove(&w);
}
END_TEST

/* A call that is refused while others wait leaves nothing in the group that they share. */
START_TEST(of_a_call_that_is_refused_nothing_stays_staged)
{
	struct draft bad = {.kind = "asset.void"}; /* and names no seal */
	struct draft two[2];
	struct numbered n;
	struct watched w;
	size_t len;

	watched_make(&w);
	numbered_draft(&n, 3);
	two[0] = n.draft;
	two[1] = bad;
	ck_ok(tote__ledger_hold(w.l, &w.f.fault), w.f.fault);
	tote__stage_begin(w.l);
	ck_ok(tote__stage_add(w.l, &n.draft, 1, &w.f.fault), w.f.fault);
	len = w.l->stage.body.len;
	ck_fault(tote__stage_add(w.l, two, 2, &w.f.fault), TOTE_E_MALFORMED, w.f.fault);
	ck_assert_uint_eq(w.l->stage.body.len, len);
	ck_assert_uint_eq(w.l->stage.count, 1);
	memset(&w.f.fault, 0, sizeof(w.f.fault));
	ck_ok(tote__commit(w.l, 0, &w.f.fault), w.f.fault);
	tote__ledger_release(w.l);
	ledger_is_whole(w.l, 4);
	watched_remove(&w);
}
END_TEST

Suite *promises_suite(void)
{
	Suite *s = suite_create("ledger/promises");
	TCase *c = tcase_create("promises");

	tcase_set_timeout(c, 60);
	tcase_add_test(
		c, where_the_line_could_not_be_written_nothing_is_done_and_the_next_one_takes_over);
	tcase_add_test(c, behind_a_sync_that_failed_the_line_stays_busy);
	tcase_add_test(c, a_recovery_that_is_asked_for_is_a_takeover);
	tcase_add_test(c, a_recovery_that_could_not_settle_leaves_the_handle_poisoned);
	tcase_add_test(c, nobody_goes_past_the_turnstile);
	tcase_add_test(c, who_waits_for_byte_0_keeps_the_turnstile);
	tcase_add_test(c, a_journal_that_cannot_grow_for_another_reason_than_space_poisons);
	tcase_add_test(c, a_segment_that_was_made_or_was_not_poisons_whatever_the_reason);
	tcase_add_test(c, a_takeover_syncs_each_segment_that_it_wrote_in);
	tcase_add_test(c, each_segment_has_a_salt_of_its_own);
	tcase_add_test(c, tiles_and_bundles_found_in_place_are_synced);
	tcase_add_test(c, of_a_call_that_is_refused_nothing_stays_staged);
	tcase_add_test(c, a_note_last_signed_that_does_not_verify_stops_the_fold);
	suite_add_tcase(s, c);
	return s;
}
