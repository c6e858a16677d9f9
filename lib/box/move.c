/* SPDX-License-Identifier: ISC */
/*
 * A change of state, the container's half of it (FORMAT section 8): the entry that gates its
 * writers from the moment it is durable.
 */
#include "box/box.h"

struct last_move {
	uint64_t seq; /* TOTE_SEQ_ANY: none */
	uint32_t from;
};

static int note_move(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	struct last_move *last = user;
	const struct entry_field *from;

	(void)leaf, (void)verified, (void)fault;
	if (e->version != 1 || !tote__entry_is(e, "container.state"))
		return 0;
	from = tote__entry_field(e, "from");
	last->seq = e->seq;
	last->from = from ? tote__state_parse(from->value, from->value_len) : STATE_NONE;
	return 0;
}

/* The move that led into the present state; it may lie before what was observed. */
static int find_last(tote_box *box, struct last_move *ret, struct tote_fault *fault)
{
	ret->seq = box->last_state_seq;
	ret->from = box->last_from;
	if (ret->seq != TOTE_SEQ_ANY)
		return 0;
	return tote__ledger_scan(
		box->ledger, 0, tote__ledger_next(box->ledger), note_move, ret, fault);
}

static int write_move(tote_box *box, uint32_t from, uint32_t to, const char *actor,
	const char *reason, uint64_t *ret_seq, struct tote_fault *fault)
{
	const struct field fields[] = {tote__field_text("from", tote_state_name(from)),
		tote__field_text("to", tote_state_name(to)), tote__field_text("reason", reason)};
	const struct draft d = {.kind = "container.state",
		.actor = actor,
		.fields = fields,
		.field_count = sizeof(fields) / sizeof(fields[0])};

	return tote__ledger_write(box->ledger, &d, 1, ret_seq, fault);
}

int tote__box_move_held(tote_box *box, uint32_t to, const char *actor, const char *reason,
	uint32_t *ret_from, uint64_t *ret_seq, struct tote_fault *fault)
{
	const uint32_t state = atomic_load(&box->state);
	struct last_move last;
	int rc;

	if (state == to) {
		rc = find_last(box, &last, fault);
		if (rc == 0) {
			*ret_from = last.from;
			*ret_seq = last.seq;
		}
		return rc;
	}
	if (!tote__state_move(state, to))
		return tote__fault(fault, TOTE_E_STATE,
			"container '%s' is %s: there is no way from there to %s", box->id,
			tote_state_name(state), tote_state_name(to));
	rc = write_move(box, state, to, actor, reason, ret_seq, fault);
	if (rc == 0)
		*ret_from = state;
	return rc;
}

int tote__box_move(tote_box *box, uint32_t to, const char *actor, const char *reason,
	uint32_t *ret_from, uint64_t *ret_seq, struct tote_fault *fault)
{
	int rc;

	if (!tote_state_name(to))
		return tote__fault(fault, TOTE_E_ARGUMENT, "there is no state %u", (unsigned)to);
	rc = tote__box_check_write(box, fault);
	if (rc == 0)
		rc = tote__ledger_hold(box->ledger, fault);
	if (rc < 0)
		return rc;
	rc = tote__box_move_held(box, to, actor, reason, ret_from, ret_seq, fault);
	tote__ledger_release(box->ledger);
	return rc;
}
