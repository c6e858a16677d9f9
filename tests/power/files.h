/* SPDX-License-Identifier: ISC */
/*
 * Real files: an image made in a directory, a directory emptied, and what lies in one as a digest
 * and as a list of names.
 */
#ifndef POWER_FILES_H
#define POWER_FILES_H

#include "power/disk.h"

typedef void files_made_fn(int number, uint64_t inode, int dir, const char *name, int is_dir);

/* The lock's line is made one of an earlier boot: a power cut lies in between. */
void files_make(const struct image *image, const char *root, files_made_fn *made);
void files_empty(const char *root);
/* Makes the line of a lock file one of an earlier boot. */
void files_age_lock(const char *path, uint64_t number);
/* Of all names, modes and bytes below root, without the lock file. */
uint64_t files_digest(const char *root);

/* Calls each for everything below root; path is relative to it. A non-zero result ends it. */
typedef int files_each_fn(void *user, const char *path, int is_dir, uint32_t mode);
int files_walk(const char *root, files_each_fn *each, void *user);
/* A whole file, to be freed; NULL where there is none. */
uint8_t *files_read(const char *path, size_t *ret_len);

#endif
