/* SPDX-License-Identifier: ISC */
/*
 * The inside of a context, and the checks that every public struct goes through.
 */
#ifndef BASE_CTX_H
#define BASE_CTX_H

#include "base/clock.h"
#include "base/fault.h"
#include "base/heap.h"
#include "base/log.h"
#include <stdatomic.h>

/* Something that a later room keeps on the context (SHA-256 engine, memory backend). */
struct ctx_slot {
	void *object;
	void (*destroy)(const struct heap *heap, void *object);
};

enum { CTX_SLOT_HASHER, CTX_SLOT_BACKENDS, CTX_SLOTS };

struct tote_ctx {
	struct heap heap;
	struct clock_source clock;
	struct log_sink log;
	int64_t lock_wait_us;
	int64_t pid; /* a forked child may only unref */
	atomic_uint refs;
	struct ctx_slot slots[CTX_SLOTS]; /* filled once, under the lock */
	struct ctx_lock *lock;
};

/* TOTE_E_ARGUMENT for NULL, TOTE_E_MISUSE in a forked child: first check of every entry point. */
int tote__ctx_check(const struct tote_ctx *ctx, struct tote_fault *fault);

/*
 * 1 in a forked child, to which other threads' waits were copied without the threads: what they
 * waited on must never be destroyed there (pthread_cond_destroy(3) would wait for them for ever).
 */
int tote__ctx_is_forked(const struct tote_ctx *ctx);

/*
 * The object of a slot, made by make() the first time; NULL with the fault set where that failed.
 */
void *tote__ctx_slot(struct tote_ctx *ctx, int slot,
	void *(*make)(const struct heap *heap, struct tote_fault *fault),
	void (*destroy)(const struct heap *heap, void *object), struct tote_fault *fault);

/*
 * Copies a caller's sized struct into out, which is known bytes large: the caller's size must be
 * at least `least` and at most 16384, bytes behind `known` must be zero (TOTE_E_STRUCT). A NULL
 * caller gives zeros with size set to known.
 */
int tote__struct_in(void *out, size_t known, size_t least, const void *caller, const char *name,
	struct tote_fault *fault);

/* The common _init: zeroes and sets size; TOTE_E_STRUCT outside [least, 16384]. */
int tote__struct_init(
	void *caller, size_t size, size_t least, const char *name, struct tote_fault *fault);

/* Fills a caller's sized output struct from ours, at most as far as its size goes. */
int tote__struct_out(void *caller, const void *ours, size_t known, size_t least, const char *name,
	struct tote_fault *fault);

/* TOTE_E_FLAGS for a bit outside allowed. */
int tote__flags_check(uint32_t flags, uint32_t allowed, const char *name, struct tote_fault *fault);

#endif
