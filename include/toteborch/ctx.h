/* SPDX-License-Identifier: ISC */
/*
 * The context: the host's allocator, log and clock, and the backends. Everything else hangs on one.
 */
#ifndef TOTEBORCH_CTX_H
#define TOTEBORCH_CTX_H

#include <toteborch/api.h>
#include <toteborch/fault.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tote_ctx tote_ctx;

/* Priorities of log lines, as syslog(3) numbers them. */
#define TOTE_LOG_ERROR   3
#define TOTE_LOG_WARNING 4
#define TOTE_LOG_INFO    6
#define TOTE_LOG_DEBUG   7

/*
 * The host's allocator. resize(user, NULL, n) allocates, resize(user, p, n) moves as realloc(3),
 * n is never 0; NULL means no memory, p then stays valid. release(user, p) frees, p may be NULL.
 * Memory need not be zeroed and is aligned as malloc(3) does. May be called from any thread that
 * is in a call of the library.
 */
struct tote_allocator {
	uint32_t size;
	uint32_t flags; /* 0 */
	void *user;
	void *(*resize)(void *user, void *block, size_t bytes);
	void (*release)(void *user, void *block);
};

/*
 * The host's clocks, both in microseconds. wall: since 1970-01-01 UTC, as it is, it may jump.
 * monotonic: since any fixed point, never back. NULL members mean the system's. They are called from
 * any thread that is in a call of the library, threads of its own included.
 */
struct tote_clock {
	uint32_t size;
	uint32_t flags; /* 0 */
	void *user;
	int64_t (*wall)(void *user);
	int64_t (*monotonic)(void *user);
};

/*
 * Where the library's own log lines go: one line without a newline. Without one nothing is
 * logged; the library itself never prints.
 */
struct tote_log {
	uint32_t size;
	int32_t level; /* lines above this priority number are not made; 0 means TOTE_LOG_WARNING */
	void *user;
	void (*line)(void *user, int32_t priority, const char *text);
};

/* Zero and NULL mean the default. What the pointers point to is copied. */
struct tote_ctx_options {
	uint32_t size;
	uint32_t flags; /* 0 */
	const struct tote_allocator *allocator;
	const struct tote_clock *clock;
	const struct tote_log *log;
	int64_t lock_wait_us; /* how long a call waits for a lock; 0 means 10 seconds, <0 not at all */
};

/*
 * Sets the options to their defaults. size is what the caller's header says
 * sizeof(struct tote_ctx_options) is. Every _init of this library is like this one: TOTE_E_STRUCT
 * for a size that this version cannot have. Any thread. Since 0.1.
 */
TOTE_API int tote_ctx_options_init(
	struct tote_ctx_options *options, size_t size, struct tote_fault *fault);

/*
 * Makes a context with one reference. options may be NULL. TOTE_E_STRUCT, TOTE_E_FLAGS,
 * TOTE_E_NO_MEMORY. Any thread. Since 0.1.
 */
TOTE_API int tote_ctx_new(
	const struct tote_ctx_options *options, tote_ctx **ret_ctx, struct tote_fault *fault);

/*
 * Takes one more reference and returns ctx; drops one and returns NULL. Both take NULL. The
 * context lives as long as a handle made from it. Any thread. Since 0.1.
 */
TOTE_API tote_ctx *tote_ctx_ref(tote_ctx *ctx);
TOTE_API tote_ctx *tote_ctx_unref(tote_ctx *ctx);

#ifdef __cplusplus
}
#endif
#endif
