/* SPDX-License-Identifier: ISC */
/*
 * The marker of a copy that is not whole: from which entry on its assets may not be settled, and of
 * which ledger. It comes first and goes last.
 */
#include "box/copy.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MARKER_MAX 512
#define MARKER_1   "tote-copy/1 "

static int parse_marker(const struct copying *c, const struct buf *text, uint64_t *ret_from,
	struct tote_fault *fault)
{
	const char *at = (const char *)text->data, *end = at + text->len, *space;
	const size_t prefix = strlen(MARKER_1), len = strlen(c->view.replay.covered.origin);

	if (text->len < prefix || memcmp(at, MARKER_1, prefix) != 0)
		return tote__copy_refuse(c, "holds an unfinished copy of another version", fault);
	at += prefix;
	space = memchr(at, ' ', (size_t)(end - at));
	if (!space || tote__decimal_parse(at, (size_t)(space - at), ret_from) != 0)
		return tote__copy_refuse(c, "holds an unfinished copy that cannot be read", fault);
	at = space + 1;
	if ((size_t)(end - at) != len + 1 || memcmp(at, c->view.replay.covered.origin, len) != 0 ||
		end[-1] != '\n')
		return tote__copy_refuse(c, "holds an unfinished copy of another container", fault);
	return 0;
}

static int read_marker(struct copying *c, uint64_t *ret_from, struct tote_fault *fault)
{
	struct buf text;
	int rc;

	tote__buf_init(&text, c->heap, MARKER_MAX);
	rc = c->to.ops->cell_read(c->to.handle, SPACE_LOG, COPY_MARKER, &text, fault);
	if (rc == 0)
		rc = parse_marker(c, &text, ret_from, fault);
	if (rc == 0) /* found in place, it may never have been synced */
		rc = c->to.ops->cell_sync(c->to.handle, SPACE_LOG, COPY_MARKER, fault);
	tote__buf_free(&text);
	return rc;
}

static int write_marker(struct copying *c, struct tote_fault *fault)
{
	char text[MARKER_MAX];
	int len = snprintf(text, sizeof(text), MARKER_1 "%" PRIu64 " %s\n", c->settle_from,
		c->view.replay.covered.origin);

	return c->to.ops->cell_swap(
		c->to.handle, SPACE_LOG, COPY_MARKER, NULL, 0, text, (size_t)len, 0644, fault);
}

int tote__copy_mark(struct copying *c, struct tote_fault *fault)
{
	uint64_t from;
	int rc;

	c->settle_from = c->flags & TOTE_COPY_VERIFY ? 0 : c->old_end;
	if (!c->resumed)
		return write_marker(c, fault);
	rc = read_marker(c, &from, fault);
	if (rc == 0 && from < c->settle_from)
		c->settle_from = from;
	if (rc == 0 && from < c->told.since)
		c->told.since = from; /* the rest is that of the unfinished one */
	return rc;
}

int tote__copy_unmark(struct copying *c, struct tote_fault *fault)
{
	int rc = tote__copy_has(c, SPACE_LOG, COPY_MARKER, fault);

	if (rc <= 0)
		return rc;
	rc = c->to.ops->remove(c->to.handle, SPACE_LOG, COPY_MARKER, fault);
	return rc < 0 ? rc : c->to.ops->barrier(c->to.handle, SPACE_LOG, fault);
}

int tote__copy_check_whole(const struct place *place, struct tote_fault *fault)
{
	struct tote_fault unused = {0};
	struct store_stat st;

	if (place->ops->stat(place->handle, SPACE_LOG, COPY_MARKER, &st, &unused) != 0)
		return 0;
	return tote__fault(fault, TOTE_E_INCOMPLETE,
		"%s is an unfinished copy: make the same copy again to complete it; where the "
		"original is lost, remove ledger/log/" COPY_MARKER " to use what is there",
		place->location);
}
