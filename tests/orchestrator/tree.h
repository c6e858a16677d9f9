/* SPDX-License-Identifier: ISC */
/*
 * A directory tree as it is: every name below it with its type, mode, links, inode, size, times and
 * bytes. Two of them are equal where nothing was touched in between.
 */
#ifndef ORCHESTRATOR_TREE_H
#define ORCHESTRATOR_TREE_H

#include "crypto/hash.h"
#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct tree {
	char **lines; /* in byte order */
	size_t count, cap;
};

static struct tree *tree_now; /* nftw gives its callback nothing */
static const char *tree_base;
static int tree_digests_only; /* what lies there, not which inodes and when */

static inline void tree_digest(const char *path, const struct stat *st, char out[2 * HASH_LEN + 1])
{
	static uint8_t bytes[1 << 16];
	uint8_t digest[HASH_LEN];
	struct hash h;
	FILE *f;
	size_t n;

	snprintf(out, 2 * HASH_LEN + 1, "-");
	if (S_ISLNK(st->st_mode)) {
		char target[512] = "";

		ck_assert_int_ge(readlink(path, target, sizeof(target) - 1), 0);
		tote__hash_bytes(NULL, target, strlen(target), digest);
	} else if (S_ISREG(st->st_mode)) {
		f = fopen(path, "rb");
		ck_assert_ptr_nonnull(f);
		tote__hash_init(&h, NULL);
		while ((n = fread(bytes, 1, sizeof(bytes), f)) > 0)
			tote__hash_update(&h, bytes, n);
		fclose(f);
		tote__hash_final(&h, digest);
	} else {
		return;
	}
	for (size_t i = 0; i < HASH_LEN; i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

static inline int tree_each(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	struct tree *t = tree_now;
	char line[1024], digest[2 * HASH_LEN + 1];

	(void)type, (void)ftw;
	tree_digest(path, st, digest);
	if (tree_digests_only)
		snprintf(line, sizeof(line), "%s %o %s", path + strlen(tree_base), st->st_mode,
			digest);
	else
		snprintf(line, sizeof(line), "%s %o %lu %lu %ld %ld.%09ld %s",
			path + strlen(tree_base), st->st_mode, (unsigned long)st->st_nlink,
			(unsigned long)st->st_ino, (long)st->st_size, (long)st->st_mtim.tv_sec,
			st->st_mtim.tv_nsec, digest);
	if (t->count == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 256;
		t->lines = realloc(t->lines, t->cap * sizeof(*t->lines));
		ck_assert_ptr_nonnull(t->lines);
	}
	t->lines[t->count] = strdup(line);
	ck_assert_ptr_nonnull(t->lines[t->count++]);
	return 0;
}

static inline int tree_by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Adds what lies at path and below it, to be sorted. A path that is not there adds nothing. */
static inline void tree_add(struct tree *t, const char *base, const char *path)
{
	tree_now = t;
	tree_base = base;
	nftw(path, tree_each, 32, FTW_PHYS);
}

static inline void tree_sort(struct tree *t)
{
	if (t->count)
		qsort(t->lines, t->count, sizeof(*t->lines), tree_by_text);
}

static inline struct tree tree_of(const char *path)
{
	struct tree t = {.count = 0};

	tree_add(&t, path, path);
	tree_sort(&t);
	return t;
}

static inline void tree_free(struct tree *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->lines[i]);
	free(t->lines);
	*t = (struct tree){.count = 0};
}

/* The first line that only one of them has, "" where they are equal. */
static inline const char *tree_difference(const struct tree *a, const struct tree *b)
{
	size_t i = 0;

	while (i < a->count && i < b->count && !strcmp(a->lines[i], b->lines[i]))
		i++;
	if (i < a->count && (i >= b->count || strcmp(a->lines[i], b->lines[i]) < 0))
		return a->lines[i];
	return i < b->count ? b->lines[i] : "";
}

#endif
