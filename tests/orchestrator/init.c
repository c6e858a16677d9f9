/* SPDX-License-Identifier: ISC */
/*
 * Making a root and opening it, and all that is neither a root nor free to become one.
 */
#include "orchestrator/root.h"

static int init(tote_ctx *ctx, const char *path)
{
	struct tote_fault fault;

	return tote_orchestrator_init(ctx, path, ROOT_ORIGIN, "op@host", 0, &fault);
}

static int init_at(struct root *r, const char *path)
{
	return tote_orchestrator_init(r->ctx, path, ROOT_ORIGIN, "op@host", 0, &r->fault);
}

START_TEST(a_root_that_was_left_half_made_is_completed_by_the_same_call)
{
	struct root r;
	long at;

	root_bare(&r);
	for (at = 0;; at++) {
		int died = dies_at(at, init, r.path);

		if (!died)
			break;
		if (tote_orchestrator_init(r.ctx, r.path, ROOT_ORIGIN, "other", 0, &r.fault) < 0)
			ck_assert_msg(
				r.fault.code == TOTE_E_EXISTS, "step %ld: %s", at, r.fault.text);
		root_open(&r);
		root_provision(&r, "a");
		root_close(&r);
		remove_tree(r.path);
	}
	ck_assert_int_gt(at, 10);
	root_open(&r);
	root_remove(&r);
}
END_TEST

START_TEST(a_whole_root_is_refused_whatever_name_is_given)
{
	struct root r;

	root_make(&r);
	ck_fault(init_at(&r, r.path), TOTE_E_EXISTS, r.fault);
	ck_fault(tote_orchestrator_init(r.ctx, r.path, "other.example.com", NULL, 0, &r.fault),
		TOTE_E_EXISTS, r.fault);
	root_reopen(&r);
	root_remove(&r);
}
END_TEST

START_TEST(an_empty_directory_becomes_a_root_and_one_with_foreign_content_does_not)
{
	char path_name[512];
	static const char *const foreign[] = {
		"notes.txt", "orchestrator/notes.txt", "containers/a", "ledger"};
	struct root r;

	root_bare(&r);
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		const char *path = named(path_name, "%s/r%zu", r.scratch.path, i);

		directory_make(path);
		directory_make(printed("%s/orchestrator", path));
		directory_make(printed("%s/containers", path));
		file_write(printed("%s/%s", path, foreign[i]), "x", 1);
		ck_fault(init_at(&r, path), TOTE_E_EXISTS, r.fault);
		ck_assert_int_eq(file_exists(printed("%s/orchestrator/keys", path)), 0);
	}
	directory_make(r.path);
	file_write(printed("%s/fleet.yaml", r.path), "x", 1);
	ck_ok(init_at(&r, r.path), r.fault);
	root_open(&r);
	root_remove(&r);
}
END_TEST

START_TEST(what_is_no_root_is_said_to_be_none)
{
	struct root r;
	tote_orchestrator *o;

	root_bare(&r);
	ck_fault(
		tote_orchestrator_open(r.ctx, r.path, 0, &o, &r.fault), TOTE_E_NOT_A_ROOT, r.fault);
	directory_make(r.path);
	ck_fault(
		tote_orchestrator_open(r.ctx, r.path, 0, &o, &r.fault), TOTE_E_NOT_A_ROOT, r.fault);
	directory_make(printed("%s/orchestrator", r.path));
	ck_fault(tote_orchestrator_open(r.ctx, r.path, TOTE_ORCHESTRATOR_READ_ONLY, &o, &r.fault),
		TOTE_E_NOT_A_ROOT, r.fault);
	root_remove(&r);
}
END_TEST

static void refused_for(struct root *r, const char *file)
{
	tote_orchestrator *o;

	ck_ok(tote_orchestrator_open(r->ctx, r->path, 0, &o, &r->fault), r->fault);
	ck_fault(tote_orchestrator_provision(o, "b", NULL, NULL, &r->fault), TOTE_E_KEY, r->fault);
	ck_assert_msg(strstr(r->fault.text, file) != NULL, "%s", r->fault.text);
	ck_assert_int_eq(file_exists(printed("%s/containers/b", r->path)), 0);
	tote_orchestrator_unref(o);
}

START_TEST(with_a_key_open_to_others_missing_or_of_another_name_nothing_is_made_and_it_is_named)
{
	char key_name[512], away_name[512], which_name[512];
	static const char *const files[] = {"orchestrator", "witness"};
	struct root r;

	root_make(&r);
	root_provision(&r, "a");
	root_close(&r);
	for (size_t i = 0; i < 2; i++) {
		const char *key = named(key_name, "%s/orchestrator/keys/%s", r.path, files[i]);
		const char *away = named(away_name, "%s/away", r.scratch.path);
		const char *which = named(which_name, "keys/%s", files[i]);

		ck_assert_int_eq(chmod(key, 0640), 0);
		refused_for(&r, which);
		ck_assert_int_eq(chmod(key, 0600), 0);
		ck_assert_int_eq(rename(key, away), 0);
		refused_for(&r, which);
		copy_tree(printed("%s/orchestrator/keys/a", r.path), key);
		refused_for(&r, which);
		ck_assert_int_eq(rename(away, key), 0);
		root_open(&r);
		root_close(&r);
	}
	root_remove(&r);
}
END_TEST

START_TEST(a_root_opened_read_only_changes_nothing)
{
	struct root r;
	tote_box *box;
	tote_audit *audit;
	struct tote_container c = {.size = sizeof(c)};

	root_make(&r);
	root_provision(&r, "a");
	root_close(&r);
	ck_ok(tote_orchestrator_open(r.ctx, r.path, TOTE_ORCHESTRATOR_READ_ONLY, &r.o, &r.fault),
		r.fault);
	ck_fault(tote_orchestrator_provision(r.o, "b", NULL, NULL, &r.fault), TOTE_E_READ_ONLY,
		r.fault);
	ck_fault(root_move(&r, "a", TOTE_STATE_SUSPENDED), TOTE_E_READ_ONLY, r.fault);
	ck_fault(tote_orchestrator_detach(r.o, "a", NULL, "x", 0, &r.fault), TOTE_E_READ_ONLY,
		r.fault);
	ck_fault(tote_orchestrator_register(r.o, "b", "/x", NULL, NULL, 0, &r.fault),
		TOTE_E_READ_ONLY, r.fault);
	ck_fault(tote_orchestrator_witness(r.o, "a", 0, NULL, &r.fault), TOTE_E_READ_ONLY, r.fault);
	ck_fault(tote_orchestrator_acknowledge(r.o, 1, NULL, "x", 0, &r.fault), TOTE_E_READ_ONLY,
		r.fault);
	ck_fault(tote_audit_start(r.o, NULL, &audit, &r.fault), TOTE_E_READ_ONLY, r.fault);
	ck_assert_int_eq(tote_orchestrator_next(r.o, NULL, &c, &r.fault), 1);
	ck_assert_str_eq(c.id, "a");
	ck_ok(tote_box_open(r.o, "a", NULL, &box, &r.fault), r.fault);
	ck_fault(box_append(box, "x", &r.fault), TOTE_E_READ_ONLY, r.fault);
	tote_box_unref(box);
	root_remove(&r);
}
END_TEST

START_TEST(the_record_takes_nothing_of_the_host)
{
	struct root r;
	tote_box *record;

	root_make(&r);
	ck_ok(tote_orchestrator_record(r.o, &record, &r.fault), r.fault);
	ck_assert_int_lt(box_append(record, "x", &r.fault), 0);
	tote_box_unref(record);
	root_remove(&r);
}
END_TEST

START_TEST(processes_that_make_one_root_at_once_make_one)
{
	struct root r;
	pid_t pids[4];
	int status;

	for (int turn = 0; turn < 5; turn++) {
		root_bare(&r);
		for (int i = 0; i < 4; i++)
			if ((pids[i] = fork()) == 0) {
				int rc;

				child_asserts_nothing();
				rc = init(support_ctx(NULL, NULL), r.path);
				_exit(rc != 0 && rc != TOTE_E_EXISTS);
			}
		for (int i = 0; i < 4; i++) {
			ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
			ck_assert_int_eq(status, 0);
		}
		root_open(&r);
		root_provision(&r, "a");
		root_remove(&r);
	}
}
END_TEST

Suite *init_suite(void)
{
	Suite *s = suite_create("init");
	TCase *t = tcase_create("init");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_root_that_was_left_half_made_is_completed_by_the_same_call);
	tcase_add_test(t, a_whole_root_is_refused_whatever_name_is_given);
	tcase_add_test(t, an_empty_directory_becomes_a_root_and_one_with_foreign_content_does_not);
	tcase_add_test(t, processes_that_make_one_root_at_once_make_one);
	tcase_add_test(t, what_is_no_root_is_said_to_be_none);
	tcase_add_test(t,
		with_a_key_open_to_others_missing_or_of_another_name_nothing_is_made_and_it_is_named);
	tcase_add_test(t, a_root_opened_read_only_changes_nothing);
	tcase_add_test(t, the_record_takes_nothing_of_the_host);
	suite_add_tcase(s, t);
	return s;
}
