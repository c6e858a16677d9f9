/* SPDX-License-Identifier: ISC */
/*
 * ledger/damaged/: names that are never given twice, and what an interrupted fold left beyond the
 * seq from which a ledger is given up. It is of the history that is given up: the next fold would
 * find it in its way.
 */
#include "ledger/aside.h"
#include "store/layout.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DIGITS     20
#define NUMBER_MAX 9999
#define LOG_SUFFIX ".log"
#define DEPTH_MAX  10 /* tile/entries/x, seven groups of digits, .p */
#define PATH_ROOM  256

/* --- names ---------------------------------------------------------------------------------- */

static const char *skip_digits(const char *at, size_t *ret_count)
{
	*ret_count = strspn(at, "0123456789");
	return at + *ret_count;
}

int tote__aside_is_name(const char *name, int *ret_log)
{
	size_t count;

	name = skip_digits(name, &count);
	if (count != DIGITS)
		return 0;
	if (name[0] == '.' && name[1] >= '1' && name[1] <= '9')
		name = skip_digits(name + 1, &count);
	*ret_log = strcmp(name, LOG_SUFFIX) == 0;
	return *ret_log || !*name;
}

int tote__aside_name(
	const struct place *place, uint64_t seq, char out[ASIDE_NAME_MAX], struct tote_fault *fault)
{
	char path[ASIDE_NAME_MAX + sizeof(LAYOUT_DAMAGED "/")];

	for (unsigned number = 1; number <= NUMBER_MAX; number++) {
		struct store_stat st;
		int r;

		if (number == 1)
			snprintf(out, ASIDE_NAME_MAX, "%020" PRIu64, seq);
		else
			snprintf(out, ASIDE_NAME_MAX, "%020" PRIu64 ".%u", seq, number);
		snprintf(path, sizeof(path), LAYOUT_DAMAGED "/%s", out);
		r = place->ops->stat(place->handle, SPACE_LEDGER, path, &st, fault);
		if (r == TOTE_E_NOT_FOUND) {
			tote__fault_clear(fault);
			return 0;
		}
		if (r < 0)
			return r;
	}
	return tote__fault(fault, TOTE_E_LIMIT,
		"ledger/" LAYOUT_DAMAGED " holds %d repairs from entry %" PRIu64 " on", NUMBER_MAX,
		seq);
}

/* --- files of the log ----------------------------------------------------------------------- */

struct walk {
	const struct place *place;
	uint64_t size;
	const char *set; /* NULL: only count */
	uint64_t count;
	const char *dir; /* being listed */
	int depth;
};

static int walk_dir(struct walk *w, const char *dir, struct tote_fault *fault);

static int reaches_beyond(const char *path, uint64_t size)
{
	struct tile t;
	int shift;

	if (tote__tile_parse(path, &t) < 0)
		return 0; /* foreign: an audit tells of it */
	shift = t.level > 0 ? 8 * t.level : 0;
	return t.index * TILE_WIDTH + t.width > size >> shift;
}

static int each_name(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	struct walk *w = user;
	char path[PATH_ROOM];
	int n = snprintf(path, sizeof(path), "%s/%s", w->dir, name);

	if (n < 0 || n >= PATH_ROOM) /* nothing of a log is so deep */
		return 0;
	if (st->type == STORE_DIR)
		return w->depth < DEPTH_MAX ? walk_dir(w, path, fault) : 0;
	if (st->type != STORE_FILE || !reaches_beyond(path, w->size))
		return 0;
	w->count++;
	if (!w->set)
		return 0;
	return w->place->ops->set_aside(w->place->handle, w->set, path, fault);
}

static int walk_dir(struct walk *w, const char *dir, struct tote_fault *fault)
{
	const char *above = w->dir;
	int r;

	w->dir = dir;
	w->depth++;
	r = w->place->ops->list(w->place->handle, SPACE_LOG, dir, each_name, w, fault);
	w->depth--;
	w->dir = above;
	return r;
}

int tote__aside_beyond(const struct place *place, uint64_t size, const char *name,
	uint64_t *ret_count, struct tote_fault *fault)
{
	char set[ASIDE_NAME_MAX + sizeof(LOG_SUFFIX)];
	struct walk w = {.place = place, .size = size, .set = name ? set : NULL};
	int r;

	if (name)
		snprintf(set, sizeof(set), "%s" LOG_SUFFIX, name);
	r = walk_dir(&w, "tile", fault);
	if (r == TOTE_E_NOT_FOUND) { /* nothing was ever folded */
		tote__fault_clear(fault);
		r = 0;
	}
	if (!r && w.count && name)
		r = place->ops->barrier(place->handle, SPACE_LOG, fault);
	if (!r && w.count && name)
		r = place->ops->barrier(place->handle, SPACE_LEDGER, fault);
	*ret_count = w.count;
	return r;
}
