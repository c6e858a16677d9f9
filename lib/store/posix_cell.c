/* SPDX-License-Identifier: ISC */
/*
 * Cells: the new content is whole and synced beside the name before it takes the name. Who swaps
 * holds the lock that the format asks for; the comparison catches who does not.
 */
#include "store/posix_cell.h"
#include "store/layout.h"
#include "store/path.h"
#include "store/posix_way.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CHUNK 4096

/*
 * Appends `size` bytes of an open file: nothing grows in its place, so nobody asks for its end. Keys
 * come this way: the copy on the stack is wiped.
 */
static int read_all(const struct kernel *k, int fd, uint64_t size, struct buf *out)
{
	uint8_t chunk[CHUNK];
	uint64_t offset = 0;
	size_t got = 1;
	int err = 0;

	while (!err && got && offset < size && !out->failed) {
		const uint64_t left = size - offset;
		const size_t want = left < sizeof(chunk) ? (size_t)left : sizeof(chunk);

		err = tote__io_read(k, fd, chunk, want, offset, &got);
		if (!err)
			tote__buf_put(out, chunk, got);
		offset += got;
	}
	explicit_bzero(chunk, sizeof(chunk));
	return err;
}

static int read_entered(struct posix_place *p, int space, const char *name, struct buf *out,
	struct tote_fault *fault)
{
	const struct kernel *k = p->backend->kernel;
	const size_t start = out->len;
	struct store_stat st;
	int fd, err, rc;

	rc = tote__posix_open_file(p, space, name, O_RDONLY, "read", &fd, &st, fault);
	if (rc)
		return rc;
	err = read_all(k, fd, st.size, out);
	tote__io_close(k, &fd);
	if (err)
		rc = tote__posix_fault(p, space, name, err, "read", fault);
	else
		rc = tote__buf_check(out, name, fault);
	if (rc)
		out->len = start;
	return rc;
}

int tote__posix_cell_read(
	void *place, int space, const char *name, struct buf *out, struct tote_fault *fault)
{
	struct posix_place *p = place;
	int rc = tote__layout_check_write(p->layout, space, name, fault);

	if (rc == 0)
		rc = tote__posix_enter(p, fault);
	if (rc)
		return rc;
	rc = read_entered(p, space, name, out, fault);
	tote__posix_leave(p);
	return rc;
}

/* CONFLICT unless the cell holds old; NULL: is not there. */
static int compare(struct posix_place *p, int space, const char *name, const void *old,
	size_t old_len, struct tote_fault *fault)
{
	struct buf now;
	int rc, same;

	tote__buf_init(&now, p->backend->heap, old ? old_len + 1 : 1);
	rc = read_entered(p, space, name, &now, fault);
	same = rc == 0 && old && now.len == old_len &&
	       (old_len == 0 || memcmp(now.data, old, old_len) == 0);
	if (now.data)
		explicit_bzero(now.data, now.cap);
	tote__buf_free(&now);
	if (rc == TOTE_E_NOT_FOUND && !old) {
		tote__fault_clear(fault);
		return 0;
	}
	if (same || (rc && rc != TOTE_E_NOT_FOUND && rc != TOTE_E_TOO_LARGE))
		return rc;
	return tote__posix_refuse(p, space, name, TOTE_E_CONFLICT, "replace",
		"it holds something else than it did", fault);
}

/*
 * Makes the new content under its temporary name. What an interrupted writer left there is
 * removed, not written over: it might be a link, or have another name somewhere.
 */
static int write_beside(const struct kernel *k, int dir, const char *beside, const void *data,
	size_t len, uint32_t mode)
{
	int fd, err;

	if (k->unlinkat(dir, beside, 0) != 0 && errno != ENOENT)
		return errno;
	err = tote__io_open(k, dir, beside, O_WRONLY | O_CREAT | O_EXCL, 0600, 0, &fd);
	if (err)
		return err;
	err = tote__io_write(k, fd, data, len, 0);
	if (!err && k->fchmod(fd, mode) != 0)
		err = errno;
	if (!err)
		err = tote__io_sync(k, fd);
	tote__io_close(k, &fd);
	return err;
}

/* *ret_effect is UNKNOWN from the rename on. */
static int swap_in(const struct kernel *k, int dir, const char *name, int is_new, const void *data,
	size_t len, uint32_t mode, uint32_t *ret_effect)
{
	char beside[COMPONENT_MAX + sizeof(PATH_NEW_PREFIX)];
	int err;

	snprintf(beside, sizeof(beside), "%s%s", PATH_NEW_PREFIX, name);
	err = write_beside(k, dir, beside, data, len, mode);
	if (!err && is_new)
		err = tote__io_rename_new(k, dir, beside, dir, name);
	else if (!err && k->renameat2(dir, beside, dir, name, 0) != 0)
		err = errno;
	if (err) {
		k->unlinkat(dir, beside, 0);
		return err;
	}
	*ret_effect = TOTE_EFFECT_UNKNOWN;
	return tote__io_sync(k, dir);
}

static int swap_entered(struct posix_place *p, int space, const char *name, const void *old,
	size_t old_len, const void *data, size_t len, uint32_t mode, struct tote_fault *fault)
{
	const struct kernel *k = p->backend->kernel;
	uint32_t effect = TOTE_EFFECT_NONE;
	int dir, err, rc;

	rc = compare(p, space, name, old, old_len, fault);
	if (rc)
		return rc;
	err = tote__posix_open_dir(p, space, name, tote__path_parent(name), &dir);
	if (!err) {
		err = swap_in(k, dir, tote__path_last(name), !old, data, len, mode, &effect);
		tote__io_close(k, &dir);
	}
	if (err == EEXIST)
		return tote__posix_refuse(p, space, name, TOTE_E_CONFLICT, "replace",
			"somebody else has just made it", fault);
	if (err) {
		rc = tote__posix_fault(p, space, name, err, "replace", fault);
		fault->effect = effect;
	}
	return rc;
}

int tote__posix_cell_swap(void *place, int space, const char *name, const void *old, size_t old_len,
	const void *data, size_t len, uint32_t mode, struct tote_fault *fault)
{
	struct posix_place *p = place;
	int rc = tote__layout_check_write(p->layout, space, name, fault);

	if (rc == 0 && strlen(tote__path_last(name)) + strlen(PATH_NEW_PREFIX) > COMPONENT_MAX)
		rc = tote__fault(
			fault, TOTE_E_GRAMMAR, "'%s' is too long for the name of a cell", name);
	if (rc == 0)
		rc = tote__posix_enter_write(p, fault);
	if (rc)
		return rc;
	rc = swap_entered(p, space, name, old, old_len, data, len,
		mode ? mode : tote__layout_cell_mode(space), fault);
	tote__posix_leave(p);
	return rc;
}

int tote__posix_cell_sync(void *place, int space, const char *name, struct tote_fault *fault)
{
	struct posix_place *p = place;
	const struct kernel *k = p->backend->kernel;
	struct store_stat st;
	int fd, err, rc = tote__layout_check_write(p->layout, space, name, fault);

	if (rc == 0)
		rc = tote__posix_enter_write(p, fault);
	if (rc)
		return rc;
	rc = tote__posix_open_file(p, space, name, O_RDONLY, "sync", &fd, &st, fault);
	if (rc == 0) {
		err = tote__io_sync(k, fd);
		tote__io_close(k, &fd);
		if (!err)
			err = tote__posix_open_dir(p, space, name, tote__path_parent(name), &fd);
		if (!err) {
			err = tote__io_sync(k, fd);
			tote__io_close(k, &fd);
		}
		if (err)
			rc = tote__posix_fault(p, space, name, err, "sync", fault);
	}
	tote__posix_leave(p);
	return rc;
}

/* What is renamed is synced first: who found it in place may not have written it. */
static int rename_entered(struct posix_place *p, int space, const char *from, const char *to,
	struct tote_fault *fault)
{
	const struct kernel *k = p->backend->kernel;
	uint32_t effect = TOTE_EFFECT_NONE;
	struct store_stat st;
	int dir, fd, err, rc;

	rc = tote__posix_open_file(p, space, from, O_RDONLY, "rename", &fd, &st, fault);
	if (rc)
		return rc;
	err = tote__io_sync(k, fd);
	tote__io_close(k, &fd);
	if (!err)
		err = tote__posix_open_dir(p, space, from, tote__path_parent(from), &dir);
	if (!err) {
		if (k->renameat2(dir, tote__path_last(from), dir, tote__path_last(to), 0) != 0)
			err = errno;
		else
			effect = TOTE_EFFECT_UNKNOWN;
		if (!err)
			err = tote__io_sync(k, dir);
		tote__io_close(k, &dir);
	}
	if (err) {
		rc = tote__posix_fault(p, space, from, err, "rename", fault);
		fault->effect = effect;
	}
	return rc;
}

static int same_parent(const char *a, const char *b)
{
	const size_t len = tote__path_parent(a);

	return len == tote__path_parent(b) && memcmp(a, b, len) == 0;
}

int tote__posix_cell_rename(
	void *place, int space, const char *from, const char *to, struct tote_fault *fault)
{
	struct posix_place *p = place;
	int rc = tote__layout_check_write(p->layout, space, from, fault);

	if (rc == 0)
		rc = tote__layout_check_write(p->layout, space, to, fault);
	if (rc == 0 && !same_parent(from, to))
		rc = tote__fault(
			fault, TOTE_E_ARGUMENT, "'%s' and '%s' are in two directories", from, to);
	if (rc == 0)
		rc = tote__posix_enter_write(p, fault);
	if (rc)
		return rc;
	rc = rename_entered(p, space, from, to, fault);
	tote__posix_leave(p);
	return rc;
}
