/* SPDX-License-Identifier: ISC */
/*
 * One orchestrator in many threads, and in a forked child.
 */
#include "orchestrator/root.h"
#include <pthread.h>

#define THREADS 8
#define TURNS   4

struct worker {
	tote_orchestrator *o;
	int number, failed;
	struct tote_fault fault;
};

static int audit(struct worker *w, const char *own)
{
	const char *const ids[] = {"orchestrator", own, "shared"};
	struct tote_audit_options options = {.size = sizeof(options), .ids = ids, .id_count = 3};
	struct tote_finding f = {.size = sizeof(f)};
	tote_audit *job;
	uint32_t worst = 0;
	int rc = tote_audit_start(w->o, &options, &job, &w->fault);

	if (rc < 0)
		return rc;
	while ((rc = tote_audit_step(job, 1 << 14, 0, &w->fault)) > 0)
		;
	while (!rc && tote_audit_next_finding(job, &f, &w->fault) == 1)
		if (!(f.flags & TOTE_FINDING_INFORMATION)) {
			snprintf(w->fault.text, sizeof(w->fault.text), "%s: TOTE-%04d %s: %s",
				f.container, f.code, f.path, f.found);
			rc = -1;
		}
	if (!rc)
		rc = tote_audit_worst(job, &worst, &w->fault);
	tote_audit_unref(job);
	return rc < 0 ? rc : worst == TOTE_VERDICT_OK ? 0 : -1;
}

static int turn(struct worker *w, int n)
{
	struct tote_status status = {.size = sizeof(status)};
	struct tote_container c = {.size = sizeof(c)};
	char own[64], last[64] = "";
	tote_box *box;
	int rc;

	snprintf(own, sizeof(own), "c%d-%d", w->number, n);
	if ((rc = tote_orchestrator_provision(w->o, own, NULL, NULL, &w->fault)) < 0 ||
		(rc = tote_orchestrator_provision(w->o, "shared", NULL, NULL, &w->fault)) < 0 ||
		(rc = tote_orchestrator_status(w->o, "shared", &status, &w->fault)) < 0 ||
		(rc = tote_box_open(w->o, "shared", NULL, &box, &w->fault)) < 0)
		return rc;
	rc = box_append(box, own, &w->fault);
	tote_box_unref(box);
	if (rc < 0 ||
		(rc = tote_orchestrator_set_state(
			 w->o, own, TOTE_STATE_SUSPENDED, NULL, "x", 0, &w->fault)) < 0 ||
		(rc = tote_orchestrator_witness(w->o, "shared", 0, NULL, &w->fault)) < 0)
		return rc;
	while ((rc = tote_orchestrator_next(w->o, last, &c, &w->fault)) == 1)
		memcpy(last, c.id, sizeof(last));
	return rc < 0 || n ? rc : audit(w, own);
}

static void *work(void *user)
{
	struct worker *w = user;

	for (int n = 0; n < TURNS && !w->failed; n++)
		w->failed = turn(w, n) < 0;
	return NULL;
}

START_TEST(threads_that_do_everything_at_once_get_what_they_asked_for)
{
	struct root r;
	struct worker workers[THREADS];
	pthread_t threads[THREADS];
	struct tote_status status = {.size = sizeof(status)};

	root_make(&r);
	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){.o = r.o, .number = i};
		ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < THREADS; i++)
		ck_assert_msg(!workers[i].failed, "%s", workers[i].fault.text);
	ck_assert_int_eq(root_entries(&r, "container.registered", NULL), THREADS * TURNS + 1);
	ck_assert_int_eq(root_entries(&r, "container.registered", "shared"), 1);
	ck_assert_int_eq(root_entries(&r, "container.state", NULL), THREADS * TURNS);
	ck_ok(tote_orchestrator_status(r.o, "shared", &status, &r.fault), r.fault);
	ck_assert_uint_eq(status.entries, THREADS * TURNS + 1);
	root_remove(&r);
}
END_TEST

#define REFUSED(call) (failed |= (call) != TOTE_E_MISUSE)

static int in_child(struct root *r, tote_box *box, tote_audit *audit)
{
	struct tote_container c = {.size = sizeof(c)};
	struct tote_status status = {.size = sizeof(status)};
	struct tote_flag flag = {.size = sizeof(flag)};
	struct tote_finding finding = {.size = sizeof(finding)};
	struct tote_verdict verdict = {.size = sizeof(verdict)};
	struct tote_audit_progress progress = {.size = sizeof(progress)};
	struct tote_fault *f = &r->fault;
	tote_orchestrator *o = r->o;
	tote_audit *other;
	tote_box *opened;
	uint32_t worst;
	char vkey[320];
	int failed = 0;

	REFUSED(tote_orchestrator_init(r->ctx, "/x", "o", NULL, 0, f));
	REFUSED(tote_orchestrator_open(r->ctx, r->path, 0, &o, f));
	REFUSED(tote_orchestrator_provision(o, "b", NULL, NULL, f));
	REFUSED(tote_orchestrator_register(o, "b", "/x", NULL, NULL, 0, f));
	REFUSED(tote_orchestrator_detach(o, "a", NULL, "x", 0, f));
	REFUSED(tote_orchestrator_set_state(o, "a", TOTE_STATE_SUSPENDED, NULL, "x", 0, f));
	REFUSED(tote_box_open(o, "a", NULL, &opened, f));
	REFUSED(tote_orchestrator_next(o, NULL, &c, f));
	REFUSED(tote_orchestrator_find(o, "a", &c, f));
	REFUSED(tote_orchestrator_key(o, TOTE_KEY_WITNESS, vkey, sizeof(vkey), f));
	REFUSED(tote_orchestrator_witness(o, "a", 0, NULL, f));
	REFUSED(tote_orchestrator_record(o, &opened, f));
	REFUSED(tote_orchestrator_status(o, "a", &status, f));
	REFUSED(tote_orchestrator_next_flag(o, NULL, TOTE_SEQ_ANY, &flag, f));
	REFUSED(tote_orchestrator_acknowledge(o, 1, NULL, "x", 0, f));
	REFUSED(tote_audit_start(o, NULL, &other, f));
	REFUSED(tote_audit_step(audit, 0, 0, f));
	REFUSED(tote_audit_progress(audit, &progress, f));
	REFUSED(tote_audit_next_finding(audit, &finding, f));
	REFUSED(tote_audit_next_verdict(audit, &verdict, f));
	REFUSED(tote_audit_worst(audit, &worst, f));
	REFUSED(tote_audit_cancel(audit, f));
	/* a close is refused and drops its reference all the same */
	REFUSED(tote_audit_close(audit, f));
	REFUSED(tote_orchestrator_close(r->o, f));
	tote_box_unref(box);
	return failed;
}

START_TEST(a_forked_child_may_only_drop_what_it_has)
{
	struct root r;
	tote_audit *audit;
	tote_box *box;
	int status;
	pid_t pid;

	root_make(&r);
	root_provision(&r, "a");
	box = root_box(&r, "a");
	ck_ok(tote_audit_start(r.o, NULL, &audit, &r.fault), r.fault);
	if ((pid = fork()) == 0)
		_exit(in_child(&r, box, audit));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	tote_audit_unref(audit);
	ck_ok(box_append(box, "x", &r.fault), r.fault);
	tote_box_unref(box);
	root_remove(&r);
}
END_TEST

START_TEST(what_was_opened_from_an_orchestrator_keeps_it_alive)
{
	struct root r;
	tote_audit *audit;
	tote_box *box, *record;

	root_make(&r);
	root_provision(&r, "a");
	box = root_box(&r, "a");
	ck_ok(tote_orchestrator_record(r.o, &record, &r.fault), r.fault);
	ck_ok(tote_audit_start(r.o, NULL, &audit, &r.fault), r.fault);
	ck_ok(tote_orchestrator_close(r.o, &r.fault), r.fault);
	r.o = NULL;
	tote_ctx_unref(r.ctx);
	r.ctx = NULL;
	ck_ok(box_append(box, "x", &r.fault), r.fault);
	tote_box_unref(record);
	tote_audit_unref(audit);
	ck_ok(box_append(box, "y", &r.fault), r.fault);
	tote_box_unref(box);
	root_remove(&r);
}
END_TEST

Suite *threads_suite(void)
{
	Suite *s = suite_create("threads");
	TCase *t = tcase_create("threads");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, threads_that_do_everything_at_once_get_what_they_asked_for);
	tcase_add_test(t, a_forked_child_may_only_drop_what_it_has);
	tcase_add_test(t, what_was_opened_from_an_orchestrator_keeps_it_alive);
	suite_add_tcase(s, t);
	return s;
}
