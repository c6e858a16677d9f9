/* SPDX-License-Identifier: ISC */
/*
 * Files of the host that are to be sealed. What is hashed and what is stored come from the same
 * read; a file that is no longer what it was when it was opened is refused after it.
 */
#include "store/source.h"
#include "store/posix_ctx.h"
#include "store/posix_io.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

struct source {
	const struct heap *heap;
	const struct kernel *kernel;
	int fd;
	uint64_t offset; /* of the next read */
	struct statx first;
	char *what; /* for messages */
};

static int odd(struct tote_fault *fault, const char *what, const char *why)
{
	return tote__fault(fault, TOTE_E_SOURCE, "source %s: %s", what, why);
}

static int source_fault(struct tote_fault *fault, int err, const char *what)
{
	if (err == ELOOP)
		return odd(fault, what, "it is a link; name the file that it points to");
	if (err == ENXIO)
		return odd(fault, what, "it is not a regular file");
	return tote__fault_errno(fault, err, "source %s", what);
}

static int open_path(const struct kernel *k, const char *path, int follow, int *ret_fd)
{
	int fd;

	do {
		fd = k->openat(AT_FDCWD, path,
			O_RDONLY | (follow ? 0 : O_NOFOLLOW) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
			0);
	} while (fd < 0 && errno == EINTR);
	*ret_fd = fd;
	return fd < 0 ? errno : 0;
}

static int dup_fd(const struct kernel *k, int fd, int *ret_fd)
{
	*ret_fd = k->dupfd(fd);
	return *ret_fd < 0 ? errno : 0;
}

static int start(struct source *s, const char *path, int fd, int follow, struct tote_fault *fault)
{
	int err = fd >= 0 ? dup_fd(s->kernel, fd, &s->fd)
			  : open_path(s->kernel, path, follow, &s->fd);

	if (!err)
		err = tote__io_statx(s->kernel, s->fd, NULL, &s->first);
	if (err)
		return source_fault(fault, err, s->what);
	if (!S_ISREG(s->first.stx_mode))
		return odd(fault, s->what, "it is not a regular file");
	return 0;
}

static int source_open(struct tote_ctx *ctx, const char *path, int fd, int follow,
	struct source **ret, struct store_stat *ret_stat, struct tote_fault *fault)
{
	const struct kernel *k = tote__posix_kernel(ctx, fault);
	struct source *s = k ? tote__heap_new(&ctx->heap, 1, sizeof(*s), fault) : NULL;
	int rc;

	if (!s)
		return fault->code;
	s->heap = &ctx->heap;
	s->kernel = k;
	s->fd = -1;
	s->what = tote__heap_strdup(s->heap, path ? path : "(a descriptor)", fault);
	rc = s->what ? start(s, path, fd, follow, fault) : fault->code;
	if (rc) {
		tote__source_close(s);
		return rc;
	}
	tote__io_stat_of(&s->first, UINT64_MAX, ret_stat);
	*ret = s;
	return 0;
}

int tote__source_open(struct tote_ctx *ctx, const char *path, int fd, struct source **ret,
	struct store_stat *ret_stat, struct tote_fault *fault)
{
	return source_open(ctx, path, fd, 0, ret, ret_stat, fault);
}

int tote__source_open_link(struct tote_ctx *ctx, const char *path, struct source **ret,
	struct store_stat *ret_stat, struct tote_fault *fault)
{
	return source_open(ctx, path, -1, 1, ret, ret_stat, fault);
}

int tote__source_read(
	struct source *s, void *out, size_t cap, size_t *ret_len, struct tote_fault *fault)
{
	int err = tote__io_read(s->kernel, s->fd, out, cap, s->offset, ret_len);

	if (err)
		return source_fault(fault, err, s->what);
	s->offset += *ret_len;
	return 0;
}

static int same_time(const struct statx_timestamp *a, const struct statx_timestamp *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

int tote__source_check(struct source *s, struct tote_fault *fault)
{
	const struct statx *was = &s->first;
	struct statx now;
	int err = tote__io_statx(s->kernel, s->fd, NULL, &now);

	if (err)
		return source_fault(fault, err, s->what);
	if (now.stx_size != was->stx_size || now.stx_ino != was->stx_ino ||
		!same_time(&now.stx_mtime, &was->stx_mtime) ||
		!same_time(&now.stx_ctime, &was->stx_ctime))
		return odd(fault, s->what, "it changed while it was read");
	if (s->offset != was->stx_size)
		return odd(fault, s->what, "it gave another number of bytes than it has");
	return 0;
}

void tote__source_close(struct source *s)
{
	if (!s)
		return;
	tote__io_close(s->kernel, &s->fd);
	tote__heap_free(s->heap, s->what);
	tote__heap_free(s->heap, s);
}
