/* SPDX-License-Identifier: ISC */
/*
 * Drafts become entries in memory: seq, time, prev and state as they will be if the group that they
 * are staged for becomes durable. Nothing here touches the disk. Drafts are checked once, by
 * stage_check in the caller's own thread; that an entry is right is read from its bytes.
 */
#include "base/timestamp.h"
#include "ledger/ledger_impl.h"
#include <inttypes.h>
#include <string.h>

/* FORMAT section 4: a container's entry at such a seq bears the state before it. */
static int bears_state(const struct ledger *l, uint64_t seq)
{
	return l->type == LEDGER_CONTAINER && seq && seq % STATE_INTERVAL == 0;
}

static void set_state(struct stage *s, const char *state, size_t len)
{
	s->has_state = state && len < sizeof(s->state);
	if (!s->has_state)
		return;
	memcpy(s->state, state, len);
	s->state[len] = '\0';
}

void tote__stage_begin(struct ledger *l)
{
	struct stage *s = &l->stage;
	const char *state = l->hooks.state ? l->hooks.state(l->hooks.user) : NULL;

	tote__buf_reset(&s->body);
	s->first = l->now.end;
	s->count = 0;
	memcpy(s->leaf, s->first ? l->now.last_leaf : l->genesis, HASH_LEN);
	set_state(s, state, state ? strlen(state) : 0);
}

/* A change of state holds for what follows it in the same group. */
static void follow_state(struct stage *s, const struct draft *d)
{
	if (strcmp(d->kind, "container.state") != 0)
		return;
	for (size_t i = 0; i < d->field_count; i++) {
		const struct field *f = &d->fields[i];

		if (strcmp(f->key, "to") == 0)
			set_state(s, f->value, f->len);
	}
}

static int add_one(
	struct ledger *l, const struct draft *d, int64_t time_us, struct tote_fault *fault)
{
	struct stage *s = &l->stage;
	uint64_t seq = s->first + s->count;
	const char *state = s->has_state && bears_state(l, seq) ? s->state : NULL;
	struct entry e;
	int r;

	tote__buf_reset(&s->entry);
	r = tote__entry_write(d, seq, time_us, s->leaf, state, &s->entry, fault);
	if (!r)
		r = tote__buf_check(&s->entry, "entry", fault);
	/* what this library would not read it does not write */
	if (!r)
		r = tote__entry_parse(s->entry.data, s->entry.len, &e, fault);
	if (!r)
		r = tote__kind_check(l->type, &e, fault);
	if (r < 0)
		return r;
	tote__buf_put_u16(&s->body, (uint16_t)s->entry.len);
	tote__buf_put(&s->body, s->entry.data, s->entry.len);
	if ((r = tote__buf_check(&s->body, "the entries of one call", fault)) < 0)
		return r;
	tote__hash_leaf(l->engine, s->entry.data, s->entry.len, s->leaf);
	s->count++;
	follow_state(s, d);
	return 0;
}

int tote__stage_add(
	struct ledger *l, const struct draft *drafts, size_t count, struct tote_fault *fault)
{
	struct stage *s = &l->stage;
	struct stage before = *s; /* its buffers may move: only their lengths are put back */
	int64_t now = tote__clock_wall(&l->ctx->clock);
	int r = 0;

	for (size_t i = 0; !r && i < count; i++)
		r = add_one(l, &drafts[i], now, fault);
	if (r < 0) {
		s->body.len = before.body.len;
		s->body.failed = before.body.failed;
		s->count = before.count;
		memcpy(s->leaf, before.leaf, HASH_LEN);
		memcpy(s->state, before.state, sizeof(s->state));
		s->has_state = before.has_state;
	}
	return r;
}

int tote__stage_check(struct ledger *l, const struct draft *drafts, size_t count, int host,
	size_t *ret_bound, struct tote_fault *fault)
{
	char unused[TIME_LEN + 1];
	size_t sum = 0;
	int r;

	if (!count)
		return tote__fault(fault, TOTE_E_ARGUMENT, "append: no entry is given");
	for (size_t i = 0; i < count; i++) {
		size_t bound;

		if ((r = tote__draft_check(&drafts[i], host, &bound, fault)) < 0)
			return r;
		if (__builtin_add_overflow(sum, bound, &sum) || sum > GROUP_BODY_MAX)
			return tote__fault(fault, TOTE_E_TOO_LARGE,
				"append: %zu entries in one call exceed the %u bytes of a group; "
				"make it several calls",
				count, GROUP_BODY_MAX);
	}
	r = tote__time_format(tote__clock_wall(&l->ctx->clock), unused, fault);
	if (r < 0)
		return tote__fault_wrap(fault, "append");
	*ret_bound = sum;
	return 0;
}
