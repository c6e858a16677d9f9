/* SPDX-License-Identifier: ISC */
/*
 * The one table of system calls through which the posix store and the sources reach the kernel, so
 * that a test can fail, forget or record each. Every member returns and sets errno as the call it
 * is named after; nothing is retried or interpreted here.
 */
#ifndef STORE_POSIX_KERNEL_H
#define STORE_POSIX_KERNEL_H

#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/openat2.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/vfs.h>

struct kernel {
	int (*openat2)(int dir, const char *path, const struct open_how *how);
	int (*openat)(int dir, const char *path, int flags, mode_t mode);
	int (*close)(int fd);
	int (*dupfd)(int fd); /* F_DUPFD_CLOEXEC */
	int (*setfl)(int fd, int flags);
	int (*setlk)(int fd, struct flock *lock); /* F_OFD_SETLK */
	int (*getlk)(int fd, struct flock *lock); /* F_OFD_GETLK */
	int (*flock)(int fd, int operation);
	int (*setsig)(int fd, int signal); /* F_SETSIG */
	int (*setlease)(int fd, int type); /* F_SETLEASE */
	int (*mkdirat)(int dir, const char *path, mode_t mode);
	int (*linkat)(int from_dir, const char *from, int to_dir, const char *to, int flags);
	int (*renameat2)(
		int from_dir, const char *from, int to_dir, const char *to, unsigned int flags);
	int (*unlinkat)(int dir, const char *path, int flags);
	int (*fchmod)(int fd, mode_t mode);
	int (*statx)(int dir, const char *path, int flags, unsigned int mask, struct statx *out);
	int (*fstatfs)(int fd, struct statfs *out);
	ssize_t (*getdents64)(int fd, void *out, size_t len);
	ssize_t (*pread)(int fd, void *out, size_t len, off_t offset);
	ssize_t (*pwrite)(int fd, const void *data, size_t len, off_t offset);
	int (*fsync)(int fd);
	int (*fdatasync)(int fd);
	int (*syncfs)(int fd);
	int (*fadvise)(int fd, off_t offset, off_t len, int advice); /* returns the errno */
	int (*nap)(int64_t microseconds); /* CLOCK_MONOTONIC; may end early */
	/* mmap(2) of a file's first bytes, shared and to be read, NULL on failure; munmap(2) */
	void *(*map)(int fd, size_t len); /* NULL: a kernel without this and the next three */
	int (*unmap)(void *at, size_t len);
	/* FUTEX_WAIT for that long while the word is 0, FUTEX_WAKE of one; in any process */
	int (*bell_wait)(const void *word, int64_t microseconds);
	int (*bell_ring)(const void *word);
	/* io_setup(2) and the calls after it; NULL: a kernel without these four */
	int (*aio_setup)(unsigned int events, aio_context_t *ret);
	int (*aio_destroy)(aio_context_t ctx);
	int (*aio_submit)(aio_context_t ctx, long count, struct iocb **asked);
	int (*aio_wait)(aio_context_t ctx, long least, long most, struct io_event *out);
	char *(*getcwd)(char *out, size_t len);
	pid_t (*getpid)(void);
};

/* The real one. */
const struct kernel *tote__kernel(void);

#endif
