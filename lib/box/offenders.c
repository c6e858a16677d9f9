/* SPDX-License-Identifier: ISC */
/*
 * The list of sources that cannot be sealed.
 */
#include "box/offenders.h"
#include "base/fault.h"
#include <string.h>

void tote__offenders_init(struct offenders *o, const struct heap *heap)
{
	memset(o, 0, sizeof(*o));
	o->heap = heap;
}

void tote__offenders_cut(struct offenders *o, size_t count)
{
	while (o->count > count)
		tote__heap_free(o->heap, o->items[--o->count]);
}

void tote__offenders_free(struct offenders *o)
{
	tote__offenders_cut(o, 0);
	tote__heap_free(o->heap, o->items);
	o->items = NULL;
	o->cap = 0;
}

static int room_for_one(struct offenders *o, struct tote_fault *fault)
{
	const size_t cap = o->cap ? o->cap * 2 : 16;
	struct tote_offender **items;

	if (o->count < o->cap)
		return 0;
	items = tote__heap_resize(o->heap, o->items, cap, sizeof(*items), fault);
	if (!items)
		return fault->code;
	o->items = items;
	o->cap = cap;
	return 0;
}

static char *put(char **at, const char *s)
{
	char *start = *at;
	const size_t len = strlen(s) + 1;

	memcpy(start, s, len);
	*at += len;
	return start;
}

int tote__offenders_add(
	struct offenders *o, const char *file, const char *path, struct tote_fault *fault)
{
	const size_t strings = strlen(file) + strlen(path) + strlen(fault->text) + 3;
	const struct tote_fault why = *fault;
	struct tote_offender *item;
	char *at;

	tote__fault_clear(fault);
	if (room_for_one(o, fault) < 0)
		return fault->code;
	item = tote__heap_new(o->heap, 1, sizeof(*item) + strings, fault);
	if (!item)
		return fault->code;
	at = (char *)(item + 1);
	item->file = put(&at, file);
	item->path = put(&at, path);
	item->text = put(&at, why.text);
	item->code = why.code;
	o->items[o->count++] = item;
	return 0;
}
