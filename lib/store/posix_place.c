/* SPDX-License-Identifier: ISC */
/*
 * A place in a directory tree: entered, left, given back.
 */
#include "store/posix_place.h"
#include "store/layout.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/*
 * All places of a context together keep at most this many top directories open after a rest, and
 * after any call: with stages, segments and an audit that is below 64 descriptors.
 */
#define TOPS_AFTER_REST 6
#define TOPS_AFTER_CALL 16

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY)

int tote__posix_refuse(const struct posix_place *p, int space, const char *name, int code,
	const char *verb, const char *why, struct tote_fault *fault)
{
	return tote__layout_fault(p->location, p->layout, space, name, code, verb, why, fault);
}

static int is_odd(int err)
{
	return err == ENOTDIR || err == ELOOP || err == EXDEV || err == ENXIO || err == EISDIR;
}

int tote__posix_fault(const struct posix_place *p, int space, const char *name, int err,
	const char *verb, struct tote_fault *fault)
{
	const char *path = tote__layout_path(p->layout, space);

	if (is_odd(err)) {
		tote__posix_refuse(p, space, name, TOTE_E_UNTRUSTED, verb,
			"a link, a mount or a special file is in the way", fault);
		fault->sys_errno = err;
		return fault->code;
	}
	return tote__fault_errno(fault, err, "%s %s%s%s%s%s", verb, p->location,
		path && *path ? "/" : "", path ? path : "", *name ? "/" : "", name);
}

/* --- the top directory ---------------------------------------------------------------------- */

/* What is wrong with a location that could not be opened. */
static int top_fault(
	const struct kernel *k, const char *location, int err, struct tote_fault *fault)
{
	struct store_stat st;

	if ((err == ENOTDIR || err == ELOOP) &&
		tote__io_stat(k, AT_FDCWD, location, UINT64_MAX, &st) == 0) {
		tote__fault(fault, TOTE_E_UNTRUSTED, "%s is %s where a directory should be",
			location, st.type == STORE_LINK ? "a link" : "a file");
		fault->sys_errno = err;
		return fault->code;
	}
	if (err == ENOTDIR)
		err = ENOENT; /* a file stands where a directory above it should be */
	tote__fault_errno(fault, err, "open %s", location);
	if (fault->code != TOTE_E_NOT_FOUND && fault->code != TOTE_E_LIMIT &&
		fault->code != TOTE_E_NO_MEMORY)
		fault->code = TOTE_E_UNREACHABLE;
	return fault->code;
}

/*
 * What is given itself, a ledger to verify or a directory of keys, may be reached through a link;
 * a container or the orchestrator's directory may not (FORMAT section 1).
 */
int tote__posix_top_open(const struct kernel *k, const char *location, int layout, int *ret_fd,
	struct store_stat *ret_stat, struct tote_fault *fault)
{
	int follow = layout != LAYOUT_CONTAINER && layout != LAYOUT_ORCHESTRATOR;
	int fd, err;

	do {
		fd = k->openat(AT_FDCWD, location,
			DIR_FLAGS | O_CLOEXEC | O_NOCTTY | (follow ? 0 : O_NOFOLLOW), 0);
	} while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return top_fault(k, location, errno, fault);
	err = tote__io_stat(k, fd, NULL, UINT64_MAX, ret_stat);
	if (err) {
		tote__io_close(k, &fd);
		return top_fault(k, location, err, fault);
	}
	*ret_fd = fd;
	return 0;
}

/* Called with the mutex held. */
static int top_reopen(struct posix_place *p, struct tote_fault *fault)
{
	const struct kernel *k = p->backend->kernel;
	struct store_stat st;
	int fd, rc;

	rc = tote__posix_top_open(k, p->location, p->layout, &fd, &st, fault);
	if (rc)
		return rc;
	if (st.device != p->device || st.inode != p->inode) {
		tote__io_close(k, &fd);
		return tote__fault(fault, TOTE_E_UNTRUSTED,
			"%s is another directory than when it was opened", p->location);
	}
	p->top = fd;
	atomic_fetch_add(&p->backend->tops, 1);
	return 0;
}

/* Called with the mutex held. */
static void top_give_back(struct posix_place *p, int limit)
{
	if (p->users || p->top < 0 || atomic_load(&p->backend->tops) <= limit)
		return;
	tote__io_close(p->backend->kernel, &p->top);
	atomic_fetch_sub(&p->backend->tops, 1);
}

int tote__posix_enter(struct posix_place *p, struct tote_fault *fault)
{
	int rc = 0;

	pthread_mutex_lock(&p->mutex);
	if (p->top < 0)
		rc = top_reopen(p, fault);
	if (rc == 0)
		p->users++;
	pthread_mutex_unlock(&p->mutex);
	return rc;
}

int tote__posix_enter_write(struct posix_place *p, struct tote_fault *fault)
{
	if (p->flags & STORE_READ_ONLY)
		return tote__fault(fault, TOTE_E_READ_ONLY, "%s was opened read-only", p->location);
	return tote__posix_enter(p, fault);
}

void tote__posix_leave(struct posix_place *p)
{
	pthread_mutex_lock(&p->mutex);
	p->users--;
	top_give_back(p, TOPS_AFTER_CALL);
	pthread_mutex_unlock(&p->mutex);
}

void tote__posix_rest(void *place)
{
	struct posix_place *p = place;

	pthread_mutex_lock(&p->mutex);
	top_give_back(p, TOPS_AFTER_REST);
	pthread_mutex_unlock(&p->mutex);
}

void tote__posix_place_free(struct posix_place *p)
{
	const struct heap *heap = p->backend->heap;

	if (p->top >= 0)
		atomic_fetch_sub(&p->backend->tops, 1);
	tote__io_close(p->backend->kernel, &p->top);
	tote__io_close(p->backend->kernel, &p->lock_fd);
	if (p->bells)
		p->backend->kernel->unmap(p->bells, BELL_PAGE);
	tote__touched_free(&p->touched);
	pthread_mutex_destroy(&p->mutex);
	tote__heap_free(heap, p->location);
	tote__heap_free(heap, p);
}
