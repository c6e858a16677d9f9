/* SPDX-License-Identifier: ISC */
/*
 * The bytes of one asset, verified while they are read: against the entry that sealed it, from the
 * box it lies in or from a file anywhere.
 */
#include "box/one_call.h"
#include "box/sealed.h"
#include "ledger/kind.h"
#include "store/path.h"
#include "store/source.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <toteborch/verify.h>

struct tote_asset_reader {
	struct one_call call;
	void *object;
	struct sealed fact;
	uint64_t offset;
	struct hash hash;
	int hashing; /* between init and final */
	int result;  /* at the end: 0 it was verified, TOTE_E_MISMATCH */
};

/* --- what the ledger says of a path --------------------------------------------------------- */

struct search {
	const char *path;
	size_t path_len;
	struct sealed fact, *found; /* of the first seal that counts */
	int have, erased;
	uint64_t seq;
	/* of the erasure */
	uint64_t erasure;
	int64_t erased_us;
	char actor[128], authority[256]; /* as much of them as a fault can tell */
};

static int meets(const struct search *s, const struct entry *e)
{
	const struct entry_field *f = tote__entry_field(e, "path");

	/* an escaped value is no shorter than what it says */
	return f && f->value_len >= s->path_len;
}

static void keep_value(const struct entry *e, const char *key, char *out, size_t cap)
{
	struct tote_fault unused;

	if (tote__entry_string(e, key, out, cap, &unused) < 0)
		snprintf(out, cap, tote__entry_field(e, key) ? "(see the entry)" : "nobody named");
}

static void note_erasure(struct search *s, const struct entry *e)
{
	s->erased = 1;
	s->erasure = e->seq;
	s->erased_us = e->time_us;
	keep_value(e, "actor", s->actor, sizeof(s->actor));
	keep_value(e, "authority", s->authority, sizeof(s->authority));
}

static int erased(const struct search *s, struct tote_fault *fault)
{
	char when[TIME_LEN + 1];

	if (tote__time_format(s->erased_us, when, fault) < 0)
		when[0] = '\0';
	tote__fault(fault, TOTE_E_NOT_FOUND,
		"asset '%s': sealed by entry %" PRIu64 ", erased at %s by %s (authority: %s), says "
		"entry %" PRIu64,
		s->path, s->seq, when, s->actor, s->authority, s->erasure);
	tote__fault_set_seq(fault, s->erasure);
	return fault->code;
}

static int search_entry(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN],
	int verified, struct tote_fault *fault)
{
	struct search *s = user;
	uint64_t seq;
	int rc = 0;

	(void)leaf, (void)verified;
	if (e->version != 1)
		return 0;
	if (!s->have && tote__entry_is(e, SEALED_KIND) && meets(s, e)) {
		rc = tote__sealed_parse(e, &s->fact, fault);
		if (rc < 0 || strcmp(s->fact.path, s->path) != 0)
			return rc;
		*s->found = s->fact;
		s->have = 1;
		s->seq = e->seq;
	} else if (s->have && (tote__entry_is(e, VOID_KIND) || tote__entry_is(e, ERASED_KIND))) {
		rc = tote__entry_number(e, "seal", &seq, fault);
		if (rc < 0 || seq != s->seq)
			return rc;
		if (tote__entry_is(e, VOID_KIND))
			s->have = 0;
		else if (!s->erased)
			note_erasure(s, e);
	}
	return rc;
}

static int search_ledger(tote_box *box, struct search *s, struct tote_fault *fault)
{
	struct view view;
	int rc = tote__box_view_part(box, 0, &view, fault);

	if (rc < 0)
		return rc;
	rc = tote__view_scan(&view, 0, view.limit, search_entry, s, fault);
	if (rc == 0 && !s->have)
		rc = tote__box_view_end(&view, fault);
	tote__view_close(&view);
	if (rc < 0)
		return rc;
	if (!s->have)
		return tote__fault(
			fault, TOTE_E_NOT_FOUND, "asset '%s': it was never sealed", s->path);
	return s->erased ? erased(s, fault) : rc;
}

/* --- opening -------------------------------------------------------------------------------- */

static int open_name(tote_asset_reader *r, const char *name, struct tote_fault *fault)
{
	const struct place *place = &r->call.box->place;
	struct store_stat st;

	return place->ops->object_open(
		place->handle, SPACE_ASSETS, name, 0, &r->object, &st, fault);
}

/* Between its entry and its path a file has its number: it may be on the way just now. */
static int open_file(tote_asset_reader *r, uint64_t seq, struct tote_fault *fault)
{
	char kept[PATH_KEPT_MAX];
	int rc = open_name(r, r->fact.path, fault);

	tote__path_kept(seq, kept);
	if (rc == TOTE_E_NOT_FOUND)
		rc = open_name(r, kept, fault);
	if (rc == TOTE_E_NOT_FOUND)
		rc = open_name(r, r->fact.path, fault);
	if (rc == TOTE_E_NOT_FOUND) {
		tote__fault(fault, rc,
			"asset '%s': sealed by entry %" PRIu64 ", but the file is gone: an audit "
			"tells of it",
			r->fact.path, seq);
		tote__fault_set_seq(fault, seq);
	}
	return rc;
}

static int reader_find(tote_asset_reader *r, const char *path, struct tote_fault *fault)
{
	struct search *s = tote__heap_new(&r->call.box->ctx->heap, 1, sizeof(*s), fault);
	uint64_t seq;
	int rc;

	if (!s)
		return fault->code;
	s->path = path;
	s->path_len = strlen(path);
	s->found = &r->fact;
	rc = search_ledger(r->call.box, s, fault);
	seq = s->seq;
	tote__heap_free(&r->call.box->ctx->heap, s);
	return rc < 0 ? rc : open_file(r, seq, fault);
}

static int reader_open(
	tote_box *box, const char *path, tote_asset_reader **ret, struct tote_fault *fault)
{
	tote_asset_reader *r = tote__heap_new(&box->ctx->heap, 1, sizeof(*r), fault);
	int rc;

	if (!r)
		return fault->code;
	tote__one_call_init(&r->call, box);
	rc = reader_find(r, path, fault);
	if (rc < 0) {
		tote_asset_reader_unref(r);
		return rc;
	}
	tote__hash_init(&r->hash, tote__hasher(box->ctx));
	r->hashing = 1;
	*ret = r;
	return 0;
}

int tote_asset_open(
	tote_box *box, const char *path, tote_asset_reader **ret_reader, struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	rc = tote__box_check(box, fault);
	if (rc == 0 && (!path || !ret_reader))
		rc = tote__fault(fault, TOTE_E_ARGUMENT, "asset: path or ret_reader is NULL");
	if (rc == 0)
		rc = tote__asset_path_check(path, fault);
	if (rc == 0 && box->type != LEDGER_CONTAINER)
		rc = tote__fault(
			fault, TOTE_E_UNSUPPORTED, "the consolidated record has no assets");
	if (rc == 0)
		rc = reader_open(box, path, ret_reader, fault);
	return tote__box_done(box, rc, fault);
}

tote_asset_reader *tote_asset_reader_unref(tote_asset_reader *reader)
{
	tote_box *box;

	if (!reader)
		return NULL;
	box = tote_box_ref(reader->call.box); /* its heap is needed to the end */
	if (reader->object)
		box->place.ops->object_close(reader->object);
	if (reader->hashing)
		tote__hash_drop(&reader->hash);
	tote__one_call_drop(&reader->call);
	tote__heap_free(&box->ctx->heap, reader);
	tote_box_unref(box);
	return NULL;
}

/* --- reading -------------------------------------------------------------------------------- */

static int mismatch(const struct sealed *fact, uint64_t size, struct tote_fault *fault)
{
	if (size != fact->size)
		return tote__fault(fault, TOTE_E_MISMATCH,
			"asset '%s': it has %s%" PRIu64 " bytes, and %" PRIu64 " were sealed",
			fact->path, size > fact->size ? "at least " : "", size, fact->size);
	return tote__fault(fault, TOTE_E_MISMATCH,
		"asset '%s': its bytes are not those that were sealed", fact->path);
}

/* The end, or more than there should be. */
static int judge(tote_asset_reader *r, struct tote_fault *fault)
{
	uint8_t digest[HASH_LEN];

	if (r->hashing) {
		tote__hash_final(&r->hash, digest);
		r->hashing = 0;
		if (r->offset != r->fact.size || !tote__hash_equal(digest, r->fact.digest))
			r->result = TOTE_E_MISMATCH;
	}
	return r->result ? mismatch(&r->fact, r->offset, fault) : 0;
}

static int read_some(
	tote_asset_reader *r, void *out, size_t cap, size_t *ret_length, struct tote_fault *fault)
{
	size_t got = 0;
	int rc;

	if (!r->hashing)
		return judge(r, fault);
	rc = r->call.box->place.ops->object_read(r->object, r->offset, out, cap, &got, NULL, fault);
	if (rc < 0)
		return rc;
	tote__hash_update(&r->hash, out, got);
	r->offset += got;
	if (got == 0 || r->offset > r->fact.size)
		return judge(r, fault);
	*ret_length = got;
	return 1;
}

int tote_asset_read(tote_asset_reader *reader, void *out, size_t cap, size_t *ret_length,
	struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	if (!reader || !out || cap == 0 || !ret_length)
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"asset: the reader, out or ret_length is NULL, or cap is 0");
	rc = tote__one_call_begin(&reader->call, fault);
	if (rc < 0)
		return rc;
	rc = read_some(reader, out, cap, ret_length, fault);
	return tote__one_call_end(&reader->call, rc, fault);
}

/* --- a file anywhere ------------------------------------------------------------------------ */

#define VERIFY_STEP ((size_t)64 << 10)

static int hash_source(struct tote_ctx *ctx, struct source *source, uint8_t *buffer,
	uint64_t *ret_size, uint8_t ret_digest[HASH_LEN], struct tote_fault *fault)
{
	struct hash h;
	size_t got = 1;
	int rc = 0;

	*ret_size = 0;
	tote__hash_init(&h, tote__hasher(ctx));
	while (rc == 0 && got > 0) {
		rc = tote__source_read(source, buffer, VERIFY_STEP, &got, fault);
		if (rc == 0) {
			tote__hash_update(&h, buffer, got);
			*ret_size += got;
		}
	}
	tote__hash_final(&h, ret_digest);
	return rc < 0 ? rc : tote__source_check(source, fault);
}

static int verify_file(
	struct tote_ctx *ctx, const struct sealed *fact, const char *file, struct tote_fault *fault)
{
	uint8_t *buffer = tote__heap_new(&ctx->heap, 1, VERIFY_STEP, fault);
	uint8_t digest[HASH_LEN];
	struct source *source;
	struct store_stat st;
	uint64_t size;
	int rc = buffer ? tote__source_open(ctx, file, -1, &source, &st, fault) : fault->code;

	if (rc == 0) {
		rc = hash_source(ctx, source, buffer, &size, digest, fault);
		tote__source_close(source);
		if (rc == 0 && (size != fact->size || !tote__hash_equal(digest, fact->digest)))
			rc = mismatch(fact, size, fault);
	}
	tote__heap_free(&ctx->heap, buffer);
	return rc;
}

static int parse_seal(
	const void *bytes, size_t length, struct sealed *ret, struct tote_fault *fault)
{
	struct entry e;
	int rc = tote__entry_parse(bytes, length, &e, fault);

	if (rc == 0 && (e.version != 1 || !tote__entry_is(&e, SEALED_KIND)))
		return tote__fault(fault, TOTE_E_MALFORMED,
			"the entry is a '%.*s', no " SEALED_KIND ": it speaks of no file",
			(int)e.kind_len, e.kind);
	if (rc == 0)
		rc = tote__kind_check(LEDGER_CONTAINER, &e, fault);
	return rc < 0 ? rc : tote__sealed_parse(&e, ret, fault);
}

int tote_verify_asset(
	tote_ctx *ctx, const void *entry, size_t length, const char *file, struct tote_fault *fault)
{
	struct sealed fact;
	tote_ctx *own = NULL;
	int rc;

	FAULT_BEGIN(fault);
	if (!entry || !file)
		return tote__fault(fault, TOTE_E_ARGUMENT, "the entry or the file is NULL");
	rc = ctx ? tote__ctx_check(ctx, fault) : tote_ctx_new(NULL, &own, fault);
	if (rc < 0)
		return rc;
	rc = parse_seal(entry, length, &fact, fault);
	if (rc == 0)
		rc = verify_file(ctx ? ctx : own, &fact, file, fault);
	tote_ctx_unref(own);
	return tote__box_done(NULL, rc, fault);
}
