/* SPDX-License-Identifier: ISC */
/*
 * What is due when: questions that the registry answers from memory.
 */
#include "orchestrator/agenda.h"
#include "orchestrator/outlook.h"
#include <string.h>

#define DUE_LEAST sizeof(struct tote_due)

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t tote__agenda_next(tote_orchestrator *o)
{
	const struct registry *r = &o->registry;
	int64_t now = tote__agenda_now(o), next = now + TOTE_DUE_MAX_US;
	int64_t monotonic = tote__clock_monotonic(&o->ctx->clock);

	for (size_t i = 0; i < r->count && next > now; i++) {
		const struct known *k = r->items[i];
		struct outlook outlook;

		next = sooner(next, tote__outlook_look(k, o->agenda->begun_us));
		if (k->mine.open) {
			next = sooner(next, tote__outlook_goes_on(k, now, monotonic));
			continue;
		}
		tote__outlook(r, k, now, &outlook);
		if (outlook.ready_us <= now)
			outlook.ready_us = tote__outlook_goes_on(k, now, monotonic);
		/* where no more can be open, what is due waits for the others */
		if (o->agenda->open_count == AGENDA_OPEN_MAX && outlook.ready_us <= now)
			outlook.ready_us = now + tote__agenda_park_wait(o, monotonic);
		next = sooner(next, outlook.ready_us);
	}
	return next > now ? next - now : 0;
}

int tote_orchestrator_next_due(
	tote_orchestrator *o, int64_t *ret_delay_us, struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0)
		return rc;
	if (!ret_delay_us)
		return tote__fault(fault, TOTE_E_ARGUMENT, "next due: no place for the delay");
	if ((rc = tote__orchestrator_refresh(o, fault)) < 0)
		return rc;
	tote__orchestrator_lock(o);
	*ret_delay_us = tote__agenda_next(o);
	tote__orchestrator_unlock(o);
	return 0;
}

/* --- one container -------------------------------------------------------------------------- */

/* When it begins: in its window. What is due already and may begin is due since then. */
static int64_t begins(const struct known *k, int64_t due)
{
	return due == SCHEDULE_NEVER ? 0 : tote__schedule_opening(tote__outlook_window(k), due);
}

static void due_of(tote_orchestrator *o, const struct known *k, struct tote_due *ret)
{
	int64_t now = tote__agenda_now(o), look = tote__outlook_look(k, o->agenda->begun_us);
	struct outlook outlook;

	tote__outlook(&o->registry, k, now, &outlook);
	ret->structure_us = begins(k, outlook.structure_us);
	ret->full_us = begins(k, outlook.full_us);
	ret->fold_us = look == SCHEDULE_NEVER ? 0 : look;
	ret->flags = (tote__outlook_is_overdue(k, now) ? TOTE_DUE_OVERDUE : 0) |
		     (k->history.failed_count + k->mine.failed_count ? TOTE_DUE_FAILED : 0) |
		     (k->mine.open ? TOTE_DUE_OPEN : 0);
}

int tote_orchestrator_due(
	tote_orchestrator *o, const char *id, struct tote_due *ret_due, struct tote_fault *fault)
{
	struct tote_due due = {.size = sizeof(due)};
	const struct known *k;
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0)
		return rc;
	if (!id || !ret_due)
		return tote__fault(fault, TOTE_E_ARGUMENT, "due: ID or result is missing");
	if ((rc = tote__orchestrator_refresh(o, fault)) < 0)
		return rc;
	tote__orchestrator_lock(o);
	k = tote__registry_find(&o->registry, id);
	if (k && !k->detached)
		due_of(o, k, &due);
	else
		k = NULL;
	tote__orchestrator_unlock(o);
	if (!k)
		return tote__fault(
			fault, TOTE_E_NOT_FOUND, "no container '%s' is registered here", id);
	return tote__struct_out(ret_due, &due, sizeof(due), DUE_LEAST, "struct tote_due", fault);
}
