/* SPDX-License-Identifier: ISC */
/*
 * Looks at several containers at once. What is looked at belongs to all who look, since one of them
 * may come back from a store long after the statuses were told.
 */
#include "orchestrator/looks.h"
#include "orchestrator/patience.h"
#include "orchestrator/status.h"
#include "store/store.h"
#include <string.h>

struct look {
	struct tote_status status;
	struct subject subject;
	int rc;
};

struct looks {
	tote_orchestrator *o;
	uint32_t flags;
	size_t count, cap;
	size_t *asked; /* of others than the caller: their places */
	size_t asked_count;
	struct look items[];
};

struct looks *tote__looks_new(
	tote_orchestrator *o, size_t room, uint32_t flags, struct tote_fault *fault)
{
	struct looks *l =
		tote__heap_new(&o->ctx->heap, 1, sizeof(*l) + room * sizeof(l->items[0]), fault);

	if (!l)
		return NULL;
	l->asked = tote__heap_new(&o->ctx->heap, room ? room : 1, sizeof(*l->asked), fault);
	if (!l->asked) {
		tote__heap_free(&o->ctx->heap, l);
		return NULL;
	}
	l->o = tote_orchestrator_ref(o);
	l->flags = flags;
	l->cap = room;
	return l;
}

int tote__looks_add(struct looks *l, const struct known *k, struct tote_fault *fault)
{
	struct look *one = &l->items[l->count];
	int rc;

	if (l->count == l->cap)
		return tote__fault(fault, TOTE_E_LIMIT, "status: no room for one more");
	rc = tote__status_begin(l->o, k, &one->status, &one->subject, fault);
	l->count += rc == 0;
	return rc;
}

void tote__looks_drop(struct looks *l)
{
	tote_orchestrator *o;

	if (!l)
		return;
	o = l->o;
	for (size_t i = 0; i < l->count; i++)
		tote__status_drop(o, &l->items[i].subject);
	tote__heap_free(&o->ctx->heap, l->asked);
	tote__heap_free(&o->ctx->heap, l);
	tote_orchestrator_unref(o);
}

/* --- looking -------------------------------------------------------------------------------- */

static void look_at(const struct looks *l, struct look *one)
{
	struct tote_fault fault;

	memset(&fault, 0, sizeof(fault));
	one->rc = tote__status_look(
		l->o, &one->subject, l->flags & LOOKS_WHOLE, &one->status, &fault);
}

static void ask(void *user, size_t i)
{
	struct looks *l = user;

	look_at(l, &l->items[l->asked[i]]);
}

static void drop(void *user)
{
	tote__looks_drop(user);
}

/* The record is the root's own; and a host's store may bear no thread but the host's own. */
static int is_for_caller(const struct looks *l, const struct look *one)
{
	const struct store_ops *ops;
	struct tote_fault unused;
	void *user;

	if (!one->subject.location)
		return 1;
	memset(&unused, 0, sizeof(unused));
	return tote__backend_find(l->o->ctx, one->subject.backend, &ops, &user, &unused) < 0 ||
	       !(ops->capabilities & STORE_CAN_ANY_THREAD);
}

static void look_as_caller(struct looks *l)
{
	for (size_t i = 0; i < l->count; i++) {
		struct look *one = &l->items[i];

		if (l->flags & LOOKS_RECORD_ONLY && one->subject.location)
			continue;
		if (is_for_caller(l, one))
			look_at(l, one);
		else
			l->asked[l->asked_count++] = i;
	}
}

/* What was found out; what was asked and did not answer is as it was when it was added. */
static int collect(const struct looks *l, const struct patience *p, struct tote_status *ret,
	struct tote_fault *fault)
{
	size_t next = 0;

	for (size_t i = 0; i < l->count; i++) {
		const struct look *one = &l->items[i];

		if (next < l->asked_count && l->asked[next] == i &&
			!tote__patience_answered(p, next++))
			tote__status_unanswered(&ret[i]);
		else if (one->rc < 0)
			return tote__fault(
				fault, one->rc, "status of '%s': no memory left", ret[i].id);
		else
			ret[i] = one->status;
		tote__status_end(l->o, &one->subject, &ret[i]);
	}
	return 0;
}

int tote__looks_take(struct looks *l, struct tote_status *ret, struct tote_fault *fault)
{
	const struct patience_work work = {.user = l, .ask = ask, .drop = drop};
	struct patience *p;
	int rc;

	for (size_t i = 0; i < l->count; i++)
		ret[i] = l->items[i].status;
	look_as_caller(l);
	p = tote__patience_ask(&l->o->ctx->heap, &work, l->asked_count, 1, PATIENCE_US, fault);
	if (!p)
		return TOTE_E_NO_MEMORY;
	rc = collect(l, p, ret, fault);
	tote__patience_end(p);
	return rc;
}

/* --- the public call ------------------------------------------------------------------------ */

int tote_orchestrator_status(
	tote_orchestrator *o, const char *id, struct tote_status *status, struct tote_fault *fault)
{
	struct tote_status s;
	const struct known *k;
	struct looks *l;
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0)
		return rc;
	if (!id || !status)
		return tote__fault(fault, TOTE_E_ARGUMENT, "status: ID or result is missing");
	if ((rc = tote__orchestrator_refresh(o, fault)) < 0)
		return rc;
	if (!(l = tote__looks_new(o, 1, LOOKS_WHOLE, fault)))
		return TOTE_E_NO_MEMORY;
	tote__orchestrator_lock(o);
	k = tote__registry_find(&o->registry, id);
	rc = k ? tote__looks_add(l, k, fault)
	       : tote__fault(
			 fault, TOTE_E_NOT_FOUND, "no container '%s' was ever registered here", id);
	tote__orchestrator_unlock(o);
	if (rc < 0)
		tote__looks_drop(l);
	else
		rc = tote__looks_take(l, &s, fault);
	if (rc < 0)
		return rc;
	tote__fault_clear(fault);
	return tote__struct_out(status, &s, sizeof(s), STATUS_LEAST, "struct tote_status", fault);
}
