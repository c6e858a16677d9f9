/* SPDX-License-Identifier: ISC */
/*
 * Segments of a journal under audit, written by hand: what they hold below the checkpoint must be
 * what the log holds, and what this library does not know it does not judge.
 */
#include "audit/handmade.h"

#define SEGMENT "ledger/journal/00000000000000000000"

/* Segment 0 with entries [0, to), one of which is another record for as long as it is written. */
static void put_segment_with_another(uint64_t to, uint64_t odd)
{
	struct buf was = l->entry[odd], *now = &l->entry[odd];
	uint8_t leaf[HASH_LEN];

	memcpy(leaf, l->leaf[odd], HASH_LEN);
	tote__buf_init(now, plain_heap(), ENTRY_MAX);
	tote__buf_put(now, was.data, was.len);
	tote__buf_put(now, "!", 1);
	tote__hash_leaf(NULL, now->data, now->len, l->leaf[odd]);
	logs_segment(l, 0, to, 3);
	tote__buf_free(now);
	l->entry[odd] = was;
	memcpy(l->leaf[odd], leaf, HASH_LEN);
}

START_TEST(a_valid_group_below_the_checkpoint_that_the_log_contradicts_is_named)
{
	add_records(11);
	logs_segment(l, 9, 12, 3);
	put_segment_with_another(9, 5);
	audit();
	ck_assert_str_eq(only(FINDING_JOURNAL_DIFFERS, 5)->path, SEGMENT);
	ck_assert_uint_eq(result.verdict, TOTE_VERDICT_DAMAGED);
}
END_TEST

START_TEST(groups_below_the_checkpoint_that_are_the_logs_are_nothing)
{
	add_records(11);
	logs_segment(l, 0, 12, 3);
	audit();
	nothing();
}
END_TEST

static void put_header(uint32_t version)
{
	struct segment_header h = {.version = version, .salt = {7}};
	uint8_t header[SEGMENT_HEADER_LEN];
	struct tote_fault fault = {0};

	logs_prev(l, 0, h.prev);
	tote__segment_header_write(&h, header);
	ck_ok(l->place.ops->journal_make(
		      l->place.handle, 0, header, sizeof(header), SEGMENT_MIN_BYTES, &fault),
		fault);
}

START_TEST(a_segment_of_a_later_version_leaves_the_audit_incomplete)
{
	add_records(5);
	put_header(2);
	audit();
	ck_assert_str_eq(only(FINDING_JOURNAL_UNKNOWN, NO_SEQ)->path, SEGMENT);
	ck_assert_uint_eq(result.verdict, TOTE_VERDICT_INCOMPLETE);
}
END_TEST

Suite *segment_audit_suite(void)
{
	Suite *s = suite_create("segment_audit");
	TCase *t = tcase_create("segment_audit");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_valid_group_below_the_checkpoint_that_the_log_contradicts_is_named);
	tcase_add_test(t, groups_below_the_checkpoint_that_are_the_logs_are_nothing);
	tcase_add_test(t, a_segment_of_a_later_version_leaves_the_audit_incomplete);
	suite_add_tcase(s, t);
	return s;
}
