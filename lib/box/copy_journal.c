/* SPDX-License-Identifier: ISC */
/*
 * The journal of a copy: the groups below the bound at the very offsets where they lie, zeros for
 * the rest. A group that no checkpoint covers is written only behind the sync of the one before, as
 * when it was appended, so that a copy that is cut off has a torn tail at most, and no damage.
 */
#include "box/copy.h"
#include "ledger/segfile.h"
#include <inttypes.h>
#include <string.h>

struct copy_journal {
	struct copying *c;
	uint64_t *names; /* the segments of the source that are copied, ascending */
	size_t count;
	struct buf bytes;
};

/* --- which ---------------------------------------------------------------------------------- */

static int list(
	const struct place *place, uint64_t **ret, size_t *ret_count, struct tote_fault *fault)
{
	*ret = NULL;
	return tote__place_numbers(
		place, place->ops->journal_list, SIZE_MAX / 4, ret, ret_count, fault);
}

/* No segment that begins at or above the bound, unless it is the only one. */
static int choose(struct copy_journal *j, struct tote_fault *fault)
{
	const uint64_t bound = j->c->view.limit;
	int rc = list(j->c->from, &j->names, &j->count, fault);

	while (rc == 0 && j->count > 1 && j->names[j->count - 1] >= bound)
		j->count--;
	return rc;
}

/* --- one segment ---------------------------------------------------------------------------- */

static int open_to(struct copy_journal *j, const struct segfile *from, struct segfile *to,
	struct tote_fault *fault)
{
	struct copying *c = j->c;
	uint8_t header[SEGMENT_HEADER_LEN];
	int rc = tote__segfile_open(to, &c->to, from->name, fault);

	if (rc == TOTE_E_NOT_FOUND) {
		tote__segment_header_write(&from->header, header);
		c->told.bytes_written += from->bytes;
		rc = c->to.ops->journal_make(
			c->to.handle, from->name, header, sizeof(header), from->bytes, fault);
		if (rc == 0)
			rc = tote__segfile_open(to, &c->to, from->name, fault);
	}
	if (rc < 0)
		return rc;
	if (to->state == SEGFILE_GOOD &&
		memcmp(to->header.salt, from->header.salt, sizeof(to->header.salt)) == 0 &&
		tote__hash_equal(to->header.prev, from->header.prev))
		return to->bytes < from->bytes
			       ? c->to.ops->journal_grow(to->handle, from->bytes, fault)
			       : 0;
	return tote__fault(fault, TOTE_E_CONFLICT,
		"segment %020" PRIu64
		" of %s is not the container's, whose journal was repaired meanwhile: copy to "
		"another directory",
		from->name, c->dir);
}

static int copy_group(struct copy_journal *j, const struct segfile *from, const struct segfile *to,
	uint64_t offset, const struct group *g, struct tote_fault *fault)
{
	struct copying *c = j->c;
	const size_t size = (size_t)tote__group_bytes(g);
	size_t len;
	int rc;

	tote__buf_reset(&j->bytes);
	tote__buf_put_zeros(&j->bytes, size);
	if ((rc = tote__buf_check(&j->bytes, "a group", fault)) < 0)
		return rc;
	rc = tote__segfile_read(from, offset, j->bytes.data, size, &len, fault);
	if (rc == 0)
		rc = c->to.ops->journal_write(to->handle, offset, j->bytes.data, size, fault);
	if (rc == 0 && g->first_seq + g->count > c->view.replay.covered.size)
		rc = c->to.ops->journal_sync(to->handle, fault);
	c->told.bytes_written += size;
	return rc;
}

/* What the copy has already it has durable, unless it was left unfinished. */
static int is_wanted(const struct copying *c, const struct group *g)
{
	const uint64_t end = g->first_seq + g->count;

	return end <= c->view.limit &&
	       (c->resumed || c->flags & TOTE_COPY_VERIFY || c->trusted || end > c->old_end);
}

static int copy_groups(struct copy_journal *j, const struct segfile *from, const struct segfile *to,
	struct tote_fault *fault)
{
	uint8_t block[GROUP_HEADER_LEN];
	uint64_t at = JOURNAL_BLOCK;
	struct group g;
	size_t len;
	int rc = 0;

	while (rc == 0 && at < from->bytes) {
		rc = tote__segfile_read(from, at, block, sizeof(block), &len, fault);
		if (rc < 0)
			break;
		if (!tote__group_header_read(block, len, from->header.salt, NULL, &g)) {
			at += JOURNAL_BLOCK;
			continue;
		}
		if (is_wanted(j->c, &g))
			rc = copy_group(j, from, to, at, &g, fault);
		at += tote__group_bytes(&g);
	}
	return rc;
}

static int copy_segment(struct copy_journal *j, uint64_t name, struct tote_fault *fault)
{
	struct copying *c = j->c;
	struct segfile from, to = {.handle = NULL};
	int rc = tote__segfile_open(&from, c->from, name, fault);

	if (rc < 0)
		return rc;
	if (from.state != SEGFILE_GOOD)
		rc = tote__fault(fault, TOTE_E_DAMAGED,
			"segment %020" PRIu64 " of the container cannot be read", name);
	if (rc == 0)
		rc = open_to(j, &from, &to, fault);
	if (rc == 0)
		rc = copy_groups(j, &from, &to, fault);
	if (rc == 0)
		rc = c->to.ops->journal_sync(to.handle, fault);
	tote__segfile_close(&to);
	tote__segfile_close(&from);
	return rc;
}

/* --- the whole ------------------------------------------------------------------------------ */

/* The copy by itself, as who opens it will find it. */
static int check_reached(struct copying *c, struct tote_fault *fault)
{
	const struct replay *now = &c->view.replay;
	struct replay found;
	int rc = tote__replay(&c->to, c->view.engine, now->end, NULL, &found, fault);

	if (rc < 0)
		return rc;
	if (found.damaged) {
		*fault = found.why;
		rc = tote__fault_wrap(fault, "%s, replayed", c->dir);
	} else if (found.end != now->end || !tote__hash_equal(found.last_leaf, now->last_leaf)) {
		rc = tote__fault(fault, TOTE_E_DAMAGED,
			"%s, replayed, ends at %" PRIu64 " where the container ends at %" PRIu64,
			c->dir, found.end, now->end);
	}
	tote__replay_free(&found);
	return rc;
}

/* Segments that the source has removed, from the oldest on: the checkpoint covers them. */
static int remove_old(struct copy_journal *j, struct tote_fault *fault)
{
	struct copying *c = j->c;
	uint64_t *names;
	size_t count = 0;
	int rc = list(&c->to, &names, &count, fault);

	for (size_t i = 0; rc == 0 && i < count && names[i] < j->names[0]; i++)
		rc = c->to.ops->journal_remove(c->to.handle, names[i], fault);
	tote__heap_free(c->heap, names);
	return rc < 0 ? rc : c->to.ops->journal_sync_names(c->to.handle, fault);
}

static int run(struct copy_journal *j, struct tote_fault *fault)
{
	int rc = choose(j, fault);

	for (size_t i = 0; rc == 0 && i < j->count; i++)
		rc = copy_segment(j, j->names[i], fault);
	if (rc == 0 && j->count > 0)
		rc = remove_old(j, fault);
	return rc == 0 ? check_reached(j->c, fault) : rc;
}

int tote__copy_journal(struct copying *c, struct tote_fault *fault)
{
	struct copy_journal j = {.c = c};
	int rc;

	tote__buf_init(&j.bytes, c->heap, GROUP_BODY_MAX + (size_t)2 * JOURNAL_BLOCK);
	rc = run(&j, fault);
	tote__buf_free(&j.bytes);
	tote__heap_free(c->heap, j.names);
	return rc;
}
