/* SPDX-License-Identifier: ISC */
/*
 * A place as the rooms above hold it, whatever its backend.
 */
#include "store/store.h"
#include <string.h>

#define STEP_MAX ((size_t)1 << 20) /* read at once */

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
	struct place place = {.ctx = ctx};
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

void tote__place_close(struct place *place)
{
	if (!place->handle)
		return;
	place->ops->close(place->handle);
	tote__heap_free(&place->ctx->heap, place->location);
	memset(place, 0, sizeof(*place));
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
	tote__buf_put_zeros(out, step);
	rc = tote__buf_check(out, "read", fault);
	if (rc)
		return rc;
	rc = place->ops->object_read(object, *offset, out->data + start, step, &got, cached, fault);
	out->len = start + (rc ? 0 : got);
	*offset += got;
	*ret_end = got < step;
	return rc;
}

int tote__store_get(const struct place *place, int space, const char *name, uint32_t flags,
	struct buf *out, int *ret_cached, struct tote_fault *fault)
{
	const size_t start = out->len;
	struct store_stat st;
	uint64_t offset = 0;
	void *object;
	int cached = 0, end = 0;
	int rc = place->ops->object_open(place->handle, space, name, flags, &object, &st, fault);

	if (rc)
		return rc;
	while (rc == 0 && !end) {
		int now = 0;

		rc = get_step(place, object, st.size, &offset, out, &now, &end, fault);
		cached |= now;
	}
	place->ops->object_close(object);
	if (rc) {
		out->len = start;
		tote__fault_wrap(fault, "%s", name);
		return rc;
	}
	if (ret_cached)
		*ret_cached = cached;
	return 0;
}
