/* SPDX-License-Identifier: ISC */
/*
 * The directories of a place whose names changed since they were last synced. A name is pinned
 * before it changes and marked after, so that a barrier of another thread neither forgets it in
 * between nor needs memory for it afterwards.
 */
#ifndef STORE_POSIX_TOUCHED_H
#define STORE_POSIX_TOUCHED_H

#include "base/fault.h"
#include "base/heap.h"
#include <pthread.h>

struct touched_dir {
	int space;
	uint32_t pins;
	uint64_t stamp; /* when it was last marked; 0 never */
	char *path;     /* below the space; "" is the space itself */
};

struct touched {
	const struct heap *heap;
	pthread_mutex_t mutex;
	struct touched_dir *dirs; /* ascending by space and path */
	size_t count, cap;
	uint64_t now;
};

int tote__touched_init(struct touched *t, const struct heap *heap, struct tote_fault *fault);
void tote__touched_free(struct touched *t);

/* Pins the first len bytes of path and every directory above, up to the space. */
int tote__touched_pin(
	struct touched *t, int space, const char *path, size_t len, struct tote_fault *fault);
/*
 * Lets go of what pin pinned. changed 1: names may have changed, all of them are marked; 0: there
 * was not even a directory to change. Cannot fail.
 */
void tote__touched_unpin(struct touched *t, int space, const char *path, size_t len, int changed);

/*
 * Calls sync for every marked directory of a space, without the lock held. Forgets them only when
 * all went well.
 */
typedef int touched_sync_fn(void *user, int space, const char *path, struct tote_fault *fault);
int tote__touched_sync(
	struct touched *t, int space, touched_sync_fn *sync, void *user, struct tote_fault *fault);

#endif
