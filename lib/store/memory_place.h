/* SPDX-License-Identifier: ISC */
/*
 * A place in the memory of a context, and the one mutex around all of them. What is written is
 * there until the context goes; a place that is closed and opened finds it again.
 */
#ifndef STORE_MEMORY_PLACE_H
#define STORE_MEMORY_PLACE_H

#include "base/clock.h"
#include "store/memory_tree.h"
#include <pthread.h>

struct memory_backend {
	const struct heap *heap;
	struct clock_source clock; /* the system's: it bounds real waits */
	pthread_mutex_t mutex;     /* for all that follows, and every tree, place and handle */
	pthread_cond_t unlocked;
	struct tree tree;
};

struct memory_place {
	struct memory_backend *backend;
	int layout;
	uint32_t flags;
	char *location;
	struct node *top;
	struct node *lock; /* the file whose bytes we hold */
	unsigned int held; /* as bits */
};

/* A file that somebody has open: an object, a stage or a segment. */
struct memory_handle {
	struct memory_place *place;
	struct node *node;
	uint32_t flags;
};

int tote__memory_provision(
	void *backend, const char *location, int layout, struct tote_fault *fault);
int tote__memory_open(void *backend, const char *location, int layout, uint32_t flags,
	void **ret_place, struct tote_fault *fault);
void tote__memory_place_free(struct memory_place *p); /* with the mutex free */
int tote__memory_identity(void *place, struct store_identity *ret, struct tote_fault *fault);

/*
 * Around every use. The checks of space and name come first; write: TOTE_E_READ_ONLY for a place
 * that takes none. On failure the mutex is not held.
 */
int tote__memory_enter(
	struct memory_place *p, int space, const char *name, struct tote_fault *fault);
int tote__memory_enter_write(
	struct memory_place *p, int space, const char *name, struct tote_fault *fault);
/* The same for the names that belong to the backend itself: journal, kept files, lock. */
int tote__memory_enter_own(struct memory_place *p, int space, int write, struct tote_fault *fault);
void tote__memory_leave(struct memory_place *p);

/* Between enter and leave. The directory of a space. */
int tote__memory_space(
	struct memory_place *p, int space, struct node **ret, struct tote_fault *fault);
/* What lies under a name of a space; with the fault set. */
int tote__memory_find(struct memory_place *p, int space, const char *name, const char *verb,
	struct node **ret, struct tote_fault *fault);
/* The same, and UNTRUSTED for a directory. */
int tote__memory_find_file(struct memory_place *p, int space, const char *name, const char *verb,
	struct node **ret, struct tote_fault *fault);
/* Names a node, parents made; EXISTS. */
int tote__memory_add(struct memory_place *p, int space, const char *name, struct node *n,
	const char *verb, struct tote_fault *fault);

int tote__memory_fault(const struct memory_place *p, int space, const char *name, int code,
	const char *verb, struct tote_fault *fault);

struct memory_handle *tote__memory_handle(
	struct memory_place *p, struct node *n, uint32_t flags, struct tote_fault *fault);
void tote__memory_handle_close(void *handle); /* takes the mutex itself; NULL is allowed */

#endif
