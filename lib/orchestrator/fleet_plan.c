/* SPDX-License-Identifier: ISC */
/*
 * A plan: the fleet file against the registry as it is now, over one look at it.
 */
#include "orchestrator/fleet_diff.h"
#include "orchestrator/location.h"
#include "store/store.h"
#include <string.h>

#define PLAN_LEAST offsetof(struct tote_fleet_plan, named)

void tote__fleet_plan_drop(tote_fleet *f)
{
	tote__heap_free(&f->ctx->heap, f->plan.steps);
	memset(&f->plan, 0, sizeof(f->plan));
	f->planned = tote_orchestrator_unref(f->planned);
	f->told = f->done = 0;
	f->made = f->failed = 0;
	f->seq = TOTE_SEQ_ANY;
	f->first_failure = 0;
}

/* --- where a wish would lie ----------------------------------------------------------------- */

/* Below the root by its text: what follows it there, else NULL. */
static const char *rest_below(const char *root, const char *path)
{
	size_t len = strlen(root);

	if (strncmp(path, root, len) != 0 || (path[len] && path[len] != '/'))
		return NULL;
	return path + len + (path[len] == '/');
}

/* What was written as an absolute path, by its text; of the orchestrator's heap. */
static char *whole_path(tote_orchestrator *o, const char *location, struct tote_fault *fault)
{
	char *joined = tote__location_absolute(o, location, fault), *path = NULL;

	if (joined)
		path = tote__place_absolute(o->ctx, joined, fault);
	tote__heap_free(&o->ctx->heap, joined);
	return path;
}

/* Of the fleet's heap, which need not be the orchestrator's. */
static char *recorded_form(
	tote_orchestrator *o, const tote_fleet *f, const char *whole, struct tote_fault *fault)
{
	const char *rest = rest_below(o->root, whole);
	char *looked_up, *recorded;

	if (rest)
		return tote__heap_strdup(&f->ctx->heap, rest, fault);
	looked_up = tote__location_recorded(o, whole, fault);
	if (!looked_up)
		return NULL;
	recorded = tote__heap_strdup(&f->ctx->heap, looked_up, fault);
	tote__heap_free(&o->ctx->heap, looked_up);
	return recorded;
}

/* The place of a container that is registered, where that is what was written; else NULL. */
static char *recorded_so(tote_orchestrator *o, const tote_fleet *f, const struct wish *w,
	const char *whole, struct tote_fault *fault)
{
	const struct known *k;
	const char *rest;
	char *same = NULL;

	tote__orchestrator_lock(o);
	k = tote__registry_find(&o->registry, w->id);
	rest = rest_below(o->root, whole);
	if (k && k->location &&
		(!strcmp(k->location, whole) || (rest && !strcmp(k->location, rest))))
		same = tote__heap_strdup(&f->ctx->heap, k->location, fault);
	tote__orchestrator_unlock(o);
	return same;
}

/* May look at directories, so it is done before the registry's lock is taken. */
static int find_place(tote_orchestrator *o, tote_fleet *f, struct wish *w, struct tote_fault *fault)
{
	char *whole;

	tote__heap_free(&f->ctx->heap, w->recorded);
	w->recorded = NULL;
	if (!w->location)
		return 0;
	whole = whole_path(o, w->location, fault);
	if (!whole)
		return fault->code;
	w->recorded = recorded_so(o, f, w, whole, fault);
	if (!w->recorded && !fault->code)
		w->recorded = recorded_form(o, f, whole, fault);
	tote__heap_free(&o->ctx->heap, whole);
	return w->recorded ? 0 : fault->code;
}

/* A backend that is not there makes nothing. */
static int check_backend(tote_orchestrator *o, tote_fleet *f, const struct wish *w)
{
	const struct store_ops *ops;
	struct tote_fault none;
	void *backend;
	int rc = 0;

	if (w->backend)
		rc = tote__backend_find(o->ctx, w->backend, &ops, &backend, &none);
	if (rc < 0 && rc != TOTE_E_NO_MEMORY)
		tote__fleet_problem(&f->problems, w->backend_place, "backend: %s", none.text);
	return rc == TOTE_E_NO_MEMORY ? rc : 0;
}

/* --- the plan ------------------------------------------------------------------------------- */

static int known_whole(tote_orchestrator *o, struct tote_fault *fault)
{
	tote__orchestrator_lock(o);
	*fault = o->salvaged;
	tote__orchestrator_unlock(o);
	return fault->code;
}

static int compare(tote_orchestrator *o, tote_fleet *f, struct tote_fault *fault)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < f->count; i++)
		if (!(rc = check_backend(o, f, &f->wishes[i])))
			rc = find_place(o, f, &f->wishes[i], fault);
	if (rc < 0)
		return rc;
	tote__orchestrator_lock(o);
	rc = tote__fleet_diff(f, &o->registry, fault);
	tote__orchestrator_unlock(o);
	return rc;
}

int tote__fleet_plan(tote_orchestrator *o, tote_fleet *f, struct tote_fault *fault)
{
	int rc;

	tote__fleet_plan_drop(f);
	tote__fleet_problems_cut(&f->problems, f->of_parse);
	f->shown = 0;
	if ((rc = tote__fleet_refuse(f, fault)) < 0 ||
		(rc = tote__orchestrator_refresh(o, fault)) < 0 || (rc = known_whole(o, fault)) < 0)
		return rc;
	rc = compare(o, f, fault);
	tote__fleet_problems_sort(&f->problems);
	if (!rc)
		rc = tote__fleet_refuse(f, fault);
	if (rc < 0) {
		tote__fleet_plan_drop(f);
		return rc;
	}
	f->planned = tote_orchestrator_ref(o);
	return 0;
}

int tote_fleet_plan(tote_orchestrator *o, tote_fleet *f, uint32_t flags,
	struct tote_fleet_plan *ret_plan, struct tote_fault *fault)
{
	struct tote_fleet_plan plan = {.size = sizeof(plan)};
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0 ||
		(rc = tote__flags_check(flags, 0, "fleet plan", fault)) < 0)
		return rc;
	if (!ret_plan)
		return tote__fault(fault, TOTE_E_ARGUMENT, "fleet: no place for a plan");
	if ((rc = tote__fleet_begin(f, fault)) < 0)
		return rc;
	if (!(rc = tote__fleet_plan(o, f, fault))) {
		plan.flags = f->plan.on_record ? TOTE_FLEET_ON_RECORD : 0;
		plan.changes = f->plan.count;
		plan.final_moves = f->plan.final_moves;
		plan.named = f->count;
		plan.unnamed = f->plan.unnamed;
		memcpy(plan.digest, f->digest, sizeof(plan.digest));
		rc = tote__struct_out(
			ret_plan, &plan, sizeof(plan), PLAN_LEAST, "struct tote_fleet_plan", fault);
	}
	return tote__fleet_end(f, rc);
}
