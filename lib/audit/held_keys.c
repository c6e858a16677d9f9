/* SPDX-License-Identifier: ISC */
/*
 * Key files by what they hold.
 */
#include "audit/held_keys.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tote__held_keys_init(struct held_keys *h, const struct heap *heap)
{
	*h = (struct held_keys){.heap = heap};
}

void tote__held_keys_free(struct held_keys *h)
{
	tote__heap_free(h->heap, h->items);
	tote__held_keys_init(h, h->heap);
}

int tote__held_keys_add(
	struct held_keys *h, const char *name, const uint8_t pub[32], struct tote_fault *fault)
{
	struct held_key *k;

	if (h->count == h->cap) {
		size_t wanted = h->cap ? 2 * h->cap : 16;
		void *p = tote__heap_resize(h->heap, h->items, wanted, sizeof(*h->items), fault);

		if (!p)
			return TOTE_E_NO_MEMORY;
		h->items = p;
		h->cap = wanted;
	}
	k = &h->items[h->count++];
	memcpy(k->pub, pub, sizeof(k->pub));
	snprintf(k->name, sizeof(k->name), "%s", name);
	return 0;
}

static int by_key(const void *a, const void *b)
{
	const struct held_key *one = a, *other = b;
	int order = memcmp(one->pub, other->pub, sizeof(one->pub));

	return order ? order : strcmp(one->name, other->name);
}

void tote__held_keys_sort(struct held_keys *h)
{
	if (h->count)
		qsort(h->items, h->count, sizeof(*h->items), by_key);
}

/* An ID has no dot in it. */
static int is_one_owner(const struct held_key *a, const struct held_key *b)
{
	size_t len = strcspn(a->name, ".");

	return len == strcspn(b->name, ".") && memcmp(a->name, b->name, len) == 0;
}

const struct held_key *tote__held_keys_twin(const struct held_keys *h, size_t *at)
{
	while (++*at < h->count) {
		const struct held_key *k = &h->items[*at - 1];

		if (memcmp(k[0].pub, k[1].pub, sizeof(k->pub)) == 0 && !is_one_owner(k, k + 1))
			return k;
	}
	return NULL;
}
