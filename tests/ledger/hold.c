/* SPDX-License-Identifier: ISC */
/*
 * Byte 0, its line and what comes before a promise: reading on, takeover, settling.
 */
#include "ledger/line.h"
#include "ledger/segment.h"
#include "support/ledger_fixture.h"
#include "support/store_faults.h"
#include <unistd.h>

static const char *const backends[] = {"memory", "posix"};

START_TEST(a_lock_file_that_was_replaced_is_not_trusted)
{
	struct faults faults;
	struct checkpoint c;
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, backends[_i]);
	tote__ledger_close(fixture_create(&f));
	faults_make(&faults, &f.place);
	f.options.place = &faults.place;
	l = fixture_open(&f);
	faults.lock_replaced = 1;
	ck_fault(append_number(l, 1, LEDGER_SEQ_ANY, NULL, &f.fault), TOTE_E_UNTRUSTED, f.fault);
	ck_assert_ptr_nonnull(strstr(f.fault.text, "lock"));
	ck_fault(tote__ledger_fold(l, &c, NULL, &f.fault), TOTE_E_UNTRUSTED, f.fault);
	faults.lock_replaced = 0;
	append_numbers(l, 1, 2);
	ledger_is_whole(l, 2);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

/* A new `lock` in its place, between two appends: its line is void, so the next one takes over. */
START_TEST(a_lock_file_that_is_new_means_a_takeover)
{
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, "posix");
	l = fixture_create(&f);
	append_numbers(l, 1, 3);
	ck_assert_int_eq(remove(fixture_path(&f, "lock")), 0);
	append_numbers(l, 3, 4);
	ledger_is_whole(l, 4);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

/* --- holding -------------------------------------------------------------------------------- */

struct settling {
	int calls;
	uint64_t from;
};

static int count_settling(void *user, struct ledger *l, uint64_t from, struct tote_fault *fault)
{
	static const struct field reason[] = {{"seal", "1", 1}, {"reason", "left open", 9}};
	static const struct draft voided = {
		.kind = "asset.void", .fields = reason, .field_count = 2};
	struct settling *s = user;
	uint64_t seq;

	s->calls++;
	s->from = from;
	return tote__ledger_write(l, &voided, 1, &seq, fault);
}

START_TEST(a_seal_left_open_is_settled_by_the_next_holder)
{
	struct settling settling = {0};
	struct fixture f;
	struct ledger *l;
	uint64_t next;

	fixture_make(&f, backends[_i]);
	tote__ledger_close(fixture_create(&f));
	f.options.hooks.user = &settling;
	f.options.hooks.settle = count_settling;
	l = fixture_open(&f);
	append_numbers(l, 1, 3);
	ck_assert_int_eq(settling.calls, 0);
	ck_ok(tote__ledger_hold(l, &f.fault), f.fault);
	tote__ledger_open_seal(l, 1);
	tote__ledger_release(l);
	append_numbers(l, 3, 4); /* a takeover, which appended asset.void before it */
	ck_assert_int_eq(settling.calls, 1);
	ck_assert_uint_eq(settling.from, 1);
	ck_ok(tote__ledger_hold(l, &f.fault), f.fault);
	tote__ledger_open_seal(l, 1);
	tote__ledger_open_seal(l, 0);
	next = tote__ledger_next(l);
	tote__ledger_release(l);
	ck_assert_uint_eq(next, 5);
	append_numbers(l, 5, 6);
	ck_assert_int_eq(settling.calls, 1);
	ledger_is_whole(l, 6);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

/* What a poisoned handle left may need an entry of its own before anything else is right again. */
START_TEST(a_recovery_may_write_what_settles_an_open_seal)
{
	struct settling settling = {0};
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, backends[_i]);
	tote__ledger_close(fixture_create(&f));
	f.options.hooks.user = &settling;
	f.options.hooks.settle = count_settling;
	l = fixture_open(&f);
	append_numbers(l, 1, 3);
	ck_ok(tote__ledger_hold(l, &f.fault), f.fault);
	tote__ledger_open_seal(l, 1);
	tote__ledger_poison(l);
	tote__ledger_release(l);
	ck_ok(tote__ledger_recover(l, &f.fault), f.fault);
	ck_assert_int_eq(settling.calls, 1);
	append_numbers(l, 4, 5);
	ledger_is_whole(l, 5);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(writes_under_one_hold_follow_each_other)
{
	struct numbered n;
	struct fixture f;
	struct ledger *l;
	uint64_t seq;

	fixture_make(&f, backends[_i]);
	l = fixture_create(&f);
	numbered_draft(&n, 5);
	ck_fault(tote__ledger_write(l, &n.draft, 1, &seq, &f.fault), TOTE_E_MISUSE, f.fault);
	memset(&f.fault, 0, sizeof(f.fault));
	ck_ok(tote__ledger_hold(l, &f.fault), f.fault);
	for (uint64_t i = 1; i < 5; i++) {
		ck_assert_uint_eq(tote__ledger_next(l), i);
		ck_ok(tote__ledger_write(l, &n.draft, 1, &seq, &f.fault), f.fault);
		ck_assert_uint_eq(seq, i);
		ledger_holds_number(l, i, 5);
	}
	tote__ledger_poison(l);
	ck_fault(tote__ledger_write(l, &n.draft, 1, &seq, &f.fault), TOTE_E_POISONED, f.fault);
	tote__ledger_release(l);
	ck_fault(tote__ledger_hold(l, &f.fault), TOTE_E_POISONED, f.fault);
	memset(&f.fault, 0, sizeof(f.fault));
	ck_ok(tote__ledger_recover(l, &f.fault), f.fault);
	ledger_is_whole(l, 5);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

/* --- the line ------------------------------------------------------------------------------- */

static struct line line_of(struct fixture *f)
{
	char text[LOCK_LINE_MAX];
	struct line line;
	uint64_t inode;
	size_t len;

	ck_ok(f->place.ops->line_read(f->place.handle, text, sizeof(text), &len, &inode, &f->fault),
		f->fault);
	tote__line_parse(text, len, inode, &line);
	return line;
}

static void put_line(struct fixture *f, const struct line *line)
{
	char text[LOCK_LINE_MAX];
	size_t len;

	ck_ok(tote__line_format(line, text, &len, &f->fault), f->fault);
	ck_ok(f->place.ops->lock_take(f->place.handle, LOCK_BYTE_WRITE, 0, &f->fault), f->fault);
	ck_ok(f->place.ops->line_write(f->place.handle, text, len, &f->fault), f->fault);
	f->place.ops->lock_drop(f->place.handle, LOCK_BYTE_WRITE);
}

START_TEST(the_line_is_busy_while_held_and_bears_the_mark_after_each_sync)
{
	struct numbered n;
	struct fixture f;
	struct ledger *l;
	uint64_t seq;

	fixture_make(&f, backends[_i]);
	l = fixture_create(&f);
	ck_assert_int_eq(line_of(&f).state, LINE_IDLE);
	ck_assert_uint_eq(line_of(&f).mark, 1);
	numbered_draft(&n, 1);
	ck_ok(tote__ledger_hold(l, &f.fault), f.fault);
	ck_assert_int_eq(line_of(&f).state, LINE_BUSY);
	for (uint64_t i = 1; i < 4; i++) {
		ck_assert_uint_eq(line_of(&f).mark, i);
		ck_ok(tote__ledger_write(l, &n.draft, 1, &seq, &f.fault), f.fault);
	}
	ck_assert_uint_eq(line_of(&f).mark, 4);
	ck_assert_int_eq(line_of(&f).state, LINE_BUSY);
	tote__ledger_release(l);
	ck_assert_int_eq(line_of(&f).state, LINE_IDLE);
	ck_assert_uint_eq(line_of(&f).mark, 4);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

struct counted {
	int takeovers, lists, writes, syncs;
};

static void count_takeovers(void *user, const char *call)
{
	struct counted *c = user;

	c->takeovers += strcmp(call, "journal_sync_names") == 0;
	c->lists += strcmp(call, "journal_list") == 0;
	c->writes += strcmp(call, "journal_write") == 0;
	c->syncs += strcmp(call, "journal_sync") == 0;
}

/* A second handle on the same ledger, whose takeovers and replays are counted. */
struct second {
	struct place place;
	struct faults faults;
	struct counted counted;
	struct ledger *ledger;
};

static void second_open(struct second *s, struct fixture *f)
{
	struct ledger_options o = f->options;

	memset(s, 0, sizeof(*s));
	ck_ok(tote__place_open(
		      f->ctx, f->backend, f->location, LAYOUT_CONTAINER, 0, &s->place, &f->fault),
		f->fault);
	faults_make(&s->faults, &s->place);
	s->faults.after = count_takeovers;
	s->faults.user = &s->counted;
	o.place = &s->faults.place;
	o.signer = NULL;
	ck_ok(tote__ledger_open(&o, &s->ledger, &f->fault), f->fault);
}

static void second_close(struct second *s)
{
	tote__ledger_close(s->ledger);
	tote__place_close(&s->place);
}

START_TEST(after_idle_it_is_read_on_without_replay_or_takeover)
{
	struct second s;
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, backends[_i]);
	l = fixture_create(&f);
	second_open(&s, &f);
	append_numbers(s.ledger, 1, 2);
	ck_assert_int_eq(s.counted.takeovers, 0);
	ck_assert_int_eq(s.counted.lists, 1);
	for (uint64_t i = 2; i < 20; i += 3) {
		append_numbers(l, i, i + 2);
		append_numbers(s.ledger, i + 2, i + 3);
	}
	ck_assert_int_eq(s.counted.takeovers, 0);
	ck_assert_int_eq(s.counted.lists, 1);
	ledger_is_whole(s.ledger, 20);
	second_close(&s);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

/* A mark that fell back would let rot in what was acknowledged pass for a torn tail. */
START_TEST(who_cannot_read_what_others_appended_leaves_their_mark_alone)
{
	static const char *const calls[] = {"line_read", "journal_read", "journal_size"};

	for (size_t i = 0; i < 3; i++) {
		struct second s;
		struct fixture f;
		struct ledger *l;

		fixture_make(&f, backends[_i]);
		l = fixture_create(&f);
		second_open(&s, &f);
		append_numbers(s.ledger, 1, 2);
		append_numbers(l, 2, 6);
		s.faults.only = calls[i];
		faults_arm(&s.faults, FAULT_ONCE, 0);
		ck_fault(tote__ledger_hold(s.ledger, &f.fault), TOTE_E_IO, f.fault);
		ck_assert_int_eq(s.faults.fired, 1);
		faults_disarm(&s.faults);
		memset(&f.fault, 0, sizeof(f.fault));
		ck_assert_uint_eq(line_of(&f).mark, 6);
		append_numbers(s.ledger, 6, 7);
		ledger_is_whole(l, 7);
		second_close(&s);
		tote__ledger_close(l);
		fixture_remove(&f);
	}
}
END_TEST

/* Segments that another handle made are read on in, one after the other. */
START_TEST(it_is_read_on_into_new_segments)
{
	char *payload = calloc(1, 60000);
	struct draft drafts[65];
	struct second s;
	struct fixture f;
	struct ledger *l;
	uint64_t seq;

	fixture_make(&f, backends[_i]);
	l = fixture_create(&f);
	tote__ledger_close(l);
	f.options.signer = NULL;
	l = fixture_open(&f);
	second_open(&s, &f);
	append_numbers(s.ledger, 1, 2);
	for (size_t i = 0; i < 65; i++)
		drafts[i] =
			(struct draft){.kind = "record", .payload = payload, .payload_len = 60000};
	for (int i = 0; i < 10; i++)
		ck_ok(tote__ledger_append(l, drafts, 65, LEDGER_SEQ_ANY, 1, &seq, &f.fault),
			f.fault);
	append_numbers(s.ledger, 652, 653);
	ck_assert_int_eq(s.counted.takeovers, 0);
	ck_assert_int_eq(s.counted.lists, 1);
	ledger_is_whole(l, 653);
	second_close(&s);
	tote__ledger_close(l);
	free(payload);
	fixture_remove(&f);
}
END_TEST

/* Busy, another boot, an unknown boot, a void line, another mark: each means a takeover. */
START_TEST(whatever_is_not_a_clean_idle_means_a_takeover)
{
	for (int how = 0; how < 5; how++) {
		struct second s;
		struct fixture f;
		struct ledger *l;
		struct line line;

		fixture_make(&f, backends[_i]);
		l = fixture_create(&f);
		append_numbers(l, 1, 5);
		second_open(&s, &f);
		line = line_of(&f);
		if (how == 0)
			line.state = LINE_BUSY;
		else if (how == 1)
			memcpy(line.boot, "another", 8);
		else if (how == 2)
			memcpy(line.boot, "-", 2);
		else if (how == 3)
			line.inode++;
		else
			line.mark = 3;
		put_line(&f, &line);
		append_numbers(s.ledger, 5, 6);
		ck_assert_int_eq(s.counted.takeovers, 1);
		append_numbers(s.ledger, 6, 7);
		ck_assert_int_eq(s.counted.takeovers, 1);
		ledger_is_whole(l, 7);
		second_close(&s);
		tote__ledger_close(l);
		fixture_remove(&f);
	}
}
END_TEST

/* A sync that failed elsewhere may have left pages that are clean and not on the disk. */
START_TEST(a_takeover_writes_again_what_is_above_the_mark)
{
	for (int is_void = 0; is_void < 2; is_void++) {
		struct second s;
		struct fixture f;
		struct ledger *l;
		struct line line;

		fixture_make(&f, backends[_i]);
		l = fixture_create(&f);
		append_numbers(l, 1, 6);
		tote__ledger_close(l);
		second_open(&s, &f);
		line = line_of(&f);
		line.state = LINE_BUSY;
		line.mark = 4;
		line.inode += (uint64_t)is_void;
		put_line(&f, &line);
		ck_ok(tote__ledger_hold(s.ledger, &f.fault), f.fault);
		ck_assert_int_eq(
			s.counted.writes, is_void ? 5 : 2); /* from the checkpoint on: 1 to 5 */
		ck_assert_int_eq(s.counted.syncs, 1);
		tote__ledger_release(s.ledger);
		ledger_is_whole(s.ledger, 6);
		ck_assert_int_eq(s.counted.takeovers, 1);
		second_close(&s);
		fixture_remove(&f);
	}
}
END_TEST

/*
 * A fold holds byte 2 alone while it removes segments: a takeover looks again. The replay opens
 * each, then the writer, then who writes it again.
 */
START_TEST(a_segment_that_goes_away_under_a_takeover_means_again)
{
	for (long k = 0; k < 3; k++) {
		struct second s;
		struct fixture f;
		struct ledger *l;
		struct line line;

		fixture_make(&f, backends[_i]);
		l = fixture_create(&f);
		append_numbers(l, 1, 6);
		tote__ledger_close(l);
		second_open(&s, &f);
		line = line_of(&f);
		line.state = LINE_BUSY;
		line.mark = 4;
		put_line(&f, &line);
		s.faults.only = "journal_open";
		s.faults.code = TOTE_E_NOT_FOUND;
		faults_arm(&s.faults, FAULT_ONCE, k);
		ck_ok(tote__ledger_hold(s.ledger, &f.fault), f.fault);
		ck_assert_int_eq(s.faults.fired, 1);
		faults_disarm(&s.faults);
		tote__ledger_release(s.ledger);
		ledger_is_whole(s.ledger, 6);
		second_close(&s);
		fixture_remove(&f);
	}
}
END_TEST

/* Where there is no O_TMPFILE and no RENAME_NOREPLACE, a death between link and unlink leaves both. */
START_TEST(a_second_name_that_a_dead_maker_of_a_segment_left_is_in_nobodys_way)
{
	struct fixture f;
	struct ledger *l;
	struct line line;
	char other[500];

	fixture_make(&f, "posix");
	l = fixture_create(&f);
	append_numbers(l, 1, 5);
	line = line_of(&f);
	line.state = LINE_BUSY;
	put_line(&f, &line);
	tote__ledger_close(l);
	snprintf(other, sizeof(other), "%s", fixture_segment(&f, 0));
	strcpy(strrchr(other, '/'), "/.tote-w-000102030405060708090a0b");
	ck_assert_int_eq(link(fixture_segment(&f, 0), other), 0);
	l = fixture_open(&f);
	append_numbers(l, 5, 6);
	ck_assert_int_ne(access(other, F_OK), 0);
	ledger_is_whole(l, 6);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_mark_that_the_journal_does_not_reach_is_damage)
{
	struct fixture f;
	struct ledger *l;
	struct line line;

	fixture_make(&f, backends[_i]);
	l = fixture_create(&f);
	append_numbers(l, 1, 5);
	line = line_of(&f);
	line.mark = 6;
	put_line(&f, &line);
	for (int i = 0; i < 2; i++) {
		ck_fault(append_number(l, 5, LEDGER_SEQ_ANY, NULL, &f.fault), TOTE_E_DAMAGED,
			f.fault);
		ck_assert_uint_eq(f.fault.seq, 5);
		memset(&f.fault, 0, sizeof(f.fault));
		ck_assert_uint_eq(line_of(&f).mark, 6);
	}
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

/*
 * Another process made the next segment and died before its first group; a fold then removed the
 * segment that this handle would have written into.
 */
START_TEST(a_segment_that_was_removed_is_not_written_into)
{
	struct segment_header h = {.version = 1, .first_seq = 3};
	uint8_t header[SEGMENT_HEADER_LEN];
	struct replay now;
	struct checkpoint c;
	struct second s;
	struct fixture f;
	struct ledger *l;

	fixture_make(&f, backends[_i]);
	l = fixture_create(&f);
	second_open(&s, &f);
	append_numbers(s.ledger, 1, 3);
	ck_ok(tote__replay(&f.place, NULL, 3, NULL, &now, &f.fault), f.fault);
	memcpy(h.prev, now.last_leaf, HASH_LEN);
	tote__replay_free(&now);
	tote__segment_header_write(&h, header);
	ck_ok(f.place.ops->journal_make(
		      f.place.handle, 3, header, sizeof(header), SEGMENT_MIN_BYTES, &f.fault),
		f.fault);
	ck_ok(tote__ledger_fold(l, &c, NULL, &f.fault), f.fault);
	append_numbers(s.ledger, 3, 5);
	second_close(&s);
	ledger_is_whole(l, 5);
	append_numbers(l, 5, 6);
	tote__ledger_close(l);
	l = fixture_open(&f);
	ledger_is_whole(l, 6);
	tote__ledger_close(l);
	fixture_remove(&f);
}
END_TEST

Suite *hold_suite(void)
{
	Suite *s = suite_create("hold");
	TCase *t = tcase_create("hold");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_lock_file_that_was_replaced_is_not_trusted, 0, 2);
	tcase_add_test(t, a_lock_file_that_is_new_means_a_takeover);
	tcase_add_loop_test(t, a_seal_left_open_is_settled_by_the_next_holder, 0, 2);
	tcase_add_loop_test(t, a_recovery_may_write_what_settles_an_open_seal, 0, 2);
	tcase_add_loop_test(t, writes_under_one_hold_follow_each_other, 0, 2);
	tcase_add_loop_test(
		t, the_line_is_busy_while_held_and_bears_the_mark_after_each_sync, 0, 2);
	tcase_add_loop_test(t, after_idle_it_is_read_on_without_replay_or_takeover, 0, 2);
	tcase_add_loop_test(t, who_cannot_read_what_others_appended_leaves_their_mark_alone, 0, 2);
	tcase_add_loop_test(t, it_is_read_on_into_new_segments, 0, 2);
	tcase_add_loop_test(t, whatever_is_not_a_clean_idle_means_a_takeover, 0, 2);
	tcase_add_loop_test(t, a_takeover_writes_again_what_is_above_the_mark, 0, 2);
	tcase_add_loop_test(t, a_segment_that_goes_away_under_a_takeover_means_again, 0, 2);
	tcase_add_test(t, a_second_name_that_a_dead_maker_of_a_segment_left_is_in_nobodys_way);
	tcase_add_loop_test(t, a_mark_that_the_journal_does_not_reach_is_damage, 0, 2);
	tcase_add_loop_test(t, a_segment_that_was_removed_is_not_written_into, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
