/* SPDX-License-Identifier: ISC */
/*
 * The table of the real system calls. What has no wrapper in every libc, or takes variable
 * arguments, has one here.
 */
#include "store/posix_kernel.h"
#include <errno.h>
#include <linux/futex.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int kernel_openat2(int dir, const char *path, const struct open_how *how)
{
#ifdef SYS_openat2
	return (int)syscall(SYS_openat2, dir, path, how, sizeof(*how));
#else
	(void)dir, (void)path, (void)how;
	errno = ENOSYS;
	return -1;
#endif
}

static int kernel_openat(int dir, const char *path, int flags, mode_t mode)
{
	return openat(dir, path, flags, mode);
}

static int kernel_dupfd(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static int kernel_setfl(int fd, int flags)
{
	return fcntl(fd, F_SETFL, flags);
}

static int kernel_setlk(int fd, struct flock *lock)
{
	return fcntl(fd, F_OFD_SETLK, lock);
}

static int kernel_getlk(int fd, struct flock *lock)
{
	return fcntl(fd, F_OFD_GETLK, lock);
}

static int kernel_setsig(int fd, int signal)
{
	return fcntl(fd, F_SETSIG, signal);
}

static int kernel_setlease(int fd, int type)
{
	return fcntl(fd, F_SETLEASE, type);
}

static ssize_t kernel_getdents64(int fd, void *out, size_t len)
{
	return (ssize_t)syscall(SYS_getdents64, fd, out, len);
}

static int kernel_nap(int64_t microseconds)
{
	struct timespec t = {
		.tv_sec = (time_t)(microseconds / 1000000),
		.tv_nsec = (long)(microseconds % 1000000) * 1000,
	};

	errno = clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
	return errno ? -1 : 0;
}

static void *kernel_map(int fd, size_t len)
{
	void *at = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);

	return at == MAP_FAILED ? NULL : at;
}

static int kernel_bell_wait(const void *word, int64_t microseconds)
{
	const struct timespec t = {
		.tv_sec = (time_t)(microseconds / 1000000),
		.tv_nsec = (long)(microseconds % 1000000) * 1000,
	};

	return (int)syscall(SYS_futex, word, FUTEX_WAIT, 0, &t, NULL, 0);
}

static int kernel_bell_ring(const void *word)
{
	return (int)syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static int kernel_aio_setup(unsigned int events, aio_context_t *ret)
{
	return (int)syscall(SYS_io_setup, events, ret);
}

static int kernel_aio_destroy(aio_context_t ctx)
{
	return (int)syscall(SYS_io_destroy, ctx);
}

static int kernel_aio_submit(aio_context_t ctx, long count, struct iocb **asked)
{
	return (int)syscall(SYS_io_submit, ctx, count, asked);
}

static int kernel_aio_wait(aio_context_t ctx, long least, long most, struct io_event *out)
{
	return (int)syscall(SYS_io_getevents, ctx, least, most, out, NULL);
}

const struct kernel *tote__kernel(void)
{
	static const struct kernel kernel = {
		.openat2 = kernel_openat2,
		.openat = kernel_openat,
		.close = close,
		.dupfd = kernel_dupfd,
		.setfl = kernel_setfl,
		.setlk = kernel_setlk,
		.getlk = kernel_getlk,
		.flock = flock,
		.setsig = kernel_setsig,
		.setlease = kernel_setlease,
		.mkdirat = mkdirat,
		.linkat = linkat,
		.renameat2 = renameat2,
		.unlinkat = unlinkat,
		.fchmod = fchmod,
		.statx = statx,
		.fstatfs = fstatfs,
		.getdents64 = kernel_getdents64,
		.pread = pread,
		.pwrite = pwrite,
		.fsync = fsync,
		.fdatasync = fdatasync,
		.syncfs = syncfs,
		.fadvise = posix_fadvise,
		.nap = kernel_nap,
		.map = kernel_map,
		.unmap = munmap,
		.bell_wait = kernel_bell_wait,
		.bell_ring = kernel_bell_ring,
		.aio_setup = kernel_aio_setup,
		.aio_destroy = kernel_aio_destroy,
		.aio_submit = kernel_aio_submit,
		.aio_wait = kernel_aio_wait,
		.getcwd = getcwd,
		.getpid = getpid,
	};

	return &kernel;
}
