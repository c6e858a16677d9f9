/* SPDX-License-Identifier: ISC */
/*
 * The bytes of assets on their way into a copy: hashed while they are read, kept under the number of
 * their entry, read back and hashed once more. What is not as it was sealed is told and left out.
 */
#include "box/copy.h"
#include "ledger/kind.h"
#include "store/path.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BATCH_BYTES (UINT64_C(64) << 20)

/* --- what is wrong with the source ---------------------------------------------------------- */

static void tell_bad(struct copying *c, uint64_t seq, const char *path, const char *why)
{
	if (!c->bad++)
		snprintf(c->first_bad, sizeof(c->first_bad), "'%.160s' (entry %" PRIu64 "): %s",
			path, seq, why);
	tote__log(&c->box->ctx->log, TOTE_LOG_ERROR,
		"copy of %s: asset '%s' (entry %" PRIu64 "): %s", c->box->id, path, seq, why);
}

/* --- a batch: synced, named and read back together ------------------------------------------ */

static int keep(struct copying *c, struct tote_fault *fault)
{
	const struct store_ops *ops = c->to.ops;
	void *stages[COPY_BATCH];
	int rc;

	for (size_t i = 0; i < c->staged_count; i++)
		stages[i] = c->staged[i].stage;
	rc = ops->stage_sync(stages, c->staged_count, fault);
	for (size_t i = 0; rc == 0 && i < c->staged_count; i++)
		rc = ops->stage_keep(stages[i], c->staged[i].seq, fault);
	return rc;
}

static int hash_kept(struct copying *c, const char *name, uint64_t *ret_size,
	uint8_t digest[HASH_LEN], struct tote_fault *fault)
{
	const struct store_ops *ops = c->to.ops;
	struct store_stat st;
	struct hash h;
	void *object;
	size_t got = 1;
	int cached = 0, rc;

	*ret_size = 0;
	rc = ops->object_open(
		c->to.handle, SPACE_ASSETS, name, STORE_UNCACHED, &object, &st, fault);
	if (rc < 0)
		return rc;
	tote__hash_init(&h, c->view.engine);
	while (rc == 0 && got > 0) {
		rc = ops->object_read(
			object, *ret_size, c->buffer, COPY_STEP, &got, &cached, fault);
		if (rc == 0)
			tote__hash_update(&h, c->buffer, got);
		*ret_size += got;
		if (cached)
			c->told.flags |= TOTE_COPY_CACHED;
	}
	tote__hash_final(&h, digest);
	ops->object_close(object);
	return rc;
}

static int read_back(struct copying *c, const struct copy_staged *s, struct tote_fault *fault)
{
	uint8_t digest[HASH_LEN];
	char name[PATH_KEPT_MAX];
	uint64_t size;
	int rc;

	tote__path_kept(s->seq, name);
	rc = hash_kept(c, name, &size, digest, fault);
	if (rc < 0 || (size == s->size && tote__hash_equal(digest, s->digest)))
		return rc;
	return tote__fault(fault, TOTE_E_MISMATCH,
		"assets/%s of %s, read back, is not what was written: the medium cannot be trusted",
		name, c->dir);
}

static void close_staged(struct copying *c)
{
	while (c->staged_count > 0)
		c->to.ops->stage_close(c->staged[--c->staged_count].stage);
	c->staged_bytes = 0;
}

static int flush(struct copying *c, struct tote_fault *fault)
{
	int rc = c->staged_count ? keep(c, fault) : 0;

	for (size_t i = 0; rc == 0 && i < c->staged_count; i++) {
		rc = read_back(c, &c->staged[i], fault);
		c->told.assets++;
		c->told.bytes_written += c->staged[i].size;
	}
	close_staged(c);
	return rc;
}

void tote__copy_assets_free(struct copying *c)
{
	close_staged(c);
}

/* --- one asset ------------------------------------------------------------------------------ */

/* Reads an object into a stage: 1 where it is what was sealed. */
static int read_into(struct copying *c, void *object, void *stage, struct tote_fault *fault)
{
	uint8_t digest[HASH_LEN];
	uint64_t offset = 0;
	struct hash h;
	size_t got = 1;
	int rc = 0;

	tote__hash_init(&h, c->view.engine);
	while (rc == 0 && got > 0 && offset <= c->fact.size) {
		rc = c->from->ops->object_read(
			object, offset, c->buffer, COPY_STEP, &got, NULL, fault);
		if (rc == 0)
			tote__hash_update(&h, c->buffer, got);
		if (rc == 0 && got > 0)
			rc = c->to.ops->stage_write(stage, c->buffer, got, fault);
		offset += got;
	}
	c->told.bytes_read += offset;
	tote__hash_final(&h, digest);
	return rc < 0 ? rc : offset == c->fact.size && tote__hash_equal(digest, c->fact.digest);
}

static int stage(struct copying *c, void *object, uint64_t seq, struct tote_fault *fault)
{
	struct copy_staged *s = &c->staged[c->staged_count];
	int rc = c->to.ops->stage_begin(c->to.handle, &s->stage, fault);

	if (rc < 0)
		return rc;
	rc = read_into(c, object, s->stage, fault);
	if (rc != 1) {
		c->to.ops->stage_close(s->stage);
		return rc;
	}
	s->seq = seq;
	s->size = c->fact.size;
	memcpy(s->digest, c->fact.digest, HASH_LEN);
	c->staged_count++;
	c->staged_bytes += s->size;
	return 1;
}

/* 1 copied, 0 other bytes lie there, TOTE_E_NOT_FOUND, or a failure. */
static int copy_from(struct copying *c, const char *name, uint64_t seq, struct tote_fault *fault)
{
	struct store_stat st;
	void *object;
	int rc = c->from->ops->object_open(
		c->from->handle, SPACE_ASSETS, name, 0, &object, &st, fault);

	if (rc == TOTE_E_UNTRUSTED) { /* a link, a directory: not what was sealed */
		tote__fault_clear(fault);
		return 0;
	}
	if (rc < 0)
		return rc;
	rc = st.size == c->fact.size ? stage(c, object, seq, fault) : 0;
	c->from->ops->object_close(object);
	return rc;
}

static int is_full(const struct copying *c)
{
	return c->staged_count == COPY_BATCH || c->staged_count == c->to.ops->max_open_stages ||
	       c->staged_bytes >= BATCH_BYTES;
}

/*
 * Its holder may be between the entry and the path: it is looked for there, under its number, and
 * there again, since it may have been renamed meanwhile. What is not found may have been erased
 * behind the bound; whatever it is, the end of the round judges it.
 */
static int copy_asset(struct copying *c, uint64_t seq, struct tote_fault *fault)
{
	char kept[PATH_KEPT_MAX];
	const char *names[] = {c->fact.path, kept, c->fact.path};
	int changed = 0, rc = 0;

	tote__path_kept(seq, kept);
	for (size_t i = 0; rc != 1 && i < 3; i++) {
		rc = copy_from(c, names[i], seq, fault);
		if (rc < 0 && rc != TOTE_E_NOT_FOUND && rc != TOTE_E_IO)
			return rc;
		changed |= rc == 0 || rc == TOTE_E_IO;
	}
	if (rc == 1)
		return is_full(c) ? flush(c, fault) : 0;
	tote__fault_clear(fault);
	rc = tote__copy_seqs_add(&c->missing, c->heap, seq, fault);
	return rc == 0 && changed ? tote__copy_seqs_add(&c->changed, c->heap, seq, fault) : rc;
}

/* --- what the copy has already -------------------------------------------------------------- */

/* 1 where a file of the copy is what was sealed, 0 where it is not; it is made durable. */
static int is_there(struct copying *c, const char *name, int trusted, struct tote_fault *fault)
{
	struct store_stat st;
	int rc;

	if (trusted) {
		rc = c->to.ops->stat(c->to.handle, SPACE_ASSETS, name, &st, fault);
		return rc < 0 ? rc : st.type == STORE_FILE && st.size == c->fact.size;
	}
	rc = tote__sealed_is_file(&c->to, name, c->fact.size, c->fact.digest, fault);
	if (rc == 1) {
		int synced = c->to.ops->sync_object(c->to.handle, SPACE_ASSETS, name, fault);

		return synced < 0 ? synced : 1;
	}
	return rc;
}

/*
 * 1 it is there, 0 it is to be copied. What else lies at the path is for copy_names.c: it may be the
 * file of an earlier seal that was voided.
 */
static int look_in_copy(struct copying *c, uint64_t seq, struct tote_fault *fault)
{
	const int trusted = seq < c->trusted;
	char kept[PATH_KEPT_MAX];
	int rc;

	if (!trusted && !c->resumed && !(c->flags & TOTE_COPY_VERIFY))
		return 0;
	tote__path_kept(seq, kept);
	rc = is_there(c, kept, trusted, fault);
	if (rc == 1)
		return 1;
	if (rc == 0)
		rc = c->to.ops->discard(c->to.handle, seq, fault);
	if (rc == 0 || rc == TOTE_E_NOT_FOUND)
		rc = is_there(c, c->fact.path, trusted, fault);
	if (rc != TOTE_E_NOT_FOUND)
		return rc;
	tote__fault_clear(fault);
	return 0;
}

/* --- entries as they come by ---------------------------------------------------------------- */

static int take_seal(struct copying *c, const struct entry *e, struct tote_fault *fault)
{
	int rc = tote__sealed_parse(e, &c->fact, fault);

	if (rc == 0)
		rc = look_in_copy(c, e->seq, fault);
	return rc == 0 ? copy_asset(c, e->seq, fault) : rc < 0 ? rc : 0;
}

/* What was voided or erased need not be there. */
static int take_end(struct copying *c, const struct entry *e, struct tote_fault *fault)
{
	uint64_t seq;
	int rc = tote__entry_number(e, "seal", &seq, fault);

	if (rc < 0)
		return rc;
	tote__copy_seqs_end(&c->missing, seq);
	return tote__entry_is(e, VOID_KIND) ? tote__copy_seqs_add(&c->voided, c->heap, seq, fault)
					    : 0;
}

int tote__copy_entry(struct copying *c, const struct entry *e, struct tote_fault *fault)
{
	if (e->version != 1)
		return 0;
	if (tote__entry_is(e, SEALED_KIND))
		return take_seal(c, e, fault);
	if (tote__entry_is(e, VOID_KIND) || tote__entry_is(e, ERASED_KIND))
		return take_end(c, e, fault);
	return 0;
}

/* --- the end of a round --------------------------------------------------------------------- */

static int tell_missing(struct copying *c, uint64_t seq, struct tote_fault *fault)
{
	const uint8_t *bytes;
	struct entry e;
	size_t len;
	int rc = tote__view_read(&c->view, seq, &bytes, &len, NULL, NULL, fault);

	if (rc == 0)
		rc = tote__entry_parse(bytes, len, &e, fault);
	if (rc == 0)
		rc = tote__sealed_parse(&e, &c->fact, fault);
	if (rc == 0)
		tell_bad(c, seq, c->fact.path,
			tote__copy_seqs_has(&c->changed, seq)
				? "its bytes differ from what was sealed, or cannot be read"
				: "it is missing");
	return rc;
}

/*
 * What voids or erases it behind the bound is durable before its file goes, or another takes its
 * path: the next round's bound covers that.
 */
static int is_settled(const struct copying *c, uint64_t seq)
{
	return tote__copy_seqs_has(&c->missing_before, seq);
}

int tote__copy_assets_end(struct copying *c, struct tote_fault *fault)
{
	int rc;

	if (c->box->type != LEDGER_CONTAINER)
		return 0;
	rc = flush(c, fault);
	if (rc == 0) /* the numbers, before any entry that they are of */
		rc = c->to.ops->barrier(c->to.handle, SPACE_ASSETS, fault);
	for (size_t i = 0; rc == 0 && i < c->missing.count; i++)
		if (tote__copy_seqs_has(&c->missing, c->missing.seq[i]) &&
			!is_settled(c, c->missing.seq[i]))
			return COPY_AGAIN;
	for (size_t i = 0; rc == 0 && i < c->missing.count; i++)
		if (tote__copy_seqs_has(&c->missing, c->missing.seq[i]))
			rc = tell_missing(c, c->missing.seq[i], fault);
	return rc;
}
