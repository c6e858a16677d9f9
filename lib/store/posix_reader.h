/* SPDX-License-Identifier: ISC */
/*
 * Reading an object of a directory tree: through the page cache, or past it where the file system
 * lets us; what may have come from memory is said to have.
 */
#ifndef STORE_POSIX_READER_H
#define STORE_POSIX_READER_H

#include "store/store.h"

int tote__posix_object_open(void *place, int space, const char *name, uint32_t flags,
	void **ret_object, struct store_stat *ret_stat, struct tote_fault *fault);
int tote__posix_object_read(void *object, uint64_t offset, void *out, size_t len, size_t *ret_len,
	int *ret_cached, struct tote_fault *fault);
void tote__posix_object_close(void *object);

#endif
