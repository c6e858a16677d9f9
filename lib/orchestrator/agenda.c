/* SPDX-License-Identifier: ISC */
/*
 * Audits that are not through stay open in their handle, and each of them refers to it: these
 * references are counted only during a dispatch, or a handle with open audits would never end.
 */
#include "orchestrator/agenda.h"
#include "orchestrator/job.h"
#include <string.h>

struct agenda *tote__agenda_new(const struct heap *heap, struct tote_fault *fault)
{
	struct agenda *a = tote__heap_new(heap, 1, sizeof(*a), fault);

	if (a)
		atomic_init(&a->busy, 0);
	return a;
}

int64_t tote__agenda_now(tote_orchestrator *o)
{
	struct agenda *a = o->agenda;
	int64_t now = tote__schedule_now(
		&a->clock, tote__clock_wall(&o->ctx->clock), tote__clock_monotonic(&o->ctx->clock));

	if (!a->begun_us || now < a->begun_us)
		a->begun_us = now;
	return now;
}

/* --- references ----------------------------------------------------------------------------- */

static void take_back(tote_orchestrator *o)
{
	atomic_fetch_add_explicit(&o->refs, o->agenda->lent, memory_order_relaxed);
	o->agenda->lent = 0;
}

static void lend(tote_orchestrator *o)
{
	struct agenda *a = o->agenda;

	for (size_t i = 0; i < a->open_count; i++)
		a->lent += tote__job_references(a->open[i]->job);
	for (size_t i = 0; i < a->ended_count; i++)
		a->lent += tote__job_references(a->ended[i]);
	atomic_fetch_sub_explicit(&o->refs, a->lent, memory_order_release);
}

static void drop_ended(tote_orchestrator *o)
{
	struct agenda *a = o->agenda;

	for (size_t i = 0; i < a->ended_count; i++)
		tote_audit_unref(a->ended[i]);
	a->ended_count = 0;
}

static void unlock(tote_orchestrator *o)
{
	if (o->agenda->locked)
		o->place.ops->lock_drop(o->place.handle, LOCK_BYTE_DISPATCH);
	o->agenda->locked = 0;
}

void tote__agenda_free(tote_orchestrator *o)
{
	struct agenda *a = o->agenda;

	if (!a)
		return;
	/* one more than there are: the last of them must not end what is ending already */
	atomic_store(&o->refs, a->lent + 1);
	a->lent = 0;
	while (a->open_count) {
		tote_audit_unref(a->open[--a->open_count]->job);
		tote__heap_free(&o->ctx->heap, a->open[a->open_count]);
	}
	drop_ended(o);
	tote__heap_free(&o->ctx->heap, a->ended);
	tote__heap_free(&o->ctx->heap, a);
	o->agenda = NULL;
}

/* --- one dispatch at a time ----------------------------------------------------------------- */

/* A descriptor of its own holds the byte: it is free again when the process is gone. */
static int lock(tote_orchestrator *o, struct tote_fault *fault)
{
	int rc = 0;

	if (!o->agenda->locked)
		rc = o->place.ops->lock_take(o->place.handle, LOCK_BYTE_DISPATCH, 0, fault);
	o->agenda->locked = rc == 0;
	return rc;
}

int tote__agenda_enter(tote_orchestrator *o, struct tote_fault *fault)
{
	struct agenda *a = o->agenda;
	int rc;

	if (atomic_exchange(&a->busy, 1))
		return tote__fault(fault, TOTE_E_BUSY,
			"dispatch: another call on this orchestrator is under way");
	if ((rc = lock(o, fault)) < 0) {
		atomic_store(&a->busy, 0);
		return rc;
	}
	take_back(o);
	drop_ended(o);
	return 0;
}

void tote__agenda_leave(tote_orchestrator *o)
{
	if (!o->agenda->open_count)
		unlock(o);
	lend(o);
	atomic_store(&o->agenda->busy, 0);
}

/* --- what they found ------------------------------------------------------------------------ */

static int check_free(tote_orchestrator *o, const void *out, struct tote_fault *fault)
{
	int rc = tote__orchestrator_check(o, fault);

	if (rc < 0)
		return rc;
	if (!out)
		return tote__fault(fault, TOTE_E_ARGUMENT, "dispatch: no place for what it found");
	if (atomic_exchange(&o->agenda->busy, 1))
		return tote__fault(fault, TOTE_E_BUSY, "dispatch: one is under way");
	return 0;
}

/* Their references are not counted now, and calls on a job take and drop only the job's own. */
int tote_dispatch_next_finding(
	tote_orchestrator *o, struct tote_finding *finding, struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = check_free(o, finding, fault)) < 0)
		return rc;
	for (size_t i = 0; !rc && i < o->agenda->ended_count; i++)
		rc = tote_audit_next_finding(o->agenda->ended[i], finding, fault);
	for (size_t i = 0; !rc && i < o->agenda->open_count; i++)
		rc = tote_audit_next_finding(o->agenda->open[i]->job, finding, fault);
	atomic_store(&o->agenda->busy, 0);
	return rc;
}

int tote_dispatch_next_verdict(
	tote_orchestrator *o, struct tote_verdict *verdict, struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = check_free(o, verdict, fault)) < 0)
		return rc;
	for (size_t i = 0; !rc && i < o->agenda->ended_count; i++)
		rc = tote_audit_next_verdict(o->agenda->ended[i], verdict, fault);
	atomic_store(&o->agenda->busy, 0);
	return rc;
}

/* --- open audits ---------------------------------------------------------------------------- */

struct open_audit *tote__agenda_find(tote_orchestrator *o, const char *id)
{
	for (size_t i = 0; i < o->agenda->open_count; i++)
		if (!strcmp(o->agenda->open[i]->id, id))
			return o->agenda->open[i];
	return NULL;
}

static int keep(tote_orchestrator *o, tote_audit *job)
{
	struct agenda *a = o->agenda;
	struct tote_fault unused;
	void *items = a->ended;

	if (tote__registry_grow(&o->ctx->heap, &items, a->ended_count, &a->ended_cap,
		    sizeof(*a->ended), &unused) < 0)
		return -1;
	a->ended = items;
	a->ended[a->ended_count++] = job;
	return 0;
}

void tote__agenda_close(tote_orchestrator *o, struct open_audit *a, int ended)
{
	struct agenda *agenda = o->agenda;
	tote_audit *job = a->job;
	size_t at = 0;

	tote__orchestrator_lock(o);
	while (agenda->open[at] != a)
		at++;
	memmove(agenda->open + at, agenda->open + at + 1, (--agenda->open_count - at) * sizeof(a));
	tote__orchestrator_unlock(o);
	tote__heap_free(&o->ctx->heap, a);
	if (!ended || keep(o, job) < 0)
		tote_audit_unref(job);
}

void tote__agenda_park(tote_orchestrator *o, struct open_audit *a)
{
	struct known *k;

	tote__job_park(a->job);
	tote__orchestrator_lock(o);
	if ((k = tote__registry_find(&o->registry, a->id)))
		k->mine.open = 0;
	tote__orchestrator_unlock(o);
	tote__agenda_close(o, a, 1);
}

void tote__agenda_park_all(tote_orchestrator *o)
{
	struct tote_fault unused;

	if (!o->agenda->locked || tote__agenda_enter(o, &unused) < 0)
		return;
	while (o->agenda->open_count)
		tote__agenda_park(o, o->agenda->open[0]);
	tote__agenda_leave(o);
}
