/* SPDX-License-Identifier: ISC */
/*
 * The bells of a lock: who lets go of a byte rings, who waits for it sleeps until it rings or the
 * nap is over. Hints only: a byte is free or not by its lock alone.
 */
#ifndef STORE_POSIX_BELL_H
#define STORE_POSIX_BELL_H

#include "store/posix_place.h"

/* Once, at the first take. Between enter and leave, with the lock file there. Never fails. */
void tote__bell_hang(struct posix_place *p);
/* At most so long; a plain nap where there is no bell. */
void tote__bell_wait(struct posix_place *p, int byte, int64_t microseconds);
/* 1 where there is one: otherwise waiting is a plain nap, and nobody rings. */
int tote__bell_hangs(struct posix_place *p);
/* 1 where somebody woke up. */
int tote__bell_ring(struct posix_place *p, int byte);

#endif
