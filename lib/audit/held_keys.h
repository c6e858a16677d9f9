/* SPDX-License-Identifier: ISC */
/*
 * The keys that lie in a key store, so that one under two names is seen.
 */
#ifndef AUDIT_HELD_KEYS_H
#define AUDIT_HELD_KEYS_H

#include "base/fault.h"
#include "base/heap.h"
#include <stdint.h>

struct held_key {
	uint8_t pub[32];
	char name[72]; /* of its file */
};

struct held_keys {
	const struct heap *heap;
	struct held_key *items;
	size_t count, cap;
};

void tote__held_keys_init(struct held_keys *h, const struct heap *heap);
void tote__held_keys_free(struct held_keys *h);
int tote__held_keys_add(
	struct held_keys *h, const char *name, const uint8_t pub[32], struct tote_fault *fault);
/* Puts equal keys beside each other, in byte order of name. */
void tote__held_keys_sort(struct held_keys *h);
/* Then: the first of the next two that are equal and of two owners (NAME.next is NAME's), or NULL. */
const struct held_key *tote__held_keys_twin(const struct held_keys *h, size_t *at);

#endif
