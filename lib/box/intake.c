/* SPDX-License-Identifier: ISC */
/*
 * Taking in one source. Size and digest are those of the bytes that were read, never those that a
 * stat promised.
 */
#include "box/intake.h"
#include "base/text.h"
#include <string.h>

#define KINDS (TOTE_SOURCE_FD | TOTE_SOURCE_DATA)

int tote__intake_check(const struct tote_source *source, struct tote_fault *fault)
{
	const uint32_t kind = source->flags & KINDS;
	int rc = tote__flags_check(source->flags,
		KINDS | TOTE_SOURCE_MTIME | SOURCE_LINK | SOURCE_INPUT, "source", fault);

	if (rc == 0)
		rc = tote__asset_path_check(source->path, fault);
	if (rc < 0)
		return rc;
	if (kind == KINDS || (kind == 0 && (!source->file || !*source->file)) ||
		(kind == TOTE_SOURCE_FD && source->fd < 0))
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"source of '%s': one of a file, a descriptor and data", source->path);
	if (kind == TOTE_SOURCE_DATA && source->length && !source->data)
		return tote__fault(
			fault, TOTE_E_ARGUMENT, "source of '%s': its data is NULL", source->path);
	if (kind == TOTE_SOURCE_DATA && source->flags & TOTE_SOURCE_MTIME)
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"source of '%s': data has no modification time", source->path);
	return 0;
}

/* Where the bytes go. */
struct sink {
	const struct store_ops *ops;
	void *stage;
	struct hash hash;
	uint64_t size;
};

static int put(struct sink *to, const void *data, size_t len, struct tote_fault *fault)
{
	tote__hash_update(&to->hash, data, len);
	to->size += len;
	return to->stage ? to->ops->stage_write(to->stage, data, len, fault) : 0;
}

static int put_data(struct sink *to, const struct tote_source *source, struct tote_fault *fault)
{
	const uint8_t *data = source->data;
	size_t done = 0;
	int rc = 0;

	while (rc == 0 && done < source->length) {
		size_t step = source->length - done;

		if (step > INTAKE_STEP)
			step = INTAKE_STEP;
		rc = put(to, data + done, step, fault);
		done += step;
	}
	return rc;
}

static int put_file(struct sink *to, struct source *from, uint8_t *buffer, struct tote_fault *fault)
{
	size_t got = 1;
	int rc = 0;

	while (rc == 0 && got > 0) {
		rc = tote__source_read(from, buffer, INTAKE_STEP, &got, fault);
		if (rc == 0 && got > 0)
			rc = put(to, buffer, got, fault);
	}
	return rc < 0 ? rc : tote__source_check(from, fault);
}

static int open_source(struct tote_ctx *ctx, const struct tote_source *source, struct source **ret,
	struct store_stat *ret_stat, struct tote_fault *fault)
{
	if (source->flags & TOTE_SOURCE_FD)
		return tote__source_open(ctx, NULL, source->fd, ret, ret_stat, fault);
	if (source->flags & SOURCE_LINK)
		return tote__source_open_link(ctx, source->file, ret, ret_stat, fault);
	return tote__source_open(ctx, source->file, -1, ret, ret_stat, fault);
}

/* --- from the input ------------------------------------------------------------------------- */

static int put_object(struct sink *to, const struct place *place, void *object, uint8_t *buffer,
	struct tote_fault *fault)
{
	uint64_t offset = 0;
	size_t got = 1;
	int rc = 0;

	while (rc == 0 && got > 0) {
		rc = place->ops->object_read(
			object, offset, buffer, INTAKE_STEP, &got, NULL, fault);
		if (rc == 0 && got > 0)
			rc = put(to, buffer, got, fault);
		offset += got;
	}
	return rc;
}

static int put_input(struct sink *to, const struct place *place, const char *name, uint8_t *buffer,
	int64_t *ret_mtime, struct tote_fault *fault)
{
	struct store_stat before, after;
	void *object;
	int rc = place->ops->object_open(
		place->handle, SPACE_INPUT, name, 0, &object, &before, fault);

	if (rc < 0)
		return rc;
	rc = put_object(to, place, object, buffer, fault);
	place->ops->object_close(object);
	if (rc == 0)
		rc = place->ops->stat(place->handle, SPACE_INPUT, name, &after, fault);
	if (rc == 0 && (after.inode != before.inode || after.size != to->size ||
			       after.mtime_us != before.mtime_us))
		rc = tote__fault(fault, TOTE_E_SOURCE,
			"%s changed while it was read: wait until it is complete", name);
	*ret_mtime = before.mtime_us;
	return rc;
}

static int check_digest(
	const struct tote_source *source, const uint8_t digest[HASH_LEN], struct tote_fault *fault)
{
	char hex[2 * HASH_LEN + 1];

	if (!(source->flags & SOURCE_INPUT) || !source->data ||
		tote__hash_equal(digest, source->data))
		return 0;
	tote__hex_encode(digest, HASH_LEN, hex);
	return tote__fault(fault, TOTE_E_CONFLICT,
		"it is not what was looked at: its digest is sha256:%s now", hex);
}

/* --- any ------------------------------------------------------------------------------------ */

static int take(const struct place *place, const struct tote_source *source, struct sink *to,
	uint8_t *buffer, int64_t *ret_mtime, struct tote_fault *fault)
{
	struct store_stat st;
	struct source *from;
	int rc;

	*ret_mtime = -1;
	if (source->flags & TOTE_SOURCE_DATA)
		return put_data(to, source, fault);
	if (source->flags & SOURCE_INPUT)
		return put_input(to, place, source->file, buffer, ret_mtime, fault);
	rc = open_source(place->ctx, source, &from, &st, fault);
	if (rc == TOTE_E_NOT_FOUND) /* it was named, so it was there */
		fault->code = rc = TOTE_E_SOURCE;
	if (rc < 0)
		return rc;
	rc = put_file(to, from, buffer, fault);
	tote__source_close(from);
	if (source->flags & TOTE_SOURCE_MTIME)
		*ret_mtime = st.mtime_us;
	return rc;
}

int tote__intake(const struct place *place, const struct tote_source *source, uint8_t *buffer,
	void *stage, struct intake *ret, struct tote_fault *fault)
{
	struct sink to = {.ops = place->ops, .stage = stage};
	uint8_t digest[HASH_LEN];
	int64_t mtime;
	int rc;

	tote__hash_init(&to.hash, tote__hasher(place->ctx));
	rc = take(place, source, &to, buffer, &mtime, fault);
	if (rc < 0)
		tote__hash_drop(&to.hash);
	else
		tote__hash_final(&to.hash, digest);
	if (rc == 0)
		rc = check_digest(source, digest, fault);
	if (rc < 0)
		return tote__fault_wrap(fault, "seal '%s'", source->path);
	memcpy(ret->digest, digest, HASH_LEN);
	ret->size = to.size;
	ret->mtime_us = mtime;
	return 0;
}
