/* SPDX-License-Identifier: ISC */
/*
 * The order of turns, shares of a budget, and rates. That whoever had a share stands behind those
 * who had none is what keeps one slow or damaged container from delaying the others by more.
 */
#include "audit/turn.h"
#include "store/sort.h"
#include <string.h>

#define SECOND INT64_C(1000000)

/* --- the order ------------------------------------------------------------------------------ */

static int by(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

int tote__turn_compare(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;
	int c;

	if ((c = by(x->served, y->served)) || (c = by(y->overdue, x->overdue)) ||
		(x->overdue && (c = by(y->late, x->late))) || (c = by(y->never, x->never)))
		return c;
	c = (x->due_us > y->due_us) - (x->due_us < y->due_us);
	return c ? c : strcmp(x->id, y->id);
}

void tote__turn_sort(struct turn *turns, size_t count)
{
	_Static_assert(sizeof(struct turn) <= SORT_ITEM_MAX, "a turn is sorted in place");
	tote__sort(turns, count, sizeof(*turns), tote__turn_compare);
}

int64_t tote__turn_share(int64_t left, size_t waiting, int64_t least)
{
	int64_t share;

	if (left <= 0 || !waiting)
		return 0;
	share = left / (int64_t)waiting;
	if (share < least)
		share = least;
	return share < left ? share : left;
}

/* --- a rate --------------------------------------------------------------------------------- */

/* Not more than a second's worth is ever saved up: so no product overflows. */
static int64_t saved(const struct rate_bucket *b, int64_t now_us)
{
	if (now_us <= b->paid_us)
		return 0;
	return now_us - b->paid_us < SECOND ? now_us - b->paid_us : SECOND;
}

void tote__rate_begin(struct rate_bucket *b, uint64_t rate, int64_t now_us)
{
	b->rate = rate <= INT64_MAX / SECOND ? rate : 0;
	b->paid_us = now_us - SECOND;
}

uint64_t tote__rate_allows(const struct rate_bucket *b, int64_t now_us)
{
	if (!b->rate)
		return UINT64_MAX;
	return b->rate * (uint64_t)saved(b, now_us) / SECOND;
}

void tote__rate_spend(struct rate_bucket *b, uint64_t bytes, int64_t now_us)
{
	int64_t from = now_us - saved(b, now_us);
	uint64_t whole, rest;

	if (!b->rate)
		return;
	if (b->paid_us < from)
		b->paid_us = from;
	whole = bytes / b->rate;
	rest = bytes % b->rate * SECOND / b->rate + 1; /* rate * SECOND fits, by rate_begin */
	if (whole > RATE_WAIT_MAX / SECOND)
		whole = RATE_WAIT_MAX / SECOND;
	b->paid_us += (int64_t)whole * SECOND + (int64_t)rest;
}

int64_t tote__rate_wait(const struct rate_bucket *b, int64_t now_us)
{
	int64_t least;

	if (!b->rate)
		return 0;
	least = b->paid_us + (SECOND + (int64_t)b->rate - 1) / (int64_t)b->rate; /* one byte's */
	return least > now_us ? least - now_us : 0;
}
