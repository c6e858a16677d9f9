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
/* The bell of a byte of FORMAT is its number; who has a place in the queue listens to his own. */
unsigned int tote__bell_of_place(int64_t place);
/* 1: it rang; 0 after at most so long, a plain nap where there is no bell. */
int tote__bell_wait(struct posix_place *p, unsigned int bell, int64_t microseconds);
/* One is woken: more could not have the byte either, and those who come later stand behind. */
void tote__bell_ring(struct posix_place *p, unsigned int bell);

#endif
