/* SPDX-License-Identifier: ISC */
/*
 * The walk over a log's names.
 */
#include "audit/log_names.h"
#include "audit/beyond.h"
#include "store/path.h"
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 128

int tote__log_names_init(
	struct log_names *n, struct inquiry *q, struct log_audit *log, struct tote_fault *fault)
{
	memset(n, 0, sizeof(*n));
	n->q = q;
	n->log = log;
	tote__names_init(&n->dirs, q->heap);
	tote__names_init(&n->files, q->heap);
	tote__names_init(&n->again, q->heap);
	return tote__names_push(&n->dirs, "", "", fault);
}

void tote__log_names_free(struct log_names *n)
{
	if (!n->q)
		return;
	tote__names_free(&n->dirs);
	tote__names_free(&n->files);
	tote__names_free(&n->again);
	memset(n, 0, sizeof(*n));
}

/* --- what a name is ------------------------------------------------------------------------- */

enum {
	NAME_FINE,
	NAME_DIRECTORY,
	NAME_SUPERSEDED, /* a partial tile whose wider one is in the tree */
	NAME_BEYOND,
	NAME_MODE,
	NAME_STALE,
	NAME_FOREIGN
};

/* A directory that may hold tiles: one that, with a last component, gives the name of a tile. */
static int holds_tiles(const char *dir)
{
	static const char *const last[] = {"/000", "/1"};
	char name[TILE_NAME_MAX + 8];
	struct tile t;

	if (!strcmp(dir, "tile") || !strcmp(dir, "tile/entries"))
		return 1;
	if (strlen(dir) >= TILE_NAME_MAX)
		return 0;
	for (int i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "%s%s", dir, last[i]);
		if (tote__tile_parse(name, &t) == 0)
			return 1;
	}
	return 0;
}

static int judges_modes(const struct inquiry *q)
{
	const struct run_target *t = q->target;

	return t->layout == LAYOUT_CONTAINER || t->layout == LAYOUT_ORCHESTRATOR || t->strict;
}

static int is_plain(const struct inquiry *q, const struct store_stat *st, uint32_t mode)
{
	return st->type == STORE_FILE && !st->mount && st->links == 1 &&
	       (st->mode == mode || !judges_modes(q));
}

static int classify_tile(
	const struct log_names *n, const struct tile *t, const struct store_stat *st)
{
	uint64_t last = t->index * TILE_WIDTH + t->width;
	int shift = t->level > 0 ? 8 * t->level : 0;

	if (!is_plain(n->q, st, 0444))
		return NAME_MODE;
	if (last > n->log->size >> shift)
		return NAME_BEYOND;
	if (t->width == TILE_WIDTH || tote__tile_in_tree(n->log->size, t))
		return NAME_FINE;
	return NAME_SUPERSEDED;
}

static int classify(const struct log_names *n, const char *path, const struct store_stat *st,
	struct tile *ret_tile)
{
	int is_new = !strcmp(path, PATH_NEW_PREFIX CHECKPOINT_NAME);

	if (st->type == STORE_DIR)
		return st->mount ? NAME_MODE : holds_tiles(path) ? NAME_DIRECTORY : NAME_FOREIGN;
	if (!strcmp(path, CHECKPOINT_NAME) || is_new)
		return is_new || is_plain(n->q, st, st->mode) ? NAME_FINE : NAME_MODE;
	if (!strncmp(tote__path_last(path), PATH_TEMP_PREFIX, strlen(PATH_TEMP_PREFIX)))
		return NAME_STALE;
	if (tote__tile_parse(path, ret_tile) < 0)
		return NAME_FOREIGN;
	return classify_tile(n, ret_tile, st);
}

/* --- the walk ------------------------------------------------------------------------------- */

static int each_name(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	struct log_names *n = user;
	char path[INQUIRY_PATH_MAX];
	struct tile t;
	int len = snprintf(path, sizeof(path), "%s%s%s", n->dir, *n->dir ? "/" : "", name);

	if (len < 0 || (size_t)len >= sizeof(path)) /* no directory of a log is so deep */
		return tote__names_push(&n->again, "", path, fault);
	switch (classify(n, path, st, &t)) {
	case NAME_FINE:
		return 0;
	case NAME_DIRECTORY:
		return tote__names_push(&n->dirs, "", path, fault);
	case NAME_SUPERSEDED:
		return tote__names_push(&n->files, "", path, fault);
	default:
		return tote__names_push(&n->again, "", path, fault);
	}
}

static int list(struct log_names *n, struct tote_fault *fault)
{
	const struct place *place = n->q->place;
	struct tote_fault why;
	int r;

	memset(&why, 0, sizeof(why));
	r = place->ops->list(place->handle, SPACE_LOG, n->dir, each_name, n, &why);
	if (r == 0 || r == TOTE_E_NOT_FOUND) /* the skeleton is judged elsewhere */
		return 0;
	*fault = why;
	return tote__inquiry_failed(n->q, SPACE_LOG, n->dir, r, fault);
}

/* The hashes that a superseded tile or bundle must begin the wider one with: 1, 0 not known. */
static int right_hashes(
	struct log_names *n, const struct tile *t, const uint8_t **ret, struct tote_fault *fault)
{
	uint32_t width;
	int r;

	if (t->level > 0) {
		*ret = tote__evidence_hashes(
			&n->log->evidence, t->level, t->index * TILE_WIDTH, t->width);
		return *ret != NULL;
	}
	r = tote__log_audit_leaves(n->log, t->index, ret, &width, fault);
	return r > 0 && width < t->width ? 0 : r;
}

/* 1 where it is as it should be, or could not be looked at; what it is instead in *ret. */
static int is_beginning(struct log_names *n, const struct tile *t, const uint8_t *right,
	struct logfile *ret, struct tote_fault *fault)
{
	struct log_audit *log = n->log;
	size_t len = (size_t)t->width * HASH_LEN;
	int rc = tote__logfile_just(n->q, t, &log->own->bytes, log->own->leaves, ret, fault);

	if (rc < 0)
		return rc;
	if (ret->state != LOGFILE_GOOD)
		return ret->state != LOGFILE_SHAPE;
	return memcmp(t->level == TILE_ENTRIES ? log->own->leaves : log->own->bytes.data, right,
		       len) == 0;
}

static int compare(struct log_names *n, const char *name, struct tote_fault *fault)
{
	const uint8_t *right;
	struct logfile file;
	struct tile t;
	int r;

	if (tote__tile_parse(name, &t) < 0)
		return 0;
	r = right_hashes(n, &t, &right, fault);
	if (r <= 0)
		return r;
	r = is_beginning(n, &t, right, &file, fault);
	if (r == 0)
		r = is_beginning(n, &t, right, &file, fault);
	if (r != 0)
		return r < 0 ? r : 0;
	return tote__inquiry_find(n->q,
		t.level == TILE_ENTRIES ? FINDING_BUNDLE_CHANGED : FINDING_TILE_CHANGED, SPACE_LOG,
		name, FINDING_NO_SEQ, "the beginning of the one that superseded it",
		file.state == LOGFILE_SHAPE ? "it was cut, or has grown" : "something else", fault);
}

int tote__log_names_step(struct log_names *n, struct tote_fault *fault)
{
	char name[INQUIRY_PATH_MAX];
	int rc = 0;

	if (tote__names_pop(&n->files, name, sizeof(name)))
		rc = compare(n, name, fault);
	else if (tote__names_pop(&n->dirs, n->dir, sizeof(n->dir)))
		rc = list(n, fault);
	else
		return 0;
	return rc < 0 ? rc : 1;
}

/* --- the second look ------------------------------------------------------------------------ */

static int found_odd(struct log_names *n, const char *name, int kind, const struct store_stat *st,
	struct tote_fault *fault)
{
	int code = kind == NAME_STALE  ? FINDING_LOG_STALE
		   : kind == NAME_MODE ? FINDING_LOG_MODE
				       : FINDING_LOG_FOREIGN;
	char was[TEXT_MAX];

	if (st->type != STORE_FILE || st->mount)
		snprintf(was, sizeof(was), "%s%s", st->mount ? "a mount" : "",
			st->mount                ? ""
			: st->type == STORE_DIR  ? "a directory"
			: st->type == STORE_LINK ? "a link"
						 : "a special file");
	else
		snprintf(was, sizeof(was), "mode %04o, %llu links", (unsigned)st->mode,
			(unsigned long long)st->links);
	return tote__inquiry_find(n->q, code, SPACE_LOG, name, FINDING_NO_SEQ,
		kind == NAME_MODE ? "mode 0444, 1 link, a regular file" : NULL, was, fault);
}

static int again(struct log_names *n, struct beyond *b, const char *name, struct tote_fault *fault)
{
	const struct place *place = n->q->place;
	struct tote_fault why;
	struct store_stat st;
	struct tile t;
	int kind, r;

	memset(&why, 0, sizeof(why));
	r = place->ops->stat(place->handle, SPACE_LOG, name, &st, &why);
	if (r == TOTE_E_NOT_FOUND)
		return 0;
	if (r < 0) {
		*fault = why;
		return tote__inquiry_failed(n->q, SPACE_LOG, name, r, fault);
	}
	kind = classify(n, name, &st, &t);
	if (kind == NAME_BEYOND)
		return tote__beyond_judge(b, &t, fault);
	if (kind == NAME_FINE || kind == NAME_DIRECTORY || kind == NAME_SUPERSEDED)
		return 0;
	return found_odd(n, name, kind, &st, fault);
}

int tote__log_names_again(
	struct log_names *n, struct view *view, int exact, struct tote_fault *fault)
{
	struct beyond b;
	int rc = 0;

	tote__beyond_init(&b, n->q, n->log, view, exact);
	for (const char *name = tote__names_next(&n->again, NULL); rc == 0 && name;
		name = tote__names_next(&n->again, name))
		rc = again(n, &b, name, fault);
	tote__beyond_free(&b);
	return rc;
}
