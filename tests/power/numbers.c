/* SPDX-License-Identifier: ISC */
/*
 * Which file is which: by inode while it is there, by descriptor while it is open.
 */
#include "power/numbers.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FDS 256

static struct {
	struct tracked *nodes;
	size_t count, cap;
	int fds[FDS];
} all;

void numbers_forget(void)
{
	all.count = 0;
}

int numbers_count(void)
{
	return (int)all.count;
}

void numbers_unchanged(void)
{
	for (size_t i = 0; i < all.count; i++)
		all.nodes[i].changed = 0;
}

struct tracked *number_at(int number)
{
	return &all.nodes[number];
}

void number_give(int number, uint64_t inode, int dir, const char *name, int is_dir)
{
	struct tracked *t;

	while (all.count <= (size_t)number) {
		if (all.count == all.cap) {
			all.cap = all.cap ? 2 * all.cap : 64;
			all.nodes = realloc(all.nodes, all.cap * sizeof(*all.nodes));
			if (!all.nodes)
				exit(2);
		}
		memset(&all.nodes[all.count++], 0, sizeof(*all.nodes));
	}
	for (size_t i = 0; i < all.count; i++)
		if (all.nodes[i].inode == inode)
			all.nodes[i].inode = 0; /* of a file that is gone */
	t = &all.nodes[number];
	*t = (struct tracked){.inode = inode, .dir = dir, .is_dir = is_dir};
	snprintf(t->name, sizeof(t->name), "%s", name);
}

int number_of_inode(uint64_t inode)
{
	for (size_t i = all.count; i-- > 1;)
		if (all.nodes[i].inode == inode)
			return (int)i;
	return 0;
}

int number_of_fd(int fd)
{
	return fd >= 0 && fd < FDS ? all.fds[fd] : 0;
}

int number_of_dir(int dir, const char *path, const char **ret_last)
{
	const char *slash = strrchr(path, '/');
	char parent[4096];
	struct stat st;
	size_t len;

	*ret_last = slash ? slash + 1 : path;
	if (!slash)
		return dir == AT_FDCWD ? 0 : number_of_fd(dir);
	len = slash == path ? 1 : (size_t)(slash - path);
	memcpy(parent, path, len);
	parent[len] = '\0';
	return fstatat(dir, parent, &st, 0) == 0 ? number_of_inode(st.st_ino) : 0;
}

int number_fd(int fd)
{
	struct stat st;

	if (fd < 0)
		return fd;
	if (fd >= FDS) {
		close(fd);
		errno = EMFILE;
		return -1;
	}
	all.fds[fd] = fstat(fd, &st) == 0 ? number_of_inode(st.st_ino) : 0;
	return fd;
}

void number_close(int fd)
{
	if (fd >= 0 && fd < FDS)
		all.fds[fd] = 0;
}
