/* SPDX-License-Identifier: ISC */
/*
 * Ranges that earlier runs read, and which of them the ledger at hand proves.
 */
#include "audit/covered.h"
#include "store/sort.h"
#include <string.h>

_Static_assert(sizeof(struct covered_item) <= SORT_ITEM_MAX, "a range can be sorted");

void tote__covered_init(struct covered *c, const struct heap *heap)
{
	memset(c, 0, sizeof(*c));
	c->heap = heap;
}

void tote__covered_free(struct covered *c)
{
	if (c->heap)
		tote__heap_free(c->heap, c->items);
	memset(c, 0, sizeof(*c));
}

static int by_size(const void *a, const void *b)
{
	const struct covered_item *x = a, *y = b;

	return x->range.size < y->range.size ? -1 : x->range.size > y->range.size;
}

int tote__covered_set(struct covered *c, const struct covered_range *ranges, size_t count,
	struct tote_fault *fault)
{
	if (!count)
		return 0;
	c->items = tote__heap_new(c->heap, count, sizeof(*c->items), fault);
	if (!c->items)
		return fault->code;
	for (size_t i = 0; i < count; i++)
		c->items[i].range = ranges[i];
	c->count = count;
	tote__sort(c->items, count, sizeof(*c->items), by_size);
	return 0;
}

void tote__covered_reset(struct covered *c)
{
	c->at = 0;
	for (size_t i = 0; i < c->count; i++)
		c->items[i].proven = 0;
}

void tote__covered_meet(struct covered *c, uint64_t seq, const uint8_t leaf[HASH_LEN])
{
	while (c->at < c->count && c->items[c->at].range.size <= seq)
		c->at++; /* its last entry was not to be had */
	for (; c->at < c->count && c->items[c->at].range.size == seq + 1; c->at++)
		c->items[c->at].proven = memcmp(c->items[c->at].range.leaf, leaf, HASH_LEN) == 0;
}

void tote__covered_void(struct covered *c)
{
	tote__covered_reset(c);
	c->at = c->count;
}

const struct covered_range *tote__covered_at(const struct covered *c, uint64_t seq)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct covered_range *r = &c->items[i].range;

		if (c->items[i].proven && seq >= r->from && seq < r->to)
			return r;
	}
	return NULL;
}
