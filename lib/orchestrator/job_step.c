/* SPDX-License-Identifier: ISC */
/*
 * One step of a job: several runs at once, each by one thread at a time, until the budget is used
 * up. The threads live in the step only (DESIGN, Public API).
 *
 * A run whose store hangs keeps its thread, and the step cannot end before it; but the others go on
 * meanwhile, over their time, as long as it does not answer.
 */
#include "orchestrator/job.h"
#include "base/thread.h"
#include "orchestrator/record.h"
#include <stdio.h>
#include <string.h>

#define STACK_BYTES ((size_t)1 << 20)
#define SLICE_US    INT64_C(250000) /* then cancel, progress and the rate are looked at */
#define OVERTIME_US INT64_C(40000)  /* likewise behind the end of the step */
#define PATIENCE_US INT64_C(100000) /* who has not come back by then does not answer */
#define SLICE_LEAST ((uint64_t)64 << 10)
#define SLICE_MOST  ((uint64_t)256 << 20) /* likewise where the host's clock stands still */

struct step {
	struct tote_audit *a;
	uint64_t max_bytes, read;
	int64_t deadline_us; /* 0: none */
	int begun;  /* a piece of work, or the wait for the rate: no step does nothing at all */
	int failed; /* the first failure, and its fault */
	struct tote_fault fault;
};

/* --- with the job's mutex ------------------------------------------------------------------- */

static int is_over(const struct step *s)
{
	const tote_audit *a = s->a;

	if (s->failed || atomic_load(&a->cancelled))
		return 1;
	return s->begun &&
	       ((s->max_bytes && s->read >= s->max_bytes) ||
		       (s->deadline_us && tote__clock_monotonic(&a->ctx->clock) >= s->deadline_us));
}

static void wait_for_change(tote_audit *a, int64_t us)
{
	tote__condition_wait_until(&a->changed, &a->mutex, tote__clock_monotonic(&a->system) + us);
}

/* How long the oldest piece under way has been going on; -1: none is. */
static int64_t oldest(const tote_audit *a)
{
	int64_t now = tote__clock_monotonic(&a->system), age = -1;

	for (size_t i = 0; i < a->running_count; i++)
		if (a->running[i]->busy && now - a->running[i]->busy_us > age)
			age = now - a->running[i]->busy_us;
	return age;
}

/* The budget is used up: 1 where somebody does not answer, so that the others may as well go on. */
static int is_overtime(const struct step *s)
{
	for (;;) {
		int64_t age = oldest(s->a);

		if (age < 0 || s->failed || atomic_load(&s->a->cancelled))
			return 0;
		if (age >= PATIENCE_US)
			return 1;
		wait_for_change(s->a, PATIENCE_US - age);
	}
}

static int may_take(const struct job_id *id, int caller)
{
	return !id->taken && (caller || !id->caller_only);
}

/* The next one to begin: the record, and for the caller then those that no other thread may. */
static struct job_id *next_id(tote_audit *a, int caller)
{
	struct job_id *first = NULL;

	for (size_t i = a->first_waiting; i < a->id_count; i++) {
		struct job_id *id = &a->ids[i];

		if (i == a->first_waiting && id->taken)
			a->first_waiting++;
		if (!may_take(id, caller))
			continue;
		if (!first)
			first = id;
		if (!caller || a->parallel < 2 || !a->caller_only || id->caller_only ||
			!strcmp(id->id, RECORD_ID))
			return id;
	}
	return first;
}

static void count_out(tote_audit *a, const struct job_id *id)
{
	a->waiting--;
	a->unexpected -= !id->is_expected;
	a->expected -= id->expected;
}

static struct job_run *begin_next(struct step *s, int caller)
{
	tote_audit *a = s->a;
	struct job_run *r = a->alone;
	struct job_id *id;

	/* the consolidated record comes first, alone */
	if (a->running_count >= a->parallel || (a->running_count && a->record_runs))
		return NULL;
	id = next_id(a, caller);
	if (!id)
		return NULL;
	if (!r) {
		r = tote__heap_new(&a->ctx->heap, 1, sizeof(*r), &s->fault);
		if (!r) {
			s->failed = s->fault.code;
			return NULL;
		}
		r->id = id->id;
		r->caller_only = id->caller_only;
	}
	a->alone = NULL;
	r->of = id;
	id->taken = 1;
	count_out(a, id);
	a->record_runs = !strcmp(id->id, RECORD_ID);
	a->running[a->running_count++] = r;
	return r;
}

static struct job_run *pick(struct step *s, int caller)
{
	tote_audit *a = s->a;

	for (size_t i = 0; i < a->running_count; i++)
		if (!a->running[i]->busy && (caller || !a->running[i]->caller_only))
			return a->running[i];
	return begin_next(s, caller);
}

static void take_out(tote_audit *a, const struct job_run *r)
{
	size_t i = 0;

	while (a->running[i] != r)
		i++;
	memmove(a->running + i, a->running + i + 1, (--a->running_count - i) * sizeof(*a->running));
	if (!a->running_count)
		a->record_runs = 0;
}

/* --- one piece, without it ------------------------------------------------------------------ */

struct slice {
	uint64_t max_bytes;
	int64_t deadline_us;
};

static struct slice slice_of(const struct step *s, int overtime)
{
	tote_audit *a = s->a;
	uint64_t allowed = tote__rate_allows(&a->bucket, tote__clock_monotonic(&a->system));
	int64_t until = tote__clock_monotonic(&a->ctx->clock) + (overtime ? OVERTIME_US : SLICE_US);
	struct slice slice = {.max_bytes = SLICE_MOST, .deadline_us = until};

	if (!overtime && s->deadline_us && s->deadline_us < until)
		slice.deadline_us = s->deadline_us;
	if (!overtime && s->max_bytes && s->max_bytes - s->read < SLICE_MOST)
		slice.max_bytes = s->max_bytes - s->read;
	if (allowed != UINT64_MAX) {
		allowed = allowed < SLICE_LEAST ? SLICE_LEAST : allowed;
		if (slice.max_bytes > allowed)
			slice.max_bytes = allowed;
	}
	return slice;
}

static uint64_t bytes_of(const struct job_run *r)
{
	return r->run ? tote__run_bytes(r->run) : 0;
}

enum { PIECE_END, PIECE_MORE, PIECE_PASSED_OVER };

static int work(
	tote_audit *a, struct job_run *r, const struct slice *slice, struct tote_fault *fault)
{
	int rc, more = 0;

	if (!r->begun) {
		if ((rc = tote__job_begin(a, r, fault)) != 0)
			return rc < 0 ? rc : PIECE_PASSED_OVER;
		r->begun = 1;
	}
	if (r->run &&
		(more = tote__run_step(r->run, slice->max_bytes, slice->deadline_us, fault)) < 0)
		return more;
	if ((rc = tote__job_take(a, r, fault)) < 0)
		return rc;
	if (!more && (rc = tote__job_end(a, r, fault)) < 0)
		return rc;
	return more ? PIECE_MORE : PIECE_END;
}

/* A piece is through: what it came to, with the mutex. */
static void settle(struct step *s, struct job_run *r, int rc, const struct tote_fault *fault)
{
	tote_audit *a = s->a;

	if (rc < 0 && !s->failed) {
		s->failed = rc;
		s->fault = *fault;
	}
	a->passed_over += rc == PIECE_PASSED_OVER;
	if (rc < 0 && !r->begun) { /* it may be begun again */
		r->of->taken = 0;
		a->waiting++;
		a->unexpected += !r->of->is_expected;
		a->expected += r->of->expected;
		if ((size_t)(r->of - a->ids) < a->first_waiting)
			a->first_waiting = (size_t)(r->of - a->ids);
	} else if (!r->ended && rc != PIECE_PASSED_OVER) {
		return;
	}
	take_out(a, r);
	tote__job_run_free(a, r);
}

static void do_piece(struct step *s, struct job_run *r, int overtime)
{
	tote_audit *a = s->a;
	struct slice slice = slice_of(s, overtime);
	struct tote_fault fault;
	uint64_t before, after;
	int rc;

	memset(&fault, 0, sizeof(fault));
	s->begun = 1;
	r->busy = 1;
	r->busy_us = tote__clock_monotonic(&a->system);
	pthread_mutex_unlock(&a->mutex);
	before = bytes_of(r);
	rc = work(a, r, &slice, &fault);
	after = bytes_of(r);
	tote__job_measure(a, r);
	pthread_mutex_lock(&a->mutex);
	r->busy = 0;
	s->read += after - before;
	tote__rate_spend(&a->bucket, after - before, tote__clock_monotonic(&a->system));
	settle(s, r, rc, &fault);
	tote__job_note_progress(a);
	pthread_cond_broadcast(&a->changed);
}

/* --- the threads ---------------------------------------------------------------------------- */

/* What the rate allows is used up: 1 after a while. */
static int wait_for_rate(struct step *s)
{
	tote_audit *a = s->a;
	int64_t wait = tote__rate_wait(&a->bucket, tote__clock_monotonic(&a->system)), left;

	if (!wait)
		return 0;
	s->begun = 1;
	if (s->deadline_us) {
		left = s->deadline_us - tote__clock_monotonic(&a->ctx->clock);
		wait = left < wait ? left : wait;
	}
	wait_for_change(a, wait < SLICE_US ? wait : SLICE_US);
	return 1;
}

static void work_on(struct step *s, int caller)
{
	tote_audit *a = s->a;

	pthread_mutex_lock(&a->mutex);
	while (a->running_count || a->waiting) {
		int over = is_over(s);
		struct job_run *r;

		if (over && !is_overtime(s))
			break;
		if (wait_for_rate(s))
			continue;
		r = pick(s, caller);
		if (r)
			do_piece(s, r, over);
		else if (!s->failed)
			wait_for_change(a, SLICE_US);
	}
	pthread_mutex_unlock(&a->mutex);
}

static void *run_thread(void *user)
{
	work_on(user, 0);
	return NULL;
}

/* As many as are of use. The host's vtables are called from them, where these bear it. */
static size_t threads_wanted(const tote_audit *a)
{
	size_t runs = a->running_count + a->waiting;

	if (a->o && !(a->o->place.ops->capabilities & STORE_CAN_ANY_THREAD))
		return 0;
	return (runs < a->parallel ? runs : a->parallel) - (runs != 0);
}

/* --- the step ------------------------------------------------------------------------------- */

/* The runs under way end where they are; those not begun are not begun: the job is incomplete. */
int tote__job_stop(tote_audit *a, struct tote_fault *fault)
{
	int rc = 0;

	if (a->waiting && a->worst != TOTE_VERDICT_DAMAGED)
		a->worst = TOTE_VERDICT_INCOMPLETE;
	for (size_t i = 0; i < a->id_count; i++)
		a->ids[i].taken = 1;
	a->waiting = 0;
	while (!rc && a->running_count) {
		struct job_run *r = a->running[0];

		if (!r->ended && (rc = tote__job_cut(a, r, fault)) < 0 && !r->ended)
			return rc;
		take_out(a, r);
		tote__job_run_free(a, r);
	}
	return rc;
}

/* The end of an audit folds the consolidated record; failing does not undo the audit. */
static void fold_record(tote_audit *a, struct tote_fault *fault)
{
	if (!a->o || tote__record_fold(a->o, fault) == 0)
		return;
	tote__log(&a->ctx->log, TOTE_LOG_WARNING, "audit: fold: %s", fault->text);
	tote__fault_clear(fault);
}

static int run_step(struct step *s, struct tote_fault *fault)
{
	tote_audit *a = s->a;
	pthread_t thread[PARALLEL_MAX];
	size_t threads;
	int had_more = a->running_count || a->waiting, rc = 0;

	if (!atomic_load(&a->cancelled)) {
		threads =
			tote__threads_begin(thread, threads_wanted(a), STACK_BYTES, run_thread, s);
		work_on(s, 1);
		while (threads)
			pthread_join(thread[--threads], NULL);
	}
	if (s->failed) {
		*fault = s->fault;
		return s->failed;
	}
	if (atomic_load(&a->cancelled))
		rc = tote__job_stop(a, fault);
	if (rc < 0)
		return rc;
	if (a->running_count || a->waiting)
		return 1;
	if (had_more)
		fold_record(a, fault);
	return 0;
}

int tote_audit_step(tote_audit *a, uint64_t max_bytes, int64_t max_us, struct tote_fault *fault)
{
	struct step s = {.a = a, .max_bytes = max_bytes};
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__job_enter(a, fault)) < 0)
		return rc;
	if (max_us > 0)
		s.deadline_us = tote__clock_monotonic(&a->ctx->clock) + max_us;
	rc = run_step(&s, fault);
	pthread_mutex_lock(&a->mutex);
	tote__job_note_progress(a);
	pthread_mutex_unlock(&a->mutex);
	tote__job_leave(a);
	return rc;
}
