/* SPDX-License-Identifier: ISC */
/*
 * The system calls that a context's posix backend makes, for all that asks about the host's files.
 */
#ifndef STORE_POSIX_CTX_H
#define STORE_POSIX_CTX_H

#include "store/posix_kernel.h"
#include "store/store.h"

/* The system calls of the context's backend; NULL with the fault set where it cannot be made. */
const struct kernel *tote__posix_kernel(struct tote_ctx *ctx, struct tote_fault *fault);
/* A test's own, which must outlive the context; NULL: the real ones again. Before any thread. */
int tote__posix_kernel_set(
	struct tote_ctx *ctx, const struct kernel *kernel, struct tote_fault *fault);

#endif
