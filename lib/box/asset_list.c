/* SPDX-License-Identifier: ISC */
/*
 * The assets of a container as its ledger knows them: read once through a view, in byte order of
 * path. A voided seal is none; of two seals of one path the first counts (FORMAT section 2).
 */
#include "box/one_call.h"
#include "box/sealed.h"
#include "store/sort.h"
#include <stddef.h>
#include <string.h>

#define ASSET_LEAST (offsetof(struct tote_asset, source) + sizeof(((struct tote_asset *)0)->source))
#define NO_STRING   SIZE_MAX

/* One seal. Strings are offsets into the list's text, which moves while it grows. */
struct row {
	uint64_t seq, bytes, supersedes;
	int64_t mtime_us;
	size_t path, media_type, source;
	uint8_t digest[HASH_LEN];
	int voided, erased;
};

struct tote_asset_list {
	struct one_call call;
	struct row *rows; /* in the order of seqs */
	size_t count, cap;
	struct buf text;
	struct ordered { /* of those that count, in byte order of path */
		const char *path;
		const struct row *row;
	} * ordered;
	size_t ordered_count;
	size_t next;
	struct sealed fact;
};

/* --- reading -------------------------------------------------------------------------------- */

static int put_optional(tote_asset_list *l, const struct entry *e, const char *key, size_t *ret,
	struct tote_fault *fault)
{
	const struct entry_field *f = tote__entry_field(e, key);

	*ret = f ? l->text.len : NO_STRING;
	return f ? tote__field_decode(f, &l->text, fault) : 0;
}

static struct row *new_row(tote_asset_list *l, struct tote_fault *fault)
{
	const size_t cap = l->cap ? l->cap * 2 : 256;
	struct row *rows = l->rows;

	if (l->count == l->cap) {
		rows = tote__heap_resize(
			&l->call.box->ctx->heap, l->rows, cap, sizeof(*rows), fault);
		if (!rows)
			return NULL;
		l->rows = rows;
		l->cap = cap;
	}
	memset(&rows[l->count], 0, sizeof(*rows));
	return &rows[l->count];
}

static int read_seal(tote_asset_list *l, const struct entry *e, struct tote_fault *fault)
{
	struct row *row = new_row(l, fault);
	int rc = row ? tote__sealed_parse(e, &l->fact, fault) : fault->code;

	if (rc < 0)
		return rc;
	row->seq = e->seq;
	row->bytes = l->fact.size;
	row->supersedes = l->fact.supersedes;
	row->mtime_us = l->fact.mtime_us;
	memcpy(row->digest, l->fact.digest, HASH_LEN);
	row->path = l->text.len;
	tote__buf_put(&l->text, l->fact.path, strlen(l->fact.path) + 1);
	rc = tote__buf_check(&l->text, "asset list", fault);
	if (rc == 0)
		rc = put_optional(l, e, "media-type", &row->media_type, fault);
	if (rc == 0)
		rc = put_optional(l, e, "source", &row->source, fault);
	if (rc == 0)
		l->count++;
	return rc;
}

static struct row *row_of(tote_asset_list *l, uint64_t seq)
{
	size_t low = 0, high = l->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (l->rows[middle].seq < seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low < l->count && l->rows[low].seq == seq ? &l->rows[low] : NULL;
}

static int read_end(tote_asset_list *l, const struct entry *e, struct tote_fault *fault)
{
	struct row *row;
	uint64_t seq;
	int rc = tote__entry_number(e, "seal", &seq, fault);

	if (rc < 0)
		return rc;
	row = row_of(l, seq);
	if (row && tote__entry_is(e, VOID_KIND))
		row->voided = 1;
	else if (row)
		row->erased = 1;
	return 0;
}

static int read_entry(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	tote_asset_list *l = user;

	(void)leaf, (void)verified;
	if (e->version != 1)
		return 0;
	if (tote__entry_is(e, SEALED_KIND))
		return read_seal(l, e, fault);
	if (tote__entry_is(e, VOID_KIND) || tote__entry_is(e, ERASED_KIND))
		return read_end(l, e, fault);
	return 0;
}

/* --- putting in order ----------------------------------------------------------------------- */

static int by_path(const void *a, const void *b)
{
	const struct ordered *left = a, *right = b;
	const int c = strcmp(left->path, right->path);

	if (c)
		return c;
	return (left->row->seq > right->row->seq) - (left->row->seq < right->row->seq);
}

static int put_in_order(tote_asset_list *l, struct tote_fault *fault)
{
	size_t count = 0, kept = 0;

	l->ordered =
		tote__heap_new(&l->call.box->ctx->heap, l->count + 1, sizeof(*l->ordered), fault);
	if (!l->ordered)
		return fault->code;
	for (size_t i = 0; i < l->count; i++) {
		const struct row *row = &l->rows[i];

		if (!row->voided)
			l->ordered[count++] =
				(struct ordered){(const char *)l->text.data + row->path, row};
	}
	tote__sort(l->ordered, count, sizeof(*l->ordered), by_path);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || strcmp(l->ordered[kept - 1].path, l->ordered[i].path) != 0)
			l->ordered[kept++] = l->ordered[i];
	l->ordered_count = kept;
	return 0;
}

static int read_ledger(tote_asset_list *l, struct tote_fault *fault)
{
	struct view view;
	int rc = tote__box_view(l->call.box, 0, &view, fault);

	if (rc < 0)
		return rc;
	rc = tote__view_scan(&view, 0, view.limit, read_entry, l, fault);
	tote__view_close(&view);
	return rc == 0 ? put_in_order(l, fault) : rc;
}

/* --- the calls ------------------------------------------------------------------------------ */

static int list_open(tote_box *box, tote_asset_list **ret, struct tote_fault *fault)
{
	tote_asset_list *l = tote__heap_new(&box->ctx->heap, 1, sizeof(*l), fault);
	int rc;

	if (!l)
		return fault->code;
	tote__one_call_init(&l->call, box);
	tote__buf_init(&l->text, &box->ctx->heap, SIZE_MAX / 2);
	rc = read_ledger(l, fault);
	if (rc < 0)
		tote_asset_list_unref(l);
	else
		*ret = l;
	return rc;
}

int tote_asset_list_open(
	tote_box *box, uint32_t flags, tote_asset_list **ret_list, struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	rc = tote__box_check(box, fault);
	if (rc == 0)
		rc = tote__flags_check(flags, 0, "asset list", fault);
	if (rc == 0 && !ret_list)
		rc = tote__fault(fault, TOTE_E_ARGUMENT, "asset list: ret_list is NULL");
	if (rc == 0)
		rc = list_open(box, ret_list, fault);
	return tote__box_done(box, rc, fault);
}

tote_asset_list *tote_asset_list_unref(tote_asset_list *list)
{
	tote_box *box;

	if (!list)
		return NULL;
	box = tote_box_ref(list->call.box); /* its heap is needed to the end */
	tote__heap_free(&box->ctx->heap, list->ordered);
	tote__heap_free(&box->ctx->heap, list->rows);
	tote__buf_free(&list->text);
	tote__one_call_drop(&list->call);
	tote__heap_free(&box->ctx->heap, list);
	tote_box_unref(box);
	return NULL;
}

static const char *string_at(const tote_asset_list *l, size_t offset)
{
	return offset == NO_STRING ? NULL : (const char *)l->text.data + offset;
}

/* 1, as its callers return. */
static int give(
	const tote_asset_list *l, size_t index, struct tote_asset *out, struct tote_fault *fault)
{
	const struct row *row = l->ordered[index].row;
	struct tote_asset ours = {.size = sizeof(ours),
		.flags = row->erased ? TOTE_ASSET_ERASED : 0,
		.seq = row->seq,
		.bytes = row->bytes,
		.supersedes = row->supersedes,
		.mtime_us = row->mtime_us,
		.path = l->ordered[index].path,
		.path_length = strlen(l->ordered[index].path),
		.media_type = string_at(l, row->media_type),
		.source = string_at(l, row->source)};
	int rc;

	memcpy(ours.digest, row->digest, HASH_LEN);
	rc = tote__struct_out(out, &ours, sizeof(ours), ASSET_LEAST, "asset", fault);
	return rc < 0 ? rc : 1;
}

int tote_asset_list_next(tote_asset_list *list, struct tote_asset *asset, struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	if (!list || !asset)
		return tote__fault(fault, TOTE_E_ARGUMENT, "the list or the asset is NULL");
	rc = tote__one_call_begin(&list->call, fault);
	if (rc < 0)
		return rc;
	if (list->next < list->ordered_count)
		rc = give(list, list->next, asset, fault);
	if (rc == 1)
		list->next++;
	return tote__one_call_end(&list->call, rc, fault);
}

static int find(const tote_asset_list *l, const char *path, struct tote_asset *out,
	struct tote_fault *fault)
{
	size_t low = 0, high = l->ordered_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const int c = strcmp(l->ordered[middle].path, path);

		if (c == 0)
			return give(l, middle, out, fault);
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

int tote_asset_list_find(
	tote_asset_list *list, const char *path, struct tote_asset *asset, struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	if (!list || !path || !asset)
		return tote__fault(fault, TOTE_E_ARGUMENT, "the list, path or asset is NULL");
	rc = tote__one_call_begin(&list->call, fault);
	if (rc < 0)
		return rc;
	rc = find(list, path, asset, fault);
	return tote__one_call_end(&list->call, rc, fault);
}
