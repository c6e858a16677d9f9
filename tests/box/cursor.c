/* SPDX-License-Identifier: ISC */
/*
 * Cursors backwards, by kind and at the tail: each entry once, in order, and told what it was
 * verified against; what is no longer as it was read is never passed over.
 */
#include "support/box_fixture.h"
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct boxed b;
static tote_box *box;

static void setup(void)
{
	boxed_make(&b);
	box = boxed_open(&b);
}

static void teardown(void)
{
	tote_box_unref(box);
	boxed_remove(&b);
}

static void append_kind(tote_box *to, const char *kind, const char *payload)
{
	struct tote_record record = {
		.kind = kind, .payload = payload, .payload_length = strlen(payload)};

	ck_ok(tote_box_append(to, &record, TOTE_SEQ_ANY, 0, NULL, &b.fault), b.fault);
}

static void append_count(tote_box *to, size_t count)
{
	for (size_t i = 0; i < count; i++)
		append_kind(to, i % 3 ? "record" : "record.letter", "x");
}

/* As one group: `count` records of one call. */
static void append_group(tote_box *to, size_t count)
{
	struct tote_record *records = calloc(count, sizeof(*records));

	for (size_t i = 0; i < count; i++)
		records[i] =
			(struct tote_record){.kind = "record", .payload = "y", .payload_length = 1};
	ck_ok(tote_box_append_many(to, records, count, TOTE_SEQ_ANY, 0, NULL, &b.fault), b.fault);
	free(records);
}

static void fold(void)
{
	size_t length;
	char note[4096];

	ck_ok(tote_box_checkpoint(box, 0, note, sizeof(note), &length, &b.fault), b.fault);
}

static tote_cursor *open_at(tote_box *of, uint64_t from, uint32_t flags)
{
	tote_cursor *cursor;

	ck_ok(tote_cursor_open(of, from, flags, &cursor, &b.fault), b.fault);
	return cursor;
}

/* The next entry is that one; what it is verified against. */
static int gives(tote_cursor *cursor, uint64_t seq)
{
	struct tote_entry e = {.size = sizeof(e)};
	int rc = tote_cursor_next(cursor, &e, &b.fault);

	ck_assert_msg(rc == 1, "%d instead of entry %d: %s", rc, (int)seq, b.fault.text);
	ck_assert_uint_eq(e.seq, seq);
	return (e.flags & TOTE_ENTRY_VERIFIED) != 0;
}

static void ends(tote_cursor *cursor)
{
	struct tote_entry e = {.size = sizeof(e)};

	ck_ok(tote_cursor_next(cursor, &e, &b.fault), b.fault);
}

/* --- backwards ------------------------------------------------------------------------------ */

START_TEST(backwards_each_entry_comes_once_down_to_the_first)
{
	tote_cursor *cursor;

	append_count(box, 600);
	fold();
	append_count(box, 30);
	append_group(box, 1000);
	cursor = open_at(box, TOTE_SEQ_ANY, TOTE_CURSOR_BACKWARD);
	for (uint64_t seq = 1631; seq-- > 0;)
		ck_assert_int_eq(gives(cursor, seq), seq < 601);
	ends(cursor);
	ck_ok(tote_cursor_seek(cursor, 300, &b.fault), b.fault);
	gives(cursor, 300);
	gives(cursor, 299);
	ck_fault(tote_cursor_seek(cursor, 1631, &b.fault), TOTE_E_NOT_FOUND, b.fault);
	tote_cursor_unref(cursor);
	cursor = open_at(box, 5, TOTE_CURSOR_BACKWARD);
	for (uint64_t seq = 6; seq-- > 0;)
		gives(cursor, seq);
	ends(cursor);
	tote_cursor_unref(cursor);
	cursor = open_at(box, 9999, TOTE_CURSOR_BACKWARD);
	gives(cursor, 1630);
	tote_cursor_unref(cursor);
}
END_TEST

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

START_TEST(a_large_group_is_read_backwards_in_time_that_grows_with_it)
{
	double forwards, backwards;
	tote_cursor *cursor;

	append_group(box, 20000);
	cursor = open_at(box, 0, 0);
	forwards = seconds();
	for (uint64_t seq = 0; seq < 20001; seq++)
		gives(cursor, seq);
	forwards = seconds() - forwards;
	tote_cursor_unref(cursor);
	cursor = open_at(box, TOTE_SEQ_ANY, TOTE_CURSOR_BACKWARD);
	backwards = seconds();
	for (uint64_t seq = 20001; seq-- > 0;)
		gives(cursor, seq);
	backwards = seconds() - backwards;
	tote_cursor_unref(cursor);
	/* going over the group anew for each entry takes some fifty times as long */
	ck_assert_msg(backwards < 5 * forwards + 0.2, "%f s and %f s", backwards, forwards);
}
END_TEST

START_TEST(who_reads_backwards_cannot_follow)
{
	tote_cursor *cursor;

	ck_fault(tote_cursor_open(
			 box, 0, TOTE_CURSOR_BACKWARD | TOTE_CURSOR_FOLLOW, &cursor, &b.fault),
		TOTE_E_ARGUMENT, b.fault);
	ck_fault(tote_cursor_open(box, 0, 4, &cursor, &b.fault), TOTE_E_FLAGS, b.fault);
	cursor = open_at(box, 0, 0);
	ck_fault(tote_cursor_wait(cursor, 0, &b.fault), TOTE_E_ARGUMENT, b.fault);
	tote_cursor_unref(cursor);
}
END_TEST

/* --- by kind -------------------------------------------------------------------------------- */

START_TEST(a_filter_gives_a_kind_or_a_family_and_nothing_else)
{
	static const char *const kinds[] = {
		"record", "record.letter", "record.letter.draft", "host.record", "recordx"};
	static const struct {
		const char *filter, *wanted;
	} cases[] = {{"record", "1 6"}, {"record.letter", "2 7"}, {"record.*", "1 2 3 6 7 8"},
		{"record.letter.*", "2 3 7 8"}, {"host.*", "4 9"}, {"container.created", "0"},
		{"record.lette", ""}, {NULL, "0 1 2 3 4 5 6 7 8 9 10"}};
	tote_cursor *cursor = open_at(box, 0, 0);

	ck_assert(tote_cursor_filter(cursor, "Record", &b.fault) == TOTE_E_GRAMMAR);
	ck_fault(tote_cursor_filter(cursor, "*", &b.fault), TOTE_E_GRAMMAR, b.fault);
	ck_fault(tote_cursor_filter(cursor, ".*", &b.fault), TOTE_E_GRAMMAR, b.fault);
	ck_fault(tote_cursor_filter(cursor, "", &b.fault), TOTE_E_GRAMMAR, b.fault);
	tote_cursor_unref(cursor);
	for (int i = 0; i < 2; i++) {
		for (size_t k = 0; k < 4; k++)
			append_kind(box, kinds[k], "x");
		append_kind(box, "host.recordx", "x");
	}
	cursor = open_at(box, 0, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tote_entry e = {.size = sizeof(e)};
		char got[100] = "";

		if (i < 4 || i > 4) {
			ck_ok(tote_cursor_filter(cursor, cases[i].filter, &b.fault), b.fault);
		} else {
			ck_ok(tote_cursor_filter(cursor, "host.record", &b.fault), b.fault);
		}
		ck_ok(tote_cursor_seek(cursor, 0, &b.fault), b.fault);
		while (tote_cursor_next(cursor, &e, &b.fault) == 1)
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%d",
				*got ? " " : "", (int)e.seq);
		ck_assert_str_eq(got, cases[i].wanted);
	}
	tote_cursor_unref(cursor);
}
END_TEST

/* --- at the tail ---------------------------------------------------------------------------- */

START_TEST(a_follower_gets_what_comes_and_is_told_what_it_is_verified_against)
{
	tote_cursor *cursor = open_at(box, 0, TOTE_CURSOR_FOLLOW), *late;
	uint64_t seq = 1;

	ck_assert_int_eq(gives(cursor, 0), 1);
	ends(cursor);
	ends(cursor);
	ck_ok(tote_cursor_wait(cursor, 0, &b.fault), b.fault);
	for (int round = 0; round < 6; round++) {
		append_count(box, 50);
		ck_assert_int_eq(tote_cursor_wait(cursor, 0, &b.fault), 1);
		if (round % 2)
			fold();
		for (int i = 0; i < 50; i++)
			gives(cursor, seq++);
		ends(cursor);
	}
	late = open_at(box, TOTE_SEQ_ANY, TOTE_CURSOR_FOLLOW);
	ends(late);
	append_kind(box, "record", "x");
	ck_assert_int_eq(gives(late, seq), 0);
	/* it looked at the newer checkpoint, so what lies under it is verified against that */
	append_kind(box, "record", "x");
	fold();
	ck_assert_int_eq(gives(late, seq + 1), 1);
	tote_cursor_unref(late);
	tote_cursor_unref(cursor);
}
END_TEST

START_TEST(a_follower_reads_on_and_does_not_begin_anew)
{
	tote_cursor *cursor = open_at(box, TOTE_SEQ_ANY, TOTE_CURSOR_FOLLOW);
	double first, last;
	uint64_t seq = 1;

	first = seconds();
	for (int i = 0; i < 100; i++) {
		append_kind(box, "record", "x");
		gives(cursor, seq++);
	}
	first = seconds() - first;
	for (int i = 0; i < 1500; i++)
		append_kind(box, "record", "x");
	for (int i = 0; i < 1500; i++)
		gives(cursor, seq++);
	last = seconds();
	for (int i = 0; i < 100; i++) {
		append_kind(box, "record", "x");
		gives(cursor, seq++);
	}
	last = seconds() - last;
	ck_assert_msg(last < 4 * first + 0.1, "%f s at the end, %f s before", last, first);
	tote_cursor_unref(cursor);
}
END_TEST

#define FOR_EVER 1000000 /* and no faster than it can be followed, however fast the disk is */

/* Appends in a process of its own until it is killed or done, folding now and then. */
static pid_t writer(int number, int count, int folds)
{
	pid_t child = fork();

	if (child == 0) {
		struct boxed mine = b;
		tote_box *own;

		child_asserts_nothing();
		mine.ctx = support_ctx(NULL, NULL);
		own = folds ? boxed_open(&mine) : boxed_open_flags(&mine, 0);
		for (int i = 0; i < count; i++) {
			struct tote_record record = {.kind = "record",
				.payload = &number,
				.payload_length = sizeof(number)};
			char note[4096];
			size_t length;

			if (tote_box_append(own, &record, TOTE_SEQ_ANY, 0, NULL, &mine.fault) < 0)
				_exit(1);
			if (count == FOR_EVER)
				usleep(500);
			if (folds && i % 20 == 19 &&
				tote_box_checkpoint(
					own, 0, note, sizeof(note), &length, &mine.fault) < 0)
				_exit(1);
		}
		_exit(0);
	}
	ck_assert_int_gt(child, 0);
	return child;
}

START_TEST(a_follower_sees_each_entry_of_four_processes_once_and_in_order)
{
	enum { WRITERS = 4, EACH = 120 };
	tote_cursor *cursor = open_at(box, TOTE_SEQ_ANY, TOTE_CURSOR_FOLLOW);
	struct tote_entry e = {.size = sizeof(e)};
	uint64_t seq = 1;
	int rc, status, seen[WRITERS] = {0};
	pid_t child[WRITERS];

	for (int i = 0; i < WRITERS; i++)
		child[i] = writer(i, EACH, i == 0);
	while (seq <= (uint64_t)WRITERS * EACH) {
		rc = tote_cursor_wait(cursor, 20000000, &b.fault);
		ck_assert_msg(rc == 1, "%d at %d: %s", rc, (int)seq, b.fault.text);
		while ((rc = tote_cursor_next(cursor, &e, &b.fault)) == 1) {
			int number;

			ck_assert_uint_eq(e.seq, seq++);
			memcpy(&number, e.payload, sizeof(number));
			seen[number]++;
		}
		ck_assert_msg(rc == 0 || rc == TOTE_E_BUSY, "%s", b.fault.text);
	}
	for (int i = 0; i < WRITERS; i++) {
		ck_assert_int_eq(waitpid(child[i], &status, 0), child[i]);
		ck_assert_int_eq(status, 0);
		ck_assert_int_eq(seen[i], EACH);
	}
	ends(cursor);
	tote_cursor_unref(cursor);
}
END_TEST

START_TEST(a_follower_goes_on_through_takeovers_of_killed_writers)
{
	tote_cursor *cursor = open_at(box, TOTE_SEQ_ANY, TOTE_CURSOR_FOLLOW);
	struct tote_entry e = {.size = sizeof(e)};
	uint64_t seq = 1;
	int rc, status;

	for (int round = 0; round < 12; round++) {
		pid_t child = writer(1, FOR_EVER, 0);
		uint64_t until = seq + 5 + (uint64_t)round;

		while (seq < until) {
			ck_assert_int_ge(tote_cursor_wait(cursor, 20000000, &b.fault), 0);
			while ((rc = tote_cursor_next(cursor, &e, &b.fault)) == 1)
				ck_assert_uint_eq(e.seq, seq++);
			ck_assert_msg(rc == 0 || rc == TOTE_E_BUSY, "%s", b.fault.text);
		}
		kill(child, SIGKILL);
		ck_assert_int_eq(waitpid(child, &status, 0), child);
	}
	append_kind(box, "record", "last");
	for (;;) {
		rc = tote_cursor_next(cursor, &e, &b.fault);
		ck_assert_msg(rc == 1, "%d: %s", rc, b.fault.text);
		ck_assert_uint_eq(e.seq, seq++);
		if (e.payload_length == 4 && memcmp(e.payload, "last", 4) == 0)
			break;
	}
	ends(cursor);
	tote_cursor_unref(cursor);
}
END_TEST

START_TEST(a_follower_waits_as_long_as_it_is_told_and_no_longer)
{
	tote_cursor *cursor = open_at(box, TOTE_SEQ_ANY, TOTE_CURSOR_FOLLOW);
	struct timespec from, to;
	int64_t us;

	clock_gettime(CLOCK_MONOTONIC, &from);
	ck_ok(tote_cursor_wait(cursor, 120000, &b.fault), b.fault);
	clock_gettime(CLOCK_MONOTONIC, &to);
	us = (to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000;
	ck_assert_msg(us >= 120000 && us < 2000000, "%d us", (int)us);
	tote_cursor_unref(cursor);
}
END_TEST

/* --- another history ------------------------------------------------------------------------ */

/* The container's directory as it was is put back in place of what it is. */
static void keep_aside(const char *name)
{
	char command[1200];

	snprintf(command, sizeof(command), "cp -a %s %s/%s", b.location, b.scratch.path, name);
	ck_assert_int_eq(system(command), 0);
}

static void put_back(const char *name)
{
	char command[1200];

	snprintf(command, sizeof(command),
		"from=%s/%s/ledger; to=%s/ledger; cp $from/log/checkpoint $to/log/.new && "
		"mv -f $to/log/.new $to/log/checkpoint && rm -rf $to/journal/* $to/log/tile && "
		"cp -a $from/journal/. $to/journal/ && cp -a $from/log/tile $to/log/ && "
		"cat $from/lock >$to/lock",
		b.scratch.path, name, b.location);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(a_checkpoint_that_covers_less_is_a_rollback_for_a_follower)
{
	struct tote_entry e = {.size = sizeof(e)};
	tote_cursor *cursor;

	append_count(box, 10);
	keep_aside("old");
	append_count(box, 10);
	fold();
	cursor = open_at(box, 0, TOTE_CURSOR_FOLLOW);
	for (uint64_t seq = 0; seq < 21; seq++)
		gives(cursor, seq);
	put_back("old");
	for (int i = 0; i < 3; i++)
		ck_fault(tote_cursor_next(cursor, &e, &b.fault), TOTE_E_ROLLBACK, b.fault);
	ck_fault(tote_cursor_wait(cursor, 1000, &b.fault), TOTE_E_ROLLBACK, b.fault);
	tote_cursor_unref(cursor);
}
END_TEST

/* A history that parted from the one that is read after entry 10. */
static void make_other_of(int count, int folded)
{
	char last[400];

	append_count(box, 10);
	keep_aside("base");
	for (int i = 0; i < count; i++)
		append_kind(box, "record", "theirs");
	if (folded)
		fold();
	tote_box_unref(box);
	keep_aside("theirs");
	put_back("base");
	snprintf(last, sizeof(last), "%s.last", b.key);
	unlink(last);
	box = boxed_open(&b);
}

static void make_other(int folded)
{
	make_other_of(15, folded);
}

START_TEST(a_checkpoint_over_other_entries_than_the_journal_had_is_a_fork_for_a_follower)
{
	struct tote_entry e = {.size = sizeof(e)};
	tote_cursor *cursor;

	make_other_of(5, 1);
	for (int i = 0; i < 5; i++)
		append_kind(box, "record", "ours");
	cursor = open_at(box, 0, TOTE_CURSOR_FOLLOW);
	for (uint64_t seq = 0; seq < 16; seq++)
		gives(cursor, seq);
	put_back("theirs");
	for (int i = 0; i < 2; i++)
		ck_fault(tote_cursor_next(cursor, &e, &b.fault), TOTE_E_FORK, b.fault);
	tote_cursor_unref(cursor);
}
END_TEST

/* Of more entries, and in the last turn of as many. */
START_TEST(another_checkpoint_is_a_fork_for_a_follower)
{
	struct tote_entry e = {.size = sizeof(e)};
	tote_cursor *cursor, *idle;

	make_other(1);
	for (int i = 0; i < 5 + 5 * _i; i++)
		append_kind(box, "record", "ours");
	fold();
	cursor = open_at(box, 0, TOTE_CURSOR_FOLLOW);
	for (uint64_t seq = 0; seq < 16 + 5 * (unsigned)_i; seq++)
		gives(cursor, seq);
	idle = open_at(box, TOTE_SEQ_ANY, TOTE_CURSOR_FOLLOW);
	put_back("theirs");
	/* also for one that was given nothing yet */
	for (int i = 0; i < 2; i++)
		ck_fault(tote_cursor_next(idle, &e, &b.fault), TOTE_E_FORK, b.fault);
	tote_cursor_unref(idle);
	for (int i = 0; i < 3; i++)
		ck_fault(tote_cursor_next(cursor, &e, &b.fault), TOTE_E_FORK, b.fault);
	tote_cursor_unref(cursor);
}
END_TEST

START_TEST(an_entry_that_was_exchanged_above_the_checkpoint_is_named_to_a_follower)
{
	struct tote_entry e = {.size = sizeof(e)};
	tote_cursor *cursor;

	make_other(_i);
	for (int i = 0; i < 5; i++)
		append_kind(box, "record", "ours");
	cursor = open_at(box, 0, TOTE_CURSOR_FOLLOW);
	for (uint64_t seq = 0; seq < 16; seq++)
		ck_assert_int_eq(gives(cursor, seq), seq < 1);
	put_back("theirs");
	for (int i = 0; i < 3; i++) {
		ck_fault(tote_cursor_next(cursor, &e, &b.fault), TOTE_E_FORK, b.fault);
		ck_assert_uint_eq(b.fault.flags & TOTE_FAULT_SEQ, TOTE_FAULT_SEQ);
		ck_assert_uint_eq(b.fault.seq, 15);
	}
	tote_cursor_unref(cursor);
}
END_TEST

START_TEST(a_journal_that_got_shorter_is_a_rollback_for_a_follower)
{
	struct tote_entry e = {.size = sizeof(e)};
	tote_cursor *cursor;

	append_count(box, 10);
	keep_aside("old");
	append_count(box, 10);
	cursor = open_at(box, 0, TOTE_CURSOR_FOLLOW);
	for (uint64_t seq = 0; seq < 21; seq++)
		gives(cursor, seq);
	put_back("old");
	for (int i = 0; i < 3; i++) {
		ck_fault(tote_cursor_next(cursor, &e, &b.fault), TOTE_E_ROLLBACK, b.fault);
		ck_assert_uint_eq(b.fault.seq, 20);
	}
	tote_cursor_unref(cursor);
}
END_TEST

Suite *cursor_suite(void)
{
	Suite *suite = suite_create("cursor");
	TCase *tcase = tcase_create("reading");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, backwards_each_entry_comes_once_down_to_the_first);
	tcase_add_test(tcase, a_large_group_is_read_backwards_in_time_that_grows_with_it);
	tcase_add_test(tcase, who_reads_backwards_cannot_follow);
	tcase_add_test(tcase, a_filter_gives_a_kind_or_a_family_and_nothing_else);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("following");
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_follower_gets_what_comes_and_is_told_what_it_is_verified_against);
	tcase_add_test(tcase, a_follower_reads_on_and_does_not_begin_anew);
	tcase_add_test(tcase, a_follower_sees_each_entry_of_four_processes_once_and_in_order);
	tcase_add_test(tcase, a_follower_goes_on_through_takeovers_of_killed_writers);
	tcase_add_test(tcase, a_follower_waits_as_long_as_it_is_told_and_no_longer);
	tcase_add_test(tcase, a_checkpoint_that_covers_less_is_a_rollback_for_a_follower);
	tcase_add_test(tcase,
		a_checkpoint_over_other_entries_than_the_journal_had_is_a_fork_for_a_follower);
	tcase_add_loop_test(tcase, another_checkpoint_is_a_fork_for_a_follower, 0, 3);
	tcase_add_loop_test(tcase,
		an_entry_that_was_exchanged_above_the_checkpoint_is_named_to_a_follower, 0, 2);
	tcase_add_test(tcase, a_journal_that_got_shorter_is_a_rollback_for_a_follower);
	suite_add_tcase(suite, tcase);
	return suite;
}
