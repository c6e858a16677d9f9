/* SPDX-License-Identifier: ISC */
/*
 * Reading an object. With STORE_UNCACHED the descriptor has O_DIRECT, which reads from the device
 * and writes dirty pages out before (open(2)); what a memory file system or a refusal leaves us is
 * reported as cached.
 */
#include "store/posix_reader.h"
#include "store/layout.h"
#include "store/posix_way.h"
#include <errno.h>
#include <string.h>

/* The largest logical block that devices have; a page fits it too. */
#define ALIGNMENT ((uintptr_t)4096)
#define BOUNCE    ((size_t)256 << 10)

/* A block that O_DIRECT reads into. Making one costs more than most of the reads that it serves. */
struct bounce {
	uint8_t *aligned; /* in bytes */
	uint8_t bytes[BOUNCE + 4096];
};

struct reading {
	struct posix_backend *backend;
	int fd;
	int uncached; /* asked for */
	int direct;   /* fd has O_DIRECT */
	struct bounce *bounce;
	char *what;
};

/* Lent by exchanging the pointer with NULL, so a block is with one reader at a time. */
static int bounce_take(struct reading *r, struct tote_fault *fault)
{
	struct posix_backend *b = r->backend;

	for (size_t i = 0; !r->bounce && i < POSIX_BOUNCES; i++)
		r->bounce = atomic_exchange(&b->bounce[i], NULL);
	if (r->bounce)
		return 0;
	r->bounce = tote__heap_new(b->heap, 1, sizeof(*r->bounce), fault);
	if (!r->bounce)
		return fault->code;
	r->bounce->aligned = r->bounce->bytes +
			     (ALIGNMENT - (uintptr_t)r->bounce->bytes % ALIGNMENT) % ALIGNMENT;
	return 0;
}

static void bounce_give(struct reading *r)
{
	struct posix_backend *b = r->backend;

	for (size_t i = 0; r->bounce && i < POSIX_BOUNCES; i++) {
		void *none = NULL;

		if (atomic_compare_exchange_strong(&b->bounce[i], &none, r->bounce))
			return;
	}
	tote__heap_free(b->heap, r->bounce);
}

static void make_direct(struct reading *r)
{
	const struct kernel *k = r->backend->kernel;

	r->direct = !tote__io_is_memory(k, r->fd) && k->setfl(r->fd, O_DIRECT) == 0;
}

/* O_DIRECT was refused after all: the cache dropped as far as the kernel likes, then read. */
static void make_cached(struct reading *r)
{
	r->backend->kernel->setfl(r->fd, 0);
	r->direct = 0;
}

int tote__posix_object_open(void *place, int space, const char *name, uint32_t flags,
	void **ret_object, struct store_stat *ret_stat, struct tote_fault *fault)
{
	struct posix_place *p = place;
	struct store_stat st;
	struct reading *r;
	int rc = tote__layout_check(p->layout, space, name, fault);

	if (rc == 0)
		rc = tote__posix_enter(p, fault);
	if (rc)
		return rc;
	r = tote__heap_new(p->backend->heap, 1, sizeof(*r), fault);
	rc = r ? 0 : fault->code;
	if (rc == 0) {
		r->backend = p->backend;
		r->fd = -1;
		r->uncached = (flags & STORE_UNCACHED) != 0;
		r->what = tote__heap_strdup(p->backend->heap, name, fault);
		rc = r->what ? 0 : fault->code;
	}
	if (rc == 0)
		rc = tote__posix_open_file(p, space, name, O_RDONLY, "open", &r->fd, &st, fault);
	tote__posix_leave(p);
	if (rc) {
		tote__posix_object_close(r);
		return rc;
	}
	if (r->uncached)
		make_direct(r);
	*ret_object = r;
	*ret_stat = st;
	return 0;
}

/* Into the caller's memory, where that lies as a device wants it. */
static int is_aligned(const void *out, size_t len, uint64_t offset)
{
	return (uintptr_t)out % ALIGNMENT == 0 && len % ALIGNMENT == 0 && offset % ALIGNMENT == 0;
}

/* One aligned read around offset; *ret_end where it met the end, which costs a device no second. */
static int read_around(
	struct reading *r, uint64_t offset, void *out, size_t len, size_t *ret_len, int *ret_end)
{
	const uint64_t start = offset - offset % ALIGNMENT;
	const size_t skip = (size_t)(offset - start);
	size_t want = BOUNCE, got;
	int err;

	if (len < BOUNCE - skip) {
		want = skip + len;
		want += (ALIGNMENT - want % ALIGNMENT) % ALIGNMENT;
	}
	err = tote__io_read(r->backend->kernel, r->fd, r->bounce->aligned, want, start, &got);
	if (err)
		return err;
	*ret_end = got < want;
	got = got > skip ? got - skip : 0;
	*ret_len = got < len ? got : len;
	memcpy(out, r->bounce->aligned + skip, *ret_len);
	return 0;
}

static int read_direct(struct reading *r, uint64_t offset, void *out, size_t len, size_t *ret_len)
{
	size_t total = 0;
	int err = 0, end = 0;

	if (is_aligned(out, len, offset))
		return tote__io_read(r->backend->kernel, r->fd, out, len, offset, ret_len);
	while (!err && total < len && !end) {
		size_t got = 0;

		err = read_around(
			r, offset + total, (uint8_t *)out + total, len - total, &got, &end);
		total += got;
	}
	*ret_len = total;
	return err;
}

static int read_plain(struct reading *r, uint64_t offset, void *out, size_t len, size_t *ret_len)
{
	const struct kernel *k = r->backend->kernel;

	if (r->uncached && offset <= INT64_MAX && len <= (uint64_t)INT64_MAX - offset)
		k->fadvise(r->fd, (off_t)offset, (off_t)len, POSIX_FADV_DONTNEED);
	return tote__io_read(k, r->fd, out, len, offset, ret_len);
}

int tote__posix_object_read(void *object, uint64_t offset, void *out, size_t len, size_t *ret_len,
	int *ret_cached, struct tote_fault *fault)
{
	struct reading *r = object;
	size_t got = 0;
	int err = 0;

	if (r->direct && !is_aligned(out, len, offset) && bounce_take(r, fault))
		return fault->code;
	if (r->direct)
		err = read_direct(r, offset, out, len, &got);
	if (r->direct && err == EINVAL) {
		make_cached(r);
		err = 0;
	}
	if (!err && !r->direct)
		err = read_plain(r, offset, out, len, &got);
	if (err)
		return tote__fault_errno(fault, err, "read %s", r->what);
	*ret_len = got;
	if (ret_cached)
		*ret_cached = r->uncached && !r->direct;
	return 0;
}

void tote__posix_object_close(void *object)
{
	struct reading *r = object;

	if (!r)
		return;
	tote__io_close(r->backend->kernel, &r->fd);
	bounce_give(r);
	tote__heap_free(r->backend->heap, r->what);
	tote__heap_free(r->backend->heap, r);
}
