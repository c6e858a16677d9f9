/* SPDX-License-Identifier: ISC */
/*
 * Cells of a place in a directory tree: small files that are replaced whole, by rename.
 */
#ifndef STORE_POSIX_CELL_H
#define STORE_POSIX_CELL_H

#include "store/store.h"

int tote__posix_cell_read(
	void *place, int space, const char *name, struct buf *out, struct tote_fault *fault);
int tote__posix_cell_swap(void *place, int space, const char *name, const void *old, size_t old_len,
	const void *data, size_t len, uint32_t mode, struct tote_fault *fault);
int tote__posix_cell_sync(void *place, int space, const char *name, struct tote_fault *fault);
int tote__posix_cell_rename(
	void *place, int space, const char *from, const char *to, struct tote_fault *fault);

#endif
