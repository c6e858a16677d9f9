/* SPDX-License-Identifier: ISC */
/*
 * Why the library syncs, told from what it syncs and what happened there since the last time.
 */
#ifndef POWER_SITE_H
#define POWER_SITE_H

#include "power/late.h"
#include <sys/types.h>

/* A file or directory that the recorder knows. */
struct tracked {
	uint64_t inode; /* the real one; 0: it is gone */
	int dir, is_dir;
	char name[NAME_ROOM]; /* "": it never had one */
	int was_written;      /* since it was synced, by this record */
	int is_bundle;
	/* a directory: what its last change was */
	int changed;
	char last[NAME_ROOM];
	int last_is_dir, last_made;
};

void site_note(struct tracked *dir, const char *name, int is_dir, int made);
void site_note_write(struct tracked *file, const void *data, size_t len, off_t offset);
/* Of the sync that happens now. */
enum site site_of(struct tracked *nodes, int number, int is_data);

#endif
