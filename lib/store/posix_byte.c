/* SPDX-License-Identifier: ISC */
/*
 * Bytes of the lock file: one call of fcntl(2) each, made again where a signal came between.
 */
#include "store/posix_byte.h"
#include <errno.h>

static int call(int (*lock)(int fd, struct flock *lock), int fd, struct flock *what)
{
	int rc;

	do {
		rc = lock(fd, what);
	} while (rc < 0 && errno == EINTR);
	return rc == 0 ? 0 : errno;
}

static int set(struct posix_place *p, int64_t at, short type)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};

	return call(p->backend->kernel->setlk, p->lock_fd, &lock);
}

int tote__byte_lock(struct posix_place *p, int64_t at)
{
	const int err = set(p, at, F_WRLCK);

	return err == EACCES ? EAGAIN : err;
}

void tote__byte_unlock(struct posix_place *p, int64_t at)
{
	set(p, at, F_UNLCK);
}

int tote__byte_find(struct posix_place *p, struct byte_range within, struct byte_range *ret)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = within.from, .l_len = 0};
	int err;

	if (within.from >= within.to)
		return 0;
	if (within.to != INT64_MAX)
		lock.l_len = within.to - within.from;
	err = call(p->backend->kernel->getlk, p->lock_fd, &lock);
	if (err)
		return -err;
	if (lock.l_type == F_UNLCK)
		return 0;
	ret->from = lock.l_start;
	ret->to = lock.l_len ? lock.l_start + lock.l_len : INT64_MAX;
	return 1;
}
