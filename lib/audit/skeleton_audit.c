/* SPDX-License-Identifier: ISC */
/*
 * The skeleton (FORMAT sections 1, 3 and 9): one table of names for each directory that is looked at.
 */
#include "audit/skeleton_audit.h"
#include "ledger/aside.h"
#include "store/layout.h"
#include "store/path.h"
#include "tlog/tile.h"
#include <stdio.h>
#include <string.h>

#define TEXT_MAX  64
#define DEPTH_MAX 10 /* tile/entries/x, seven groups of digits, .p */

struct wanted {
	const char *name;
	int type;
	int needed;
};

static const struct wanted container[] = {{"app-console-input", STORE_DIR, 1},
	{"assets", STORE_DIR, 1}, {"ledger", STORE_DIR, 1}, {NULL, 0, 0}};

static const struct wanted orchestrator[] = {{"ledger", STORE_DIR, 1}, {"keys", STORE_DIR, 1},
	{"seen", STORE_DIR, 1}, {"reports", STORE_DIR, 0}, {"index", STORE_DIR, 0}, {NULL, 0, 0}};

static const struct wanted ledger[] = {{"log", STORE_DIR, 1}, {"journal", STORE_DIR, 0},
	{LAYOUT_DAMAGED, STORE_DIR, 0}, {LAYOUT_LOCK, STORE_FILE, 0}, {NULL, 0, 0}};

struct look {
	struct inquiry *q;
	int space;
	const char *dir; /* below the space */
	const struct wanted *wanted;
	int foreign; /* the code of a name that is not wanted */
	int telling, odd;
	uint32_t seen; /* bit i: wanted[i] is there */
	int depth;     /* of dir below what a repair set aside */
	size_t top;    /* where in dir the name of a log's file begins */
	int unread;    /* it could not be listed */
};

static int tell(struct look *l, int code, const char *name, const char *expected, const char *was,
	struct tote_fault *fault)
{
	char path[INQUIRY_PATH_MAX];

	l->odd = 1;
	if (!l->telling)
		return 0;
	snprintf(path, sizeof(path), "%s%s%s", l->dir, *l->dir ? "/" : "", name);
	return tote__inquiry_find(l->q, code, l->space, path, FINDING_NO_SEQ, expected, was, fault);
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

static int check_lock(struct look *l, const struct store_stat *st, struct tote_fault *fault)
{
	char was[TEXT_MAX];

	if (st->type == STORE_FILE && !st->mount && st->mode == 0600 && st->links == 1)
		return 0;
	snprintf(was, sizeof(was), "%s, mode %04o, %llu links", type_name(st), (unsigned)st->mode,
		(unsigned long long)st->links);
	return tell(l, FINDING_LEDGER_LOCK, LAYOUT_LOCK, "a file, mode 0600, 1 link", was, fault);
}

static int each_name(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	struct look *l = user;

	for (uint32_t i = 0; l->wanted[i].name; i++) {
		if (strcmp(l->wanted[i].name, name) != 0)
			continue;
		l->seen |= 1u << i;
		if (l->wanted[i].type == STORE_FILE)
			return check_lock(l, st, fault);
		if (st->type == STORE_DIR && !st->mount)
			return 0;
		return tell(l, FINDING_SKELETON_TYPE, name, "a directory", type_name(st), fault);
	}
	if (!strncmp(name, PATH_TEMP_PREFIX, strlen(PATH_TEMP_PREFIX)))
		return tell(l, FINDING_LOG_STALE, name, NULL, type_name(st), fault);
	return tell(l, l->foreign, name, NULL, type_name(st), fault);
}

static int list(struct look *l, store_list_fn *each, struct tote_fault *fault)
{
	const struct place *place = l->q->place;
	struct tote_fault why;
	int r;

	memset(&why, 0, sizeof(why));
	r = place->ops->list(place->handle, l->space, l->dir, each, l, &why);
	if (r == 0 || r == TOTE_E_NOT_FOUND || r == TOTE_E_UNSUPPORTED)
		return 0;
	if (r == TOTE_E_UNTRUSTED) /* the directory above tells of it */
		return 0;
	l->unread = 1;
	*fault = why;
	return tote__inquiry_failed(l->q, l->space, l->dir, r, fault);
}

/* --- what repairs have set aside ------------------------------------------------------------- */

/* In a journal that was set aside: segments, and what the damaged one had beside them. */
static int each_old_segment(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	struct look *l = user;
	uint64_t seq;

	if (st->type == STORE_FILE && st->links == 1 && tote__path_segment_parse(name, &seq))
		return 0;
	return tell(l, FINDING_SKELETON_FOREIGN, name, NULL, type_name(st), fault);
}

/* Files of the log under the names that they had there. */
static int each_old_tile(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	const struct look *above = user;
	struct look l = *above;
	char dir[INQUIRY_PATH_MAX];
	struct tile tile;
	int n = snprintf(dir, sizeof(dir), "%s/%s", above->dir, name), rc;

	l.dir = dir;
	l.depth++;
	if (n > 0 && n < INQUIRY_PATH_MAX && st->type == STORE_DIR && !st->mount &&
		l.depth < DEPTH_MAX) {
		rc = list(&l, each_old_tile, fault);
	} else {
		if (n > 0 && n < INQUIRY_PATH_MAX && st->type == STORE_FILE && st->links == 1 &&
			tote__tile_parse(dir + above->top, &tile) == 0)
			return 0;
		l.dir = above->dir;
		rc = tell(&l, FINDING_SKELETON_FOREIGN, name, NULL, type_name(st), fault);
	}
	((struct look *)user)->odd |= l.odd;
	return rc;
}

/* ledger/damaged/E, E.2, E.log: information, and what else is in them a finding. */
static int each_repair(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	struct look *l = user, below = *l;
	char dir[INQUIRY_PATH_MAX];
	int is_log = 0, rc;

	if (st->type != STORE_DIR || st->mount || !tote__aside_is_name(name, &is_log))
		return tell(l, FINDING_SKELETON_FOREIGN, name, NULL, type_name(st), fault);
	rc = tell(l, FINDING_REPAIR_ASIDE, name, NULL,
		is_log ? "files of an interrupted fold" : "a journal", fault);
	if (rc < 0)
		return rc;
	snprintf(dir, sizeof(dir), "%s/%s", l->dir, name);
	below.dir = dir;
	below.depth = 0;
	below.top = strlen(dir) + 1;
	return list(&below, is_log ? each_old_tile : each_old_segment, fault);
}

static int look_at(struct inquiry *q, int space, const struct wanted *wanted, int foreign,
	int telling, struct tote_fault *fault)
{
	struct look l = {.q = q,
		.space = space,
		.dir = "",
		.wanted = wanted,
		.foreign = foreign,
		.telling = telling};
	int rc = list(&l, each_name, fault);

	/* of a directory that could not be listed nothing is missing */
	for (uint32_t i = 0; rc == 0 && !l.unread && wanted[i].name; i++)
		if (wanted[i].needed && !(l.seen & 1u << i))
			rc = tell(&l, FINDING_SKELETON_MISSING, wanted[i].name, "a directory",
				"nothing", fault);
	return rc < 0 ? rc : l.odd;
}

static int look_at_repairs(struct inquiry *q, int telling, struct tote_fault *fault)
{
	struct look l = {.q = q, .space = SPACE_LEDGER, .dir = LAYOUT_DAMAGED, .telling = telling};
	int rc = list(&l, each_repair, fault);

	return rc < 0 ? rc : l.odd;
}

int tote__skeleton_look(struct inquiry *q, int telling, struct tote_fault *fault)
{
	int layout = q->target->layout, odd = 0, rc = 0;

	if (layout == LAYOUT_LOG)
		return 0;
	if (layout == LAYOUT_CONTAINER)
		rc = look_at(q, SPACE_TOP, container, FINDING_SKELETON_FOREIGN, telling, fault);
	else if (layout == LAYOUT_ORCHESTRATOR)
		rc = look_at(
			q, SPACE_TOP, orchestrator, FINDING_ORCHESTRATOR_FOREIGN, telling, fault);
	if (rc < 0)
		return rc;
	odd |= rc;
	rc = look_at(q, SPACE_LEDGER, ledger, FINDING_SKELETON_FOREIGN, telling, fault);
	if (rc < 0)
		return rc;
	odd |= rc;
	rc = look_at_repairs(q, telling, fault);
	return rc < 0 ? rc : odd | rc;
}
