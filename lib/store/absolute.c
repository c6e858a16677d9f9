/* SPDX-License-Identifier: ISC */
/*
 * Absolute paths, by text alone: nothing needs to exist yet.
 */
#include "store/absolute.h"
#include <errno.h>
#include <limits.h>
#include <string.h>

/* Appends the components of path to out, which ends without a slash. */
static size_t append(char *out, size_t len, const char *path)
{
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n && !(n == 1 && *path == '.')) {
			out[len++] = '/';
			memcpy(out + len, path, n);
			len += n;
		}
		path += n;
		path += *path == '/';
	}
	return len;
}

char *tote__absolute(const struct heap *heap, const struct kernel *kernel, const char *path,
	struct tote_fault *fault)
{
	char here[PATH_MAX] = "";
	size_t len = 0;
	char *out;

	if (path[0] != '/' && !kernel->getcwd(here, sizeof(here))) {
		tote__fault_errno(
			fault, errno, "the working directory, to which %s is relative", path);
		return NULL;
	}
	out = tote__heap_new(heap, strlen(here) + strlen(path) + 3, 1, fault);
	if (!out)
		return NULL;
	len = append(out, len, here);
	len = append(out, len, path);
	if (!len)
		out[len++] = '/';
	out[len] = '\0';
	return out;
}
