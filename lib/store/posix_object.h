/* SPDX-License-Identifier: ISC */
/*
 * Objects of a place in a directory tree: looked at, listed, read, written once, removed.
 */
#ifndef STORE_POSIX_OBJECT_H
#define STORE_POSIX_OBJECT_H

#include "store/store.h"

int tote__posix_stat(
	void *place, int space, const char *name, struct store_stat *ret, struct tote_fault *fault);
int tote__posix_list(void *place, int space, const char *dir, store_list_fn *each, void *user,
	struct tote_fault *fault);
int tote__posix_put_new(void *place, int space, const char *name, const void *data, size_t len,
	struct tote_fault *fault);
int tote__posix_put_all(
	void *place, int space, struct store_put *puts, size_t count, struct tote_fault *fault);
int tote__posix_sync_object(void *place, int space, const char *name, struct tote_fault *fault);
int tote__posix_barrier(void *place, int space, struct tote_fault *fault);
int tote__posix_remove(void *place, int space, const char *name, struct tote_fault *fault);

#endif
