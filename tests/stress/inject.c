/* SPDX-License-Identifier: ISC */
/*
 * The counter, the table of system calls and the allocator that ask it.
 */
#include "stress/inject.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	enum inject_mode mode;
	int err;
	long at;
	atomic_long count, live; /* the library may read ahead in a thread of its own */
	atomic_int fired;
	_Atomic(const char *) what;
	const char *first; /* nothing is counted before the first call of that name; NULL: all is */
} now;

enum fate { GO, FAIL, DO_AND_FAIL, HALF };

static int falls(int from_on)
{
	const long number = atomic_fetch_add(&now.count, 1);

	return number == now.at || (from_on && number > now.at);
}

static enum fate fired(enum fate fate, const char *what)
{
	if (!atomic_exchange(&now.fired, 1))
		now.what = what;
	errno = now.err;
	return fate;
}

/* Of any call; moves: it reads or writes bytes, and can be cut short. */
static enum fate fate_of(const char *what, int moves)
{
	if (now.first && strcmp(now.first, what) != 0)
		return GO;
	now.first = NULL;
	switch (now.mode) {
	case INJECT_ONCE:
	case INJECT_FROM:
		return falls(now.mode == INJECT_FROM) ? fired(FAIL, what) : GO;
	case INJECT_REPORTED:
		return falls(0) ? fired(DO_AND_FAIL, what) : GO;
	case INJECT_SHORT:
	case INJECT_SHORT_FROM:
		return moves && falls(now.mode == INJECT_SHORT_FROM) ? fired(HALF, what) : GO;
	default:
		return GO;
	}
}

/* A call that gives 0 or -1. */
#define CALL(what, call)                                                                           \
	do {                                                                                       \
		const enum fate fate_ = fate_of(what, 0);                                          \
		if (fate_ == GO)                                                                   \
			return tote__kernel()->call;                                               \
		if (fate_ == DO_AND_FAIL)                                                          \
			(void)!tote__kernel()->call;                                               \
		errno = now.err;                                                                   \
		return -1;                                                                         \
	} while (0)

/* One that gives a descriptor: whoever hears of a failure has none. */
#define OPEN(what, call)                                                                           \
	do {                                                                                       \
		const enum fate fate_ = fate_of(what, 0);                                          \
		if (fate_ == GO)                                                                   \
			return tote__kernel()->call;                                               \
		if (fate_ == DO_AND_FAIL) {                                                        \
			int fd_ = tote__kernel()->call;                                            \
			if (fd_ >= 0)                                                              \
				close(fd_);                                                        \
		}                                                                                  \
		errno = now.err;                                                                   \
		return -1;                                                                         \
	} while (0)

static int i_openat2(int dir, const char *path, const struct open_how *how)
{
	OPEN("openat2", openat2(dir, path, how));
}

static int i_openat(int dir, const char *path, int flags, mode_t mode)
{
	OPEN("openat", openat(dir, path, flags, mode));
}

static int i_dupfd(int fd)
{
	OPEN("dupfd", dupfd(fd));
}

/* A close that fails has closed all the same (close(2), Linux). */
static int i_close(int fd)
{
	const enum fate fate = fate_of("close", 0);
	const int rc = tote__kernel()->close(fd);

	if (fate == GO)
		return rc;
	errno = now.err;
	return -1;
}

static int i_setfl(int fd, int flags)
{
	CALL("setfl", setfl(fd, flags));
}

/* A lock that was taken is never reported as refused: it is not done either. */
static int i_setlk(int fd, struct flock *lock)
{
	if (fate_of("setlk", 0) == GO || lock->l_type == F_UNLCK)
		return tote__kernel()->setlk(fd, lock);
	errno = now.err;
	return -1;
}

static int i_mkdirat(int dir, const char *path, mode_t mode)
{
	CALL("mkdirat", mkdirat(dir, path, mode));
}

static int i_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	CALL("linkat", linkat(from_dir, from, to_dir, to, flags));
}

static int i_renameat2(
	int from_dir, const char *from, int to_dir, const char *to, unsigned int flags)
{
	CALL("renameat2", renameat2(from_dir, from, to_dir, to, flags));
}

static int i_unlinkat(int dir, const char *path, int flags)
{
	CALL("unlinkat", unlinkat(dir, path, flags));
}

static int i_fchmod(int fd, mode_t mode)
{
	CALL("fchmod", fchmod(fd, mode));
}

static int i_statx(int dir, const char *path, int flags, unsigned int mask, struct statx *out)
{
	CALL("statx", statx(dir, path, flags, mask, out));
}

static int i_fstatfs(int fd, struct statfs *out)
{
	CALL("fstatfs", fstatfs(fd, out));
}

static ssize_t i_getdents64(int fd, void *out, size_t len)
{
	CALL("getdents64", getdents64(fd, out, len));
}

static size_t half(size_t len)
{
	return len > 1 ? len / 2 : len;
}

static ssize_t i_pread(int fd, void *out, size_t len, off_t offset)
{
	const enum fate fate = fate_of("pread", 1);

	if (fate == GO || fate == HALF)
		return tote__kernel()->pread(fd, out, fate == HALF ? half(len) : len, offset);
	errno = now.err;
	return -1;
}

static ssize_t i_pwrite(int fd, const void *data, size_t len, off_t offset)
{
	const enum fate fate = fate_of("pwrite", 1);

	if (fate == GO || fate == HALF)
		return tote__kernel()->pwrite(fd, data, fate == HALF ? half(len) : len, offset);
	if (fate == DO_AND_FAIL)
		(void)!tote__kernel()->pwrite(fd, data, len, offset);
	errno = now.err;
	return -1;
}

static int i_fsync(int fd)
{
	CALL("fsync", fsync(fd));
}

static int i_fdatasync(int fd)
{
	CALL("fdatasync", fdatasync(fd));
}

static int i_syncfs(int fd)
{
	CALL("syncfs", syncfs(fd));
}

static int i_fadvise(int fd, off_t offset, off_t len, int advice)
{
	const enum fate fate = fate_of("fadvise", 0);

	return fate == GO ? tote__kernel()->fadvise(fd, offset, len, advice) : now.err;
}

const struct kernel *inject_kernel(void)
{
	static struct kernel kernel;

	kernel = *tote__kernel();
	kernel.openat2 = i_openat2;
	kernel.openat = i_openat;
	kernel.close = i_close;
	kernel.dupfd = i_dupfd;
	kernel.setfl = i_setfl;
	kernel.setlk = i_setlk;
	kernel.mkdirat = i_mkdirat;
	kernel.linkat = i_linkat;
	kernel.renameat2 = i_renameat2;
	kernel.unlinkat = i_unlinkat;
	kernel.fchmod = i_fchmod;
	kernel.statx = i_statx;
	kernel.fstatfs = i_fstatfs;
	kernel.getdents64 = i_getdents64;
	kernel.pread = i_pread;
	kernel.pwrite = i_pwrite;
	kernel.fsync = i_fsync;
	kernel.fdatasync = i_fdatasync;
	kernel.syncfs = i_syncfs;
	kernel.fadvise = i_fadvise;
	return &kernel;
}

/* --- memory --------------------------------------------------------------------------------- */

static void *i_resize(void *user, void *block, size_t bytes)
{
	void *got;

	(void)user;
	if ((now.mode == INJECT_MEMORY_ONCE || now.mode == INJECT_MEMORY_FROM) &&
		falls(now.mode == INJECT_MEMORY_FROM)) {
		fired(FAIL, "memory");
		return NULL;
	}
	got = realloc(block, bytes);
	if (got && !block)
		atomic_fetch_add(&now.live, 1);
	return got;
}

static void i_release(void *user, void *block)
{
	(void)user;
	if (block)
		atomic_fetch_sub(&now.live, 1);
	free(block);
}

struct tote_allocator inject_allocator(void)
{
	return (struct tote_allocator){
		.size = sizeof(struct tote_allocator), .resize = i_resize, .release = i_release};
}

/* --- what happens when ---------------------------------------------------------------------- */

void inject_arm(enum inject_mode mode, int err, long at)
{
	now.mode = mode;
	now.err = err;
	now.at = at;
	now.count = 0;
	now.fired = 0;
	now.what = "";
	now.first = NULL;
}

void inject_arm_at(const char *what, int err)
{
	inject_arm(INJECT_FROM, err, 0);
	now.first = what;
}

void inject_disarm(void)
{
	now.mode = INJECT_NOTHING;
}

int inject_fired(void)
{
	return now.fired;
}

const char *inject_what(void)
{
	return now.what;
}

long inject_live(void)
{
	return now.live;
}
