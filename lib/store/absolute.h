/* SPDX-License-Identifier: ISC */
/*
 * A host's path from the root of the file system on: the working directory before a relative one,
 * empty and `.` components dropped. `..` stays: only the file system knows what it means.
 */
#ifndef STORE_ABSOLUTE_H
#define STORE_ABSOLUTE_H

#include "base/ctx.h"
#include "store/posix_kernel.h"

char *tote__absolute(const struct heap *heap, const struct kernel *kernel, const char *path,
	struct tote_fault *fault);

#endif
