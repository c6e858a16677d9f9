/* SPDX-License-Identifier: ISC */
/*
 * The entry asset.sealed, both ways, and the comparison of a file with what it says.
 */
#include "box/sealed.h"
#include "ledger/kind.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DIGEST_PREFIX "sha256:"
#define READ_MAX      ((size_t)64 << 10)

/* --- writing -------------------------------------------------------------------------------- */

static void add(struct sealed_draft *d, const char *key, const char *value)
{
	struct field *f = &d->fields[d->draft.field_count++];

	f->key = key;
	f->value = value;
	f->len = strlen(value);
}

int tote__source_supersedes(const struct tote_source *source)
{
	return source->supersedes != 0 && source->supersedes != TOTE_SEQ_ANY;
}

void tote__sealed_draft(struct sealed_draft *ret, const struct tote_source *source,
	const char *actor, uint64_t size, const uint8_t digest[HASH_LEN], int64_t mtime_us)
{
	const size_t prefix = sizeof(DIGEST_PREFIX) - 1;
	struct tote_fault unused;

	memset(ret, 0, sizeof(*ret));
	ret->draft.kind = SEALED_KIND;
	ret->draft.actor = actor;
	ret->draft.fields = ret->fields;
	snprintf(ret->size, sizeof(ret->size), "%" PRIu64, size);
	memcpy(ret->digest, DIGEST_PREFIX, prefix);
	tote__hex_encode(digest, HASH_LEN, ret->digest + prefix);
	add(ret, "path", source->path);
	add(ret, "size", ret->size);
	add(ret, "digest", ret->digest);
	if (source->media_type)
		add(ret, "media-type", source->media_type);
	if (source->source)
		add(ret, "source", source->source);
	if (mtime_us >= 0 && tote__time_format(mtime_us, ret->mtime, &unused) == 0)
		add(ret, "mtime", ret->mtime);
	if (tote__source_supersedes(source)) {
		snprintf(ret->supersedes, sizeof(ret->supersedes), "%" PRIu64, source->supersedes);
		add(ret, "supersedes", ret->supersedes);
	}
}

int tote__sealed_bound(const struct tote_source *source, const char *actor, size_t *ret_bound,
	struct tote_fault *fault)
{
	static const uint8_t any[HASH_LEN];
	struct sealed_draft d;

	tote__sealed_draft(&d, source, actor, INT64_MAX, any,
		source->flags & TOTE_SOURCE_MTIME ? 0 : MTIME_NONE);
	return tote__draft_check(&d.draft, 0, ret_bound, fault);
}

/* --- reading -------------------------------------------------------------------------------- */

static int malformed(const struct entry *e, const char *key, struct tote_fault *fault)
{
	tote__fault(fault, TOTE_E_MALFORMED, "entry %" PRIu64 ": its %s is none", e->seq, key);
	tote__fault_set_seq(fault, e->seq);
	return fault->code;
}

static int parse_digest(const struct entry *e, uint8_t out[HASH_LEN], struct tote_fault *fault)
{
	const size_t prefix = sizeof(DIGEST_PREFIX) - 1;
	const struct entry_field *f = tote__entry_field(e, "digest");

	if (!f || f->value_len != prefix + (size_t)2 * HASH_LEN ||
		memcmp(f->value, DIGEST_PREFIX, prefix) != 0 ||
		tote__hex_decode(f->value + prefix, f->value_len - prefix, out) != 0)
		return malformed(e, "digest", fault);
	return 0;
}

static int parse_optional(const struct entry *e, struct sealed *ret, struct tote_fault *fault)
{
	const struct entry_field *f = tote__entry_field(e, "mtime");

	ret->mtime_us = MTIME_NONE;
	ret->supersedes = TOTE_SEQ_ANY;
	if (f && tote__time_parse(f->value, f->value_len, &ret->mtime_us) != 0)
		return malformed(e, "mtime", fault);
	f = tote__entry_field(e, "supersedes");
	if (f && tote__decimal_parse(f->value, f->value_len, &ret->supersedes) != 0)
		return malformed(e, "supersedes", fault);
	return 0;
}

int tote__sealed_parse(const struct entry *e, struct sealed *ret, struct tote_fault *fault)
{
	int rc = tote__entry_string(e, "path", ret->path, sizeof(ret->path), fault);

	if (rc == 0 && tote__asset_path_check(ret->path, fault) != 0)
		rc = malformed(e, "path", fault);
	if (rc == 0)
		rc = tote__entry_number(e, "size", &ret->size, fault);
	if (rc == 0)
		rc = parse_digest(e, ret->digest, fault);
	if (rc == 0)
		rc = parse_optional(e, ret, fault);
	return rc;
}

/* --- comparing ------------------------------------------------------------------------------ */

/* The digest of an object, read with a buffer of READ_MAX; more than size bytes are not hashed. */
static int hash_object(const struct place *place, void *object, uint64_t size, uint8_t *buffer,
	uint8_t ret_digest[HASH_LEN], struct tote_fault *fault)
{
	uint64_t offset = 0;
	size_t got = 1;
	struct hash h;
	int rc = 0;

	tote__hash_init(&h, tote__hasher(place->ctx));
	while (rc == 0 && got > 0 && offset <= size) {
		rc = place->ops->object_read(object, offset, buffer, READ_MAX, &got, NULL, fault);
		if (rc == 0)
			tote__hash_update(&h, buffer, got);
		offset += got;
	}
	tote__hash_final(&h, ret_digest);
	return rc;
}

static int is_object(const struct place *place, void *object, uint64_t size,
	const uint8_t digest[HASH_LEN], struct tote_fault *fault)
{
	const struct heap *heap = &place->ctx->heap;
	uint8_t *buffer = tote__heap_new(heap, 1, READ_MAX, fault);
	uint8_t found[HASH_LEN];
	int rc;

	if (!buffer)
		return fault->code;
	rc = hash_object(place, object, size, buffer, found, fault);
	tote__heap_free(heap, buffer);
	return rc < 0 ? rc : tote__hash_equal(found, digest);
}

int tote__sealed_is_file(const struct place *place, const char *name, uint64_t size,
	const uint8_t digest[HASH_LEN], struct tote_fault *fault)
{
	struct store_stat st;
	void *object;
	int rc = place->ops->object_open(place->handle, SPACE_ASSETS, name, 0, &object, &st, fault);

	if (rc == TOTE_E_UNTRUSTED) /* a link, a directory: not what was sealed */
		return 0;
	if (rc < 0)
		return rc;
	rc = st.size == size ? is_object(place, object, size, digest, fault) : 0;
	place->ops->object_close(object);
	return rc;
}
