/* SPDX-License-Identifier: ISC */
/*
 * Making a root: directories, two keys, the consolidated record under a first checkpoint. The same
 * call completes one that was left half-made, and nothing of anybody else's is touched.
 */
#include "base/grammar.h"
#include "orchestrator/orchestrator.h"
#include "store/keystore.h"
#include <stdio.h>
#include <string.h>

struct allowed {
	const char *directory;
	const char *const *names; /* NULL at the end */
};

static int refuse_foreign(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	const struct allowed *allowed = user;

	(void)st;
	for (const char *const *known = allowed->names; *known; known++)
		if (!strcmp(name, *known))
			return 0;
	return tote__fault(fault, TOTE_E_EXISTS,
		"init: '%s' holds '%s', which is no part of a half-made root: choose an empty "
		"directory",
		allowed->directory, name);
}

/* A root inside a container would be foreign to it, one inside an orchestrator's directory likewise. */
static int refuse_inside(tote_orchestrator *o, struct tote_fault *fault)
{
	uint32_t levels;
	int rc = tote__place_enclosed(o->ctx, POSIX_BACKEND, o->root, &levels, fault);

	if (rc <= 0)
		return rc;
	return tote__fault(fault, TOTE_E_EXISTS,
		"init: '%s' lies inside a container or an orchestrator's directory, which begins "
		"%u "
		"above it: choose a place of its own",
		o->root, levels);
}

/* A directory that is not there holds nothing. */
static int refuse_others(tote_orchestrator *o, const char *directory, const char *const *names,
	struct tote_fault *fault)
{
	struct allowed allowed = {.directory = directory, .names = names};
	struct place top;
	int rc = tote__place_open(
		o->ctx, POSIX_BACKEND, directory, LAYOUT_KEYS, STORE_READ_ONLY, &top, fault);

	if (rc == TOTE_E_NOT_FOUND) {
		tote__fault_clear(fault);
		return 0;
	}
	if (rc < 0)
		return rc;
	rc = top.ops->list(top.handle, SPACE_TOP, "", refuse_foreign, &allowed, fault);
	tote__place_close(&top);
	return rc;
}

/* A root that has its first checkpoint is whole, whatever name is given now. */
static int refuse_whole(tote_orchestrator *o, struct tote_fault *fault)
{
	struct store_stat st;
	struct place place;
	int rc = tote__place_open(o->ctx, POSIX_BACKEND, o->location, LAYOUT_ORCHESTRATOR,
		STORE_READ_ONLY, &place, fault);

	if (!rc) {
		rc = place.ops->stat(place.handle, SPACE_LOG, "checkpoint", &st, fault);
		tote__place_close(&place);
		if (!rc)
			return tote__fault(fault, TOTE_E_EXISTS,
				"init: '%s' is an orchestration root already", o->root);
	}
	if (rc == TOTE_E_NOT_FOUND) {
		tote__fault_clear(fault);
		rc = 0;
	}
	return rc;
}

static int refuse_occupied(tote_orchestrator *o, struct tote_fault *fault)
{
	static const char *const top[] = {"orchestrator", "containers", "fleet.yaml", NULL};
	static const char *const own[] = {"ledger", "keys", "seen", "reports", "index", NULL};
	static const char *const none[] = {NULL};
	size_t room = strlen(o->root) + sizeof("/containers");
	char *containers;
	int rc;

	if ((rc = refuse_inside(o, fault)) < 0 ||
		(rc = refuse_others(o, o->root, top, fault)) < 0 ||
		(rc = refuse_whole(o, fault)) < 0 ||
		(rc = refuse_others(o, o->location, own, fault)) < 0)
		return rc;
	containers = tote__heap_new(&o->ctx->heap, room, 1, fault);
	if (!containers)
		return fault->code;
	snprintf(containers, room, "%s/containers", o->root);
	rc = refuse_others(o, containers, none, fault);
	tote__heap_free(&o->ctx->heap, containers);
	return rc;
}

static int make_keys(tote_orchestrator *o, const char *origin, struct vkey *key,
	struct vkey *witness, struct tote_fault *fault)
{
	char name[KEY_NAME_MAX + 1];
	int rc;

	snprintf(name, sizeof(name), "%s" RECORD_NAME, origin);
	rc = tote__keystore_make(&o->key_store, KEY_FILE, name, KEY_TYPE_ED25519, key, fault);
	snprintf(name, sizeof(name), "%s" WITNESS_NAME, origin);
	if (!rc)
		rc = tote__keystore_make(
			&o->key_store, WITNESS_FILE, name, KEY_TYPE_COSIGNATURE, witness, fault);
	if (!rc && !memcmp(key->pub, witness->pub, sizeof(key->pub)))
		rc = tote__fault(fault, TOTE_E_KEY,
			"init: keys/orchestrator and keys/witness hold the same key: remove one");
	return rc;
}

/*
 * One process at a time: a key that another process has read is never replaced. There is no ledger
 * yet whose line this would have to write.
 */
static int make_keys_alone(tote_orchestrator *o, const char *origin, struct vkey *key,
	struct vkey *witness, struct tote_fault *fault)
{
	const struct store_ops *ops = o->place.ops;
	int rc = ops->lock_take(o->place.handle, LOCK_BYTE_WRITE, o->ctx->lock_wait_us, fault);

	if (rc < 0)
		return tote__fault_wrap(fault, "init '%s'", o->root);
	rc = make_keys(o, origin, key, witness, fault);
	ops->lock_drop(o->place.handle, LOCK_BYTE_WRITE);
	return rc;
}

static int make_record(tote_orchestrator *o, const struct vkey *key, const struct vkey *witness,
	const char *actor, struct tote_fault *fault)
{
	struct box_config config = tote__orchestrator_record_config(o);
	char vkey[VKEY_MAX], witness_vkey[VKEY_MAX];
	struct field fields[3];
	struct draft created = {
		.kind = "orchestrator.created", .actor = actor, .fields = fields, .field_count = 3};
	uint32_t was;

	tote__vkey_format(key, vkey);
	tote__vkey_format(witness, witness_vkey);
	fields[0] = tote__field_text("origin", key->name);
	fields[1] = tote__field_text("vkey", vkey);
	fields[2] = tote__field_text("witness-vkey", witness_vkey);
	config.origin = key->name;
	return tote__box_create(&config, &created, &o->record, &was, fault);
}

static int make_root(
	tote_orchestrator *o, const char *origin, const char *actor, struct tote_fault *fault)
{
	struct vkey key, witness;
	int rc;

	if ((rc = refuse_occupied(o, fault)) < 0 ||
		(rc = tote__place_provision(
			 o->ctx, POSIX_BACKEND, o->location, LAYOUT_ORCHESTRATOR, fault)) < 0 ||
		(rc = tote__orchestrator_open_places(o, fault)) < 0 ||
		(rc = make_keys_alone(o, origin, &key, &witness, fault)) < 0)
		return rc;
	return make_record(o, &key, &witness, actor, fault);
}

int tote_orchestrator_init(tote_ctx *ctx, const char *root, const char *origin, const char *actor,
	uint32_t flags, struct tote_fault *fault)
{
	tote_orchestrator *o = NULL;
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__ctx_check(ctx, fault)) < 0 ||
		(rc = tote__flags_check(flags, 0, "init", fault)) < 0)
		return rc;
	if (!root || !*root || !origin)
		return tote__fault(fault, TOTE_E_ARGUMENT, "init: root or origin is missing");
	if (!tote__root_origin_valid(origin))
		return tote__fault(fault, TOTE_E_GRAMMAR,
			"init: '%s' is no origin: 1 to 191 printable ASCII bytes, no space, no "
			"'+', no '/' first or last",
			origin);
	if ((rc = tote__orchestrator_new(ctx, root, 0, &o, fault)) < 0)
		return rc;
	rc = make_root(o, origin, actor, fault);
	tote__orchestrator_free(o);
	return rc;
}
