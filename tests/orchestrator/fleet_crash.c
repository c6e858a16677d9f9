/* SPDX-License-Identifier: ISC */
/*
 * Applying a fleet file where it is cut off, where calls fail, and where others do the same at once:
 * the same file finishes it, and nothing is done twice.
 */
#include "orchestrator/fleet_five.h"
#include "support/faulty_kernel.h"
#include <errno.h>

/* Every so many changes of the disk; the offset makes the slices of several runs differ. */
static void cut_off(long from, long step)
{
	char whole[400];
	struct root r;
	long at;

	root_make(&r);
	root_close(&r);
	snprintf(whole, sizeof(whole), "%s/whole", r.scratch.path);
	copy_tree(r.path, whole);
	for (at = from;; at += step) {
		int died = dies_at(at, apply_five, r.path);

		root_open(&r);
		apply(&r, FIVE);
		is_applied(&r);
		ck_assert_int_eq(root_entries(&r, "fleet.applied", NULL), 1);
		root_close(&r);
		remove_tree(r.path);
		copy_tree(whole, r.path);
		if (!died)
			break;
	}
	ck_assert_int_gt(at, 150);
	root_remove(&r);
}

START_TEST(what_a_kill_cut_off_the_same_file_finishes_whichever_change_was_the_last)
{
	cut_off(_i, 16);
}
END_TEST

START_TEST(whichever_allocation_fails_nothing_is_lost_and_the_rest_is_finished)
{
	struct root r;

	root_make(&r);
	for (long n = 0;; n += 1 + n / 8) {
		struct failing memory = {.fail_at = -1, .once = 1};
		tote_ctx *ctx = support_ctx(NULL, &memory);
		struct tote_fleet_progress applied;
		tote_orchestrator *o = NULL;
		tote_fleet *f = NULL;
		char file[200];
		struct tote_fault fault;
		int rc;

		snprintf(file, sizeof(file),
			"version: 1\ncontainers:\n  n%ld: {policy: {rate: 7}, state: suspended}\n",
			n);
		ck_ok(tote_orchestrator_open(ctx, r.path, 0, &o, &fault), fault);
		memory.fail_at = n;
		rc = tote_fleet_parse(ctx, file, strlen(file), NULL, &f, &fault);
		if (!rc)
			rc = apply_as(o, f, 0, &applied, &fault);
		ck_assert_msg(rc == 0 || memory.fired, "allocation %ld: %s", n, fault.text);
		memory.fail_at = -1;
		tote_fleet_unref(f);
		tote_orchestrator_unref(o);
		tote_ctx_unref(ctx);
		ck_assert_int_eq(memory.live, 0);
		apply(&r, file);
		ck_assert_int_eq(root_entries(&r, "container.registered", printed("n%ld", n)), 1);
		ck_assert_uint_eq(root_state(&r, printed("n%ld", n)), TOTE_STATE_SUSPENDED);
		if (!memory.fired)
			break;
	}
	root_remove(&r);
}
END_TEST

START_TEST(whichever_system_call_fails_the_same_file_finishes_the_rest)
{
	static const int errors[] = {EIO, ENOSPC, EACCES};
	char whole[400];
	struct root r;
	long at;

	root_make(&r);
	root_close(&r);
	snprintf(whole, sizeof(whole), "%s/whole", r.scratch.path);
	copy_tree(r.path, whole);
	for (at = _i;; at += 401) {
		tote_ctx *ctx = support_ctx(NULL, NULL);
		int fired;

		ck_ok(tote__posix_kernel_set(ctx, faulty_kernel(), &r.fault), r.fault);
		faulty_fail(CALL_ANY, at, 1, errors[at % 3]);
		apply_five(ctx, r.path);
		fired = faulty_fired();
		tote_ctx_unref(ctx);
		root_open(&r);
		apply(&r, FIVE);
		is_applied(&r);
		root_close(&r);
		remove_tree(r.path);
		copy_tree(whole, r.path);
		if (!fired)
			break;
	}
	ck_assert_int_gt(at, 800);
	root_remove(&r);
}
END_TEST

START_TEST(processes_that_apply_one_file_at_once_make_each_container_once)
{
	struct root r;
	pid_t pids[4];
	int status;

	root_make(&r);
	for (int i = 0; i < 4; i++)
		if ((pids[i] = fork()) == 0) {
			child_asserts_nothing();
			apply_five(support_ctx(NULL, NULL), r.path);
			_exit(0);
		}
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	apply(&r, FIVE);
	is_applied(&r);
	root_remove(&r);
}
END_TEST

Suite *fleet_crash_suite(void)
{
	Suite *s = suite_create("fleet_crash");
	TCase *t = tcase_create("cut off");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(
		t, what_a_kill_cut_off_the_same_file_finishes_whichever_change_was_the_last, 0, 2);
	tcase_add_test(t, whichever_allocation_fails_nothing_is_lost_and_the_rest_is_finished);
	tcase_add_loop_test(t, whichever_system_call_fails_the_same_file_finishes_the_rest, 0, 2);
	tcase_add_test(t, processes_that_apply_one_file_at_once_make_each_container_once);
	suite_add_tcase(s, t);
	return s;
}
