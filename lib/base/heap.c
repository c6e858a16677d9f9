/* SPDX-License-Identifier: ISC */
/*
 * Memory, always the host's: sizes are multiplied with a check, new memory is zeroed, and a lack of
 * it is an error like any other.
 */
#include "base/heap.h"
#include "base/fault.h"
#include <stdlib.h>
#include <string.h>

static void *system_resize(void *user, void *block, size_t bytes)
{
	(void)user;
	return realloc(block, bytes);
}

static void system_release(void *user, void *block)
{
	(void)user;
	free(block);
}

void tote__heap_init(struct heap *heap, const struct tote_allocator *allocator_or_null)
{
	static const struct heap system = {NULL, system_resize, system_release};

	*heap = system;
	if (!allocator_or_null)
		return;
	heap->user = allocator_or_null->user;
	heap->resize = allocator_or_null->resize;
	heap->release = allocator_or_null->release;
}

void *tote__heap_resize(
	const struct heap *heap, void *block, size_t count, size_t size, struct tote_fault *fault)
{
	size_t bytes;
	void *moved = NULL;

	/* A host is never asked for 0 bytes: malloc(3) may answer NULL to that, which is no error. */
	if (!__builtin_mul_overflow(count, size, &bytes))
		moved = heap->resize(heap->user, block, bytes ? bytes : 1);
	if (!moved)
		tote__fault(
			fault, TOTE_E_NO_MEMORY, "no memory for %zu times %zu bytes", count, size);
	return moved;
}

void *tote__heap_new(const struct heap *heap, size_t count, size_t size, struct tote_fault *fault)
{
	void *block = tote__heap_resize(heap, NULL, count, size, fault);

	if (block)
		memset(block, 0, count * size);
	return block;
}

void *tote__heap_dup(
	const struct heap *heap, const void *data, size_t len, struct tote_fault *fault)
{
	void *copy = tote__heap_resize(heap, NULL, len, 1, fault);

	if (copy && len)
		memcpy(copy, data, len);
	return copy;
}

char *tote__heap_strdup(const struct heap *heap, const char *s, struct tote_fault *fault)
{
	return tote__heap_dup(heap, s, strlen(s) + 1, fault);
}

void tote__heap_free(const struct heap *heap, void *block)
{
	if (block)
		heap->release(heap->user, block);
}
