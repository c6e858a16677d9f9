/* SPDX-License-Identifier: ISC */
/*
 * A view that follows: it goes on only where what is new continues what it has, and is promised.
 */
#include "ledger/follow.h"
#include "ledger/watched.h"
#include <unistd.h>

/* Entries 0 to 2, seen by a view through a store that tells what is asked of it. */
struct following {
	struct fixture f;
	struct faults faults;
	struct ledger *l;
	struct view view;
	const char *at; /* a call behind which the line is torn */
};

static void following_make(struct following *w)
{
	memset(w, 0, sizeof(*w));
	fixture_make(&w->f, "posix");
	w->l = fixture_create(&w->f);
	append_numbers(w->l, 1, 3);
	faults_make(&w->faults, &w->f.place);
	w->faults.user = w;
	ck_ok(tote__view_open(&w->view, &w->faults.place, 0, &w->f.fault), w->f.fault);
	ck_assert_uint_eq(w->view.limit, 3);
}

static void following_remove(struct following *w)
{
	tote__view_close(&w->view);
	tote__ledger_close(w->l);
	fixture_remove(&w->f);
}

static int extend(struct following *w)
{
	memset(&w->f.fault, 0, sizeof(w->f.fault));
	return tote__view_extend(&w->view, &w->f.fault);
}

static void sees_number(struct following *w, uint64_t seq, uint64_t number)
{
	char wanted[32], found[32] = "";
	const uint8_t *bytes;
	struct entry e;
	size_t len;

	ck_ok(tote__view_read(&w->view, seq, &bytes, &len, NULL, NULL, &w->f.fault), w->f.fault);
	ck_ok(tote__entry_parse(bytes, len, &e, &w->f.fault), w->f.fault);
	ck_ok(tote__entry_string(&e, "number", found, sizeof(found), &w->f.fault), w->f.fault);
	snprintf(wanted, sizeof(wanted), "%d", (int)number);
	ck_assert_str_eq(found, wanted);
}

START_TEST(what_is_appended_is_seen_once_it_is_marked)
{
	struct following w;

	following_make(&w);
	ck_assert_int_eq(extend(&w), 0);
	append_numbers(w.l, 3, 6);
	ck_assert_int_eq(extend(&w), 1);
	ck_assert_uint_eq(w.view.limit, 6);
	sees_number(&w, 5, 5);
	following_remove(&w);
}
END_TEST

/* --- what another puts there ------------------------------------------------------------------ */

static void mark(struct following *w, uint64_t seq)
{
	struct watched as = {.f = w->f};

	put_line(&as, seq);
}

static void leaf_of_last(struct following *w, uint8_t leaf[HASH_LEN])
{
	memcpy(leaf, w->view.replay.last_leaf, HASH_LEN);
}

/* The record of that number as a group behind `prev`. */
static void make_group(struct following *w, const uint8_t salt[16], uint64_t seq, uint64_t number,
	const uint8_t prev[HASH_LEN], struct buf *out)
{
	struct group g = {.first_seq = seq, .count = 1};
	struct buf entry, body;
	struct numbered n;

	numbered_draft(&n, number);
	tote__buf_init(&entry, plain_heap(), ENTRY_MAX);
	tote__buf_init(&body, plain_heap(), GROUP_BODY_MAX);
	ck_ok(tote__entry_encode(&n.draft, seq, 0, prev, NULL, &entry, &w->f.fault), w->f.fault);
	tote__buf_put_u16(&body, (uint16_t)entry.len);
	tote__buf_put(&body, entry.data, entry.len);
	g.body_len = (uint32_t)body.len;
	tote__hash_leaf(NULL, entry.data, entry.len, g.last_leaf);
	tote__group_write(&g, salt, body.data, NULL, out);
	tote__buf_free(&entry);
	tote__buf_free(&body);
}

/* A group of one record at an offset of the only segment. */
static void put_group(struct following *w, uint64_t offset, uint64_t seq, uint64_t number,
	const uint8_t prev[HASH_LEN])
{
	struct segment_header h;
	uint8_t *bytes;
	struct buf out;
	size_t len;

	bytes = file_read(fixture_segment(&w->f, 0), &len);
	ck_assert_int_eq(tote__segment_header_read(bytes, len, &h), 1);
	tote__buf_init(&out, plain_heap(), GROUP_BODY_MAX);
	make_group(w, h.salt, seq, number, prev, &out);
	memcpy(bytes + offset, out.data, out.len);
	file_write(fixture_segment(&w->f, 0), bytes, len);
	tote__buf_free(&out);
	free(bytes);
}

START_TEST(a_segment_that_does_not_continue_the_chain_is_not_followed_into)
{
	static const uint8_t zeros[JOURNAL_BLOCK];
	struct segment_header h = {.version = 1, .first_seq = 3};
	uint8_t header[SEGMENT_HEADER_LEN];
	struct following w;
	struct buf out;

	following_make(&w);
	leaf_of_last(&w, h.prev);
	tote__buf_init(&out, plain_heap(), GROUP_BODY_MAX);
	h.prev[0] ^= (uint8_t)!_i;
	tote__segment_header_write(&h, header);
	tote__buf_put(&out, header, sizeof(header));
	tote__buf_put(&out, zeros, sizeof(zeros) - sizeof(header));
	h.prev[0] ^= (uint8_t)!_i;
	make_group(&w, h.salt, 3, 3, h.prev, &out);
	file_write(fixture_segment(&w.f, 3), out.data, out.len);
	mark(&w, 4);
	ck_assert_int_eq(extend(&w), _i ? 1 : VIEW_STALE);
	tote__buf_free(&out);
	following_remove(&w);
}
END_TEST

/* What lay above the mark may have been lost, and another written there. */
START_TEST(what_was_seen_above_the_mark_is_read_once_more)
{
	struct following w;
	uint8_t prev[HASH_LEN];
	uint64_t offset;

	following_make(&w);
	tote__view_close(&w.view);
	append_numbers(w.l, 3, 4);
	mark(&w, 3);
	ck_ok(tote__view_open(&w.view, &w.faults.place, 0, &w.f.fault), w.f.fault);
	ck_assert_uint_eq(w.view.limit, 3);
	ck_assert_uint_eq(w.view.replay.end, 4);
	offset = w.view.replay.groups[2].offset;
	memcpy(prev, w.view.replay.groups[1].group.last_leaf, HASH_LEN);
	put_group(&w, offset, 3, 77, prev);
	mark(&w, 4);
	ck_assert_int_eq(extend(&w), 1);
	sees_number(&w, 3, 77);
	following_remove(&w);
}
END_TEST

/* --- what is not promised --------------------------------------------------------------------- */

static void tear_line(void *user, const char *call)
{
	struct following *w = user;

	if (w->at && strcmp(call, w->at) == 0) {
		w->at = NULL;
		ck_assert_int_eq(truncate(fixture_path(&w->f, "lock"), 5), 0);
	}
}

START_TEST(a_line_that_is_torn_while_it_is_read_on_promises_nothing_new)
{
	struct following w;

	following_make(&w);
	append_numbers(w.l, 3, 4);
	w.faults.after = tear_line;
	w.at = "line_read";
	ck_assert_int_eq(extend(&w), VIEW_STALE);
	ck_assert_uint_eq(w.view.limit, 3);
	following_remove(&w);
}
END_TEST

/* Before its line is written a repair may be undone by a power cut. */
START_TEST(a_repair_that_is_the_last_word_is_not_followed_yet)
{
	struct field fields[] = {{"from-seq", "3", 1}, {"lost", "1", 1}, {"reason", "x", 1}};
	struct draft d = {.kind = "ledger.repaired", .fields = fields, .field_count = 3};
	struct following w;
	uint64_t seq;

	following_make(&w);
	ck_ok(tote__ledger_hold(w.l, &w.f.fault), w.f.fault);
	ck_ok(tote__ledger_write(w.l, &d, 1, &seq, &w.f.fault), w.f.fault);
	tote__ledger_release(w.l);
	ck_assert_int_eq(extend(&w), 0);
	ck_assert_uint_eq(w.view.limit, 3);
	append_numbers(w.l, 4, 5);
	ck_assert_int_eq(extend(&w), 1);
	ck_assert_uint_eq(w.view.limit, 5);
	following_remove(&w);
}
END_TEST

Suite *follow_suite(void);

Suite *follow_suite(void)
{
	Suite *s = suite_create("ledger/follow");
	TCase *t = tcase_create("follow");

	tcase_add_test(t, what_is_appended_is_seen_once_it_is_marked);
	tcase_add_loop_test(
		t, a_segment_that_does_not_continue_the_chain_is_not_followed_into, 0, 2);
	tcase_add_test(t, what_was_seen_above_the_mark_is_read_once_more);
	tcase_add_test(t, a_line_that_is_torn_while_it_is_read_on_promises_nothing_new);
	tcase_add_test(t, a_repair_that_is_the_last_word_is_not_followed_yet);
	suite_add_tcase(s, t);
	return s;
}
