/* SPDX-License-Identifier: ISC */
/*
 * Objects and cells of a place in memory.
 */
#ifndef STORE_MEMORY_OBJECT_H
#define STORE_MEMORY_OBJECT_H

#include "store/store.h"

int tote__memory_stat(
	void *place, int space, const char *name, struct store_stat *ret, struct tote_fault *fault);
int tote__memory_list(void *place, int space, const char *dir, store_list_fn *each, void *user,
	struct tote_fault *fault);
int tote__memory_object_open(void *place, int space, const char *name, uint32_t flags,
	void **ret_object, struct store_stat *ret_stat, struct tote_fault *fault);
int tote__memory_object_read(void *object, uint64_t offset, void *out, size_t len, size_t *ret_len,
	int *ret_cached, struct tote_fault *fault);
int tote__memory_put_new(void *place, int space, const char *name, const void *data, size_t len,
	struct tote_fault *fault);
int tote__memory_sync_object(void *place, int space, const char *name, struct tote_fault *fault);
int tote__memory_barrier(void *place, int space, struct tote_fault *fault);
int tote__memory_remove(void *place, int space, const char *name, struct tote_fault *fault);

int tote__memory_cell_read(
	void *place, int space, const char *name, struct buf *out, struct tote_fault *fault);
int tote__memory_cell_swap(void *place, int space, const char *name, const void *old,
	size_t old_len, const void *data, size_t len, uint32_t mode, struct tote_fault *fault);
int tote__memory_cell_rename(
	void *place, int space, const char *from, const char *to, struct tote_fault *fault);

#endif
