/* SPDX-License-Identifier: ISC */
/*
 * Files without a name: what is written once gets its name only when it is whole. Where the file
 * system has no O_TMPFILE the file is `.tote-w-RANDOM`, locked by its writer (FORMAT section 3).
 */
#ifndef STORE_POSIX_TEMP_H
#define STORE_POSIX_TEMP_H

#include "store/posix_place.h"

struct temp {
	int fd; /* for reading and writing, mode 0600 until somebody says otherwise */
	int space;
	char name[40]; /* "" while it has none */
};

/* Between enter and leave; 0 or an errno. Made in the space's own directory. */
int tote__temp_make(struct posix_place *p, int space, struct temp *ret);
/* Gives it a name in an open directory of the same file system, never replacing (EEXIST). */
int tote__temp_link(struct posix_place *p, struct temp *t, int dir, const char *name);
/* Closes it; without a link it is gone. */
void tote__temp_drop(struct posix_place *p, struct temp *t);

/* Removes what dead writers left in a space's own directory. */
int tote__temp_sweep(struct posix_place *p, int space, struct tote_fault *fault);

#endif
