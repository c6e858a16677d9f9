/* SPDX-License-Identifier: ISC */
/*
 * Audit jobs as the host sees them: start, step within a budget, findings and verdicts one at a
 * time, progress and cancel from any thread.
 */
#include "orchestrator/job.h"
#include "base/thread.h"
#include "base/grammar.h"
#include "orchestrator/record.h"
#include <string.h>
#include <time.h>
#include <unistd.h>

#define OPTIONS_LEAST    offsetof(struct tote_audit_options, ids)
#define PARALLEL_DEFAULT 8
#define PROGRESS_LEAST   offsetof(struct tote_audit_progress, bytes)

int tote_audit_options_init(
	struct tote_audit_options *options, size_t size, struct tote_fault *fault)
{
	FAULT_BEGIN(fault);
	return tote__struct_init(options, size, OPTIONS_LEAST, "struct tote_audit_options", fault);
}

/* --- the handle ----------------------------------------------------------------------------- */

static void audit_free(tote_audit *a)
{
	tote_ctx *ctx = a->ctx;
	const struct heap *heap = &ctx->heap;

	while (a->running_count)
		tote__job_run_free(a, a->running[--a->running_count]);
	tote__job_run_free(a, a->alone);
	for (size_t i = a->shown_next; i < a->shown_count; i++)
		tote__job_finding_free(heap, &a->shown[i].finding);
	tote__job_finding_free(heap, &a->showing);
	for (size_t i = 0; i < a->id_count; i++)
		tote__heap_free(heap, a->ids[i].id);
	tote__heap_free(heap, a->ids);
	tote__heap_free(heap, a->actor);
	tote__heap_free(heap, a->asked_path);
	tote__heap_free(heap, a->shown);
	tote__heap_free(heap, a->verdicts);
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->starting);
	pthread_mutex_destroy(&a->mutex);
	tote_orchestrator_unref(a->o);
	tote__heap_free(heap, a);
	tote_ctx_unref(ctx);
}

tote_audit *tote__job_new(tote_ctx *ctx, struct tote_fault *fault)
{
	tote_audit *a = tote__heap_new(&ctx->heap, 1, sizeof(*a), fault);

	if (!a)
		return NULL;
	a->ctx = tote_ctx_ref(ctx);
	a->parallel = 1;
	a->progress.remaining_us = -1;
	tote__clock_init(&a->system, NULL);
	atomic_init(&a->refs, 1);
	pthread_mutex_init(&a->mutex, NULL);
	pthread_mutex_init(&a->starting, NULL);
	/* waiting is for real time, which nobody sets */
	tote__condition_init(&a->changed);
	return a;
}

unsigned tote__job_references(const tote_audit *a)
{
	unsigned count = a->o ? 1 : 0;

	for (size_t i = 0; i < a->running_count; i++)
		count += a->running[i]->box ? 1 : 0;
	return count;
}

int tote__job_cover(tote_audit *a)
{
	struct tote_fault fault;
	int rc = 0, is_new = 0;

	memset(&fault, 0, sizeof(fault));
	for (size_t i = 0; rc == 0 && i < a->running_count; i++) {
		struct job_run *r = a->running[i];

		if (r->begun)
			rc = tote__job_record_coverage(a, r, 1, &fault);
		if (rc < 0)
			tote__log(&a->ctx->log, TOTE_LOG_WARNING, "audit of '%s': %s", r->id,
				fault.text);
		is_new |= r->covered_to > 0;
	}
	return is_new;
}

void tote__job_park(tote_audit *a)
{
	tote__job_cover(a);
	/* what it has open is another's now */
	while (a->running_count)
		tote__job_run_free(a, a->running[--a->running_count]);
	for (size_t i = 0; i < a->id_count; i++)
		a->ids[i].taken = 1;
	a->waiting = 0;
}

int tote__job_add_id(tote_audit *a, const char *id, struct tote_fault *fault)
{
	const struct heap *heap = &a->ctx->heap;
	struct job_id added = {.id = NULL};
	void *p;

	if (a->id_count == a->id_cap) {
		size_t cap = a->id_cap ? 2 * a->id_cap : 8;

		p = tote__heap_resize(heap, a->ids, cap, sizeof(*a->ids), fault);
		if (!p)
			return TOTE_E_NO_MEMORY;
		a->ids = p;
		p = tote__heap_resize(heap, a->verdicts, cap, sizeof(*a->verdicts), fault);
		if (!p)
			return TOTE_E_NO_MEMORY;
		a->verdicts = p;
		a->id_cap = cap;
	}
	if (!(added.id = tote__heap_strdup(heap, id, fault)))
		return TOTE_E_NO_MEMORY;
	a->ids[a->id_count++] = added;
	a->waiting++;
	a->unexpected++;
	return 0;
}

tote_audit *tote_audit_unref(tote_audit *a)
{
	if (a && atomic_fetch_sub_explicit(&a->refs, 1, memory_order_acq_rel) == 1)
		audit_free(a);
	return NULL;
}

int tote__job_enter(tote_audit *a, struct tote_fault *fault)
{
	int rc;

	if (!a)
		return tote__fault(fault, TOTE_E_ARGUMENT, "audit: the handle is NULL");
	if ((rc = tote__ctx_check(a->ctx, fault)) < 0)
		return rc;
	if (atomic_exchange(&a->busy, 1))
		return tote__fault(
			fault, TOTE_E_BUSY, "audit: another call on this job is under way");
	/* a call under way keeps the job, whoever closes it meanwhile */
	atomic_fetch_add_explicit(&a->refs, 1, memory_order_relaxed);
	return 0;
}

void tote__job_leave(tote_audit *a)
{
	atomic_store(&a->busy, 0);
	tote_audit_unref(a);
}

/* --- starting ------------------------------------------------------------------------------- */

static int wanted(const struct tote_audit_options *options, const char *id)
{
	if (!options->ids)
		return 1;
	for (size_t i = 0; i < options->id_count; i++)
		if (!strcmp(options->ids[i], id))
			return 1;
	return 0;
}

static int check_wanted(
	tote_orchestrator *o, const struct tote_audit_options *options, struct tote_fault *fault)
{
	for (size_t i = 0; options->ids && i < options->id_count; i++) {
		const char *id = options->ids[i];
		struct container c;
		int rc;

		if (!id)
			return tote__fault(fault, TOTE_E_ARGUMENT, "audit: an ID is NULL");
		if (!strcmp(id, RECORD_ID))
			continue;
		if ((rc = tote__containers_registered(o, id, &c, fault)) < 0)
			return rc;
		tote__containers_drop(o, &c);
	}
	return 0;
}

/* What its last audit at this level read, and whether its store bears other threads. */
static void expect(tote_audit *a, struct job_id *id)
{
	const struct store_ops *ops;
	struct tote_fault unused;
	const struct known *k;
	char backend[64] = "";
	void *user;

	tote__orchestrator_lock(a->o);
	k = tote__registry_find(&a->o->registry, id->id);
	if (k)
		memcpy(backend, k->backend, sizeof(backend));
	if (k && k->run && k->level >= a->level) {
		id->is_expected = 1;
		id->expected = k->bytes;
		a->expected += k->bytes;
		a->unexpected--;
	}
	tote__orchestrator_unlock(a->o);
	if (!*backend) /* of the consolidated record: threads are not made where its store bears none */
		return;
	memset(&unused, 0, sizeof(unused));
	id->caller_only = tote__backend_find(a->ctx, backend, &ops, &user, &unused) < 0 ||
			  !(ops->capabilities & STORE_CAN_ANY_THREAD);
	a->caller_only += (size_t)id->caller_only;
}

/*
 * Where a job that was cut off is gone on with: what it had finished needs no run, and what it had
 * not begun needs one, as far as is known what it was to do. Without one, only who named a container
 * wants it audited.
 */
static int needs_run(tote_audit *a, const struct tote_audit_options *options, const char *id)
{
	if (!(options->flags & TOTE_AUDIT_CONTINUE) || tote__earlier_is_cut(a->o, id, a->level))
		return 1;
	if (!a->number || !tote__earlier_is_done(a->o, id, a->level, a->number))
		return options->ids || (a->number && a->all);
	a->passed_over++;
	return 0;
}

static int add_wanted(tote_audit *a, const struct tote_audit_options *options, const char *id,
	struct tote_fault *fault)
{
	int rc;

	if (!wanted(options, id) || !needs_run(a, options, id))
		return 0;
	if ((rc = tote__job_add_id(a, id, fault)) < 0)
		return rc;
	expect(a, &a->ids[a->id_count - 1]);
	return 0;
}

/* The orchestrator's own first, then in order of ID, whatever order they were named in. */
static int choose(tote_audit *a, const struct tote_audit_options *options, struct tote_fault *fault)
{
	struct container c;
	char after[64] = "";
	int rc = check_wanted(a->o, options, fault), found;
	struct earlier_job job = {.number = 0};

	if (options->flags & TOTE_AUDIT_CONTINUE)
		job = tote__earlier_job(a->o, options->ids, options->id_count, a->level);
	a->number = job.number;
	a->all = job.number ? job.all : !options->ids;
	/* one needs no look at all the others, of which there may be ten thousand */
	if (!rc && options->ids && options->id_count == 1)
		return add_wanted(a, options, options->ids[0], fault);
	if (!rc)
		rc = add_wanted(a, options, RECORD_ID, fault);
	while (!rc && (found = tote__containers_after(a->o, after, &c, fault)) != 0) {
		if (found < 0)
			return found;
		memcpy(after, c.id, sizeof(after));
		if (!c.detached)
			rc = add_wanted(a, options, c.id, fault);
		tote__containers_drop(a->o, &c);
	}
	return rc;
}

static int check_options(const struct tote_audit_options *known, struct tote_fault *fault)
{
	int part = known->path || known->flags & TOTE_AUDIT_RANGE;

	if (known->level > TOTE_LEVEL_FULL)
		return tote__fault(fault, TOTE_E_ARGUMENT, "audit: no such level");
	if (known->parallel > PARALLEL_MAX)
		return tote__fault(fault, TOTE_E_ARGUMENT, "audit: at most %d containers at once",
			PARALLEL_MAX);
	if (known->flags & TOTE_AUDIT_CACHED && known->flags & TOTE_AUDIT_CONTINUE)
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"audit: what was read from memory is not gone on with: CACHED or CONTINUE");
	if (known->max_age_us < 0)
		return tote__fault(fault, TOTE_E_ARGUMENT, "audit: max_age_us is below 0");
	if (!part)
		return known->from_seq || known->to_seq
			       ? tote__fault(fault, TOTE_E_ARGUMENT,
					 "audit: from_seq and to_seq need TOTE_AUDIT_RANGE")
			       : 0;
	if (known->path && known->flags & TOTE_AUDIT_RANGE)
		return tote__fault(
			fault, TOTE_E_ARGUMENT, "audit: one asset or a range of seqs, not both");
	if (known->flags & TOTE_AUDIT_CONTINUE || known->max_age_us)
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"audit: what is asked for by name is looked at anew: neither CONTINUE nor "
			"max_age_us");
	if (!known->ids || known->id_count != 1 || !known->ids[0] ||
		!strcmp(known->ids[0], RECORD_ID))
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"audit: one asset or a range of seqs is one container's");
	if (!known->path && known->from_seq > known->to_seq)
		return tote__fault(fault, TOTE_E_ARGUMENT, "audit: from_seq lies above to_seq");
	return known->path ? tote__asset_path_check(known->path, fault) : 0;
}

/*
 * One that waits for its store must not keep all others waiting, so there are two at least; and no
 * more than may have their files open together.
 */
static uint32_t processors(void)
{
	const size_t n = tote__processors();

	return n < 2 ? 2 : n > PARALLEL_DEFAULT ? PARALLEL_DEFAULT : (uint32_t)n;
}

static int copy_options(
	tote_audit *a, const struct tote_audit_options *known, struct tote_fault *fault)
{
	const struct heap *heap = &a->ctx->heap;

	a->level = known->level ? known->level : TOTE_LEVEL_FULL;
	a->flags = known->flags;
	a->max_age_us = known->max_age_us;
	a->parallel = known->parallel ? known->parallel : processors();
	tote__rate_begin(&a->bucket, known->rate, tote__clock_monotonic(&a->system));
	a->part = known->path || known->flags & TOTE_AUDIT_RANGE;
	a->asked.from = known->from_seq;
	a->asked.to = known->to_seq;
	if (known->path && !(a->asked_path = tote__heap_strdup(heap, known->path, fault)))
		return TOTE_E_NO_MEMORY;
	a->asked.path = a->asked_path;
	if (known->actor && !(a->actor = tote__heap_strdup(heap, known->actor, fault)))
		return TOTE_E_NO_MEMORY;
	return choose(a, known, fault);
}

int tote_audit_start(tote_orchestrator *o, const struct tote_audit_options *options,
	tote_audit **ret_audit, struct tote_fault *fault)
{
	struct tote_audit_options known;
	tote_audit *a;
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0 ||
		(rc = tote__struct_in(&known, sizeof(known), OPTIONS_LEAST, options,
			 "struct tote_audit_options", fault)) < 0 ||
		(rc = tote__flags_check(known.flags,
			 TOTE_AUDIT_CONTINUE | TOTE_AUDIT_RANGE | TOTE_AUDIT_CACHED, "audit",
			 fault)) < 0)
		return rc;
	if (!ret_audit)
		return tote__fault(fault, TOTE_E_ARGUMENT, "audit: no place for the result");
	if ((rc = check_options(&known, fault)) < 0 ||
		(rc = tote__orchestrator_writable(o, fault)) < 0 ||
		(rc = tote__orchestrator_refresh(o, fault)) < 0)
		return rc;
	a = tote__job_new(o->ctx, fault);
	if (!a)
		return TOTE_E_NO_MEMORY;
	a->o = tote_orchestrator_ref(o);
	if ((rc = copy_options(a, &known, fault)) < 0) {
		tote_audit_unref(a);
		return rc;
	}
	*ret_audit = a;
	return 0;
}

/* --- from any thread ------------------------------------------------------------------------- */

int tote_audit_progress(
	tote_audit *a, struct tote_audit_progress *progress, struct tote_fault *fault)
{
	struct tote_audit_progress p;
	int rc;

	FAULT_BEGIN(fault);
	if (!a || !progress)
		return tote__fault(fault, TOTE_E_ARGUMENT, "audit: handle or progress is NULL");
	if ((rc = tote__ctx_check(a->ctx, fault)) < 0)
		return rc;
	pthread_mutex_lock(&a->mutex);
	p = a->progress;
	pthread_mutex_unlock(&a->mutex);
	p.containers = a->id_count;
	return tote__struct_out(
		progress, &p, sizeof(p), PROGRESS_LEAST, "struct tote_audit_progress", fault);
}

int tote_audit_cancel(tote_audit *a, struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	if (!a)
		return tote__fault(fault, TOTE_E_ARGUMENT, "audit: the handle is NULL");
	if ((rc = tote__ctx_check(a->ctx, fault)) < 0)
		return rc;
	atomic_store(&a->cancelled, 1);
	return 0;
}

int tote_audit_close(tote_audit *a, struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	if (!a)
		return 0;
	rc = tote__job_enter(a, fault);
	if (!rc) {
		rc = tote__job_stop(a, fault);
		tote__job_leave(a);
	}
	tote_audit_unref(a);
	return rc;
}
