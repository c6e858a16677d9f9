/* SPDX-License-Identifier: ISC */
/*
 * Opening a box: its place, its signer, and that its ledger is the one that was meant.
 */
#include "box/open.h"
#include "box/copy.h"
#include <stddef.h>
#include <string.h>

#define OPTIONS_LEAST                                                                              \
	(offsetof(struct tote_box_options, lock_wait_us) +                                         \
		sizeof(((struct tote_box_options *)0)->lock_wait_us))

/* --- making the handle ---------------------------------------------------------------------- */

const char *tote__box_backend(const struct box_config *config)
{
	return config->backend ? config->backend : "posix";
}

static int copy_name(char out[64], const char *name, const char *what, struct tote_fault *fault)
{
	const size_t len = strlen(name);

	if (len > 63)
		return tote__fault(
			fault, TOTE_E_GRAMMAR, "%s '%s' is longer than 63 bytes", what, name);
	memcpy(out, name, len + 1);
	return 0;
}

static int open_signer(tote_box *box, const struct box_config *config, struct tote_fault *fault)
{
	int rc;

	if (config->signer)
		rc = tote__signer_open_host(&box->signer, box->ctx, config->signer, fault);
	else if (config->key_path)
		rc = tote__signer_open_path(&box->signer, box->ctx, config->key_path, fault);
	else if (config->keys_file)
		/* of a root, which is a directory whatever its containers are (orchestrator.h) */
		rc = tote__signer_open(&box->signer, box->ctx, "posix", config->keys_location,
			config->keys_file, fault);
	else
		return 0;
	box->have_signer = rc == 0;
	return rc;
}

static int fill(tote_box *box, const struct box_config *config, struct tote_fault *fault)
{
	int rc = copy_name(box->backend, tote__box_backend(config), "backend", fault);

	if (rc == 0 && config->id)
		rc = copy_name(box->id, config->id, "ID", fault);
	box->guard = config->guard;
	box->keys = config->keys;
	box->reset = config->reset;
	box->observe = config->observe;
	box->type = config->type;
	box->flags = config->flags;
	box->last_state_seq = TOTE_SEQ_ANY;
	return rc;
}

/* A box without its ledger yet. The parent is its own only when all of it is made. */
int tote__box_new(const struct box_config *config, tote_box **ret, struct tote_fault *fault)
{
	tote_box *box = tote__heap_new(&config->ctx->heap, 1, sizeof(*box), fault);
	uint32_t flags = config->flags & TOTE_BOX_READ_ONLY ? STORE_READ_ONLY : 0;
	int rc;

	if (!box)
		return fault->code;
	box->ctx = tote_ctx_ref(config->ctx);
	atomic_init(&box->refs, 1);
	atomic_init(&box->state, STATE_NONE);
	box->parent = config->parent;
	rc = fill(box, config, fault);
	if (rc == 0)
		rc = tote__place_open(box->ctx, box->backend, config->location, config->layout,
			flags, &box->place, fault);
	if (rc == 0)
		rc = open_signer(box, config, fault);
	if (rc < 0)
		tote_box_unref(box);
	else
		*ret = box;
	return rc;
}

struct ledger_options tote__box_ledger_options(tote_box *box, const struct box_config *config)
{
	return (struct ledger_options){
		.ctx = box->ctx,
		.place = &box->place,
		.type = box->type,
		/* where nobody is told of them, the record's entries are not gone through */
		.observe = box->observe ? OBSERVE_ALL : OBSERVE_STATE,
		.origin = config->origin,
		.signer = box->have_signer ? &box->signer : NULL,
		.repairing = (box->flags & TOTE_BOX_REPAIR) != 0,
		.hooks = tote__box_hooks(box),
		.lock_wait_us = config->lock_wait_us,
		.fold_bytes = config->fold_bytes,
	};
}

/* --- entry 0 -------------------------------------------------------------------------------- */

int tote__box_read_first(struct view *v, struct entry *ret, struct tote_fault *fault)
{
	const uint8_t *bytes;
	uint8_t leaf[HASH_LEN];
	size_t len;
	int verified;
	int rc = tote__view_read(v, 0, &bytes, &len, leaf, &verified, fault);

	return rc < 0 ? rc : tote__entry_parse(bytes, len, ret, fault);
}

/* Who the container is, by its own first entry; and that it is the one that was expected. */
static int identify(
	tote_box *box, const struct entry *first, const char *origin, struct tote_fault *fault)
{
	char id[sizeof(box->id)], found[256];
	int rc = 0;

	if (box->type == LEDGER_CONTAINER) {
		rc = tote__entry_string(first, "id", id, sizeof(id), fault);
		if (rc == 0 && box->id[0] && strcmp(box->id, id) != 0)
			return tote__fault(fault, TOTE_E_UNTRUSTED,
				"%s holds the container '%s' where '%s' should be: put the right "
				"directory there (a copy keeps the ID of what it was made from)",
				box->place.location, id, box->id);
		if (rc == 0)
			memcpy(box->id, id, sizeof(id));
	}
	if (rc == 0)
		rc = tote__entry_string(first, "origin", found, sizeof(found), fault);
	if (rc == 0 && origin && strcmp(origin, found) != 0)
		return tote__fault(fault, TOTE_E_UNTRUSTED,
			"%s holds the ledger of '%s', not of '%s'", box->place.location, found,
			origin);
	if (rc == 0 && box->have_signer && strcmp(box->signer.key.name, found) != 0)
		return tote__fault(fault, TOTE_E_KEY,
			"the signing key is of '%s', the ledger of '%s'", box->signer.key.name,
			found);
	return rc;
}

int tote__box_check_first(tote_box *box, const char *origin, struct tote_fault *fault)
{
	struct entry first;
	struct view view;
	int rc = tote__box_view_part(box, 0, &view, fault);

	if (rc < 0)
		return rc;
	rc = view.limit > 0 ? 0 : tote__box_view_end(&view, fault);
	if (rc == 0)
		rc = tote__box_read_first(&view, &first, fault);
	if (rc == 0)
		rc = identify(box, &first, origin, fault);
	if (rc == 0 && box->type == LEDGER_CONTAINER) {
		uint32_t state;

		rc = tote__box_view_state(&view, &state, fault);
		if (rc == 0 && atomic_load(&box->state) == STATE_NONE)
			atomic_store(&box->state, state);
	}
	tote__view_close(&view);
	return rc;
}

/* --- opening -------------------------------------------------------------------------------- */

/* From here on the box owns its parent. */
int tote__box_give(tote_box *box, const struct box_config *config, int rc, tote_box **ret,
	struct tote_fault *fault)
{
	if (rc < 0) {
		tote__box_done(box, rc, fault);
		tote_box_unref(box);
		return rc;
	}
	box->parent_unref = config->parent_unref;
	*ret = box;
	return rc;
}

/*
 * What does not hold still for a reader may be damaged, or what somebody left: only who holds the
 * lock can tell, and settles it.
 */
static int check_held(tote_box *box, const char *origin, struct tote_fault *fault)
{
	int rc = tote__ledger_hold(box->ledger, fault);

	if (rc < 0)
		return rc;
	tote__ledger_release(box->ledger);
	return tote__box_check_first(box, origin, fault);
}

/*
 * What a reader's failure leaves to be found out with the lock. Behind a void line it sees nothing
 * of a journal that has no checkpoint yet; and damage is what a box to be repaired is opened for.
 */
static int may_go_on(const tote_box *box, int found)
{
	if (found == 0)
		return 1;
	if (box->flags & TOTE_BOX_REPAIR && (found == TOTE_E_DAMAGED || found == TOTE_E_MALFORMED))
		return 1;
	return found == TOTE_E_BUSY || found == TOTE_E_NOT_FOUND;
}

static int open_box(tote_box *box, const struct box_config *config, struct tote_fault *fault)
{
	const struct ledger_options options = tote__box_ledger_options(box, config);
	int found, rc = tote__copy_check_whole(&box->place, fault);

	if (rc < 0)
		return rc;
	found = tote__box_check_first(box, config->origin, fault);
	if (box->flags & TOTE_BOX_READ_ONLY || !may_go_on(box, found))
		return found;
	rc = tote__ledger_open(&options, &box->ledger, fault);
	if (rc == 0 && found < 0 && !(box->flags & TOTE_BOX_REPAIR))
		rc = check_held(box, config->origin, fault);
	return rc;
}

int tote__box_open(const struct box_config *config, tote_box **ret_box, struct tote_fault *fault)
{
	tote_box *box;
	int rc = tote__box_new(config, &box, fault);

	if (rc < 0)
		return rc;
	return tote__box_give(box, config, open_box(box, config, fault), ret_box, fault);
}

/* --- the public calls ------------------------------------------------------------------------ */

int tote_box_options_init(struct tote_box_options *options, size_t size, struct tote_fault *fault)
{
	FAULT_BEGIN(fault);
	return tote__struct_init(options, size, OPTIONS_LEAST, "box options", fault);
}

int tote__box_check_flags(uint32_t flags, struct tote_fault *fault)
{
	if (flags & TOTE_BOX_REPAIR && flags & (TOTE_BOX_READ_ONLY | TOTE_BOX_NO_SIGNER))
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"box options: a repair writes and signs: TOTE_BOX_REPAIR goes with neither "
			"TOTE_BOX_READ_ONLY nor TOTE_BOX_NO_SIGNER");
	if (flags & TOTE_BOX_STILL && !(flags & TOTE_BOX_READ_ONLY))
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"box options: where nobody writes this handle writes neither: "
			"TOTE_BOX_STILL "
			"goes with TOTE_BOX_READ_ONLY");
	return 0;
}

static int alone_config(
	const struct tote_box_options *in, struct box_config *config, struct tote_fault *fault)
{
	int rc = tote__flags_check(in->flags,
		TOTE_BOX_READ_ONLY | TOTE_BOX_NO_SIGNER | TOTE_BOX_REPAIR | TOTE_BOX_STILL,
		"box options", fault);

	if (rc == 0)
		rc = tote__box_check_flags(in->flags, fault);
	if (rc < 0)
		return rc;
	if ((in->key_file && in->signer) ||
		((in->key_file || in->signer) && in->flags & TOTE_BOX_NO_SIGNER))
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"box options: one of key_file, signer and TOTE_BOX_NO_SIGNER");
	config->backend = in->backend;
	config->flags = in->flags & (TOTE_BOX_READ_ONLY | TOTE_BOX_REPAIR | TOTE_BOX_STILL);
	config->lock_wait_us = in->lock_wait_us;
	config->key_path = in->key_file;
	config->signer = in->signer;
	return 0;
}

int tote_box_open_alone(tote_ctx *ctx, const char *location, const struct tote_box_options *options,
	tote_box **ret_box, struct tote_fault *fault)
{
	struct box_config config = {.ctx = ctx,
		.location = location,
		.type = LEDGER_CONTAINER,
		.layout = LAYOUT_CONTAINER};
	struct tote_box_options in;
	int rc;

	FAULT_BEGIN(fault);
	rc = tote__ctx_check(ctx, fault);
	if (rc < 0)
		return rc;
	if (!location || !*location || !ret_box)
		return tote__fault(fault, TOTE_E_ARGUMENT, "open: location or ret_box is NULL");
	rc = tote__struct_in(&in, sizeof(in), OPTIONS_LEAST, options, "box options", fault);
	if (rc == 0)
		rc = alone_config(&in, &config, fault);
	if (rc == 0)
		rc = tote__box_open(&config, ret_box, fault);
	return tote__box_done(NULL, rc, fault);
}
