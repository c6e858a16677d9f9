/* SPDX-License-Identifier: ISC */
/*
 * Sources that cannot be sealed, and why.
 */
#ifndef BOX_OFFENDERS_H
#define BOX_OFFENDERS_H

#include "base/heap.h"
#include <toteborch/assets.h>

struct offenders {
	const struct heap *heap;
	struct tote_offender **items; /* each a block of its own: pointers handed out stay good */
	size_t count, cap;
};

void tote__offenders_init(struct offenders *o, const struct heap *heap);
void tote__offenders_free(struct offenders *o);
/* The fault says why; it is cleared when it was taken. */
int tote__offenders_add(
	struct offenders *o, const char *file, const char *path, struct tote_fault *fault);
void tote__offenders_cut(struct offenders *o, size_t count); /* forgets those from count on */

#endif
