/* SPDX-License-Identifier: ISC */
/*
 * The ways from a place's top directory to what lies below it: every one beneath it, through no
 * link and onto no other file system.
 */
#include "store/posix_way.h"
#include "store/layout.h"
#include "store/path.h"
#include <errno.h>
#include <string.h>

#define DIR_FLAGS    (O_RDONLY | O_DIRECTORY)
#define REPLACED_MAX 100 /* how often a file may be replaced between open and look */

#define FULL_MAX (STORE_NAME_MAX + 64)

/* The way from the top directory, "." for the top itself; 0 where it is too long. */
static int full_path(const struct posix_place *p, int space, const char *path, char out[FULL_MAX])
{
	const char *base = tote__layout_path(p->layout, space);
	const size_t above = strlen(base), len = strlen(path), slash = above && len;

	if (above + slash + len >= FULL_MAX)
		return 0;
	memcpy(out, base, above);
	memcpy(out + above, "/", slash);
	memcpy(out + above + slash, path, len + 1);
	if (!above && !len)
		memcpy(out, ".", sizeof("."));
	return 1;
}

int tote__posix_open_at(
	struct posix_place *p, int space, const char *path, int flags, mode_t mode, int *ret_fd)
{
	char full[FULL_MAX];

	if (!full_path(p, space, path, full))
		return ENAMETOOLONG;
	return tote__io_open(p->backend->kernel, p->top, full, flags, mode, 0, ret_fd);
}

int tote__posix_is_still(
	struct posix_place *p, int space, const char *name, const struct store_stat *known)
{
	char full[FULL_MAX];

	if (!full_path(p, space, name, full))
		return -ENAMETOOLONG;
	return tote__io_is_still(p->backend->kernel, p->top, full, known);
}

int tote__posix_open_dir(
	struct posix_place *p, int space, const char *path, size_t len, int *ret_fd)
{
	char dir[STORE_NAME_MAX + 1];

	if (len >= sizeof(dir))
		return ENAMETOOLONG;
	memcpy(dir, path, len);
	dir[len] = '\0';
	return tote__posix_open_at(p, space, dir, DIR_FLAGS, 0, ret_fd);
}

/* Opens one component of at least one byte below dir, made where missing. */
static int step_down(const struct kernel *k, int dir, const char *path, size_t len, int *ret_fd)
{
	char name[COMPONENT_MAX + 1];

	if (len > COMPONENT_MAX)
		return ENAMETOOLONG;
	memcpy(name, path, len);
	name[len] = '\0';
	if (k->mkdirat(dir, name, LAYOUT_SUBDIR_MODE) != 0 && errno != EEXIST)
		return errno;
	return tote__io_open(k, dir, name, DIR_FLAGS, 0, 0, ret_fd);
}

static int make_dirs_slowly(
	struct posix_place *p, int space, const char *path, size_t len, int sync, int *ret_fd)
{
	const struct kernel *k = p->backend->kernel;
	const char *end = path + len;
	int at = -1, err;

	err = tote__posix_open_dir(p, space, "", 0, &at);
	while (!err && path < end) {
		const char *slash = memchr(path, '/', (size_t)(end - path));
		size_t step = slash ? (size_t)(slash - path) : (size_t)(end - path);
		int next = -1;

		err = step_down(k, at, path, step, &next);
		if (!err && sync)
			err = tote__io_sync(k, at);
		tote__io_close(k, &at);
		at = next;
		path += step + (slash ? 1 : 0);
	}
	if (!err && sync)
		err = tote__io_sync(k, at);
	if (err)
		tote__io_close(k, &at);
	else
		*ret_fd = at;
	return err;
}

int tote__posix_make_dirs(
	struct posix_place *p, int space, const char *path, size_t len, int sync, int *ret_fd)
{
	int err = ENOENT;

	if (!sync)
		err = tote__posix_open_dir(p, space, path, len, ret_fd);
	return err == ENOENT ? make_dirs_slowly(p, space, path, len, sync, ret_fd) : err;
}

int tote__posix_sync_dir(struct posix_place *p, int space, const char *path)
{
	int fd, err;

	err = tote__posix_open_at(p, space, path, DIR_FLAGS, 0, &fd);
	if (err)
		return err;
	err = tote__io_sync(p->backend->kernel, fd);
	tote__io_close(p->backend->kernel, &fd);
	return err;
}

/* NULL where an open file is what it should be. */
static const char *odd_file(int space, const struct store_stat *st)
{
	if (st->type != STORE_FILE)
		return "it is not a regular file";
	if (tote__layout_single_link(space) && st->links > 1)
		return "it has a second link";
	return NULL;
}

int tote__posix_open_file(struct posix_place *p, int space, const char *name, int flags,
	const char *verb, int *ret_fd, struct store_stat *ret_stat, struct tote_fault *fault)
{
	const struct kernel *k = p->backend->kernel;
	const char *why;
	int fd, err, tries = 0;

again:
	err = tote__posix_open_at(p, space, name, flags | O_NONBLOCK, 0, &fd);
	if (err)
		return tote__posix_fault(p, space, name, err, verb, fault);
	if ((flags & O_ACCMODE) == O_RDONLY)
		err = tote__io_stat(k, fd, NULL, UINT64_MAX, ret_stat);
	else
		err = tote__io_stat_timeless(k, fd, NULL, ret_stat);
	if (err) {
		tote__io_close(k, &fd);
		return tote__posix_fault(p, space, name, err, verb, fault);
	}
	if (ret_stat->links == 0 && ++tries < REPLACED_MAX) {
		tote__io_close(k, &fd); /* replaced or removed since it was opened */
		goto again;
	}
	why = odd_file(space, ret_stat);
	if (why) {
		tote__io_close(k, &fd);
		return tote__posix_refuse(p, space, name, TOTE_E_UNTRUSTED, verb, why, fault);
	}
	*ret_fd = fd;
	return 0;
}
