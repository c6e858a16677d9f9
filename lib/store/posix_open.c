/* SPDX-License-Identifier: ISC */
/*
 * Opening a place in a directory tree: its top directory, and a look at what should be below.
 */
#include "store/posix_open.h"
#include "store/absolute.h"
#include "store/layout.h"
#include "store/posix_way.h"
#include <errno.h>
#include <string.h>

/* Every directory of the layout is one, or is not there at all: an audit says so. */
static int skeleton_check(struct posix_place *p, struct tote_fault *fault)
{
	size_t count;
	const struct layout_dir *dirs = tote__layout_dirs(p->layout, &count);

	for (size_t i = 0; i < count; i++) {
		int fd, err;

		err = tote__posix_open_at(p, dirs[i].space, "", O_PATH | O_DIRECTORY, 0, &fd);
		if (err == ENOENT)
			continue;
		if (err) {
			tote__posix_fault(p, dirs[i].space, "", err, "open", fault);
			if (fault->code == TOTE_E_PERMISSION || fault->code == TOTE_E_IO)
				fault->code = TOTE_E_UNREACHABLE;
			return fault->code;
		}
		tote__io_close(p->backend->kernel, &fd);
	}
	return 0;
}

static int place_start(struct posix_place *p, struct tote_fault *fault)
{
	struct store_stat st;
	int rc = tote__touched_init(&p->touched, p->backend->heap, fault);

	if (rc)
		return rc;
	rc = tote__posix_top_open(p->backend->kernel, p->location, p->layout, &p->top, &st, fault);
	if (rc)
		return rc;
	atomic_fetch_add(&p->backend->tops, 1);
	p->device = st.device;
	p->inode = st.inode;
	return p->flags & STORE_GLANCE ? 0 : skeleton_check(p, fault);
}

int tote__posix_open(void *backend, const char *location, int layout, uint32_t flags,
	void **ret_place, struct tote_fault *fault)
{
	struct posix_backend *b = backend;
	struct posix_place *p;
	size_t count;
	int rc;

	if (!*location || !tote__layout_dirs(layout, &count))
		return tote__fault(
			fault, TOTE_E_ARGUMENT, "open '%s': no location or layout", location);
	p = tote__heap_new(b->heap, 1, sizeof(*p), fault);
	if (!p)
		return fault->code;
	*p = (struct posix_place){
		.backend = b, .layout = layout, .flags = flags, .top = -1, .lock_fd = -1};
	pthread_mutex_init(&p->mutex, NULL);
	p->location = tote__absolute(b->heap, b->kernel, location, fault);
	rc = p->location ? place_start(p, fault) : fault->code;
	if (rc) {
		tote__posix_place_free(p);
		return rc;
	}
	tote__posix_rest(p);
	*ret_place = p;
	return 0;
}

static int identity_of(struct posix_place *p, struct store_identity *ret, struct tote_fault *fault)
{
	const struct kernel *k = p->backend->kernel;
	size_t count;
	const struct layout_dir *dirs = tote__layout_dirs(p->layout, &count);

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < count; i++) {
		struct store_stat st;
		int fd, err;

		if (i > 0 && !*dirs[i].path) /* the place itself once more */
			continue;
		err = tote__posix_open_at(p, dirs[i].space, "", O_PATH | O_DIRECTORY, 0, &fd);
		if (err == ENOENT)
			continue;
		if (!err) {
			err = tote__io_stat(k, fd, NULL, UINT64_MAX, &st);
			tote__io_close(k, &fd);
		}
		if (err)
			return tote__posix_fault(p, dirs[i].space, "", err, "look at", fault);
		ret->device[ret->count] = st.device;
		ret->inode[ret->count++] = st.inode;
	}
	return 0;
}

int tote__posix_identity(void *place, struct store_identity *ret, struct tote_fault *fault)
{
	struct store_identity found;
	int rc = tote__posix_enter(place, fault);

	if (rc)
		return rc;
	rc = identity_of(place, &found, fault);
	if (rc == 0)
		*ret = found;
	tote__posix_leave(place);
	return rc;
}
