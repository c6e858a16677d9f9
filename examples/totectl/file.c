/* SPDX-License-Identifier: ISC */
/*
 * Reading a file up to a limit, and writing one so that it is whole or not there.
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "out.h"

static int read_all(int fd, char *bytes, size_t cap, size_t *ret_length)
{
	size_t length = 0;
	ssize_t n;

	do {
		n = read(fd, bytes + length, cap - length);
		if (n > 0)
			length += (size_t)n;
	} while ((n > 0 && length < cap) || (n < 0 && errno == EINTR));
	*ret_length = length;
	return n < 0 ? -1 : 0;
}

int file_read(struct call *call, const char *name, size_t max, struct file *ret_file)
{
	int code = 0, input = !strcmp(name, "-");
	int fd = input ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
	char *bytes;
	size_t length = 0;

	if (fd < 0)
		return fail_system(call, errno, "%s", name);
	bytes = malloc(max + 2);
	if (!bytes)
		code = fail_system(call, ENOMEM, "%s", name);
	else if (read_all(fd, bytes, max + 1, &length) < 0)
		code = fail_system(call, errno, "%s", name);
	else if (length > max)
		code = fail_usage(
			call, "%s is larger than the %zu bytes that are taken here", name, max);
	if (!input)
		close(fd);
	if (code) {
		free(bytes);
		return code;
	}
	bytes[length] = '\0';
	ret_file->bytes = bytes;
	ret_file->length = length;
	return 0;
}

static int write_all(int fd, const char *bytes, size_t length)
{
	while (length) {
		ssize_t n = write(fd, bytes, length);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			bytes += n;
			length -= (size_t)n;
		}
	}
	return fsync(fd);
}

int file_write(struct call *call, const char *path, const void *bytes, size_t length)
{
	char temporary[4096];
	int fd, failed;

	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.new", path) >= sizeof(temporary))
		return fail_usage(call, "%s: the path is too long", path);
	unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd < 0)
		return fail_system(call, errno, "%s", temporary);
	failed = write_all(fd, bytes, length) < 0;
	failed = (close(fd) < 0 || failed) ? 1 : rename(temporary, path) < 0;
	if (!failed)
		return 0;
	failed = errno;
	unlink(temporary);
	return fail_system(call, failed, "%s", path);
}
