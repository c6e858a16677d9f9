/* SPDX-License-Identifier: ISC */
/*
 * The status of all containers, the worst first: taken at one moment, in an order that does not
 * change while it is read.
 */
#include "orchestrator/status.h"
#include <stdlib.h>
#include <string.h>

struct tote_health {
	tote_orchestrator *o;
	struct tote_status *items;
	size_t count, next;
};

static int worst_first(const void *a, const void *b)
{
	const struct tote_status *x = a, *y = b;

	if (x->health != y->health)
		return x->health > y->health ? -1 : 1;
	return strcmp(x->id, y->id);
}

/* The one behind `after`, which was at that place unless others came meanwhile. */
static const struct known *next_at(const struct registry *r, size_t at, const char *after)
{
	if (at && at < r->count && !strcmp(r->items[at - 1]->id, after))
		return r->items[at];
	return tote__registry_next(r, after);
}

/* 1 and what is known of the next one in order of ID, 0 at the end. */
static int begin_next(tote_orchestrator *o, size_t at, const char *after, struct tote_status *s,
	struct subject *subject, struct tote_fault *fault)
{
	const struct known *k;
	int rc = 0;

	tote__orchestrator_lock(o);
	k = next_at(&o->registry, at, after);
	if (k)
		rc = tote__status_begin(o, k, s, subject, fault);
	tote__orchestrator_unlock(o);
	return rc < 0 ? rc : k != NULL;
}

static int take_one(tote_orchestrator *o, uint32_t flags, const struct subject *subject,
	struct glance *g, struct tote_status *s, struct tote_fault *fault)
{
	int rc = 0;

	if (!(flags & TOTE_HEALTH_RECORD_ONLY) || !subject->location)
		rc = tote__status_look(o, subject, g, s, fault);
	if (rc == 0) {
		tote__fault_clear(fault);
		tote__status_end(o, subject, s);
	}
	return rc;
}

/* What is registered meanwhile is not there yet: the room was made before. */
static int take_all(struct tote_health *h, size_t room, uint32_t flags, struct tote_fault *fault)
{
	struct subject subject;
	struct glance g;
	int rc = 0;

	tote__glance_init(&g, &h->o->ctx->heap);
	while (rc == 0 && h->count < room &&
		(rc = begin_next(h->o, h->count, h->count ? h->items[h->count - 1].id : NULL,
			 &h->items[h->count], &subject, fault)) > 0) {
		rc = take_one(h->o, flags, &subject, &g, &h->items[h->count], fault);
		tote__status_drop(h->o, &subject);
		h->count += rc == 0;
	}
	tote__glance_free(&g);
	if (rc == 0 && h->count)
		qsort(h->items, h->count, sizeof(*h->items), worst_first);
	return rc < 0 ? rc : 0;
}

int tote_health_open(
	tote_orchestrator *o, uint32_t flags, tote_health **ret_health, struct tote_fault *fault)
{
	tote_health *h;
	size_t room;
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0 ||
		(rc = tote__flags_check(flags, TOTE_HEALTH_RECORD_ONLY, "health", fault)) < 0)
		return rc;
	if (!ret_health)
		return tote__fault(fault, TOTE_E_ARGUMENT, "health: no place for the list");
	if ((rc = tote__orchestrator_refresh(o, fault)) < 0)
		return rc;
	tote__orchestrator_lock(o);
	room = o->registry.count;
	tote__orchestrator_unlock(o);
	h = tote__heap_new(&o->ctx->heap, 1, sizeof(*h), fault);
	if (!h)
		return TOTE_E_NO_MEMORY;
	h->o = tote_orchestrator_ref(o);
	h->items = tote__heap_new(&o->ctx->heap, room ? room : 1, sizeof(*h->items), fault);
	rc = h->items ? take_all(h, room, flags, fault) : TOTE_E_NO_MEMORY;
	if (rc < 0) {
		tote_health_unref(h);
		return rc;
	}
	*ret_health = h;
	return 0;
}

int tote_health_next(tote_health *h, struct tote_status *status, struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	if (!h || !status)
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"health: the list or the place for a status is NULL");
	if ((rc = tote__orchestrator_check(h->o, fault)) < 0 || h->next == h->count)
		return rc;
	rc = tote__struct_out(status, &h->items[h->next], sizeof(*h->items), STATUS_LEAST,
		"struct tote_status", fault);
	if (rc < 0)
		return rc;
	h->next++;
	return 1;
}

tote_health *tote_health_unref(tote_health *h)
{
	tote_orchestrator *o;

	if (!h)
		return NULL;
	o = h->o;
	tote__heap_free(&o->ctx->heap, h->items);
	tote__heap_free(&o->ctx->heap, h);
	tote_orchestrator_unref(o);
	return NULL;
}
