/* SPDX-License-Identifier: ISC */
/*
 * The walk over a tree of sources, in byte order of the whole relative paths. One directory is open
 * at a time, whatever the depth: each is opened from the top, below it and through no link.
 */
#include "store/posix_ctx.h"
#include "store/posix_io.h"
#include "store/sort.h"
#include "store/source.h"
#include <errno.h>
#include <string.h>

#define DEPTH_MAX 128
#define NAMES_MAX ((size_t)256 << 20) /* bytes of names of one directory */

struct item {
	const char *name;
	struct store_stat st;
};

_Static_assert(sizeof(struct item) <= SORT_ITEM_MAX, "an item is sorted by copying it");

struct walk {
	const struct heap *heap;
	const struct kernel *kernel;
	int top;
	char *host;     /* path, slash and relative path, of the name that is being looked at */
	char *relative; /* within host */
	source_walk_fn *each;
	void *user;
};

struct listing {
	struct buf names;
	struct item *items;
	size_t count;
};

static int walk_fault(const struct walk *w, int err, struct tote_fault *fault)
{
	if (err == ENOENT || err == ELOOP || err == ENOTDIR)
		return tote__fault(
			fault, TOTE_E_SOURCE, "source %s: it changed while it was listed", w->host);
	return tote__fault_errno(fault, err, "source %s", w->host);
}

/* A directory sorts as what stands below it does: with the slash behind its name. */
static int compare(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	const uint8_t *p = (const uint8_t *)x->name, *q = (const uint8_t *)y->name;
	int left, right;

	while (*p && *p == *q)
		p++, q++;
	left = *p || x->st.type != STORE_DIR ? *p : '/';
	right = *q || y->st.type != STORE_DIR ? *q : '/';
	return left - right;
}

/* Names and stats of an open directory. */
static int read_items(const struct walk *w, int fd, struct listing *l, struct tote_fault *fault)
{
	size_t count = 0, i = 0;
	int err = tote__io_names(w->kernel, fd, &l->names);

	if (err)
		return walk_fault(w, err, fault);
	for (size_t at = 0; at < l->names.len; count++)
		at += strlen((const char *)l->names.data + at) + 1;
	if (count == 0)
		return 0;
	l->items = tote__heap_new(w->heap, count, sizeof(*l->items), fault);
	if (!l->items)
		return fault->code;
	for (size_t at = 0; at < l->names.len; i++) {
		l->items[i].name = (const char *)l->names.data + at;
		err = tote__io_stat(w->kernel, fd, l->items[i].name, UINT64_MAX, &l->items[i].st);
		if (err)
			return walk_fault(w, err, fault);
		at += strlen(l->items[i].name) + 1;
	}
	l->count = count;
	tote__sort(l->items, count, sizeof(*l->items), compare);
	return 0;
}

static void listing_free(const struct walk *w, struct listing *l)
{
	tote__buf_free(&l->names);
	tote__heap_free(w->heap, l->items);
}

/* The directory at w->relative, sorted. */
static int listing_make(const struct walk *w, struct listing *l, struct tote_fault *fault)
{
	int fd, err, rc;

	memset(l, 0, sizeof(*l));
	tote__buf_init(&l->names, w->heap, NAMES_MAX);
	err = tote__io_open(w->kernel, w->top, *w->relative ? w->relative : ".",
		O_RDONLY | O_DIRECTORY, 0, 1, &fd);
	if (err)
		return walk_fault(w, err, fault);
	rc = read_items(w, fd, l, fault);
	tote__io_close(w->kernel, &fd);
	return rc;
}

/* Puts name behind the relative path of len bytes. */
static int push(struct walk *w, size_t *len, const char *name, struct tote_fault *fault)
{
	const size_t step = strlen(name), slash = *len > 0;

	if (*len + slash + step > STORE_NAME_MAX)
		return tote__fault(fault, TOTE_E_SOURCE,
			"source %s/%s: its path is longer than %d bytes", w->host, name,
			STORE_NAME_MAX);
	if (slash)
		w->relative[*len] = '/';
	memcpy(w->relative + *len + slash, name, step + 1);
	*len += slash + step;
	return 0;
}

static int walk_directory(struct walk *w, size_t len, int depth, struct tote_fault *fault)
{
	static const struct store_stat closed = {.type = STORE_DIR};
	struct listing l;
	int rc = listing_make(w, &l, fault);

	/* the top's own is the caller's mistake; one below is an offender among others */
	if (rc == TOTE_E_PERMISSION && depth > 0) {
		tote__fault_clear(fault);
		rc = w->each(w->user, w->host, w->relative, &closed, fault);
	}
	for (size_t i = 0; rc == 0 && i < l.count; i++) {
		size_t below = len;

		w->relative[len] = '\0';
		rc = push(w, &below, l.items[i].name, fault);
		if (rc)
			break;
		if (l.items[i].st.type != STORE_DIR)
			rc = w->each(w->user, w->host, w->relative, &l.items[i].st, fault);
		else if (depth == DEPTH_MAX)
			rc = tote__fault(fault, TOTE_E_LIMIT,
				"source %s: directories are nested deeper than %d", w->host,
				DEPTH_MAX);
		else
			rc = walk_directory(w, below, depth + 1, fault);
	}
	listing_free(w, &l);
	return rc;
}

/* host is "path/" with room behind it; slashes at the end of path count once. */
static int host_make(struct walk *w, const char *path, struct tote_fault *fault)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	w->host = tote__heap_new(w->heap, len + STORE_NAME_MAX + 2, 1, fault);
	if (!w->host)
		return fault->code;
	memcpy(w->host, path, len);
	if (path[len - 1] != '/')
		w->host[len++] = '/';
	w->relative = w->host + len;
	return 0;
}

/* What path itself is; where it is a directory it is open as w->top. */
static int look_at_top(struct walk *w, const char *path, int follow, struct store_stat *ret,
	struct tote_fault *fault)
{
	int flags = O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW), err;

	do {
		w->top = w->kernel->openat(AT_FDCWD, path, flags, 0);
	} while (w->top < 0 && errno == EINTR);
	err = w->top < 0 ? errno : tote__io_stat(w->kernel, w->top, NULL, UINT64_MAX, ret);
	return err ? tote__fault_errno(fault, err, "source %s", path) : 0;
}

int tote__source_walk(struct tote_ctx *ctx, const char *path, int follow, source_walk_fn *each,
	void *user, struct tote_fault *fault)
{
	struct walk w = {.heap = &ctx->heap, .top = -1, .each = each, .user = user};
	struct store_stat st;
	int rc;

	w.kernel = tote__posix_kernel(ctx, fault);
	if (!w.kernel)
		return fault->code;
	if (!*path)
		return tote__fault(fault, TOTE_E_ARGUMENT, "the path of a source is empty");
	rc = look_at_top(&w, path, follow, &st, fault);
	if (rc == 0 && st.type != STORE_DIR)
		rc = each(user, path, "", &st, fault);
	else if (rc == 0)
		rc = host_make(&w, path, fault);
	if (rc == 0 && w.host)
		rc = walk_directory(&w, 0, 0, fault);
	tote__io_close(w.kernel, &w.top);
	tote__heap_free(w.heap, w.host);
	return rc;
}
