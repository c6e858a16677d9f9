/* SPDX-License-Identifier: ISC */
/*
 * The status of all containers, the worst first: taken at one moment, in an order that does not
 * change while it is read.
 */
#include "orchestrator/looks.h"
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

/* What is registered meanwhile is not there yet: the room was made before. */
static int add_all(tote_orchestrator *o, struct looks *l, size_t room, size_t *ret_count,
	struct tote_fault *fault)
{
	const struct known *k;
	char after[64] = "";
	size_t count = 0;
	int rc = 0;

	while (rc == 0 && count < room) {
		tote__orchestrator_lock(o);
		k = next_at(&o->registry, count, count ? after : NULL);
		if (k) {
			memcpy(after, k->id, sizeof(after));
			rc = tote__looks_add(l, k, fault);
		}
		tote__orchestrator_unlock(o);
		if (!k)
			break;
		count += rc == 0;
	}
	*ret_count = count;
	return rc;
}

static int take_all(struct tote_health *h, size_t room, uint32_t flags, struct tote_fault *fault)
{
	const uint32_t only = flags & TOTE_HEALTH_RECORD_ONLY ? LOOKS_RECORD_ONLY : 0;
	struct looks *l = tote__looks_new(h->o, room, only, fault);
	int rc;

	if (!l)
		return TOTE_E_NO_MEMORY;
	rc = add_all(h->o, l, room, &h->count, fault);
	if (rc < 0) {
		tote__looks_drop(l);
		return rc;
	}
	rc = tote__looks_take(l, h->items, fault);
	if (rc == 0 && h->count)
		qsort(h->items, h->count, sizeof(*h->items), worst_first);
	return rc;
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
