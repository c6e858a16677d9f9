/* SPDX-License-Identifier: ISC */
/*
 * What another program may have written into a journal: a later version, a faulty one, a hostile one.
 */
#include "ledger/watched.h"
#include "ledger/fold.h"
#include <unistd.h>

/* --- what another one wrote ----------------------------------------------------------------- */

/* Makes entry 3 of version `version`, behind `prev`, a valid group right behind the last one. */
static void put_group(
	struct watched *w, const uint8_t prev[HASH_LEN], char version, const char *kind)
{
	struct group g = {.first_seq = 3, .count = 1};
	struct buf entry, body, out;
	struct segfile s;
	struct numbered n;

	numbered_draft(&n, 3);
	n.draft.kind = kind;
	n.draft.payload_len = 0;
	tote__buf_init(&entry, plain_heap(), ENTRY_MAX);
	tote__buf_init(&body, plain_heap(), GROUP_BODY_MAX);
	tote__buf_init(&out, plain_heap(), GROUP_BODY_MAX);
	ck_ok(tote__entry_encode(&n.draft, 3, 0, prev, NULL, &entry, &w->f.fault), w->f.fault);
	entry.data[strlen("toteborch.entry/")] = (uint8_t)version;
	tote__buf_put_u16(&body, (uint16_t)entry.len);
	tote__buf_put(&body, entry.data, entry.len);
	g.body_len = (uint32_t)body.len;
	tote__hash_leaf(NULL, entry.data, entry.len, g.last_leaf);
	ck_ok(tote__segfile_open(&s, &w->f.place, 0, &w->f.fault), w->f.fault);
	tote__group_write(&g, s.header.salt, body.data, NULL, &out);
	ck_ok(w->f.place.ops->journal_write(
		      s.handle, (uint64_t)JOURNAL_BLOCK * 4, out.data, out.len, &w->f.fault),
		w->f.fault);
	tote__segfile_close(&s);
	tote__buf_free(&entry);
	tote__buf_free(&body);
	tote__buf_free(&out);
}

static void last_leaf(struct watched *w, uint8_t out[HASH_LEN])
{
	struct replay r;

	ck_ok(tote__replay(&w->f.place, NULL, 0, NULL, &r, &w->f.fault), w->f.fault);
	ck_assert_uint_eq(r.end, 3);
	ck_assert_uint_eq(r.next_offset, JOURNAL_BLOCK * 4);
	memcpy(out, r.last_leaf, HASH_LEN);
	tote__replay_free(&r);
}

START_TEST(reading_on_an_entry_of_a_later_version_ends_the_writing)
{
	uint8_t prev[HASH_LEN];
	struct replay r;
	struct watched w;

	watched_make(&w);
	last_leaf(&w, prev);
	put_group(&w, prev, '2', "record");
	put_line(&w, 4);
	ck_fault(append_number(w.l, 4, LEDGER_SEQ_ANY, NULL, &w.f.fault), TOTE_E_READ_ONLY,
		w.f.fault);
	ck_ok(tote__replay(&w.f.place, NULL, 0, NULL, &r, &w.f.fault), w.f.fault);
	ck_assert_int_eq(r.read_only, 1);
	ck_assert_uint_eq(r.end, 4);
	tote__replay_free(&r);
	tote__ledger_close(w.l);
	watched_open(&w); /* and so for who opens it now */
	ck_fault(append_number(w.l, 4, LEDGER_SEQ_ANY, NULL, &w.f.fault), TOTE_E_READ_ONLY,
		w.f.fault);
	watched_remove(&w);
}
END_TEST

START_TEST(reading_on_takes_no_group_that_does_not_continue_the_chain)
{
	uint8_t prev[HASH_LEN];
	struct watched w;

	watched_make(&w);
	last_leaf(&w, prev);
	prev[7] ^= 1;
	put_group(&w, prev, '1', "record");
	put_line(&w, 4);
	ck_fault(
		append_number(w.l, 4, LEDGER_SEQ_ANY, NULL, &w.f.fault), TOTE_E_DAMAGED, w.f.fault);
	watched_remove(&w);
}
END_TEST

/* Whoever signs has looked at every entry: a faulty or hostile program wrote this one. */
START_TEST(what_departs_from_its_kind_is_not_signed)
{
	uint8_t prev[HASH_LEN];
	struct checkpoint c;
	struct watched w;

	watched_make(&w);
	last_leaf(&w, prev);
	put_group(&w, prev, '1', "asset.void"); /* and names no seal */
	put_line(&w, 4);
	ck_fault(tote__ledger_fold(w.l, &c, NULL, &w.f.fault), TOTE_E_MALFORMED, w.f.fault);
	ck_assert_uint_eq(w.f.fault.seq, 3);
	watched_remove(&w);
}
END_TEST

static void make_segment(struct watched *w, uint64_t seq, const uint8_t prev[HASH_LEN])
{
	struct segment_header h = {.version = 1, .first_seq = seq};
	uint8_t block[SEGMENT_HEADER_LEN];

	memcpy(h.prev, prev, HASH_LEN);
	tote__segment_header_write(&h, block);
	ck_ok(w->f.place.ops->journal_make(
		      w->f.place.handle, seq, block, sizeof(block), 32768, &w->f.fault),
		w->f.fault);
}

START_TEST(reading_on_takes_no_segment_that_does_not_continue_the_chain)
{
	uint8_t prev[HASH_LEN];
	struct watched w;

	watched_make(&w);
	last_leaf(&w, prev);
	prev[7] ^= 1;
	make_segment(&w, 3, prev);
	put_line(&w, 3);
	ck_fault(
		append_number(w.l, 3, LEDGER_SEQ_ANY, NULL, &w.f.fault), TOTE_E_DAMAGED, w.f.fault);
	watched_remove(&w);
}
END_TEST

/* --- replay --------------------------------------------------------------------------------- */

static void expect(struct watched *w, const uint8_t *genesis, int damaged, uint64_t at)
{
	struct replay r;

	ck_ok(tote__replay(&w->f.place, NULL, 0, genesis, &r, &w->f.fault), w->f.fault);
	ck_assert_msg(r.damaged == damaged, "damaged %d: %s", r.damaged, r.why.text);
	if (damaged)
		ck_assert_uint_eq(r.damaged_at, at);
	tote__replay_free(&r);
}

START_TEST(a_segment_that_begins_beyond_the_last_entry_speaks_of_what_is_missing)
{
	static const uint8_t prev[HASH_LEN];
	struct watched w;

	watched_make(&w);
	expect(&w, NULL, 0, 0);
	make_segment(&w, 5, prev);
	expect(&w, NULL, 1, 3);
	watched_remove(&w);
}
END_TEST

/* Changes the header of the first segment, whose check fits again. */
static void put_header(struct watched *w, uint64_t first_seq, const uint8_t *prev, int spoil)
{
	uint8_t *bytes, header[SEGMENT_HEADER_LEN];
	struct segment_header h;
	size_t size;

	bytes = file_read(fixture_segment(&w->f, 0), &size);
	ck_assert_int_eq(tote__segment_header_read(bytes, size, &h), 1);
	h.first_seq = first_seq;
	if (prev)
		memcpy(h.prev, prev, HASH_LEN);
	tote__segment_header_write(&h, header);
	header[30] ^= (uint8_t)spoil;
	memcpy(bytes, header, sizeof(header));
	file_write(fixture_segment(&w->f, 0), bytes, size);
	free(bytes);
}

START_TEST(a_segment_whose_header_bears_another_seq_than_its_name_is_damage)
{
	struct watched w;

	watched_make(&w);
	put_header(&w, 1, NULL, 0);
	expect(&w, NULL, 1, 0);
	watched_remove(&w);
}
END_TEST

START_TEST(a_header_that_does_not_check_below_the_checkpoint_hides_nothing)
{
	struct checkpoint c;
	uint8_t prev[HASH_LEN];
	struct watched w;

	watched_make(&w);
	last_leaf(&w, prev);
	ck_ok(tote__ledger_fold(w.l, &c, NULL, &w.f.fault), w.f.fault);
	make_segment(&w, 3, prev);
	put_header(&w, 0, NULL, 1);
	expect(&w, NULL, 0, 0);
	watched_remove(&w);
}
END_TEST

START_TEST(a_first_group_that_continues_another_genesis_is_damage)
{
	uint8_t other[HASH_LEN] = {1};
	struct watched w;

	watched_make(&w);
	/* the rest of a first fold that was interrupted: all is in the journal */
	ck_assert_int_eq(remove(fixture_path(&w.f, "log/checkpoint")), 0);
	put_header(&w, 0, other, 0);
	expect(&w, other, 1, 0);
	watched_remove(&w);
}
END_TEST

START_TEST(a_segment_goes_when_a_checkpoint_covers_all_of_it_and_a_newer_one_is_there)
{
	static const uint8_t prev[HASH_LEN];
	struct watched w;

	watched_make(&w);
	ck_ok(tote__fold_remove_segments(&w.f.place, 3, &w.f.fault), w.f.fault);
	ck_assert_int_eq(file_exists(fixture_segment(&w.f, 0)), 1); /* it is the newest */
	make_segment(&w, 5, prev);
	ck_ok(tote__fold_remove_segments(&w.f.place, 4, &w.f.fault), w.f.fault);
	ck_assert_int_eq(file_exists(fixture_segment(&w.f, 0)), 1);
	ck_ok(tote__fold_remove_segments(&w.f.place, 5, &w.f.fault), w.f.fault);
	ck_assert_int_eq(file_exists(fixture_segment(&w.f, 0)), 0);
	ck_assert_int_eq(file_exists(fixture_segment(&w.f, 5)), 1);
	watched_remove(&w);
}
END_TEST

Suite *strangers_suite(void)
{
	Suite *s = suite_create("ledger/strangers");
	TCase *c = tcase_create("strangers");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, reading_on_an_entry_of_a_later_version_ends_the_writing);
	tcase_add_test(c, what_departs_from_its_kind_is_not_signed);
	tcase_add_test(c, reading_on_takes_no_group_that_does_not_continue_the_chain);
	tcase_add_test(c, reading_on_takes_no_segment_that_does_not_continue_the_chain);
	tcase_add_test(c, a_segment_that_begins_beyond_the_last_entry_speaks_of_what_is_missing);
	tcase_add_test(c, a_segment_whose_header_bears_another_seq_than_its_name_is_damage);
	tcase_add_test(c, a_header_that_does_not_check_below_the_checkpoint_hides_nothing);
	tcase_add_test(c, a_first_group_that_continues_another_genesis_is_damage);
	tcase_add_test(
		c, a_segment_goes_when_a_checkpoint_covers_all_of_it_and_a_newer_one_is_there);
	suite_add_tcase(s, c);
	return s;
}
