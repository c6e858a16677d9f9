/* SPDX-License-Identifier: ISC */
/*
 * Changing a container's state: its own ledger first, since that gates the writers, the
 * consolidated record second, then a checkpoint over each and the witness's cosignature. Where the
 * container's ledger can take no entry the record alone bears the move and says so.
 */
#include "orchestrator/states.h"
#include "orchestrator/containers.h"
#include "orchestrator/moves.h"
#include "orchestrator/record.h"
#include "orchestrator/witness.h"
#include <stdio.h>
#include <string.h>

/* What is to become of which container. */
struct change {
	const char *id;
	uint32_t to;
	const char *actor;
	const char *reason;
	int unfolded; /* the container's checkpoint stays as it is */
};

/* The new state comes under a checkpoint and the witness sees it, where the key is here. */
static int seal_state(tote_orchestrator *o, const char *id, tote_box *box, struct tote_fault *fault)
{
	struct checkpoint head;
	int rc;

	if (!box->have_signer)
		return 0;
	rc = tote__ledger_fold(box->ledger, &head, NULL, fault);
	if (!rc)
		rc = tote__witness_cosign(o, box, id, 0, NULL, fault);
	return rc;
}

/* With both held: in the one, then in the other. */
static int move_both(
	tote_orchestrator *o, tote_box *box, const struct change *c, struct tote_fault *fault)
{
	uint64_t seq;
	uint32_t from;
	int rc;

	if ((rc = tote__witness_check_held(o, box, c->id, fault)) < 0 ||
		(rc = tote__moves_complete_held(o, c->id, box, fault)) < 0)
		return rc;
	if (atomic_load(&box->state) == c->to)
		return 0;
	rc = tote__box_move_held(box, c->to, c->actor, c->reason, &from, &seq, fault);
	if (!rc &&
		(rc = tote__record_state(o, c->id, from, c->to, c->reason, c->actor, fault)) < 0) {
		fault->effect = TOTE_EFFECT_DONE;
		tote__fault_wrap(fault,
			"the state is durable in the container's ledger, the consolidated record "
			"is completed when it is next touched");
	}
	return rc;
}

static int move(
	tote_orchestrator *o, tote_box *box, const struct change *c, struct tote_fault *fault)
{
	int rc = tote__ledger_hold(box->ledger, fault);

	if (rc < 0)
		return rc;
	rc = tote__orchestrator_hold(o, fault);
	if (!rc) {
		rc = move_both(o, box, c, fault);
		tote__orchestrator_release(o);
	}
	tote__ledger_release(box->ledger);
	if (rc < 0)
		return rc;
	rc = c->unfolded ? 0 : seal_state(o, c->id, box, fault);
	if (!rc)
		rc = tote__record_fold(o, fault);
	if (rc < 0)
		fault->effect = TOTE_EFFECT_DONE; /* the state is durable in both ledgers */
	return rc;
}

/* --- the record alone ----------------------------------------------------------------------- */

/* What the container's ledger cannot take an entry for; anything else may be over soon. */
static const char *why_alone(int rc)
{
	switch (rc) {
	case TOTE_E_DAMAGED:
	case TOTE_E_MALFORMED:
		return "its ledger is damaged";
	case TOTE_E_ROLLBACK:
		return "an older copy of it lies there";
	case TOTE_E_FORK:
		return "another history of it lies there";
	case TOTE_E_UNREACHABLE:
		return "it is lost";
	case TOTE_E_UNTRUSTED:
		return "something else lies in its place";
	default:
		return NULL;
	}
}

static int record_alone(
	tote_orchestrator *o, const struct change *c, const char *why, struct tote_fault *fault)
{
	static const char form[] = "%s (recorded here alone: %s)";
	uint32_t from = tote__moves_recorded_state(o, c->id);
	size_t room = sizeof(form) + strlen(c->reason) + strlen(why);
	char *reason;
	int rc;

	if (from == c->to)
		return 0;
	if (!tote__state_move(from, c->to))
		return tote__fault(fault, TOTE_E_STATE,
			"container '%s' is %s: there is no way from there to %s", c->id,
			from == STATE_NONE ? "detached" : tote_state_name(from),
			tote_state_name(c->to));
	reason = tote__heap_new(&o->ctx->heap, room, 1, fault);
	if (!reason)
		return TOTE_E_NO_MEMORY;
	snprintf(reason, room, form, c->reason, why);
	rc = tote__record_state(o, c->id, from, c->to, reason, c->actor, fault);
	tote__heap_free(&o->ctx->heap, reason);
	return rc;
}

/* Takes the fault of what was tried on the container's ledger, and what is to be said of it. */
static int move_alone(tote_orchestrator *o, const struct change *c, struct tote_fault *fault)
{
	struct tote_fault why = *fault;
	int rc;

	tote__fault_clear(fault);
	if ((rc = tote__orchestrator_hold(o, fault)) < 0)
		return rc;
	rc = record_alone(o, c, why_alone(why.code), fault);
	tote__orchestrator_release(o);
	if (rc < 0 || (rc = tote__orchestrator_refresh_after(o, rc, fault)) < 0 ||
		(rc = tote__orchestrator_done(tote__record_fold(o, fault), fault)) < 0)
		return rc;
	tote__log(&o->ctx->log, TOTE_LOG_WARNING,
		"the consolidated record alone bears the state of '%s': %s", c->id, why.text);
	return 0;
}

/* --- the public calls ----------------------------------------------------------------------- */

static int set_state(tote_orchestrator *o, const struct change *c, struct tote_fault *fault)
{
	tote_box *box;
	int rc = tote__containers_open_box(o, c->id, NULL, &box, fault);

	if (!rc) {
		rc = tote__containers_check_key(o, c->id, box, fault);
		if (!rc)
			rc = move(o, box, c, fault);
		tote_box_unref(box);
	}
	if (rc < 0 && fault->effect == TOTE_EFFECT_NONE && why_alone(rc))
		rc = move_alone(o, c, fault);
	return tote__orchestrator_refresh_after(o, rc, fault);
}

int tote__states_suspend(tote_orchestrator *o, const char *id, const char *actor,
	const char *reason, struct tote_fault *fault)
{
	const struct change c = {.id = id,
		.to = TOTE_STATE_SUSPENDED,
		.actor = actor,
		.reason = reason,
		.unfolded = 1};
	int rc = tote__orchestrator_sound(o, fault);

	return rc < 0 ? rc : set_state(o, &c, fault);
}

int tote_orchestrator_set_state(tote_orchestrator *o, const char *id, uint32_t state,
	const char *actor, const char *reason, uint32_t flags, struct tote_fault *fault)
{
	const struct change c = {.id = id, .to = state, .actor = actor, .reason = reason};
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0 ||
		(rc = tote__containers_check_id(id, fault)) < 0 ||
		(rc = tote__flags_check(flags, 0, "state", fault)) < 0)
		return rc;
	if (!tote_state_name(state) || !reason || !*reason)
		return tote__fault(fault, TOTE_E_ARGUMENT, "state of '%s': %s", id,
			tote_state_name(state) ? "a reason is required" : "there is no such state");
	if (!(rc = tote__orchestrator_sound(o, fault)) &&
		!(rc = tote__orchestrator_refresh(o, fault)))
		rc = set_state(o, &c, fault);
	if (rc < 0)
		tote__fault_set_box(fault, id);
	return rc;
}

int tote_orchestrator_witness(tote_orchestrator *o, const char *id, uint32_t flags,
	uint64_t *ret_size, struct tote_fault *fault)
{
	tote_box *box;
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0 ||
		(rc = tote__containers_check_id(id, fault)) < 0 ||
		(rc = tote__flags_check(flags, 0, "witness", fault)) < 0 ||
		(rc = tote__orchestrator_sound(o, fault)) < 0 ||
		(rc = tote__orchestrator_refresh(o, fault)) < 0)
		return rc;
	if (!(rc = tote__containers_open_box(o, id, NULL, &box, fault))) {
		rc = tote__witness_cosign(o, box, id, 0, ret_size, fault);
		tote_box_unref(box);
	}
	if (rc < 0)
		tote__fault_set_box(fault, id);
	return rc;
}
