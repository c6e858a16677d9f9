/* SPDX-License-Identifier: ISC */
/*
 * The table of assets.
 */
#include "audit/asset_table.h"
#include "store/sort.h"
#include <string.h>

#define FIRST_CAP   64
#define CHUNK_BYTES ((size_t)64 << 10)

/* Paths lie in chunks that never move. */
struct path_chunk {
	struct path_chunk *next;
	size_t used;
	char bytes[CHUNK_BYTES];
};

_Static_assert(STORE_NAME_MAX < CHUNK_BYTES, "every path fits a chunk");
_Static_assert(sizeof(struct asset) <= SORT_ITEM_MAX, "an asset can be sorted");

void tote__asset_table_init(struct asset_table *t, const struct heap *heap)
{
	memset(t, 0, sizeof(*t));
	t->heap = heap;
}

void tote__asset_table_free(struct asset_table *t)
{
	const struct heap *heap = t->heap;

	while (t->paths) {
		struct path_chunk *next = t->paths->next;

		tote__heap_free(heap, t->paths);
		t->paths = next;
	}
	tote__heap_free(heap, t->items);
	tote__heap_free(heap, t->order);
	tote__asset_table_init(t, heap);
}

static char *keep_path(struct asset_table *t, const char *path, struct tote_fault *fault)
{
	size_t len = strlen(path) + 1;
	char *kept;

	if (!t->paths || CHUNK_BYTES - t->paths->used < len) {
		struct path_chunk *more = tote__heap_new(t->heap, 1, sizeof(*more), fault);

		if (!more)
			return NULL;
		more->next = t->paths;
		t->paths = more;
	}
	kept = t->paths->bytes + t->paths->used;
	memcpy(kept, path, len);
	t->paths->used += len;
	return kept;
}

int tote__asset_table_add(struct asset_table *t, const struct sealed *fact, uint64_t seq,
	int64_t time_us, struct tote_fault *fault)
{
	struct asset a = {.seq = seq, .size = fact->size, .time_us = time_us};

	if (t->count == UINT32_MAX)
		return tote__fault(fault, TOTE_E_TOO_LARGE, "more assets than can be counted");
	if (t->count == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : FIRST_CAP;
		struct asset *more =
			tote__heap_resize(t->heap, t->items, cap, sizeof(*more), fault);

		if (!more)
			return fault->code;
		t->items = more;
		t->cap = cap;
	}
	a.path = keep_path(t, fact->path, fault);
	if (!a.path)
		return fault->code;
	memcpy(a.digest, fact->digest, HASH_LEN);
	a.nth = (uint32_t)t->count;
	t->items[t->count++] = a;
	return 0;
}

struct asset *tote__asset_table_nth(const struct asset_table *t, size_t n)
{
	return &t->items[t->arranged ? t->order[n] : n];
}

struct asset *tote__asset_table_by_seq(struct asset_table *t, uint64_t seq)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct asset *item = tote__asset_table_nth(t, middle);

		if (item->seq == seq)
			return item;
		if (item->seq < seq)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* --- by path -------------------------------------------------------------------------------- */

/* The slash comes before every other byte, so that what lies below a path follows it at once. */
static int rank(char c)
{
	if (c == '\0')
		return 0;
	return c == '/' ? 1 : (int)(unsigned char)c + 1;
}

static int compare_paths(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return rank(*a) - rank(*b);
}

static int compare(const void *a, const void *b)
{
	const struct asset *x = a, *y = b;
	int r = compare_paths(x->path, y->path);

	if (r)
		return r;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

int tote__asset_must_be_there(const struct asset *item)
{
	return !(item->flags & (ASSET_NOT_COUNTED | ASSET_ERASED));
}

int tote__asset_is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && path[len] == '/';
}

/*
 * The first seal counts, of those of one path and of what lies above and below it. What lies below a
 * path follows it, so two passes with a pile of the paths above do for any number of them, however
 * they lie: a container's handler must not make its audit last.
 */
#define DEPTH_MAX (STORE_NAME_MAX / 2 + 1)

struct level {
	size_t at;      /* its first item; those of the same path are next to it */
	uint64_t first; /* the first seal in and below it, or, the second time, in and above it */
};

struct pile {
	struct level *levels;
	size_t count;
};

static int is_in(const struct asset_table *t, const struct level *level, size_t at)
{
	const char *path = t->items[level->at].path;

	return !strcmp(t->items[at].path, path) || tote__asset_is_below(t->items[at].path, path);
}

/* What seals below it came first: those it has above hear of them, too. */
static void pop(struct asset_table *t, struct pile *p)
{
	const struct level *level = &p->levels[--p->count];
	const char *path = t->items[level->at].path;

	for (size_t i = level->at; i < t->count && !strcmp(t->items[i].path, path); i++)
		if (!(t->items[i].flags & ASSET_VOID) && level->first < t->items[i].seq)
			t->items[i].flags |= ASSET_IGNORED;
	if (p->count && level->first < p->levels[p->count - 1].first)
		p->levels[p->count - 1].first = level->first;
}

static void judge_by_below(struct asset_table *t, struct pile *p)
{
	for (size_t i = 0; i < t->count; i++) {
		struct level *top;

		while (p->count && !is_in(t, &p->levels[p->count - 1], i))
			pop(t, p);
		if (!p->count ||
			strcmp(t->items[p->levels[p->count - 1].at].path, t->items[i].path))
			p->levels[p->count++] = (struct level){.at = i, .first = UINT64_MAX};
		top = &p->levels[p->count - 1];
		if (!(t->items[i].flags & ASSET_VOID) && t->items[i].seq < top->first)
			top->first = t->items[i].seq;
	}
	while (p->count)
		pop(t, p);
}

static void judge_by_above(struct asset_table *t, struct pile *p)
{
	for (size_t i = 0; i < t->count; i++) {
		struct asset *item = &t->items[i];
		uint64_t first;

		while (p->count && !is_in(t, &p->levels[p->count - 1], i))
			p->count--;
		first = p->count ? p->levels[p->count - 1].first : UINT64_MAX;
		if (item->flags & ASSET_NOT_COUNTED)
			continue;
		if (first < item->seq)
			item->flags |= ASSET_IGNORED;
		else
			p->levels[p->count++] = (struct level){.at = i, .first = item->seq};
	}
}

int tote__asset_table_arrange(struct asset_table *t, struct tote_fault *fault)
{
	struct pile pile = {.count = 0};

	if (t->count) {
		pile.levels = tote__heap_new(t->heap, DEPTH_MAX, sizeof(*pile.levels), fault);
		if (pile.levels)
			t->order = tote__heap_new(t->heap, t->count, sizeof(*t->order), fault);
		if (!t->order) {
			tote__heap_free(t->heap, pile.levels);
			return fault->code;
		}
	}
	tote__sort(t->items, t->count, sizeof(*t->items), compare);
	for (size_t i = 0; i < t->count; i++)
		t->order[t->items[i].nth] = (uint32_t)i;
	t->arranged = 1;
	judge_by_below(t, &pile);
	judge_by_above(t, &pile);
	tote__heap_free(t->heap, pile.levels);
	return 0;
}

/* The first item that is not before path. */
static size_t lower_bound(const struct asset_table *t, const char *path)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_paths(t->items[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct asset *tote__asset_table_at(struct asset_table *t, const char *path)
{
	for (size_t i = lower_bound(t, path); i < t->count; i++) {
		if (strcmp(t->items[i].path, path) != 0)
			return NULL;
		if (!(t->items[i].flags & ASSET_NOT_COUNTED))
			return &t->items[i];
	}
	return NULL;
}

int tote__asset_table_below(struct asset_table *t, const char *dir)
{
	for (size_t i = lower_bound(t, dir); i < t->count; i++) {
		const struct asset *a = &t->items[i];

		if (tote__asset_is_below(a->path, dir)) {
			if (!(a->flags & ASSET_NOT_COUNTED))
				return 1;
		} else if (strcmp(a->path, dir) != 0) {
			return 0;
		}
	}
	return 0;
}

void tote__asset_table_hide(struct asset_table *t, const char *dir)
{
	for (size_t i = *dir ? lower_bound(t, dir) : 0; i < t->count; i++) {
		struct asset *a = &t->items[i];

		if (!*dir || tote__asset_is_below(a->path, dir))
			a->flags |= ASSET_HIDDEN;
		else if (strcmp(a->path, dir) != 0)
			return;
	}
}
