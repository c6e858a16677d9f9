/* SPDX-License-Identifier: ISC */
/*
 * Trees of files, made by what every system has.
 */
#include "stress/tree.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 65536u

void give_up(const char *what, const char *path)
{
	fprintf(stderr, "stress: %s %s: %s\n", what, path, strerror(errno));
	exit(2);
}

const char *path_in(char out[PATH_ROOM], const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(out, PATH_ROOM, fmt, args);
	va_end(args);
	if (n < 0 || n >= PATH_ROOM)
		give_up("name", fmt);
	return out;
}

void tree_scratch(char out[PATH_ROOM], const char *name)
{
	const char *tmp = getenv("TMPDIR");

	if (!tmp || !*tmp)
		tmp = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
	path_in(out, "%s/%s-XXXXXX", tmp, name);
	if (!mkdtemp(out))
		give_up("make", out);
}

void tree_write(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, data, len) != (ssize_t)len || close(fd) != 0)
		give_up("write", path);
}

static int is_zero(const char *data, size_t len)
{
	return !len || (data[0] == 0 && memcmp(data, data + 1, len - 1) == 0);
}

/* Zeros are left out: a journal is mostly zeros. */
static void copy_file(const char *from, const char *to, const struct stat *st)
{
	static char chunk[CHUNK];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	off_t at = 0;
	ssize_t n;

	if (in < 0 || out < 0 || ftruncate(out, st->st_size) != 0)
		give_up("copy", from);
	while ((n = read(in, chunk, CHUNK)) > 0) {
		if (!is_zero(chunk, (size_t)n) && pwrite(out, chunk, (size_t)n, at) != n)
			give_up("write", to);
		at += n;
	}
	if (n < 0 || fchmod(out, st->st_mode & 07777) != 0 || close(out) != 0 || close(in) != 0)
		give_up("copy", from);
}

static void copy_link(const char *from, const char *to)
{
	char text[PATH_ROOM];
	ssize_t n = readlink(from, text, sizeof(text) - 1);

	if (n < 0)
		give_up("read", from);
	text[n] = '\0';
	if (symlink(text, to) != 0)
		give_up("link", to);
}

void tree_copy(const char *from, const char *to)
{
	struct dirent *e;
	struct stat st;
	DIR *dir;

	if (lstat(from, &st) != 0)
		give_up("stat", from);
	if (S_ISLNK(st.st_mode)) {
		copy_link(from, to);
		return;
	}
	if (!S_ISDIR(st.st_mode)) {
		copy_file(from, to, &st);
		return;
	}
	dir = opendir(from);
	if (!dir || mkdir(to, 0700) != 0)
		give_up("copy", from);
	while ((e = readdir(dir)) != NULL) {
		char a[PATH_ROOM], b[PATH_ROOM];

		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			tree_copy(path_in(a, "%s/%s", from, e->d_name),
				path_in(b, "%s/%s", to, e->d_name));
	}
	closedir(dir);
	if (chmod(to, st.st_mode & 07777) != 0)
		give_up("chmod", to);
}

void tree_remove(const char *path)
{
	struct dirent *e;
	struct stat st;
	DIR *dir;

	if (lstat(path, &st) != 0)
		return;
	if (!S_ISDIR(st.st_mode)) {
		if (unlink(path) != 0)
			give_up("remove", path);
		return;
	}
	dir = opendir(path);
	if (!dir)
		give_up("open", path);
	while ((e = readdir(dir)) != NULL) {
		char below[PATH_ROOM];

		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			tree_remove(path_in(below, "%s/%s", path, e->d_name));
	}
	closedir(dir);
	if (rmdir(path) != 0)
		give_up("remove", path);
}
