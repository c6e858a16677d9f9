/* SPDX-License-Identifier: ISC */
/*
 * Opening a place in a directory tree.
 */
#ifndef STORE_POSIX_OPEN_H
#define STORE_POSIX_OPEN_H

#include "store/store.h"

int tote__posix_open(void *backend, const char *location, int layout, uint32_t flags,
	void **ret_place, struct tote_fault *fault);
int tote__posix_identity(void *place, struct store_identity *ret, struct tote_fault *fault);

#endif
