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

/* Of an item and what has the same path or lies below it: the first seal counts. */
static void judge(struct asset_table *t, size_t at)
{
	struct asset *a = &t->items[at];

	for (size_t i = at + 1; i < t->count; i++) {
		struct asset *b = &t->items[i];

		if (strcmp(a->path, b->path) != 0 && !tote__asset_is_below(b->path, a->path))
			return;
		if (!(b->flags & ASSET_NOT_COUNTED) && b->seq < a->seq)
			a->flags |= ASSET_IGNORED;
	}
}

static void judge_below(struct asset_table *t, size_t at)
{
	const struct asset *a = &t->items[at];

	for (size_t i = at + 1; i < t->count; i++) {
		struct asset *b = &t->items[i];

		if (strcmp(a->path, b->path) != 0 && !tote__asset_is_below(b->path, a->path))
			return;
		if (!(b->flags & ASSET_VOID) && b->seq > a->seq)
			b->flags |= ASSET_IGNORED;
	}
}

int tote__asset_table_arrange(struct asset_table *t, struct tote_fault *fault)
{
	if (t->count) {
		t->order = tote__heap_new(t->heap, t->count, sizeof(*t->order), fault);
		if (!t->order)
			return fault->code;
	}
	tote__sort(t->items, t->count, sizeof(*t->items), compare);
	for (size_t i = 0; i < t->count; i++) {
		t->order[t->items[i].nth] = (uint32_t)i;
		if (t->items[i].flags & ASSET_NOT_COUNTED)
			continue;
		judge(t, i);
		if (!(t->items[i].flags & ASSET_IGNORED))
			judge_below(t, i);
	}
	t->arranged = 1;
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
