/* SPDX-License-Identifier: ISC */
/*
 * The backend "posix": places are directories of a Linux file system.
 */
#ifndef STORE_POSIX_H
#define STORE_POSIX_H

#include "store/posix_kernel.h"
#include "store/store.h"

const struct store_ops *tote__posix_ops(void);
void *tote__posix_backend_make(const struct heap *heap, struct tote_fault *fault);
void tote__posix_backend_free(void *backend); /* NULL is allowed */

#endif
