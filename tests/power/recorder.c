/* SPDX-License-Identifier: ISC */
/*
 * The recording table. What is not known to lie below the root is node 0, and is not recorded.
 */
#include "power/recorder.h"
#include "power/files.h"
#include "power/late.h"
#include "power/numbers.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	struct arena *arena;
	struct oplog log;
	int refuse_tmpfile;
	size_t stop_at, fail_at;
	int failed;
} rec;

/* --- the log -------------------------------------------------------------------------------- */

static int gone(void)
{
	if (rec.log.count < rec.stop_at)
		return 0;
	errno = EIO;
	return 1;
}

static void add(const struct op *op)
{
	late_add(&rec.log, op);
}

void recorder_promise(uint64_t number)
{
	add(&(struct op){.kind = OP_PROMISE, .offset = number});
}

static int new_node(uint64_t inode, int dir, const char *name, int is_dir, uint32_t mode)
{
	const int number = numbers_count();

	number_give(number, inode, dir, name, is_dir);
	add(&(struct op){.kind = OP_NODE, .node = number, .is_dir = is_dir, .mode = mode});
	return number;
}

static struct change change_of(int dir, const char *name, int node)
{
	struct change c = {.dir = dir, .node = node};

	if (strlen(name) >= sizeof(c.name)) {
		fprintf(stderr, "power: name too long: %s\n", name);
		exit(2);
	}
	memcpy(c.name, name, strlen(name));
	return c;
}

static void add_name(int dir, const char *name, int node)
{
	if (!dir)
		return;
	if (node) {
		number_at(node)->dir = dir;
		snprintf(number_at(node)->name, sizeof(number_at(node)->name), "%s", name);
	}
	site_note(number_at(dir), name, node && number_at(node)->is_dir, node);
	add(&(struct op){.kind = OP_NAMES, .change = {change_of(dir, name, node)}, .changes = 1});
}

/* --- calls ---------------------------------------------------------------------------------- */

static int made(int fd, int dir, const char *path, int flags, mode_t mode)
{
	const char *last = "";
	struct stat st;
	int parent;

	if (fd < 0 || fstat(fd, &st) != 0)
		return fd;
	if ((flags & O_TMPFILE) == O_TMPFILE) {
		struct stat above;

		parent = fstatat(dir, path, &above, 0) == 0 ? number_of_inode(above.st_ino) : 0;
		if (parent)
			new_node(st.st_ino, parent, "", 0, mode);
		return number_fd(fd);
	}
	parent = number_of_dir(dir, path, &last);
	if (parent) {
		const int node = new_node(st.st_ino, parent, last, 0, mode);

		add_name(parent, last, node);
	}
	return number_fd(fd);
}

static int is_making(int flags)
{
	return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
}

static int refused(int flags)
{
	if (is_making(flags) && gone())
		return 1;
	if (rec.refuse_tmpfile && (flags & O_TMPFILE) == O_TMPFILE) {
		errno = EOPNOTSUPP;
		return 1;
	}
	return 0;
}

static int rec_openat2(int dir, const char *path, const struct open_how *how)
{
	int flags = (int)how->flags, fd;

	if (refused(flags))
		return -1;
	fd = tote__kernel()->openat2(dir, path, how);
	return is_making(flags) ? made(fd, dir, path, flags, (mode_t)how->mode) : number_fd(fd);
}

static int rec_openat(int dir, const char *path, int flags, mode_t mode)
{
	int fd;

	if (refused(flags))
		return -1;
	fd = tote__kernel()->openat(dir, path, flags, mode);
	return is_making(flags) ? made(fd, dir, path, flags, mode) : number_fd(fd);
}

static int rec_close(int fd)
{
	number_close(fd);
	return tote__kernel()->close(fd);
}

static int rec_dupfd(int fd)
{
	return number_fd(tote__kernel()->dupfd(fd));
}

static int rec_mkdirat(int dir, const char *path, mode_t mode)
{
	const char *last;
	struct stat st;
	int parent;

	if (gone())
		return -1;
	if (tote__kernel()->mkdirat(dir, path, mode) != 0)
		return -1;
	parent = number_of_dir(dir, path, &last);
	if (parent && fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
		add_name(parent, last, new_node(st.st_ino, parent, last, 1, mode & 01777));
	return 0;
}

static int rec_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	const char *last;
	struct stat st;
	int dir;

	if (gone() || tote__kernel()->linkat(from_dir, from, to_dir, to, flags) != 0)
		return -1;
	dir = number_of_dir(to_dir, to, &last);
	if (dir && fstatat(to_dir, to, &st, AT_SYMLINK_NOFOLLOW) == 0)
		add_name(dir, last, number_of_inode(st.st_ino));
	return 0;
}

/* What lies at a name now, which is its last one; 0: nothing. */
static int settle_name(int at, const char *path, int dir, const char *name)
{
	struct stat st;
	int node = 0;

	if (fstatat(at, path, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		node = number_of_inode(st.st_ino);
		number_at(node)->dir = dir;
		snprintf(number_at(node)->name, sizeof(number_at(node)->name), "%s", name);
	}
	site_note(number_at(dir), name, 0, node);
	return node;
}

static int rec_renameat2(
	int from_dir, const char *from, int to_dir, const char *to, unsigned int flags)
{
	const char *old, *new;
	int dir, parent;
	struct op op = {.kind = OP_NAMES, .changes = 2};

	if (gone())
		return -1;
	if (flags & ~(unsigned int)(RENAME_NOREPLACE | RENAME_EXCHANGE)) {
		errno = EINVAL;
		return -1;
	}
	parent = number_of_dir(from_dir, from, &old);
	if (tote__kernel()->renameat2(from_dir, from, to_dir, to, flags) != 0)
		return -1;
	dir = number_of_dir(to_dir, to, &new);
	if (!dir || !parent)
		return 0;
	op.change[0] = change_of(parent, old, settle_name(from_dir, from, parent, old));
	op.change[1] = change_of(dir, new, settle_name(to_dir, to, dir, new));
	add(&op);
	return 0;
}

static int rec_unlinkat(int dir, const char *path, int flags)
{
	const char *last;
	int parent;

	if (gone())
		return -1;
	parent = number_of_dir(dir, path, &last);
	if (tote__kernel()->unlinkat(dir, path, flags) != 0)
		return -1;
	add_name(parent, last, 0);
	return 0;
}

static int rec_fchmod(int fd, mode_t mode)
{
	if (gone() || tote__kernel()->fchmod(fd, mode) != 0)
		return -1;
	if (number_of_fd(fd))
		add(&(struct op){.kind = OP_MODE, .node = number_of_fd(fd), .mode = mode});
	return 0;
}

static int rec_statx(int dir, const char *path, int flags, unsigned int mask, struct statx *out)
{
	int number, rc = tote__kernel()->statx(dir, path, flags, mask, out);

	if (rc == 0 && (number = number_of_inode(out->stx_ino)) != 0)
		out->stx_ino = (unsigned int)number;
	return rc;
}

/* 1 where the file holds these bytes there already. */
static int is_same(int fd, const void *data, size_t len, off_t offset)
{
	uint8_t *there = arena_new(rec.arena, len + 1);

	return tote__kernel()->pread(fd, there, len, offset) == (ssize_t)len &&
	       memcmp(there, data, len) == 0;
}

static ssize_t rec_pwrite(int fd, const void *data, size_t len, off_t offset)
{
	const int node = number_of_fd(fd);
	struct op op = {.kind = OP_WRITE, .node = node, .len = len, .offset = (uint64_t)offset};
	uint8_t *copy;
	ssize_t n;

	if (gone())
		return -1;
	if (node && len && is_mutated(SITE_REWRITE) && is_same(fd, data, len, offset))
		return (ssize_t)len;
	n = tote__kernel()->pwrite(fd, data, len, offset);
	if (!node || n <= 0)
		return n;
	copy = arena_new(rec.arena, (size_t)n);
	memcpy(copy, data, (size_t)n);
	site_note_write(number_at(node), data, (size_t)n, offset);
	op.len = (size_t)n;
	op.data = copy;
	add(&op);
	return n;
}

static int sync_as(int fd, enum op_kind kind)
{
	const int node = number_of_fd(fd);
	struct op op = {.kind = kind, .node = node};
	struct tracked *t = number_at(node);

	if (gone())
		return -1;
	if (!node)
		return 0;
	if (t->is_dir)
		op.kind = OP_SYNC_DIR;
	if (rec.log.count == rec.fail_at && !rec.failed) {
		rec.failed = 1;
		op.kind = OP_SYNC_LOST; /* of a directory it changes nothing */
		add(&op);
		errno = EIO;
		return -1;
	}
	late_sync(&rec.log, &op, site_of(number_at(0), node, kind == OP_SYNC_DATA));
	return 0;
}

static int rec_fsync(int fd)
{
	return sync_as(fd, OP_SYNC);
}

static int rec_fdatasync(int fd)
{
	return sync_as(fd, OP_SYNC_DATA);
}

static int rec_syncfs(int fd)
{
	(void)fd;
	if (gone())
		return -1;
	add(&(struct op){.kind = OP_SYNC_ALL});
	return 0;
}

const struct kernel *recorder_kernel(void)
{
	static struct kernel kernel;

	kernel = *tote__kernel();
	kernel.openat2 = rec_openat2;
	kernel.openat = rec_openat;
	kernel.close = rec_close;
	kernel.dupfd = rec_dupfd;
	kernel.mkdirat = rec_mkdirat;
	kernel.linkat = rec_linkat;
	kernel.renameat2 = rec_renameat2;
	kernel.unlinkat = rec_unlinkat;
	kernel.fchmod = rec_fchmod;
	kernel.statx = rec_statx;
	kernel.pwrite = rec_pwrite;
	kernel.fsync = rec_fsync;
	kernel.fdatasync = rec_fdatasync;
	kernel.syncfs = rec_syncfs;
	return &kernel;
}

/* --- what the tests say --------------------------------------------------------------------- */

void image_make(const struct image *image, const char *root)
{
	numbers_forget();
	files_make(image, root, number_give);
	while ((size_t)numbers_count() < image->count) /* of files that are gone: not given again */
		number_give(numbers_count(), 0, 0, "", 0);
}

void recorder_begin(const char *root, const struct image *image, struct arena *arena)
{
	rec.arena = arena;
	rec.log.count = 0;
	late_forget();
	rec.failed = 0;
	rec.stop_at = rec.fail_at = SIZE_MAX;
	image_make(image, root);
}

size_t recorder_count(void)
{
	return rec.log.count;
}

void recorder_take(struct oplog *ret)
{
	*ret = rec.log;
	memset(&rec.log, 0, sizeof(rec.log));
}

int recorder_is_gone(void)
{
	return rec.log.count >= rec.stop_at;
}

void recorder_refuse_tmpfile(int refuse)
{
	rec.refuse_tmpfile = refuse;
}

void recorder_stop_at(size_t at)
{
	rec.stop_at = at;
}

void recorder_next_process(void)
{
	numbers_unchanged();
	rec.stop_at = SIZE_MAX;
}

void recorder_fail_at(size_t at)
{
	rec.fail_at = at;
}

int recorder_failed(void)
{
	return rec.failed;
}
