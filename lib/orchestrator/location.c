/* SPDX-License-Identifier: ISC */
/*
 * Locations. Directories are compared by what they are (device and inode), never by their names: a
 * link, `..` or a bind mount gives one directory many of them.
 */
#include "orchestrator/location.h"
#include <stdio.h>
#include <string.h>

char *tote__location_absolute(tote_orchestrator *o, const char *recorded, struct tote_fault *fault)
{
	size_t room = strlen(o->root) + strlen(recorded) + 2;
	char *s;

	if (recorded[0] == '/')
		return tote__heap_strdup(&o->ctx->heap, recorded, fault);
	s = tote__heap_new(&o->ctx->heap, room, 1, fault);
	if (s)
		snprintf(s, room, "%s/%s", o->root, recorded);
	return s;
}

int tote__location_meet(const struct store_identity *a, const struct store_identity *b)
{
	for (uint32_t i = 0; i < a->count; i++)
		for (uint32_t n = 0; n < b->count; n++)
			if (a->device[i] == b->device[n] && a->inode[i] == b->inode[n])
				return 1;
	return 0;
}

/* --- below the root ------------------------------------------------------------------------- */

/* The directory itself; one that cannot be looked at is none. */
int tote__location_identity(tote_orchestrator *o, const char *directory, struct store_identity *ret)
{
	struct tote_fault ignored;
	struct place top;
	int rc;

	memset(&ignored, 0, sizeof(ignored));
	if (tote__place_open(o->ctx, POSIX_BACKEND, directory, LAYOUT_KEYS, STORE_READ_ONLY, &top,
		    &ignored) < 0)
		return 0;
	rc = top.ops->identity(top.handle, ret, &ignored);
	tote__place_close(&top);
	return rc == 0;
}

/* Names that say where something is without looking: no `..` among them. */
static int is_plain(const char *path)
{
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");

		if (n == 2 && p[0] == '.' && p[1] == '.')
			return 0;
		p += n;
		p += *p == '/';
	}
	return 1;
}

char *tote__location_recorded(tote_orchestrator *o, const char *absolute, struct tote_fault *fault)
{
	const struct heap *heap = &o->ctx->heap;
	struct store_identity root, here;
	size_t len = strlen(absolute);
	char *prefix, *rest = NULL;

	if (!tote__location_identity(o, o->root, &root))
		return tote__heap_strdup(heap, absolute, fault);
	prefix = tote__heap_strdup(heap, absolute, fault);
	if (!prefix)
		return NULL;
	/* the longest beginning that is the root: what follows is the shortest way from there */
	while (!rest && len > 1) {
		while (len > 1 && prefix[len] != '/')
			len--;
		prefix[len] = '\0';
		if (len > 1 && is_plain(absolute + len + 1) &&
			tote__location_identity(o, prefix, &here) &&
			tote__location_meet(&root, &here))
			rest = tote__heap_strdup(heap, absolute + len + 1, fault);
		else
			len -= len > 1;
	}
	tote__heap_free(heap, prefix);
	if (rest || fault->code)
		return rest;
	return tote__heap_strdup(heap, absolute, fault);
}
