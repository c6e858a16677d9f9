/* SPDX-License-Identifier: ISC */
/*
 * Sorting in place: heapsort (J. W. J. Williams, 1964).
 */
#include "store/sort.h"
#include <stdint.h>
#include <string.h>

struct sorted {
	uint8_t *items;
	size_t size;
	int (*compare)(const void *a, const void *b);
};

static void *item(const struct sorted *s, size_t i)
{
	return s->items + i * s->size;
}

static void swap(const struct sorted *s, size_t a, size_t b)
{
	uint8_t held[SORT_ITEM_MAX];

	memcpy(held, item(s, a), s->size);
	memcpy(item(s, a), item(s, b), s->size);
	memcpy(item(s, b), held, s->size);
}

/* Lets the item at `at` sink below the larger of its two children, within count items. */
static void sink(const struct sorted *s, size_t at, size_t count)
{
	while (at < count / 2) {
		size_t child = 2 * at + 1;

		if (child + 1 < count && s->compare(item(s, child), item(s, child + 1)) < 0)
			child++;
		if (s->compare(item(s, at), item(s, child)) >= 0)
			return;
		swap(s, at, child);
		at = child;
	}
}

/* As what was sealed in order of path is: asked before all the work is done for nothing. */
static int is_sorted(const struct sorted *s, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (s->compare(item(s, i - 1), item(s, i)) > 0)
			return 0;
	return 1;
}

void tote__sort(
	void *items, size_t count, size_t size, int (*compare)(const void *a, const void *b))
{
	const struct sorted s = {items, size, compare};

	if (size > SORT_ITEM_MAX || is_sorted(&s, count))
		return;
	for (size_t i = count / 2; i-- > 0;)
		sink(&s, i, count);
	for (size_t i = count; i-- > 1;) {
		swap(&s, 0, i);
		sink(&s, 0, i);
	}
}

int tote__sort_u64(const void *a, const void *b)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x < y ? -1 : x > y;
}
