/* SPDX-License-Identifier: ISC */
/*
 * A place in a directory tree: the backend it belongs to, its top directory, and the way from there
 * to everything below. Between calls many places keep no descriptor at all.
 */
#ifndef STORE_POSIX_PLACE_H
#define STORE_POSIX_PLACE_H

#include "base/clock.h"
#include "store/posix_io.h"
#include "store/posix_touched.h"
#include "store/store.h"
#include <stdatomic.h>

#define POSIX_BOUNCES 8 /* readers at the same time that wait for no memory */

#define BELL_PAGE 4096u /* at least, of every machine: what is mapped begins at 0 */

struct posix_backend {
	const struct heap *heap;
	const struct kernel *kernel;
	struct clock_source clock;                  /* the system's: it bounds real waits */
	pid_t pid;                                  /* a forked child unlocks nothing */
	atomic_int tops;                            /* places that hold their top directory open */
	_Atomic(void *) bounce[POSIX_BOUNCES];      /* posix_reader.c's, not in use */
	_Atomic(aio_context_t) lane[POSIX_BOUNCES]; /* posix_many.c's, not in use; 0: none */
};

struct posix_place {
	struct posix_backend *backend;
	int layout;
	uint32_t flags;
	char *location; /* absolute: the host may change its directory */
	uint64_t device, inode;
	struct touched touched;
	pthread_mutex_t mutex; /* for what follows */
	int top, users;
	int lock_fd, lock_users;
	struct store_stat lock_opened; /* of lock_fd */
	int bell_tried;
	int64_t last_place,
		place_before; /* in the queue for byte 0, of who waits for it; 0: none */
	int64_t stopped;      /* the place of who was passed there; 0: nobody (posix_queue.c) */
	int stopped_at_turnstile;
	void *bells;       /* BELL_PAGE bytes of the lock file, NULL: none (posix_bell.h) */
	unsigned int held; /* bytes of the lock, as bits */
};

void tote__posix_rest(void *place);
/* Frees what open made, and lets go of all locks; the second half of close. */
void tote__posix_place_free(struct posix_place *p);

/*
 * Around every use of the place: enter has the top directory open, and refuses one that is no
 * longer the directory that was opened first (UNTRUSTED). enter_write refuses a read-only place.
 */
int tote__posix_enter(struct posix_place *p, struct tote_fault *fault);
int tote__posix_enter_write(struct posix_place *p, struct tote_fault *fault);
void tote__posix_leave(struct posix_place *p);

/* Opens the top directory itself: NOT_FOUND, UNTRUSTED, UNREACHABLE. */
int tote__posix_top_open(const struct kernel *k, const char *location, int layout, int *ret_fd,
	struct store_stat *ret_stat, struct tote_fault *fault);

/* Sets the fault "VERB path: why" for a failed call, or with words of its own. */
int tote__posix_fault(const struct posix_place *p, int space, const char *name, int err,
	const char *verb, struct tote_fault *fault);
int tote__posix_refuse(const struct posix_place *p, int space, const char *name, int code,
	const char *verb, const char *why, struct tote_fault *fault);

#endif
