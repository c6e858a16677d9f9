/* SPDX-License-Identifier: ISC */
/*
 * Two orchestrators on one root, in two threads and in two processes: what both do at once is done
 * once, and the record is one chain.
 */
#include "orchestrator/outcome.h"
#include <pthread.h>

#define TWINS      2
#define CONTAINERS 6
#define TURNS      4

struct twin {
	struct root r; /* with a handle of its own */
	int number;
	pthread_t thread;
	int acknowledged; /* flags that this one acknowledged */
	const char *failed;
};

static const char *id_of(int i)
{
	return printed("c%d", i);
}

/* Not every answer is 0: the other one may have been there before. */
static int is_answer(int rc)
{
	return rc == 0 || rc == TOTE_E_EXISTS || rc == TOTE_E_STATE || rc == TOTE_E_NOT_FOUND;
}

static int audits(struct twin *t, const char *id)
{
	const char *const ids[] = {id};
	struct tote_audit_options options = {.size = sizeof(options), .ids = ids, .id_count = 1};
	tote_audit *job;
	int rc = tote_audit_start(t->r.o, &options, &job, &t->r.fault);

	if (rc < 0)
		return rc;
	while ((rc = tote_audit_step(job, 1 << 14, 0, &t->r.fault)) > 0)
		;
	tote_audit_unref(job);
	return rc;
}

static int acknowledges(struct twin *t)
{
	struct tote_flag flag = {.size = sizeof(flag)};
	uint64_t after = TOTE_SEQ_ANY;
	int rc;

	while ((rc = tote_orchestrator_next_flag(t->r.o, NULL, after, &flag, &t->r.fault)) == 1) {
		after = flag.seq;
		rc = tote_orchestrator_acknowledge(t->r.o, flag.seq, "op", "seen", 0, &t->r.fault);
		t->acknowledged += rc == 0;
		if (!is_answer(rc))
			return rc;
	}
	return rc;
}

/* The same things in the same order: whatever can meet meets. */
static const char *lives(struct twin *t)
{
	char id[16];

	for (int i = 0; i < CONTAINERS; i++) {
		snprintf(id, sizeof(id), "c%d", i);
		if (tote_orchestrator_provision(t->r.o, id, NULL, NULL, &t->r.fault) < 0)
			return "provision";
	}
	for (int turn = 0; turn < TURNS; turn++) {
		for (int i = 0; i < CONTAINERS; i++) {
			snprintf(id, sizeof(id), "c%d", i);
			if (!is_answer(tote_orchestrator_set_state(t->r.o, id,
				    turn % 2 ? TOTE_STATE_ACTIVE : TOTE_STATE_SUSPENDED, NULL, "x",
				    0, &t->r.fault)))
				return "set_state";
		}
		if (audits(t, "damaged") < 0 || audits(t, "orchestrator") < 0)
			return "audit";
		if (acknowledges(t) < 0)
			return "acknowledge";
	}
	return NULL;
}

static void *lives_in_thread(void *user)
{
	struct twin *t = user;

	t->failed = lives(t);
	return NULL;
}

static void make_root(struct root *r)
{
	root_make(r);
	root_provision(r, "damaged");
	seal(r, "damaged", "one");
	seal(r, "damaged", "two");
	root_close(r);
	file_flip(asset(r, "damaged", "one"), 2, 1);
	file_write(asset(r, "damaged", "foreign"), "x", 1);
}

/* One of each, and each once. */
static void what_was_done_was_done_once(struct root *r, int acknowledged)
{
	int flags;

	root_open(r);
	ck_assert_int_eq(root_entries(r, "container.registered", NULL), 1 + CONTAINERS);
	for (int i = 0; i < CONTAINERS; i++) {
		const char *id = id_of(i);
		struct container c;

		ck_assert_int_eq(root_entries(r, "container.registered", id), 1);
		ck_assert_int_eq(tote__containers_known(r->o, id, &c, &r->fault), 0);
		ck_assert_uint_le(c.move_count, TURNS);
		tote__containers_drop(r->o, &c);
		ck_assert_uint_eq(audit(r, id).verdict.verdict, TOTE_VERDICT_OK);
		root_fill(r, id, root_state(r, id) == TOTE_STATE_ACTIVE);
	}
	flags = root_entries(r, "flag.raised", NULL);
	ck_assert_int_eq(flags, 2); /* one for the changed asset, one for the foreign file */
	ck_assert_int_eq(root_entries(r, "flag.acknowledged", NULL), flags);
	if (acknowledged >= 0)
		ck_assert_int_eq(acknowledged, flags);
	ck_assert_int_eq(root_entries(r, "audit.finished", "damaged"), TWINS * TURNS);
	ck_assert_uint_eq(audit(r, "orchestrator").verdict.verdict, TOTE_VERDICT_OK);
}

START_TEST(two_handles_of_one_process_do_once_what_both_do)
{
	struct twin twins[TWINS];
	struct root r;
	int acknowledged = 0;

	make_root(&r);
	for (int i = 0; i < TWINS; i++) {
		twins[i] = (struct twin){.r = r, .number = i};
		twins[i].r.ctx = i ? support_ctx(NULL, NULL) : tote_ctx_ref(r.ctx);
		root_open(&twins[i].r);
	}
	for (int i = 0; i < TWINS; i++)
		ck_assert_int_eq(
			pthread_create(&twins[i].thread, NULL, lives_in_thread, &twins[i]), 0);
	for (int i = 0; i < TWINS; i++) {
		ck_assert_int_eq(pthread_join(twins[i].thread, NULL), 0);
		ck_assert_msg(
			!twins[i].failed, "%d: %s: %s", i, twins[i].failed, twins[i].r.fault.text);
		acknowledged += twins[i].acknowledged;
		root_close(&twins[i].r);
		tote_ctx_unref(twins[i].r.ctx);
	}
	what_was_done_was_done_once(&r, acknowledged);
	root_remove(&r);
}
END_TEST

START_TEST(two_processes_do_once_what_both_do)
{
	struct root r;
	pid_t pids[TWINS];
	int status;

	make_root(&r);
	for (int i = 0; i < TWINS; i++)
		if ((pids[i] = fork()) == 0) {
			struct twin t = {.r = r, .number = i};

			child_asserts_nothing();
			t.r.ctx = support_ctx(NULL, NULL);
			root_open(&t.r);
			t.failed = lives(&t);
			if (t.failed)
				fprintf(stderr, "%s: %s\n", t.failed, t.r.fault.text);
			_exit(t.failed != NULL);
		}
	for (int i = 0; i < TWINS; i++) {
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	what_was_done_was_done_once(&r, -1);
	root_remove(&r);
}
END_TEST

Suite *twins_suite(void)
{
	Suite *s = suite_create("twins");
	TCase *t = tcase_create("twins");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, two_handles_of_one_process_do_once_what_both_do);
	tcase_add_test(t, two_processes_do_once_what_both_do);
	suite_add_tcase(s, t);
	return s;
}
