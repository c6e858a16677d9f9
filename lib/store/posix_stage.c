/* SPDX-License-Identifier: ISC */
/*
 * Sealing in a directory tree. The numbers in the comments are the steps of FORMAT section 7.
 */
#include "store/posix_stage.h"
#include "store/layout.h"
#include "store/path.h"
#include "store/posix_numbers.h"
#include "store/posix_temp.h"
#include "store/posix_way.h"
#include <errno.h>
#include <string.h>

#define SYNCFS_FROM 16 /* stages: from here on one sync of the file system is cheaper */

struct stage {
	struct posix_place *place;
	struct temp temp;
	uint64_t length;
};

static int space_check(struct posix_place *p, const char *path, struct tote_fault *fault)
{
	return tote__layout_check_write(p->layout, SPACE_ASSETS, path, fault);
}

/* --- step 1: bytes without a name ----------------------------------------------------------- */

int tote__posix_stage_begin(void *place, void **ret_stage, struct tote_fault *fault)
{
	struct posix_place *p = place;
	struct stage *s;
	int err, rc = space_check(p, "stage", fault);

	if (rc == 0)
		rc = tote__posix_enter_write(p, fault);
	if (rc)
		return rc;
	s = tote__heap_new(p->backend->heap, 1, sizeof(*s), fault);
	rc = s ? 0 : fault->code;
	if (s) {
		s->place = p;
		err = tote__temp_make(p, SPACE_ASSETS, &s->temp);
		if (err) {
			rc = tote__posix_fault(p, SPACE_ASSETS, "", err, "stage in", fault);
			tote__heap_free(p->backend->heap, s);
		}
	}
	tote__posix_leave(p);
	if (rc == 0)
		*ret_stage = s;
	return rc;
}

int tote__posix_stage_write(void *stage, const void *data, size_t len, struct tote_fault *fault)
{
	struct stage *s = stage;
	int err = tote__io_write(s->place->backend->kernel, s->temp.fd, data, len, s->length);

	if (err)
		return tote__posix_fault(s->place, SPACE_ASSETS, "", err, "stage in", fault);
	s->length += len;
	return 0;
}

int tote__posix_stage_sync(void *const *stages, size_t count, struct tote_fault *fault)
{
	int err = 0;

	for (size_t i = 0; !err && i < count; i++) {
		struct stage *s = stages[i];

		if (s->place->backend->kernel->fchmod(s->temp.fd, 0444) != 0)
			err = errno;
	}
	/*
	 * Since Linux 5.8 syncfs(2) tells of a write-back error that came after the descriptor was
	 * opened, as ours were before the first byte; all stages of a place are on one file system.
	 */
	for (size_t i = 0; !err && i < count; i++) {
		struct stage *s = stages[i];

		if (count >= SYNCFS_FROM) {
			err = tote__io_sync_filesystem(s->place->backend->kernel, s->temp.fd);
			break;
		}
		err = tote__io_sync(s->place->backend->kernel, s->temp.fd);
	}
	if (!err)
		return 0;
	return tote__posix_fault(
		((struct stage *)stages[0])->place, SPACE_ASSETS, "", err, "sync in", fault);
}

void tote__posix_stage_close(void *stage)
{
	struct stage *s = stage;
	struct tote_fault unused;
	struct posix_place *p;

	if (!s)
		return;
	p = s->place;
	if (s->temp.name[0] && tote__posix_enter(p, &unused) == 0) {
		tote__temp_drop(p, &s->temp);
		tote__posix_leave(p);
	}
	tote__io_close(p->backend->kernel, &s->temp.fd);
	tote__heap_free(p->backend->heap, s);
}

/* --- step 2: parents ------------------------------------------------------------------------ */

int tote__posix_make_parents(void *place, const char *path, struct tote_fault *fault)
{
	struct posix_place *p = place;
	int dir, err, rc = space_check(p, path, fault);

	if (rc == 0)
		rc = tote__posix_enter_write(p, fault);
	if (rc)
		return rc;
	err = tote__posix_make_dirs(p, SPACE_ASSETS, path, tote__path_parent(path), 1, &dir);
	if (err)
		rc = tote__posix_fault(p, SPACE_ASSETS, path, err, "make the parents of", fault);
	else
		tote__io_close(p->backend->kernel, &dir);
	tote__posix_leave(p);
	return rc;
}

/* --- steps 3 and 5: names ------------------------------------------------------------------- */

/* One change of names between assets/ itself and the parent of path ("" for assets/ alone). */
struct rename {
	struct temp *temp; /* step 3 */
	uint64_t seq;
	const char *path; /* step 5; NULL: discard */
};

static int rename_in(struct posix_place *p, const struct rename *r, int *ret_opened)
{
	const struct kernel *k = p->backend->kernel;
	char kept[PATH_KEPT_MAX];
	int top, dir, err;

	tote__path_kept(r->seq, kept);
	err = tote__posix_open_dir(p, SPACE_ASSETS, "", 0, &top);
	if (err)
		return err;
	*ret_opened = 1;
	if (r->temp) {
		err = tote__temp_link(p, r->temp, top, kept);
	} else if (!r->path) {
		err = k->unlinkat(top, kept, 0) == 0 ? 0 : errno;
	} else {
		err = tote__posix_open_dir(
			p, SPACE_ASSETS, r->path, tote__path_parent(r->path), &dir);
		*ret_opened = !err;
		if (!err) {
			err = tote__io_rename_new(k, top, kept, dir, tote__path_last(r->path));
			tote__io_close(k, &dir);
		}
	}
	tote__io_close(k, &top);
	return err;
}

static int rename_marked(
	struct posix_place *p, const struct rename *r, const char *verb, struct tote_fault *fault)
{
	const char *path = r->path ? r->path : "";
	const size_t parent = tote__path_parent(path);
	char kept[PATH_KEPT_MAX];
	int opened = 0, err, rc = tote__posix_enter_write(p, fault);

	if (rc)
		return rc;
	rc = tote__touched_pin(&p->touched, SPACE_ASSETS, path, parent, fault);
	if (rc == 0) {
		err = rename_in(p, r, &opened);
		tote__touched_unpin(&p->touched, SPACE_ASSETS, path, parent, opened);
		tote__path_kept(r->seq, kept);
		if (err)
			rc = tote__posix_fault(
				p, SPACE_ASSETS, *path ? path : kept, err, verb, fault);
	}
	tote__posix_leave(p);
	return rc;
}

int tote__posix_stage_keep(void *stage, uint64_t seq, struct tote_fault *fault)
{
	struct stage *s = stage;

	return rename_marked(
		s->place, &(struct rename){.temp = &s->temp, .seq = seq}, "keep", fault);
}

int tote__posix_publish(void *place, uint64_t seq, const char *path, struct tote_fault *fault)
{
	int rc = space_check(place, path, fault);

	if (rc)
		return rc;
	return rename_marked(place, &(struct rename){.seq = seq, .path = path}, "publish", fault);
}

int tote__posix_discard(void *place, uint64_t seq, struct tote_fault *fault)
{
	int rc = space_check(place, "discard", fault);

	return rc ? rc : rename_marked(place, &(struct rename){.seq = seq}, "discard", fault);
}

/* --- takeover ------------------------------------------------------------------------------- */

int tote__posix_list_kept(
	void *place, uint64_t *seqs, size_t cap, size_t *ret_count, struct tote_fault *fault)
{
	return tote__posix_numbers(
		place, SPACE_ASSETS, tote__path_kept_parse, seqs, cap, ret_count, fault);
}

/* Syncs one directory; one that is not there has no names to sync, those above it do. */
static int sync_one(void *user, int space, const char *path, struct tote_fault *fault)
{
	int err = tote__posix_sync_dir(user, space, path);

	if (!err || (err == ENOENT && *path))
		return 0;
	return tote__posix_fault(user, space, path, err, "sync", fault);
}

static int mark(struct touched *dirs, const char *path, struct tote_fault *fault)
{
	const size_t parent = tote__path_parent(path);
	int rc = tote__touched_pin(dirs, SPACE_ASSETS, path, parent, fault);

	if (rc == 0)
		tote__touched_unpin(dirs, SPACE_ASSETS, path, parent, 1);
	return rc;
}

int tote__posix_sync_parents(
	void *place, const char *const *paths, size_t count, struct tote_fault *fault)
{
	struct posix_place *p = place;
	struct touched dirs;
	int rc = space_check(p, "sync", fault);

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = tote__path_check(paths[i], fault);
	if (rc == 0)
		rc = tote__touched_init(&dirs, p->backend->heap, fault);
	if (rc)
		return rc;
	rc = mark(&dirs, "", fault);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = mark(&dirs, paths[i], fault);
	if (rc == 0)
		rc = tote__posix_enter_write(p, fault);
	if (rc == 0) {
		rc = tote__touched_sync(&dirs, SPACE_ASSETS, sync_one, p, fault);
		if (rc)
			fault->effect = TOTE_EFFECT_UNKNOWN;
		tote__posix_leave(p);
	}
	tote__touched_free(&dirs);
	return rc;
}

int tote__posix_sweep(void *place, struct tote_fault *fault)
{
	static const int spaces[] = {SPACE_ASSETS, SPACE_LOG, SPACE_JOURNAL};
	struct posix_place *p = place;
	int rc = tote__posix_enter_write(p, fault);

	if (rc)
		return rc;
	for (size_t i = 0; rc == 0 && i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		if (tote__layout_path(p->layout, spaces[i]))
			rc = tote__temp_sweep(p, spaces[i], fault);
	}
	tote__posix_leave(p);
	return rc;
}
