/* SPDX-License-Identifier: ISC */
/*
 * The numbers of files and directories: given when they come to be, the same after they were made
 * again from an image, never given twice in a record. 0 is what lies elsewhere.
 */
#ifndef POWER_NUMBERS_H
#define POWER_NUMBERS_H

#include "power/site.h"

void numbers_forget(void);
int numbers_count(void); /* the next number that is free */
void numbers_unchanged(void);
struct tracked *number_at(int number); /* of 0 the first of all */
void number_give(int number, uint64_t inode, int dir, const char *name, int is_dir);
int number_of_inode(uint64_t inode);
int number_of_fd(int fd);
/* The directory that a path leads into, and the path's last component. */
int number_of_dir(int dir, const char *path, const char **ret_last);
int number_fd(int fd); /* notes what an open descriptor is; gives it back, or -1 */
void number_close(int fd);

#endif
