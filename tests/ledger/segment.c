/* SPDX-License-Identifier: ISC */
/*
 * Segments and groups: the bytes of the worked example, and no byte of them can change unseen.
 */
#include "ledger/segment.h"
#include "support/support.h"
#include "vectors/format_vectors.h"

struct example {
	struct segment_header header;
	uint8_t header_bytes[SEGMENT_HEADER_LEN];
	struct group group;
	uint8_t group_bytes[GROUP_HEADER_LEN];
	uint8_t body[4096];
	size_t body_len;
};

static void example_make(struct example *e)
{
	size_t n;

	n = from_hex(vector_format.segment_header_88_bytes_hex, e->header_bytes);
	ck_assert_uint_eq(n, sizeof(e->header_bytes));
	n = from_hex(vector_format.group_header_72_bytes_hex, e->group_bytes);
	ck_assert_uint_eq(n, sizeof(e->group_bytes));
	e->body_len = from_hex(vector_format.group_body_hex, e->body);
	ck_assert_int_eq(
		tote__segment_header_read(e->header_bytes, sizeof(e->header_bytes), &e->header), 1);
	ck_assert_int_eq(tote__group_header_read(e->group_bytes, sizeof(e->group_bytes),
				 e->header.salt, NULL, &e->group),
		1);
}

START_TEST(the_header_of_the_example_is_read_and_written)
{
	uint8_t again[SEGMENT_HEADER_LEN], salt[16];
	struct example e;

	example_make(&e);
	from_hex(vector_format.segment_salt_hex, salt);
	ck_assert_uint_eq(e.header.version, 1);
	ck_assert_uint_eq(e.header.features, 0);
	ck_assert_uint_eq(e.header.first_seq, strtoull(vector_format.segment_name, NULL, 10));
	ck_assert_mem_eq(e.header.salt, salt, 16);
	tote__segment_header_write(&e.header, again);
	ck_assert_mem_eq(again, e.header_bytes, sizeof(again));
}
END_TEST

START_TEST(the_group_of_the_example_is_read_and_written)
{
	uint8_t prev[HASH_LEN];
	struct example e;
	struct buf out;

	example_make(&e);
	ck_assert_uint_eq(e.group.first_seq, 1);
	ck_assert_uint_eq(e.group.count, 3);
	ck_assert_uint_eq(e.group.body_len, e.body_len);
	ck_assert_uint_eq(tote__group_bytes(&e.group), 4096); /* the next one lies at 8,192 */
	ck_assert_int_eq(tote__group_check(&e.group, e.body, NULL, prev), 1);
	ck_assert_mem_eq(prev, e.header.prev, HASH_LEN);
	tote__buf_init(&out, plain_heap(), 1 << 20);
	tote__group_write(&e.group, e.header.salt, e.body, NULL, &out);
	ck_assert_uint_eq(out.len, 4096);
	ck_assert_mem_eq(out.data, e.group_bytes, GROUP_HEADER_LEN);
	ck_assert_mem_eq(out.data + GROUP_HEADER_LEN, e.body, e.body_len);
	for (size_t i = GROUP_HEADER_LEN + e.body_len; i < out.len; i++)
		ck_assert_uint_eq(out.data[i], 0);
	tote__buf_free(&out);
}
END_TEST

START_TEST(no_bit_of_a_header_can_flip_unseen)
{
	struct example e;

	example_make(&e);
	for (size_t i = 0; i < 8 * sizeof(e.header_bytes); i++) {
		struct segment_header unused;

		e.header_bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		if (tote__segment_header_read(e.header_bytes, sizeof(e.header_bytes), &unused))
			ck_abort_msg("bit %zu of a segment's header", i);
		e.header_bytes[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t i = 0; i < 8 * sizeof(e.group_bytes); i++) {
		struct group unused;

		e.group_bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		if (tote__group_header_read(
			    e.group_bytes, sizeof(e.group_bytes), e.header.salt, NULL, &unused))
			ck_abort_msg("bit %zu of a group's header", i);
		e.group_bytes[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}
END_TEST

START_TEST(no_bit_of_a_body_can_flip_unseen)
{
	uint8_t prev[HASH_LEN];
	struct example e;

	example_make(&e);
	for (size_t i = 0; i < 8 * e.body_len; i++) {
		e.body[i / 8] ^= (uint8_t)(1 << i % 8);
		/* the prev of the first entry is compared by whoever knows the entry before */
		if (tote__group_check(&e.group, e.body, NULL, prev) &&
			memcmp(prev, e.header.prev, HASH_LEN) == 0)
			ck_abort_msg("bit %zu of a group's body", i);
		e.body[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}
END_TEST

START_TEST(a_group_of_another_segment_is_none)
{
	struct group unused;
	struct example e;

	example_make(&e);
	e.header.salt[3] ^= 1;
	ck_assert_int_eq(tote__group_header_read(e.group_bytes, sizeof(e.group_bytes),
				 e.header.salt, NULL, &unused),
		0);
}
END_TEST

START_TEST(cut_bytes_are_none)
{
	struct segment_header h;
	struct example e;
	struct group g;

	example_make(&e);
	for (size_t len = 0; len < SEGMENT_HEADER_LEN; len++)
		ck_assert_int_eq(tote__segment_header_read(e.header_bytes, len, &h), 0);
	for (size_t len = 0; len < GROUP_HEADER_LEN; len++)
		ck_assert_int_eq(
			tote__group_header_read(e.group_bytes, len, e.header.salt, NULL, &g), 0);
}
END_TEST

START_TEST(senseless_numbers_in_a_header_that_checks_are_refused)
{
	static const struct group senseless[] = {
		{.first_seq = 1, .count = 0, .body_len = 10},
		{.first_seq = 1, .count = 1, .body_len = GROUP_BODY_MAX + 1},
		{.first_seq = UINT64_MAX, .count = 1, .body_len = 10},
		{.first_seq = (UINT64_C(1) << 63) - 1, .count = 1, .body_len = 10},
	};
	static const uint8_t salt[16];
	uint8_t *body = calloc(1, GROUP_BODY_MAX + 1);

	for (size_t i = 0; i < sizeof(senseless) / sizeof(senseless[0]); i++) {
		struct group unused;
		struct buf out;

		tote__buf_init(&out, plain_heap(), 2 * GROUP_BODY_MAX);
		tote__group_write(&senseless[i], salt, body, NULL, &out);
		ck_assert_int_eq(tote__group_header_read(out.data, 4096, salt, NULL, &unused), 0);
		tote__buf_free(&out);
	}
	free(body);
}
END_TEST

START_TEST(a_body_must_be_exactly_the_entries)
{
	uint8_t prev[HASH_LEN];
	struct example e;
	struct group g;

	example_make(&e);
	g = e.group;
	g.count = 2;
	ck_assert_int_eq(tote__group_check(&g, e.body, NULL, prev), 0);
	g.count = 4;
	ck_assert_int_eq(tote__group_check(&g, e.body, NULL, prev), 0);
	g = e.group;
	g.body_len++;
	ck_assert_int_eq(tote__group_check(&g, e.body, NULL, prev), 0);
	g = e.group;
	g.first_seq++;
	ck_assert_int_eq(tote__group_check(&g, e.body, NULL, prev), 0);
}
END_TEST

Suite *segment_suite(void)
{
	Suite *s = suite_create("segment");
	TCase *t = tcase_create("bytes");

	tcase_add_test(t, the_header_of_the_example_is_read_and_written);
	tcase_add_test(t, the_group_of_the_example_is_read_and_written);
	tcase_add_test(t, no_bit_of_a_header_can_flip_unseen);
	tcase_add_test(t, no_bit_of_a_body_can_flip_unseen);
	tcase_add_test(t, a_group_of_another_segment_is_none);
	tcase_add_test(t, cut_bytes_are_none);
	tcase_add_test(t, senseless_numbers_in_a_header_that_checks_are_refused);
	tcase_add_test(t, a_body_must_be_exactly_the_entries);
	suite_add_tcase(s, t);
	return s;
}
