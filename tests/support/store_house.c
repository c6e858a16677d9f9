/* SPDX-License-Identifier: ISC */
/*
 * A place of each backend for the tests of the store.
 */
#include "support/store_house.h"

static void make_nothing(struct scratch *s)
{
	snprintf(s->path, sizeof(s->path), "/in/memory");
}

static void destroy_nothing(struct scratch *s)
{
	s->path[0] = '\0';
}

const struct conformance_backend conformance_backends[HOUSE_BACKENDS] = {
	[HOUSE_POSIX] = {"posix", scratch_make, scratch_remove},
	[HOUSE_MEMORY] = {"memory", make_nothing, destroy_nothing},
};

const char *house_location(const struct house *h)
{
	return scratch_path(&h->scratch, "box");
}

static void house_open(struct house *h, int layout)
{
	ck_ok(tote__place_open(
		      h->ctx, h->backend->name, house_location(h), layout, 0, &h->place, &h->fault),
		h->fault);
	h->ops = h->place.ops;
	h->at = h->place.handle;
}

void house_make(struct house *h, int backend, int layout)
{
	memset(h, 0, sizeof(*h));
	h->backend = &conformance_backends[backend];
	h->backend->make(&h->scratch);
	h->ctx = support_ctx(NULL, NULL);
	ck_ok(tote__place_provision(h->ctx, h->backend->name, house_location(h), layout, &h->fault),
		h->fault);
	house_open(h, layout);
}

void house_reopen(struct house *h)
{
	tote__place_close(&h->place);
	house_open(h, LAYOUT_CONTAINER);
}

void house_end(struct house *h)
{
	tote__place_close(&h->place);
	tote_ctx_unref(h->ctx);
	h->backend->destroy(&h->scratch);
}

void house_holds(struct house *h, int space, const char *name, const char *text)
{
	struct buf got;

	tote__buf_init(&got, plain_heap(), 1 << 24);
	ck_ok(tote__store_get(&h->place, space, name, 0, &got, NULL, &h->fault), h->fault);
	ck_assert_uint_eq(got.len, strlen(text));
	ck_assert(memcmp(got.data, text, got.len) == 0);
	tote__buf_free(&got);
}

void house_lacks(struct house *h, int space, const char *name)
{
	struct store_stat st;

	ck_fault(h->ops->stat(h->at, space, name, &st, &h->fault), TOTE_E_NOT_FOUND, h->fault);
	tote__fault_clear(&h->fault);
}

void house_put(struct house *h, int space, const char *name, const char *text)
{
	ck_ok(h->ops->put_new(h->at, space, name, text, strlen(text), &h->fault), h->fault);
}

int house_count(void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	(void)name, (void)fault;
	ck_assert_int_eq(st->mount, 0);
	++*(int *)user;
	return 0;
}
