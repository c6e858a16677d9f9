/* SPDX-License-Identifier: ISC */
/*
 * Moves of state. What the consolidated record says of a container's states is a copy of what the
 * container's ledger says. A crash between the two leaves the record one move behind; a move that
 * the record alone bore, while the container was lost, leaves it one ahead.
 */
#include "orchestrator/moves.h"
#include "orchestrator/move_list.h"
#include "orchestrator/record.h"
#include "orchestrator/witness.h"
#include <string.h>

uint32_t tote__moves_recorded_state(tote_orchestrator *o, const char *id)
{
	const struct known *k;
	uint32_t state;

	tote__orchestrator_lock(o);
	k = tote__registry_find(&o->registry, id);
	state = k && k->location ? k->state : STATE_NONE;
	tote__orchestrator_unlock(o);
	return state;
}

/* --- the moves on record -------------------------------------------------------------------- */

/* The moves of one container among those of the consolidated record. */
struct recorded {
	const char *id;
	struct move_list list;
};

static int collect_recorded(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN],
	int verified, struct tote_fault *fault)
{
	struct recorded *r = user;
	const struct entry_field *of = tote__entry_field(e, "container");

	if (!of || of->value_len != strlen(r->id) || memcmp(of->value, r->id, of->value_len) != 0)
		return 0;
	return tote__move_list_take(&r->list, e, leaf, verified, fault);
}

/* --- completing ----------------------------------------------------------------------------- */

static int differ(
	tote_orchestrator *o, const char *id, const tote_box *box, struct tote_fault *fault)
{
	const char *recorded = tote_state_name(tote__moves_recorded_state(o, id));
	const char *own = tote_state_name(atomic_load(&box->state));

	return tote__fault(fault, TOTE_E_MISMATCH,
		"container '%s' is %s by its own ledger and %s by the consolidated record, and "
		"that is more than one last move: totectl log %s and totectl log orchestrator "
		"show them",
		id, own ? own : "in no state", recorded ? recorded : "in no state", id);
}

/* 1 where the longer list is the shorter one and one move more. */
static int is_one_more(const struct move_list *longer, const struct move_list *shorter)
{
	if (longer->count != shorter->count + 1)
		return 0;
	for (size_t i = 0; i < shorter->count; i++)
		if (longer->items[i].from != shorter->items[i].from ||
			longer->items[i].to != shorter->items[i].to)
			return 0;
	return 1;
}

/* The container was lost when the record took the move; nothing is appended to an older copy. */
static int complete_container(tote_orchestrator *o, const char *id, tote_box *box,
	const struct move *last, struct tote_fault *fault)
{
	uint64_t seq;
	uint32_t from;
	int rc = tote__witness_check_held(o, box, id, fault);

	if (rc < 0)
		return rc;
	return tote__box_move_held(box, last->to, last->actor, last->reason, &from, &seq, fault);
}

static int complete_by(tote_orchestrator *o, const char *id, tote_box *box,
	const struct move_list *own, const struct move_list *recorded, struct tote_fault *fault)
{
	const struct move *last;

	if (is_one_more(own, recorded)) {
		last = &own->items[own->count - 1];
		return tote__record_state(
			o, id, last->from, last->to, last->reason, last->actor, fault);
	}
	if (is_one_more(recorded, own))
		return complete_container(o, id, box, &recorded->items[recorded->count - 1], fault);
	return differ(o, id, box, fault);
}

int tote__moves_complete_held(
	tote_orchestrator *o, const char *id, tote_box *box, struct tote_fault *fault)
{
	struct recorded recorded = {.id = id};
	struct move_list own;
	int rc;

	if (tote__moves_recorded_state(o, id) == atomic_load(&box->state))
		return 0;
	tote__move_list_init(&own, &o->ctx->heap);
	tote__move_list_init(&recorded.list, &o->ctx->heap);
	rc = tote__ledger_scan(
		box->ledger, 0, tote__ledger_next(box->ledger), tote__move_list_take, &own, fault);
	if (!rc)
		rc = tote__ledger_scan(o->record->ledger, 0, tote__ledger_next(o->record->ledger),
			collect_recorded, &recorded, fault);
	if (!rc)
		rc = complete_by(o, id, box, &own, &recorded.list, fault);
	tote__move_list_free(&own);
	tote__move_list_free(&recorded.list);
	return rc;
}

static int follow(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	(void)leaf;
	(void)verified;
	return tote__box_follow(user, e, fault);
}

/* The container's state by one bundle of its ledger, read without its lock. */
static int look_at_state(tote_box *box, uint32_t *ret, struct tote_fault *fault)
{
	struct view view;
	uint64_t from;
	int rc = tote__box_view(box, 0, &view, fault);

	*ret = STATE_NONE;
	if (rc < 0)
		return rc;
	from = view.limit ? (view.limit - 1) / STATE_INTERVAL * STATE_INTERVAL : 0;
	rc = tote__view_scan(&view, from, view.limit, follow, ret, fault);
	tote__view_close(&view);
	return rc;
}

int tote__moves_complete(
	tote_orchestrator *o, const char *id, tote_box *box, struct tote_fault *fault)
{
	uint32_t state;
	int rc;

	if (!tote__orchestrator_ledger(o) || !box->ledger)
		return 0;
	rc = look_at_state(box, &state, fault);
	if (!rc && state == tote__moves_recorded_state(o, id))
		return 0;
	if (rc == TOTE_E_NO_MEMORY)
		return rc;
	/* looked at again with both held: what is found then is so for all processes */
	tote__fault_clear(fault);
	if ((rc = tote__ledger_hold(box->ledger, fault)) < 0)
		return rc;
	rc = tote__orchestrator_hold(o, fault);
	if (!rc) {
		rc = tote__moves_complete_held(o, id, box, fault);
		tote__orchestrator_release(o);
	}
	tote__ledger_release(box->ledger);
	return rc ? rc : tote__orchestrator_refresh(o, fault);
}
