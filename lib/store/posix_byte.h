/* SPDX-License-Identifier: ISC */
/*
 * Single bytes of the lock file, as open-file-description locks of the place's own descriptor: what
 * is taken, and what others have. No memory and no content: the kernel alone knows.
 */
#ifndef STORE_POSIX_BYTE_H
#define STORE_POSIX_BYTE_H

#include "store/posix_place.h"

/* Bytes from `from` up to `to`, which does not belong to them; INT64_MAX: all there are. */
struct byte_range {
	int64_t from, to;
};

/* 0; EAGAIN where somebody else has it; another errno. */
int tote__byte_lock(struct posix_place *p, int64_t at);
void tote__byte_unlock(struct posix_place *p, int64_t at);
/* 1 and the bytes of one lock that somebody else has within a range; 0 none; a negative errno. */
int tote__byte_find(struct posix_place *p, struct byte_range within, struct byte_range *ret);

#endif
