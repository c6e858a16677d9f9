/* SPDX-License-Identifier: ISC */
/*
 * Making a container (FORMAT section 8): key, skeleton, container.created under a first
 * checkpoint, seen/ID, container.registered. Each step finds what an earlier call has done of it.
 */
#include "orchestrator/containers.h"
#include "base/text.h"
#include "box/open.h"
#include "orchestrator/location.h"
#include "orchestrator/moves.h"
#include "orchestrator/record.h"
#include "orchestrator/seen.h"
#include "orchestrator/sharing.h"
#include "orchestrator/witness.h"
#include "store/keystore.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PROVISION_LEAST offsetof(struct tote_provision_options, backend)
#define CONTAINERS      "containers"

int tote_provision_options_init(
	struct tote_provision_options *options, size_t size, struct tote_fault *fault)
{
	FAULT_BEGIN(fault);
	return tote__struct_init(
		options, size, PROVISION_LEAST, "struct tote_provision_options", fault);
}

/* Which container it succeeds, as the witness saw that last. */
struct predecessor {
	const char *id;
	char origin[KEY_NAME_MAX + 1];
	char size[DECIMAL_MAX];
	char root[BASE64_LEN(HASH_LEN) + 1];
};

/* What is to be made. */
struct wanted {
	const char *id;
	const char *backend;
	const char *actor;
	char *location; /* absolute */
	char *recorded;
	int location_given;
	struct predecessor before; /* id NULL: none */
};

static int wanted_fill(tote_orchestrator *o, const struct tote_provision_options *options,
	struct wanted *w, struct tote_fault *fault)
{
	char below_root[sizeof(CONTAINERS "/") + 64];

	w->backend = options->backend ? options->backend : POSIX_BACKEND;
	w->actor = options->actor;
	w->location_given = options->location != NULL;
	if (options->location && !*options->location)
		return tote__fault(fault, TOTE_E_ARGUMENT, "provision: the location is empty");
	if (!options->location) {
		snprintf(below_root, sizeof(below_root), CONTAINERS "/%s", w->id);
		w->recorded = tote__heap_strdup(&o->ctx->heap, below_root, fault);
		w->location = w->recorded ? tote__location_absolute(o, below_root, fault) : NULL;
	} else {
		w->location = tote__place_absolute(o->ctx, options->location, fault);
		w->recorded = w->location ? tote__location_recorded(o, w->location, fault) : NULL;
	}
	return w->location && w->recorded ? 0 : fault->code;
}

static void wanted_drop(tote_orchestrator *o, struct wanted *w)
{
	tote__heap_free(&o->ctx->heap, w->location);
	tote__heap_free(&o->ctx->heap, w->recorded);
}

/* --- whose successor it is ------------------------------------------------------------------ */

static int is_at_rest(tote_orchestrator *o, const char *id)
{
	uint32_t state = tote__moves_recorded_state(o, id);

	return state == TOTE_STATE_ARCHIVED || state == TOTE_STATE_DISPOSED;
}

/* A last move that only its own ledger has is completed by touching it. */
static int check_at_rest(tote_orchestrator *o, const char *id, struct tote_fault *fault)
{
	struct tote_fault unused;
	tote_box *box;

	if (is_at_rest(o, id))
		return 0;
	if (tote_box_open(o, id, NULL, &box, &unused) == 0)
		tote_box_unref(box);
	if (is_at_rest(o, id))
		return 0;
	return tote__fault(fault, TOTE_E_STATE,
		"'%s' is not archived, and what is still used has no successor: totectl archive %s "
		"--reason TEXT",
		id, id);
}

/* FORMAT section 10: its origin, and size and root of the last checkpoint that was seen of it. */
static int find_predecessor(tote_orchestrator *o, struct predecessor *p, struct tote_fault *fault)
{
	struct container c;
	struct vkey key;
	struct seen seen;
	int rc = tote__containers_known(o, p->id, &c, fault);

	if (rc < 0)
		return rc;
	snprintf(p->origin, sizeof(p->origin), "%s", c.origin);
	rc = tote__vkey_parse(c.vkey, strlen(c.vkey), &key, fault);
	tote__containers_drop(o, &c);
	if (!rc)
		rc = check_at_rest(o, p->id, fault);
	if (!rc)
		rc = tote__seen_read(o, p->id, &key, &seen, fault);
	if (rc < 0)
		return rc;
	if (seen.present) {
		snprintf(p->size, sizeof(p->size), "%" PRIu64, seen.checkpoint.size);
		tote__base64_encode(seen.checkpoint.root, HASH_LEN, p->root);
	} else {
		rc = tote__fault(fault, TOTE_E_DAMAGED,
			"seen/%s is missing, so nothing is known to succeed: bring "
			"orchestrator/seen back from a copy",
			p->id);
	}
	tote__seen_free(&seen);
	return rc;
}

/* One that is there already must have been made as this successor. */
static int check_successor(tote_box *box, const struct predecessor *p, struct tote_fault *fault)
{
	char origin[KEY_NAME_MAX + 1] = "";
	struct tote_fault unused;
	struct entry first;
	struct view view;
	int rc = tote__box_view_part(box, 0, &view, fault);

	if (rc < 0)
		return rc;
	rc = tote__box_read_first(&view, &first, fault);
	if (rc == 0 && tote__entry_field(&first, "predecessor-origin"))
		tote__entry_string(&first, "predecessor-origin", origin, sizeof(origin), &unused);
	tote__view_close(&view);
	if (rc == 0 && strcmp(origin, p->origin) != 0)
		rc = tote__fault(fault, TOTE_E_EXISTS,
			"'%s' is there already, and it is no successor of '%s'", box->id, p->id);
	return rc;
}

/* --- the steps ------------------------------------------------------------------------------ */

/* 1 it is this very container, and it opens; 0 the ID is free; else a fault. */
static int provisioned_already(
	tote_orchestrator *o, const struct wanted *w, struct tote_fault *fault)
{
	struct container c;
	tote_box *box;
	int rc = tote__containers_known(o, w->id, &c, fault);

	if (rc == TOTE_E_NOT_FOUND) {
		tote__fault_clear(fault);
		return 0;
	}
	if (rc < 0)
		return rc;
	if (c.detached)
		rc = tote__fault(fault, TOTE_E_EXISTS,
			"'%s' was detached: an ID is never used a second time; register takes the "
			"same container in again",
			w->id);
	else if (strcmp(c.backend, w->backend) != 0 ||
		 (w->location_given && strcmp(c.recorded, w->recorded) != 0))
		rc = tote__fault(fault, TOTE_E_EXISTS, "'%s' is registered already, at '%s'", w->id,
			c.location);
	tote__containers_drop(o, &c);
	if (!rc)
		rc = tote__containers_open_box(o, w->id, NULL, &box, fault);
	if (rc < 0)
		return rc;
	rc = w->before.id ? check_successor(box, &w->before, fault) : 0;
	tote_box_unref(box);
	return rc < 0 ? rc : 1;
}

/* container.registered, unless another process was quicker. */
static int enter(tote_orchestrator *o, const struct wanted *w, const struct vkey *key,
	struct tote_fault *fault)
{
	struct registration r = {.id = w->id,
		.location = w->recorded,
		.backend = w->backend,
		.key = key,
		.actor = w->actor};
	struct container c;
	int rc = tote__orchestrator_hold(o, fault);

	if (rc < 0)
		return rc;
	rc = tote__containers_known(o, w->id, &c, fault);
	if (rc == TOTE_E_NOT_FOUND) {
		tote__fault_clear(fault);
		rc = tote__record_registered(o, &r, NULL, fault);
	} else if (!rc) {
		if (strcmp(c.recorded, w->recorded) != 0)
			rc = tote__fault(fault, TOTE_E_EXISTS,
				"'%s' is registered already, at '%s'", w->id, c.location);
		tote__containers_drop(o, &c);
	}
	tote__orchestrator_release(o);
	return tote__orchestrator_refresh_after(o, rc, fault);
}

static int make_ledger(tote_orchestrator *o, const struct wanted *w, const struct vkey *key,
	tote_box **ret_box, uint32_t *ret_was, struct tote_fault *fault)
{
	struct box_config config = {.backend = w->backend,
		.location = w->location,
		.origin = key->name,
		.keys_location = o->keys,
		.keys_file = w->id};
	char vkey[VKEY_MAX];
	struct field fields[7];
	struct draft created = {
		.kind = "container.created", .actor = w->actor, .fields = fields, .field_count = 4};

	tote__vkey_format(key, vkey);
	fields[0] = tote__field_text("id", w->id);
	fields[1] = tote__field_text("origin", key->name);
	fields[2] = tote__field_text("vkey", vkey);
	fields[3] = tote__field_text("backend", w->backend);
	if (w->before.id) {
		fields[4] = tote__field_text("predecessor-origin", w->before.origin);
		fields[5] = tote__field_text("predecessor-size", w->before.size);
		fields[6] = tote__field_text("predecessor-root", w->before.root);
		created.field_count = 7;
	}
	return tote__containers_create(o, w->id, &config, &created, ret_box, ret_was, fault);
}

/* With the record held: a key that another process has read is never replaced. */
static int make_key(
	tote_orchestrator *o, const char *id, struct vkey *ret, struct tote_fault *fault)
{
	const char *record = o->registry.origin;
	int root_len = (int)(strlen(record) - strlen(RECORD_NAME));
	char origin[KEY_NAME_MAX + 1];
	int rc = tote__orchestrator_hold(o, fault), was_there;

	if (rc < 0)
		return rc;
	snprintf(origin, sizeof(origin), "%.*s/%s", root_len, record, id);
	was_there = tote__containers_have_key(o, id);
	rc = tote__keystore_make(&o->key_store, id, origin, KEY_TYPE_ED25519, ret, fault);
	if (!rc && was_there)
		rc = tote__sharing_refuse_key(o, id, ret, fault);
	tote__orchestrator_release(o);
	return rc;
}

static int make_container(
	tote_orchestrator *o, const struct wanted *w, uint32_t *ret_was, struct tote_fault *fault)
{
	struct vkey key;
	tote_box *box;
	char unused[SHARING_WITH_MAX];
	int rc = tote__sharing_refuse(o, w->id, w->backend, w->location, fault);

	if (rc < 0 || (rc = make_key(o, w->id, &key, fault)) < 0 ||
		(rc = make_ledger(o, w, &key, &box, ret_was, fault)) < 0)
		return rc;
	/* what was made here just now is nobody else's; what was there was looked at before */
	if ((rc = tote__sharing_find(o, w->id, &box->place, unused, fault)) >= 0 &&
		!(rc = tote__witness_cosign(o, box, w->id, 1, NULL, fault)))
		rc = enter(o, w, &key, fault);
	tote_box_unref(box);
	return rc;
}

static int provision(tote_orchestrator *o, const char *id,
	const struct tote_provision_options *options, uint32_t *ret_was, struct tote_fault *fault)
{
	struct wanted w = {.id = id};
	int rc = wanted_fill(o, options, &w, fault);

	*ret_was = TOTE_PROVISIONED_ALREADY;
	w.before.id = options->predecessor;
	if (!rc && w.before.id)
		rc = find_predecessor(o, &w.before, fault);
	if (!rc)
		rc = provisioned_already(o, &w, fault);
	if (!rc) {
		rc = make_container(o, &w, ret_was, fault);
		if (*ret_was == TOTE_PROVISIONED_ALREADY)
			*ret_was =
				TOTE_PROVISIONED_RESUMED; /* whole, but nobody had registered it */
	}
	wanted_drop(o, &w);
	return rc < 0 ? rc : 0;
}

int tote_orchestrator_provision(tote_orchestrator *o, const char *id,
	const struct tote_provision_options *options, uint32_t *ret_result,
	struct tote_fault *fault)
{
	struct tote_provision_options known;
	uint32_t was;
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0 ||
		(rc = tote__containers_check_id(id, fault)) < 0 ||
		(rc = tote__struct_in(&known, sizeof(known), PROVISION_LEAST, options,
			 "struct tote_provision_options", fault)) < 0 ||
		(rc = tote__flags_check(known.flags, 0, "provision", fault)) < 0 ||
		(known.predecessor &&
			(rc = tote__containers_check_id(known.predecessor, fault)) < 0) ||
		(rc = tote__orchestrator_sound(o, fault)) < 0 ||
		(rc = tote__orchestrator_refresh(o, fault)) < 0)
		return rc;
	if ((rc = provision(o, id, &known, &was, fault)) < 0) {
		tote__fault_set_box(fault, id);
		return rc;
	}
	if (ret_result)
		*ret_result = was;
	return 0;
}
