/* SPDX-License-Identifier: ISC */
/*
 * The queue before byte 0 of the lock: who asks first is served first, in whatever process he is. It
 * consists of locks alone, so that a member that is killed is out of it.
 */
#ifndef STORE_POSIX_QUEUE_H
#define STORE_POSIX_QUEUE_H

#include "store/posix_place.h"

/*
 * Takes byte 0 when it is our turn: 0; EAGAIN where that does not come within wait_us (0 or less: is
 * not now); another errno. Of those who ask after we have our place, each is served at most once
 * before us.
 */
int tote__queue_take(struct posix_place *p, int64_t wait_us);
/* Byte 0 was let go: wakes who is next. */
void tote__queue_call(struct posix_place *p);

#endif
