/* SPDX-License-Identifier: ISC */
/*
 * What lies at one path in assets/ and what must lie there (FORMAT sections 7 and 9).
 */
#include "audit/asset_audit.h"
#include "store/path.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX    128
#define DIGEST_TEXT (sizeof("sha256:") + 2 * HASH_LEN)

static uint64_t seq_of(const struct asset *item)
{
	return item ? item->seq : FINDING_NO_SEQ;
}

static int tell(struct asset_audit *a, int code, const char *path, struct asset *item,
	const char *expected, const char *was, struct tote_fault *fault)
{
	if (item)
		item->flags |= ASSET_ODD;
	if (code == FINDING_ASSET_FOREIGN)
		a->foreign++;
	if (a->looking == LOOK_FIRST)
		return tote__names_push(&a->again, "", path, fault);
	if (a->looking == LOOK_COUNT)
		return 0;
	if (code == FINDING_ASSET_FOREIGN && a->foreign_excused)
		code = FINDING_ASSET_UNEXPLAINED;
	return tote__inquiry_find(
		a->q, code, SPACE_ASSETS, path, seq_of(item), expected, was, fault);
}

static const char *type_name(const struct store_stat *st)
{
	if (st->mount)
		return "a mount";
	switch (st->type) {
	case STORE_FILE:
		return "a file";
	case STORE_DIR:
		return "a directory";
	case STORE_LINK:
		return "a link";
	default:
		return "a special file";
	}
}

static int is_file(const struct store_stat *st)
{
	return st->type == STORE_FILE && !st->mount;
}

static void shut(struct asset_audit *a, const char *path)
{
	if (a->looking == LOOK_FIRST)
		tote__asset_table_hide(&a->entries->assets, path);
}

/* --- mode and links ------------------------------------------------------------------------- */

static int look_at_file(struct asset_audit *a, const char *path, struct asset *item,
	const struct store_stat *st, struct tote_fault *fault)
{
	char expected[TEXT_MAX], was[TEXT_MAX];
	int rc = 0;

	if (st->size != item->size) {
		item->flags |= ASSET_SHUT;
		snprintf(expected, sizeof(expected), "%" PRIu64 " bytes", item->size);
		snprintf(was, sizeof(was), "%" PRIu64 " bytes", st->size);
		rc = tell(a, FINDING_ASSET_SIZE, path, item, expected, was, fault);
	}
	if (rc == 0 && st->mode != 0444) {
		snprintf(was, sizeof(was), "mode %04o", (unsigned)st->mode);
		rc = tell(a, FINDING_ASSET_MODE, path, item, "mode 0444", was, fault);
	}
	if (rc == 0 && st->links != 1) {
		snprintf(was, sizeof(was), "%" PRIu64 " links", st->links);
		rc = tell(a, FINDING_ASSET_LINKED, path, item, "1 link", was, fault);
	}
	return rc;
}

static int look_at_sealed(struct asset_audit *a, const char *path, struct asset *item,
	const struct store_stat *st, struct tote_fault *fault)
{
	item->flags &= ~(ASSET_ODD | ASSET_SHUT);
	item->flags |= ASSET_FOUND;
	if (item->flags & ASSET_ERASED)
		return tell(a, FINDING_ASSET_ERASED_PRESENT, path, item, "nothing: it was erased",
			type_name(st), fault);
	if (is_file(st))
		return look_at_file(a, path, item, st, fault);
	item->flags |= ASSET_SHUT;
	return tell(a, FINDING_ASSET_TYPE, path, item, "a regular file", type_name(st), fault);
}

/* --- .tote-SEQ ------------------------------------------------------------------------------ */

/* A kept file of a seal that counts: it is the asset, where nothing lies at the asset's path. */
static int look_at_unsettled(struct asset_audit *a, const char *path, struct asset *item,
	const struct store_stat *st, struct tote_fault *fault)
{
	const struct place *place = a->q->place;
	struct tote_fault why;
	struct store_stat other;
	int r;

	memset(&why, 0, sizeof(why));
	r = place->ops->stat(place->handle, SPACE_ASSETS, item->path, &other, &why);
	if (r == 0)
		return tell(a, FINDING_ASSET_UNSETTLED, path, NULL, "nothing",
			"a second file of one seal", fault);
	r = is_file(st) ? tote__sealed_is_file(place, path, item->size, item->digest, &why) : 0;
	if (r < 0 && r != TOTE_E_NOT_FOUND) {
		*fault = why;
		return tote__inquiry_failed(a->q, SPACE_ASSETS, path, r, fault);
	}
	item->flags &= ~ASSET_SHUT;
	item->flags |= ASSET_KEPT;
	if (r == 1)
		return look_at_file(a, path, item, st, fault);
	item->flags |= ASSET_SHUT;
	return tell(a, FINDING_ASSET_UNSETTLED, path, item, "the bytes that its entry seals",
		is_file(st) ? "other bytes" : type_name(st), fault);
}

static int look_at_kept(struct asset_audit *a, const char *path, uint64_t seq,
	const struct store_stat *st, struct tote_fault *fault)
{
	struct asset *item = tote__asset_table_by_seq(&a->entries->assets, seq);

	if (a->looking == LOOK_FIRST) /* a seal in progress is none: always looked at again */
		return tote__names_push(&a->again, "", path, fault);
	if (!item)
		item = tote__asset_table_by_seq(&a->late, seq);
	if (item && !(item->flags & (ASSET_NOT_COUNTED | ASSET_ERASED)))
		return look_at_unsettled(a, path, item, st, fault);
	if (seq >= a->end || (item && (item->flags & ASSET_VOID)))
		return tell(a, FINDING_ASSET_STALE, path, NULL, NULL,
			"a seal that never had an entry, or was voided", fault);
	if (item && (item->flags & ASSET_ERASED))
		return tell(a, FINDING_ASSET_ERASED_PRESENT, path, NULL, "nothing: it was erased",
			type_name(st), fault);
	if (a->entries->lost)
		return tell(a, FINDING_ASSET_FOREIGN, path, NULL, "nothing", type_name(st), fault);
	return tell(a, FINDING_ASSET_UNSETTLED, path, NULL, "nothing",
		"its entry is no seal that counts", fault);
}

/* --- any name ------------------------------------------------------------------------------- */

static int look_at_directory(struct asset_audit *a, const char *path, struct asset *item,
	const struct store_stat *st, struct tote_fault *fault)
{
	int rc;

	if (st->mount) {
		shut(a, path);
		return tell(
			a, FINDING_ASSET_DIRECTORY, path, NULL, "a directory", "a mount", fault);
	}
	if (a->looking == LOOK_FIRST) {
		rc = tote__names_push(&a->dirs, "", path, fault);
		if (rc < 0)
			return rc;
	}
	return item ? look_at_sealed(a, path, item, st, fault) : 0;
}

/* Information only where it stays empty. */
static int count_name(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	(void)name, (void)st, (void)fault;
	++*(uint64_t *)user;
	return 0;
}

static int look_whether_empty(struct asset_audit *a, const char *path, struct tote_fault *fault)
{
	const struct place *place = a->q->place;
	struct tote_fault unused;
	uint64_t names = 0;

	memset(&unused, 0, sizeof(unused));
	if (a->looking == LOOK_FIRST ||
		place->ops->list(place->handle, SPACE_ASSETS, path, count_name, &names, &unused) !=
			0 ||
		names)
		return 0;
	return tell(a, FINDING_ASSET_EMPTY_DIRECTORY, path, NULL, NULL, "no name in it", fault);
}

int tote__asset_look(struct asset_audit *a, const char *path, const struct store_stat *st,
	struct tote_fault *fault)
{
	struct asset *item = tote__asset_table_at(&a->entries->assets, path);
	uint64_t seq;
	int rc;

	if (tote__path_kept_parse(path, &seq))
		return look_at_kept(a, path, seq, st, fault);
	if (!strncmp(path, PATH_TEMP_PREFIX, strlen(PATH_TEMP_PREFIX)) && !strchr(path, '/'))
		return tell(a, FINDING_ASSET_STALE, path, NULL, NULL, "an unfinished file", fault);
	if (st->type == STORE_DIR) {
		rc = look_at_directory(a, path, item, st, fault);
		return rc < 0 ? rc : look_whether_empty(a, path, fault);
	}
	if (item)
		return look_at_sealed(a, path, item, st, fault);
	if (tote__asset_table_at(&a->late, path))
		return 0;
	if (!tote__asset_table_below(&a->entries->assets, path))
		return tell(a, FINDING_ASSET_FOREIGN, path, NULL, "nothing: no entry names it",
			type_name(st), fault);
	shut(a, path);
	return tell(a, FINDING_ASSET_DIRECTORY, path, NULL, "a directory", type_name(st), fault);
}

int tote__asset_look_missing(
	struct asset_audit *a, const struct asset *item, struct tote_fault *fault)
{
	/* what ends a seal stands behind it */
	int may_be_ended = a->entries->lost && item->seq < a->entries->last_lost;
	int code = a->missing_excused && may_be_ended ? FINDING_ASSET_UNEXPLAINED
						      : FINDING_ASSET_MISSING;

	a->missing += (uint64_t)may_be_ended;
	if (a->looking != LOOK_TELL)
		return 0;
	return tote__inquiry_find(
		a->q, code, SPACE_ASSETS, item->path, item->seq, "a file", "nothing", fault);
}

int tote__asset_look_changed(
	struct asset_audit *a, const struct changed *c, struct tote_fault *fault)
{
	char expected[DIGEST_TEXT] = "sha256:", was[DIGEST_TEXT] = "sha256:", kept[PATH_KEPT_MAX];
	const char *path = c->asset->path;

	if (c->asset->flags & ASSET_KEPT) {
		tote__path_kept(c->asset->seq, kept);
		path = kept;
	}
	tote__hex_encode(c->asset->digest, HASH_LEN, expected + strlen(expected));
	tote__hex_encode(c->digest, HASH_LEN, was + strlen(was));
	c->asset->flags |= ASSET_ODD;
	return tote__inquiry_find(a->q, FINDING_ASSET_CHANGED, SPACE_ASSETS, path, c->asset->seq,
		expected, was, fault);
}
