/* SPDX-License-Identifier: ISC */
/*
 * The line in the lock file: the worked example, and that anything else is void.
 */
#include "ledger/line.h"
#include "support/support.h"
#include "vectors/format_vectors.h"

static struct line parsed(const char *text, size_t len, uint64_t inode)
{
	struct line line;

	tote__line_parse(text, len, inode, &line);
	return line;
}

static int is_void(const char *text, size_t len, uint64_t inode)
{
	static const struct line nothing;
	struct line line = parsed(text, len, inode);

	return line.state == LINE_VOID && line.mark == nothing.mark && !line.pid && !line.boot[0];
}

START_TEST(the_example_is_read_and_written)
{
	const char *text = vector_format.lock_line;
	struct line line = parsed(text, strlen(text), 12345);
	char again[LOCK_LINE_MAX];
	struct tote_fault fault;
	size_t len;

	memset(&fault, 0, sizeof(fault));
	ck_assert_int_eq(line.state, LINE_IDLE);
	ck_assert_uint_eq(line.mark, 4);
	ck_assert_str_eq(line.boot, "6fb0c2f2-64a2-4f53-9fb7-0e6d3ad0b5a1");
	ck_assert_uint_eq(line.pid, 4711);
	ck_assert_str_eq(line.host, "host a");
	ck_assert_int_eq(line.since_us, INT64_C(1795421700000000));
	ck_ok(tote__line_format(&line, again, &len, &fault), fault);
	ck_assert_uint_eq(len, strlen(text));
	ck_assert_mem_eq(again, text, len);
}
END_TEST

START_TEST(what_follows_the_line_is_ignored)
{
	const char *text = printed("%s0123456789\nmore", vector_format.lock_line);

	ck_assert_int_eq(parsed(text, strlen(text), 12345).state, LINE_IDLE);
}
END_TEST

START_TEST(a_line_of_another_file_is_void)
{
	const char *text = vector_format.lock_line;

	ck_assert(is_void(text, strlen(text), 12346));
}
END_TEST

START_TEST(no_bit_can_flip_unseen)
{
	char text[LOCK_LINE_MAX];
	size_t len = strlen(vector_format.lock_line);

	memcpy(text, vector_format.lock_line, len);
	for (size_t i = 0; i < 8 * len; i++) {
		text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
		if (!is_void(text, len, 12345))
			ck_abort_msg("bit %zu", i);
		text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
	}
	for (size_t i = 0; i < len; i++)
		ck_assert(is_void(text, i, 12345));
}
END_TEST

START_TEST(zeros_and_rubbish_are_void)
{
	static const char zeros[LOCK_LINE_MAX];
	char spaces[LOCK_LINE_MAX];

	memset(spaces, ' ', sizeof(spaces));
	spaces[sizeof(spaces) - 1] = '\n';
	ck_assert(is_void(zeros, sizeof(zeros), 0));
	ck_assert(is_void(zeros, 0, 0));
	ck_assert(is_void(spaces, sizeof(spaces), 0));
	ck_assert(is_void("\n", 1, 0));
}
END_TEST

START_TEST(any_host_and_any_inode_come_back)
{
	static const char *const hosts[] = {
		"", "a", " ", "a b  c ", "100%", "caf\303\251", "\303", "\n\t\177", "%20", "- "};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		struct line back, line = {.state = LINE_BUSY,
					  .mark = INT64_MAX,
					  .inode = UINT64_MAX,
					  .boot = "-",
					  .pid = 1,
					  .since_us = 0};
		char text[LOCK_LINE_MAX];
		struct tote_fault fault;
		size_t len;

		memset(&fault, 0, sizeof(fault));
		snprintf(line.host, sizeof(line.host), "%s", hosts[i]);
		ck_ok(tote__line_format(&line, text, &len, &fault), fault);
		back = parsed(text, len, UINT64_MAX);
		ck_assert_int_eq(back.state, LINE_BUSY);
		ck_assert_str_eq(back.host, hosts[i]);
		ck_assert_uint_eq(back.mark, (uint64_t)INT64_MAX);
		ck_assert_uint_eq(back.inode, UINT64_MAX);
	}
}
END_TEST

START_TEST(the_longest_host_still_fits)
{
	struct line line = {
		.state = LINE_BUSY, .mark = INT64_MAX, .inode = UINT64_MAX, .pid = INT64_MAX};
	char text[LOCK_LINE_MAX];
	struct tote_fault fault;
	size_t len;

	memset(&fault, 0, sizeof(fault));
	memset(line.host, ' ', sizeof(line.host) - 1);
	memset(line.boot, 'b', sizeof(line.boot) - 1);
	ck_ok(tote__line_format(&line, text, &len, &fault), fault);
	ck_assert_int_eq(parsed(text, len, UINT64_MAX).state, LINE_BUSY);
}
END_TEST

START_TEST(an_unknown_boot_is_never_this_boot)
{
	struct line a = {.state = LINE_IDLE, .boot = "-"}, b = {.state = LINE_IDLE, .boot = "-"};

	ck_assert_int_eq(tote__line_same_boot(&a, &b), 0);
	memcpy(a.boot, "x", 2);
	ck_assert_int_eq(tote__line_same_boot(&a, &b), 0);
	memcpy(b.boot, "x", 2);
	ck_assert_int_eq(tote__line_same_boot(&a, &b), 1);
	a.state = LINE_VOID;
	ck_assert_int_eq(tote__line_same_boot(&a, &b), 0);
}
END_TEST

START_TEST(our_own_line_can_be_written_and_a_clock_before_1970_cannot)
{
	struct frozen_clock frozen = FROZEN_CLOCK;
	struct tote_clock source = frozen_clock_source(&frozen);
	struct clock_source clock;
	char text[LOCK_LINE_MAX];
	struct tote_fault fault;
	struct line line;
	size_t len;

	memset(&fault, 0, sizeof(fault));
	tote__clock_init(&clock, &source);
	tote__line_self(&line, &clock);
	line.state = LINE_BUSY;
	ck_ok(tote__line_format(&line, text, &len, &fault), fault);
	ck_assert_int_eq(parsed(text, len, 0).state, LINE_BUSY);
	frozen.wall = -1;
	tote__line_self(&line, &clock);
	line.state = LINE_BUSY;
	ck_fault(tote__line_format(&line, text, &len, &fault), TOTE_E_CLOCK, fault);
}
END_TEST

Suite *line_suite(void)
{
	Suite *s = suite_create("line");
	TCase *t = tcase_create("line");

	tcase_add_test(t, the_example_is_read_and_written);
	tcase_add_test(t, what_follows_the_line_is_ignored);
	tcase_add_test(t, a_line_of_another_file_is_void);
	tcase_add_test(t, no_bit_can_flip_unseen);
	tcase_add_test(t, zeros_and_rubbish_are_void);
	tcase_add_test(t, any_host_and_any_inode_come_back);
	tcase_add_test(t, the_longest_host_still_fits);
	tcase_add_test(t, an_unknown_boot_is_never_this_boot);
	tcase_add_test(t, our_own_line_can_be_written_and_a_clock_before_1970_cannot);
	suite_add_tcase(s, t);
	return s;
}
