/* SPDX-License-Identifier: ISC */
/*
 * The backend "memory": places in the memory of the context, for tests and for hosts that keep
 * nothing. All promises but the survival of the process.
 */
#ifndef STORE_MEMORY_H
#define STORE_MEMORY_H

#include "store/store.h"

const struct store_ops *tote__memory_ops(void);
void *tote__memory_backend_make(const struct heap *heap, struct tote_fault *fault);
void tote__memory_backend_free(void *backend); /* NULL is allowed */

#endif
