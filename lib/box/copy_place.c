/* SPDX-License-Identifier: ISC */
/*
 * The directory that becomes a copy: whether it may, and what an older copy in it holds.
 */
#include "box/copy.h"
#include "ledger/follow.h"
#include "store/layout.h"
#include "store/path.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- whether it may ------------------------------------------------------------------------- */

int tote__copy_refuse(const struct copying *c, const char *why, struct tote_fault *fault)
{
	return tote__fault(fault, TOTE_E_EXISTS,
		"%s %s: choose an absent or empty directory, or an older copy of this container",
		c->dir, why);
}

struct names {
	int layout;
	size_t own, others;
	char other[256];
};

static int note_name(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	struct names *n = user;
	size_t count = 0;
	const struct layout_dir *dirs = tote__layout_dirs(n->layout, &count);

	(void)st, (void)fault;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(dirs[i].path, name) == 0) {
			n->own++;
			return 0;
		}
	}
	n->others++;
	snprintf(n->other, sizeof(n->other), "%s", name);
	return 0;
}

/* Two places share a directory: the container itself, by whatever path. */
static int check_apart(struct copying *c, struct tote_fault *fault)
{
	struct store_identity ours, its;
	int rc = c->from->ops->identity(c->from->handle, &ours, fault);

	if (rc == 0)
		rc = c->to.ops->identity(c->to.handle, &its, fault);
	for (uint32_t i = 0; rc == 0 && i < ours.count; i++)
		for (uint32_t k = 0; rc == 0 && k < its.count; k++)
			if (ours.device[i] == its.device[k] && ours.inode[i] == its.inode[k])
				rc = tote__copy_refuse(c,
					"is, or shares a directory with, the container itself",
					fault);
	return rc;
}

int tote__copy_has(const struct copying *c, int space, const char *name, struct tote_fault *fault)
{
	struct store_stat st;
	int rc = c->to.ops->stat(c->to.handle, space, name, &st, fault);

	if (rc == TOTE_E_NOT_FOUND) {
		tote__fault_clear(fault);
		return 0;
	}
	return rc < 0 ? rc : 1;
}

/* A marker that was being written is nothing yet. */
static int found_one(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	(void)user, (void)st, (void)fault;
	return strcmp(name, PATH_NEW_PREFIX COPY_MARKER) != 0;
}

static int is_empty(const struct copying *c, int space, struct tote_fault *fault)
{
	int rc = c->to.ops->list(c->to.handle, space, "", found_one, NULL, fault);

	if (rc == TOTE_E_NOT_FOUND) {
		tote__fault_clear(fault);
		return 1;
	}
	return rc < 0 ? rc : !rc;
}

/* A skeleton with nothing in it is what a call left that was killed right at its beginning. */
static int check_skeleton(struct copying *c, struct tote_fault *fault)
{
	static const int spaces[] = {SPACE_LOG, SPACE_JOURNAL, SPACE_ASSETS};
	const size_t count = c->box->type == LEDGER_CONTAINER ? 3 : 2;

	for (size_t i = 0; i < count; i++) {
		int rc = is_empty(c, spaces[i], fault);

		if (rc < 0)
			return rc;
		if (!rc)
			return tote__copy_refuse(c, "holds a ledger without a checkpoint", fault);
	}
	c->fresh = 1;
	return 0;
}

static int check_use(struct copying *c, struct tote_fault *fault)
{
	int marker, checkpoint, rc = tote__copy_has(c, SPACE_LEDGER, LAYOUT_LOCK, fault);

	if (rc == 1)
		return tote__copy_refuse(
			c, "was opened as a container of its own (ledger/lock)", fault);
	if (rc < 0 || (marker = tote__copy_has(c, SPACE_LOG, COPY_MARKER, fault)) < 0)
		return fault->code;
	if (marker) {
		c->resumed = 1;
		return 0;
	}
	checkpoint = tote__copy_has(c, SPACE_LOG, CHECKPOINT_NAME, fault);
	if (checkpoint < 0)
		return checkpoint;
	return checkpoint ? 0 : check_skeleton(c, fault);
}

static int check_found(struct copying *c, struct tote_fault *fault)
{
	struct names names = {.layout = c->layout};
	int rc = c->to.ops->list(c->to.handle, SPACE_TOP, "", note_name, &names, fault);

	if (rc < 0)
		return rc;
	if (names.others) {
		char why[300];

		snprintf(why, sizeof(why), "holds '%s', which is no part of a copy", names.other);
		return tote__copy_refuse(c, why, fault);
	}
	rc = check_apart(c, fault);
	if (rc == 0 && names.own == 0)
		c->fresh = 1;
	else if (rc == 0)
		rc = check_use(c, fault);
	return rc;
}

/* A copy inside of what is copied would be a finding there. */
static int check_outside(const struct copying *c, struct tote_fault *fault)
{
	char *from = tote__place_absolute(c->box->ctx, c->from->location, fault);
	char *to = from ? tote__place_absolute(c->box->ctx, c->dir, fault) : NULL;
	int rc = to ? 0 : fault->code;

	if (rc == 0) {
		const size_t len = strlen(from);

		if (strncmp(from, to, len) == 0 && (to[len] == '/' || to[len] == '\0'))
			rc = tote__copy_refuse(c, "lies in the container itself", fault);
	}
	tote__heap_free(c->heap, from);
	tote__heap_free(c->heap, to);
	return rc;
}

static int open_place(struct copying *c, struct tote_fault *fault)
{
	return tote__place_open(c->box->ctx, c->box->backend, c->dir, c->layout, 0, &c->to, fault);
}

int tote__copy_open(struct copying *c, struct tote_fault *fault)
{
	int rc = check_outside(c, fault);

	c->fresh = 0;
	c->resumed = 0;
	if (rc < 0)
		return rc;
	c->layout = c->box->type == LEDGER_CONTAINER ? LAYOUT_CONTAINER : LAYOUT_ORCHESTRATOR;
	rc = open_place(c, fault);
	if (rc == 0)
		rc = check_found(c, fault);
	else if (rc == TOTE_E_NOT_FOUND)
		rc = (c->fresh = 1, 0);
	if (rc < 0 || !(c->fresh || c->resumed))
		return rc;
	/* what a killed call made may never have been synced */
	tote__place_close(&c->to);
	rc = tote__place_provision(c->box->ctx, c->box->backend, c->dir, c->layout, fault);
	return rc < 0 ? rc : open_place(c, fault);
}

/* --- what the older copy holds -------------------------------------------------------------- */

static int read_checkpoint(struct copying *c, struct tote_fault *fault)
{
	struct logdir log;
	struct note note;
	int rc;

	memset(&c->old, 0, sizeof(c->old));
	c->old_end = 0;
	tote__logdir_init(&log, &c->to, 0);
	rc = tote__logdir_checkpoint(&log, &c->old_note, &note, &c->old, fault);
	if (rc == TOTE_E_NOT_FOUND && (c->fresh || c->resumed)) {
		tote__buf_reset(&c->old_note);
		tote__fault_clear(fault);
		return 0;
	}
	if (rc == 0 && strcmp(c->old.origin, c->view.replay.covered.origin) != 0) {
		char why[sizeof(c->old.origin) + 32];

		snprintf(why, sizeof(why), "is a copy of '%s'", c->old.origin);
		rc = tote__copy_refuse(c, why, fault);
	}
	return rc < 0 ? tote__fault_wrap(fault, "%s", c->dir) : 0;
}

static int ahead(const struct copying *c, uint64_t end, struct tote_fault *fault)
{
	return tote__fault(fault, TOTE_E_ROLLBACK,
		"%s holds %" PRIu64 " entries and the container %" PRIu64
		": the container was rolled back; keep that copy, and copy to another directory",
		c->dir, end, c->view.limit);
}

/* Above its checkpoint the last leaf hash speaks for all of the older copy. */
static int check_end(struct copying *c, const struct replay *found, struct tote_fault *fault)
{
	const uint8_t *bytes;
	uint8_t leaf[HASH_LEN];
	size_t len;
	int rc;

	if (found->end <= c->old.size)
		return 0;
	if (found->end > c->view.limit)
		return ahead(c, found->end, fault);
	rc = tote__view_read(&c->view, found->end - 1, &bytes, &len, leaf, NULL, fault);
	if (rc < 0 || tote__hash_equal(leaf, found->last_leaf))
		return rc;
	return tote__fault(fault, TOTE_E_FORK,
		"entry %" PRIu64
		" of %s is another than the container's: one of them was changed; keep both",
		found->end - 1, c->dir);
}

static int check_journal(struct copying *c, struct tote_fault *fault)
{
	struct replay found;
	int rc = tote__replay(&c->to, c->view.engine, 0, NULL, &found, fault);

	if (rc < 0)
		return rc;
	/* a call that was killed may have left a journal that only writing it again makes whole */
	if (found.damaged && !c->resumed) {
		*fault = found.why;
		rc = tote__fault_wrap(fault, "the copy %s is damaged: make a new one", c->dir);
	} else if (found.damaged) {
		c->old_end = c->old.size;
	} else {
		c->old_end = found.end;
		rc = check_end(c, &found, fault);
	}
	tote__replay_free(&found);
	return rc;
}

static int check_checkpoint(struct copying *c, struct tote_fault *fault)
{
	int rc;

	if (c->old.size > c->view.limit)
		return ahead(c, c->old.size, fault);
	rc = tote__view_check_extends(&c->view, &c->old, fault);
	return rc < 0 ? tote__fault_wrap(fault, "%s is no beginning of the container", c->dir) : 0;
}

int tote__copy_look(struct copying *c, struct tote_fault *fault)
{
	int rc = read_checkpoint(c, fault);

	if (rc == 0)
		rc = check_checkpoint(c, fault);
	if (rc == 0 && !c->fresh)
		rc = check_journal(c, fault);
	return rc;
}
