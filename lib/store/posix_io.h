/* SPDX-License-Identifier: ISC */
/*
 * Whole operations on descriptors and names, over the table of system calls: interrupted calls are
 * made again, short ones go on. All return 0 or an errno, none sets a fault.
 */
#ifndef STORE_POSIX_IO_H
#define STORE_POSIX_IO_H

#include "store/posix_kernel.h"
#include "store/store.h"

/*
 * Opens path below dir: never above it, no link in any component, O_CLOEXEC, O_NOCTTY and
 * O_NOFOLLOW always. With cross 0 no mount point either. Where openat2 is missing, or refuses a
 * path for its length, the same component by component. *ret_fd on success.
 */
int tote__io_open(const struct kernel *k, int dir, const char *path, int flags, mode_t mode,
	int cross, int *ret_fd);
void tote__io_close(const struct kernel *k, int *fd); /* -1 is allowed and is what stays */

int tote__io_write(const struct kernel *k, int fd, const void *data, size_t len, uint64_t offset);
int tote__io_write_zeros(const struct kernel *k, int fd, uint64_t from, uint64_t to);
/* 1 where an open file has no medium to read from; such file systems take O_DIRECT all the same. */
int tote__io_is_memory(const struct kernel *k, int fd);
/* Fewer than len bytes only at the end. */
int tote__io_read(
	const struct kernel *k, int fd, void *out, size_t len, uint64_t offset, size_t *ret_len);

int tote__io_sync(const struct kernel *k, int fd);
int tote__io_sync_data(const struct kernel *k, int fd);
int tote__io_sync_filesystem(const struct kernel *k, int fd);

/*
 * What lies under a name, not following a link; name NULL: the open file itself. device is that
 * of the directory, to tell a mount point where the kernel does not; ~0 where it is not known.
 */
int tote__io_stat(
	const struct kernel *k, int dir, const char *name, uint64_t device, struct store_stat *ret);
int tote__io_statx(const struct kernel *k, int dir, const char *name, struct statx *ret);
void tote__io_stat_of(const struct statx *sx, uint64_t device, struct store_stat *ret);
/*
 * As stat, for a file that is about to be written, and without mtime_us: a file system that was
 * asked for a time gives the next write one of its own, which dirties the inode every time.
 */
int tote__io_stat_timeless(
	const struct kernel *k, int dir, const char *name, struct store_stat *ret);
/* 1 where the name is the open file. */
int tote__io_is_same(const struct kernel *k, int dir, const char *name, int fd);
/*
 * 1 where what lies at the path is the file that `known` is of, which must be open, so that its
 * number is not another's by now; 0 where it is not, or nothing lies there; -errno where that could
 * not be seen. One call; a link on the way is followed, since it can only lead to the same file.
 */
int tote__io_is_still(
	const struct kernel *k, int dir, const char *path, const struct store_stat *known);

/* Renames and never replaces (EEXIST), also on file systems that have no such rename. */
int tote__io_rename_new(
	const struct kernel *k, int from_dir, const char *from, int to_dir, const char *to);

/*
 * Reads the names of an open directory into one block of NUL-terminated strings appended to out,
 * without . and ..; ENOMEM where out takes no more.
 */
int tote__io_names(const struct kernel *k, int fd, struct buf *out);

#endif
