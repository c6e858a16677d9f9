/* SPDX-License-Identifier: ISC */
/*
 * Making the skeleton of a place in a directory tree.
 */
#ifndef STORE_POSIX_PROVISION_H
#define STORE_POSIX_PROVISION_H

#include "base/fault.h"

int tote__posix_provision(
	void *backend, const char *location, int layout, struct tote_fault *fault);

#endif
