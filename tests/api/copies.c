/* SPDX-License-Identifier: ISC */
/*
 * The public calls of copies, and of cursors at the tail: through the library as a host links it.
 */
#include "container.h"
#include <sys/wait.h>

static void append(const char *kind)
{
	struct tote_record record = {.kind = kind};

	ok(tote_box_append(box, &record, TOTE_SEQ_ANY, 0, NULL, &fault));
}

START_TEST(a_copy_is_made_brought_up_to_date_and_read)
{
	struct tote_copy copy = {.size = sizeof(copy)};
	struct tote_box_options options = {
		.size = sizeof(options), .flags = TOTE_BOX_READ_ONLY | TOTE_BOX_STILL};
	const char *to = in_scratch("copy");
	tote_box *opened;

	append("record");
	ok(tote_box_copy(box, to, 0, &copy, &fault));
	ck_assert_uint_eq(copy.size, sizeof(copy));
	ck_assert_uint_eq(copy.entries, 2);
	ck_assert_uint_eq(copy.covered, 2);
	ck_assert_uint_gt(copy.bytes_written, 0);
	append("record.letter");
	ok(tote_box_copy(box, to, TOTE_COPY_VERIFY, &copy, &fault));
	ck_assert_uint_eq(copy.since, 2);
	ok(tote_box_open_alone(ctx, to, &options, &opened, &fault));
	ck_assert_uint_eq(info_of(opened).entries, 3);
	ck_assert_uint_eq(info_of(opened).flags & TOTE_INFO_DAMAGED, 0);
	tote_box_unref(opened);
	ok(tote_box_copy(box, to, 0, NULL, NULL) ? -1 : 0);
}
END_TEST

START_TEST(copy_fills_no_more_than_its_caller_knows)
{
	unsigned char larger[sizeof(struct tote_copy) + 16];
	uint32_t size = sizeof(larger);

	memset(larger, 0xee, sizeof(larger));
	memcpy(larger, &size, sizeof(size));
	ok(tote_box_copy(box, in_scratch("copy"), 0, (struct tote_copy *)(void *)larger, &fault));
	for (size_t i = sizeof(struct tote_copy); i < sizeof(larger); i++)
		ck_assert_uint_eq(larger[i], 0);
}
END_TEST

START_TEST(a_cursor_filters_follows_and_waits)
{
	struct tote_entry entry = {.size = sizeof(entry)};
	tote_cursor *cursor;

	ok(tote_cursor_open(box, 0, TOTE_CURSOR_FOLLOW, &cursor, &fault));
	ok(tote_cursor_filter(cursor, "record.*", &fault));
	ok(tote_cursor_next(cursor, &entry, &fault));
	ok(tote_cursor_wait(cursor, 1000, &fault));
	append("host.note");
	append("record.letter");
	ck_assert_int_eq(tote_cursor_wait(cursor, 1000000, &fault), 1);
	ck_assert_int_eq(tote_cursor_next(cursor, &entry, &fault), 1);
	ck_assert_str_eq(entry.kind, "record.letter");
	ck_assert_uint_eq(entry.flags & TOTE_ENTRY_VERIFIED, 0);
	ok(tote_cursor_filter(cursor, NULL, &fault));
	append("host.note");
	ck_assert_int_eq(tote_cursor_next(cursor, &entry, &fault), 1);
	ck_assert_str_eq(entry.kind, "host.note");
	tote_cursor_unref(cursor);
}
END_TEST

START_TEST(null_handles_and_forked_children_are_refused)
{
	tote_cursor *cursor;
	int status;

	fails(tote_box_copy(NULL, "x", 0, NULL, &fault), TOTE_E_ARGUMENT);
	fails(tote_cursor_filter(NULL, "record", &fault), TOTE_E_ARGUMENT);
	fails(tote_cursor_wait(NULL, 0, &fault), TOTE_E_ARGUMENT);
	ok(tote_cursor_open(box, 0, TOTE_CURSOR_FOLLOW, &cursor, &fault));
	if (fork() == 0)
		_exit(tote_box_copy(box, in_scratch("copy"), 0, NULL, NULL) != TOTE_E_MISUSE ||
			tote_cursor_filter(cursor, NULL, NULL) != TOTE_E_MISUSE ||
			tote_cursor_wait(cursor, 0, NULL) != TOTE_E_MISUSE);
	ck_assert_int_gt(wait(&status), 0);
	ck_assert_int_eq(status, 0);
	tote_cursor_unref(cursor);
}
END_TEST

Suite *copies_suite(void)
{
	Suite *s = suite_create("copies");
	TCase *t = tcase_create("calls");

	tcase_add_checked_fixture(t, container_setup, container_teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_copy_is_made_brought_up_to_date_and_read);
	tcase_add_test(t, copy_fills_no_more_than_its_caller_knows);
	tcase_add_test(t, a_cursor_filters_follows_and_waits);
	tcase_add_test(t, null_handles_and_forked_children_are_refused);
	suite_add_tcase(s, t);
	return s;
}
