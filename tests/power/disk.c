/* SPDX-License-Identifier: ISC */
/*
 * The disk under a log of operations: what each makes uncertain, and what a sync makes certain.
 */
#include "power/disk.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- memory --------------------------------------------------------------------------------- */

#define CHUNK ((size_t)1 << 20)

struct chunk {
	struct chunk *next;
	_Alignas(16) uint8_t bytes[];
};

static void *must(void *p)
{
	if (!p) {
		fprintf(stderr, "power: no memory\n");
		exit(2);
	}
	return p;
}

void *arena_new(struct arena *a, size_t size)
{
	struct chunk *c;

	size = (size + 15) & ~(size_t)15;
	if (size > a->left) {
		const size_t room = size > CHUNK ? size : CHUNK;

		c = must(malloc(sizeof(*c) + room));
		c->next = a->chunks;
		a->chunks = c;
		a->left = room;
	}
	a->left -= size;
	return memset(a->chunks->bytes + a->left, 0, size);
}

void arena_free(struct arena *a)
{
	while (a->chunks) {
		struct chunk *c = a->chunks;

		a->chunks = c->next;
		free(c);
	}
	a->left = 0;
}

void arena_join(struct arena *a, struct arena *with)
{
	struct chunk **end = &a->chunks;

	while (*end)
		end = &(*end)->next;
	*end = with->chunks;
	with->chunks = NULL;
	with->left = 0;
}

/* Room for one more in an array of an arena. */
static void *grown(struct arena *a, void *items, size_t count, size_t *cap, size_t size)
{
	void *more;

	if (count < *cap)
		return items;
	*cap = *cap ? 2 * *cap : 16;
	more = arena_new(a, *cap * size);
	if (count)
		memcpy(more, items, count * size);
	return more;
}

void oplog_add(struct oplog *log, const struct op *op)
{
	if (log->count == log->cap) {
		log->cap = log->cap ? 2 * log->cap : 256;
		log->ops = must(realloc(log->ops, log->cap * sizeof(*log->ops)));
	}
	log->ops[log->count++] = *op;
}

/* --- blobs ---------------------------------------------------------------------------------- */

static void blob_room(struct arena *a, struct blob *b, uint64_t blocks)
{
	while (b->count < blocks) {
		b->blocks = grown(a, (void *)b->blocks, b->count, &b->cap, sizeof(*b->blocks));
		b->blocks[b->count++] = NULL;
	}
}

static void blob_copy(struct arena *a, struct blob *to, const struct blob *from)
{
	*to = *from;
	to->cap = from->count;
	to->blocks = arena_new(a, from->count * sizeof(*to->blocks));
	if (from->count)
		memcpy((void *)to->blocks, (const void *)from->blocks,
			from->count * sizeof(*to->blocks));
}

static int is_zero(const uint8_t *bytes, size_t len)
{
	return !bytes[0] && memcmp(bytes, bytes + 1, len - 1) == 0;
}

/* --- names ---------------------------------------------------------------------------------- */

static struct name *name_find(struct names *names, int dir, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (names->items[i].dir == dir && strcmp(names->items[i].name, name) == 0)
			return &names->items[i];
	return NULL;
}

void names_apply(struct arena *a, struct names *names, const struct op *op)
{
	for (int i = 0; i < op->changes; i++) {
		const struct change *c = &op->change[i];
		struct name *at = name_find(names, c->dir, c->name);

		if (!at && !c->node)
			continue;
		if (at && !c->node) {
			*at = names->items[--names->count];
			continue;
		}
		if (!at) {
			names->items = grown(
				a, names->items, names->count, &names->cap, sizeof(*names->items));
			at = &names->items[names->count++];
		}
		at->dir = c->dir;
		at->node = c->node;
		memcpy(at->name, c->name, sizeof(at->name));
	}
}

int op_touches(const struct op *op, int dir, const char *name)
{
	for (int i = 0; i < op->changes; i++)
		if (op->change[i].dir == dir && (!name || strcmp(op->change[i].name, name) == 0))
			return 1;
	return 0;
}

/*
 * Makes pending operations certain: those in the directory, and what they need. dir 0: all.
 */
static void sync_names(struct disk *d, int dir)
{
	char *go = arena_new(d->arena, d->op_count + 1);
	size_t kept = 0;

	for (size_t i = d->op_count; i-- > 0;) {
		const struct op *op = d->ops[i];

		go[i] = go[i] || !dir || op_touches(op, dir, NULL);
		for (size_t j = 0; go[i] && j < i; j++)
			for (int c = 0; c < op->changes; c++)
				if (op_touches(d->ops[j], op->change[c].dir, op->change[c].name))
					go[j] = 1;
	}
	for (size_t i = 0; i < d->op_count; i++) {
		if (go[i])
			names_apply(d->arena, &d->sure, d->ops[i]);
		else
			d->ops[kept++] = d->ops[i];
	}
	d->op_count = kept;
}

/* --- files ---------------------------------------------------------------------------------- */

static struct node *node_at(struct disk *d, int number)
{
	while (d->count <= (size_t)number) {
		d->nodes = grown(d->arena, d->nodes, d->count, &d->cap, sizeof(*d->nodes));
		memset(&d->nodes[d->count++], 0, sizeof(*d->nodes));
	}
	return &d->nodes[number];
}

static void write_block(
	struct disk *d, struct node *n, uint64_t block, size_t at, const uint8_t *data, size_t len)
{
	uint8_t *bytes = arena_new(d->arena, BLOCK);
	struct pending *p;

	if (n->now.blocks[block])
		memcpy(bytes, n->now.blocks[block], BLOCK);
	memcpy(bytes + at, data, len);
	n->now.blocks[block] = is_zero(bytes, BLOCK) ? NULL : bytes;
	n->pending =
		grown(d->arena, n->pending, n->pending_count, &n->pending_cap, sizeof(*n->pending));
	p = &n->pending[n->pending_count++];
	*p = (struct pending){block, n->now.blocks[block], 0};
}

static void write_bytes(struct disk *d, struct node *n, const struct op *op)
{
	uint64_t at = op->offset, end = op->offset + op->len;

	blob_room(d->arena, &n->now, (end + BLOCK - 1) / BLOCK);
	while (at < end) {
		size_t in = (size_t)(at % BLOCK), len = BLOCK - in;

		if (len > end - at)
			len = (size_t)(end - at);
		write_block(d, n, at / BLOCK, in, op->data + (at - op->offset), len);
		at += len;
	}
	if (end > n->now.size)
		n->now.size = end;
}

/* A page that is dirty is written as it is now; one that a failed sync left clean is not. */
static void sync_data(struct disk *d, struct node *n)
{
	size_t kept = 0;

	blob_room(d->arena, &n->sure, n->now.count);
	for (size_t i = 0; i < n->pending_count; i++)
		if (!n->pending[i].lost)
			n->sure.blocks[n->pending[i].block] = n->now.blocks[n->pending[i].block];
	for (size_t i = 0; i < n->pending_count; i++) {
		const struct pending p = n->pending[i];
		int dirty = 0;

		for (size_t j = 0; j < n->pending_count; j++)
			dirty |= n->pending[j].block == p.block && !n->pending[j].lost;
		if (!dirty)
			n->pending[kept++] = p;
	}
	n->pending_count = kept;
	n->sure.size = n->now.size;
}

static void sync_file(struct disk *d, struct node *n)
{
	sync_data(d, n);
	n->sure_mode = n->mode;
}

int node_is_uncertain(const struct node *n)
{
	return n->pending_count > 0 || n->sure.size != n->now.size || n->sure_mode != n->mode;
}

/* --- the disk ------------------------------------------------------------------------------- */

void disk_init(struct disk *d, struct arena *arena, const struct image *from)
{
	memset(d, 0, sizeof(*d));
	d->arena = arena;
	for (size_t i = 0; i < from->count; i++) {
		struct node *n = node_at(d, (int)i);

		n->is_dir = from->nodes[i].is_dir;
		n->mode = n->sure_mode = from->nodes[i].mode;
		blob_copy(arena, &n->now, &from->nodes[i].blob);
		blob_copy(arena, &n->sure, &from->nodes[i].blob);
	}
	d->sure.count = d->sure.cap = from->names.count;
	d->sure.items = arena_new(arena, from->names.count * sizeof(*d->sure.items));
	if (from->names.count)
		memcpy(d->sure.items, from->names.items,
			from->names.count * sizeof(*d->sure.items));
}

void disk_apply(struct disk *d, const struct op *op)
{
	struct node *n = node_at(d, op->node);

	switch (op->kind) {
	case OP_NODE:
		n->is_dir = op->is_dir;
		n->mode = n->sure_mode = op->mode;
		break;
	case OP_WRITE:
		write_bytes(d, n, op);
		break;
	case OP_MODE:
		n->mode = op->mode;
		break;
	case OP_NAMES:
		d->ops = grown(d->arena, (void *)d->ops, d->op_count, &d->op_cap, sizeof(*d->ops));
		d->ops[d->op_count++] = op;
		break;
	case OP_SYNC:
		sync_file(d, n);
		break;
	case OP_SYNC_DATA:
		sync_data(d, n);
		break;
	case OP_SYNC_LOST:
		for (size_t i = 0; i < n->pending_count; i++)
			n->pending[i].lost = 1;
		break;
	case OP_SYNC_DIR:
		sync_names(d, op->node);
		break;
	case OP_SYNC_ALL:
		sync_names(d, 0);
		for (size_t i = 0; i < d->count; i++)
			sync_file(d, &d->nodes[i]);
		break;
	case OP_PROMISE:
		break;
	}
}

/* --- images --------------------------------------------------------------------------------- */

int image_find(const struct image *image, const char *path)
{
	int at = ROOT_NODE;

	while (*path && at) {
		size_t len = strcspn(++path, "/");
		int found = 0;

		for (size_t i = 0; i < image->names.count; i++) {
			const struct name *n = &image->names.items[i];

			if (n->dir == at && strlen(n->name) == len &&
				memcmp(n->name, path, len) == 0)
				found = n->node;
		}
		at = found;
		path += len;
	}
	return at;
}

size_t image_read(const struct image *image, int node, void *out, size_t cap)
{
	const struct blob *b = &image->nodes[node].blob;
	size_t len = b->size < cap ? (size_t)b->size : cap;

	memset(out, 0, len);
	for (size_t at = 0; at < len; at += BLOCK) {
		const uint8_t *block = at / BLOCK < b->count ? b->blocks[at / BLOCK] : NULL;

		if (block)
			memcpy((uint8_t *)out + at, block, len - at < BLOCK ? len - at : BLOCK);
	}
	return len;
}
