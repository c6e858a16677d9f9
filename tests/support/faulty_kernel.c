/* SPDX-License-Identifier: ISC */
/*
 * A table of system calls that counts and fails.
 */
#include "support/faulty_kernel.h"
#include <errno.h>
#include <linux/magic.h>
#include <stdatomic.h>
#include <string.h>

static struct {
	atomic_long counts[CALLS + 1];
	long first[CALLS + 1], last[CALLS + 1]; /* numbers that fail, counted from the reset */
	int err[CALLS + 1];
	long act_at[CALLS + 1];
	void (*act[CALLS + 1])(void *user);
	void *act_user[CALLS + 1];
	int tmpfile_err;
	int disk;
	size_t shorten;
	int fired;
} told;

static int fails_as(enum call kind, long number)
{
	if (!told.err[kind] || number < told.first[kind] || number > told.last[kind])
		return 0;
	told.fired = 1;
	errno = told.err[kind];
	return 1;
}

/* Counts one call; 1 where it is to fail, errno is set then. */
static int fails(enum call call)
{
	long number = atomic_fetch_add(&told.counts[call], 1);
	long any = atomic_fetch_add(&told.counts[CALL_ANY], 1);

	if (told.act[call] && number == told.act_at[call])
		told.act[call](told.act_user[call]);
	if (told.act[CALL_ANY] && any == told.act_at[CALL_ANY])
		told.act[CALL_ANY](told.act_user[CALL_ANY]);
	return fails_as(call, number) || fails_as(CALL_ANY, any);
}

static int faulty_openat2(int dir, const char *path, const struct open_how *how)
{
	if (fails(CALL_OPENAT2))
		return -1;
	if (told.tmpfile_err && (how->flags & O_TMPFILE) == O_TMPFILE) {
		errno = told.tmpfile_err;
		return -1;
	}
	return tote__kernel()->openat2(dir, path, how);
}

static int faulty_openat(int dir, const char *path, int flags, mode_t mode)
{
	if (fails(CALL_OPENAT))
		return -1;
	if (told.tmpfile_err && (flags & O_TMPFILE) == O_TMPFILE) {
		errno = told.tmpfile_err;
		return -1;
	}
	return tote__kernel()->openat(dir, path, flags, mode);
}

static int faulty_setfl(int fd, int flags)
{
	if (fails(CALL_SETFL))
		return -1;
	return told.disk ? 0 : tote__kernel()->setfl(fd, flags);
}

static int faulty_fstatfs(int fd, struct statfs *out)
{
	int rc = tote__kernel()->fstatfs(fd, out);

	if (told.disk)
		out->f_type = EXT4_SUPER_MAGIC;
	return rc;
}

static int faulty_setlk(int fd, struct flock *lock)
{
	return fails(CALL_SETLK) ? -1 : tote__kernel()->setlk(fd, lock);
}

static int faulty_mkdirat(int dir, const char *path, mode_t mode)
{
	return fails(CALL_MKDIRAT) ? -1 : tote__kernel()->mkdirat(dir, path, mode);
}

static int faulty_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	if (fails(CALL_LINKAT))
		return -1;
	return tote__kernel()->linkat(from_dir, from, to_dir, to, flags);
}

static int faulty_renameat2(
	int from_dir, const char *from, int to_dir, const char *to, unsigned int flags)
{
	if (fails(CALL_RENAMEAT2))
		return -1;
	return tote__kernel()->renameat2(from_dir, from, to_dir, to, flags);
}

static int faulty_unlinkat(int dir, const char *path, int flags)
{
	return fails(CALL_UNLINKAT) ? -1 : tote__kernel()->unlinkat(dir, path, flags);
}

static int faulty_fchmod(int fd, mode_t mode)
{
	return fails(CALL_FCHMOD) ? -1 : tote__kernel()->fchmod(fd, mode);
}

static int faulty_statx(int dir, const char *path, int flags, unsigned int mask, struct statx *out)
{
	return fails(CALL_STATX) ? -1 : tote__kernel()->statx(dir, path, flags, mask, out);
}

static ssize_t faulty_getdents64(int fd, void *out, size_t len)
{
	return fails(CALL_GETDENTS64) ? -1 : tote__kernel()->getdents64(fd, out, len);
}

static size_t shortened(size_t len)
{
	return told.shorten && told.shorten < len ? told.shorten : len;
}

static ssize_t faulty_pread(int fd, void *out, size_t len, off_t offset)
{
	if (fails(CALL_PREAD))
		return -1;
	return tote__kernel()->pread(fd, out, shortened(len), offset);
}

static ssize_t faulty_pwrite(int fd, const void *data, size_t len, off_t offset)
{
	if (fails(CALL_PWRITE))
		return -1;
	return tote__kernel()->pwrite(fd, data, shortened(len), offset);
}

static int faulty_fsync(int fd)
{
	return fails(CALL_FSYNC) ? -1 : tote__kernel()->fsync(fd);
}

static int faulty_fdatasync(int fd)
{
	return fails(CALL_FDATASYNC) ? -1 : tote__kernel()->fdatasync(fd);
}

static int faulty_syncfs(int fd)
{
	return fails(CALL_SYNCFS) ? -1 : tote__kernel()->syncfs(fd);
}

static int faulty_fadvise(int fd, off_t offset, off_t len, int advice)
{
	return fails(CALL_FADVISE) ? errno : tote__kernel()->fadvise(fd, offset, len, advice);
}

const struct kernel *faulty_kernel(void)
{
	static struct kernel kernel;

	memset(&told, 0, sizeof(told));
	kernel = *tote__kernel();
	kernel.openat2 = faulty_openat2;
	kernel.openat = faulty_openat;
	kernel.setfl = faulty_setfl;
	kernel.setlk = faulty_setlk;
	kernel.fstatfs = faulty_fstatfs;
	kernel.mkdirat = faulty_mkdirat;
	kernel.linkat = faulty_linkat;
	kernel.renameat2 = faulty_renameat2;
	kernel.unlinkat = faulty_unlinkat;
	kernel.fchmod = faulty_fchmod;
	kernel.statx = faulty_statx;
	kernel.getdents64 = faulty_getdents64;
	kernel.pread = faulty_pread;
	kernel.pwrite = faulty_pwrite;
	kernel.fsync = faulty_fsync;
	kernel.fdatasync = faulty_fdatasync;
	kernel.syncfs = faulty_syncfs;
	kernel.fadvise = faulty_fadvise;
	return &kernel;
}

void faulty_fail(enum call call, long number, long times, int err)
{
	told.first[call] = atomic_load(&told.counts[call]) + number;
	told.last[call] = times > 1000000 ? __LONG_MAX__ : told.first[call] + times - 1;
	told.err[call] = err;
}

void faulty_refuse_tmpfile(int err)
{
	told.tmpfile_err = err;
}

void faulty_pretend_disk(int pretend)
{
	told.disk = pretend;
}

void faulty_shorten_io(size_t len)
{
	told.shorten = len;
}

void faulty_before(enum call call, long number, void (*act)(void *user), void *user)
{
	told.act_at[call] = atomic_load(&told.counts[call]) + number;
	told.act[call] = act;
	told.act_user[call] = user;
}

long faulty_count(enum call call)
{
	return atomic_load(&told.counts[call]);
}

int faulty_fired(void)
{
	return told.fired;
}
