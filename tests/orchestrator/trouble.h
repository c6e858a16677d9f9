/* SPDX-License-Identifier: ISC */
/*
 * A kernel that is in trouble with some directories and what lies below them, and with nothing else:
 * one may not be entered, its disk is full or fails, or whoever asks for it waits until he is released.
 */
#ifndef ORCHESTRATOR_TROUBLE_H
#define ORCHESTRATOR_TROUBLE_H

#include "store/posix_kernel.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum trouble_kind {
	TROUBLE_NONE,
	TROUBLE_FORBIDDEN, /* as after chmod 000 of the directory */
	TROUBLE_FULL,      /* nothing is written */
	TROUBLE_FAILING,   /* nothing is read */
	TROUBLE_HANGING    /* nothing returns */
};

#define TROUBLES 4

static struct {
	struct kernel kernel;
	struct {
		char where[512];
		_Atomic(enum trouble_kind) kind; /* who was left behind may ask when it has ended */
		int err;
	} with[TROUBLES];
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	int waiting, released;
} trouble = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* Where a call goes: to one of the directories, or below it. */
struct trouble_site {
	int index; /* -1: elsewhere */
	int below;
};

static inline struct trouble_site trouble_site(const char *path)
{
	for (int i = 0; i < TROUBLES; i++) {
		size_t len = strlen(trouble.with[i].where);

		if (len && !strncmp(path, trouble.with[i].where, len) &&
			(!path[len] || path[len] == '/'))
			return (struct trouble_site){i, path[len] == '/'};
	}
	return (struct trouble_site){-1, 0};
}

static inline void trouble_path(int fd, char out[1024])
{
	char name[64];
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, out, 1023);
	out[n > 0 ? n : 0] = '\0';
}

static inline struct trouble_site trouble_fd(int fd)
{
	char path[1024];

	trouble_path(fd, path);
	return trouble_site(path);
}

static inline struct trouble_site trouble_at(int dir, const char *path)
{
	char above[1024], full[4096];

	if (path[0] == '/')
		return trouble_site(path);
	if (dir == AT_FDCWD)
		return (struct trouble_site){-1, 0};
	if (!*path || !strcmp(path, "."))
		return trouble_fd(dir);
	trouble_path(dir, above);
	snprintf(full, sizeof(full), "%s/%s", above, path);
	return trouble_site(full);
}

static inline void trouble_wait(void)
{
	pthread_mutex_lock(&trouble.mutex);
	trouble.waiting++;
	pthread_cond_broadcast(&trouble.changed);
	while (!trouble.released)
		pthread_cond_wait(&trouble.changed, &trouble.mutex);
	trouble.waiting--;
	pthread_mutex_unlock(&trouble.mutex);
}

/* So many wait. */
static inline void trouble_reached(int count)
{
	pthread_mutex_lock(&trouble.mutex);
	while (trouble.waiting < count)
		pthread_cond_wait(&trouble.changed, &trouble.mutex);
	pthread_mutex_unlock(&trouble.mutex);
}

static inline void trouble_release(void)
{
	pthread_mutex_lock(&trouble.mutex);
	trouble.released = 1;
	pthread_cond_broadcast(&trouble.changed);
	pthread_mutex_unlock(&trouble.mutex);
}

enum { OPENS = 1, LOOKS = 2, READS = 4, WRITES = 8 };

/* 1 where a call of this kind fails, errno is set then. */
static inline int troubled(struct trouble_site at, int doing)
{
	const enum trouble_kind kind = at.index < 0 ? TROUBLE_NONE : trouble.with[at.index].kind;

	if (kind == TROUBLE_NONE)
		return 0;
	if (kind == TROUBLE_HANGING) {
		trouble_wait();
		return 0;
	}
	errno = trouble.with[at.index].err;
	if (kind == TROUBLE_FORBIDDEN)
		return doing & OPENS || (at.below && doing & LOOKS);
	if (kind == TROUBLE_FULL)
		return at.below && doing & WRITES;
	return (doing & READS) != 0;
}

static int makes(int flags)
{
	return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? WRITES : 0;
}

static int troubled_openat2(int dir, const char *path, const struct open_how *how)
{
	if (troubled(trouble_at(dir, path), OPENS | makes((int)how->flags)))
		return -1;
	return tote__kernel()->openat2(dir, path, how);
}

static int troubled_openat(int dir, const char *path, int flags, mode_t mode)
{
	if (troubled(trouble_at(dir, path), OPENS | makes(flags)))
		return -1;
	return tote__kernel()->openat(dir, path, flags, mode);
}

static int troubled_mkdirat(int dir, const char *path, mode_t mode)
{
	if (troubled(trouble_at(dir, path), OPENS | WRITES))
		return -1;
	return tote__kernel()->mkdirat(dir, path, mode);
}

static int troubled_linkat(int a, const char *from, int b, const char *to, int flags)
{
	if (troubled(trouble_at(b, to), OPENS | WRITES))
		return -1;
	return tote__kernel()->linkat(a, from, b, to, flags);
}

static int troubled_renameat2(int a, const char *from, int b, const char *to, unsigned int flags)
{
	if (troubled(trouble_at(b, to), OPENS | WRITES))
		return -1;
	return tote__kernel()->renameat2(a, from, b, to, flags);
}

static int troubled_statx(
	int dir, const char *path, int flags, unsigned int mask, struct statx *out)
{
	if (troubled(trouble_at(dir, path), LOOKS))
		return -1;
	return tote__kernel()->statx(dir, path, flags, mask, out);
}

static ssize_t troubled_getdents64(int fd, void *out, size_t len)
{
	if (troubled(trouble_fd(fd), READS))
		return -1;
	return tote__kernel()->getdents64(fd, out, len);
}

static ssize_t troubled_pread(int fd, void *out, size_t len, off_t offset)
{
	if (troubled(trouble_fd(fd), READS))
		return -1;
	return tote__kernel()->pread(fd, out, len, offset);
}

static ssize_t troubled_pwrite(int fd, const void *data, size_t len, off_t offset)
{
	if (troubled(trouble_fd(fd), WRITES))
		return -1;
	return tote__kernel()->pwrite(fd, data, len, offset);
}

static int troubled_fsync(int fd)
{
	if (troubled(trouble_fd(fd), WRITES))
		return -1;
	return tote__kernel()->fsync(fd);
}

static int troubled_fdatasync(int fd)
{
	if (troubled(trouble_fd(fd), WRITES))
		return -1;
	return tote__kernel()->fdatasync(fd);
}

/* No trouble yet. */
static inline const struct kernel *troubled_kernel(void)
{
	memset(trouble.with, 0, sizeof(trouble.with));
	trouble.waiting = trouble.released = 0;
	trouble.kernel = *tote__kernel();
	trouble.kernel.openat2 = troubled_openat2;
	trouble.kernel.openat = troubled_openat;
	trouble.kernel.mkdirat = troubled_mkdirat;
	trouble.kernel.linkat = troubled_linkat;
	trouble.kernel.renameat2 = troubled_renameat2;
	trouble.kernel.statx = troubled_statx;
	trouble.kernel.getdents64 = troubled_getdents64;
	trouble.kernel.pread = troubled_pread;
	trouble.kernel.pwrite = troubled_pwrite;
	trouble.kernel.fsync = troubled_fsync;
	trouble.kernel.fdatasync = troubled_fdatasync;
	return &trouble.kernel;
}

static inline void trouble_begins(int index, const char *where, enum trouble_kind kind, int err)
{
	snprintf(trouble.with[index].where, sizeof(trouble.with[index].where), "%s", where);
	trouble.with[index].kind = kind;
	trouble.with[index].err = err;
}

static inline void trouble_ends(int index)
{
	trouble.with[index].kind = TROUBLE_NONE;
}

#endif
