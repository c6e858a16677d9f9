/* SPDX-License-Identifier: ISC */
/*
 * A place of the posix backend on a kernel that can be told to fail, for the tests beside this.
 */
#ifndef STORE_POSIX_HOUSE_H
#define STORE_POSIX_HOUSE_H

#include "store/posix_ctx.h"
#include "support/faulty_kernel.h"
#include "support/store_house.h"
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOREVER 2000000

static inline void posix_house_make(struct house *h)
{
	house_make(h, HOUSE_POSIX, LAYOUT_CONTAINER);
	ck_ok(tote__posix_kernel_set(h->ctx, faulty_kernel(), &h->fault), h->fault);
}

#undef HOUSE
#define HOUSE(h)                                                                                   \
	struct house h;                                                                            \
	posix_house_make(&h)

#define IN(h, ...) scratch_path(&(h).scratch, "box/" __VA_ARGS__)

static inline int names_in(const char *path)
{
	DIR *dir = opendir(path);
	int count = 0;

	ck_assert_msg(dir != NULL, "%s: %s", path, strerror(errno));
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

static inline int open_descriptors(void)
{
	return names_in("/proc/self/fd") - 1; /* without the one that counts */
}

static inline uint32_t mode_of(const char *path)
{
	struct stat st;

	ck_assert_msg(lstat(path, &st) == 0, "%s: %s", path, strerror(errno));
	return st.st_mode & 07777;
}

#endif
