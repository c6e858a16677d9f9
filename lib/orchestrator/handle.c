/* SPDX-License-Identifier: ISC */
/*
 * The handle of a root: opening it, which opens no container, its references, and what is of the
 * root itself: its public keys and its record.
 */
#include "orchestrator/index_file.h"
#include "orchestrator/agenda.h"
#include "orchestrator/footprints.h"
#include "orchestrator/own_keys.h"
#include "store/keystore.h"
#include <string.h>

int tote__orchestrator_check(const tote_orchestrator *o, struct tote_fault *fault)
{
	if (!o)
		return tote__fault(fault, TOTE_E_ARGUMENT, "orchestrator: the handle is NULL");
	return tote__ctx_check(o->ctx, fault);
}

int tote__orchestrator_writable(const tote_orchestrator *o, struct tote_fault *fault)
{
	if (o->flags & TOTE_ORCHESTRATOR_READ_ONLY)
		return tote__fault(fault, TOTE_E_READ_ONLY, "'%s' was opened read-only", o->root);
	return 0;
}

int tote__orchestrator_sound(tote_orchestrator *o, struct tote_fault *fault)
{
	struct tote_fault salvaged;
	int rc = tote__orchestrator_writable(o, fault);

	if (rc < 0)
		return rc;
	tote__orchestrator_lock(o);
	salvaged = o->salvaged;
	tote__orchestrator_unlock(o);
	if (!salvaged.code && !o->keyless.code)
		return 0;
	*fault = salvaged.code ? salvaged : o->keyless;
	return fault->code;
}

/* --- the handle ----------------------------------------------------------------------------- */

static char *join(const struct heap *heap, const char *a, const char *b, struct tote_fault *fault)
{
	size_t a_len = strlen(a), b_len = strlen(b);
	char *s = tote__heap_new(heap, a_len + b_len + 1, 1, fault);

	if (!s)
		return NULL;
	memcpy(s, a, a_len);
	memcpy(s + a_len, b, b_len + 1);
	return s;
}

void tote__orchestrator_free(tote_orchestrator *o)
{
	tote_ctx *ctx = o->ctx;

	tote__agenda_free(o);
	tote__view_close(&o->view);
	tote_box_unref(o->record);
	if (o->have_witness)
		tote__signer_close(&o->witness);
	tote__place_close(&o->key_store);
	tote__place_close(&o->place);
	tote__registry_free(&o->registry);
	tote__orchestrator_lock_free(&ctx->heap, o->lock);
	tote__footprints_free(o->footprints);
	tote__heap_free(&ctx->heap, o->keys);
	tote__heap_free(&ctx->heap, o->location);
	tote__heap_free(&ctx->heap, o->root);
	tote__heap_free(&ctx->heap, o);
	tote_ctx_unref(ctx);
}

int tote__orchestrator_new(tote_ctx *ctx, const char *root, uint32_t flags, tote_orchestrator **ret,
	struct tote_fault *fault)
{
	tote_orchestrator *o = tote__heap_new(&ctx->heap, 1, sizeof(*o), fault);

	if (!o)
		return TOTE_E_NO_MEMORY;
	o->ctx = tote_ctx_ref(ctx);
	o->flags = flags;
	atomic_init(&o->refs, 1);
	tote__registry_init(&o->registry, &ctx->heap);
	tote__line_self(&o->self, &ctx->clock);
	o->lock = tote__orchestrator_lock_new(&ctx->heap, fault);
	o->footprints = o->lock ? tote__footprints_new(&ctx->heap, fault) : NULL;
	o->agenda = o->footprints ? tote__agenda_new(&ctx->heap, fault) : NULL;
	o->root = o->agenda ? tote__place_absolute(ctx, root, fault) : NULL;
	o->location = o->root ? join(&ctx->heap, o->root, "/orchestrator", fault) : NULL;
	o->keys = o->location ? join(&ctx->heap, o->location, "/keys", fault) : NULL;
	if (!o->keys) {
		tote__orchestrator_free(o);
		return fault->code;
	}
	*ret = o;
	return 0;
}

struct box_config tote__orchestrator_record_config(const tote_orchestrator *o)
{
	struct box_config config = {
		.ctx = o->ctx,
		.backend = POSIX_BACKEND,
		.location = o->location,
		.id = RECORD_ID,
		.type = LEDGER_RECORD,
		.layout = LAYOUT_ORCHESTRATOR,
		.keys_location = o->keys,
		.keys_file = KEY_FILE,
	};

	if (o->flags & TOTE_ORCHESTRATOR_READ_ONLY || o->refused.code) {
		config.flags = TOTE_BOX_READ_ONLY;
		config.keys_location = config.keys_file = NULL;
	}
	if (o->keyless.code)
		config.keys_location = config.keys_file = NULL;
	return config;
}

/* --- opening -------------------------------------------------------------------------------- */

static int not_a_root(const char *root, struct tote_fault *fault)
{
	return tote__fault(fault, TOTE_E_NOT_A_ROOT,
		"'%s' is not an orchestration root (it has no orchestrator/ledger): totectl -C DIR "
		"init --origin NAME makes one",
		root);
}

int tote__orchestrator_open_places(tote_orchestrator *o, struct tote_fault *fault)
{
	uint32_t flags = o->flags & TOTE_ORCHESTRATOR_READ_ONLY ? STORE_READ_ONLY : 0;
	int rc = tote__place_open(
		o->ctx, POSIX_BACKEND, o->location, LAYOUT_ORCHESTRATOR, flags, &o->place, fault);

	if (rc)
		return rc;
	rc = tote__place_open(
		o->ctx, POSIX_BACKEND, o->keys, LAYOUT_KEYS, flags, &o->key_store, fault);
	if (rc && flags && rc != TOTE_E_NOT_FOUND && rc != TOTE_E_NO_MEMORY) {
		/* keys/ is for its owner alone; who only reads needs none */
		memset(&o->key_store, 0, sizeof(o->key_store));
		tote__fault_clear(fault);
		rc = 0;
	}
	return rc;
}

/* The key is there and can be a key: what is wrong with it is said of it, not of the root. */
static int check_key(tote_orchestrator *o, const char *file, struct tote_fault *fault)
{
	struct vkey key;
	int rc = tote__keystore_public(&o->key_store, file, &key, fault);

	if (rc == TOTE_E_NOT_FOUND)
		return tote__fault(fault, TOTE_E_KEY,
			"key file %s/%s is missing: bring orchestrator/keys back from a copy",
			o->keys, file);
	return rc;
}

static int is_damage(int rc)
{
	return rc == TOTE_E_DAMAGED || rc == TOTE_E_MALFORMED || rc == TOTE_E_BAD_SIGNATURE ||
	       rc == TOTE_E_NO_SIGNATURE || rc == TOTE_E_UNTRUSTED;
}

static int try_record(tote_orchestrator *o, struct tote_fault *fault)
{
	struct box_config config = tote__orchestrator_record_config(o);

	tote__fault_clear(fault);
	return tote__box_open(&config, &o->record, fault);
}

/* Without its key the record still takes entries, and nobody signs for them. */
static int try_unsigned(tote_orchestrator *o, struct tote_fault *fault)
{
	tote__fault_wrap(fault, "key file %s/" KEY_FILE, o->keys);
	o->keyless = *fault;
	return try_record(o, fault);
}

/*
 * Of a damaged record what is whole can be read, or what can be read at all is looked for: so that
 * audits go on and can say so.
 */
static int open_record(tote_orchestrator *o, struct tote_fault *fault)
{
	int rc = try_record(o, fault);

	if (rc == TOTE_E_KEY && !o->keyless.code)
		rc = try_unsigned(o, fault);
	if (rc == TOTE_E_NOT_FOUND) /* a root has both from its first moment on */
		rc = tote__fault(fault, TOTE_E_DAMAGED,
			"%s/ledger: there is neither a checkpoint nor a journal that begins at "
			"entry 0: bring orchestrator/ledger back from a copy, or finish with init",
			o->location);
	if (!is_damage(rc))
		return rc;
	if (rc == TOTE_E_MALFORMED)
		tote__fault_wrap(fault, "%s/ledger/log", o->location);
	o->refused = *fault;
	rc = try_record(o, fault);
	if (rc == TOTE_E_NO_MEMORY)
		return rc;
	if (rc < 0)
		o->record = NULL;
	tote__fault_clear(fault);
	return 0;
}

/* A rotation of its key that was interrupted is completed, where the record can be held. */
static int follow_witness(tote_orchestrator *o, struct tote_fault *fault)
{
	struct vkey wanted;
	int rc = tote__own_key(o, TOTE_KEY_WITNESS, &wanted, fault);

	if (rc < 0 || tote__vkey_equal(&wanted, &o->witness.key))
		return rc;
	if ((rc = tote__orchestrator_hold(o, fault)) < 0)
		return rc;
	rc = tote__own_witness_follow(o, fault);
	tote__orchestrator_release(o);
	return rc;
}

static int read_witness(tote_orchestrator *o, struct tote_fault *fault)
{
	char vkey[VKEY_MAX], wanted[320];
	int rc;

	if ((rc = check_key(o, WITNESS_FILE, fault)) < 0 ||
		(rc = tote__signer_open(
			 &o->witness, o->ctx, POSIX_BACKEND, o->keys, WITNESS_FILE, fault)) < 0)
		return rc;
	o->have_witness = 1;
	rc = follow_witness(o, fault);
	tote__vkey_format(&o->witness.key, vkey);
	tote__own_key_text(o, TOTE_KEY_WITNESS, wanted);
	if (rc < 0 || strcmp(vkey, wanted) != 0)
		return tote__fault(fault, TOTE_E_KEY,
			"key file %s/" WITNESS_FILE
			" holds the key of '%s', not the witness's that "
			"the consolidated record names: bring orchestrator/keys back from a copy",
			o->keys, o->witness.key.name);
	return 0;
}

/* Without it nothing is cosigned; all else goes on. */
static int open_witness(tote_orchestrator *o, struct tote_fault *fault)
{
	int rc = read_witness(o, fault);

	if (rc != TOTE_E_KEY && rc != TOTE_E_UNTRUSTED)
		return rc;
	if (o->have_witness)
		tote__signer_close(&o->witness);
	o->have_witness = 0;
	if (!o->keyless.code)
		o->keyless = *fault;
	tote__fault_clear(fault);
	return 0;
}

/* The record's key file is looked at before its ledger is: what is wrong with it stops no reader. */
static int look_at_key(tote_orchestrator *o, struct tote_fault *fault)
{
	int rc = check_key(o, KEY_FILE, fault);

	if (rc != TOTE_E_KEY && rc != TOTE_E_UNTRUSTED && rc != TOTE_E_MALFORMED)
		return rc;
	o->keyless = *fault;
	tote__fault_clear(fault);
	return 0;
}

/* A directory without a ledger is no root, whatever keys it has. */
static int check_root(tote_orchestrator *o, struct tote_fault *fault)
{
	struct store_stat st;
	int rc = o->place.ops->stat(o->place.handle, SPACE_LOG, "", &st, fault);

	return rc == TOTE_E_NOT_FOUND ? not_a_root(o->root, fault) : rc;
}

static int open_all(tote_orchestrator *o, struct tote_fault *fault)
{
	int read_only = (o->flags & TOTE_ORCHESTRATOR_READ_ONLY) != 0;
	int rc = tote__orchestrator_open_places(o, fault);

	if (rc == TOTE_E_NOT_FOUND)
		return not_a_root(o->root, fault);
	if (rc < 0 || (rc = check_root(o, fault)) < 0 ||
		(!read_only && (rc = look_at_key(o, fault)) < 0) ||
		(rc = open_record(o, fault)) < 0)
		return rc;
	tote__index_load(o);
	if ((rc = tote__orchestrator_refresh(o, fault)) < 0 || read_only)
		return rc;
	tote__index_save(o);
	return open_witness(o, fault);
}

int tote_orchestrator_open(tote_ctx *ctx, const char *root, uint32_t flags,
	tote_orchestrator **ret_orchestrator, struct tote_fault *fault)
{
	tote_orchestrator *o = NULL;
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__ctx_check(ctx, fault)) < 0 ||
		(rc = tote__flags_check(
			 flags, TOTE_ORCHESTRATOR_READ_ONLY, "orchestrator", fault)) < 0)
		return rc;
	if (!root || !*root || !ret_orchestrator)
		return tote__fault(
			fault, TOTE_E_ARGUMENT, "orchestrator: root or result is missing");
	if ((rc = tote__orchestrator_new(ctx, root, flags, &o, fault)) < 0)
		return rc;
	if ((rc = open_all(o, fault)) < 0) {
		tote__orchestrator_free(o);
		return rc;
	}
	*ret_orchestrator = o;
	return 0;
}

tote_orchestrator *tote_orchestrator_ref(tote_orchestrator *o)
{
	if (o)
		atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed);
	return o;
}

tote_orchestrator *tote_orchestrator_unref(tote_orchestrator *o)
{
	if (o && atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) == 1)
		tote__orchestrator_free(o);
	return NULL;
}

int tote_orchestrator_close(tote_orchestrator *o, struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	if (!o)
		return 0;
	rc = tote__orchestrator_check(o, fault);
	if (!rc) {
		tote__agenda_park_all(o);
		tote__index_save(o);
	}
	tote_orchestrator_unref(o);
	return rc;
}

/* --- of the root itself --------------------------------------------------------------------- */

int tote_orchestrator_key(
	tote_orchestrator *o, uint32_t which, char *ret_vkey, size_t cap, struct tote_fault *fault)
{
	char vkey[320];
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0)
		return rc;
	if (!ret_vkey || (which != TOTE_KEY_ORCHESTRATOR && which != TOTE_KEY_WITNESS))
		return tote__fault(fault, TOTE_E_ARGUMENT, "key: no such key, or no place for it");
	tote__own_key_text(o, which, vkey);
	if (strlen(vkey) >= cap)
		return tote__fault(
			fault, TOTE_E_TOO_LARGE, "key: it needs %zu bytes", strlen(vkey) + 1);
	memcpy(ret_vkey, vkey, strlen(vkey) + 1);
	return 0;
}

static void record_parent_unref(void *parent)
{
	tote_orchestrator_unref(parent);
}

int tote_orchestrator_record(tote_orchestrator *o, tote_box **ret_box, struct tote_fault *fault)
{
	struct box_config config;
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0)
		return rc;
	if (!ret_box)
		return tote__fault(fault, TOTE_E_ARGUMENT, "record: no place for the box");
	if (!o->record && o->refused.code) {
		*fault = o->refused;
		return fault->code;
	}
	config = tote__orchestrator_record_config(o);
	config.parent = tote_orchestrator_ref(o);
	config.parent_unref = record_parent_unref;
	rc = tote__box_open(&config, ret_box, fault);
	if (rc < 0)
		tote_orchestrator_unref(o);
	return rc;
}
