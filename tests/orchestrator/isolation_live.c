/* SPDX-License-Identifier: ISC */
/*
 * One container whose handler hangs, was killed, or was stopped with its locks held, among 50
 * neighbours that notice nothing and do not wait.
 */
#include "orchestrator/isle.h"
#include "orchestrator/trouble.h"
#include "support/step_kill.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* --- its store hangs ---------------------------------------------------------------------------- */

struct caught {
	struct isle *s;
	int (*doing)(struct isle *s);
	pthread_t thread;
	int rc;
};

static int caught_in_append(struct isle *s)
{
	struct tote_fault fault;
	tote_box *box = NULL;
	int rc = tote_box_open(s->r.o, s->it, NULL, &box, &fault);

	if (rc == 0)
		rc = box_append(box, "at last", &fault);
	if (rc == 0)
		return tote_box_close(box, &fault);
	tote_box_unref(box);
	return rc;
}

static int caught_in_audit(struct isle *s)
{
	const char *const ids[] = {s->it};
	struct tote_audit_options options = {.size = sizeof(options), .ids = ids, .id_count = 1};
	uint32_t worst = TOTE_VERDICT_NONE;
	struct tote_fault fault;
	tote_audit *job;
	int rc = tote_audit_start(s->r.o, &options, &job, &fault);

	if (rc < 0)
		return rc;
	while ((rc = tote_audit_step(job, 0, 0, &fault)) > 0)
		;
	tote_audit_worst(job, &worst, &fault);
	tote_audit_close(job, &fault);
	return rc ? rc : worst != TOTE_VERDICT_OK;
}

static int caught_in_status(struct isle *s)
{
	struct tote_status status = {.size = sizeof(status)};
	struct tote_fault fault;

	return tote_orchestrator_status(s->r.o, s->it, &status, &fault);
}

static int caught_in_keys(struct isle *s)
{
	struct tote_key keys[4];
	struct tote_fault fault;
	size_t count;

	return tote_orchestrator_keys(s->r.o, s->it, keys, 4, &count, &fault);
}

static int caught_in_witness(struct isle *s)
{
	struct tote_fault fault;

	return tote_orchestrator_witness(s->r.o, s->it, 0, NULL, &fault);
}

static int caught_in_state(struct isle *s)
{
	struct tote_fault fault;

	return tote_orchestrator_set_state(
		s->r.o, s->it, TOTE_STATE_SUSPENDED, NULL, "because", 0, &fault);
}

static void *catch (void *user)
{
	struct caught *c = user;

	c->rc = c->doing(c->s);
	return NULL;
}

static int (*const doings[])(struct isle *s) = {caught_in_append, caught_in_audit, caught_in_status,
	caught_in_keys, caught_in_witness, caught_in_state};
#define DOINGS (int)(sizeof(doings) / sizeof(doings[0]))

START_TEST(nobody_waits_for_a_container_whose_store_hangs)
{
	struct caught caught[DOINGS];
	struct outcome o;
	struct isle s;

	isle_copy(&s);
	isle_open(&s, troubled_kernel());
	trouble_begins(0, printed("%s/containers/%s", s.r.path, s.it), TROUBLE_HANGING, 0);
	for (int i = 0; i < DOINGS; i++) {
		caught[i] = (struct caught){.s = &s, .doing = doings[i]};
		ck_assert_int_eq(pthread_create(&caught[i].thread, NULL, catch, &caught[i]), 0);
	}
	trouble_reached(DOINGS);
	isle_day_is_the_same(&s, NEIGHBOURS_ALONE);
	/* nor does the root itself */
	o = audit(&s.r, "orchestrator");
	ck_assert_uint_eq(o.verdict.verdict, TOTE_VERDICT_OK);
	ck_ok(root_move(&s.r, neighbour(0), TOTE_STATE_SUSPENDED), s.r.fault);
	ck_assert_int_eq(root_provision(&s.r, "new"), TOTE_PROVISIONED_NEW);
	ck_ok(tote_orchestrator_detach(s.r.o, "new", NULL, "x", 0, &s.r.fault), s.r.fault);
	trouble_reached(DOINGS); /* all this time */
	trouble_release();
	for (int i = 0; i < DOINGS; i++) {
		ck_assert_int_eq(pthread_join(caught[i].thread, NULL), 0);
		ck_assert_msg(caught[i].rc == 0 || doings[i] == caught_in_append, "%d: %d", i,
			caught[i].rc);
	}
	trouble_ends(0);
	ck_assert_uint_eq(audit(&s.r, s.it).verdict.verdict, TOTE_VERDICT_OK);
	isle_remove(&s);
}
END_TEST

/* Who is told of all, or compares with all, is told of the one that does not answer, and goes on. */
struct asking {
	struct isle *s;
	const char *(*asks)(struct isle *s); /* what went wrong, NULL: nothing */
	pthread_t thread;
	const char *wrong;
	double took;
};

static const char *asks_for_health(struct isle *s)
{
	struct tote_status status = {.size = sizeof(status)};
	struct tote_fault fault;
	tote_health *health;
	int silent = 0, rc;

	if (tote_health_open(s->r.o, 0, &health, &fault) < 0)
		return "the health of all was not told";
	while ((rc = tote_health_next(health, &status, &fault)) == 1) {
		const int hangs = !strcmp(status.id, s->it);

		if (((status.flags & TOTE_STATUS_UNREACHABLE) != 0) != hangs)
			return "one answers and is unreachable, or the other way round";
		if (!hangs && *status.why)
			return "of what was read it says why it was not";
		silent += hangs && status.health == TOTE_HEALTH_UNREACHABLE &&
			  strstr(status.why, "has not answered") && !status.entries;
	}
	tote_health_unref(health);
	return rc == 0 && silent == 1 ? NULL : "the silent one was not told";
}

static const char *registers_another(struct isle *s)
{
	static char place[512];
	struct tote_fault fault;

	snprintf(place, sizeof(place), "%s/containers/%s", s->r.path, neighbour(7));
	return tote_orchestrator_register(s->r.o, neighbour(7), place, NULL, NULL, 0, &fault) < 0
		       ? "not registered"
		       : NULL;
}

static const char *provisions_where_something_is(struct isle *s)
{
	static char place[512];
	struct tote_provision_options options = {.size = sizeof(options), .location = place};
	struct tote_fault fault;

	snprintf(place, sizeof(place), "%s/empty", s->r.scratch.path);
	return mkdir(place, 0750) < 0 || tote_orchestrator_provision(
						 s->r.o, "elsewhere", &options, NULL, &fault) < 0
		       ? "not provisioned"
		       : NULL;
}

static void *ask(void *user)
{
	struct asking *a = user;
	const double since = seconds();

	a->wrong = a->asks(a->s);
	a->took = seconds() - since;
	return NULL;
}

START_TEST(who_asks_all_is_not_kept_waiting_by_one_that_hangs)
{
	static const char *(*const asks[])(struct isle * s) = {
		asks_for_health, registers_another, provisions_where_something_is};
	struct asking asking[3];
	struct isle s;

	isle_copy(&s);
	isle_open(&s, troubled_kernel());
	ck_ok(tote_orchestrator_detach(s.r.o, neighbour(7), NULL, "x", 0, &s.r.fault), s.r.fault);
	trouble_begins(0, printed("%s/containers/%s", s.r.path, s.it), TROUBLE_HANGING, 0);
	/* the first of these changes what the last one would see */
	asking[0] = (struct asking){.s = &s, .asks = asks[0]};
	ask(&asking[0]);
	for (int i = 1; i < 3; i++) {
		asking[i] = (struct asking){.s = &s, .asks = asks[i]};
		ck_assert_int_eq(pthread_create(&asking[i].thread, NULL, ask, &asking[i]), 0);
	}
	for (int i = 0; i < 3; i++) {
		if (i)
			ck_assert_int_eq(pthread_join(asking[i].thread, NULL), 0);
		ck_assert_msg(!asking[i].wrong, "%d: %s", i, asking[i].wrong);
		ck_assert_msg(asking[i].took < 20, "%d: %f s", i, asking[i].took);
	}
	trouble_reached(3); /* it hangs all the time */
	trouble_release();
	trouble_ends(0);
	ck_assert_uint_eq(audit(&s.r, s.it).verdict.verdict, TOTE_VERDICT_OK);
	isle_remove(&s);
}
END_TEST

/* One job over everything, in a thread of its own. */
static void *audit_everything(void *user)
{
	tote_audit *job = user;
	struct tote_fault fault;
	int rc;

	while ((rc = tote_audit_step(job, 0, 0, &fault)) > 0)
		;
	return rc ? job : NULL;
}

static uint64_t finished(tote_audit *job)
{
	struct tote_audit_progress progress = {.size = sizeof(progress)};
	struct tote_fault fault;

	ck_ok(tote_audit_progress(job, &progress, &fault), fault);
	return progress.finished;
}

START_TEST(an_audit_of_everything_is_through_with_all_but_the_one_that_hangs)
{
	const struct timespec moment = {.tv_nsec = 5000000};
	struct tote_verdict verdict = {.size = sizeof(verdict)};
	struct tote_audit_options options = {.size = sizeof(options), .parallel = 1 + (uint32_t)_i};
	tote_audit *job;
	pthread_t thread;
	struct isle s;
	void *failed;
	int seen = 0;

	isle_copy(&s);
	isle_open(&s, troubled_kernel());
	for (int i = 0; i < _i; i++) {
		isle_mean(&s, i);
		trouble_begins(i, printed("%s/containers/%s", s.r.path, s.it), TROUBLE_HANGING, 0);
	}
	ck_ok(tote_audit_start(s.r.o, &options, &job, &s.r.fault), s.r.fault);
	ck_assert_int_eq(pthread_create(&thread, NULL, audit_everything, job), 0);
	/* the record, the neighbours, and those of the others that are well */
	while (finished(job) < (uint64_t)(1 + NEIGHBOURS + HARMED - _i))
		nanosleep(&moment, NULL);
	trouble_reached(_i);
	trouble_release();
	ck_assert_int_eq(pthread_join(thread, &failed), 0);
	ck_assert_ptr_null(failed);
	while (tote_audit_next_verdict(job, &verdict, &s.r.fault) == 1) {
		ck_assert_msg(verdict.verdict == TOTE_VERDICT_OK, "%s", verdict.container);
		seen++;
	}
	ck_assert_int_eq(seen, 1 + NEIGHBOURS + HARMED);
	ck_ok(tote_audit_close(job, &s.r.fault), s.r.fault);
	isle_remove(&s);
}
END_TEST

/* --- by the schedule ------------------------------------------------------------------------------ */

static struct tote_dispatch did;

static void *dispatch_everything(void *user)
{
	struct isle *s = user;
	struct tote_fault fault;

	did.size = sizeof(did);
	return tote_orchestrator_dispatch(s->r.o, NULL, &did, &fault) < 0 ? s : NULL;
}

static int is_audited(struct isle *s, const char *id)
{
	struct tote_status status = {.size = sizeof(status)};

	ck_ok(tote_orchestrator_status(s->r.o, id, &status, &s->r.fault), s->r.fault);
	return status.last_audit_us >= s->clock.wall;
}

/* As many as there are processors, and more: each gives its thread away. */
START_TEST(what_is_due_is_done_for_all_but_those_that_hang)
{
	const struct timespec moment = {.tv_nsec = 5000000};
	pthread_t thread;
	struct isle s;
	void *failed;

	isle_copy(&s);
	s.clock = isle_clock;
	s.clock.wall += INT64_C(30) * 24 * 3600 * 1000000;
	isle_open_at(&s, troubled_kernel());
	for (int i = 0; i < _i; i++) {
		isle_mean(&s, i);
		trouble_begins(i, printed("%s/containers/%s", s.r.path, s.it), TROUBLE_HANGING, 0);
	}
	ck_assert_int_eq(pthread_create(&thread, NULL, dispatch_everything, &s), 0);
	trouble_reached(_i);
	for (int i = 0; i < NEIGHBOURS; i++)
		while (!is_audited(&s, neighbour(i)))
			nanosleep(&moment, NULL);
	while (!is_audited(&s, "orchestrator"))
		nanosleep(&moment, NULL);
	trouble_release();
	ck_assert_int_eq(pthread_join(thread, &failed), 0);
	ck_assert_ptr_null(failed);
	ck_assert_uint_eq(did.ended, 1 + NEIGHBOURS + HARMED);
	ck_assert_uint_eq(did.damaged + did.incomplete + did.failed + did.open, 0);
	for (int i = 0; i < _i; i++)
		trouble_ends(i);
	isle_remove(&s);
}
END_TEST

/* --- its handler is killed ---------------------------------------------------------------------- */

static void die(void *user)
{
	(void)user;
	raise(SIGKILL);
}

static const char *const steps[] = {"stage_sync", "stage_keep", "publish", "journal_write",
	"journal_sync", "barrier", "line_write", "make_parents"};
#define STEPS (int)(sizeof(steps) / sizeof(steps[0]))

static void seal_in(tote_box *box, struct tote_fault *fault)
{
	struct tote_source source = {.path = "sealed/half",
		.data = "half",
		.length = 4,
		.flags = TOTE_SOURCE_DATA,
		.supersedes = TOTE_SEQ_ANY};
	struct tote_sealed sealed;

	tote_box_seal(box, &source, 1, NULL, 0, &sealed, fault);
}

/* Another process dies there, while it seals or folds. */
static void is_killed_at(const struct isle *s, const char *step)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct isle own = *s;
		char note[8192];
		tote_box *box;
		size_t len;

		child_asserts_nothing();
		own.r.o = NULL;
		isle_open(&own, NULL);
		box = root_box(&own.r, own.it);
		step_act(box, step, 0, die, NULL);
		seal_in(box, &own.r.fault);
		tote_box_checkpoint(box, 0, note, sizeof(note), &len, &own.r.fault);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%s: %x", step, status);
}

START_TEST(nobody_notices_a_handler_that_was_killed_in_mid_write)
{
	struct tree before, after;
	struct isle s;

	isle_copy(&s);
	before = isle_neighbours(&s);
	for (int i = 0; i < HARMED; i++) {
		isle_mean(&s, i);
		is_killed_at(&s, steps[_i * HARMED + i]);
	}
	isle_open(&s, NULL);
	for (int i = 0; i < HARMED; i += 2) { /* the others are found so by the audit of all */
		isle_mean(&s, i);
		ck_assert_uint_eq(audit(&s.r, s.it).verdict.verdict, TOTE_VERDICT_OK);
		root_fill(&s.r, s.it, 1);
	}
	after = isle_neighbours(&s);
	ck_assert_str_eq(tree_difference(&before, &after), "");
	isle_day_is_the_same(&s, EVERYTHING);
	for (int i = 0; i < HARMED; i++) {
		isle_mean(&s, i);
		ck_assert_uint_eq(audit(&s.r, s.it).verdict.verdict, TOTE_VERDICT_OK);
	}
	tree_free(&before);
	tree_free(&after);
	isle_remove(&s);
}
END_TEST

/* --- its locks are held by who does not go on ----------------------------------------------------- */

#define WAIT_US 30000

/* Another process holds a byte of its lock and is stopped. */
static pid_t is_stopped_with(const struct isle *s, int byte)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct isle own = *s;
		tote_box *box;

		child_asserts_nothing();
		own.r.o = NULL;
		isle_open(&own, NULL);
		box = root_box(&own.r, own.it);
		if (byte == LOCK_BYTE_WRITE) {
			ck_assert_int_eq(tote__ledger_hold(box->ledger, &own.r.fault), 0);
		} else {
			struct place *p = &box->place;

			ck_assert_int_eq(p->ops->lock_take(p->handle, byte, 0, &own.r.fault), 0);
		}
		raise(SIGSTOP);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	ck_assert(WIFSTOPPED(status));
	return pid;
}

/* What is asked of it comes back after few waits, and says why. */
static void is_not_waited_for(struct isle *s, int byte)
{
	const double begin = seconds();
	struct tote_fault fault;
	tote_box *box;
	int rc;

	/* all that is signed can be read, and no writer is damage */
	ck_assert_uint_ne(audit(&s->r, s->it).verdict.verdict, TOTE_VERDICT_DAMAGED);
	rc = tote_box_open(s->r.o, s->it, NULL, &box, &fault);
	if (rc == 0) {
		rc = box_append(box, "x", &fault);
		tote_box_unref(box);
	}
	if (byte == LOCK_BYTE_FOLD) { /* which no append takes */
		ck_assert_int_eq(rc, 0);
	} else {
		ck_assert_int_eq(rc, TOTE_E_BUSY);
		ck_assert_msg(strstr(fault.text, s->it) != NULL, "%s", fault.text);
	}
	root_state(&s->r, s->it);
	ck_assert_msg(seconds() - begin < 2 + 10 * WAIT_US / 1e6, "byte %d: %.3f s", byte,
		seconds() - begin);
}

START_TEST(nobody_waits_for_a_lock_whose_holder_was_stopped)
{
	struct tree before, after;
	struct isle s;
	pid_t pids[3];

	isle_copy(&s);
	before = isle_neighbours(&s);
	for (int i = 0; i < 3; i++) {
		isle_mean(&s, i);
		pids[i] = is_stopped_with(&s, LOCK_BYTE_WRITE + i);
	}
	isle_open(&s, NULL);
	s.r.ctx->lock_wait_us = WAIT_US;
	for (int i = 0; i < 3; i++) {
		isle_mean(&s, i);
		is_not_waited_for(&s, i);
	}
	after = isle_neighbours(&s);
	ck_assert_str_eq(tree_difference(&before, &after), "");
	isle_day_is_the_same(&s, EVERYTHING);
	for (int i = 0; i < 3; i++) {
		int status;

		ck_assert_int_eq(kill(pids[i], SIGKILL), 0);
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		isle_mean(&s, i);
		ck_assert_uint_eq(audit(&s.r, s.it).verdict.verdict, TOTE_VERDICT_OK);
	}
	tree_free(&before);
	tree_free(&after);
	isle_remove(&s);
}
END_TEST

Suite *isolation_live_suite(void)
{
	Suite *s = suite_create("isolation_live");
	TCase *t = tcase_create("isolation_live");

	tcase_set_timeout(t, 60);
	tcase_add_unchecked_fixture(t, isle_make, isle_end);
	tcase_add_test(t, nobody_waits_for_a_container_whose_store_hangs);
	tcase_add_test(t, who_asks_all_is_not_kept_waiting_by_one_that_hangs);
	tcase_add_loop_test(
		t, an_audit_of_everything_is_through_with_all_but_the_one_that_hangs, 1, 3);
	tcase_add_loop_test(t, what_is_due_is_done_for_all_but_those_that_hang, 1, HARMED);
	tcase_add_loop_test(
		t, nobody_notices_a_handler_that_was_killed_in_mid_write, 0, STEPS / HARMED);
	tcase_add_test(t, nobody_waits_for_a_lock_whose_holder_was_stopped);
	suite_add_tcase(s, t);
	return s;
}
