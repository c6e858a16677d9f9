/* SPDX-License-Identifier: ISC */
/*
 * The context: what the host supplies, once, for everything that is made from it; and the checks
 * that every public struct goes through. It is freed with the last handle that hangs on it.
 */
#include "base/ctx.h"
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define LOCK_WAIT_DEFAULT INT64_C(10000000)
#define STRUCT_MAX        16384

/* What a struct of the first release reached to; members behind it came later. */
#define END_OF(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

enum {
	ALLOCATOR_LEAST = END_OF(struct tote_allocator, release),
	CLOCK_LEAST = END_OF(struct tote_clock, monotonic),
	LOG_LEAST = END_OF(struct tote_log, line),
	OPTIONS_LEAST = END_OF(struct tote_ctx_options, lock_wait_us),
};

struct ctx_lock {
	pthread_mutex_t mutex;
};

static int size_check(size_t size, size_t least, const char *name, struct tote_fault *fault)
{
	if (size >= least && size <= STRUCT_MAX)
		return 0;
	return tote__fault(fault, TOTE_E_STRUCT,
		"%s: a size of %zu is outside %zu to %d: set it with the struct's _init", name,
		size, least, STRUCT_MAX);
}

static uint32_t size_of(const void *caller)
{
	uint32_t size;

	memcpy(&size, caller, sizeof(size));
	return size;
}

int tote__struct_in(void *out, size_t known, size_t least, const void *caller, const char *name,
	struct tote_fault *fault)
{
	const uint32_t ours = (uint32_t)known;
	const uint8_t *bytes = caller;
	size_t size = known;
	int rc;

	memset(out, 0, known);
	if (caller) {
		size = size_of(caller);
		rc = size_check(size, least, name, fault);
		if (rc < 0)
			return rc;
		for (size_t i = known; i < size; i++) {
			if (bytes[i] != 0)
				return tote__fault(fault, TOTE_E_STRUCT,
					"%s: byte %zu is set, which this version of the library "
					"does not know",
					name, i);
		}
		memcpy(out, caller, size < known ? size : known);
	}
	memcpy(out, &ours, sizeof(ours));
	return 0;
}

int tote__struct_init(
	void *caller, size_t size, size_t least, const char *name, struct tote_fault *fault)
{
	const uint32_t theirs = (uint32_t)size;
	int rc;

	if (!caller)
		return tote__fault(fault, TOTE_E_ARGUMENT, "%s: NULL", name);
	rc = size_check(size, least, name, fault);
	if (rc < 0)
		return rc;
	memset(caller, 0, size);
	memcpy(caller, &theirs, sizeof(theirs));
	return 0;
}

int tote__struct_out(void *caller, const void *ours, size_t known, size_t least, const char *name,
	struct tote_fault *fault)
{
	uint32_t size;
	int rc;

	if (!caller)
		return tote__fault(fault, TOTE_E_ARGUMENT, "%s: NULL", name);
	size = size_of(caller);
	rc = size_check(size, least, name, fault);
	if (rc < 0)
		return rc;
	memset(caller, 0, size);
	memcpy(caller, ours, size < known ? size : known);
	memcpy(caller, &size, sizeof(size)); /* so that it can be filled again */
	return 0;
}

int tote__flags_check(uint32_t flags, uint32_t allowed, const char *name, struct tote_fault *fault)
{
	if (!(flags & ~allowed))
		return 0;
	return tote__fault(fault, TOTE_E_FLAGS, "%s: unknown flag bits 0x%x", name,
		(unsigned)(flags & ~allowed));
}

int tote_ctx_options_init(struct tote_ctx_options *options, size_t size, struct tote_fault *fault)
{
	FAULT_BEGIN(fault);
	return tote__struct_init(options, size, OPTIONS_LEAST, "ctx options", fault);
}

/* The allocator comes first: the context itself is made with it. */
static int allocator_in(
	const struct tote_allocator *host, struct heap *ret, struct tote_fault *fault)
{
	struct tote_allocator in;
	int rc;

	tote__heap_init(ret, NULL);
	if (!host)
		return 0;
	rc = tote__struct_in(&in, sizeof(in), ALLOCATOR_LEAST, host, "allocator", fault);
	if (rc == 0)
		rc = tote__flags_check(in.flags, 0, "allocator", fault);
	if (rc < 0)
		return rc;
	if (!in.resize || !in.release)
		return tote__fault(
			fault, TOTE_E_ARGUMENT, "allocator: resize and release are both needed");
	tote__heap_init(ret, &in);
	return 0;
}

static int clock_in(
	const struct tote_clock *host, struct clock_source *ret, struct tote_fault *fault)
{
	struct tote_clock in;
	int rc = tote__struct_in(&in, sizeof(in), CLOCK_LEAST, host, "clock", fault);

	if (rc == 0)
		rc = tote__flags_check(in.flags, 0, "clock", fault);
	if (rc == 0)
		tote__clock_init(ret, &in);
	return rc;
}

static int log_in(const struct tote_log *host, struct log_sink *ret, struct tote_fault *fault)
{
	struct tote_log in;
	int rc = tote__struct_in(&in, sizeof(in), LOG_LEAST, host, "log", fault);

	if (rc == 0)
		tote__log_init(ret, &in);
	return rc;
}

static int64_t lock_wait_of(int64_t asked)
{
	if (asked == 0)
		return LOCK_WAIT_DEFAULT;
	return asked < 0 ? 0 : asked;
}

/* Frees what is there, also of a context that was only half made. */
static void ctx_free(tote_ctx *ctx)
{
	const struct heap heap = ctx->heap;

	for (size_t i = 0; i < CTX_SLOTS; i++) {
		if (ctx->slots[i].object)
			ctx->slots[i].destroy(&heap, ctx->slots[i].object);
	}
	if (ctx->lock) {
		pthread_mutex_destroy(&ctx->lock->mutex);
		tote__heap_free(&heap, ctx->lock);
	}
	tote__heap_free(&heap, ctx);
}

static int lock_make(tote_ctx *ctx, struct tote_fault *fault)
{
	struct ctx_lock *lock = tote__heap_new(&ctx->heap, 1, sizeof(*lock), fault);
	int err;

	if (!lock)
		return fault->code;
	err = pthread_mutex_init(&lock->mutex, NULL);
	if (err) {
		tote__heap_free(&ctx->heap, lock);
		return tote__fault_errno(fault, err, "context: mutex");
	}
	ctx->lock = lock;
	return 0;
}

static int ctx_make(
	const struct tote_ctx_options *options, tote_ctx **ret, struct tote_fault *fault)
{
	struct heap heap;
	tote_ctx *ctx;
	int rc = allocator_in(options->allocator, &heap, fault);

	if (rc < 0)
		return rc;
	ctx = tote__heap_new(&heap, 1, sizeof(*ctx), fault);
	if (!ctx)
		return fault->code;
	ctx->heap = heap;
	atomic_init(&ctx->refs, 1);
	ctx->pid = getpid();
	ctx->lock_wait_us = lock_wait_of(options->lock_wait_us);
	rc = clock_in(options->clock, &ctx->clock, fault);
	if (rc == 0)
		rc = log_in(options->log, &ctx->log, fault);
	if (rc == 0)
		rc = lock_make(ctx, fault);
	if (rc < 0)
		ctx_free(ctx);
	else
		*ret = ctx;
	return rc;
}

int tote_ctx_new(
	const struct tote_ctx_options *options, tote_ctx **ret_ctx, struct tote_fault *fault)
{
	struct tote_ctx_options in;
	int rc;

	FAULT_BEGIN(fault);
	if (!ret_ctx)
		return tote__fault(fault, TOTE_E_ARGUMENT, "context: ret_ctx is NULL");
	rc = tote__struct_in(&in, sizeof(in), OPTIONS_LEAST, options, "ctx options", fault);
	if (rc == 0)
		rc = tote__flags_check(in.flags, 0, "ctx options", fault);
	if (rc == 0)
		rc = ctx_make(&in, ret_ctx, fault);
	return rc;
}

tote_ctx *tote_ctx_ref(tote_ctx *ctx)
{
	if (ctx)
		atomic_fetch_add_explicit(&ctx->refs, 1, memory_order_relaxed);
	return ctx;
}

tote_ctx *tote_ctx_unref(tote_ctx *ctx)
{
	if (ctx && atomic_fetch_sub_explicit(&ctx->refs, 1, memory_order_acq_rel) == 1)
		ctx_free(ctx);
	return NULL;
}

int tote__ctx_is_forked(const struct tote_ctx *ctx)
{
	return ctx->pid != getpid();
}

int tote__ctx_check(const struct tote_ctx *ctx, struct tote_fault *fault)
{
	if (!ctx)
		return tote__fault(fault, TOTE_E_ARGUMENT, "the context is NULL");
	if (tote__ctx_is_forked(ctx))
		return tote__fault(fault, TOTE_E_MISUSE,
			"the context was made by process %lld: a forked child makes its own",
			(long long)ctx->pid);
	return 0;
}

void *tote__ctx_slot(struct tote_ctx *ctx, int slot,
	void *(*make)(const struct heap *heap, struct tote_fault *fault),
	void (*destroy)(const struct heap *heap, void *object), struct tote_fault *fault)
{
	struct ctx_slot *s = &ctx->slots[slot];
	void *object;

	pthread_mutex_lock(&ctx->lock->mutex);
	if (!s->object) {
		s->object = make(&ctx->heap, fault);
		s->destroy = destroy;
	}
	object = s->object;
	pthread_mutex_unlock(&ctx->lock->mutex);
	return object;
}
