/* SPDX-License-Identifier: ISC */
/*
 * What a run does through an orchestrator.
 */
#include "power/root.h"
#include "orchestrator/orchestrator.h"
#include "tlog/checkpoint.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID     "contracts"
#define ORIGIN "archive.example.com/acme"
#define ACTOR  "alice@counsel"

static const char *root_path(const struct run *r, char out[PLACE_ROOM])
{
	snprintf(out, PLACE_ROOM, "%s/%s", r->root, ROOT_NAME);
	return out;
}

static int open_root(struct run *r)
{
	char path[PLACE_ROOM];

	if (r->o)
		return 0;
	return tote_orchestrator_open(work_ctx(), root_path(r, path), 0, &r->o, &r->fault);
}

int root_init(struct run *r)
{
	char path[PLACE_ROOM];
	int rc =
		tote_orchestrator_init(work_ctx(), root_path(r, path), ORIGIN, ACTOR, 0, &r->fault);

	/* an earlier call may have come to its end and not told it */
	return rc == TOTE_E_EXISTS && !r->truth.now.made ? open_root(r) : rc;
}

int root_create(struct run *r)
{
	int rc = r->truth.now.made ? 0 : root_init(r);

	if (rc == 0)
		rc = open_root(r);
	if (rc == 0)
		rc = tote_orchestrator_provision(r->o, ID, NULL, NULL, &r->fault);
	if (rc == 0)
		rc = tote_box_open(r->o, ID, NULL, &r->box, &r->fault);
	return rc;
}

tote_box *root_box(struct run *r, uint32_t flags)
{
	struct tote_box_options options;
	tote_box *box = NULL;

	if (open_root(r) < 0)
		return NULL;
	tote_box_options_init(&options, sizeof(options), &r->fault);
	options.flags = flags;
	return tote_box_open(r->o, ID, &options, &box, &r->fault) < 0 ? NULL : box;
}

int root_move(struct run *r, uint32_t to)
{
	return tote_orchestrator_set_state(
		r->o, ID, to, "bob@counsel", "of the harness", 0, &r->fault);
}

/*
 * What a takeover brings to light, a move that no reader could see yet, is completed in the record
 * when the container is opened next.
 */
int root_recover(struct run *r)
{
	int rc = tote_box_recover(r->box, &r->fault);

	if (rc == 0)
		rc = tote__orchestrator_records(r->o, &r->fault);
	if (rc == 0)
		rc = tote__ledger_recover(r->o->record->ledger, &r->fault);
	if (rc < 0)
		return rc;
	r->box = tote_box_unref(r->box);
	r->box = root_box(r, 0);
	return r->box ? 0 : r->fault.code;
}

/* --- audits --------------------------------------------------------------------------------- */

/* A power cut is no damage, and what it leaves is settled before it is judged. */
static void hear(struct run *r, tote_audit *audit)
{
	struct tote_finding f = {.size = sizeof(f)};
	struct tote_fault unused = {0};

	while (tote_audit_next_finding(audit, &f, &unused) > 0)
		if (!(f.flags & TOTE_FINDING_INFORMATION))
			run_wrong(r, "an audit of %s finds TOTE-%04d %s (expected %s, found %s)",
				f.container, f.code, f.path, f.expected, f.found);
}

int root_audit(struct run *r)
{
	uint32_t worst = TOTE_VERDICT_NONE;
	tote_audit *audit;
	int rc = open_root(r);

	if (rc == 0)
		rc = tote_audit_start(r->o, NULL, &audit, &r->fault);
	if (rc < 0)
		return rc;
	while ((rc = tote_audit_step(audit, 0, 0, &r->fault)) > 0)
		continue;
	if (rc == 0)
		rc = tote_audit_worst(audit, &worst, &r->fault);
	if (rc == 0 && !recorder_is_gone() && !recorder_failed()) {
		hear(r, audit);
		if (worst != TOTE_VERDICT_OK)
			run_wrong(r, "the verdict of an audit is %u", worst);
	}
	if (rc < 0) {
		tote_audit_unref(audit);
		return rc;
	}
	return tote_audit_close(audit, &r->fault);
}

int root_witness(struct run *r)
{
	uint64_t size = 0;
	int rc = tote_orchestrator_witness(r->o, ID, 0, &size, &r->fault);

	if (rc == 0 && !recorder_is_gone() && size > r->truth.now.seen)
		r->truth.now.seen = size;
	return rc;
}

/* --- the record ----------------------------------------------------------------------------- */

/* From that seq on; each gets what is left of the record. */
static void read_record(struct run *r, uint64_t from,
	void (*each)(struct run *r, const struct tote_entry *e), uint64_t *ret_count)
{
	struct tote_entry e = {.size = sizeof(e)};
	struct tote_fault fault = {0};
	tote_cursor *cursor = NULL;
	tote_box *record = NULL;
	int rc = open_root(r);

	*ret_count = 0;
	if (rc == 0)
		rc = tote_orchestrator_record(r->o, &record, &fault);
	if (rc == 0)
		rc = tote_cursor_open(record, from, 0, &cursor, &fault);
	while (rc == 0 && !r->why[0] && (rc = tote_cursor_next(cursor, &e, &fault)) == 1) {
		each(r, &e);
		++*ret_count;
		rc = 0;
	}
	if (rc < 0)
		run_wrong(r, "reading the consolidated record from %" PRIu64 " on: %s", from,
			fault.text);
	tote_cursor_unref(cursor);
	tote_box_unref(record);
}

static void keep_record(struct run *r, const struct tote_entry *e)
{
	struct truth *t = &r->truth;
	struct taken *k;
	uint8_t *copy;

	if (t->now.records == t->record_cap) {
		fprintf(stderr, "power: too many entries of the record in a run\n");
		exit(2);
	}
	copy = arena_new(&r->arena, e->length);
	memcpy(copy, e->bytes, e->length);
	k = &t->records[t->now.records++];
	*k = (struct taken){.bytes = copy, .len = e->length};
}

static void compare_record(struct run *r, const struct tote_entry *e)
{
	const struct taken *k = &r->truth.records[e->seq];

	if (e->seq < r->truth.now.records &&
		(e->length != k->len || memcmp(e->bytes, k->bytes, k->len) != 0))
		run_wrong(r,
			"entry %" PRIu64 " of the consolidated record has other bytes than were "
			"promised",
			e->seq);
}

void root_take(struct run *r)
{
	struct tote_container c = {.size = sizeof(c)};
	struct tote_fault unused = {0};
	uint64_t count;

	r->truth.now.made = 1;
	read_record(r, r->truth.now.records, keep_record, &count);
	if (!r->truth.vkey[0] && r->o && tote_orchestrator_find(r->o, ID, &c, &unused) == 0)
		snprintf(r->truth.vkey, sizeof(r->truth.vkey), "%s", c.vkey);
}

void root_compare(struct run *r)
{
	uint64_t count;

	read_record(r, 0, compare_record, &count);
	if (!r->why[0] && count < r->truth.now.records)
		run_wrong(r, "the consolidated record has %" PRIu64 " entries, %zu were promised",
			count, r->truth.now.records);
}

/* --- the image ------------------------------------------------------------------------------ */

/* The tree that a note on the image speaks of, and how many signatures it bears; 0 where none is. */
static uint64_t note_on(
	struct run *r, const struct image *image, const char *path, size_t *ret_signatures)
{
	struct tote_fault fault = {0};
	struct checkpoint c = {.size = 0};
	const int node = image_find(image, path);
	struct note note;
	char bytes[8192];
	size_t len;

	*ret_signatures = 0;
	if (!node)
		return 0;
	len = image_read(image, node, bytes, sizeof(bytes));
	if (tote__checkpoint_read(bytes, len, &note, &c, &fault) < 0)
		run_wrong(r, "%s is no checkpoint: %s", path, fault.text);
	else
		*ret_signatures = note.sig_count;
	return c.size;
}

void root_check_image(struct run *r, const struct image *image)
{
	const char *const above = "/" ROOT_NAME "/orchestrator";
	char path[PLACE_ROOM];
	size_t lines, unused;
	uint64_t published, last, seen;

	published = note_on(r, image, "/" ROOT_PLACE "/ledger/log/checkpoint", &lines);
	snprintf(path, sizeof(path), "%s/keys/" ID ".last", above);
	last = note_on(r, image, path, &unused);
	snprintf(path, sizeof(path), "%s/seen/" ID, above);
	seen = note_on(r, image, path, &unused);
	if (last < published)
		run_wrong(r, "the checkpoint covers %" PRIu64 " entries, " ID ".last only %" PRIu64,
			published, last);
	if (lines > 1 && seen < published)
		run_wrong(r,
			"a cosignature over %" PRIu64 " entries was released, seen/" ID
			" covers only %" PRIu64,
			published, seen);
	if (published && published == r->truth.now.seen && lines < 2)
		run_wrong(r, "%" PRIu64 " entries were cosigned, and the line is not there",
			published);
	if (seen < r->truth.now.seen)
		run_wrong(r, "%" PRIu64 " entries were cosigned, seen/" ID " covers %" PRIu64,
			r->truth.now.seen, seen);
	snprintf(path, sizeof(path), "%s/ledger/log/checkpoint", above);
	published = note_on(r, image, path, &unused);
	snprintf(path, sizeof(path), "%s/keys/orchestrator.last", above);
	last = note_on(r, image, path, &unused);
	if (last < published)
		run_wrong(r,
			"the record's checkpoint covers %" PRIu64
			" entries, orchestrator.last only %" PRIu64,
			published, last);
}
