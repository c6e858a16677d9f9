/* SPDX-License-Identifier: ISC */
/*
 * Repairs (FORMAT section 5) in memory, where every step is one under the backend's mutex.
 */
#include "store/memory_repair.h"
#include "store/layout.h"
#include "store/memory_place.h"
#include "store/path.h"
#include <stdio.h>
#include <string.h>

#define ROOM (STORE_NAME_MAX + 1)

/* The path below ledger/ of what is called name in ledger/damaged/. */
static int aside_path(const char *name, const char *below, char out[ROOM], struct tote_fault *fault)
{
	int n = snprintf(out, ROOM, LAYOUT_DAMAGED "/%s%s%s", name, *below ? "/" : "", below);

	if (!*name || strchr(name, '/') || n < 0 || n >= ROOM)
		return tote__fault(fault, TOTE_E_GRAMMAR, "'%s' is no name of one component", name);
	return tote__path_check(out, fault);
}

int tote__memory_journal_build(void *place, const char *name, uint64_t seq, const void *data,
	size_t len, uint64_t bytes, struct tote_fault *fault)
{
	struct memory_place *p = place;
	struct tree *t = &p->backend->tree;
	char path[ROOM], segment[PATH_KEPT_MAX];
	struct node *dir = NULL, *n;
	int rc = aside_path(name, "", path, fault);

	if (rc == 0)
		rc = tote__memory_enter_own(p, SPACE_JOURNAL, 1, fault);
	if (rc)
		return rc;
	tote__path_segment(seq, segment);
	n = tote__node_make(t, STORE_FILE, 0640, fault);
	rc = n ? tote__node_write(t, n, 0, data, len, fault) : fault->code;
	if (rc == 0)
		rc = tote__node_lengthen(t, n, bytes, fault);
	if (rc == 0) {
		dir = tote__node_make(t, STORE_DIR, LAYOUT_SUBDIR_MODE, fault);
		rc = dir ? tote__node_link(t, dir, segment, n, fault) : fault->code;
	}
	if (rc == 0)
		rc = tote__memory_add(p, SPACE_LEDGER, path, dir, "make", fault);
	if (rc && dir && dir->count)
		tote__node_unlink(t, n);
	tote__node_unref(t, dir);
	tote__node_unref(t, n);
	tote__memory_leave(p);
	return rc;
}

/* Two directories take each other's contents: the same as taking each other's name. */
static void exchange(struct node *a, struct node *b)
{
	struct node old = *a;

	a->children = b->children;
	a->count = b->count;
	a->room = b->room;
	b->children = old.children;
	b->count = old.count;
	b->room = old.room;
	for (size_t i = 0; i < a->count; i++)
		a->children[i]->parent = a;
	for (size_t i = 0; i < b->count; i++)
		b->children[i]->parent = b;
}

int tote__memory_journal_exchange(void *place, const char *name, struct tote_fault *fault)
{
	struct memory_place *p = place;
	struct node *aside, *journal;
	char path[ROOM];
	int rc = aside_path(name, "", path, fault);

	if (rc == 0)
		rc = tote__memory_enter_own(p, SPACE_JOURNAL, 1, fault);
	if (rc)
		return rc;
	rc = tote__memory_find(p, SPACE_LEDGER, path, "exchange the journal with", &aside, fault);
	if (rc == 0 && aside->type != STORE_DIR)
		rc = tote__memory_fault(p, SPACE_LEDGER, path, TOTE_E_UNTRUSTED,
			"exchange the journal with", fault);
	if (rc == 0)
		rc = tote__memory_space(p, SPACE_JOURNAL, &journal, fault);
	if (rc == 0)
		exchange(aside, journal);
	tote__memory_leave(p);
	return rc;
}

int tote__memory_set_aside(void *place, const char *set, const char *name, struct tote_fault *fault)
{
	struct memory_place *p = place;
	struct tree *t = &p->backend->tree;
	char path[ROOM];
	struct node *from, *copy = NULL;
	int rc = aside_path(set, name, path, fault);

	if (rc == 0)
		rc = tote__memory_enter_write(p, SPACE_LOG, name, fault);
	if (rc)
		return rc;
	rc = tote__memory_find_file(p, SPACE_LOG, name, "set aside", &from, fault);
	if (rc == 0) {
		copy = tote__node_make(t, STORE_FILE, from->mode, fault);
		rc = copy ? tote__node_write(t, copy, 0, from->data, from->len, fault)
			  : fault->code;
	}
	if (rc == 0)
		rc = tote__memory_add(p, SPACE_LEDGER, path, copy, "set aside", fault);
	if (rc == 0)
		tote__node_unlink(t, from);
	tote__node_unref(t, copy);
	tote__memory_leave(p);
	return rc;
}
