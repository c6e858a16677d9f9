/* SPDX-License-Identifier: ISC */
/*
 * Files without a name, and the ones that have to have one.
 */
#include "store/posix_temp.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "store/path.h"
#include "store/posix_way.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAMES_TRIED 16
#define NAMES_MAX   ((size_t)64 << 20) /* bytes of names of one directory */
#define RANDOM_LEN  12

static int lock_whole(const struct kernel *k, int fd, short type)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET};
	int rc;

	do {
		rc = k->setlk(fd, &lock);
	} while (rc < 0 && errno == EINTR);
	return rc < 0 ? errno : 0;
}

/*
 * Removes one that nobody has locked. A shared lock will do against the writer's exclusive one,
 * and needs no right to write a file that is already 0444; the writer that is still between its
 * open and its lock finds its name gone and begins again.
 */
static int sweep_one(const struct kernel *k, int dir, const char *name)
{
	struct store_stat st;
	int fd = -1, err;

	err = tote__io_open(k, dir, name, O_RDONLY | O_NONBLOCK, 0, 0, &fd);
	if (err)
		return 0; /* gone, or nothing of ours: an audit tells of it */
	err = tote__io_stat(k, fd, NULL, UINT64_MAX, &st);
	if (!err && st.type == STORE_FILE && lock_whole(k, fd, F_RDLCK) == 0 &&
		tote__io_is_same(k, dir, name, fd) && k->unlinkat(dir, name, 0) != 0 &&
		errno != ENOENT)
		err = errno;
	tote__io_close(k, &fd);
	return err;
}

static int sweep_dir(struct posix_place *p, int dir)
{
	const struct kernel *k = p->backend->kernel;
	struct buf names;
	int err;

	tote__buf_init(&names, p->backend->heap, NAMES_MAX);
	err = tote__io_names(k, dir, &names);
	for (size_t at = 0; !err && at < names.len;) {
		const char *name = (const char *)names.data + at;

		if (strncmp(name, PATH_TEMP_PREFIX, strlen(PATH_TEMP_PREFIX)) == 0)
			err = sweep_one(k, dir, name);
		at += strlen(name) + 1;
	}
	tote__buf_free(&names);
	return err;
}

int tote__temp_sweep(struct posix_place *p, int space, struct tote_fault *fault)
{
	int dir, err, rc;

	rc = tote__touched_pin(&p->touched, space, "", 0, fault);
	if (rc)
		return rc;
	err = tote__posix_open_dir(p, space, "", 0, &dir);
	if (!err) {
		err = sweep_dir(p, dir);
		tote__io_close(p->backend->kernel, &dir);
	}
	tote__touched_unpin(&p->touched, space, "", 0, err != ENOENT);
	if (err && err != ENOENT)
		return tote__posix_fault(p, space, "", err, "sweep", fault);
	return 0;
}

/* EAGAIN where the name was taken away again before the lock was ours. */
static int make_named_once(const struct kernel *k, int dir, struct temp *t)
{
	uint8_t random[RANDOM_LEN];
	char hex[2 * RANDOM_LEN + 1];
	int fd, err;

	tote__random_bytes(random, sizeof(random));
	tote__hex_encode(random, sizeof(random), hex);
	snprintf(t->name, sizeof(t->name), "%s%s", PATH_TEMP_PREFIX, hex);
	err = tote__io_open(k, dir, t->name, O_RDWR | O_CREAT | O_EXCL, 0600, 0, &fd);
	if (err)
		return err == EEXIST ? EAGAIN : err;
	err = lock_whole(k, fd, F_WRLCK);
	if (err == EACCES || (err == 0 && !tote__io_is_same(k, dir, t->name, fd)))
		err = EAGAIN;
	if (err == 0) {
		t->fd = fd;
		return 0;
	}
	if (err != EAGAIN) /* else whoever holds the lock removes it */
		k->unlinkat(dir, t->name, 0);
	tote__io_close(k, &fd);
	return err;
}

static int make_named(struct posix_place *p, struct temp *t)
{
	const struct kernel *k = p->backend->kernel;
	int dir, err;

	err = tote__posix_open_dir(p, t->space, "", 0, &dir);
	if (err)
		return err;
	err = sweep_dir(p, dir);
	if (!err)
		err = EAGAIN;
	for (int i = 0; err == EAGAIN && i < NAMES_TRIED; i++)
		err = make_named_once(k, dir, t);
	tote__io_close(k, &dir);
	return err;
}

int tote__temp_make(struct posix_place *p, int space, struct temp *ret)
{
	struct temp t = {.fd = -1, .space = space};
	int err;

	err = tote__posix_open_at(p, space, "", O_TMPFILE | O_RDWR, 0600, &t.fd);
	/* EISDIR is what a kernel says that takes O_TMPFILE for O_DIRECTORY (open(2)). */
	if (err == EOPNOTSUPP || err == EISDIR)
		err = make_named(p, &t);
	if (!err)
		*ret = t;
	return err;
}

static int link_nameless(const struct kernel *k, int fd, int dir, const char *name)
{
	char self[40];

	if (k->linkat(fd, "", dir, name, AT_EMPTY_PATH) == 0)
		return 0;
	if (errno != ENOENT && errno != EPERM)
		return errno;
	/* Older kernels want CAP_DAC_READ_SEARCH for that; this they let everybody do. */
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return k->linkat(AT_FDCWD, self, dir, name, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

int tote__temp_link(struct posix_place *p, struct temp *t, int dir, const char *name)
{
	const struct kernel *k = p->backend->kernel;
	int from, err;

	if (!t->name[0])
		return link_nameless(k, t->fd, dir, name);
	err = tote__posix_open_dir(p, t->space, "", 0, &from);
	if (err)
		return err;
	err = tote__io_rename_new(k, from, t->name, dir, name);
	tote__io_close(k, &from);
	if (!err)
		t->name[0] = '\0';
	return err;
}

void tote__temp_drop(struct posix_place *p, struct temp *t)
{
	const struct kernel *k = p->backend->kernel;
	int dir;

	if (t->fd >= 0 && t->name[0] && tote__posix_open_dir(p, t->space, "", 0, &dir) == 0) {
		if (tote__io_is_same(k, dir, t->name, t->fd))
			k->unlinkat(dir, t->name, 0);
		tote__io_close(k, &dir);
	}
	tote__io_close(k, &t->fd);
	t->name[0] = '\0';
}
