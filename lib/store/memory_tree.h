/* SPDX-License-Identifier: ISC */
/*
 * The tree of directories and files that the memory backend keeps: names, bytes, and nodes that
 * outlive their name while somebody has them open. The caller holds the backend's mutex.
 */
#ifndef STORE_MEMORY_TREE_H
#define STORE_MEMORY_TREE_H

#include "store/store.h"

#define LOCK_BYTES 4

struct turn; /* memory_lock.c's: who waits for a byte of a file */

struct node {
	int type; /* STORE_FILE or STORE_DIR */
	uint32_t mode;
	uint32_t refs; /* its name and everybody who has it open */
	uint64_t inode;
	int64_t mtime_us;
	char *name;          /* NULL while it has none */
	struct node *parent; /* likewise */
	uint8_t *data;
	size_t len, cap;
	struct node **children; /* ascending by name */
	size_t count, room;
	const void *owner[LOCK_BYTES]; /* who holds a byte of this file */
	struct turn *turns;            /* who waits for byte 0, first come first */
};

struct tree {
	const struct heap *heap;
	uint64_t last_inode;
	struct node *root;
};

int tote__tree_init(struct tree *t, const struct heap *heap, struct tote_fault *fault);
void tote__tree_free(struct tree *t);

/* A node without a name and with one reference. */
struct node *tote__node_make(struct tree *t, int type, uint32_t mode, struct tote_fault *fault);
struct node *tote__node_ref(struct node *n);
void tote__node_unref(struct tree *t, struct node *n); /* NULL is allowed */

/*
 * What lies under the first len bytes of path below dir: 0, TOTE_E_NOT_FOUND, or TOTE_E_UNTRUSTED
 * where a file stands in the way. Sets no fault.
 */
int tote__node_find(struct node *dir, const char *path, size_t len, struct node **ret);
/* Names a node in a directory that has no such name; takes a reference. */
int tote__node_link(struct tree *t, struct node *dir, const char *name, struct node *n,
	struct tote_fault *fault);
void tote__node_unlink(struct tree *t, struct node *n);
/* The same of one that has a name, which it loses only when it has the other. */
int tote__node_move(struct tree *t, struct node *n, struct node *dir, const char *name,
	struct tote_fault *fault);
/* n takes the name of old. Cannot fail. */
void tote__node_replace(struct tree *t, struct node *old, struct node *n);
/* The directory under the first len bytes of path, made where missing. */
int tote__node_make_dirs(struct tree *t, struct node *dir, const char *path, size_t len,
	uint32_t mode, struct node **ret, struct tote_fault *fault);

/* Bytes of a file; what a write leaves out is zero. */
int tote__node_write(struct tree *t, struct node *n, uint64_t offset, const void *data, size_t len,
	struct tote_fault *fault);
int tote__node_lengthen(struct tree *t, struct node *n, uint64_t len, struct tote_fault *fault);
size_t tote__node_read(const struct node *n, uint64_t offset, void *out, size_t len);
void tote__node_stat(const struct node *n, struct store_stat *ret);

#endif
