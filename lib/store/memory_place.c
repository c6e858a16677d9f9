/* SPDX-License-Identifier: ISC */
/*
 * A place in memory: opened, entered, left.
 */
#include "store/memory_place.h"
#include "store/layout.h"
#include "store/path.h"
#include <string.h>

int tote__memory_fault(const struct memory_place *p, int space, const char *name, int code,
	const char *verb, struct tote_fault *fault)
{
	const char *why = tote_error_text(code);

	if (code == TOTE_E_UNTRUSTED)
		why = "something else is in the way";
	else if (code == TOTE_E_NOT_FOUND)
		why = "it is not there";
	else if (code == TOTE_E_EXISTS)
		why = "it is there already";
	return tote__layout_fault(p->location, p->layout, space, name, code, verb, why, fault);
}

static int enter(struct memory_place *p, int rc, int write, struct tote_fault *fault)
{
	if (rc)
		return rc;
	if (write && (p->flags & STORE_READ_ONLY))
		return tote__fault(fault, TOTE_E_READ_ONLY, "%s was opened read-only", p->location);
	pthread_mutex_lock(&p->backend->mutex);
	return 0;
}

int tote__memory_enter(
	struct memory_place *p, int space, const char *name, struct tote_fault *fault)
{
	return enter(p, tote__layout_check(p->layout, space, name, fault), 0, fault);
}

int tote__memory_enter_write(
	struct memory_place *p, int space, const char *name, struct tote_fault *fault)
{
	return enter(p, tote__layout_check_write(p->layout, space, name, fault), 1, fault);
}

int tote__memory_enter_own(struct memory_place *p, int space, int write, struct tote_fault *fault)
{
	return enter(p, tote__layout_check(p->layout, space, "", fault), write, fault);
}

void tote__memory_leave(struct memory_place *p)
{
	pthread_mutex_unlock(&p->backend->mutex);
}

int tote__memory_space(
	struct memory_place *p, int space, struct node **ret, struct tote_fault *fault)
{
	const char *path = tote__layout_path(p->layout, space);
	int code = tote__node_find(p->top, path, strlen(path), ret);

	if (!code && (*ret)->type != STORE_DIR)
		code = TOTE_E_UNTRUSTED;
	return code ? tote__memory_fault(p, space, "", code, "open", fault) : 0;
}

int tote__memory_find(struct memory_place *p, int space, const char *name, const char *verb,
	struct node **ret, struct tote_fault *fault)
{
	struct node *dir;
	int code, rc = tote__memory_space(p, space, &dir, fault);

	if (rc)
		return rc;
	code = tote__node_find(dir, name, strlen(name), ret);
	return code ? tote__memory_fault(p, space, name, code, verb, fault) : 0;
}

int tote__memory_find_file(struct memory_place *p, int space, const char *name, const char *verb,
	struct node **ret, struct tote_fault *fault)
{
	int rc = tote__memory_find(p, space, name, verb, ret, fault);

	if (rc == 0 && (*ret)->type != STORE_FILE)
		rc = tote__memory_fault(p, space, name, TOTE_E_UNTRUSTED, verb, fault);
	return rc;
}

int tote__memory_add(struct memory_place *p, int space, const char *name, struct node *n,
	const char *verb, struct tote_fault *fault)
{
	struct tree *t = &p->backend->tree;
	struct node *dir, *there;
	int rc = tote__memory_space(p, space, &dir, fault);

	if (rc)
		return rc;
	if (tote__node_find(dir, name, strlen(name), &there) == 0)
		return tote__memory_fault(p, space, name, TOTE_E_EXISTS, verb, fault);
	rc = tote__node_make_dirs(
		t, dir, name, tote__path_parent(name), LAYOUT_SUBDIR_MODE, &dir, fault);
	return rc ? rc : tote__node_link(t, dir, tote__path_last(name), n, fault);
}

struct memory_handle *tote__memory_handle(
	struct memory_place *p, struct node *n, uint32_t flags, struct tote_fault *fault)
{
	struct memory_handle *h = tote__heap_new(p->backend->heap, 1, sizeof(*h), fault);

	if (h)
		*h = (struct memory_handle){p, tote__node_ref(n), flags};
	return h;
}

void tote__memory_handle_close(void *handle)
{
	struct memory_handle *h = handle;
	struct memory_backend *b;

	if (!h)
		return;
	b = h->place->backend;
	pthread_mutex_lock(&b->mutex);
	tote__node_unref(&b->tree, h->node);
	pthread_mutex_unlock(&b->mutex);
	tote__heap_free(b->heap, h);
}

/* --- open and close ------------------------------------------------------------------------- */

/* The location in one form: no empty or . component; NULL for one with .. or none at all. */
static char *location_normal(
	const struct heap *heap, const char *location, struct tote_fault *fault)
{
	char *out = tote__heap_new(heap, strlen(location) + 1, 1, fault);
	size_t len = 0;

	while (out && *location) {
		size_t step = strcspn(location, "/");

		if (step == 2 && memcmp(location, "..", 2) == 0) {
			len = 0;
			break;
		}
		if (step > 0 && !(step == 1 && location[0] == '.')) {
			if (len)
				out[len++] = '/';
			memcpy(out + len, location, step);
			len += step;
		}
		location += step + (location[step] ? 1 : 0);
	}
	if (out && len == 0) {
		tote__heap_free(heap, out);
		out = NULL;
		tote__fault(fault, TOTE_E_ARGUMENT, "a location in memory has names and no ..");
	}
	return out;
}

int tote__memory_provision(
	void *backend, const char *location, int layout, struct tote_fault *fault)
{
	struct memory_backend *b = backend;
	size_t count = 0;
	const struct layout_dir *dirs = tote__layout_dirs(layout, &count);
	struct node *top, *made;
	char *normal;
	int rc;

	if (!dirs)
		return tote__fault(fault, TOTE_E_ARGUMENT, "provision '%s': no layout", location);
	normal = location_normal(b->heap, location, fault);
	if (!normal)
		return fault->code;
	pthread_mutex_lock(&b->mutex);
	rc = tote__node_make_dirs(
		&b->tree, b->tree.root, normal, strlen(normal), dirs[0].mode, &top, fault);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = tote__node_make_dirs(&b->tree, top, dirs[i].path, strlen(dirs[i].path),
			dirs[i].mode, &made, fault);
	pthread_mutex_unlock(&b->mutex);
	tote__heap_free(b->heap, normal);
	return rc;
}

/* Finds the top directory and looks at the skeleton, as far as it is there. */
static int place_start(struct memory_place *p, struct tote_fault *fault)
{
	size_t count;
	const struct layout_dir *dirs = tote__layout_dirs(p->layout, &count);
	struct node *n;
	int code;

	code = tote__node_find(p->backend->tree.root, p->location, strlen(p->location), &n);
	if (!code && n->type != STORE_DIR)
		code = TOTE_E_UNTRUSTED;
	if (code)
		return tote__memory_fault(p, SPACE_TOP, "", code, "open", fault);
	p->top = tote__node_ref(n);
	for (size_t i = 0; i < count; i++) {
		int rc = tote__memory_space(p, dirs[i].space, &n, fault);

		if (rc && rc != TOTE_E_NOT_FOUND)
			return rc;
	}
	tote__fault_clear(fault);
	return 0;
}

int tote__memory_open(void *backend, const char *location, int layout, uint32_t flags,
	void **ret_place, struct tote_fault *fault)
{
	struct memory_backend *b = backend;
	struct memory_place *p;
	size_t count;
	int rc;

	if (!tote__layout_dirs(layout, &count))
		return tote__fault(fault, TOTE_E_ARGUMENT, "open '%s': no layout", location);
	p = tote__heap_new(b->heap, 1, sizeof(*p), fault);
	if (!p)
		return fault->code;
	p->backend = b;
	p->layout = layout;
	p->flags = flags;
	p->location = location_normal(b->heap, location, fault);
	rc = p->location ? 0 : fault->code;
	if (rc == 0) {
		pthread_mutex_lock(&b->mutex);
		rc = place_start(p, fault);
		pthread_mutex_unlock(&b->mutex);
	}
	if (rc) {
		tote__memory_place_free(p);
		return rc;
	}
	*ret_place = p;
	return 0;
}

void tote__memory_place_free(struct memory_place *p)
{
	struct memory_backend *b = p->backend;

	pthread_mutex_lock(&b->mutex);
	tote__node_unref(&b->tree, p->top);
	pthread_mutex_unlock(&b->mutex);
	tote__heap_free(b->heap, p->location);
	tote__heap_free(b->heap, p);
}

int tote__memory_identity(void *place, struct store_identity *ret, struct tote_fault *fault)
{
	struct memory_place *p = place;
	struct store_identity found = {0};
	size_t count;
	const struct layout_dir *dirs = tote__layout_dirs(p->layout, &count);
	struct node *n;
	int rc = tote__memory_enter_own(p, SPACE_TOP, 0, fault);

	if (rc)
		return rc;
	for (size_t i = 0; i < count; i++) {
		if ((i == 0 || *dirs[i].path) &&
			tote__memory_space(p, dirs[i].space, &n, fault) == 0)
			found.inode[found.count++] = n->inode;
	}
	tote__memory_leave(p);
	tote__fault_clear(fault);
	*ret = found;
	return 0;
}
