/* SPDX-License-Identifier: ISC */
/*
 * Rotating keys of the key store: a container's, the record's, the witness's.
 */
#include "ledger/rotation.h"
#include "orchestrator/containers.h"
#include "orchestrator/moves.h"
#include "orchestrator/own_keys.h"
#include "orchestrator/record.h"
#include "orchestrator/witness.h"
#include <string.h>

/* What is to be rotated, by whom and why. */
struct rotating {
	const char *id;
	const char *actor;
	const char *reason;
};

/* --- a container's -------------------------------------------------------------------------- */

static int rotate_box(
	tote_orchestrator *o, tote_box *box, const struct rotating *r, struct tote_fault *fault)
{
	uint64_t seq;
	int rc;

	if (!box->have_signer)
		return tote__fault(fault, TOTE_E_NO_SIGNER,
			"rotate '%s': its key is not in this key store: rotate it where it is, or, "
			"where it is lost: totectl rekey %s",
			r->id, r->id);
	if ((rc = tote__witness_check(o, box, r->id, fault)) < 0 ||
		(rc = tote__moves_complete(o, r->id, box, fault)) < 0 ||
		(rc = tote__ledger_rotate(box->ledger, NULL, r->actor, r->reason, &seq, fault)) < 0)
		return rc;
	return tote__orchestrator_done(tote__witness_cosign(o, box, r->id, 0, NULL, fault), fault);
}

static int rotate_container(
	tote_orchestrator *o, const struct rotating *r, struct tote_fault *fault)
{
	tote_box *box;
	int rc = tote__containers_open_box(o, r->id, NULL, &box, fault);

	if (rc < 0)
		return rc;
	rc = rotate_box(o, box, r, fault);
	tote_box_unref(box);
	return rc;
}

/* --- the root's own ------------------------------------------------------------------------- */

static int rotate_record(tote_orchestrator *o, const struct rotating *r, struct tote_fault *fault)
{
	uint64_t seq;
	int rc = tote__orchestrator_records(o, fault);

	if (rc < 0)
		return rc;
	rc = tote__ledger_rotate(o->record->ledger, NULL, r->actor, r->reason, &seq, fault);
	if (rc < 0)
		return tote__fault_wrap(fault, "consolidated record");
	return tote__orchestrator_done(tote__orchestrator_refresh(o, fault), fault);
}

/* Equal key material would let one key speak for both (FORMAT section 6). */
static int refuse_equal(tote_orchestrator *o, const struct vkey *next, struct tote_fault *fault)
{
	struct vkey record;
	int rc = tote__own_key(o, TOTE_KEY_ORCHESTRATOR, &record, fault);

	if (!rc && !memcmp(record.pub, next->pub, sizeof(record.pub)))
		rc = tote__fault(fault, TOTE_E_KEY,
			"rotate: the witness's new key is the orchestrator's: try again");
	return rc;
}

/*
 * With the record held from the new key on to its name, so that no other process makes one between.
 * An entry that may be there or not keeps the next key where it is: who opens the root next looks.
 */
static int rotate_witness_held(
	tote_orchestrator *o, const struct rotating *r, struct tote_fault *fault)
{
	struct vkey next;
	uint64_t seq;
	int rc = tote__own_witness_follow(o, fault);

	if (rc < 0 || (rc = tote__signer_make_next(&o->witness, &next, fault)) < 0 ||
		(rc = refuse_equal(o, &next, fault)) < 0 ||
		(rc = tote__rotation_write(o->record->ledger, WITNESS_ROTATED_KIND, &o->witness,
			 &next, r->actor, r->reason, &seq, fault)) < 0)
		return rc;
	return tote__orchestrator_done(tote__signer_follow(&o->witness, &next, fault), fault);
}

static int rotate_witness(tote_orchestrator *o, const struct rotating *r, struct tote_fault *fault)
{
	int rc = tote__orchestrator_hold(o, fault);

	if (rc < 0)
		return rc;
	rc = rotate_witness_held(o, r, fault);
	tote__orchestrator_release(o);
	if (rc < 0)
		return rc;
	rc = tote__orchestrator_refresh(o, fault);
	if (!rc)
		rc = tote__record_fold(o, fault);
	return tote__orchestrator_done(rc, fault);
}

/* --- the public call ------------------------------------------------------------------------ */

static int rotate(tote_orchestrator *o, const struct rotating *r, struct tote_fault *fault)
{
	if (!strcmp(r->id, KEY_FILE))
		return rotate_record(o, r, fault);
	if (!strcmp(r->id, WITNESS_FILE))
		return rotate_witness(o, r, fault);
	return rotate_container(o, r, fault);
}

int tote_orchestrator_rotate(tote_orchestrator *o, const char *id, const char *actor,
	const char *reason, uint32_t flags, struct tote_fault *fault)
{
	const struct rotating r = {.id = id, .actor = actor, .reason = reason};
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0)
		return rc;
	if (!id || (strcmp(id, KEY_FILE) != 0 && strcmp(id, WITNESS_FILE) != 0)) {
		if ((rc = tote__containers_check_id(id, fault)) < 0)
			return rc;
	}
	if ((rc = tote__flags_check(flags, 0, "rotate", fault)) < 0)
		return rc;
	if (!reason || !*reason)
		return tote__fault(fault, TOTE_E_ARGUMENT, "rotate '%s': a reason is required", id);
	if (!(rc = tote__orchestrator_sound(o, fault)) &&
		!(rc = tote__orchestrator_refresh(o, fault)))
		rc = rotate(o, &r, fault);
	if (rc < 0)
		tote__fault_set_box(fault, id);
	return rc;
}
