/* SPDX-License-Identifier: ISC */
/*
 * Sorting in place: qsort(3) of many a libc asks malloc for memory, and all memory is the host's.
 */
#ifndef STORE_SORT_H
#define STORE_SORT_H

#include <stddef.h>

#define SORT_ITEM_MAX 128

/* Heapsort: ascending, not stable, no memory, n log n always. An item has at most SORT_ITEM_MAX bytes. */
void tote__sort(
	void *items, size_t count, size_t size, int (*compare)(const void *a, const void *b));
/* For arrays of uint64_t. */
int tote__sort_u64(const void *a, const void *b);

#endif
