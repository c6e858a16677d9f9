/* SPDX-License-Identifier: ISC */
/*
 * Making the skeleton of a place, durable. What is there already is kept and synced: a process that
 * was killed may have made it and synced nothing.
 */
#include "store/posix_provision.h"
#include "store/layout.h"
#include "store/path.h"
#include "store/posix_open.h"
#include "store/posix_way.h"
#include <errno.h>
#include <string.h>

#define ABOVE_MODE 0750 /* of directories above the place */
#define TURNS_MAX  4096 /* somebody may be removing what is being made */

/* Syncs the directory that holds path. */
static int sync_above(const struct kernel *k, const char *path, size_t parent)
{
	char above[STORE_NAME_MAX + 1];
	int fd, err;

	if (parent >= sizeof(above))
		return ENAMETOOLONG;
	memcpy(above, path, parent);
	above[parent] = '\0';
	fd = k->openat(AT_FDCWD, parent ? above : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	err = tote__io_sync(k, fd);
	tote__io_close(k, &fd);
	return err;
}

/* The length of the parent of path[0..len): 1 for "/", 0 for the working directory. */
static size_t parent_length(const char *path, size_t len)
{
	while (len > 1 && path[len - 1] == '/')
		len--;
	while (len > 0 && path[len - 1] != '/')
		len--;
	while (len > 1 && path[len - 1] == '/')
		len--;
	return len;
}

/* Makes one directory; *ret_made is 0 where something was there. */
static int make_one(
	const struct kernel *k, const char *path, size_t len, mode_t mode, int *ret_made)
{
	char name[STORE_NAME_MAX + 1];

	if (len >= sizeof(name))
		return ENAMETOOLONG;
	memcpy(name, path, len);
	name[len] = '\0';
	*ret_made = k->mkdirat(AT_FDCWD, name, mode) == 0;
	return *ret_made || errno == EEXIST ? 0 : errno;
}

/*
 * What was found above may have been made by a process that was killed and had synced nothing: each
 * name up to the top is synced. A directory that we may not read, or that no sync goes to, was not
 * made here.
 */
static int sync_ancestors(const struct kernel *k, const char *location, size_t len)
{
	for (size_t parent = parent_length(location, len); parent < len;
		len = parent, parent = parent_length(location, len)) {
		int err = sync_above(k, location, parent);

		if (err == EIO || err == ENOSPC || err == EDQUOT)
			return err;
	}
	return 0;
}

/*
 * Makes the place's own directory and those above it, as far as they are missing: upwards to the
 * first that can be made, down again from there.
 */
static int make_top(const struct kernel *k, const char *location, mode_t mode)
{
	const size_t whole = strlen(location);
	size_t len = whole;
	int made, err, turns = 0, above_synced = 0;

	for (;;) {
		size_t parent = parent_length(location, len);

		err = make_one(k, location, len, len == whole ? mode : ABOVE_MODE, &made);
		if (err == ENOENT && parent > 0 && parent < len && ++turns < TURNS_MAX) {
			len = parent;
			continue;
		}
		if (err)
			return err;
		err = sync_above(k, location, parent);
		if (err && made)
			return err; /* one found in place may lie in a directory we cannot read */
		if (!above_synced && (err = sync_ancestors(k, location, parent)) != 0)
			return err;
		above_synced = 1;
		if (len == whole)
			return 0;
		do { /* down by one component */
			len++;
		} while (len < whole && (location[len] != '/' || location[len - 1] == '/'));
	}
}

static int make_in_parent(struct posix_place *p, const struct layout_dir *dir)
{
	const struct kernel *k = p->backend->kernel;
	char parent[64];
	const size_t len = tote__path_parent(dir->path);
	int fd, err;

	if (len >= sizeof(parent))
		return ENAMETOOLONG;
	memcpy(parent, dir->path, len);
	parent[len] = '\0';
	err = tote__io_open(k, p->top, len ? parent : ".", O_PATH | O_DIRECTORY, 0, 0, &fd);
	if (err)
		return err;
	if (k->mkdirat(fd, tote__path_last(dir->path), dir->mode) != 0 && errno != EEXIST)
		err = errno;
	tote__io_close(k, &fd);
	return err;
}

static int failed(
	struct posix_place *p, const struct layout_dir *dir, int err, struct tote_fault *fault)
{
	return err ? tote__posix_fault(p, dir->space, "", err, "provision", fault) : 0;
}

static int make_below(struct posix_place *p, const struct layout_dir *dir, struct tote_fault *fault)
{
	return failed(p, dir, *dir->path ? make_in_parent(p, dir) : 0, fault);
}

/* Opens one directory of the layout as the place would, and syncs it. */
static int sync_below(struct posix_place *p, const struct layout_dir *dir, struct tote_fault *fault)
{
	return failed(p, dir, tote__posix_sync_dir(p, dir->space, ""), fault);
}

static int make_skeleton(struct posix_place *p, struct tote_fault *fault)
{
	size_t count;
	const struct layout_dir *dirs = tote__layout_dirs(p->layout, &count);
	int rc = 0;

	/* Down to make them, and up again so that each is synced after the names in it were made. */
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = make_below(p, &dirs[i], fault);
	for (size_t i = count; rc == 0 && i-- > 0;)
		rc = sync_below(p, &dirs[i], fault);
	return rc;
}

int tote__posix_provision(void *backend, const char *location, int layout, struct tote_fault *fault)
{
	struct posix_backend *b = backend;
	size_t count;
	const struct layout_dir *dirs = tote__layout_dirs(layout, &count);
	void *place;
	int rc, err;

	if (!*location || !dirs)
		return tote__fault(
			fault, TOTE_E_ARGUMENT, "provision '%s': no location or layout", location);
	err = make_top(b->kernel, location, dirs[0].mode);
	if (err)
		return tote__fault_errno(fault, err, "provision %s", location);
	rc = tote__posix_open(backend, location, layout, 0, &place, fault);
	if (rc)
		return rc;
	rc = tote__posix_enter(place, fault);
	if (rc == 0) {
		rc = make_skeleton(place, fault);
		tote__posix_leave(place);
	}
	tote__posix_place_free(place);
	return rc;
}
