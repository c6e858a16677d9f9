/* SPDX-License-Identifier: ISC */
/*
 * A pile of names: what is still to be looked at, or to be looked at again. Last in, first out.
 */
#ifndef AUDIT_NAMES_H
#define AUDIT_NAMES_H

#include "base/buf.h"

struct names {
	struct buf bytes; /* each with its NUL */
	size_t count;
};

void tote__names_init(struct names *n, const struct heap *heap);
void tote__names_free(struct names *n);
/* "dir/name", or name alone where dir is "". */
int tote__names_push(struct names *n, const char *dir, const char *name, struct tote_fault *fault);
/* Takes the last one: 1 and its text in out, of cap bytes; 0 where none is left. */
int tote__names_pop(struct names *n, char *out, size_t cap);
/* Walks over them, first to last: NULL at the end. Begin with NULL. */
const char *tote__names_next(const struct names *n, const char *name);

#endif
