/* SPDX-License-Identifier: ISC */
/*
 * Directories that two containers share: found by what they are, however they are reached.
 */
#include "orchestrator/sharing.h"
#include "orchestrator/containers.h"
#include "orchestrator/location.h"
#include <string.h>

/* One that cannot be reached cannot be compared: its own audit says so. */
static int meets(tote_orchestrator *o, const struct container *c, const struct store_identity *ours)
{
	struct tote_fault unreachable;
	struct store_identity theirs;
	struct place other;
	int met;

	memset(&unreachable, 0, sizeof(unreachable));
	if (tote__place_open(o->ctx, c->backend, c->location, LAYOUT_CONTAINER, STORE_READ_ONLY,
		    &other, &unreachable) < 0)
		return 0;
	met = !other.ops->identity(other.handle, &theirs, &unreachable) &&
	      tote__location_meet(ours, &theirs);
	tote__place_close(&other);
	return met;
}

int tote__sharing_find(tote_orchestrator *o, const char *id, const struct place *place,
	char ret_other[64], struct tote_fault *fault)
{
	struct store_identity ours;
	struct container c;
	char after[64] = "";
	int rc = place->ops->identity(place->handle, &ours, fault), met = 0;

	while (rc >= 0 && !met && (rc = tote__containers_after(o, after, &c, fault)) > 0) {
		memcpy(after, c.id, sizeof(after));
		met = !c.detached && strcmp(c.id, id) != 0 &&
		      !strcmp(c.backend, place->ops->name) && meets(o, &c, &ours);
		if (met)
			memcpy(ret_other, c.id, sizeof(c.id));
		tote__containers_drop(o, &c);
	}
	return rc < 0 ? rc : met;
}

int tote__sharing_refuse(
	tote_orchestrator *o, const char *id, const struct place *place, struct tote_fault *fault)
{
	char other[64];
	int rc = tote__sharing_find(o, id, place, other, fault);

	if (rc <= 0)
		return rc;
	return tote__fault(fault, TOTE_E_EXISTS,
		"'%s' is the directory of container '%s' already, reached another way",
		place->location, other);
}
