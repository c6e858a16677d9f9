/* SPDX-License-Identifier: ISC */
/*
 * A place as the rooms above hold it, whatever its backend.
 */
#include "store/store.h"
#include <string.h>

#define STEP_MAX      ((size_t)1 << 20) /* read at once */
#define NUMBERS_FIRST 64

int tote__place_provision(struct tote_ctx *ctx, const char *backend, const char *location,
	int layout, struct tote_fault *fault)
{
	const struct store_ops *ops;
	void *object;
	int rc = tote__backend_find(ctx, backend, &ops, &object, fault);

	return rc ? rc : ops->provision(object, location, layout, fault);
}

int tote__place_open(struct tote_ctx *ctx, const char *backend, const char *location, int layout,
	uint32_t flags, struct place *ret_place, struct tote_fault *fault)
{
	struct place place = {.ctx = ctx, .layout = layout};
	void *object;
	int rc = tote__backend_find(ctx, backend, &place.ops, &object, fault);

	if (rc)
		return rc;
	place.location = tote__heap_strdup(&ctx->heap, location, fault);
	if (!place.location)
		return fault->code;
	rc = place.ops->open(object, location, layout, flags, &place.handle, fault);
	if (rc) {
		tote__heap_free(&ctx->heap, place.location);
		return rc;
	}
	*ret_place = place;
	return 0;
}

int tote__place_enclosed(struct tote_ctx *ctx, const char *backend, const char *location,
	uint32_t *ret_levels, struct tote_fault *fault)
{
	const struct store_ops *ops;
	void *object;
	int rc = tote__backend_find(ctx, backend, &ops, &object, fault);

	*ret_levels = 0;
	return rc || !ops->enclosed ? rc : ops->enclosed(object, location, ret_levels, fault);
}

void tote__place_close(struct place *place)
{
	if (!place->handle)
		return;
	place->ops->close(place->handle);
	tote__heap_free(&place->ctx->heap, place->location);
	memset(place, 0, sizeof(*place));
}

int tote__store_put_all(const struct place *place, int space, struct store_put *puts, size_t count,
	struct tote_fault *fault)
{
	const struct store_ops *ops = place->ops;
	struct tote_fault before = *fault;
	int rc = 0;

	if (ops->put_all)
		return ops->put_all(place->handle, space, puts, count, fault);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		rc = ops->put_new(
			place->handle, space, puts[i].name, puts[i].data, puts[i].len, fault);
		puts[i].exists = rc == TOTE_E_EXISTS;
		if (puts[i].exists) {
			*fault = before;
			rc = 0;
		}
	}
	return rc;
}

/* One more than what is left, so that the read that meets the end is the one that got the rest. */
static size_t step_of(uint64_t size, uint64_t offset, size_t room)
{
	uint64_t left = size > offset ? size - offset : 0;
	size_t step = left >= STEP_MAX ? STEP_MAX : (size_t)left + 1;

	return step < room ? step : room;
}

/* Appends the next bytes to out; *ret_end at the object's end. */
static int get_step(const struct place *place, void *object, uint64_t size, uint64_t *offset,
	struct buf *out, int *cached, int *ret_end, struct tote_fault *fault)
{
	const size_t start = out->len;
	size_t step = step_of(size, *offset, out->max - start);
	size_t got = 0;
	uint8_t probe;
	int rc;

	if (step == 0) { /* full: right only when nothing is left */
		rc = place->ops->object_read(object, *offset, &probe, 1, &got, cached, fault);
		if (rc == 0 && got > 0)
			rc = tote__fault(
				fault, TOTE_E_TOO_LARGE, "larger than %zu bytes", out->max);
		*ret_end = 1;
		return rc;
	}
	tote__buf_extend(out, step);
	rc = tote__buf_check(out, "read", fault);
	if (rc)
		return rc;
	rc = place->ops->object_read(object, *offset, out->data + start, step, &got, cached, fault);
	out->len = start + (rc ? 0 : got);
	*offset += got;
	*ret_end = got < step;
	return rc;
}

int tote__store_read(const struct place *place, void *object, uint64_t size, struct buf *out,
	int *ret_cached, struct tote_fault *fault)
{
	const size_t start = out->len;
	uint64_t offset = 0;
	int cached = 0, end = 0, rc = 0;

	while (rc == 0 && !end) {
		int now = 0;

		rc = get_step(place, object, size, &offset, out, &now, &end, fault);
		cached |= now;
	}
	if (rc)
		out->len = start;
	else if (ret_cached)
		*ret_cached = cached;
	return rc;
}

int tote__store_get(const struct place *place, int space, const char *name, uint32_t flags,
	struct buf *out, int *ret_cached, struct tote_fault *fault)
{
	struct store_stat st;
	void *object;
	int rc = place->ops->object_open(place->handle, space, name, flags, &object, &st, fault);

	if (rc)
		return rc;
	rc = tote__store_read(place, object, st.size, out, ret_cached, fault);
	place->ops->object_close(object);
	return rc ? tote__fault_wrap(fault, "%s", name) : 0;
}

static void read_one(const struct place *place, int space, uint32_t flags, struct store_read *r)
{
	struct tote_fault unused;
	void *object;

	r->len = 0;
	r->cached = 0;
	r->code = place->ops->object_open(
		place->handle, space, r->name, flags, &object, &r->st, &unused);
	if (r->code)
		return;
	r->code = place->ops->object_read(object, 0, r->out, r->cap, &r->len, &r->cached, &unused);
	place->ops->object_close(object);
}

int tote__store_read_many(const struct place *place, int space, uint32_t flags,
	struct store_read *reads, size_t count, struct tote_fault *fault)
{
	if (place->ops->read_many)
		return place->ops->read_many(place->handle, space, flags, reads, count, fault);
	for (size_t i = 0; i < count; i++)
		read_one(place, space, flags, &reads[i]);
	return 0;
}

int tote__place_numbers(const struct place *place, store_numbers_fn *list, size_t max,
	uint64_t **numbers, size_t *ret_count, struct tote_fault *fault)
{
	int rc = TOTE_E_LIMIT;

	for (size_t cap = NUMBERS_FIRST; rc == TOTE_E_LIMIT && cap <= max; cap *= 2) {
		uint64_t *more =
			tote__heap_resize(&place->ctx->heap, *numbers, cap, sizeof(*more), fault);

		if (!more)
			return fault->code;
		*numbers = more;
		tote__fault_clear(fault);
		rc = list(place->handle, more, cap, ret_count, fault);
		/* too many open files has the same code, and no larger array helps */
		if (rc == TOTE_E_LIMIT && fault->sys_errno)
			break;
	}
	return rc;
}
