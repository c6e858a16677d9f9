/* SPDX-License-Identifier: ISC */
/*
 * Taking in a whole container that lies elsewhere, and letting one go. What is taken in is audited
 * in full first: a root does not become the witness of what it has not read.
 */
#include "orchestrator/containers.h"
#include "orchestrator/location.h"
#include "orchestrator/record.h"
#include "orchestrator/sharing.h"
#include "orchestrator/witness.h"
#include "store/keystore.h"
#include <stdio.h>
#include <string.h>

/* The first finding that is damage, as a fault; 0 where there is none. */
static int refuse_damaged(const struct run *run, const char *location, struct tote_fault *fault)
{
	const struct finding_list *found = tote__run_findings(run);
	struct run_result result;

	for (size_t i = 0; i < found->count; i++)
		if (tote__finding_severity(found->items[i].code) != SEVERITY_INFORMATION)
			return tote__fault(fault, TOTE_E_DAMAGED,
				"register '%s': the audit found TOTE-%04d %s at '%s': nothing was "
				"registered",
				location, found->items[i].code,
				tote_finding_text(found->items[i].code), found->items[i].path);
	tote__run_result(run, &result);
	if (result.verdict != TOTE_VERDICT_OK)
		return tote__fault(fault, TOTE_E_INCOMPLETE,
			"register '%s': not everything could be read: nothing was registered",
			location);
	return 0;
}

/* Of an ID that comes back: what the record knows of its lost keys. */
static int copy_rekeys(tote_orchestrator *o, const char *id, struct run_target *target,
	struct recorded_rekey **ret, struct tote_fault *fault)
{
	const struct known *k;
	int rc = 0;

	*ret = NULL;
	tote__orchestrator_lock(o);
	k = tote__registry_find(&o->registry, id);
	if (k && k->rekey_count) {
		*ret = tote__heap_dup(
			&o->ctx->heap, k->rekeys, k->rekey_count * sizeof(*k->rekeys), fault);
		rc = *ret ? 0 : TOTE_E_NO_MEMORY;
		target->rekeys = *ret;
		target->rekey_count = k->rekey_count;
	}
	tote__orchestrator_unlock(o);
	return rc;
}

/* *ret_key: the key that the log has now, by its rotations. */
static int audit_first(tote_orchestrator *o, const char *id, tote_box *box, const struct seen *seen,
	struct vkey *ret_key, struct tote_fault *fault)
{
	struct run_target target = {.ctx = o->ctx,
		.id = id,
		.place = &box->place,
		.type = LEDGER_CONTAINER,
		.layout = LAYOUT_CONTAINER,
		.box = box,
		.level = TOTE_LEVEL_FULL,
		.origin = tote__ledger_origin(box->ledger),
		.key = tote__ledger_vkey(box->ledger),
		.seen = seen->present ? &seen->checkpoint : NULL};
	struct recorded_rekey *rekeys;
	struct run *run = NULL;
	int rc;

	/*
	 * Another root's witness has cosigned it, by a key that is not known here; or, of one that comes
	 * back, our own, a former one, or a cosigner of its policy: the audits after this one judge them.
	 */
	target.cosigners = 1;
	rc = copy_rekeys(o, id, &target, &rekeys, fault);
	if (!rc)
		rc = tote__run_start(&target, &run, fault);
	if (!rc)
		while ((rc = tote__run_step(run, 0, 0, fault)) > 0)
			;
	if (!rc)
		rc = refuse_damaged(run, box->place.location, fault);
	if (!rc)
		*ret_key = *tote__keyring_for(tote__run_keys(run), UINT64_MAX);
	tote__run_free(run);
	tote__heap_free(&o->ctx->heap, rekeys);
	return rc;
}

/* The size of a note last signed; 0 where it is none. */
static uint64_t size_of(const struct buf *last)
{
	struct tote_fault ignored;
	struct checkpoint c;
	struct note note;

	memset(&ignored, 0, sizeof(ignored));
	if (!last->len || tote__checkpoint_read(last->data, last->len, &note, &c, &ignored) < 0)
		return 0;
	return c.size;
}

/* What the key store knows already is replaced only by what is newer. */
static int import_newer(
	struct signer *to, const struct buf *last, struct buf *known, struct tote_fault *fault)
{
	int rc = tote__signer_last_read(to, known, fault);

	if (rc < 0 || !last->len || (known->len && size_of(known) >= size_of(last)))
		return rc;
	return tote__signer_last_write(to, last->data, last->len, fault);
}

/* The note last signed with the key goes with it: it is what stops an older copy from forking. */
static int import_last(
	tote_orchestrator *o, const char *id, struct signer *from, struct tote_fault *fault)
{
	struct buf last, known;
	struct signer to;
	int rc;

	tote__buf_init(&last, &o->ctx->heap, NOTE_MAX);
	tote__buf_init(&known, &o->ctx->heap, NOTE_MAX);
	rc = tote__signer_last_read(from, &last, fault);
	if (!rc && !(rc = tote__signer_open(&to, o->ctx, POSIX_BACKEND, o->keys, id, fault))) {
		rc = import_newer(&to, &last, &known, fault);
		tote__signer_close(&to);
	}
	tote__buf_free(&last);
	tote__buf_free(&known);
	return rc;
}

static int import_secret(
	tote_orchestrator *o, const char *id, const struct signer *from, struct tote_fault *fault)
{
	struct vkey there;
	struct buf line;
	int rc;

	tote__buf_init(&line, &o->ctx->heap, NOTE_MAX);
	rc = tote__secret_format(&from->secret, &line, fault);
	if (!rc)
		rc = tote__keystore_import(&o->key_store, id, line.data, line.len, &there, fault);
	if (rc == TOTE_E_EXISTS) {
		tote__fault_clear(fault);
		rc = 0; /* check_key_store has seen that it is this very key */
	}
	if (line.data)
		explicit_bzero(line.data, line.len);
	tote__buf_free(&line);
	return rc;
}

static int import_key(tote_orchestrator *o, const char *id, const char *path,
	const struct vkey *wanted, struct tote_fault *fault)
{
	struct signer from;
	int rc = tote__signer_open_path(&from, o->ctx, path, fault);

	if (rc < 0)
		return rc;
	if (strcmp(from.key.name, wanted->name) != 0 ||
		memcmp(from.key.pub, wanted->pub, sizeof(wanted->pub)) != 0)
		rc = tote__fault(
			fault, TOTE_E_KEY, "key file '%s' is not the key of this container", path);
	if (!rc && !(rc = import_secret(o, id, &from, fault)))
		rc = import_last(o, id, &from, fault);
	tote__signer_close(&from);
	return rc;
}

/* keys/ID may be there already, from an earlier registration; it must be this container's. */
static int check_key_store(
	tote_orchestrator *o, const char *id, const struct vkey *wanted, struct tote_fault *fault)
{
	struct vkey there;
	int rc = tote__keystore_public(&o->key_store, id, &there, fault);

	if (rc == TOTE_E_NOT_FOUND) {
		tote__fault_clear(fault);
		return 0;
	}
	if (!rc && memcmp(there.pub, wanted->pub, sizeof(there.pub)) != 0)
		rc = tote__fault(fault, TOTE_E_KEY,
			"key file %s/%s is of '%s', not of the container that is to be registered: "
			"move it away, or use another ID",
			o->keys, id, there.name);
	return rc;
}

/* --- registering ---------------------------------------------------------------------------- */

/* A container that is to be taken in. */
struct arrival {
	const char *id;
	const char *key_file;
	const char *actor;
	tote_box *box;
	struct vkey key; /* entry 0's */
	struct vkey now; /* in force, where it was rotated */
	char *recorded;
	struct move_list moves;
	int known; /* the ID was registered here before */
	size_t known_moves;
};

/* What an ID may be registered for: never used, or detached and the very same container. */
static int check_return(tote_orchestrator *o, struct arrival *a, struct tote_fault *fault)
{
	struct container c;
	char vkey[VKEY_MAX];
	int rc = tote__containers_known(o, a->id, &c, fault);

	if (rc == TOTE_E_NOT_FOUND) {
		tote__fault_clear(fault);
		return 0;
	}
	if (rc < 0)
		return rc;
	a->known = 1;
	a->known_moves = c.move_count;
	tote__vkey_format(&a->key, vkey);
	if (!c.detached)
		rc = tote__fault(fault, TOTE_E_EXISTS, "'%s' is registered already, at '%s'", a->id,
			c.location);
	else if (strcmp(vkey, c.vkey) != 0)
		rc = tote__fault(fault, TOTE_E_EXISTS,
			"'%s' was the ID of another container here: an ID is never used a second "
			"time",
			a->id);
	tote__containers_drop(o, &c);
	return rc;
}

/* It is read in full before anything of it is taken in, and must extend what was seen of it. */
static int examine(tote_orchestrator *o, struct arrival *a, struct tote_fault *fault)
{
	struct seen seen;
	int rc = tote__seen_read(o, a->id, &a->key, &seen, fault);

	if (rc < 0)
		return rc;
	if (a->known && !seen.present)
		rc = tote__fault(fault, TOTE_E_DAMAGED,
			"seen/%s is missing: bring orchestrator/seen back from a copy", a->id);
	if (!rc)
		rc = audit_first(o, a->id, a->box, &seen, &a->now, fault);
	tote__seen_free(&seen);
	return rc ? rc : tote__move_list_collect(a->box, &a->moves, fault);
}

/* Decided with the record held: the ID may have been taken meanwhile. */
static int enter(tote_orchestrator *o, struct arrival *a, struct tote_fault *fault)
{
	struct registration r = {.id = a->id,
		.location = a->recorded,
		.backend = a->box->backend,
		.key = &a->key,
		.actor = a->actor};
	int rc = tote__orchestrator_hold(o, fault);

	if (rc < 0)
		return rc;
	rc = check_return(o, a, fault);
	r.known_moves = a->known_moves;
	if (!rc)
		rc = tote__record_registered(o, &r, &a->moves, fault);
	tote__orchestrator_release(o);
	return tote__orchestrator_refresh_after(o, rc, fault);
}

static int take_in(tote_orchestrator *o, struct arrival *a, struct tote_fault *fault)
{
	int rc;

	if ((rc = check_return(o, a, fault)) < 0 ||
		(rc = tote__sharing_refuse(
			 o, a->id, a->box->backend, a->box->place.location, fault)) < 0 ||
		(rc = tote__sharing_refuse_key(o, a->id, &a->key, fault)) < 0 ||
		(rc = examine(o, a, fault)) < 0 ||
		(rc = tote__sharing_refuse_key(o, a->id, &a->now, fault)) < 0 ||
		(rc = check_key_store(o, a->id, &a->now, fault)) < 0 ||
		(a->key_file && (rc = import_key(o, a->id, a->key_file, &a->now, fault)) < 0) ||
		(rc = tote__witness_cosign(o, a->box, a->id, !a->known, NULL, fault)) < 0)
		return rc;
	a->recorded = tote__location_recorded(o, a->box->place.location, fault);
	return a->recorded ? enter(o, a, fault) : fault->code;
}

static int register_at(
	tote_orchestrator *o, struct arrival *a, const char *location, struct tote_fault *fault)
{
	struct box_config config = {.backend = POSIX_BACKEND, .location = location};
	int rc = tote__containers_open(o, a->id, &config, &a->box, fault);

	if (rc < 0)
		return rc;
	a->key = *tote__ledger_vkey(a->box->ledger);
	tote__move_list_init(&a->moves, &o->ctx->heap);
	rc = take_in(o, a, fault);
	tote__move_list_free(&a->moves);
	tote__heap_free(&o->ctx->heap, a->recorded);
	tote_box_unref(a->box);
	return rc;
}

int tote_orchestrator_register(tote_orchestrator *o, const char *id, const char *location,
	const char *key_file, const char *actor, uint32_t flags, struct tote_fault *fault)
{
	struct arrival a = {.id = id, .key_file = key_file, .actor = actor};
	char *absolute;
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0 ||
		(rc = tote__containers_check_id(id, fault)) < 0 ||
		(rc = tote__flags_check(flags, 0, "register", fault)) < 0)
		return rc;
	if (!location || !*location)
		return tote__fault(fault, TOTE_E_ARGUMENT, "register: the location is missing");
	if ((rc = tote__orchestrator_sound(o, fault)) < 0 ||
		(rc = tote__orchestrator_refresh(o, fault)) < 0)
		return rc;
	absolute = tote__place_absolute(o->ctx, location, fault);
	if (!absolute)
		return fault->code;
	rc = register_at(o, &a, absolute, fault);
	tote__heap_free(&o->ctx->heap, absolute);
	if (rc < 0)
		tote__fault_set_box(fault, id);
	return rc;
}

/* --- letting go ----------------------------------------------------------------------------- */

static int detach(tote_orchestrator *o, const char *id, const char *actor, const char *reason,
	struct tote_fault *fault)
{
	struct container c;
	int rc = tote__orchestrator_hold(o, fault);

	if (rc < 0)
		return rc;
	rc = tote__containers_registered(o, id, &c, fault);
	if (!rc) {
		tote__containers_drop(o, &c);
		rc = tote__record_detached(o, id, reason, actor, fault);
	}
	tote__orchestrator_release(o);
	if (rc < 0 || (rc = tote__orchestrator_refresh_after(o, rc, fault)) < 0)
		return rc;
	return tote__orchestrator_done(tote__record_fold(o, fault), fault);
}

int tote_orchestrator_detach(tote_orchestrator *o, const char *id, const char *actor,
	const char *reason, uint32_t flags, struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0 ||
		(rc = tote__containers_check_id(id, fault)) < 0 ||
		(rc = tote__flags_check(flags, 0, "detach", fault)) < 0)
		return rc;
	if (!reason || !*reason)
		return tote__fault(fault, TOTE_E_ARGUMENT, "detach '%s': a reason is required", id);
	if (!(rc = tote__orchestrator_sound(o, fault)))
		rc = detach(o, id, actor, reason, fault);
	if (rc < 0)
		tote__fault_set_box(fault, id);
	return rc;
}
