/* SPDX-License-Identifier: ISC */
/*
 * Whole operations on descriptors and names. On Linux an interrupted fsync has reported nothing,
 * so that making it again loses no error; every other failed sync is final.
 */
#include "store/posix_io.h"
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#define ALWAYS        (O_CLOEXEC | O_NOFOLLOW)
#define AGAIN_MAX     100 /* openat2 gives EAGAIN while somebody else renames directories */
#define COMPONENT_LEN 256

void tote__io_close(const struct kernel *k, int *fd)
{
	if (*fd >= 0)
		k->close(*fd);
	*fd = -1;
}

/* O_NOCTTY goes with everything but O_PATH, which takes no flag that it does not know. */
static int flags_of(int flags)
{
	return flags | ALWAYS | (flags & O_PATH ? 0 : O_NOCTTY);
}

static int open_one(
	const struct kernel *k, int dir, const char *path, int flags, mode_t mode, int *ret_fd)
{
	int fd;

	do {
		fd = k->openat(dir, path, flags_of(flags), mode);
	} while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return errno;
	*ret_fd = fd;
	return 0;
}

/* Refuses a descriptor that lies on another file system than device, unless cross. */
static int cross_check(const struct kernel *k, int fd, uint64_t device, int cross)
{
	struct store_stat st;
	int err;

	if (cross)
		return 0;
	err = tote__io_stat(k, fd, NULL, device, &st);
	if (err)
		return err;
	return st.mount ? EXDEV : 0;
}

/* The way without openat2: one component after the other, each looked at before the next. */
static int open_walk(const struct kernel *k, int dir, const char *path, int flags, mode_t mode,
	int cross, int *ret_fd)
{
	struct store_stat st;
	int at = -1, fd = -1, err;

	err = tote__io_stat(k, dir, NULL, UINT64_MAX, &st);
	while (!err) {
		char name[COMPONENT_LEN];
		size_t len = strcspn(path, "/");
		int last = path[len] == '\0';

		if (len == 0 || len >= sizeof(name) || (len == 2 && memcmp(path, "..", 2) == 0)) {
			err = len >= sizeof(name) ? ENAMETOOLONG : EXDEV;
			break;
		}
		memcpy(name, path, len);
		name[len] = '\0';
		err = open_one(k, at < 0 ? dir : at, name, last ? flags : O_PATH | O_DIRECTORY,
			last ? mode : 0, &fd);
		tote__io_close(k, &at);
		if (err)
			break;
		if (strcmp(name, ".") != 0) /* the place itself may be a mount point */
			err = cross_check(k, fd, st.device, cross);
		if (err || last)
			break;
		at = fd;
		fd = -1;
		path += len + 1;
	}
	tote__io_close(k, &at);
	if (err)
		tote__io_close(k, &fd);
	else
		*ret_fd = fd;
	return err;
}

int tote__io_open(const struct kernel *k, int dir, const char *path, int flags, mode_t mode,
	int cross, int *ret_fd)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)flags_of(flags),
		.mode = mode,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
			   (cross ? 0u : (unsigned int)RESOLVE_NO_XDEV),
	};
	int fd, tries = 0;

	do {
		fd = k->openat2(dir, path, &how);
	} while (fd < 0 && (errno == EINTR || (errno == EAGAIN && ++tries < AGAIN_MAX)));
	if (fd >= 0) {
		*ret_fd = fd;
		return 0;
	}
	if (errno == ENOSYS || errno == ENAMETOOLONG)
		return open_walk(k, dir, path, flags, mode, cross, ret_fd);
	return errno;
}

int tote__io_write(const struct kernel *k, int fd, const void *data, size_t len, uint64_t offset)
{
	const uint8_t *at = data;

	if (offset > INT64_MAX || len > (uint64_t)INT64_MAX - offset)
		return EFBIG;
	while (len) {
		ssize_t n = k->pwrite(fd, at, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : EIO;
		at += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

int tote__io_write_zeros(const struct kernel *k, int fd, uint64_t from, uint64_t to)
{
	static const uint8_t zeros[65536];
	int err = 0;

	while (!err && from < to) {
		size_t step = to - from < sizeof(zeros) ? (size_t)(to - from) : sizeof(zeros);

		err = tote__io_write(k, fd, zeros, step, from);
		from += step;
	}
	return err;
}

int tote__io_read(
	const struct kernel *k, int fd, void *out, size_t len, uint64_t offset, size_t *ret_len)
{
	size_t got = 0;

	if (offset > INT64_MAX || len > (uint64_t)INT64_MAX - offset)
		return EFBIG;
	while (got < len) {
		ssize_t n = k->pread(fd, (uint8_t *)out + got, len - got, (off_t)(offset + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	*ret_len = got;
	return 0;
}

int tote__io_is_memory(const struct kernel *k, int fd)
{
	struct statfs fs;

	if (k->fstatfs(fd, &fs) != 0)
		return 1;
	return fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC;
}

static int until_done(int (*call)(int fd), int fd)
{
	int rc;

	do {
		rc = call(fd);
	} while (rc < 0 && errno == EINTR);
	return rc < 0 ? errno : 0;
}

int tote__io_sync(const struct kernel *k, int fd)
{
	return until_done(k->fsync, fd);
}

int tote__io_sync_data(const struct kernel *k, int fd)
{
	return until_done(k->fdatasync, fd);
}

int tote__io_sync_filesystem(const struct kernel *k, int fd)
{
	return until_done(k->syncfs, fd);
}

static int look(
	const struct kernel *k, int dir, const char *name, unsigned int mask, struct statx *ret)
{
	int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (name ? 0 : AT_EMPTY_PATH);
	int rc;

	do {
		rc = k->statx(dir, name ? name : "", flags, mask, ret);
	} while (rc < 0 && errno == EINTR);
	return rc < 0 ? errno : 0;
}

int tote__io_statx(const struct kernel *k, int dir, const char *name, struct statx *ret)
{
	return look(k, dir, name, STATX_BASIC_STATS, ret);
}

static int type_of(uint32_t mode)
{
	if (S_ISREG(mode))
		return STORE_FILE;
	if (S_ISDIR(mode))
		return STORE_DIR;
	return S_ISLNK(mode) ? STORE_LINK : STORE_OTHER;
}

void tote__io_stat_of(const struct statx *sx, uint64_t device, struct store_stat *ret)
{
	ret->type = type_of(sx->stx_mode);
	ret->mode = sx->stx_mode & 07777;
	ret->size = sx->stx_size;
	ret->links = sx->stx_nlink;
	ret->device = makedev(sx->stx_dev_major, sx->stx_dev_minor);
	ret->inode = sx->stx_ino;
	ret->mtime_us = sx->stx_mtime.tv_sec * 1000000 + sx->stx_mtime.tv_nsec / 1000;
	ret->mount = device != UINT64_MAX && device != ret->device;
#ifdef STATX_ATTR_MOUNT_ROOT
	if (device != UINT64_MAX && (sx->stx_attributes & STATX_ATTR_MOUNT_ROOT))
		ret->mount = 1;
#endif
}

int tote__io_stat(
	const struct kernel *k, int dir, const char *name, uint64_t device, struct store_stat *ret)
{
	struct statx sx;
	int err = tote__io_statx(k, dir, name, &sx);

	if (!err)
		tote__io_stat_of(&sx, device, ret);
	return err;
}

int tote__io_stat_timeless(
	const struct kernel *k, int dir, const char *name, struct store_stat *ret)
{
	const unsigned int times = STATX_ATIME | STATX_MTIME | STATX_CTIME;
	struct statx sx;
	int err = look(k, dir, name, STATX_BASIC_STATS & ~times, &sx);

	if (!err)
		tote__io_stat_of(&sx, UINT64_MAX, ret);
	return err;
}

int tote__io_is_still(
	const struct kernel *k, int dir, const char *path, const struct store_stat *known)
{
	struct store_stat there;
	const int err = tote__io_stat_timeless(k, dir, path, &there);

	if (err)
		return err == ENOENT || err == ENOTDIR ? 0 : -err;
	return there.device == known->device && there.inode == known->inode;
}

int tote__io_is_same(const struct kernel *k, int dir, const char *name, int fd)
{
	struct store_stat there, here;

	return tote__io_stat(k, dir, name, UINT64_MAX, &there) == 0 &&
	       tote__io_stat(k, fd, NULL, UINT64_MAX, &here) == 0 && there.device == here.device &&
	       there.inode == here.inode;
}

/* Two names, one file: a rename by link and unlink that was interrupted in between. */
static int names_one_file(
	const struct kernel *k, int a_dir, const char *a, int b_dir, const char *b)
{
	struct store_stat first, second;

	return tote__io_stat(k, a_dir, a, UINT64_MAX, &first) == 0 &&
	       tote__io_stat(k, b_dir, b, UINT64_MAX, &second) == 0 && first.type == STORE_FILE &&
	       first.device == second.device && first.inode == second.inode;
}

int tote__io_rename_new(
	const struct kernel *k, int from_dir, const char *from, int to_dir, const char *to)
{
	if (k->renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
	if (k->linkat(from_dir, from, to_dir, to, 0) != 0) {
		int err = errno;

		if (err != EEXIST || !names_one_file(k, from_dir, from, to_dir, to))
			return err;
	}
	return k->unlinkat(from_dir, from, 0) == 0 ? 0 : errno;
}

/* As the kernel lays it out (getdents64(2)). */
struct dirent_head {
	uint64_t inode;
	int64_t offset;
	uint16_t length;
	uint8_t type;
};

#define NAME_AT (offsetof(struct dirent_head, type) + 1)

static void names_put(const uint8_t *block, size_t len, struct buf *out)
{
	size_t at = 0;

	while (at < len) {
		struct dirent_head head;
		const char *name = (const char *)block + at + NAME_AT;

		memcpy(&head, block + at, NAME_AT);
		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
			tote__buf_put(out, name, strlen(name) + 1);
		at += head.length;
	}
}

int tote__io_names(const struct kernel *k, int fd, struct buf *out)
{
	_Alignas(8) uint8_t block[16384];

	while (!out->failed) {
		ssize_t n = k->getdents64(fd, block, sizeof(block));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if (n == 0)
			return 0;
		names_put(block, (size_t)n, out);
	}
	return ENOMEM;
}
