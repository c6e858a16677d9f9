/* SPDX-License-Identifier: ISC */
/*
 * Containers of a root: what the registry knows of them, and opening them.
 */
#include "orchestrator/containers.h"
#include "base/grammar.h"
#include "box/open.h"
#include "orchestrator/location.h"
#include "orchestrator/moves.h"
#include "orchestrator/witness.h"
#include <string.h>

#define OPTIONS_LEAST offsetof(struct tote_box_options, backend)

int tote__containers_check_id(const char *id, struct tote_fault *fault)
{
	if (!id)
		return tote__fault(fault, TOTE_E_ARGUMENT, "container: the ID is missing");
	if (!tote__id_valid(id))
		return tote__fault(fault, TOTE_E_GRAMMAR,
			"'%s' is no ID: a-z, 0-9 and '-' inside, at most 63, and neither "
			"orchestrator nor witness",
			id);
	return 0;
}

/* --- what is known -------------------------------------------------------------------------- */

void tote__containers_drop(tote_orchestrator *o, struct container *c)
{
	tote__heap_free(&o->ctx->heap, c->recorded);
	tote__heap_free(&o->ctx->heap, c->location);
	memset(c, 0, sizeof(*c));
}

/* With the registry's lock: memory only. */
static int copy(tote_orchestrator *o, const struct known *k, struct container *ret,
	struct tote_fault *fault)
{
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->id, k->id, sizeof(ret->id));
	memcpy(ret->backend, k->backend, sizeof(ret->backend));
	memcpy(ret->origin, k->origin, sizeof(ret->origin));
	memcpy(ret->vkey, k->vkey, sizeof(ret->vkey));
	ret->detached = k->detached;
	ret->state = k->state;
	ret->move_count = k->move_count;
	ret->registered = k->registered;
	ret->fold_bytes = k->policy.fold_bytes;
	ret->registered_us = k->registered_us;
	ret->recorded = tote__heap_strdup(&o->ctx->heap, k->location, fault);
	ret->location = ret->recorded ? tote__location_absolute(o, k->location, fault) : NULL;
	if (ret->location)
		return 0;
	tote__containers_drop(o, ret);
	return TOTE_E_NO_MEMORY;
}

static int none(const char *id, const char *how, struct tote_fault *fault)
{
	return tote__fault(fault, TOTE_E_NOT_FOUND, "no container '%s' %s", id, how);
}

int tote__containers_known(
	tote_orchestrator *o, const char *id, struct container *ret, struct tote_fault *fault)
{
	const struct known *k;
	int rc;

	tote__orchestrator_lock(o);
	k = tote__registry_find(&o->registry, id);
	rc = k && k->location ? copy(o, k, ret, fault)
			      : none(id, "was ever registered here", fault);
	tote__orchestrator_unlock(o);
	return rc;
}

int tote__containers_registered(
	tote_orchestrator *o, const char *id, struct container *ret, struct tote_fault *fault)
{
	int rc = tote__containers_known(o, id, ret, fault);

	if (rc || !ret->detached)
		return rc;
	tote__containers_drop(o, ret);
	return none(id, "is registered here any more: it was detached", fault);
}

int tote__containers_after(
	tote_orchestrator *o, const char *after, struct container *ret, struct tote_fault *fault)
{
	const struct known *k;
	int rc = 0;

	tote__orchestrator_lock(o);
	k = tote__registry_after(&o->registry, after);
	if (k)
		rc = copy(o, k, ret, fault);
	tote__orchestrator_unlock(o);
	return rc < 0 ? rc : k != NULL;
}

int tote__containers_is_own(const tote_orchestrator *o, const char *id, const char *origin)
{
	/* ORIGIN/orchestrator and ORIGIN/ID */
	size_t len = strlen(o->registry.origin) - strlen(RECORD_NAME);

	return strlen(origin) == len + 1 + strlen(id) && !memcmp(origin, o->registry.origin, len) &&
	       origin[len] == '/' && !strcmp(origin + len + 1, id);
}

int tote__containers_keys(
	tote_orchestrator *o, const char *id, struct keyring *keys, struct tote_fault *fault)
{
	const struct known *k;
	int rc = 0;

	tote__orchestrator_lock(o);
	k = tote__registry_find(&o->registry, id);
	for (size_t i = 0; !rc && k && i < k->rekey_count; i++) {
		const struct recorded_rekey *r = &k->rekeys[i];

		rc = tote__keyring_replace(keys, r->at_seq, &r->key, &r->from, fault);
	}
	tote__orchestrator_unlock(o);
	return rc;
}

int tote__containers_have_key(tote_orchestrator *o, const char *id)
{
	struct tote_fault scratch;
	struct store_stat st;

	memset(&scratch, 0, sizeof(scratch));
	return o->key_store.ops &&
	       o->key_store.ops->stat(o->key_store.handle, SPACE_KEYS, id, &st, &scratch) == 0;
}

/* --- opening -------------------------------------------------------------------------------- */

/* What a box opened here keeps: its orchestrator, and under which ID it was opened. */
struct box_link {
	tote_orchestrator *o;
	char id[64];
};

static void link_unref(void *parent)
{
	struct box_link *link = parent;
	tote_orchestrator *o = link->o;

	tote__heap_free(&o->ctx->heap, link);
	tote_orchestrator_unref(o);
}

static int link_guard(void *parent, const struct checkpoint *c, merkle_node_fn *node, void *tree,
	struct tote_fault *fault)
{
	struct box_link *link = parent;

	return tote__witness_guard(link->o, link->id, c, node, tree, fault);
}

/* A lost key may have been replaced since this box was opened. What cannot be read now stays out. */
static int link_keys(void *parent, struct keyring *keys, struct tote_fault *fault)
{
	struct box_link *link = parent;
	int rc = tote__orchestrator_refresh(link->o, fault);

	if (rc == TOTE_E_NO_MEMORY)
		return rc;
	tote__fault_clear(fault);
	return tote__containers_keys(link->o, link->id, keys, fault);
}

int tote__containers_create(tote_orchestrator *o, const char *id, struct box_config *config,
	const struct draft *created, tote_box **ret_box, uint32_t *ret_was,
	struct tote_fault *fault)
{
	struct box_link *link = tote__heap_new(&o->ctx->heap, 1, sizeof(*link), fault);
	int rc;

	if (!link)
		return TOTE_E_NO_MEMORY;
	link->o = tote_orchestrator_ref(o);
	memcpy(link->id, id, strlen(id) + 1);
	config->ctx = o->ctx;
	config->id = id;
	config->type = LEDGER_CONTAINER;
	config->layout = LAYOUT_CONTAINER;
	config->parent = link;
	config->parent_unref = link_unref;
	config->guard = link_guard;
	config->keys = link_keys;
	rc = created ? tote__box_create(config, created, ret_box, ret_was, fault)
		     : tote__box_open(config, ret_box, fault);
	if (rc < 0)
		link_unref(link);
	return rc;
}

int tote__containers_open(tote_orchestrator *o, const char *id, struct box_config *config,
	tote_box **ret_box, struct tote_fault *fault)
{
	return tote__containers_create(o, id, config, NULL, ret_box, NULL, fault);
}

static int say_how_to_mend_key(const char *id, struct tote_fault *fault)
{
	const struct tote_fault why = *fault;

	return tote__fault(fault, why.code,
		"%s: mend that, or bring it back from a copy; where it is lost for good: totectl "
		"rekey %s "
		"--reason TEXT --yes",
		why.text, id);
}

int tote__containers_open_box(tote_orchestrator *o, const char *id,
	const struct tote_box_options *options, tote_box **ret_box, struct tote_fault *fault)
{
	const uint32_t kept = TOTE_BOX_READ_ONLY | TOTE_BOX_REPAIR;
	struct box_config config = {.flags = options ? options->flags & kept : 0};
	struct container c;
	int read_only = (o->flags & TOTE_ORCHESTRATOR_READ_ONLY) != 0;
	int own_signer =
		options && (options->key_file || options->signer ||
				   (options->flags & (TOTE_BOX_NO_SIGNER | TOTE_BOX_READ_ONLY)));
	int rc = tote__containers_registered(o, id, &c, fault);

	if (rc < 0)
		return rc;
	config.backend = c.backend;
	config.origin = c.origin;
	config.location = c.location;
	config.fold_bytes = c.fold_bytes;
	if (read_only)
		config.flags |= TOTE_BOX_READ_ONLY;
	if (options) {
		config.key_path = options->key_file;
		config.signer = options->signer;
		config.lock_wait_us = options->lock_wait_us;
	}
	if (!own_signer && !read_only && tote__containers_have_key(o, id)) {
		config.keys_location = o->keys;
		config.keys_file = id;
	}
	rc = tote__containers_open(o, id, &config, ret_box, fault);
	if (rc == TOTE_E_NOT_FOUND)
		rc = tote__fault(fault, TOTE_E_UNREACHABLE,
			"container '%s': there is no container at '%s': mount or restore it; moved "
			"for good: totectl detach %s --reason TEXT, then totectl register %s PLACE",
			id, c.location, id, id);
	if (rc == TOTE_E_KEY && config.keys_file)
		rc = say_how_to_mend_key(id, fault);
	tote__containers_drop(o, &c);
	return rc;
}

/*
 * A ledger that was made anew with a key of its own may bear the right name: entry 0 names the key
 * that the registration does, or another one lies there. (Rotations leave entry 0 as it is.)
 */
int tote__containers_check_key(
	tote_orchestrator *o, const char *id, const tote_box *box, struct tote_fault *fault)
{
	char vkey[VKEY_MAX];
	struct container c;
	int rc = tote__containers_known(o, id, &c, fault);

	if (rc == TOTE_E_NOT_FOUND) {
		tote__fault_clear(fault);
		return 0;
	}
	if (rc < 0)
		return rc;
	tote__vkey_format(tote__ledger_vkey(box->ledger), vkey);
	if (strcmp(vkey, c.vkey) != 0)
		rc = tote__fault(fault, TOTE_E_UNTRUSTED,
			"the ledger at '%s' was made with another key than the container '%s' that "
			"is registered: another one was put in its place",
			c.location, id);
	tote__containers_drop(o, &c);
	return rc;
}

/*
 * A box for writing: a last move that only one of two ledgers has is completed, and to a restored
 * older copy, or to another history, nothing is appended (FORMAT sections 8 and 10).
 */
static int touch(tote_orchestrator *o, const char *id, tote_box *box, struct tote_fault *fault)
{
	int rc = tote__containers_check_key(o, id, box, fault);

	if (!rc)
		rc = tote__witness_check(o, box, id, fault);
	if (rc == TOTE_E_ROLLBACK || rc == TOTE_E_FORK)
		return tote__fault_wrap(fault,
			"'%s' takes nothing: bring the newest copy of it back, or totectl archive "
			"%s --reason TEXT and totectl provision NEW --successor-of %s",
			id, id, id);
	return rc < 0 ? rc : tote__moves_complete(o, id, box, fault);
}

static int check_options(const struct tote_box_options *options, struct tote_fault *fault)
{
	int rc = tote__flags_check(options->flags,
		TOTE_BOX_READ_ONLY | TOTE_BOX_NO_SIGNER | TOTE_BOX_REPAIR, "box", fault);

	if (!rc)
		rc = tote__box_check_flags(options->flags, fault);
	if (!rc && ((options->key_file && options->signer) ||
			   ((options->key_file || options->signer) &&
				   options->flags & TOTE_BOX_NO_SIGNER)))
		rc = tote__fault(fault, TOTE_E_ARGUMENT,
			"box options: one of key_file, signer and TOTE_BOX_NO_SIGNER");
	return rc;
}

int tote_box_open(tote_orchestrator *o, const char *id, const struct tote_box_options *options,
	tote_box **ret_box, struct tote_fault *fault)
{
	struct tote_box_options known;
	tote_box *box;
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0)
		return rc;
	if (!id || !ret_box)
		return tote__fault(fault, TOTE_E_ARGUMENT, "box: ID or result is missing");
	if ((rc = tote__struct_in(&known, sizeof(known), OPTIONS_LEAST, options,
		     "struct tote_box_options", fault)) < 0 ||
		(rc = check_options(&known, fault)) < 0 ||
		(rc = tote__orchestrator_refresh(o, fault)) < 0)
		return rc;
	rc = tote__containers_open_box(o, id, &known, &box, fault);
	/* nothing of a damaged one can be completed; its repair asks the witness itself */
	if (!rc && box->ledger && !(known.flags & TOTE_BOX_REPAIR) &&
		(rc = touch(o, id, box, fault)) < 0)
		tote_box_unref(box);
	if (rc < 0) {
		tote__fault_set_box(fault, id);
		return rc;
	}
	*ret_box = box;
	return 0;
}
