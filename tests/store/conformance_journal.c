/* SPDX-License-Identifier: ISC */
/*
 * What every backend promises of the journal and its locks, held against each of them.
 */
#include "store/store.h"
#include "support/store_house.h"
#include <pthread.h>
#include <time.h>

/* --- journal ------------------------------------------------------------------------------------- */

START_TEST(a_segment_is_made_of_its_header_and_zeros)
{
	HOUSE(h);
	struct store_stat st;
	void *segment;
	uint64_t bytes;
	char got[100];
	size_t len;

	ck_ok(h.ops->journal_make(h.at, 256, "header", 6, 32768, &h.fault), h.fault);
	ck_fault(h.ops->journal_make(h.at, 256, "again", 5, 32768, &h.fault), TOTE_E_EXISTS,
		h.fault);
	tote__fault_clear(&h.fault);
	ck_ok(h.ops->stat(h.at, SPACE_JOURNAL, "00000000000000000256", &st, &h.fault), h.fault);
	ck_assert_uint_eq(st.mode, 0640);
	ck_assert_uint_eq(st.size, 32768);
	ck_ok(h.ops->journal_open(h.at, 256, &segment, &bytes, &h.fault), h.fault);
	ck_assert_uint_eq(bytes, 32768);
	ck_ok(h.ops->journal_read(segment, 0, got, sizeof(got), &len, &h.fault), h.fault);
	ck_assert_uint_eq(len, sizeof(got));
	ck_assert(memcmp(got, "header\0\0\0", 9) == 0);
	ck_ok(h.ops->journal_read(segment, 32760, got, sizeof(got), &len, &h.fault), h.fault);
	ck_assert_uint_eq(len, 8);
	h.ops->journal_close(segment);
	h.ops->journal_close(NULL);
	ck_fault(h.ops->journal_open(h.at, 255, &segment, &bytes, &h.fault), TOTE_E_NOT_FOUND,
		h.fault);
	house_end(&h);
}
END_TEST

START_TEST(what_is_written_to_a_segment_is_read_by_everybody)
{
	HOUSE(h);
	void *one, *two;
	uint64_t bytes;
	char got[5];
	size_t len;

	ck_ok(h.ops->journal_make(h.at, 0, "h", 1, 8192, &h.fault), h.fault);
	ck_ok(h.ops->journal_open(h.at, 0, &one, &bytes, &h.fault), h.fault);
	ck_ok(h.ops->journal_open(h.at, 0, &two, &bytes, &h.fault), h.fault);
	ck_ok(h.ops->journal_write(one, 4096, "group", 5, &h.fault), h.fault);
	ck_ok(h.ops->journal_sync(one, &h.fault), h.fault);
	ck_ok(h.ops->journal_read(two, 4096, got, 5, &len, &h.fault), h.fault);
	ck_assert(memcmp(got, "group", 5) == 0);
	ck_ok(h.ops->journal_grow(one, 65536, &h.fault), h.fault);
	ck_ok(h.ops->journal_size(two, &bytes, &h.fault), h.fault);
	ck_assert_uint_eq(bytes, 65536);
	ck_ok(h.ops->journal_grow(one, 100, &h.fault), h.fault);
	ck_ok(h.ops->journal_size(two, &bytes, &h.fault), h.fault);
	ck_assert_uint_eq(bytes, 65536);
	ck_ok(h.ops->journal_read(two, 4096, got, 5, &len, &h.fault), h.fault);
	ck_assert(memcmp(got, "group", 5) == 0);
	h.ops->journal_close(one);
	h.ops->journal_close(two);
	house_end(&h);
}
END_TEST

START_TEST(a_removed_segment_is_no_longer_current)
{
	HOUSE(h);
	void *old, *new;
	uint64_t bytes, seqs[4];
	size_t count;

	ck_ok(h.ops->journal_make(h.at, 5, "h", 1, 4096, &h.fault), h.fault);
	ck_ok(h.ops->journal_open(h.at, 5, &old, &bytes, &h.fault), h.fault);
	ck_assert_int_eq(h.ops->journal_is_current(h.at, 5, old), 1);
	ck_assert_int_eq(h.ops->journal_is_current(h.at, 6, old), 0);
	ck_ok(h.ops->journal_remove(h.at, 5, &h.fault), h.fault);
	ck_ok(h.ops->journal_sync_names(h.at, &h.fault), h.fault);
	ck_ok(h.ops->barrier(h.at, SPACE_JOURNAL, &h.fault), h.fault);
	ck_assert_int_eq(h.ops->journal_is_current(h.at, 5, old), 0);
	ck_ok(h.ops->journal_list(h.at, seqs, 4, &count, &h.fault), h.fault);
	ck_assert_uint_eq(count, 0);
	ck_ok(h.ops->journal_make(h.at, 5, "n", 1, 4096, &h.fault), h.fault);
	ck_ok(h.ops->journal_open(h.at, 5, &new, &bytes, &h.fault), h.fault);
	ck_assert_int_eq(h.ops->journal_is_current(h.at, 5, old), 0);
	ck_assert_int_eq(h.ops->journal_is_current(h.at, 5, new), 1);
	h.ops->journal_close(old);
	h.ops->journal_close(new);
	house_end(&h);
}
END_TEST

START_TEST(segments_are_listed_in_order)
{
	HOUSE(h);
	static const uint64_t wanted[] = {0, 9, 100, UINT64_C(9223372036854775807)};
	uint64_t seqs[4];
	size_t count;

	for (size_t i = 0; i < 4; i++)
		ck_ok(h.ops->journal_make(h.at, wanted[(i * 3) % 4], "h", 1, 4096, &h.fault),
			h.fault);
	ck_ok(h.ops->journal_list(h.at, seqs, 4, &count, &h.fault), h.fault);
	ck_assert_uint_eq(count, 4);
	ck_assert(memcmp(seqs, wanted, sizeof(wanted)) == 0);
	ck_fault(h.ops->journal_list(h.at, seqs, 3, &count, &h.fault), TOTE_E_LIMIT, h.fault);
	house_end(&h);
}
END_TEST

/* --- locks --------------------------------------------------------------------------------------- */

/* A second place at the same location. */
static void open_again(struct house *h, struct place *ret)
{
	ck_ok(tote__place_open(h->ctx, h->backend->name, house_location(h), LAYOUT_CONTAINER, 0,
		      ret, &h->fault),
		h->fault);
}

START_TEST(two_places_at_one_location_exclude_each_other)
{
	HOUSE(h);
	struct place other;

	open_again(&h, &other);
	for (int byte = LOCK_BYTE_WRITE; byte <= LOCK_BYTE_DISPATCH; byte++) {
		ck_ok(h.ops->lock_take(h.at, byte, 0, &h.fault), h.fault);
		ck_fault(other.ops->lock_take(other.handle, byte, 0, &h.fault), TOTE_E_BUSY,
			h.fault);
		ck_fault(other.ops->lock_take(other.handle, byte, -1, &h.fault), TOTE_E_BUSY,
			h.fault);
		tote__fault_clear(&h.fault);
	}
	h.ops->lock_drop(h.at, LOCK_BYTE_TURNSTILE);
	ck_ok(other.ops->lock_take(other.handle, LOCK_BYTE_TURNSTILE, 0, &h.fault), h.fault);
	ck_fault(other.ops->lock_take(other.handle, LOCK_BYTE_WRITE, 0, &h.fault), TOTE_E_BUSY,
		h.fault);
	ck_fault(h.ops->lock_take(h.at, LOCK_BYTE_TURNSTILE, 0, &h.fault), TOTE_E_BUSY, h.fault);
	ck_fault(h.ops->lock_take(h.at, LOCK_BYTE_DISPATCH + 1, 0, &h.fault), TOTE_E_ARGUMENT,
		h.fault);
	tote__place_close(&other);
	house_end(&h);
}
END_TEST

/*
 * A fold goes on while others append, and the next in the queue waits at byte 1: nobody else goes
 * past him to byte 0.
 */
START_TEST(a_byte_that_is_held_leaves_the_others_free)
{
	HOUSE(h);
	struct place other;

	open_again(&h, &other);
	for (int byte = LOCK_BYTE_WRITE; byte <= LOCK_BYTE_DISPATCH; byte++) {
		ck_ok(h.ops->lock_take(h.at, byte, 0, &h.fault), h.fault);
		for (int b = LOCK_BYTE_WRITE; b <= LOCK_BYTE_DISPATCH; b++) {
			if (b == byte)
				continue;
			if (b == LOCK_BYTE_WRITE && byte == LOCK_BYTE_TURNSTILE) {
				ck_fault(other.ops->lock_take(other.handle, b, 0, &h.fault),
					TOTE_E_BUSY, h.fault);
				tote__fault_clear(&h.fault);
				continue;
			}
			ck_ok(other.ops->lock_take(other.handle, b, 0, &h.fault), h.fault);
			other.ops->lock_drop(other.handle, b);
		}
		h.ops->lock_drop(h.at, byte);
	}
	tote__place_close(&other);
	house_end(&h);
}
END_TEST

START_TEST(closing_a_place_lets_go_of_its_locks)
{
	HOUSE(h);
	struct place other;

	open_again(&h, &other);
	ck_ok(other.ops->lock_take(other.handle, LOCK_BYTE_WRITE, 0, &h.fault), h.fault);
	ck_ok(other.ops->lock_take(other.handle, LOCK_BYTE_FOLD, 0, &h.fault), h.fault);
	tote__place_close(&other);
	ck_ok(h.ops->lock_take(h.at, LOCK_BYTE_WRITE, 0, &h.fault), h.fault);
	ck_ok(h.ops->lock_take(h.at, LOCK_BYTE_FOLD, 0, &h.fault), h.fault);
	ck_assert_int_eq(h.ops->lock_is_current(h.at, &h.fault), 1);
	house_end(&h);
}
END_TEST

START_TEST(a_wait_ends_in_time_and_tells_who_holds_the_lock)
{
	HOUSE(h);
	const char *line = "tote-lock/1 12 busy 77 - 4242 filer%20one "
			   "2026-11-23T08:15:00.123456Z 0123456789abcdef\n";
	struct clock_source clock;
	struct place other;
	int64_t start, took;

	tote__clock_init(&clock, NULL);
	open_again(&h, &other);
	ck_ok(h.ops->lock_take(h.at, LOCK_BYTE_WRITE, 0, &h.fault), h.fault);
	ck_ok(h.ops->line_write(h.at, line, strlen(line), &h.fault), h.fault);
	start = tote__clock_monotonic(&clock);
	ck_fault(other.ops->lock_take(other.handle, LOCK_BYTE_WRITE, 30000, &h.fault), TOTE_E_BUSY,
		h.fault);
	took = tote__clock_monotonic(&clock) - start;
	ck_assert_int_ge(took, 30000);
	ck_assert_int_lt(took, 3000000);
	ck_assert_msg(strstr(h.fault.text, "pid 4242 on filer%20one") != NULL, "%s", h.fault.text);
	ck_assert_msg(
		strstr(h.fault.text, "2026-11-23T08:15:00.123456Z") != NULL, "%s", h.fault.text);
	tote__fault_clear(&h.fault);
	ck_ok(h.ops->line_write(h.at, "rubbish\n", 8, &h.fault), h.fault);
	ck_fault(other.ops->lock_take(other.handle, LOCK_BYTE_WRITE, 0, &h.fault), TOTE_E_BUSY,
		h.fault);
	ck_assert(strstr(h.fault.text, "pid") == NULL);
	tote__place_close(&other);
	house_end(&h);
}
END_TEST

struct waiter {
	int64_t wait_us;
	struct place *place;
	struct tote_fault fault;
	int rc;
};

static void *wait_for_lock(void *user)
{
	struct waiter *w = user;

	w->rc = w->place->ops->lock_take(w->place->handle, LOCK_BYTE_WRITE, w->wait_us, &w->fault);
	return NULL;
}

/* However long it would wait. */
START_TEST(who_waits_gets_the_lock_when_it_is_let_go)
{
	HOUSE(h);
	static const int64_t waits[] = {10000000, INT64_MAX};
	struct place other;
	struct timespec pause = {.tv_nsec = 20000000};
	pthread_t thread;

	open_again(&h, &other);
	for (size_t i = 0; i < 2; i++) {
		struct waiter w = {.place = &other, .wait_us = waits[i]};

		ck_ok(h.ops->lock_take(h.at, LOCK_BYTE_WRITE, 0, &h.fault), h.fault);
		ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_lock, &w), 0);
		nanosleep(&pause, NULL);
		h.ops->lock_drop(h.at, LOCK_BYTE_WRITE);
		ck_assert_int_eq(pthread_join(thread, NULL), 0);
		ck_ok(w.rc, w.fault);
		ck_fault(
			h.ops->lock_take(h.at, LOCK_BYTE_WRITE, 0, &h.fault), TOTE_E_BUSY, h.fault);
		tote__fault_clear(&h.fault);
		other.ops->lock_drop(other.handle, LOCK_BYTE_WRITE);
	}
	tote__place_close(&other);
	house_end(&h);
}
END_TEST

START_TEST(the_line_is_read_by_all_and_written_by_the_holder)
{
	HOUSE(h);
	struct place other;
	struct store_stat st;
	uint64_t inode;
	char got[LOCK_LINE_MAX];
	size_t len;

	open_again(&h, &other);
	ck_fault(h.ops->line_read(h.at, got, sizeof(got), &len, &inode, &h.fault), TOTE_E_NOT_FOUND,
		h.fault);
	ck_fault(h.ops->line_write(h.at, "x\n", 2, &h.fault), TOTE_E_MISUSE, h.fault);
	ck_fault(h.ops->line_sync(h.at, &h.fault), TOTE_E_MISUSE, h.fault);
	tote__fault_clear(&h.fault);
	ck_assert_int_eq(h.ops->lock_is_current(h.at, &h.fault), 0);
	ck_ok(h.ops->lock_take(h.at, LOCK_BYTE_WRITE, 0, &h.fault), h.fault);
	ck_assert_int_eq(h.ops->lock_is_current(h.at, &h.fault), 1);
	ck_ok(h.ops->line_write(h.at, "a long line\n", 12, &h.fault), h.fault);
	ck_ok(h.ops->line_write(h.at, "short\n", 6, &h.fault), h.fault);
	ck_ok(h.ops->line_sync(h.at, &h.fault), h.fault);
	ck_ok(other.ops->line_read(other.handle, got, sizeof(got), &len, &inode, &h.fault),
		h.fault);
	ck_assert_uint_eq(len, 12); /* what follows the LF is ignored */
	ck_assert(memcmp(got, "short\n", 6) == 0);
	ck_ok(h.ops->stat(h.at, SPACE_LEDGER, "lock", &st, &h.fault), h.fault);
	ck_assert_uint_eq(st.inode, inode);
	ck_assert_uint_eq(st.mode, 0600);
	ck_ok(other.ops->line_read(other.handle, got, 3, &len, &inode, &h.fault), h.fault);
	ck_assert_uint_eq(len, 3);
	tote__place_close(&other);
	house_end(&h);
}
END_TEST

Suite *conformance_journal_suite(void)
{
	const TTest *const tests[] = {a_segment_is_made_of_its_header_and_zeros,
		what_is_written_to_a_segment_is_read_by_everybody,
		a_removed_segment_is_no_longer_current, segments_are_listed_in_order,
		a_byte_that_is_held_leaves_the_others_free,
		two_places_at_one_location_exclude_each_other, closing_a_place_lets_go_of_its_locks,
		a_wait_ends_in_time_and_tells_who_holds_the_lock,
		who_waits_gets_the_lock_when_it_is_let_go,
		the_line_is_read_by_all_and_written_by_the_holder};
	Suite *s = suite_create("store/conformance_journal");
	TCase *tc = tcase_create("every backend");

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_loop_test(tc, tests[i], 0, HOUSE_BACKENDS);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	return s;
}
