/* SPDX-License-Identifier: ISC */
/*
 * What a disk may hold: the log of what was done to files and names, how far each is certain, and
 * an image, which is one of the disks that a power cut may leave behind.
 *
 * A file is a row of blocks. A write makes a new version of each block that it touches; which of
 * the versions since the last sync is on the disk nobody knows. A name changes with an operation
 * that is kept or lost as a whole; of two that touch one name the later needs the earlier.
 */
#ifndef POWER_DISK_H
#define POWER_DISK_H

#include <stddef.h>
#include <stdint.h>

#define BLOCK     4096u
#define SECTOR    512u
#define NAME_ROOM 80
#define ROOT_NODE 1 /* the directory that everything lies in; 0 is no node */

/* Memory that is given back all at once. Nothing of it fails: the program ends instead. */
struct arena {
	struct chunk *chunks;
	size_t left;
};
void *arena_new(struct arena *a, size_t size); /* zeroed */
void arena_free(struct arena *a);
void arena_join(struct arena *a, struct arena *with); /* with is empty then */

enum op_kind {
	OP_NODE, /* a file or directory comes to be; it has no name yet */
	OP_WRITE,
	OP_MODE,
	OP_NAMES,
	OP_SYNC,      /* a file: bytes, length and mode */
	OP_SYNC_DATA, /* a file: bytes and length */
	OP_SYNC_LOST, /* a sync that failed: the pages are clean now, and may not be on the disk */
	OP_SYNC_DIR,
	OP_SYNC_ALL,
	OP_PROMISE /* a call has returned 0: promise number `offset` holds from here on */
};

struct change {
	int dir, node; /* node 0: the name is gone */
	char name[NAME_ROOM];
};

struct op {
	enum op_kind kind;
	int node, is_dir;
	uint32_t mode;
	uint64_t offset;
	size_t len;
	const uint8_t *data;
	struct change change[2];
	int changes;
};

struct oplog {
	struct op *ops;
	size_t count, cap;
};
void oplog_add(struct oplog *log, const struct op *op);

/* One name of an image or of a disk. */
struct name {
	int dir, node;
	char name[NAME_ROOM];
};

/* A block is NULL where it is zeros, and never changes: a new version is a new block. */
struct blob {
	const uint8_t **blocks;
	size_t count, cap;
	uint64_t size;
};

struct pending {
	uint64_t block;
	const uint8_t *bytes;
	int lost; /* by a sync that failed: no later sync writes it */
};

struct node {
	int is_dir;
	uint32_t mode, sure_mode;
	struct blob now, sure;
	struct pending *pending;
	size_t pending_count, pending_cap;
};

struct names {
	struct name *items;
	size_t count, cap;
};

struct disk {
	struct arena *arena;
	struct node *nodes; /* by number */
	size_t count, cap;
	struct names sure;
	const struct op **ops; /* OP_NAMES that no sync has made certain, in order */
	size_t op_count, op_cap;
};

/* A disk on which all is certain; what it points to must outlive it. */
struct image {
	struct image_node {
		int is_dir;
		uint32_t mode;
		struct blob blob;
	} * nodes;
	size_t count;
	struct names names;
};

void disk_init(struct disk *d, struct arena *arena, const struct image *from);
void disk_apply(struct disk *d, const struct op *op);
void names_apply(struct arena *a, struct names *names, const struct op *op);
int op_touches(const struct op *op, int dir, const char *name);
int node_is_uncertain(const struct node *n);

/* The number at a path like "/box/ledger/lock", 0 where nothing is. */
int image_find(const struct image *image, const char *path);
/* A file's first bytes, at most cap; their number. */
size_t image_read(const struct image *image, int node, void *out, size_t cap);

#endif
