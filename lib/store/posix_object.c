/* SPDX-License-Identifier: ISC */
/*
 * Objects of a place in a directory tree. A name that changed is durable after the next barrier;
 * the bytes under it are before the name is.
 */
#include "store/posix_object.h"
#include "store/layout.h"
#include "store/path.h"
#include "store/posix_temp.h"
#include "store/posix_way.h"
#include <errno.h>
#include <string.h>

#define NAMES_MAX   ((size_t)256 << 20) /* bytes of names of one directory */
#define HELD_MAX    24 /* nameless files at once, of the descriptors there may be */
#define SYNCFS_FROM 8  /* files or directories: one sync of the file system is cheaper */

static int stat_entered(struct posix_place *p, int space, const char *name, struct store_stat *ret,
	struct tote_fault *fault)
{
	const struct kernel *k = p->backend->kernel;
	struct store_stat above;
	int dir, err;

	if (!*name)
		err = tote__posix_open_at(p, space, "", O_PATH | O_DIRECTORY, 0, &dir);
	else
		err = tote__posix_open_dir(p, space, name, tote__path_parent(name), &dir);
	if (err)
		return tote__posix_fault(p, space, name, err, "look at", fault);
	err = tote__io_stat(k, dir, NULL, UINT64_MAX, &above);
	if (!err && *name)
		err = tote__io_stat(k, dir, tote__path_last(name), above.device, ret);
	else if (!err)
		*ret = above;
	tote__io_close(k, &dir);
	return err ? tote__posix_fault(p, space, name, err, "look at", fault) : 0;
}

int tote__posix_stat(
	void *place, int space, const char *name, struct store_stat *ret, struct tote_fault *fault)
{
	struct posix_place *p = place;
	struct store_stat st;
	int rc = tote__layout_check(p->layout, space, name, fault);

	if (rc == 0)
		rc = tote__posix_enter(p, fault);
	if (rc)
		return rc;
	rc = stat_entered(p, space, name, &st, fault);
	tote__posix_leave(p);
	if (rc == 0)
		*ret = st;
	return rc;
}

/* Looks at every name of an open directory; one that is gone by now is none. */
static int list_names(struct posix_place *p, int space, const char *dir, int fd,
	const struct buf *names, store_list_fn *each, void *user, struct tote_fault *fault)
{
	const struct kernel *k = p->backend->kernel;
	struct store_stat above, st;
	int rc = 0, err;

	err = tote__io_stat(k, fd, NULL, UINT64_MAX, &above);
	for (size_t at = 0; !err && rc == 0 && at < names->len;) {
		const char *name = (const char *)names->data + at;

		at += strlen(name) + 1;
		err = tote__io_stat(k, fd, name, above.device, &st);
		if (err == ENOENT)
			err = 0;
		else if (!err)
			rc = each(user, name, &st, fault);
	}
	return err ? tote__posix_fault(p, space, dir, err, "list", fault) : rc;
}

int tote__posix_list(void *place, int space, const char *dir, store_list_fn *each, void *user,
	struct tote_fault *fault)
{
	struct posix_place *p = place;
	struct buf names;
	int fd, err, rc = tote__layout_check(p->layout, space, dir, fault);

	if (rc == 0)
		rc = tote__posix_enter(p, fault);
	if (rc)
		return rc;
	tote__buf_init(&names, p->backend->heap, NAMES_MAX);
	err = tote__posix_open_dir(p, space, dir, strlen(dir), &fd);
	if (!err) {
		err = tote__io_names(p->backend->kernel, fd, &names);
		if (!err)
			rc = list_names(p, space, dir, fd, &names, each, user, fault);
		tote__io_close(p->backend->kernel, &fd);
	}
	if (err)
		rc = tote__posix_fault(p, space, dir, err, "list", fault);
	tote__buf_free(&names);
	tote__posix_leave(p);
	return rc;
}

/* --- written once --------------------------------------------------------------------------- */

/* A file on its way: written, not yet named. */
struct held {
	struct temp temp; /* fd -1: its name is taken, or it has it */
	int pinned, opened;
};

static int write_nameless(
	struct posix_place *p, int space, const struct store_put *put, struct temp *ret)
{
	const struct kernel *k = p->backend->kernel;
	int err = tote__temp_make(p, space, ret);

	if (err)
		return err;
	err = tote__io_write(k, ret->fd, put->data, put->len, 0);
	if (!err && k->fchmod(ret->fd, tote__layout_object_mode(space)) != 0)
		err = errno;
	return err;
}

static int hold(struct posix_place *p, int space, struct store_put *put, struct held *h,
	struct tote_fault *fault)
{
	const struct kernel *k = p->backend->kernel;
	const size_t parent = tote__path_parent(put->name);
	struct store_stat st;
	int dir, err, rc = tote__touched_pin(&p->touched, space, put->name, parent, fault);

	if (rc)
		return rc;
	h->pinned = 1;
	err = tote__posix_make_dirs(p, space, put->name, parent, 0, &dir);
	if (!err) {
		h->opened = 1;
		/* spares the writing; the link is what decides */
		put->exists =
			tote__io_stat(k, dir, tote__path_last(put->name), UINT64_MAX, &st) == 0;
		tote__io_close(k, &dir);
		if (!put->exists)
			err = write_nameless(p, space, put, &h->temp);
	}
	return err ? tote__posix_fault(p, space, put->name, err, "write", fault) : 0;
}

/*
 * Since Linux 5.8 syncfs(2) tells of a write-back error that came after the descriptor was opened,
 * as the first one was before the first byte of any; all objects of a place are on one file system.
 */
static int sync_held(struct posix_place *p, int space, const struct store_put *puts,
	const struct held *held, size_t count, struct tote_fault *fault)
{
	const struct kernel *k = p->backend->kernel;
	size_t open = 0;

	for (size_t i = 0; i < count; i++)
		open += held[i].temp.fd >= 0;
	for (size_t i = 0; i < count; i++) {
		int err;

		if (held[i].temp.fd < 0)
			continue;
		err = open < SYNCFS_FROM ? tote__io_sync(k, held[i].temp.fd)
					 : tote__io_sync_filesystem(k, held[i].temp.fd);
		if (err)
			return tote__posix_fault(p, space, puts[i].name, err, "write", fault);
		if (open >= SYNCFS_FROM)
			break;
	}
	return 0;
}

static int name_held(struct posix_place *p, int space, struct store_put *put, struct held *h,
	struct tote_fault *fault)
{
	int dir, err;

	if (h->temp.fd < 0)
		return 0;
	err = tote__posix_open_dir(p, space, put->name, tote__path_parent(put->name), &dir);
	if (!err) {
		err = tote__temp_link(p, &h->temp, dir, tote__path_last(put->name));
		tote__io_close(p->backend->kernel, &dir);
	}
	put->exists = err == EEXIST;
	tote__temp_drop(p, &h->temp);
	return err && err != EEXIST ? tote__posix_fault(p, space, put->name, err, "write", fault)
				    : 0;
}

/* All of them written, then all synced, then all named: a name never leads to less than all. */
static int put_some(struct posix_place *p, int space, struct store_put *puts, size_t count,
	struct tote_fault *fault)
{
	struct held held[HELD_MAX];
	size_t made = 0;
	int rc = 0;

	for (; rc == 0 && made < count; made++) {
		held[made] = (struct held){.temp = {.fd = -1}};
		rc = hold(p, space, &puts[made], &held[made], fault);
	}
	if (rc == 0)
		rc = sync_held(p, space, puts, held, count, fault);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		rc = name_held(p, space, &puts[i], &held[i], fault);
		if (rc && i)
			fault->effect = TOTE_EFFECT_UNKNOWN; /* some are there */
	}
	for (size_t i = 0; i < made; i++) {
		tote__temp_drop(p, &held[i].temp);
		if (held[i].pinned)
			tote__touched_unpin(&p->touched, space, puts[i].name,
				tote__path_parent(puts[i].name), held[i].opened);
	}
	return rc;
}

int tote__posix_put_all(
	void *place, int space, struct store_put *puts, size_t count, struct tote_fault *fault)
{
	struct posix_place *p = place;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = tote__layout_check_write(p->layout, space, puts[i].name, fault);
	if (rc == 0)
		rc = tote__posix_enter_write(p, fault);
	if (rc)
		return rc;
	for (size_t at = 0; rc == 0 && at < count; at += HELD_MAX)
		rc = put_some(
			p, space, puts + at, count - at < HELD_MAX ? count - at : HELD_MAX, fault);
	tote__posix_leave(p);
	return rc;
}

int tote__posix_put_new(void *place, int space, const char *name, const void *data, size_t len,
	struct tote_fault *fault)
{
	struct store_put put = {.name = name, .data = data, .len = len};
	int rc = tote__posix_put_all(place, space, &put, 1, fault);

	if (rc == 0 && put.exists)
		rc = tote__posix_fault(place, space, name, EEXIST, "write", fault);
	return rc;
}

int tote__posix_sync_object(void *place, int space, const char *name, struct tote_fault *fault)
{
	struct posix_place *p = place;
	struct store_stat st;
	int fd, err, rc = tote__layout_check_write(p->layout, space, name, fault);

	if (rc == 0)
		rc = tote__posix_enter_write(p, fault);
	if (rc)
		return rc;
	rc = tote__posix_open_file(p, space, name, O_RDONLY, "sync", &fd, &st, fault);
	if (rc == 0) {
		err = tote__io_sync(p->backend->kernel, fd);
		tote__io_close(p->backend->kernel, &fd);
		if (err) {
			rc = tote__posix_fault(p, space, name, err, "sync", fault);
			fault->effect = TOTE_EFFECT_UNKNOWN;
		}
	}
	if (rc == 0)
		rc = tote__touched_pin(&p->touched, space, name, tote__path_parent(name), fault);
	if (rc == 0)
		tote__touched_unpin(&p->touched, space, name, tote__path_parent(name), 1);
	tote__posix_leave(p);
	return rc;
}

static int barrier_one(void *user, int space, const char *path, struct tote_fault *fault)
{
	int err = tote__posix_sync_dir(user, space, path);

	return err ? tote__posix_fault(user, space, path, err, "sync", fault) : 0;
}

int tote__posix_barrier(void *place, int space, struct tote_fault *fault)
{
	struct posix_place *p = place;
	int rc = tote__layout_check(p->layout, space, "", fault);

	if (rc == 0)
		rc = tote__posix_enter_write(p, fault);
	if (rc)
		return rc;
	rc = tote__touched_sync(&p->touched, space, barrier_one, p, fault);
	if (rc)
		fault->effect = TOTE_EFFECT_UNKNOWN;
	tote__posix_leave(p);
	return rc;
}

int tote__posix_remove(void *place, int space, const char *name, struct tote_fault *fault)
{
	struct posix_place *p = place;
	const struct kernel *k = p->backend->kernel;
	const size_t parent = tote__path_parent(name);
	int dir, opened, err, rc = tote__layout_check_write(p->layout, space, name, fault);

	if (rc == 0)
		rc = tote__posix_enter_write(p, fault);
	if (rc)
		return rc;
	rc = tote__touched_pin(&p->touched, space, name, parent, fault);
	if (rc == 0) {
		err = tote__posix_open_dir(p, space, name, parent, &dir);
		opened = !err;
		if (opened) {
			err = k->unlinkat(dir, tote__path_last(name), 0) == 0 ? 0 : errno;
			tote__io_close(k, &dir);
		}
		tote__touched_unpin(&p->touched, space, name, parent, opened);
		if (err)
			rc = tote__posix_fault(p, space, name, err, "remove", fault);
	}
	tote__posix_leave(p);
	return rc;
}
