/* SPDX-License-Identifier: ISC */
/*
 * A copy is whole when the call has returned, and from then on until the next one begins.
 */
#include "power/copies.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <toteborch/copy.h>

int copies_make(struct run *r)
{
	struct tote_copy copy = {.size = sizeof(copy)};
	char dir[PLACE_ROOM];
	int rc;

	snprintf(dir, sizeof(dir), "%s/%s", r->root, COPY_NAME);
	r->truth.copies_asked++;
	rc = tote_box_copy(r->box, dir, 0, &copy, &r->fault);
	if (rc == 0 && !recorder_is_gone()) {
		r->truth.now.copies = r->truth.copies_asked;
		r->truth.now.copied = copy.entries;
	}
	return rc;
}

static tote_box *open_copy(struct run *r)
{
	struct tote_box_options options;
	char dir[PLACE_ROOM];
	tote_box *box = NULL;

	snprintf(dir, sizeof(dir), "%s/%s", r->root, COPY_NAME);
	tote_box_options_init(&options, sizeof(options), &r->fault);
	options.flags = TOTE_BOX_READ_ONLY | TOTE_BOX_STILL;
	if (tote_box_open_alone(work_ctx(), dir, &options, &box, &r->fault) < 0)
		run_wrong(r, "the copy does not open: %s", r->fault.text);
	return box;
}

/* It has so many entries or more, each the known one. */
static void compare(struct run *r, uint64_t least)
{
	struct tote_entry e = {.size = sizeof(e)};
	tote_box *box = open_copy(r);
	tote_cursor *cursor = NULL;
	uint64_t count = 0;
	int rc;

	if (!box)
		return;
	rc = tote_cursor_open(box, 0, 0, &cursor, &r->fault);
	while (rc == 0 && (rc = tote_cursor_next(cursor, &e, &r->fault)) == 1) {
		const struct taken *k = &r->truth.entries[e.seq];

		if (e.seq < r->truth.now.entries &&
			(e.length != k->len || memcmp(e.bytes, k->bytes, k->len) != 0))
			run_wrong(r, "entry %" PRIu64 " of the copy has other bytes", e.seq);
		count++;
		rc = 0;
	}
	if (rc < 0)
		run_wrong(r, "reading the copy: %s", r->fault.text);
	else if (count < least)
		run_wrong(r, "the copy has %" PRIu64 " entries, %" PRIu64 " were copied", count,
			least);
	tote_cursor_unref(cursor);
	tote_box_unref(box);
}

void copies_check_image(struct run *r, const struct image *image)
{
	if (!r->truth.now.copied || r->truth.copies_asked > r->truth.now.copies)
		return;
	if (image_find(image, COPY_SIGN))
		run_wrong(r, "a copy that was made is unfinished");
	else
		compare(r, r->truth.now.copied);
}

void copies_check(struct run *r)
{
	if (!r->why[0])
		compare(r, r->truth.now.entries);
}
