/* SPDX-License-Identifier: ISC */
/*
 * Reading many small objects of a directory tree at the same time: where they are read past the
 * cache, one thread has all of them on their way to it at once.
 */
#ifndef STORE_POSIX_MANY_H
#define STORE_POSIX_MANY_H

#include "store/posix_place.h"

int tote__posix_read_many(void *place, int space, uint32_t flags, struct store_read *reads,
	size_t count, struct tote_fault *fault);
/* At the end of the backend. */
void tote__posix_lanes_free(struct posix_backend *b);

#endif
