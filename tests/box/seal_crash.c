/* SPDX-License-Identifier: ISC */
/*
 * Sealing that is interrupted: at each step, by a failure or by SIGKILL, and what a takeover makes
 * of it: all of the seal or nothing.
 */
#include "support/box_fixture.h"
#include "support/step_kill.h"
#include <signal.h>
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

static int seal(const struct tote_source *sources, size_t count, struct tote_sealed *ret)
{
	return tote_box_seal(box, sources, count, "alice@counsel", 0, ret, &b.fault);
}

/* --- failing steps -------------------------------------------------------------------------- */

START_TEST(after_a_failed_step_recover_settles_all_or_nothing)
{
	static const char *const names[] = {"stage_begin", "stage_write", "stage_sync",
		"make_parents", "stage_keep", "barrier", "journal_write", "journal_sync", "publish",
		"discard"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		for (long nth = 0; nth < 2; nth++) {
			char one[64], two[64];
			struct tote_source sources[] = {source_of(one, "x"), source_of(two, "y")};
			size_t before = boxed_is_whole(&b, box), after;
			int rc;

			snprintf(one, sizeof(one), "d%zu-%ld/one", i, nth);
			snprintf(two, sizeof(two), "d%zu-%ld/two", i, nth);
			step_fail(box, names[i], nth, TOTE_E_IO);
			rc = seal(sources, 2, NULL);
			if (rc < 0 && b.fault.effect == TOTE_EFFECT_UNKNOWN) {
				ck_fault(
					seal_text(&b, box, "other", "x"), TOTE_E_POISONED, b.fault);
				ck_ok(tote_box_recover(box, &b.fault), b.fault);
				after = boxed_is_whole(&b, box);
				ck_assert(after == before || after == before + 2);
			} else if (rc < 0) {
				ck_ok(tote_box_recover(box, &b.fault), b.fault);
				ck_assert_uint_eq(boxed_is_whole(&b, box), before);
			} else {
				ck_assert_uint_eq(boxed_is_whole(&b, box), before + 2);
			}
			tote_box_unref(box);
			box = boxed_open(&b);
			ck_ok(seal(sources, 2, NULL), b.fault);
			ck_assert_uint_eq(boxed_is_whole(&b, box), before + 2);
		}
	}
}
END_TEST

/* Seals two files with the nth allocation failing, in a context of its own; 1 where one failed. */
static int seal_without_memory(long n, int *ret_rc, uint32_t *ret_effect)
{
	struct tote_source sources[] = {source_of("d/one", "x"), source_of("two", "y")};
	struct failing f = {.fail_at = -1};
	struct tote_allocator allocator = failing_allocator(&f);
	struct tote_ctx_options options = {.size = sizeof(options), .allocator = &allocator};
	tote_ctx *kept = b.ctx;

	ck_ok(tote_ctx_new(&options, &b.ctx, &b.fault), b.fault);
	box = boxed_open(&b);
	f.fail_at = n;
	*ret_rc = seal(sources, 2, NULL);
	*ret_effect = b.fault.effect;
	f.fail_at = -1;
	tote_box_unref(box);
	tote_ctx_unref(b.ctx);
	ck_assert_int_eq(f.live, 0);
	b.ctx = kept;
	return f.fired;
}

START_TEST(without_memory_a_seal_is_whole_or_undone_and_nothing_leaks)
{
	int fired = 1, rc;

	tote_box_unref(box);
	for (long n = 0; fired; n++) {
		uint32_t effect;
		size_t count;

		fired = seal_without_memory(n, &rc, &effect);
		box = boxed_open(&b);
		ck_ok(tote_box_recover(box, &b.fault), b.fault);
		count = boxed_is_whole(&b, box);
		ck_assert(count == 0 || count == 2);
		ck_assert(rc == 0 || rc == TOTE_E_NO_MEMORY);
		ck_assert(rc == 0 ? count == 2 : count == 0 || effect == TOTE_EFFECT_UNKNOWN);
		if (count == 0 || !fired) {
			tote_box_unref(box);
			continue;
		}
		teardown();
		boxed_make(&b);
	}
	ck_assert_int_eq(rc, 0);
	box = boxed_open(&b);
}
END_TEST

/* --- killed --------------------------------------------------------------------------------- */

static void die(void *user)
{
	(void)user;
	_exit(0);
}

static int seal_three(struct boxed *mine, tote_box *own, long at)
{
	struct tote_source sources[] = {
		source_of("one", "1"), source_of("d/two", "22"), source_of("d/e/three", "333")};

	step_kill(own, at);
	return tote_box_seal(own, sources, 3, NULL, 0, NULL, &mine->fault);
}

/* And is gone before the seal of that number among the two has its path. */
static int seal_half(struct boxed *mine, tote_box *own, long nth)
{
	struct tote_source sources[] = {source_of("a", "x"), source_of("d/b", "y")};

	step_act(own, "publish", nth, die, NULL);
	tote_box_seal(own, sources, 2, NULL, 0, NULL, &mine->fault);
	return 1;
}

static int recover_and_die(struct boxed *mine, tote_box *own, long at)
{
	step_kill(own, at);
	return tote_box_recover(own, &mine->fault);
}

START_TEST(a_seal_that_is_killed_at_any_step_is_whole_or_without_a_trace)
{
	int alive = 0, none = 0, all = 0;

	for (long at = 0; !alive; at++) {
		size_t count;

		ck_assert_int_lt(at, 200);
		teardown();
		setup();
		alive = boxed_survives(&b, seal_three, at);
		/* whoever comes next settles it, before an entry of its own */
		ck_ok(seal_text(&b, box, "next", "x"), b.fault);
		count = boxed_is_whole(&b, box);
		ck_assert_msg(count == 1 || count == 4, "step %ld: %zu files", at, count);
		ck_assert_uint_eq(boxed_entries(&b, box), 1 + count);
		none += count == 1;
		all += count == 4;
		ck_ok(seal_text(&b, box, "d/two", "22"), b.fault);
	}
	ck_assert_int_gt(none, 5);
	ck_assert_int_gt(all, 5);
}
END_TEST

START_TEST(a_settling_that_is_killed_at_any_step_is_gone_on_with)
{
	int alive = 0;

	for (long at = 0; !alive; at++) {
		ck_assert_int_lt(at, 200);
		teardown();
		setup();
		tote_box_unref(box);
		box = NULL;
		boxed_survives(&b, seal_half, 1);
		alive = boxed_survives(&b, recover_and_die, at);
		box = boxed_open(&b);
		ck_ok(tote_box_recover(box, &b.fault), b.fault);
		ck_assert_uint_eq(boxed_is_whole(&b, box), 2);
		ck_assert_uint_eq(boxed_entries(&b, box), 3);
	}
}
END_TEST

START_TEST(what_lies_in_the_way_of_a_settling_voids_the_seal)
{
	boxed_survives(&b, seal_half, 0);
	ck_assert_int_eq(file_exists(boxed_asset(&b, ".tote-1")), 1);
	file_write(boxed_asset(&b, "a"), "who", 3);
	ck_ok(tote_box_recover(box, &b.fault), b.fault);
	ck_assert_uint_eq(boxed_count(&b, box, "asset.void"), 1);
	ck_assert_int_eq(unlink(boxed_asset(&b, "a")), 0);
	ck_assert_uint_eq(boxed_is_whole(&b, box), 1);
}
END_TEST

START_TEST(a_kept_file_that_is_not_what_its_entry_says_stays_as_a_finding)
{
	ck_ok(seal_text(&b, box, "a", "x"), b.fault);
	file_write(boxed_asset(&b, ".tote-1"), "other", 5);
	file_write(boxed_asset(&b, ".tote-0"), "other", 5);
	file_write(boxed_asset(&b, ".tote-7"), "no entry", 8);
	ck_ok(tote_box_recover(box, &b.fault), b.fault);
	ck_assert_int_eq(file_exists(boxed_asset(&b, ".tote-0")), 1);
	ck_assert_int_eq(file_exists(boxed_asset(&b, ".tote-1")), 1);
	ck_assert_int_eq(file_exists(boxed_asset(&b, ".tote-7")), 0);
	ck_ok(seal_text(&b, box, "b", "y"), b.fault);
}
END_TEST

/* --- two processes -------------------------------------------------------------------------- */

static void seal_on_and_on(int who)
{
	struct boxed mine = b;
	tote_box *own;

	child_asserts_nothing();
	mine.ctx = support_ctx(NULL, NULL);
	own = boxed_open(&mine);
	for (int i = 0; i < 10000; i++) {
		const char *path = printed("p%d/%d", who, i);
		struct tote_source sources[] = {
			source_of(path, path), source_of(printed("%s.b", path), "b")};

		if (tote_box_seal(own, sources, 2, NULL, 0, NULL, &mine.fault) != 0)
			_exit(2);
	}
	_exit(0);
}

START_TEST(two_processes_seal_at_once_and_one_is_killed)
{
	static const long lives_ms[] = {15, 40, 90, 160};

	for (size_t i = 0; i < sizeof(lives_ms) / sizeof(lives_ms[0]); i++) {
		const struct timespec life = {.tv_nsec = lives_ms[i] * 1000000};
		pid_t child = fork();
		int status, who = 100 + (int)i;
		int64_t done = 0;

		if (child == 0)
			seal_on_and_on((int)i);
		while (done < 12) {
			const char *path = printed("p%d/%d", who, (int)done);

			ck_ok(seal_text(&b, box, path, path), b.fault);
			if (done == 3) {
				nanosleep(&life, NULL);
				kill(child, SIGKILL);
			}
			done++;
		}
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		ck_assert_msg(
			WIFSIGNALED(status), "the other process gave up: %d", WEXITSTATUS(status));
		ck_assert_uint_eq(boxed_is_whole(&b, box) + 1, boxed_entries(&b, box));
	}
}
END_TEST

Suite *seal_crash_suite(void)
{
	Suite *s = suite_create("seal_crash");
	TCase *t = tcase_create("interrupted");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, after_a_failed_step_recover_settles_all_or_nothing);
	tcase_add_test(t, without_memory_a_seal_is_whole_or_undone_and_nothing_leaks);
	tcase_add_test(t, a_seal_that_is_killed_at_any_step_is_whole_or_without_a_trace);
	tcase_add_test(t, a_settling_that_is_killed_at_any_step_is_gone_on_with);
	tcase_add_test(t, what_lies_in_the_way_of_a_settling_voids_the_seal);
	tcase_add_test(t, a_kept_file_that_is_not_what_its_entry_says_stays_as_a_finding);
	tcase_add_test(t, two_processes_seal_at_once_and_one_is_killed);
	suite_add_tcase(s, t);
	return s;
}
