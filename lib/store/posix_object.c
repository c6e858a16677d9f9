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

#define NAMES_MAX ((size_t)256 << 20) /* bytes of names of one directory */

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

/* Writes a nameless file and gives it its name in the open directory. */
static int put_in(
	struct posix_place *p, int space, int dir, const char *last, const void *data, size_t len)
{
	const struct kernel *k = p->backend->kernel;
	struct store_stat st;
	struct temp t;
	int err;

	if (tote__io_stat(k, dir, last, UINT64_MAX, &st) == 0)
		return EEXIST; /* spares the writing; the link below is what decides */
	err = tote__temp_make(p, space, &t);
	if (err)
		return err;
	err = tote__io_write(k, t.fd, data, len, 0);
	if (!err && k->fchmod(t.fd, tote__layout_object_mode(space)) != 0)
		err = errno;
	if (!err)
		err = tote__io_sync(k, t.fd);
	if (!err)
		err = tote__temp_link(p, &t, dir, last);
	tote__temp_drop(p, &t);
	return err;
}

int tote__posix_put_new(void *place, int space, const char *name, const void *data, size_t len,
	struct tote_fault *fault)
{
	struct posix_place *p = place;
	const size_t parent = tote__path_parent(name);
	int dir, opened, err, rc = tote__layout_check_write(p->layout, space, name, fault);

	if (rc == 0)
		rc = tote__posix_enter_write(p, fault);
	if (rc)
		return rc;
	rc = tote__touched_pin(&p->touched, space, name, parent, fault);
	if (rc == 0) {
		err = tote__posix_make_dirs(p, space, name, parent, 0, &dir);
		opened = !err;
		if (opened) {
			err = put_in(p, space, dir, tote__path_last(name), data, len);
			tote__io_close(p->backend->kernel, &dir);
		}
		tote__touched_unpin(&p->touched, space, name, parent, opened);
		if (err)
			rc = tote__posix_fault(p, space, name, err, "write", fault);
	}
	tote__posix_leave(p);
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
		if (err)
			rc = tote__posix_fault(p, space, name, err, "sync", fault);
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
