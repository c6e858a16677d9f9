/* SPDX-License-Identifier: ISC */
/*
 * The walk over assets/, the reading of what was sealed, and the second look at what was odd.
 */
#include "audit/asset_audit.h"
#include "store/path.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CHUNK    ((size_t)256 << 10)
#define NOT_READ (ASSET_SHUT | ASSET_EARLIER | ASSET_PASSED)

int tote__asset_audit_init(
	struct asset_audit *a, struct inquiry *q, struct entries *entries, struct tote_fault *fault)
{
	memset(a, 0, sizeof(*a));
	a->q = q;
	a->entries = entries;
	tote__names_init(&a->dirs, q->heap);
	tote__names_init(&a->again, q->heap);
	tote__asset_table_init(&a->late, q->heap);
	a->chunk = tote__heap_new(q->heap, 1, CHUNK, fault);
	return a->chunk ? tote__names_push(&a->dirs, "", "", fault) : fault->code;
}

static void close_object(struct asset_audit *a)
{
	if (!a->object)
		return;
	a->q->place->ops->object_close(a->object);
	tote__hash_drop(&a->hash);
	a->object = NULL;
}

void tote__asset_audit_free(struct asset_audit *a)
{
	if (!a->q)
		return;
	close_object(a);
	tote__asset_read_free(&a->read);
	tote__asset_walk_free(&a->walk);
	tote__names_free(&a->dirs);
	tote__names_free(&a->again);
	tote__asset_table_free(&a->late);
	tote__heap_free(a->q->heap, a->chunk);
	tote__heap_free(a->q->heap, a->changed);
	memset(a, 0, sizeof(*a));
}

/* --- the walk ------------------------------------------------------------------------------- */

static int each_name(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	struct asset_audit *a = user;
	int n = snprintf(a->path, sizeof(a->path), "%s%s%s", a->dir, *a->dir ? "/" : "", name);

	a->listed++;
	if (n > STORE_NAME_MAX) /* no seal has such a path, and nothing can open it */
		return tote__inquiry_find(a->q, FINDING_ASSET_FOREIGN, SPACE_ASSETS, a->path,
			FINDING_NO_SEQ, "nothing", "a path of more than 4095 bytes", fault);
	return tote__asset_look(a, a->path, st, fault);
}

/* What lies below a directory that could not be looked into is not called missing. */
static int listed(struct asset_audit *a, int r, struct tote_fault *why, struct tote_fault *fault)
{
	if (r == 0)
		return a->listed || !*a->dir ? 0 : tote__names_push(&a->again, "", a->dir, fault);
	if (r == TOTE_E_NOT_FOUND && *a->dir)
		return 0;
	if (r == TOTE_E_NO_MEMORY) {
		*fault = *why;
		return r;
	}
	tote__asset_table_hide(&a->entries->assets, a->dir);
	if (r == TOTE_E_NOT_FOUND) /* the skeleton's matter, and one finding */
		return 0;
	*fault = *why;
	return tote__inquiry_failed(a->q, SPACE_ASSETS, a->dir, r, fault);
}

static int list(struct asset_audit *a, struct tote_fault *fault)
{
	const struct place *place = a->q->place;
	struct tote_fault why;
	int r;

	memset(&why, 0, sizeof(why));
	a->listed = 0;
	r = place->ops->list(place->handle, SPACE_ASSETS, a->dir, each_name, a, &why);
	return listed(a, r, &why, fault);
}

static int look_at_listing(struct asset_audit *a, struct listing *l, struct tote_fault *fault)
{
	struct store_stat st;
	const char *name;
	size_t at = 0;
	int rc = 0;

	memcpy(a->dir, l->dir, sizeof(a->dir));
	if (l->large)
		return list(a, fault);
	a->listed = 0;
	while (rc == 0 && tote__listing_next(l, &at, &name, &st))
		rc = each_name(a, name, &st, fault);
	return rc < 0 ? rc : listed(a, l->r, &l->why, fault);
}

static int walk(struct asset_audit *a, struct tote_fault *fault)
{
	struct listing *l;
	int rc;

	if (!a->walk.q && (rc = tote__asset_walk_init(&a->walk, a->q, fault)) < 0)
		return rc;
	l = tote__asset_walk_take(&a->walk, &a->dirs);
	if (!l)
		return 0;
	rc = look_at_listing(a, l, fault);
	tote__asset_walk_drop(&a->walk, l);
	return rc < 0 ? rc : 1;
}

/* What the walk did not meet is looked for by name. */
static int gather_missing(struct asset_audit *a, struct tote_fault *fault)
{
	struct asset_table *t = &a->entries->assets;

	for (size_t i = 0; i < t->count; i++) {
		struct asset *item = &t->items[i];
		int rc;

		if (!tote__asset_must_be_there(item))
			continue;
		if (item->flags & ASSET_PASSED)
			continue;
		if (!(item->flags & ASSET_EARLIER))
			a->bytes_left += item->size;
		if (item->flags & (ASSET_FOUND | ASSET_HIDDEN))
			continue;
		rc = tote__names_push(&a->again, "", item->path, fault);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* What is not there is looked for with what the walk did not meet. */
static int visit_path(struct asset_audit *a, const char *path, struct tote_fault *fault)
{
	const struct place *place = a->q->place;
	struct tote_fault why;
	struct store_stat st;
	int r;

	memset(&why, 0, sizeof(why));
	r = place->ops->stat(place->handle, SPACE_ASSETS, path, &st, &why);
	if (r == 0)
		r = tote__asset_look(a, path, &st, fault);
	else if (r == TOTE_E_NOT_FOUND || r == TOTE_E_UNTRUSTED)
		r = 0;
	else {
		*fault = why;
		r = tote__inquiry_failed(a->q, SPACE_ASSETS, path, r, fault);
	}
	return r < 0 ? r : 1;
}

/* One of the assets that were asked for, or what lies at the path that was: 1 more to do, 0 done. */
static int visit(struct asset_audit *a, struct tote_fault *fault)
{
	struct asset_table *t = &a->entries->assets;
	const char *path = a->q->target->asked->path;

	for (; a->visited < t->count; a->visited++) {
		const struct asset *item = tote__asset_table_nth(t, a->visited);

		if (item->flags & (ASSET_PASSED | ASSET_NOT_COUNTED))
			continue;
		a->visited++;
		return visit_path(a, item->path, fault);
	}
	if (path && !tote__asset_table_at(t, path))
		return visit_path(a, path, fault) < 0 ? fault->code : 0;
	return gather_missing(a, fault);
}

int tote__asset_audit_walk(struct asset_audit *a, uint64_t limit, struct tote_fault *fault)
{
	int rc;

	if (!a->chosen)
		tote__asset_part_choose(a);
	a->chosen = 1;
	a->limit = limit;
	a->end = limit;
	a->looking = LOOK_FIRST;
	if (a->q->target->asked)
		return visit(a, fault);
	rc = walk(a, fault);
	return rc ? rc : gather_missing(a, fault);
}

/* --- reading -------------------------------------------------------------------------------- */

static int open_next(struct asset_audit *a, struct asset *item, struct tote_fault *fault)
{
	const struct place *place = a->q->place;
	const char *name = item->path;
	char kept[PATH_KEPT_MAX];
	struct tote_fault why;
	struct store_stat st;
	const uint32_t flags = a->q->target->may_cache ? 0 : STORE_UNCACHED;
	int r;

	if (item->flags & ASSET_KEPT) {
		tote__path_kept(item->seq, kept);
		name = kept;
	}
	memset(&why, 0, sizeof(why));
	r = place->ops->object_open(
		place->handle, SPACE_ASSETS, name, flags, &a->object, &st, &why);
	if (r == 0) {
		a->offset = 0;
		a->second = 0;
		tote__hash_init(&a->hash, a->q->engine);
		return 0;
	}
	a->object = NULL;
	if (r == TOTE_E_NOT_FOUND || r == TOTE_E_UNTRUSTED)
		return tote__names_push(&a->again, "", name, fault);
	*fault = why;
	return tote__inquiry_failed(a->q, SPACE_ASSETS, name, r, fault);
}

static int note_changed(struct asset_audit *a, struct asset *item, const uint8_t digest[HASH_LEN],
	struct tote_fault *fault)
{
	struct changed *c;

	if (a->changed_count == a->changed_cap) {
		size_t cap = a->changed_cap ? 2 * a->changed_cap : 16;

		c = tote__heap_resize(a->q->heap, a->changed, cap, sizeof(*c), fault);
		if (!c)
			return fault->code;
		a->changed = c;
		a->changed_cap = cap;
	}
	c = &a->changed[a->changed_count++];
	c->asset = item;
	memcpy(c->digest, digest, HASH_LEN);
	return 0;
}

/* All was read: what differs is read once more, from the same file. */
static int end_of_asset(struct asset_audit *a, struct asset *item, struct tote_fault *fault)
{
	uint8_t digest[HASH_LEN];
	int rc = 0;

	tote__hash_final(&a->hash, digest);
	if (tote__hash_equal(digest, item->digest)) {
		item->flags |= ASSET_READ;
	} else if (!a->second) {
		a->second = 1;
		a->offset = 0;
		tote__hash_init(&a->hash, a->q->engine);
		return 1;
	} else {
		rc = note_changed(a, item, digest, fault);
	}
	a->q->place->ops->object_close(a->object);
	a->object = NULL;
	a->at++;
	return rc < 0 ? rc : 1;
}

static int read_piece(struct asset_audit *a, struct asset *item, struct tote_fault *fault)
{
	struct tote_fault why;
	size_t got = 0;
	int cached = 0, r;

	memset(&why, 0, sizeof(why));
	r = a->q->place->ops->object_read(
		a->object, a->offset, a->chunk, CHUNK, &got, &cached, &why);
	if (r < 0) {
		close_object(a);
		a->at++;
		*fault = why;
		r = tote__inquiry_failed(a->q, SPACE_ASSETS, item->path, r, fault);
		return r < 0 ? r : 1;
	}
	a->q->bytes += got;
	a->q->cached |= cached || a->q->target->may_cache;
	a->offset += got;
	a->bytes_left -= got < a->bytes_left && !a->second ? got : 0;
	tote__hash_update(&a->hash, a->chunk, got);
	/* beyond its size it is another one already, however far somebody lets it grow */
	return got && a->offset <= item->size ? 1 : end_of_asset(a, item, fault);
}

static int is_wanted(const struct asset *item)
{
	return tote__asset_must_be_there(item) && !(item->flags & NOT_READ) &&
	       item->flags & (ASSET_FOUND | ASSET_KEPT);
}

static void count_bytes(struct asset_audit *a)
{
	uint64_t more = tote__asset_read_bytes(&a->read);

	a->q->bytes += more;
	a->bytes_left -= more < a->bytes_left ? more : a->bytes_left;
}

/* What is good is done with; of the rest it is seen here what it is. */
int tote__asset_audit_read(struct asset_audit *a, struct tote_fault *fault)
{
	struct asset_table *t = &a->entries->assets;
	int rc = 0, good = 1;

	if (!a->read.q && (rc = tote__asset_read_init(&a->read, a->q, t, fault)) < 0)
		return rc;
	while (!a->object && good) {
		rc = tote__asset_read_next(&a->read, is_wanted, &a->at, &good);
		count_bytes(a);
		if (rc == 0)
			a->at = t->count;
		if (rc != 1)
			return rc != 0;
		if (good)
			tote__asset_table_nth(t, a->at++)->flags |= ASSET_READ;
	}
	if (!a->object) {
		rc = open_next(a, tote__asset_table_nth(t, a->at), fault);
		a->at += !a->object;
	}
	if (rc < 0 || !a->object)
		return rc < 0 ? rc : 1;
	return read_piece(a, tote__asset_table_nth(t, a->at), fault);
}

/* --- the second look ------------------------------------------------------------------------ */

int tote__asset_audit_is_odd(const struct asset_audit *a)
{
	return a->again.count || a->changed_count;
}

static void mark(struct asset_audit *a, const struct entry *e, uint32_t flag)
{
	struct tote_fault unused;
	struct asset *item;
	uint64_t seal;

	if (tote__entry_number(e, "seal", &seal, &unused) < 0)
		return;
	item = tote__asset_table_by_seq(&a->entries->assets, seal);
	if (!item)
		item = tote__asset_table_by_seq(&a->late, seal);
	if (item)
		item->flags |= flag;
}

static int keep_late(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	struct asset_audit *a = user;
	struct tote_fault unused;

	(void)leaf, (void)verified;
	if (e->version != 1)
		return 0;
	if (tote__entry_is(e, VOID_KIND))
		mark(a, e, ASSET_VOID);
	else if (tote__entry_is(e, ERASED_KIND))
		mark(a, e, ASSET_ERASED);
	else if (tote__entry_is(e, SEALED_KIND) &&
		 tote__sealed_parse(e, &a->entries->fact, &unused) == 0)
		return tote__asset_table_add(
			&a->late, &a->entries->fact, e->seq, e->time_us, fault);
	return 0;
}

/* What was sealed, voided and erased since the bound was set. */
static int come_up(struct asset_audit *a, struct view *now, struct tote_fault *fault)
{
	struct tote_fault why;
	int r = 0;

	tote__asset_table_free(&a->late);
	a->end = a->limit;
	memset(&why, 0, sizeof(why));
	if (now && now->limit > a->limit) {
		r = tote__view_scan(now, a->limit, now->limit, keep_late, a, &why);
		a->end = now->limit;
	}
	if (r == TOTE_E_NO_MEMORY) {
		*fault = why;
		return r;
	}
	if (tote__asset_table_arrange(&a->late, fault) < 0)
		return fault->code;
	a->late_known = a->frozen || (r == 0 && now);
	if (r == 0 && (now || a->q->still))
		return 0;
	return tote__inquiry_find(a->q, FINDING_CHANGING, SPACE_ASSETS, "", FINDING_NO_SEQ,
		"entries to compare with", why.text, fault);
}

static int look_for_missing(struct asset_audit *a, const char *path, struct tote_fault *fault)
{
	struct asset *item = tote__asset_table_at(&a->entries->assets, path);
	const struct place *place = a->q->place;
	struct tote_fault unused;
	struct store_stat st;
	char kept[PATH_KEPT_MAX];

	memset(&unused, 0, sizeof(unused));
	if (!item || !tote__asset_must_be_there(item))
		return 0;
	tote__path_kept(item->seq, kept);
	if (place->ops->stat(place->handle, SPACE_ASSETS, kept, &st, &unused) == 0)
		return tote__asset_look(a, kept, &st, fault);
	item->flags &= ~(ASSET_FOUND | ASSET_KEPT | ASSET_READ);
	return tote__asset_look_missing(a, item, fault);
}

static int look_again(struct asset_audit *a, const char *path, struct tote_fault *fault)
{
	const struct place *place = a->q->place;
	struct tote_fault why;
	struct store_stat st;
	int r;

	memset(&why, 0, sizeof(why));
	r = place->ops->stat(place->handle, SPACE_ASSETS, path, &st, &why);
	if (r == 0)
		return tote__asset_look(a, path, &st, fault);
	if (r == TOTE_E_NOT_FOUND || r == TOTE_E_UNTRUSTED) /* also below what is no directory */
		return look_for_missing(a, path, fault);
	*fault = why;
	return tote__inquiry_failed(a->q, SPACE_ASSETS, path, r, fault);
}

static int look_at_all(struct asset_audit *a, int looking, struct tote_fault *fault)
{
	int rc = 0;

	a->looking = looking;
	a->foreign = 0;
	a->missing = 0;
	for (const char *path = tote__names_next(&a->again, NULL); rc == 0 && path;
		path = tote__names_next(&a->again, path))
		rc = look_again(a, path, fault);
	return rc;
}

static int look_at_changed(struct asset_audit *a, struct tote_fault *fault)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < a->changed_count; i++)
		if (tote__asset_must_be_there(a->changed[i].asset))
			rc = tote__asset_look_changed(a, &a->changed[i], fault);
	a->changed_count = 0;
	return rc;
}

/*
 * An entry that could not be read may be the seal of a foreign file, or the erasure of a missing
 * one: where there are at least as many such entries as such files, that is taken for the
 * explanation, since one damage is to be one finding. They are named all the same, each as what it
 * may be (asset-unexplained), so that nobody hides a file behind a damaged entry; the entries were
 * named, and no such asset counts as verified. Nor is a file called foreign while it is not known
 * what was sealed since the bound: that was said.
 */
static void excuse(struct asset_audit *a)
{
	a->foreign_excused = a->foreign <= a->entries->lost || !a->late_known;
	a->missing_excused = a->missing <= a->entries->lost;
}

int tote__asset_audit_again(struct asset_audit *a, struct view *now, struct tote_fault *fault)
{
	int rc = come_up(a, now, fault);

	if (rc == 0)
		rc = look_at_all(a, LOOK_COUNT, fault);
	if (rc < 0)
		return rc;
	excuse(a);
	rc = look_at_all(a, LOOK_TELL, fault);
	if (rc == 0)
		rc = look_at_changed(a, fault);
	tote__buf_reset(&a->again.bytes);
	a->again.count = 0;
	return rc;
}
