/* SPDX-License-Identifier: ISC */
/*
 * The registry as bytes: all that was folded from the consolidated record up to one seq, so that who
 * opens the root need not fold it again. Derived and disposable: what does not read as a whole is
 * thrown away.
 */
#ifndef ORCHESTRATOR_INDEX_H
#define ORCHESTRATOR_INDEX_H

#include "orchestrator/registry.h"

#define INDEX_MAX ((size_t)1 << 30)

/* The same registry gives the same bytes. What a handle remembers by itself is no part of them. */
int tote__index_encode(struct registry *r, struct buf *out, struct tote_fault *fault);
/*
 * Into an empty registry. TOTE_E_MALFORMED for bytes that no registry gave; then, as after any
 * failure, the caller resets it.
 */
int tote__index_decode(
	struct registry *r, const uint8_t *bytes, size_t len, struct tote_fault *fault);

#endif
