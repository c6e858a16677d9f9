/* SPDX-License-Identifier: ISC */
/*
 * The backends of a context, by name. They are made with the first place and live as long as the
 * context: so what the memory backend holds is there again when a place is closed and opened.
 */
#include "store/memory.h"
#include "store/posix.h"
#include "store/store.h"
#include <string.h>

struct backends {
	void *posix;
	void *memory;
};

static void backends_free(const struct heap *heap, void *object)
{
	struct backends *b = object;

	if (!b)
		return;
	tote__posix_backend_free(b->posix);
	tote__memory_backend_free(b->memory);
	tote__heap_free(heap, b);
}

static void *backends_make(const struct heap *heap, struct tote_fault *fault)
{
	struct backends *b = tote__heap_new(heap, 1, sizeof(*b), fault);

	if (!b)
		return NULL;
	b->posix = tote__posix_backend_make(heap, fault);
	if (!b->posix)
		goto fail;
	b->memory = tote__memory_backend_make(heap, fault);
	if (!b->memory)
		goto fail;
	return b;
fail:
	backends_free(heap, b);
	return NULL;
}

int tote__backend_find(struct tote_ctx *ctx, const char *name, const struct store_ops **ret_ops,
	void **ret_backend, struct tote_fault *fault)
{
	struct backends *b =
		tote__ctx_slot(ctx, CTX_SLOT_BACKENDS, backends_make, backends_free, fault);

	if (!b)
		return fault->code;
	if (strcmp(name, tote__posix_ops()->name) == 0) {
		*ret_ops = tote__posix_ops();
		*ret_backend = b->posix;
		return 0;
	}
	if (strcmp(name, tote__memory_ops()->name) == 0) {
		*ret_ops = tote__memory_ops();
		*ret_backend = b->memory;
		return 0;
	}
	return tote__fault(fault, TOTE_E_UNSUPPORTED,
		"there is no backend '%s' here: this library has posix and memory", name);
}
