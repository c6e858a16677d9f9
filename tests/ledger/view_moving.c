/* SPDX-License-Identifier: ISC */
/*
 * A view while others write: what was usable once stays so, and what belongs to no one moment is
 * never used.
 */
#include "ledger/view_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- the journal moves --------------------------------------------------------------------- */

START_TEST(a_view_stays_whole_while_its_journal_is_folded_and_removed)
{
	struct fixture *f = fixture_new();

	logs_add(f->logs, 400);
	logs_fold(f->logs, 100);
	logs_segment(f->logs, 100, 200, 7);
	logs_segment(f->logs, 200, 350, 60);
	logs_line(f->logs, 350);
	open_view(f, 0, 350);
	reads(f, 349);
	logs_fold(f->logs, 390);
	logs_remove_segment(f->logs, 100);
	logs_remove_segment(f->logs, 200);
	ck_assert_uint_eq(f->view.replay.covered.size, 100);
	f->logs->folded = 100; /* as far as this view has verified */
	all_is_there(f);
	fixture_free(f);
}
END_TEST

START_TEST(a_view_stays_whole_when_partial_tiles_are_removed)
{
	struct fixture *f = fixture_new();

	logs_add(f->logs, 600);
	logs_fold(f->logs, 300);
	open_view(f, 0, 300);
	logs_fold(f->logs, 600);
	logs_remove(f->logs, "tile/entries/001.p/44");
	logs_remove(f->logs, "tile/0/001.p/44");
	f->logs->folded = 300;
	all_is_there(f);
	fixture_free(f);
}
END_TEST

/* Replaces the journal by one that holds another entry 5, as a repair does. */
static void other_history(struct fixture *f, int fold)
{
	logs_remove_segment(f->logs, 5);
	tote__buf_free(&f->logs->entry[--f->logs->count]);
	tote__buf_free(&f->logs->entry[--f->logs->count]);
	tote__buf_free(&f->logs->entry[--f->logs->count]);
	logs_add_kind(f->logs, "ledger.repaired");
	logs_add(f->logs, 2);
	if (fold)
		logs_fold(f->logs, 8);
	else
		logs_segment(f->logs, 5, 8, 1);
}

START_TEST(a_journal_that_was_exchanged_gives_busy_and_never_another_history)
{
	for (int fold = 0; fold < 2; fold++) {
		struct fixture *f = fixture_new();

		logs_add(f->logs, 8);
		logs_fold(f->logs, 5);
		logs_segment(f->logs, 5, 8, 1);
		logs_line(f->logs, 8);
		open_view(f, 0, 8);
		other_history(f, fold);
		reads_fail(f, 5, TOTE_E_BUSY);
		reads_fail(f, 7, TOTE_E_BUSY);
		reads(f, 4);
		open_view(f, 0, 8);
		all_is_there(f);
		fixture_free(f);
	}
}
END_TEST

/* --- the line moves ------------------------------------------------------------------------- */

/*
 * The table of the memory backend, but for the line: each reading gives the next of these, the last
 * one again and again.
 */
struct script {
	const struct store_ops *real;
	struct store_ops ops;
	struct line line[8];
	size_t count, at;
};

static struct script script;

static int scripted_line(void *place, char *out, size_t cap, size_t *ret_len, uint64_t *ret_inode,
	struct tote_fault *fault)
{
	struct line *line = &script.line[script.at];
	char text[LOCK_LINE_MAX];

	(void)place;
	(void)cap;
	if (script.at + 1 < script.count)
		script.at++;
	*ret_inode = 5;
	*ret_len = 0;
	if (line->state == LINE_VOID)
		return 0;
	line->inode = 5;
	if (tote__line_format(line, text, ret_len, fault) < 0)
		ck_abort_msg("%s", fault->text);
	memcpy(out, text, *ret_len);
	return 0;
}

/* 20 entries, 5 of them under the checkpoint, all in the journal. */
static struct fixture *scripted(void)
{
	struct fixture *f = fixture_new();

	logs_add(f->logs, 20);
	logs_fold(f->logs, 5);
	logs_segment(f->logs, 0, 20, 1);
	memset(&script, 0, sizeof(script));
	script.real = f->logs->place.ops;
	script.ops = *script.real;
	script.ops.line_read = scripted_line;
	f->logs->place.ops = &script.ops;
	return f;
}

static void then(struct fixture *f, int state, uint64_t mark, const char *boot)
{
	struct line *line = &script.line[script.count++];

	tote__line_self(line, &f->logs->ctx->clock);
	line->state = state;
	line->mark = mark;
	if (boot)
		strcpy(line->boot, boot);
}

START_TEST(the_first_line_sets_the_limit_and_the_second_may_be_ahead)
{
	struct fixture *f = scripted();

	then(f, LINE_BUSY, 9, NULL);
	then(f, LINE_BUSY, 12, NULL);
	open_view(f, 0, 9);
	all_is_there(f);
	fixture_free(f);
}
END_TEST

START_TEST(a_void_line_that_is_written_meanwhile_leaves_the_checkpoint)
{
	struct fixture *f = scripted();

	then(f, LINE_VOID, 0, NULL);
	then(f, LINE_IDLE, 20, NULL);
	open_view(f, 0, 5);
	fixture_free(f);
}
END_TEST

START_TEST(a_line_that_falls_back_means_starting_again)
{
	static const struct {
		int state;
		uint64_t mark;
		const char *boot;
	} second[] = {{LINE_BUSY, 8, NULL}, {LINE_VOID, 0, NULL}, {LINE_BUSY, 9, "another-boot"},
		{LINE_BUSY, 9, "-"}};

	for (size_t i = 0; i < COUNT(second); i++) {
		struct fixture *f = scripted();

		/* the machine's boot must be known, else no line is of this boot */
		then(f, LINE_BUSY, 9, NULL);
		if (!tote__line_same_boot(&script.line[0], &script.line[0]) && second[i].boot) {
			fixture_free(f);
			continue;
		}
		then(f, second[i].state, second[i].mark, second[i].boot);
		then(f, LINE_IDLE, 7, NULL);
		open_view(f, 0, 7); /* the second try holds still */
		ck_assert_uint_eq(script.at, 2);
		fixture_free(f);
	}
}
END_TEST

START_TEST(a_line_of_another_boot_is_as_good_as_its_mark)
{
	struct fixture *f = scripted();

	then(f, LINE_IDLE, 9, "another-boot");
	open_view(f, 0, 9);
	all_is_there(f);
	fixture_free(f);
}
END_TEST

START_TEST(a_line_that_never_holds_still_is_busy)
{
	struct fixture *f = scripted();

	then(f, LINE_BUSY, 21, NULL); /* more than the journal holds, all the time */
	open_fails(f, 0, TOTE_E_BUSY);
	fixture_free(f);
}
END_TEST

Suite *view_moving_suite(void)
{
	Suite *s = suite_create("view_moving");
	TCase *c = tcase_create("view_moving");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, a_view_stays_whole_while_its_journal_is_folded_and_removed);
	tcase_add_test(c, a_view_stays_whole_when_partial_tiles_are_removed);
	tcase_add_test(c, a_journal_that_was_exchanged_gives_busy_and_never_another_history);
	tcase_add_test(c, the_first_line_sets_the_limit_and_the_second_may_be_ahead);
	tcase_add_test(c, a_void_line_that_is_written_meanwhile_leaves_the_checkpoint);
	tcase_add_test(c, a_line_that_falls_back_means_starting_again);
	tcase_add_test(c, a_line_of_another_boot_is_as_good_as_its_mark);
	tcase_add_test(c, a_line_that_never_holds_still_is_busy);
	suite_add_tcase(s, c);
	return s;
}
