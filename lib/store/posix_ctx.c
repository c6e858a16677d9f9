/* SPDX-License-Identifier: ISC */
/*
 * The table of system calls of a context, found through the registry of its backends.
 */
#include "store/posix_ctx.h"
#include "store/absolute.h"
#include "store/posix_place.h"

static struct posix_backend *backend_of(struct tote_ctx *ctx, struct tote_fault *fault)
{
	const struct store_ops *ops;
	void *backend = NULL;

	return tote__backend_find(ctx, "posix", &ops, &backend, fault) == 0 ? backend : NULL;
}

const struct kernel *tote__posix_kernel(struct tote_ctx *ctx, struct tote_fault *fault)
{
	struct posix_backend *b = backend_of(ctx, fault);

	return b ? b->kernel : NULL;
}

int tote__posix_kernel_set(
	struct tote_ctx *ctx, const struct kernel *kernel, struct tote_fault *fault)
{
	struct posix_backend *b = backend_of(ctx, fault);

	if (!b)
		return fault->code;
	b->kernel = kernel ? kernel : tote__kernel();
	return 0;
}

char *tote__place_absolute(struct tote_ctx *ctx, const char *path, struct tote_fault *fault)
{
	const struct kernel *kernel = tote__posix_kernel(ctx, fault);

	return kernel ? tote__absolute(&ctx->heap, kernel, path, fault) : NULL;
}
