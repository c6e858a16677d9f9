/* SPDX-License-Identifier: ISC */
/*
 * What lies above a location: whether it is inside a container or an orchestrator's directory. It is
 * asked of the directories themselves, upwards from where the location really is, so that no
 * spelling and no link hides it; and no other container is touched for it.
 */
#include "store/posix_above.h"
#include "store/absolute.h"
#include "store/layout.h"
#include "store/posix_io.h"
#include "store/posix_place.h"
#include <errno.h>
#include <string.h>

#define LEVELS_MAX 4096
#define LOOK_FLAGS (O_PATH | O_DIRECTORY | O_CLOEXEC)

static int is_directory(const struct kernel *k, int dir, const char *name)
{
	struct store_stat st;

	return tote__io_stat(k, dir, name, UINT64_MAX, &st) == 0 && st.type == STORE_DIR;
}

/* A ledger, and beside it what only a container or only an orchestrator has. */
static int is_owned(const struct kernel *k, int dir)
{
	return is_directory(k, dir, tote__layout_path(LAYOUT_CONTAINER, SPACE_LOG)) &&
	       (is_directory(k, dir, tote__layout_path(LAYOUT_CONTAINER, SPACE_ASSETS)) ||
		       is_directory(k, dir, tote__layout_path(LAYOUT_ORCHESTRATOR, SPACE_SEEN)));
}

static int open_directory(const struct kernel *k, int at, const char *path, int *ret_fd)
{
	do {
		*ret_fd = k->openat(at, path, LOOK_FLAGS, 0);
	} while (*ret_fd < 0 && errno == EINTR);
	return *ret_fd < 0 ? errno : 0;
}

/* The nearest directory above the location that is there; *ret_levels: how far that is. */
static int open_above(const struct kernel *k, char *path, int *ret_fd, uint32_t *ret_levels)
{
	int err = open_directory(k, AT_FDCWD, path, ret_fd);

	*ret_levels = 1;
	if (!err) { /* it is there itself */
		const int self = *ret_fd;
		int fd = self;

		err = open_directory(k, self, "..", ret_fd);
		tote__io_close(k, &fd);
		return err;
	}
	for (;; ++*ret_levels) {
		char *slash = strrchr(path, '/');

		if (!slash || (err != ENOENT && err != ENOTDIR && err != ELOOP))
			return err;
		slash[slash == path] = '\0';
		if ((err = open_directory(k, AT_FDCWD, path, ret_fd)) == 0)
			return 0;
		if (slash == path)
			return err;
	}
}

/* Takes the descriptor. */
static int look_up(const struct kernel *k, int at, uint32_t *levels)
{
	for (int turns = 0; turns < LEVELS_MAX; turns++, ++*levels) {
		int above, fd = at, top;

		if (is_owned(k, at)) {
			tote__io_close(k, &fd);
			return 1;
		}
		if (open_directory(k, at, "..", &above) != 0)
			break;
		top = tote__io_is_same(k, above, ".", at);
		tote__io_close(k, &fd);
		at = above;
		if (top)
			break;
	}
	tote__io_close(k, &at);
	return 0;
}

int tote__posix_enclosed(
	void *backend, const char *location, uint32_t *ret_levels, struct tote_fault *fault)
{
	const struct posix_backend *b = backend;
	char *path = tote__absolute(b->heap, b->kernel, location, fault);
	int fd, found = 0;

	if (!path)
		return fault->code;
	/* what may not be looked at holds nothing of ours that we could make something in */
	if (open_above(b->kernel, path, &fd, ret_levels) == 0)
		found = look_up(b->kernel, fd, ret_levels);
	tote__heap_free(b->heap, path);
	return found;
}
