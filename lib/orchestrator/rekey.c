/* SPDX-License-Identifier: ISC */
/*
 * A lost key is replaced (FORMAT section 6, container.rekeyed): nobody can prove the new one any
 * more, so the consolidated record vouches for it, and every verdict says so from then on.
 */
#include "ledger/rotation.h"
#include "orchestrator/containers.h"
#include "orchestrator/moves.h"
#include "orchestrator/record.h"
#include "orchestrator/witness.h"
#include "store/keystore.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_HERE 80

struct rekeying {
	tote_orchestrator *o;
	tote_box *box;
	const char *id;
	const char *actor;
	const char *reason;
	char next[NAME_MAX_HERE]; /* keys/ID.next */
	struct keyring keys;      /* of the whole log, and what replaced lost ones before */
	struct vkey lost;         /* in force */
	uint64_t at;              /* checkpoints that cover it are the new key's */
	uint64_t end;             /* of the ledger */
};

/* --- what is lost --------------------------------------------------------------------------- */

/* Behind the last entry that names a key, and not before one that was replaced earlier. */
static uint64_t behind_rotations(const struct keyring *keys)
{
	const struct key_step *last = &keys->steps[keys->count - 1];

	return keys->count < 2 ? 0 : last->at_seq + !last->replaced;
}

/*
 * What was signed with the lost key may be more than what is published: what it covers stays its.
 * One that cannot be read says nothing.
 */
static uint64_t signed_last(struct rekeying *r)
{
	char name[NAME_MAX_HERE];
	struct tote_fault unused;
	struct checkpoint c;
	struct note note;
	struct buf bytes;
	uint64_t size = 0;

	snprintf(name, sizeof(name), "%s.last", r->id);
	tote__buf_init(&bytes, &r->o->ctx->heap, NOTE_MAX);
	if (r->o->key_store.ops->cell_read(
		    r->o->key_store.handle, SPACE_KEYS, name, &bytes, &unused) == 0 &&
		tote__checkpoint_read(bytes.data, bytes.len, &note, &c, &unused) == 0 &&
		!strcmp(c.origin, tote__ledger_origin(r->box->ledger)) &&
		c.size <= tote__ledger_next(r->box->ledger))
		size = c.size;
	tote__buf_free(&bytes);
	return size;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* With the container's byte 0: the key in force, and from where on it is to be another's. */
static int find_lost(struct rekeying *r, struct tote_fault *fault)
{
	struct view view;
	int rc;

	r->end = tote__ledger_next(r->box->ledger);
	tote__keyring_free(&r->keys);
	rc = tote__keyring_add(&r->keys, 0, tote__ledger_vkey(r->box->ledger), fault);
	if (!rc)
		rc = tote__containers_keys(r->o, r->id, &r->keys, fault);
	if (!rc)
		rc = tote__box_view(r->box, 0, &view, fault);
	if (rc < 0)
		return rc;
	rc = tote__keyring_follow(&r->keys, tote__ledger_origin(r->box->ledger), &view, 0,
		view.limit < r->end ? view.limit : r->end, fault);
	r->lost = *tote__keyring_for(&r->keys, UINT64_MAX);
	r->at = larger(
		larger(view.replay.covered.size, signed_last(r)), behind_rotations(&r->keys));
	tote__view_close(&view);
	return rc;
}

/* --- what is not ---------------------------------------------------------------------------- */

/* 1 where that file of the key store holds the key in force. */
static int holds(struct rekeying *r, const char *file)
{
	struct tote_fault unused;
	struct vkey key;

	return tote__keystore_public(&r->o->key_store, file, &key, &unused) == 0 &&
	       tote__vkey_equal(&key, &r->lost);
}

/*
 * 1: keys/ID.next has it, since a rotation or a rekeying was interrupted; it gets its name. What is
 * not lost is not replaced.
 */
static int find_again(struct rekeying *r, struct tote_fault *fault)
{
	const struct place *keys = &r->o->key_store;
	int rc;

	if (holds(r, r->id))
		return tote__fault(fault, TOTE_E_EXISTS,
			"rekey '%s': its key is not lost, %s/%s holds it: totectl rotate %s gives "
			"it another",
			r->id, r->o->keys, r->id, r->id);
	if (!holds(r, r->next))
		return 0;
	rc = keys->ops->cell_rename(keys->handle, SPACE_KEYS, r->next, r->id, fault);
	return rc < 0 ? rc : 1;
}

/* --- the new one ---------------------------------------------------------------------------- */

/* The new key is durable before the entry that names it, and has its name after. */
static int replace(struct rekeying *r, struct tote_fault *fault)
{
	const struct place *keys = &r->o->key_store;
	struct vkey key;
	int rc = tote__keystore_make_over(
		keys, r->next, r->lost.name, KEY_TYPE_ED25519, &key, fault);

	if (!rc)
		rc = tote__record_rekeyed(
			r->o, r->id, &r->lost, &key, r->at, r->reason, r->actor, fault);
	if (rc < 0)
		return rc;
	rc = keys->ops->cell_rename(keys->handle, SPACE_KEYS, r->next, r->id, fault);
	if (rc < 0) {
		tote__fault_wrap(
			fault, "rekey '%s' is on record, the same call completes it", r->id);
		fault->effect = TOTE_EFFECT_DONE;
	}
	return rc;
}

/* With the container's bytes 2 and 0 and the record's: nobody folds, rotates or rekeys between. */
static int rekey_held(struct rekeying *r, struct tote_fault *fault)
{
	int rc;

	if ((rc = tote__witness_check_held(r->o, r->box, r->id, fault)) < 0 ||
		(rc = tote__moves_complete_held(r->o, r->id, r->box, fault)) < 0 ||
		(rc = find_lost(r, fault)) < 0 || (rc = find_again(r, fault)) < 0)
		return rc;
	return rc ? 0 : replace(r, fault);
}

static int rekey_box(struct rekeying *r, struct tote_fault *fault)
{
	int rc = tote__ledger_hold_key(r->box->ledger, fault);

	if (rc < 0)
		return rc;
	rc = tote__orchestrator_hold(r->o, fault);
	if (!rc) {
		rc = rekey_held(r, fault);
		tote__orchestrator_release(r->o);
	}
	tote__ledger_release_key(r->box->ledger);
	return rc;
}

/* --- and its first signature ----------------------------------------------------------------- */

/*
 * What lay in the journal comes under a checkpoint of the new key, and the witness sees it. Where
 * the last entry is the rotation to the lost key, the new one signs from the next entry on.
 */
static int sign_first(tote_orchestrator *o, const struct rekeying *r, struct tote_fault *fault)
{
	struct checkpoint head;
	tote_box *box;
	int rc = tote__containers_open_box(o, r->id, NULL, &box, fault);

	if (rc < 0)
		return rc;
	if (r->end > r->at)
		rc = tote__ledger_fold(box->ledger, &head, NULL, fault);
	if (rc == 0)
		rc = tote__witness_cosign(o, box, r->id, 0, NULL, fault);
	tote_box_unref(box);
	return rc;
}

static int rekey(tote_orchestrator *o, struct rekeying *r, struct tote_fault *fault)
{
	static const struct tote_box_options without = {
		.size = sizeof(without), .flags = TOTE_BOX_NO_SIGNER};
	int rc = tote__containers_open_box(o, r->id, &without, &r->box, fault);

	if (rc < 0)
		return rc;
	snprintf(r->next, sizeof(r->next), "%s.next", r->id);
	tote__keyring_init(&r->keys, &o->ctx->heap);
	rc = rekey_box(r, fault);
	tote__keyring_free(&r->keys);
	tote_box_unref(r->box);
	if (rc < 0)
		return rc;
	if ((rc = tote__orchestrator_refresh(o, fault)) == 0 && (rc = sign_first(o, r, fault)) == 0)
		rc = tote__record_fold(o, fault);
	return tote__orchestrator_done(rc, fault);
}

/* Below the record there is nothing that could vouch for a new key of its own. */
static int refuse_own(const char *id, struct tote_fault *fault)
{
	return tote__fault(fault, TOTE_E_UNSUPPORTED,
		"rekey '%s': nothing in this root can vouch for a new key of the root itself: "
		"bring "
		"orchestrator/keys back from a copy; where there is none, only a cosignature of an "
		"outside witness shows what this record was: begin a new root and register the "
		"containers there",
		id);
}

int tote_orchestrator_rekey(tote_orchestrator *o, const char *id, const char *actor,
	const char *reason, uint32_t flags, struct tote_fault *fault)
{
	struct rekeying r = {.o = o, .id = id, .actor = actor, .reason = reason};
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0)
		return rc;
	if (id && (!strcmp(id, KEY_FILE) || !strcmp(id, WITNESS_FILE)))
		return refuse_own(id, fault);
	if ((rc = tote__containers_check_id(id, fault)) < 0 ||
		(rc = tote__flags_check(flags, 0, "rekey", fault)) < 0)
		return rc;
	if (!reason || !*reason)
		return tote__fault(fault, TOTE_E_ARGUMENT, "rekey '%s': a reason is required", id);
	if (!(rc = tote__orchestrator_sound(o, fault)) &&
		!(rc = tote__orchestrator_refresh(o, fault)))
		rc = rekey(o, &r, fault);
	if (rc < 0)
		tote__fault_set_box(fault, id);
	return rc;
}
