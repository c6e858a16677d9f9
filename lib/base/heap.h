/* SPDX-License-Identifier: ISC */
/*
 * Memory, always the host's: all of the library's allocations come from here.
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <toteborch/ctx.h>

struct heap {
	void *user;
	void *(*resize)(void *user, void *block, size_t bytes);
	void (*release)(void *user, void *block);
};

void tote__heap_init(struct heap *heap, const struct tote_allocator *allocator_or_null);
/* Zeroed memory for count * size bytes, or NULL with TOTE_E_NO_MEMORY set. Overflow is checked. */
void *tote__heap_new(const struct heap *heap, size_t count, size_t size, struct tote_fault *fault);
/* realloc for count * size bytes; on failure NULL, fault set, block stays. */
void *tote__heap_resize(
	const struct heap *heap, void *block, size_t count, size_t size, struct tote_fault *fault);
char *tote__heap_strdup(const struct heap *heap, const char *s, struct tote_fault *fault);
void *tote__heap_dup(
	const struct heap *heap, const void *data, size_t len, struct tote_fault *fault);
void tote__heap_free(const struct heap *heap, void *block);

#endif
