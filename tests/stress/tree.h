/* SPDX-License-Identifier: ISC */
/*
 * Directory trees by plain system calls: copied byte for byte with their modes, and removed.
 */
#ifndef STRESS_TREE_H
#define STRESS_TREE_H

#include <stddef.h>

#define PATH_ROOM 4096

/* "formatted" into out; what cannot be done in these tests ends the program. */
const char *path_in(char out[PATH_ROOM], const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void give_up(const char *what, const char *path) __attribute__((noreturn));

/* A new empty directory for the whole run, in memory where there is room: "/dev/shm/NAME-XXXXXX". */
void tree_scratch(char out[PATH_ROOM], const char *name);
void tree_copy(
	const char *from, const char *to); /* to is not there yet; links are copied as links */
void tree_remove(const char *path);        /* nothing there is good, too */
void tree_write(const char *path, const void *data, size_t len);

#endif
