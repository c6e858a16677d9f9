/* SPDX-License-Identifier: ISC */
/*
 * A place of each backend for the tests of the store: the same tests, one table of backends.
 */
#ifndef SUPPORT_STORE_HOUSE_H
#define SUPPORT_STORE_HOUSE_H

#include "store/store.h"
#include "support/support.h"

/* One backend and somewhere to make places in. */
struct conformance_backend {
	const char *name;
	void (*make)(struct scratch *s);
	void (*destroy)(struct scratch *s);
};

enum { HOUSE_POSIX, HOUSE_MEMORY, HOUSE_BACKENDS };

extern const struct conformance_backend conformance_backends[HOUSE_BACKENDS];

/* A provisioned place, opened. */
struct house {
	const struct conformance_backend *backend;
	struct scratch scratch;
	tote_ctx *ctx;
	struct place place;
	const struct store_ops *ops;
	void *at; /* place.handle */
	struct tote_fault fault;
};

void house_make(struct house *h, int backend, int layout);
void house_reopen(struct house *h); /* a container */
void house_end(struct house *h);
const char *house_location(const struct house *h);

/* A container of the backend of a loop test. */
#define HOUSE(h)                                                                                   \
	struct house h;                                                                            \
	house_make(&h, _i, LAYOUT_CONTAINER)

/* The object is there, of this text; nothing is there; puts one there. */
void house_holds(struct house *h, int space, const char *name, const char *text);
void house_lacks(struct house *h, int space, const char *name);
void house_put(struct house *h, int space, const char *name, const char *text);

/* For list: counts into an int. */
int house_count(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault);

#endif
