/* SPDX-License-Identifier: ISC */
/*
 * The tree of the memory backend.
 */
#include "store/memory_tree.h"
#include "base/clock.h"
#include <string.h>

static int64_t wall_now(void)
{
	struct clock_source clock;

	tote__clock_init(&clock, NULL);
	return tote__clock_wall(&clock);
}

struct node *tote__node_make(struct tree *t, int type, uint32_t mode, struct tote_fault *fault)
{
	struct node *n = tote__heap_new(t->heap, 1, sizeof(*n), fault);

	if (!n)
		return NULL;
	n->type = type;
	n->mode = mode;
	n->refs = 1;
	n->inode = ++t->last_inode;
	n->mtime_us = wall_now();
	return n;
}

struct node *tote__node_ref(struct node *n)
{
	n->refs++;
	return n;
}

void tote__node_unref(struct tree *t, struct node *n)
{
	if (!n || --n->refs)
		return;
	tote__heap_free(t->heap, n->name);
	tote__heap_free(t->heap, n->data);
	tote__heap_free(t->heap, n->children);
	tote__heap_free(t->heap, n);
}

int tote__tree_init(struct tree *t, const struct heap *heap, struct tote_fault *fault)
{
	t->heap = heap;
	t->last_inode = 0;
	t->root = tote__node_make(t, STORE_DIR, 0755, fault);
	return t->root ? 0 : fault->code;
}

void tote__tree_free(struct tree *t)
{
	struct node *at = t->root;

	while (at) { /* down to a leaf, which goes, and up again: no recursion, whatever the depth */
		struct node *parent = at->parent;

		if (at->count) {
			at = at->children[at->count - 1];
			continue;
		}
		if (parent)
			tote__node_unlink(t, at);
		else
			tote__node_unref(t, at);
		at = parent;
	}
	t->root = NULL;
}

/* The first child whose name is not before the wanted one; *ret_found says whether it is that. */
static size_t child_at(const struct node *dir, const char *name, size_t len, int *ret_found)
{
	size_t low = 0, high = dir->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strncmp(dir->children[middle]->name, name, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_found = low < dir->count && strncmp(dir->children[low]->name, name, len) == 0 &&
		     dir->children[low]->name[len] == '\0';
	return low;
}

/* The component at *at, which moves behind it and its slash; 0 at the end. */
static size_t component(const char **at, const char *end, const char **ret_name)
{
	const char *slash;
	size_t len;

	if (*at >= end)
		return 0;
	slash = memchr(*at, '/', (size_t)(end - *at));
	len = slash ? (size_t)(slash - *at) : (size_t)(end - *at);
	*ret_name = *at;
	*at += len + 1;
	return len;
}

int tote__node_find(struct node *dir, const char *path, size_t len, struct node **ret)
{
	const char *at = path, *name;
	size_t step;
	int found;

	while ((step = component(&at, path + len, &name)) != 0) {
		size_t i;

		if (dir->type != STORE_DIR)
			return TOTE_E_UNTRUSTED;
		i = child_at(dir, name, step, &found);
		if (!found)
			return TOTE_E_NOT_FOUND;
		dir = dir->children[i];
	}
	*ret = dir;
	return 0;
}

static int room_for_one(struct tree *t, struct node *dir, struct tote_fault *fault)
{
	size_t room = dir->room ? dir->room * 2 : 8;
	struct node **moved;

	if (dir->count < dir->room)
		return 0;
	moved = tote__heap_resize(t->heap, dir->children, room, sizeof(struct node *), fault);
	if (!moved)
		return fault->code;
	dir->children = moved;
	dir->room = room;
	return 0;
}

/* All that a name in that directory takes, but for putting it there; NULL: there is no memory. */
static char *new_name(
	struct tree *t, struct node *dir, const char *name, size_t len, struct tote_fault *fault)
{
	char *copy;

	if (room_for_one(t, dir, fault) < 0)
		return NULL;
	copy = tote__heap_new(t->heap, len + 1, 1, fault);
	if (copy)
		memcpy(copy, name, len);
	return copy;
}

/* There is room for it. */
static void put_name(struct node *dir, char *name, struct node *n)
{
	int found;
	size_t at = child_at(dir, name, strlen(name), &found);

	memmove(dir->children + at + 1, dir->children + at,
		(dir->count - at) * sizeof(struct node *));
	dir->children[at] = tote__node_ref(n);
	dir->count++;
	n->name = name;
	n->parent = dir;
}

static int link_bytes(struct tree *t, struct node *dir, const char *name, size_t len,
	struct node *n, struct tote_fault *fault)
{
	char *copy = new_name(t, dir, name, len, fault);

	if (!copy)
		return fault->code;
	put_name(dir, copy, n);
	return 0;
}

int tote__node_link(struct tree *t, struct node *dir, const char *name, struct node *n,
	struct tote_fault *fault)
{
	return link_bytes(t, dir, name, strlen(name), n, fault);
}

static void drop_name(struct tree *t, struct node *n)
{
	tote__heap_free(t->heap, n->name);
	n->name = NULL;
	n->parent = NULL;
	tote__node_unref(t, n);
}

void tote__node_unlink(struct tree *t, struct node *n)
{
	struct node *dir = n->parent;
	int found;
	size_t at = child_at(dir, n->name, strlen(n->name), &found);

	dir->count--;
	memmove(dir->children + at, dir->children + at + 1,
		(dir->count - at) * sizeof(struct node *));
	drop_name(t, n);
}

int tote__node_move(struct tree *t, struct node *n, struct node *dir, const char *name,
	struct tote_fault *fault)
{
	char *copy = new_name(t, dir, name, strlen(name), fault);

	if (!copy)
		return fault->code;
	tote__node_ref(n);
	tote__node_unlink(t, n);
	put_name(dir, copy, n);
	tote__node_unref(t, n);
	return 0;
}

void tote__node_replace(struct tree *t, struct node *old, struct node *n)
{
	struct node *dir = old->parent;
	int found;
	size_t at = child_at(dir, old->name, strlen(old->name), &found);

	n->name = old->name;
	n->parent = dir;
	dir->children[at] = tote__node_ref(n);
	old->name = NULL;
	drop_name(t, old);
}

int tote__node_make_dirs(struct tree *t, struct node *dir, const char *path, size_t len,
	uint32_t mode, struct node **ret, struct tote_fault *fault)
{
	const char *at = path, *name;
	size_t step;
	int found;

	while ((step = component(&at, path + len, &name)) != 0) {
		size_t i = child_at(dir, name, step, &found);

		if (!found) {
			struct node *made = tote__node_make(t, STORE_DIR, mode, fault);
			int rc = made ? link_bytes(t, dir, name, step, made, fault) : fault->code;

			tote__node_unref(t, made);
			if (rc)
				return rc;
			i = child_at(dir, name, step, &found);
		}
		dir = dir->children[i];
		if (dir->type != STORE_DIR)
			return tote__fault(fault, TOTE_E_UNTRUSTED,
				"%s: a file is where a directory should be", path);
	}
	*ret = dir;
	return 0;
}

int tote__node_lengthen(struct tree *t, struct node *n, uint64_t len, struct tote_fault *fault)
{
	uint8_t *moved;
	size_t cap;

	if (len <= n->len)
		return 0;
	if (len > SIZE_MAX / 4)
		return tote__fault(fault, TOTE_E_NO_SPACE, "a file of that size fits no memory");
	if (len > n->cap) {
		cap = n->cap * 2 > len ? n->cap * 2 : (size_t)len;
		moved = tote__heap_resize(t->heap, n->data, cap, 1, fault);
		if (!moved)
			return fault->code;
		n->data = moved;
		n->cap = cap;
	}
	memset(n->data + n->len, 0, (size_t)len - n->len);
	n->len = (size_t)len;
	return 0;
}

int tote__node_write(struct tree *t, struct node *n, uint64_t offset, const void *data, size_t len,
	struct tote_fault *fault)
{
	uint64_t end;
	int rc;

	if (len == 0)
		return 0;
	if (__builtin_add_overflow(offset, (uint64_t)len, &end))
		return tote__fault(fault, TOTE_E_NO_SPACE, "a write beyond the end of numbers");
	rc = tote__node_lengthen(t, n, end, fault);
	if (rc)
		return rc;
	memcpy(n->data + offset, data, len);
	n->mtime_us = wall_now();
	return 0;
}

size_t tote__node_read(const struct node *n, uint64_t offset, void *out, size_t len)
{
	if (offset >= n->len || len == 0)
		return 0;
	if (len > n->len - offset)
		len = n->len - (size_t)offset;
	memcpy(out, n->data + offset, len);
	return len;
}

void tote__node_stat(const struct node *n, struct store_stat *ret)
{
	*ret = (struct store_stat){
		.type = n->type,
		.mode = n->mode,
		.size = n->len,
		.links = n->name ? 1 : 0,
		.inode = n->inode,
		.mtime_us = n->mtime_us,
	};
}
