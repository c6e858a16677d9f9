/* SPDX-License-Identifier: ISC */
/*
 * Which directories each container had when this handle looked at it last: the answer to "whose is
 * this one too?" at once, however many containers there are, and without touching any of them.
 */
#ifndef ORCHESTRATOR_FOOTPRINTS_H
#define ORCHESTRATOR_FOOTPRINTS_H

#include "store/store.h"

struct footprints;

struct footprints *tote__footprints_new(const struct heap *heap, struct tote_fault *fault);
void tote__footprints_free(struct footprints *f);
/* This is what the container has now: 1 and another one that had a directory of it, or 0. Any thread. */
int tote__footprints_put(struct footprints *f, const char *id, const struct store_identity *now,
	char ret_other[64], struct tote_fault *fault);

#endif
