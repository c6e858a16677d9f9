/* SPDX-License-Identifier: ISC */
/*
 * All places of a root, those of the registry and those that are wished for, in one sorted list.
 */
#include "orchestrator/fleet_places.h"
#include "store/sort.h"
#include <stdio.h>
#include <string.h>

#define ORCHESTRATOR_PLACE "orchestrator" /* FORMAT section 1: the root's own directory */

struct spot {
	const char *path; /* as the record has it */
	const char *id;
	const struct wish *wish; /* NULL: it is there already */
};

struct spots {
	struct spot *items;
	size_t count;
	char (*below)[sizeof(CONTAINERS_BELOW) + 64]; /* the paths that nobody wrote */
	size_t below_count;
};

static int by_path(const void *a, const void *b)
{
	const struct spot *x = a, *y = b;
	int c = strcmp(x->path, y->path);

	/* what is there already comes first, then as the file has it */
	if (c || !x->wish || !y->wish)
		return c ? c : (x->wish != NULL) - (y->wish != NULL);
	return (x->wish->place.line > y->wish->place.line) -
	       (x->wish->place.line < y->wish->place.line);
}

static void put(struct spots *s, const char *path, const char *id, const struct wish *wish)
{
	s->items[s->count++] = (struct spot){.path = path, .id = id, .wish = wish};
}

static void put_wish(struct spots *s, const struct wish *w)
{
	char *below = s->below[s->below_count];

	if (w->recorded) {
		put(s, w->recorded, w->id, w);
		return;
	}
	snprintf(below, sizeof(*s->below), CONTAINERS_BELOW "%s", w->id);
	s->below_count++;
	put(s, below, w->id, w);
}

static int is_posix(const char *backend)
{
	return !backend || !strcmp(backend, POSIX_BACKEND);
}

static void collect(struct spots *s, const tote_fleet *f, const struct registry *r)
{
	put(s, ORCHESTRATOR_PLACE, RECORD_ID, NULL);
	for (size_t i = 0; i < r->count; i++)
		if (r->items[i]->location && !r->items[i]->detached &&
			is_posix(r->items[i]->backend))
			put(s, r->items[i]->location, r->items[i]->id, NULL);
	for (size_t i = 0; i < f->count; i++)
		if (!tote__registry_find(r, f->wishes[i].id) && is_posix(f->wishes[i].backend))
			put_wish(s, &f->wishes[i]);
	tote__sort(s->items, s->count, sizeof(*s->items), by_path);
}

/* The first spot whose path is not below `len` bytes of path, in their order. */
static size_t first_from(const struct spots *s, const char *path, size_t len)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strncmp(s->items[middle].path, path, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The one that lies in exactly these bytes of a path, or NULL: it comes before all that begin so. */
static const struct spot *spot_at(const struct spots *s, const char *path, size_t len)
{
	size_t at = first_from(s, path, len);
	const struct spot *spot = at < s->count ? &s->items[at] : NULL;

	return spot && !strncmp(spot->path, path, len) && !spot->path[len] ? spot : NULL;
}

/* One that holds this path, at any height above it. */
static const struct spot *spot_above(const struct spots *s, const char *path)
{
	const struct spot *found = NULL;

	for (size_t i = 1; path[i] && !found; i++)
		if (path[i] == '/')
			found = spot_at(s, path, i);
	return found;
}

static void refuse(tote_fleet *f, const struct wish *w, const char *how, const struct spot *other)
{
	struct fleet_place place = w->location ? w->location_place : w->place;

	tote__fleet_problem(&f->problems, place,
		"location: '%.200s' would lie %s '%.64s': give it a directory of its own", w->id,
		how, other->id);
}

static void check(tote_fleet *f, const struct spots *s, size_t at)
{
	const struct spot *spot = &s->items[at], *above;

	if (!spot->wish)
		return;
	if (!*spot->path)
		tote__fleet_problem(&f->problems, spot->wish->location_place,
			"location: this is the root itself: give '%s' a directory of its own",
			spot->id);
	else if (at && !strcmp(s->items[at - 1].path, spot->path))
		refuse(f, spot->wish, "where there is", &s->items[at - 1]);
	else if ((above = spot_above(s, spot->path)) != NULL)
		refuse(f, spot->wish, "inside", above);
}

/* The same seen from below: what is there already lies inside it. Said once, of the first. */
static void check_above(tote_fleet *f, const struct spots *s, size_t at)
{
	const struct spot *spot = &s->items[at];
	const struct spot *above = spot->wish ? NULL : spot_above(s, spot->path);

	if (above && above->wish && (!at || spot_above(s, s->items[at - 1].path) != above))
		refuse(f, above->wish, "around", spot);
}

int tote__fleet_places_check(tote_fleet *f, const struct registry *r, struct tote_fault *fault)
{
	const struct heap *heap = &f->ctx->heap;
	struct spots s = {.count = 0};
	int rc = TOTE_E_NO_MEMORY;

	s.items = tote__heap_new(heap, f->count + r->count + 1, sizeof(*s.items), fault);
	s.below = s.items ? tote__heap_new(heap, f->count + 1, sizeof(*s.below), fault) : NULL;
	if (s.below) {
		collect(&s, f, r);
		for (size_t i = 0; i < s.count; i++) {
			check(f, &s, i);
			check_above(f, &s, i);
		}
		rc = 0;
	}
	tote__heap_free(heap, s.below);
	tote__heap_free(heap, s.items);
	return rc;
}
