/* SPDX-License-Identifier: ISC */
/*
 * One entry after the other. An entry that is not what it must be is named and still taken for what
 * it says, so that one fault gives one finding.
 */
#include "audit/entries.h"
#include "base/text.h"
#include "box/state.h"
#include "ledger/kind.h"
#include "ledger/logdir.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define UNKNOWN_MAX 16 /* named one by one; what is more of that is no news */

int tote__entries_init(struct entries *s, struct inquiry *q, struct tote_fault *fault)
{
	memset(s, 0, sizeof(*s));
	s->q = q;
	tote__asset_table_init(&s->assets, q->heap);
	tote__keyring_init(&s->keys, q->heap);
	tote__keyring_init(&s->witness, q->heap);
	tote__covered_init(&s->earlier, q->heap);
	tote__buf_init(&s->scratch, q->heap, ENTRY_MAX + 1);
	if (tote__covered_set(&s->earlier, q->target->earlier, q->target->earlier_count, fault) < 0)
		return fault->code;
	return tote__entries_reset(s, fault);
}

void tote__entries_free(struct entries *s)
{
	if (!s->q)
		return;
	tote__asset_table_free(&s->assets);
	tote__keyring_free(&s->keys);
	tote__keyring_free(&s->witness);
	tote__covered_free(&s->earlier);
	tote__heap_free(s->q->heap, s->moves);
	tote__buf_free(&s->scratch);
	memset(s, 0, sizeof(*s));
}

int tote__entries_reset(struct entries *s, struct tote_fault *fault)
{
	const struct run_target *t = s->q->target;

	tote__asset_table_free(&s->assets);
	tote__keyring_free(&s->keys);
	tote__keyring_free(&s->witness);
	s->type = t->type;
	s->origin[0] = '\0';
	s->next = 0;
	s->have_leaf = 0;
	s->state = STATE_NONE;
	s->move_count = 0;
	s->last_from = STATE_NONE;
	s->last_reason[0] = '\0';
	s->last_actor[0] = '\0';
	s->lost = 0;
	s->last_us = 0;
	s->lost_us = 0;
	s->unknown = 0;
	tote__covered_reset(&s->earlier);
	for (size_t i = 0; i < t->rekey_count; i++) {
		int rc = tote__keyring_replace(
			&s->keys, t->rekeys[i].at_seq, &t->rekeys[i].key, NULL, fault);

		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Where an entry was found. */
struct spot {
	int space;
	const char *name;
};

static int found(struct entries *s, int code, const struct spot *at, const char *expected,
	const char *was, struct tote_fault *fault)
{
	return tote__inquiry_find(s->q, code, at->space, at->name, s->next, expected, was, fault);
}

/* --- entry 0 -------------------------------------------------------------------------------- */

static int is_container(const struct inquiry *q)
{
	return q->target->layout == LAYOUT_CONTAINER || q->target->layout == LAYOUT_ORCHESTRATOR;
}

/* A ledger alone does not say which of the two it is, but its first entry does. */
static void settle_type(struct entries *s, const struct entry *e)
{
	if (is_container(s->q))
		return;
	if (tote__entry_is(e, "orchestrator.created"))
		s->type = LEDGER_RECORD;
	else if (tote__entry_is(e, "container.created"))
		s->type = LEDGER_CONTAINER;
}

/* FORMAT section 10: what a restored copy that cannot go on is followed by. */
static int tell_predecessor(
	struct entries *s, const struct entry *e, const struct spot *at, struct tote_fault *fault)
{
	char origin[KEY_NAME_MAX + 1] = "", size[32] = "", text[400];
	struct tote_fault unused;

	tote__entry_string(e, "predecessor-origin", origin, sizeof(origin), &unused);
	if (tote__entry_field(e, "predecessor-size"))
		tote__entry_string(e, "predecessor-size", size, sizeof(size), &unused);
	snprintf(text, sizeof(text), "the successor of %s at %s entries", origin, size);
	return found(s, FINDING_SUCCESSOR, at, NULL, text, fault);
}

static int take_identity(
	struct entries *s, const struct entry *e, const struct spot *at, struct tote_fault *fault)
{
	const struct run_target *t = s->q->target;
	struct tote_fault unused;
	char id[64];
	int rc = 0;

	if (s->type == LEDGER_CONTAINER && tote__entry_field(e, "predecessor-origin"))
		rc = tell_predecessor(s, e, at, fault);
	if (rc == 0 && t->origin && strcmp(t->origin, s->origin) != 0)
		rc = found(s, FINDING_IDENTITY_DIFFERS, at, t->origin, s->origin, fault);
	if (rc < 0 || t->layout != LAYOUT_CONTAINER || !t->id || !*t->id)
		return rc;
	if (tote__entry_string(e, "id", id, sizeof(id), &unused) < 0)
		snprintf(id, sizeof(id), "no ID");
	if (strcmp(t->id, id) != 0)
		rc = found(s, FINDING_IDENTITY_DIFFERS, at, t->id, id, fault);
	return rc;
}

/* prev of entry 0 binds origin and key (FORMAT section 4). */
static int take_genesis(
	struct entries *s, const struct entry *e, const struct spot *at, struct tote_fault *fault)
{
	const char *kind = s->type == LEDGER_RECORD ? "orchestrator.created" : "container.created";
	char text[VKEY_MAX], expected[2 * HASH_LEN + 1], was[2 * HASH_LEN + 1];
	uint8_t genesis[HASH_LEN];
	struct tote_fault unused;
	struct vkey key;
	int rc;

	if (!tote__entry_is(e, kind) ||
		tote__entry_string(e, "origin", s->origin, sizeof(s->origin), &unused) < 0 ||
		tote__entry_string(e, "vkey", text, sizeof(text), &unused) < 0 ||
		tote__vkey_parse(text, strlen(text), &key, &unused) < 0) {
		s->origin[0] = '\0';
		snprintf(text, sizeof(text), "%.*s", (int)e->kind_len, e->kind);
		return found(s, FINDING_GENESIS_DIFFERS, at, kind, text, fault);
	}
	tote__entry_genesis(s->origin, text, genesis);
	tote__hex_encode(genesis, HASH_LEN, expected);
	tote__hex_encode(e->prev, HASH_LEN, was);
	rc = tote__keyring_add(&s->keys, 0, &key, fault);
	if (rc == 0 && !tote__hash_equal(genesis, e->prev))
		rc = found(s, FINDING_GENESIS_DIFFERS, at, expected, was, fault);
	else if (rc == 0 && strcmp(key.name, s->origin) != 0)
		rc = found(s, FINDING_GENESIS_DIFFERS, at, s->origin, key.name, fault);
	return rc < 0 ? rc : take_identity(s, e, at, fault);
}

/* --- states --------------------------------------------------------------------------------- */

/* FORMAT section 4: each entry of a container's whose seq is a multiple of 256, but seq 0. */
static int check_tote_state(struct entries *s, const struct entry *e, const struct spot *at,
	int *ret_odd, struct tote_fault *fault)
{
	const struct entry_field *f = tote__entry_field(e, "tote-state");
	int wanted = s->type == LEDGER_CONTAINER && e->seq && e->seq % STATE_INTERVAL == 0;
	const char *expected = wanted ? "a state" : "no tote-state";
	uint32_t says = f ? tote__state_parse(f->value, f->value_len) : STATE_NONE;
	char was[32];

	*ret_odd = 1;
	if (wanted && s->state != STATE_NONE)
		expected = tote_state_name(s->state);
	if (wanted && says != STATE_NONE && (s->state == STATE_NONE || says == s->state)) {
		s->state = says;
		*ret_odd = 0;
	} else if (!wanted && !f) {
		*ret_odd = 0;
	}
	if (!*ret_odd)
		return 0;
	snprintf(was, sizeof(was), "%.*s", f ? (int)(f->value_len < 31 ? f->value_len : 31) : 4,
		f ? f->value : "none");
	return found(s, FINDING_STATE_FIELD, at, expected, was, fault);
}

static int check_admitted(
	struct entries *s, const struct entry *e, const struct spot *at, struct tote_fault *fault)
{
	char kind[KIND_MAX + 1], text[128];

	if (s->type != LEDGER_CONTAINER || s->state == STATE_NONE ||
		tote__kind_class(s->type, e->kind, e->kind_len) == KIND_UNKNOWN ||
		tote__state_admits(s->state, e->kind, e->kind_len))
		return 0;
	snprintf(kind, sizeof(kind), "%.*s", (int)e->kind_len, e->kind);
	snprintf(
		text, sizeof(text), "what a container takes that is %s", tote_state_name(s->state));
	return found(s, FINDING_ENTRY_MALFORMED, at, text, kind, fault);
}

static int keep_move(struct entries *s, uint32_t from, uint32_t to, struct tote_fault *fault)
{
	if (s->move_count == s->move_cap) {
		size_t cap = s->move_cap ? 2 * s->move_cap : 8;
		struct recorded_move *more =
			tote__heap_resize(s->q->heap, s->moves, cap, sizeof(*more), fault);

		if (!more)
			return fault->code;
		s->moves = more;
		s->move_cap = cap;
	}
	s->moves[s->move_count++] = (struct recorded_move){.from = from, .to = to};
	return 0;
}

static void keep_text(const struct entry *e, const char *key, char *out, size_t cap)
{
	struct tote_fault unused;

	if (tote__entry_string(e, key, out, cap, &unused) < 0)
		out[0] = '\0';
}

static int take_move(
	struct entries *s, const struct entry *e, const struct spot *at, struct tote_fault *fault)
{
	const struct entry_field *f = tote__entry_field(e, "from"), *t = tote__entry_field(e, "to");
	uint32_t from = f ? tote__state_parse(f->value, f->value_len) : STATE_NONE;
	uint32_t to = t ? tote__state_parse(t->value, t->value_len) : STATE_NONE;
	char text[64];
	int rc = 0;

	if (from == STATE_NONE || to == STATE_NONE)
		return 0; /* the check of its fields said so */
	snprintf(text, sizeof(text), "from %s to %s", tote_state_name(from), tote_state_name(to));
	if (!tote__state_move(from, to))
		rc = found(s, FINDING_ENTRY_MALFORMED, at, "a move that there is", text, fault);
	else if (s->state != STATE_NONE && s->state != from)
		rc = found(s, FINDING_ENTRY_MALFORMED, at, "a move from the state it is in", text,
			fault);
	s->state = to;
	s->last_from = from;
	keep_text(e, "reason", s->last_reason, sizeof(s->last_reason));
	keep_text(e, "actor", s->last_actor, sizeof(s->last_actor));
	return rc < 0 ? rc : keep_move(s, from, to, fault);
}

/* --- assets and keys ------------------------------------------------------------------------ */

static int take_mark(struct entries *s, const struct entry *e, uint32_t flag, const struct spot *at,
	struct tote_fault *fault)
{
	struct tote_fault unused;
	struct asset *a;
	uint64_t seal;

	if (tote__entry_number(e, "seal", &seal, &unused) < 0)
		return 0;
	a = tote__asset_table_by_seq(&s->assets, seal);
	if (a)
		a->flags |= flag;
	else if (!s->lost)
		return found(s, FINDING_ENTRY_MALFORMED, at, "the seq of a seal before it",
			"seal names none", fault);
	return 0;
}

static int take_rotation(
	struct entries *s, const struct entry *e, const struct spot *at, struct tote_fault *fault)
{
	const struct run_target *t = s->q->target;
	const char *origin = s->origin[0] ? s->origin : t->origin, *why = "";
	int rc;

	if (!origin)
		return 0;
	rc = tote__keyring_rotation(
		&s->keys, origin, is_container(s->q) ? NULL : t->key, e, &why, fault);
	if (rc)
		return rc < 0 ? rc : 0;
	/* where an entry before it could not be read, that one may have named the key */
	if (s->lost)
		return 0;
	return found(s, FINDING_ENTRY_MALFORMED, at, "a proven rotation", why, fault);
}

/* An operator's act after damage: every run says so from then on. */
static int take_repair(
	struct entries *s, const struct entry *e, const struct spot *at, struct tote_fault *fault)
{
	char reason[256], text[400];
	struct tote_fault unused;
	uint64_t lost = 0;

	if (tote__entry_number(e, "lost", &lost, &unused) < 0)
		return 0; /* the check of its fields said so */
	keep_text(e, "reason", reason, sizeof(reason));
	snprintf(text, sizeof(text), "%" PRIu64 " lost: %s", lost, reason);
	return found(s, FINDING_LEDGER_REPAIRED, at, NULL, text, fault);
}

/* The same of the witness's key, whose name is not the log's. */
static int take_witness(
	struct entries *s, const struct entry *e, const struct spot *at, struct tote_fault *fault)
{
	struct tote_fault unused;
	const char *why = "";
	char text[VKEY_MAX];
	struct vkey key;
	int rc;

	if (tote__entry_is(e, "orchestrator.created")) {
		if (tote__entry_string(e, "witness-vkey", text, sizeof(text), &unused) < 0 ||
			tote__vkey_parse(text, strlen(text), &key, &unused) < 0)
			return 0; /* the check of its fields said so */
		return tote__keyring_add(&s->witness, 0, &key, fault);
	}
	if (!tote__entry_is(e, WITNESS_ROTATED_KIND) || !s->witness.count)
		return 0;
	key = s->witness.steps[0].key;
	rc = tote__keyring_rotation(&s->witness, key.name, NULL, e, &why, fault);
	if (rc || s->lost)
		return rc < 0 ? rc : 0;
	return found(s, FINDING_ENTRY_MALFORMED, at, "a proven rotation", why, fault);
}

static int take_meaning(
	struct entries *s, const struct entry *e, const struct spot *at, struct tote_fault *fault)
{
	struct tote_fault unused;

	if (tote__kind_is_host(e->kind, e->kind_len))
		return 0; /* most entries are: none of the questions below is theirs */
	if (tote__entry_is(e, "key.rotated"))
		return take_rotation(s, e, at, fault);
	if (tote__entry_is(e, "ledger.repaired"))
		return take_repair(s, e, at, fault);
	if (s->type != LEDGER_CONTAINER)
		return take_witness(s, e, at, fault);
	if (tote__entry_is(e, "container.state"))
		return take_move(s, e, at, fault);
	if (tote__entry_is(e, VOID_KIND))
		return take_mark(s, e, ASSET_VOID, at, fault);
	if (tote__entry_is(e, ERASED_KIND))
		return take_mark(s, e, ASSET_ERASED, at, fault);
	if (tote__entry_is(e, SEALED_KIND) && tote__sealed_parse(e, &s->fact, &unused) == 0)
		return tote__asset_table_add(&s->assets, &s->fact, e->seq, e->time_us, fault);
	return 0;
}

/* --- one entry ------------------------------------------------------------------------------ */

static int take_link(
	struct entries *s, const struct entry *e, const struct spot *at, struct tote_fault *fault)
{
	char expected[2 * HASH_LEN + 1], was[2 * HASH_LEN + 1];
	int rc = 0;

	if (e->seq != s->next) {
		tote__covered_void(&s->earlier);
		snprintf(expected, sizeof(expected), "seq %" PRIu64, s->next);
		snprintf(was, sizeof(was), "seq %" PRIu64, e->seq);
		rc = found(s, FINDING_SEQ_BROKEN, at, expected, was, fault);
	}
	if (rc == 0 && s->have_leaf && memcmp(s->leaf, e->prev, HASH_LEN) != 0) {
		tote__covered_void(&s->earlier);
		tote__hex_encode(s->leaf, HASH_LEN, expected);
		tote__hex_encode(e->prev, HASH_LEN, was);
		rc = found(s, FINDING_CHAIN_BROKEN, at, expected, was, fault);
	}
	return rc;
}

static int take_unknown(
	struct entries *s, const struct entry *e, const struct spot *at, struct tote_fault *fault)
{
	char text[KIND_MAX + 64];

	if (s->unknown++ >= UNKNOWN_MAX)
		return 0;
	snprintf(text, sizeof(text), "%.*s of version %" PRIu64,
		(int)(e->kind_len < KIND_MAX ? e->kind_len : KIND_MAX), e->kind, e->version);
	return found(s, FINDING_ENTRY_UNKNOWN, at, NULL, text, fault);
}

static int take_known(
	struct entries *s, const struct entry *e, const struct spot *at, struct tote_fault *fault)
{
	struct tote_fault why;
	int odd = 0, rc = 0;

	memset(&why, 0, sizeof(why));
	if (e->seq == s->next)
		rc = check_tote_state(s, e, at, &odd, fault);
	if (rc == 0 && s->next == 0) {
		settle_type(s, e);
		rc = take_genesis(s, e, at, fault);
	} else if (rc == 0) {
		rc = check_admitted(s, e, at, fault);
	}
	if (rc == 0 && !odd && tote__kind_check(s->type, e, &why) < 0)
		rc = found(s, FINDING_ENTRY_MALFORMED, at, NULL, why.text, fault);
	if (rc == 0 && tote__kind_class(s->type, e->kind, e->kind_len) == KIND_UNKNOWN)
		rc = take_unknown(s, e, at, fault);
	if (rc == 0)
		rc = take_meaning(s, e, at, fault);
	if (s->next == 0 && s->state == STATE_NONE && s->type == LEDGER_CONTAINER)
		s->state = TOTE_STATE_ACTIVE;
	return rc;
}

static void taken(struct entries *s, int64_t time_us, const uint8_t leaf[HASH_LEN])
{
	s->last_us = time_us;
	memcpy(s->leaf, leaf, HASH_LEN);
	s->have_leaf = 1;
	tote__covered_meet(&s->earlier, s->next, leaf);
	s->next++;
}

int tote__entries_take(struct entries *s, const uint8_t *bytes, size_t len,
	const uint8_t leaf[HASH_LEN], int space, const char *name, struct tote_fault *fault)
{
	const struct spot at = {space, name};
	struct tote_fault why;
	struct entry e;
	int rc;

	memset(&why, 0, sizeof(why));
	if (tote__entry_parse(bytes, len, &e, &why) < 0) {
		rc = found(s, FINDING_ENTRY_MALFORMED, &at, NULL, why.text, fault);
		tote__entries_skip(s, 1, leaf);
		return rc;
	}
	rc = take_link(s, &e, &at, fault);
	if (rc == 0)
		rc = e.version == 1 ? take_known(s, &e, &at, fault)
				    : take_unknown(s, &e, &at, fault);
	taken(s, e.time_us, leaf);
	return rc;
}

int tote__entries_take_plain(
	struct entries *s, const struct plain *plain, uint32_t i, const uint8_t *leaves)
{
	const uint8_t *leaf = leaves + (size_t)i * HASH_LEN;

	if (!plain->is[i] || s->next != plain->seq + i || s->type != LEDGER_CONTAINER ||
		s->state != TOTE_STATE_ACTIVE || !s->have_leaf ||
		memcmp(s->leaf, leaf - HASH_LEN, HASH_LEN) != 0)
		return 0;
	taken(s, plain->time_us[i], leaf);
	return 1;
}

void tote__entries_skip(struct entries *s, uint64_t count, const uint8_t *leaf)
{
	if (!count)
		return;
	if (!s->lost) {
		s->first_lost = s->next;
		s->lost_us = s->last_us ? s->last_us : 1;
	}
	s->lost += count;
	s->next += count;
	s->last_lost = s->next - 1;
	s->state = STATE_NONE;
	s->have_leaf = leaf != NULL;
	if (!leaf)
		return;
	memcpy(s->leaf, leaf, HASH_LEN);
	tote__covered_meet(&s->earlier, s->last_lost, leaf);
}

int tote__entries_end(struct entries *s, struct tote_fault *fault)
{
	struct asset_table *t = &s->assets;
	char was[64];
	int rc;

	if ((rc = tote__asset_table_arrange(t, fault)) < 0)
		return rc;
	for (size_t i = 0; i < t->count; i++) {
		if (!(t->items[i].flags & ASSET_IGNORED))
			continue;
		snprintf(was, sizeof(was), "sealed again by entry %" PRIu64, t->items[i].seq);
		rc = tote__inquiry_find(s->q, FINDING_ASSET_TWICE, SPACE_ASSETS, t->items[i].path,
			t->items[i].seq, "a path is sealed once", was, fault);
		if (rc < 0)
			return rc;
	}
	return 0;
}
