/* SPDX-License-Identifier: ISC */
/*
 * Reading one file of a log. C2SP tlog-tiles: a partial one may be gone once the full one is there,
 * whose beginning it was.
 */
#include "audit/logfile.h"
#include <string.h>

/* --- reading, on any thread ----------------------------------------------------------------- */

/* The whole file into out; 0 where there was no room for it. */
static int read_whole(const struct inquiry *q, const char *name, const struct logread_room *room,
	struct buf *out, struct logread *ret)
{
	const struct place *place = q->place;
	const struct store_ops *ops = place->ops;
	const uint32_t flags = q->target->may_cache ? 0 : STORE_UNCACHED;
	struct store_stat st;
	void *object;

	ret->r = ops->object_open(place->handle, SPACE_LOG, name, flags, &object, &st, &ret->why);
	if (ret->r < 0)
		return 1;
	ret->cached = !flags;
	if (st.size <= out->max && room && !room->ask(room->user, st.size)) {
		ops->object_close(object);
		return 0;
	}
	ret->r = st.size > out->max ? TOTE_E_TOO_LARGE
				    : tote__store_read(place, object, st.size, out,
					      flags ? &ret->cached : NULL, &ret->why);
	ops->object_close(object);
	if (ret->r < 0)
		tote__fault_wrap(&ret->why, "%s", name);
	return 1;
}

/* The file of just that name. */
static int read_file(const struct inquiry *q, const struct tile *t, const struct logread_room *room,
	struct buf *out, struct logread *ret)
{
	char name[TILE_NAME_MAX];

	memset(ret, 0, sizeof(*ret));
	tote__tile_name(t, name);
	tote__buf_reset(out);
	ret->file.file = *t;
	if (!read_whole(q, name, room, out, ret))
		return 0;
	ret->file.size = out->len;
	if (ret->r == 0) {
		ret->bytes = out->len;
		ret->file.state = LOGFILE_GOOD;
	} else if (ret->r == TOTE_E_NOT_FOUND) {
		ret->file.state = LOGFILE_MISSING;
	} else if (ret->r == TOTE_E_TOO_LARGE) {
		ret->file.state = LOGFILE_SHAPE;
		ret->file.size = out->max + 1;
	} else {
		ret->file.state = LOGFILE_CLOSED;
	}
	return 1;
}

/* Splits and hashes; the first `width` entries are those that are wanted. */
static void split(const struct inquiry *q, uint32_t held, uint32_t width, const struct buf *bytes,
	uint8_t *leaves, struct logfile *ret)
{
	const struct hasher *engine = tote__hasher_alone(q->engine, q->heap);
	struct tote_fault unused;
	struct bundle_walk w;
	const uint8_t *entry;
	size_t len;
	int r;

	tote__bundle_walk(&w, bytes->data, bytes->len, held);
	while ((r = tote__bundle_next(&w, &entry, &len, &unused)) > 0) {
		if (ret->whole < width)
			tote__hash_leaf(
				engine, entry, len, leaves + (size_t)ret->whole++ * HASH_LEN);
	}
	if (r < 0)
		ret->state = LOGFILE_SHAPE;
	tote__hasher_drop(engine, q->heap);
}

static void judge_shape(const struct inquiry *q, uint32_t width, const struct buf *bytes,
	uint8_t *leaves, struct logfile *file)
{
	if (file->state != LOGFILE_GOOD)
		return;
	if (file->file.level == TILE_ENTRIES)
		split(q, file->file.width, width, bytes, leaves, file);
	else if (bytes->len != (size_t)file->file.width * HASH_LEN)
		file->state = LOGFILE_SHAPE;
}

int tote__logfile_read(const struct inquiry *q, const struct tile *want,
	const struct logread_room *room, struct buf *out, uint8_t *leaves, struct logread *ret)
{
	struct tile full = {want->level, want->index, TILE_WIDTH};

	if (!read_file(q, want, room, out, ret))
		return 0;
	if (ret->file.state == LOGFILE_MISSING && want->width < TILE_WIDTH) {
		if (!read_file(q, &full, room, out, ret))
			return 0;
		if (ret->file.state == LOGFILE_MISSING)
			ret->file.file = *want;
	}
	judge_shape(q, want->width, out, leaves, &ret->file);
	return 1;
}

/* --- telling, by the run -------------------------------------------------------------------- */

int tote__logfile_tell(struct inquiry *q, const struct logread *read, struct tote_fault *fault)
{
	char name[TILE_NAME_MAX];

	q->bytes += read->bytes;
	q->cached |= read->cached;
	if (read->file.state != LOGFILE_CLOSED)
		return 0;
	tote__tile_name(&read->file.file, name);
	if (read->r == TOTE_E_UNTRUSTED)
		return tote__inquiry_find(q, FINDING_LOG_MODE, SPACE_LOG, name, FINDING_NO_SEQ,
			"a regular file with one link", read->why.text, fault);
	*fault = read->why;
	return tote__inquiry_failed(q, SPACE_LOG, name, read->r, fault);
}

int tote__logfile_just(struct inquiry *q, const struct tile *t, struct buf *out, uint8_t *leaves,
	struct logfile *ret, struct tote_fault *fault)
{
	struct logread read;

	read_file(q, t, NULL, out, &read);
	judge_shape(q, t->width, out, leaves, &read.file);
	*ret = read.file;
	return tote__logfile_tell(q, &read, fault);
}

int tote__logfile_bundle(struct inquiry *q, const struct tile *want, struct buf *out,
	uint8_t *leaves, struct logfile *ret, struct tote_fault *fault)
{
	struct logread read;

	tote__logfile_read(q, want, NULL, out, leaves, &read);
	*ret = read.file;
	return tote__logfile_tell(q, &read, fault);
}

int tote__logfile_tile(struct inquiry *q, const struct tile *want, uint8_t *out,
	struct logfile *ret, struct tote_fault *fault)
{
	struct buf bytes;
	int rc;

	tote__buf_init(&bytes, q->heap, TILE_BYTES);
	rc = tote__logfile_bundle(q, want, &bytes, NULL, ret, fault);
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
