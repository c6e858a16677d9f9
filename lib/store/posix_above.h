/* SPDX-License-Identifier: ISC */
/*
 * What lies above a location.
 */
#ifndef STORE_POSIX_ABOVE_H
#define STORE_POSIX_ABOVE_H

#include "store/store.h"

int tote__posix_enclosed(
	void *backend, const char *location, uint32_t *ret_levels, struct tote_fault *fault);

#endif
