/* SPDX-License-Identifier: ISC */
/*
 * Objects and cells of a place in memory.
 */
#include "store/memory_object.h"
#include "store/layout.h"
#include "store/memory_place.h"
#include <string.h>

#define LISTING_MAX ((size_t)256 << 20)

int tote__memory_stat(
	void *place, int space, const char *name, struct store_stat *ret, struct tote_fault *fault)
{
	struct memory_place *p = place;
	struct node *n;
	int rc = tote__memory_enter(p, space, name, fault);

	if (rc)
		return rc;
	rc = tote__memory_find(p, space, name, "look at", &n, fault);
	if (rc == 0)
		tote__node_stat(n, ret);
	tote__memory_leave(p);
	return rc;
}

/* Stats and names of a directory, so that the caller's function runs without the mutex. */
static int listing(struct memory_place *p, int space, const char *dir, struct buf *out,
	struct tote_fault *fault)
{
	struct store_stat st;
	struct node *n;
	int rc = tote__memory_find(p, space, dir, "list", &n, fault);

	if (rc)
		return rc;
	if (n->type != STORE_DIR)
		return tote__memory_fault(p, space, dir, TOTE_E_UNTRUSTED, "list", fault);
	for (size_t i = 0; i < n->count; i++) {
		tote__node_stat(n->children[i], &st);
		tote__buf_put(out, &st, sizeof(st));
		tote__buf_put(out, n->children[i]->name, strlen(n->children[i]->name) + 1);
	}
	return tote__buf_check(out, "list", fault);
}

int tote__memory_list(void *place, int space, const char *dir, store_list_fn *each, void *user,
	struct tote_fault *fault)
{
	struct memory_place *p = place;
	struct buf found;
	int rc = tote__memory_enter(p, space, dir, fault);

	if (rc)
		return rc;
	tote__buf_init(&found, p->backend->heap, LISTING_MAX);
	rc = listing(p, space, dir, &found, fault);
	tote__memory_leave(p);
	for (size_t at = 0; rc == 0 && at < found.len;) {
		struct store_stat st;
		const char *name = (const char *)found.data + at + sizeof(st);

		memcpy(&st, found.data + at, sizeof(st));
		at += sizeof(st) + strlen(name) + 1;
		rc = each(user, name, &st, fault);
	}
	tote__buf_free(&found);
	return rc;
}

int tote__memory_object_open(void *place, int space, const char *name, uint32_t flags,
	void **ret_object, struct store_stat *ret_stat, struct tote_fault *fault)
{
	struct memory_place *p = place;
	struct memory_handle *h = NULL;
	struct node *n;
	int rc = tote__memory_enter(p, space, name, fault);

	if (rc)
		return rc;
	rc = tote__memory_find_file(p, space, name, "open", &n, fault);
	if (rc == 0) {
		h = tote__memory_handle(p, n, flags, fault);
		rc = h ? 0 : fault->code;
	}
	if (rc == 0) {
		tote__node_stat(n, ret_stat);
		*ret_object = h;
	}
	tote__memory_leave(p);
	return rc;
}

/* What lies in memory comes from memory, and says so. */
int tote__memory_object_read(void *object, uint64_t offset, void *out, size_t len, size_t *ret_len,
	int *ret_cached, struct tote_fault *fault)
{
	struct memory_handle *h = object;

	(void)fault;
	pthread_mutex_lock(&h->place->backend->mutex);
	*ret_len = tote__node_read(h->node, offset, out, len);
	pthread_mutex_unlock(&h->place->backend->mutex);
	if (ret_cached)
		*ret_cached = (h->flags & STORE_UNCACHED) != 0;
	return 0;
}

/* A file with these bytes and no name yet; NULL with the fault set. */
static struct node *file_of(struct memory_place *p, uint32_t mode, const void *data, size_t len,
	struct tote_fault *fault)
{
	struct tree *t = &p->backend->tree;
	struct node *n = tote__node_make(t, STORE_FILE, mode, fault);

	if (n && tote__node_write(t, n, 0, data, len, fault) != 0) {
		tote__node_unref(t, n);
		n = NULL;
	}
	return n;
}

int tote__memory_put_new(void *place, int space, const char *name, const void *data, size_t len,
	struct tote_fault *fault)
{
	struct memory_place *p = place;
	struct node *n;
	int rc = tote__memory_enter_write(p, space, name, fault);

	if (rc)
		return rc;
	n = file_of(p, tote__layout_object_mode(space), data, len, fault);
	rc = n ? tote__memory_add(p, space, name, n, "write", fault) : fault->code;
	tote__node_unref(&p->backend->tree, n);
	tote__memory_leave(p);
	return rc;
}

int tote__memory_sync_object(void *place, int space, const char *name, struct tote_fault *fault)
{
	struct memory_place *p = place;
	struct node *n;
	int rc = tote__memory_enter_write(p, space, name, fault);

	if (rc)
		return rc;
	rc = tote__memory_find_file(p, space, name, "sync", &n, fault);
	tote__memory_leave(p);
	return rc;
}

int tote__memory_barrier(void *place, int space, struct tote_fault *fault)
{
	int rc = tote__memory_enter_own(place, space, 1, fault);

	if (rc == 0)
		tote__memory_leave(place);
	return rc;
}

int tote__memory_remove(void *place, int space, const char *name, struct tote_fault *fault)
{
	struct memory_place *p = place;
	struct node *n;
	int rc = tote__memory_enter_write(p, space, name, fault);

	if (rc)
		return rc;
	rc = tote__memory_find_file(p, space, name, "remove", &n, fault);
	if (rc == 0)
		tote__node_unlink(&p->backend->tree, n);
	tote__memory_leave(p);
	return rc;
}

int tote__memory_cell_read(
	void *place, int space, const char *name, struct buf *out, struct tote_fault *fault)
{
	struct memory_place *p = place;
	const size_t start = out->len;
	struct node *n;
	int rc = tote__layout_check_write(p->layout, space, name, fault);

	if (rc == 0)
		rc = tote__memory_enter(p, space, name, fault);
	if (rc)
		return rc;
	rc = tote__memory_find_file(p, space, name, "read", &n, fault);
	if (rc == 0) {
		tote__buf_put(out, n->data, n->len);
		rc = tote__buf_check(out, name, fault);
	}
	if (rc)
		out->len = start;
	tote__memory_leave(p);
	return rc;
}

/* *ret_now is what the cell is now, NULL where it is not there; CONFLICT unless it holds old. */
static int compare(struct memory_place *p, int space, const char *name, const void *old,
	size_t old_len, struct node **ret_now, struct tote_fault *fault)
{
	struct node *n = NULL;
	int rc = tote__memory_find_file(p, space, name, "replace", &n, fault);

	*ret_now = NULL;
	if (rc == TOTE_E_NOT_FOUND && !old) {
		tote__fault_clear(fault);
		return 0;
	}
	if (rc && rc != TOTE_E_NOT_FOUND)
		return rc;
	if (rc == 0 && old && n->len == old_len &&
		(old_len == 0 || memcmp(n->data, old, old_len) == 0)) {
		*ret_now = n;
		return 0;
	}
	return tote__layout_fault(p->location, p->layout, space, name, TOTE_E_CONFLICT, "replace",
		"it holds something else than it did", fault);
}

int tote__memory_cell_swap(void *place, int space, const char *name, const void *old,
	size_t old_len, const void *data, size_t len, uint32_t mode, struct tote_fault *fault)
{
	struct memory_place *p = place;
	struct node *n = NULL, *now;
	int rc = tote__memory_enter_write(p, space, name, fault);

	if (rc)
		return rc;
	rc = compare(p, space, name, old, old_len, &now, fault);
	if (rc == 0) {
		n = file_of(p, mode ? mode : tote__layout_cell_mode(space), data, len, fault);
		rc = n ? 0 : fault->code;
	}
	if (rc == 0 && now)
		tote__node_replace(&p->backend->tree, now, n);
	else if (rc == 0)
		rc = tote__memory_add(p, space, name, n, "replace", fault);
	tote__node_unref(&p->backend->tree, n);
	tote__memory_leave(p);
	return rc;
}

/* By a copy that takes the one name before the other goes: no step of it loses the bytes. */
int tote__memory_cell_rename(
	void *place, int space, const char *from, const char *to, struct tote_fault *fault)
{
	struct memory_place *p = place;
	struct node *n = NULL, *old = NULL, *now = NULL;
	int rc = tote__layout_check_write(p->layout, space, to, fault);

	if (rc == 0)
		rc = tote__memory_enter_write(p, space, from, fault);
	if (rc)
		return rc;
	rc = tote__memory_find_file(p, space, from, "rename", &old, fault);
	if (rc == 0) {
		rc = tote__memory_find_file(p, space, to, "rename", &now, fault);
		if (rc == TOTE_E_NOT_FOUND) {
			tote__fault_clear(fault);
			now = NULL;
			rc = 0;
		}
	}
	if (rc == 0 && now != old) {
		n = file_of(p, old->mode, old->data, old->len, fault);
		rc = n ? 0 : fault->code;
		if (rc == 0 && now)
			tote__node_replace(&p->backend->tree, now, n);
		else if (rc == 0)
			rc = tote__memory_add(p, space, to, n, "rename", fault);
		if (rc == 0)
			tote__node_unlink(&p->backend->tree, old);
		tote__node_unref(&p->backend->tree, n);
	}
	tote__memory_leave(p);
	return rc;
}
