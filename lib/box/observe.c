/* SPDX-License-Identifier: ISC */
/*
 * What a box knows from its ledger: the hooks through which every durable entry comes by, in order,
 * and the set of sealed paths that is built from all of them when it is first needed.
 */
#include "box/box.h"
#include "box/input.h"
#include "box/paths.h"
#include "box/sealed.h"
#include "box/settle.h"
#include <inttypes.h>
#include <string.h>

#define MOVE_KIND "container.state"

/* --- the state ------------------------------------------------------------------------------ */

static int state_field(
	const struct entry *e, const char *key, uint32_t *ret, struct tote_fault *fault)
{
	const struct entry_field *f = tote__entry_field(e, key);
	uint32_t state = f ? tote__state_parse(f->value, f->value_len) : STATE_NONE;

	if (state == STATE_NONE) {
		tote__fault(fault, TOTE_E_MALFORMED, "entry %" PRIu64 ": its %s is no state",
			e->seq, key);
		tote__fault_set_seq(fault, e->seq);
		return fault->code;
	}
	*ret = state;
	return 0;
}

int tote__box_follow(uint32_t *state, const struct entry *e, struct tote_fault *fault)
{
	if (e->version != 1)
		return 0;
	if (e->seq == 0 && tote__entry_is(e, "container.created"))
		*state = TOTE_STATE_ACTIVE;
	if (*state == STATE_NONE && tote__entry_field(e, "tote-state")) {
		int rc = state_field(e, "tote-state", state, fault);

		if (rc < 0)
			return rc;
	}
	if (tote__entry_is(e, MOVE_KIND))
		return state_field(e, "to", state, fault);
	return 0;
}

static int follow_viewed(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN],
	int verified, struct tote_fault *fault)
{
	(void)leaf, (void)verified;
	return tote__box_follow(user, e, fault);
}

int tote__box_view_state(struct view *v, uint32_t *ret_state, struct tote_fault *fault)
{
	const uint64_t end = v->limit;
	const uint64_t from = end > 0 ? (end - 1) / STATE_INTERVAL * STATE_INTERVAL : 0;

	*ret_state = STATE_NONE;
	return end > 0 ? tote__view_scan(v, from, end, follow_viewed, ret_state, fault) : 0;
}

static int follow(tote_box *box, const struct entry *e, struct tote_fault *fault)
{
	uint32_t state = atomic_load(&box->state);
	int rc = tote__box_follow(&state, e, fault);

	if (rc == 0 && e->version == 1 && tote__entry_is(e, MOVE_KIND)) {
		rc = state_field(e, "from", &box->last_from, fault);
		box->last_state_seq = e->seq;
	}
	if (rc == 0)
		atomic_store(&box->state, state);
	return rc;
}

static const char *what_to_do(uint32_t state)
{
	switch (state) {
	case TOTE_STATE_SUSPENDED:
		return "suspended: resume it first";
	case TOTE_STATE_ARCHIVED:
		return "archived, which is final: use another container";
	case TOTE_STATE_DISPOSED:
		return "disposed and takes nothing more: use another container";
	default:
		return "in no state that takes it";
	}
}

int tote__box_admit(const tote_box *box, const char *kind, struct tote_fault *fault)
{
	const uint32_t state = atomic_load(&box->state);

	if (box->type != LEDGER_CONTAINER || tote__state_admits(state, kind, strlen(kind)))
		return 0;
	return tote__fault(fault, TOTE_E_STATE, "%s: the container is %s", kind, what_to_do(state));
}

/* --- the paths ------------------------------------------------------------------------------ */

static void forget_paths(tote_box *box)
{
	tote__paths_free(box->paths);
	box->paths = NULL;
	box->paths_end = 0;
}

/*
 * A void names a seq, not the path that is free again, and a repair takes entries away: both are
 * rare, and the set is simply built anew when it is next needed.
 */
static int follow_paths(tote_box *box, const struct entry *e, struct tote_fault *fault)
{
	struct sealed fact;
	int rc = 0;

	if (!box->paths || e->seq < box->paths_end)
		return 0;
	if (e->seq > box->paths_end || e->version != 1 || tote__entry_is(e, VOID_KIND) ||
		tote__entry_is(e, "ledger.repaired")) {
		forget_paths(box);
		return 0;
	}
	if (tote__entry_is(e, SEALED_KIND))
		rc = tote__sealed_parse(e, &fact, fault);
	if (rc == 0 && tote__entry_is(e, SEALED_KIND))
		rc = tote__paths_add(box->paths, fact.path, e->seq, fault);
	box->paths_end = e->seq + 1;
	if (rc < 0)
		forget_paths(box);
	return rc;
}

/* The building of the set. A second pass leaves out what the first found voided. */
struct building {
	struct asset_paths *paths;
	struct buf voided; /* seqs, 8 bytes each, in the order of the voids */
	int skip;
	struct sealed fact;
};

static int is_voided(const struct building *b, uint64_t seq)
{
	struct reader r;

	tote__reader_init(&r, b->voided.data, b->voided.len);
	while (tote__reader_left(&r) > 0)
		if (tote__reader_u64(&r) == seq)
			return 1;
	return 0;
}

static int build(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	struct building *b = user;
	uint64_t seq;
	int rc;

	(void)leaf, (void)verified;
	if (e->version != 1)
		return 0;
	if (!b->skip && tote__entry_is(e, VOID_KIND)) {
		rc = tote__entry_number(e, "seal", &seq, fault);
		if (rc < 0)
			return rc;
		tote__buf_put_u64(&b->voided, seq);
		return tote__buf_check(&b->voided, "voided seals", fault);
	}
	if (!tote__entry_is(e, SEALED_KIND) || (b->skip && is_voided(b, e->seq)))
		return 0;
	rc = tote__sealed_parse(e, &b->fact, fault);
	return rc < 0 ? rc : tote__paths_add(b->paths, b->fact.path, e->seq, fault);
}

static int pass(tote_box *box, struct building *b, uint64_t next, struct tote_fault *fault)
{
	tote__paths_free(b->paths);
	b->paths = tote__paths_new(&box->ctx->heap, fault);
	if (!b->paths)
		return fault->code;
	return next ? tote__ledger_scan(box->ledger, 0, next, build, b, fault) : 0;
}

static int build_paths(tote_box *box, struct building *b, struct tote_fault *fault)
{
	const uint64_t next = tote__ledger_next(box->ledger);
	int rc = pass(box, b, next, fault);

	if (rc == 0 && b->voided.len > 0) {
		b->skip = 1;
		rc = pass(box, b, next, fault);
	}
	if (rc < 0) {
		tote__paths_free(b->paths);
		return rc;
	}
	box->paths = b->paths;
	box->paths_end = next;
	return 0;
}

int tote__box_paths(tote_box *box, struct tote_fault *fault)
{
	struct building *b;
	int rc;

	if (box->paths && box->paths_end == tote__ledger_next(box->ledger))
		return 0;
	forget_paths(box);
	b = tote__heap_new(&box->ctx->heap, 1, sizeof(*b), fault);
	if (!b)
		return fault->code;
	tote__buf_init(&b->voided, &box->ctx->heap, SIZE_MAX / 2);
	rc = build_paths(box, b, fault);
	tote__buf_free(&b->voided);
	tote__heap_free(&box->ctx->heap, b);
	return rc;
}

/* --- the hooks ------------------------------------------------------------------------------ */

static void hook_reset(void *user)
{
	tote_box *box = user;

	atomic_store(&box->state, STATE_NONE);
	box->last_from = STATE_NONE;
	box->last_state_seq = TOTE_SEQ_ANY;
	forget_paths(box);
	if (box->reset)
		box->reset(box->parent);
}

static int hook_observe(void *user, const struct entry *e, struct tote_fault *fault)
{
	tote_box *box = user;
	int rc = 0;

	if (box->type == LEDGER_CONTAINER) {
		rc = follow(box, e, fault);
		if (rc == 0)
			rc = follow_paths(box, e, fault);
	}
	if (rc == 0 && box->observe)
		rc = box->observe(box->parent, e, fault);
	return rc;
}

static int hook_admit(void *user, const struct draft *d, struct tote_fault *fault)
{
	return tote__box_admit(user, d->kind, fault);
}

static const char *hook_state(void *user)
{
	const tote_box *box = user;

	return tote_state_name(atomic_load(&box->state));
}

static int hook_settle(void *user, struct ledger *l, uint64_t from, struct tote_fault *fault)
{
	const tote_box *box = user;

	int rc = tote__settle(&box->place, l, from, fault);

	return rc < 0 ? rc : tote__input_settle(&box->place, l, from, fault);
}

static int hook_guard(void *user, const struct checkpoint *c, merkle_node_fn *node, void *tree,
	struct tote_fault *fault)
{
	const tote_box *box = user;

	return box->guard(box->parent, c, node, tree, fault);
}

static int hook_keys(void *user, struct keyring *keys, struct tote_fault *fault)
{
	const tote_box *box = user;

	return box->keys(box->parent, keys, fault);
}

struct ledger_hooks tote__box_hooks(tote_box *box)
{
	struct ledger_hooks hooks = {
		.user = box, .reset = hook_reset, .observe = hook_observe, .admit = hook_admit};

	if (box->type == LEDGER_CONTAINER) {
		hooks.state = hook_state;
		hooks.settle = hook_settle;
	}
	if (box->guard)
		hooks.guard = hook_guard;
	if (box->keys)
		hooks.keys = hook_keys;
	return hooks;
}
