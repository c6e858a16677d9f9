/* SPDX-License-Identifier: ISC */
/*
 * The two lists of moves (FORMAT section 8): a move is in the container's ledger first and in the
 * record second, so the container may be ahead by one; the record alone bears a move only where the
 * container's ledger could take no entry.
 */
#include "audit/moves_audit.h"
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 96

struct list {
	const struct recorded_move *moves;
	size_t count;
};

/* 1 where a is the beginning of b, or b itself. */
static int is_beginning(const struct list *a, const struct list *b)
{
	if (a->count > b->count)
		return 0;
	for (size_t i = 0; i < a->count; i++)
		if (a->moves[i].from != b->moves[i].from || a->moves[i].to != b->moves[i].to)
			return 0;
	return 1;
}

static int has_damage(const struct inquiry *q)
{
	for (size_t i = 0; i < q->findings.count; i++)
		if (tote__finding_severity(q->findings.items[i].code) == SEVERITY_DAMAGE)
			return 1;
	return 0;
}

static void describe(const struct list *l, char out[TEXT_MAX])
{
	if (l->count)
		snprintf(out, TEXT_MAX, "%zu moves, the last from %s to %s", l->count,
			tote_state_name(l->moves[l->count - 1].from),
			tote_state_name(l->moves[l->count - 1].to));
	else
		snprintf(out, TEXT_MAX, "no move");
}

/* `own` ends at the bound of this audit; `later` was read after it. */
static int agrees_by_now(const struct list *own, const struct list *later)
{
	if (own->count > later->count)
		return own->count - later->count == 1 && is_beginning(later, own);
	return is_beginning(own, later);
}

int tote__moves_judge(struct inquiry *q, const struct entries *s, struct tote_fault *fault)
{
	const struct run_target *t = q->target;
	struct list own = {s->moves, s->move_count}, record = {t->moves, t->move_count};
	char expected[TEXT_MAX], was[TEXT_MAX];
	struct tote_fault why;
	struct list later;

	if (s->lost)
		return 0; /* one of the entries that could not be read may be a move */
	if (is_beginning(&record, &own)) {
		if (own.count - record.count <= 1)
			return 0;
		memset(&why, 0, sizeof(why));
		if (t->moves_again &&
			t->moves_again(t->user, &later.moves, &later.count, &why) == 0 &&
			agrees_by_now(&own, &later))
			return 0;
	} else if (is_beginning(&own, &record) && record.count - own.count == 1 && has_damage(q)) {
		return 0;
	}
	describe(&record, expected);
	describe(&own, was);
	return tote__inquiry_find(
		q, FINDING_STATE_DIFFERS, SPACE_LEDGER, "", FINDING_NO_SEQ, expected, was, fault);
}
