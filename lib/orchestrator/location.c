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

/* What is not there, is no directory of ours or is closed to us: 0. Any other failure says nothing. */
static int look_at(tote_orchestrator *o, const char *directory, struct store_identity *ret,
	struct tote_fault *fault)
{
	struct place top;
	int rc = tote__place_open(
		o->ctx, POSIX_BACKEND, directory, LAYOUT_KEYS, STORE_READ_ONLY, &top, fault);

	if (!rc) {
		rc = top.ops->identity(top.handle, ret, fault);
		tote__place_close(&top);
	}
	if (rc == TOTE_E_NOT_FOUND || rc == TOTE_E_UNTRUSTED || rc == TOTE_E_PERMISSION) {
		tote__fault_clear(fault);
		return 0;
	}
	return rc < 0 ? rc : 1;
}

/* The directory itself; one that cannot be looked at is none. */
int tote__location_identity(tote_orchestrator *o, const char *directory, struct store_identity *ret)
{
	struct tote_fault ignored;

	memset(&ignored, 0, sizeof(ignored));
	return look_at(o, directory, ret, &ignored) > 0;
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

/*
 * The longest beginning of a path that is the root: its length, and what follows is the shortest way
 * from there; 0 where none is.
 */
static int find_root(
	tote_orchestrator *o, const char *absolute, size_t *ret_len, struct tote_fault *fault)
{
	struct store_identity root, here;
	size_t len = strlen(absolute);
	char *prefix;
	int rc = look_at(o, o->root, &root, fault);

	*ret_len = 0;
	if (rc <= 0)
		return rc;
	prefix = tote__heap_strdup(&o->ctx->heap, absolute, fault);
	if (!prefix)
		return TOTE_E_NO_MEMORY;
	for (rc = 0; rc >= 0 && !*ret_len && len > 1; len -= len > 1) {
		while (len > 1 && prefix[len] != '/')
			len--;
		prefix[len] = '\0';
		if (len > 1 && is_plain(absolute + len + 1) &&
			(rc = look_at(o, prefix, &here, fault)) > 0 &&
			tote__location_meet(&root, &here))
			*ret_len = len;
	}
	tote__heap_free(&o->ctx->heap, prefix);
	return rc;
}

/* A directory that could not be looked at now is no reason to record for ever where it is not. */
char *tote__location_recorded(tote_orchestrator *o, const char *absolute, struct tote_fault *fault)
{
	size_t len;

	if (find_root(o, absolute, &len, fault) < 0)
		return NULL;
	return tote__heap_strdup(&o->ctx->heap, len ? absolute + len + 1 : absolute, fault);
}
