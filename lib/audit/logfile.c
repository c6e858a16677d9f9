/* SPDX-License-Identifier: ISC */
/*
 * Reading one file of a log. C2SP tlog-tiles: a partial one may be gone once the full one is there,
 * whose beginning it was.
 */
#include "audit/logfile.h"
#include <string.h>

/* The whole file; 0 also where it is not there or odd: then ret->state says so. */
static int read_file(struct inquiry *q, const struct tile *t, struct buf *out, struct logfile *ret,
	struct tote_fault *fault)
{
	struct tote_fault why;
	char name[TILE_NAME_MAX];
	int cached = 0, r;

	memset(&why, 0, sizeof(why));
	tote__tile_name(t, name);
	tote__buf_reset(out);
	ret->file = *t;
	ret->whole = 0;
	r = tote__store_get(q->place, SPACE_LOG, name, STORE_UNCACHED, out, &cached, &why);
	ret->size = out->len;
	if (r == 0) {
		q->bytes += out->len;
		q->cached |= cached;
		ret->state = LOGFILE_GOOD;
		return 0;
	}
	if (r == TOTE_E_NOT_FOUND) {
		ret->state = LOGFILE_MISSING;
		return 0;
	}
	if (r == TOTE_E_TOO_LARGE) {
		ret->state = LOGFILE_SHAPE;
		ret->size = out->max + 1;
		return 0;
	}
	ret->state = LOGFILE_CLOSED;
	if (r == TOTE_E_UNTRUSTED)
		return tote__inquiry_find(q, FINDING_LOG_MODE, SPACE_LOG, name, FINDING_NO_SEQ,
			"a regular file with one link", why.text, fault);
	*fault = why;
	return tote__inquiry_failed(q, SPACE_LOG, name, r, fault);
}

/* Splits and hashes; the first `width` entries are those that are wanted. */
static void split(struct inquiry *q, uint32_t held, uint32_t width, const struct buf *bytes,
	uint8_t *leaves, struct logfile *ret)
{
	struct tote_fault unused;
	struct bundle_walk w;
	const uint8_t *entry;
	size_t len;
	int r;

	tote__bundle_walk(&w, bytes->data, bytes->len, held);
	while ((r = tote__bundle_next(&w, &entry, &len, &unused)) > 0) {
		if (ret->whole < width)
			tote__hash_leaf(
				q->engine, entry, len, leaves + (size_t)ret->whole++ * HASH_LEN);
	}
	if (r < 0)
		ret->state = LOGFILE_SHAPE;
}

int tote__logfile_just(struct inquiry *q, const struct tile *t, struct buf *out, uint8_t *leaves,
	struct logfile *ret, struct tote_fault *fault)
{
	int rc = read_file(q, t, out, ret, fault);

	if (rc < 0 || ret->state != LOGFILE_GOOD)
		return rc;
	if (t->level == TILE_ENTRIES)
		split(q, t->width, t->width, out, leaves, ret);
	else if (out->len != (size_t)t->width * HASH_LEN)
		ret->state = LOGFILE_SHAPE;
	return 0;
}

int tote__logfile_bundle(struct inquiry *q, const struct tile *want, struct buf *out,
	uint8_t *leaves, struct logfile *ret, struct tote_fault *fault)
{
	struct tile full = {want->level, want->index, TILE_WIDTH};
	int rc = read_file(q, want, out, ret, fault);

	if (rc == 0 && ret->state == LOGFILE_MISSING && want->width < TILE_WIDTH) {
		rc = read_file(q, &full, out, ret, fault);
		if (ret->state == LOGFILE_MISSING)
			ret->file = *want;
	}
	if (rc == 0 && ret->state == LOGFILE_GOOD)
		split(q, ret->file.width, want->width, out, leaves, ret);
	return rc;
}

int tote__logfile_tile(struct inquiry *q, const struct tile *want, uint8_t *out,
	struct logfile *ret, struct tote_fault *fault)
{
	struct tile full = {want->level, want->index, TILE_WIDTH};
	struct buf bytes;
	int rc;

	tote__buf_init(&bytes, q->heap, TILE_BYTES);
	rc = tote__logfile_just(q, want, &bytes, NULL, ret, fault);
	if (rc == 0 && ret->state == LOGFILE_MISSING && want->width < TILE_WIDTH) {
		rc = tote__logfile_just(q, &full, &bytes, NULL, ret, fault);
		if (ret->state == LOGFILE_MISSING)
			ret->file = *want;
	}
	if (rc == 0 && ret->state == LOGFILE_GOOD)
		memcpy(out, bytes.data, (size_t)want->width * HASH_LEN);
	tote__buf_free(&bytes);
	return rc;
}

int tote__logfile_exists(struct inquiry *q, const struct tile *t)
{
	struct tote_fault unused;
	struct store_stat st;
	char name[TILE_NAME_MAX];

	memset(&unused, 0, sizeof(unused));
	tote__tile_name(t, name);
	return q->place->ops->stat(q->place->handle, SPACE_LOG, name, &st, &unused) == 0;
}
