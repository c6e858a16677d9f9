/* SPDX-License-Identifier: ISC */
/*
 * What two containers may not share: found by what it is, however it is reached.
 */
#include "orchestrator/sharing.h"
#include "orchestrator/containers.h"
#include "orchestrator/footprints.h"
#include "orchestrator/location.h"
#include "orchestrator/patience.h"
#include "store/keystore.h"
#include <stdio.h>
#include <string.h>

#define CONTAINERS "containers"

/* One that cannot be reached cannot be compared: its own audit says so. */
static int meets(
	tote_ctx *ctx, const char *backend, const char *location, const struct store_identity *ours)
{
	struct tote_fault unreachable;
	struct store_identity theirs;
	struct place other;
	int met;

	memset(&unreachable, 0, sizeof(unreachable));
	if (tote__place_open(ctx, backend, location, LAYOUT_CONTAINER, STORE_READ_ONLY, &other,
		    &unreachable) < 0)
		return 0;
	met = !other.ops->identity(other.handle, &theirs, &unreachable) &&
	      tote__location_meet(ours, &theirs);
	tote__place_close(&other);
	return met;
}

/* --- before one is made or taken in ----------------------------------------------------------- */

struct other {
	char id[64];
	char *location;
	int met;
};

/* All others of one backend, to be compared with what is to be made. */
struct others {
	tote_ctx *ctx;
	char backend[64];
	struct store_identity ours;
	struct other *items;
	size_t count, cap;
};

static void compare(void *user, size_t i)
{
	struct others *all = user;

	all->items[i].met = meets(all->ctx, all->backend, all->items[i].location, &all->ours);
}

static void drop_others(void *user)
{
	struct others *all = user;
	tote_ctx *ctx = all->ctx;

	for (size_t i = 0; i < all->count; i++)
		tote__heap_free(&ctx->heap, all->items[i].location);
	tote__heap_free(&ctx->heap, all->items);
	tote__heap_free(&ctx->heap, all);
	tote_ctx_unref(ctx);
}

static int add_other(struct others *all, struct container *c, struct tote_fault *fault)
{
	void *items = all->items;
	int rc = tote__registry_grow(
		&all->ctx->heap, &items, all->count, &all->cap, sizeof(*all->items), fault);

	if (rc < 0)
		return rc;
	all->items = items;
	memcpy(all->items[all->count].id, c->id, sizeof(c->id));
	all->items[all->count].met = 0;
	all->items[all->count].location = tote__heap_strdup(&all->ctx->heap, c->location, fault);
	if (!all->items[all->count].location)
		return TOTE_E_NO_MEMORY;
	all->count++;
	return 0;
}

static int add_others(
	tote_orchestrator *o, const char *id, struct others *all, struct tote_fault *fault)
{
	struct container c;
	char after[64] = "";
	int rc;

	while ((rc = tote__containers_after(o, after, &c, fault)) > 0) {
		memcpy(after, c.id, sizeof(after));
		rc = !c.detached && strcmp(c.id, id) != 0 && !strcmp(c.backend, all->backend)
			     ? add_other(all, &c, fault)
			     : 0;
		tote__containers_drop(o, &c);
		if (rc < 0)
			return rc;
	}
	return rc;
}

static struct others *others_of(tote_orchestrator *o, const char *id, const struct place *place,
	const struct store_identity *ours, struct tote_fault *fault)
{
	struct others *all = tote__heap_new(&o->ctx->heap, 1, sizeof(*all), fault);

	if (!all)
		return NULL;
	all->ctx = tote_ctx_ref(o->ctx);
	all->ours = *ours;
	snprintf(all->backend, sizeof(all->backend), "%s", place->ops->name);
	if (add_others(o, id, all, fault) < 0) {
		drop_others(all);
		return NULL;
	}
	return all;
}

/* Of those that do not answer nothing is known: their audits will tell, and whoever asked is told. */
static int judge(tote_orchestrator *o, const char *id, const struct others *all,
	const struct patience *p, char ret_other[64])
{
	for (size_t i = 0; i < all->count; i++)
		if (!tote__patience_answered(p, i)) {
			tote__log(&o->ctx->log, TOTE_LOG_WARNING,
				"'%s' does not answer, so whether '%s' shares a directory with it "
				"was not looked at: an audit of it does, once it answers",
				all->items[i].id, id);
		} else if (all->items[i].met) {
			memcpy(ret_other, all->items[i].id, sizeof(all->items[i].id));
			return 1;
		}
	return 0;
}

static int find_other(tote_orchestrator *o, const char *id, const struct place *place,
	const struct store_identity *ours, char ret_other[64], struct tote_fault *fault)
{
	const int may_thread = (place->ops->capabilities & STORE_CAN_ANY_THREAD) != 0;
	struct patience_work work = {.ask = compare, .drop = drop_others};
	struct others *all = others_of(o, id, place, ours, fault);
	struct patience *p;
	int met;

	if (!all)
		return fault->code;
	work.user = all;
	p = tote__patience_ask(&o->ctx->heap, &work, all->count, may_thread, PATIENCE_US, fault);
	if (!p)
		return fault->code;
	met = judge(o, id, all, p, ret_other);
	tote__patience_end(p);
	return met;
}

/* One of the root's own directories. Those that cannot be looked at are no container's either. */
static int is_own(
	tote_orchestrator *o, const struct place *place, const struct store_identity *ours)
{
	static const char *const below[] = {"", "/" CONTAINERS};
	struct store_identity own;
	struct tote_fault unused;
	char *path;
	int met = 0;

	if (strcmp(place->ops->name, POSIX_BACKEND) != 0)
		return 0;
	memset(&unused, 0, sizeof(unused));
	if (!o->place.ops->identity(o->place.handle, &own, &unused))
		met = tote__location_meet(ours, &own);
	for (size_t i = 0; !met && i < sizeof(below) / sizeof(below[0]); i++) {
		path = tote__heap_new(&o->ctx->heap, strlen(o->root) + 16, 1, &unused);
		if (!path)
			return 0;
		snprintf(path, strlen(o->root) + 16, "%s%s", o->root, below[i]);
		met = tote__location_identity(o, path, &own) && tote__location_meet(ours, &own);
		tote__heap_free(&o->ctx->heap, path);
	}
	return met;
}

static int refuse_what_is_there(tote_orchestrator *o, const char *id, const struct place *place,
	const char *location, struct tote_fault *fault)
{
	struct store_identity ours;
	char other[64];
	int rc = place->ops->identity(place->handle, &ours, fault);

	if (!rc && is_own(o, place, &ours))
		return tote__fault(fault, TOTE_E_EXISTS,
			"'%s' is one of the root's own directories: choose a place of its own",
			location);
	if (!rc)
		rc = find_other(o, id, place, &ours, other, fault);
	if (rc <= 0)
		return rc;
	return tote__fault(fault, TOTE_E_EXISTS,
		"'%s' is the directory of container '%s' already, or shares one with it: choose a "
		"place of its own",
		location, other);
}

/* The name of a directory that the root keeps for itself, also while it is not there. */
static int is_kept(tote_orchestrator *o, const char *location)
{
	struct tote_fault unused;
	char *recorded;
	int kept;

	memset(&unused, 0, sizeof(unused));
	recorded = tote__location_recorded(o, location, &unused);
	kept = recorded && (!strcmp(recorded, CONTAINERS) || !strcmp(recorded, "orchestrator"));
	tote__heap_free(&o->ctx->heap, recorded);
	return kept;
}

int tote__sharing_refuse(tote_orchestrator *o, const char *id, const char *backend,
	const char *location, struct tote_fault *fault)
{
	struct place place;
	uint32_t levels;
	int rc = tote__place_enclosed(o->ctx, backend, location, &levels, fault);

	if (rc > 0)
		return tote__fault(fault, TOTE_E_EXISTS,
			"'%s' lies inside a container or an orchestrator's directory, which begins "
			"%u above it: choose a place of its own",
			location, levels);
	if (rc < 0)
		return rc;
	rc = tote__place_open(
		o->ctx, backend, location, LAYOUT_CONTAINER, STORE_READ_ONLY, &place, fault);
	if (rc == TOTE_E_NOT_FOUND) {
		tote__fault_clear(fault);
		return is_kept(o, location)
			       ? tote__fault(fault, TOTE_E_EXISTS,
					 "'%s' is one of the root's own directories: choose a "
					 "place of its own",
					 location)
			       : 0;
	}
	if (rc < 0)
		return rc;
	rc = refuse_what_is_there(o, id, &place, location, fault);
	tote__place_close(&place);
	return rc;
}

/* --- keys --------------------------------------------------------------------------------------- */

static int is_same_key(const struct vkey *key, const char *vkey)
{
	struct tote_fault unused;
	struct vkey other;

	memset(&unused, 0, sizeof(unused));
	return *vkey && !tote__vkey_parse(vkey, strlen(vkey), &other, &unused) &&
	       !memcmp(other.pub, key->pub, sizeof(key->pub));
}

/* Of what the record knows: entry 0's keys, those that replaced lost ones, and the root's two. */
static int find_on_record(
	tote_orchestrator *o, const char *id, const struct vkey *key, char ret_other[64])
{
	const struct registry *r = &o->registry;
	int found = 0;

	tote__orchestrator_lock(o);
	if ((found = is_same_key(key, r->vkey)))
		snprintf(ret_other, 64, "%s", KEY_FILE);
	else if ((found = is_same_key(key, r->witness_vkey)))
		snprintf(ret_other, 64, "%s", WITNESS_FILE);
	for (size_t i = 0; !found && i < r->count; i++) {
		const struct known *k = r->items[i];

		if (!strcmp(k->id, id) || !strcmp(k->id, RECORD_ID))
			continue;
		found = is_same_key(key, k->vkey);
		for (size_t n = 0; !found && n < k->rekey_count; n++)
			found = !memcmp(k->rekeys[n].key.pub, key->pub, sizeof(key->pub));
		if (found)
			memcpy(ret_other, k->id, sizeof(k->id));
	}
	tote__orchestrator_unlock(o);
	return found;
}

/* A key that was rotated to is known to its container's log, and lies in the key store. */
static int find_in_store(tote_orchestrator *o, const char *id, const struct vkey *key,
	char ret_other[64], struct tote_fault *fault)
{
	struct tote_fault unused;
	struct container c;
	struct vkey held;
	char after[64] = "";
	int rc = 0, found = 0;

	memset(&unused, 0, sizeof(unused));
	while (!found && (rc = tote__containers_after(o, after, &c, fault)) > 0) {
		memcpy(after, c.id, sizeof(after));
		tote__containers_drop(o, &c);
		found = strcmp(after, id) != 0 &&
			!tote__keystore_public(&o->key_store, after, &held, &unused) &&
			!memcmp(held.pub, key->pub, sizeof(held.pub));
	}
	if (found)
		memcpy(ret_other, after, sizeof(after));
	return rc < 0 ? rc : found;
}

int tote__sharing_refuse_key(
	tote_orchestrator *o, const char *id, const struct vkey *key, struct tote_fault *fault)
{
	char other[64];
	int rc = find_on_record(o, id, key, other);

	if (!rc)
		rc = find_in_store(o, id, key, other, fault);
	if (rc <= 0)
		return rc;
	return tote__fault(fault, TOTE_E_KEY,
		"the key of '%s' is that of '%s' too, and no two may sign with one: if keys/%s was "
		"put there, take it away; else rotate one of them first",
		id, other, id);
}

/* --- at an audit ------------------------------------------------------------------------------- */

/* What was may be no more: only this one other container is looked at, which seems to be ours. */
static int is_still(tote_orchestrator *o, const char *other, const struct store_identity *ours)
{
	struct tote_fault unused;
	struct container c;
	int met;

	memset(&unused, 0, sizeof(unused));
	if (tote__containers_registered(o, other, &c, &unused) < 0)
		return 0;
	met = meets(o->ctx, c.backend, c.location, ours);
	tote__containers_drop(o, &c);
	return met;
}

int tote__sharing_find(tote_orchestrator *o, const char *id, const struct place *place,
	char ret_with[SHARING_WITH_MAX], struct tote_fault *fault)
{
	struct store_identity ours;
	uint32_t levels;
	char other[64];
	int rc = place->ops->identity(place->handle, &ours, fault);

	if (rc < 0)
		return rc;
	rc = tote__footprints_put(o->footprints, id, &ours, other, fault);
	if (rc > 0 && is_still(o, other, &ours)) {
		snprintf(ret_with, SHARING_WITH_MAX, "%s", other);
		return 1;
	}
	if (rc >= 0)
		rc = tote__place_enclosed(
			o->ctx, place->ops->name, place->location, &levels, fault);
	if (rc > 0)
		snprintf(ret_with, SHARING_WITH_MAX,
			"it is inside a container or an orchestrator's directory, %u above it",
			levels);
	return rc;
}
