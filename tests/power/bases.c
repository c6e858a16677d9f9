/* SPDX-License-Identifier: ISC */
/*
 * The containers that stories begin with.
 */
#include "base/buf.h"
#include "power/files.h"
#include "ledger/segment.h"
#include "power/plan.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALL 40
#define LARGE 65000 /* of an entry of at most 65,535 bytes */

static void must(struct run *r, const char *calls)
{
	for (; *calls; calls++) {
		if (run_call(r, *calls) == 0)
			continue;
		fprintf(stderr, "power: making a base: call %c: %s\n", *calls, r->fault.text);
		exit(2);
	}
}

static void fill(struct run *r, int which)
{
	switch (which) {
	case BASE_KEPT:
	case BASE_OLD: /* 300 entries, 20 of them in the journal alone */
		run_fill(r, 278, 100, SMALL);
		must(r, "f");
		run_fill(r, 20, 20, SMALL);
		break;
	case BASE_EDGE: /* the next calls complete the first bundle and its tile, and make the journal longer */
		run_fill(r, 230, 100, SMALL);
		must(r, "f");
		run_fill_segment(r, 0, 2 * BLOCK, SMALL);
		run_fill(r, 254 - r->truth.now.entries, 254, SMALL);
		break;
	case BASE_FULL: /* the next group needs a new segment, the next fold removes the old one */
		run_fill(r, 252, 63, LARGE);
		run_fill(r, 6, 6, SMALL);
		must(r, "f");
		run_fill_segment(r, SEGMENT_MAX_BYTES, 20 * BLOCK, 15 * BLOCK);
		run_fill_segment(r, SEGMENT_MAX_BYTES, 0, SMALL);
		break;
	case BASE_DAMAGED: /* five are whole, of the five behind them and of ten more nothing is left */
		run_fill(r, 278, 100, SMALL);
		must(r, "f");
		run_fill(r, 10, 5, SMALL);
		run_fill(r, 10, 10, SMALL);
		break;
	default:
		break;
	}
}

/* The group that begins with entry seq loses a bit, and it is known outside what that costs. */
static void rot(struct base *b, uint64_t seq)
{
	const int segment = image_find(&b->image, "/box/ledger/journal/00000000000000000000");
	struct blob *journal = &b->image.nodes[segment].blob;

	for (size_t i = 0; segment && i < journal->count; i++) {
		const uint8_t *was = journal->blocks[i];
		uint8_t *rotten;

		if (!was || memcmp(was, "totegrp\n", 8) != 0 || tote__load_u64(was + 8) != seq)
			continue;
		rotten = arena_new(&b->arena, BLOCK);
		memcpy(rotten, was, BLOCK);
		rotten[100] ^= 1;
		journal->blocks[i] = rotten;
		b->truth.damaged = 1;
		b->truth.now.entries = (size_t)seq;
	}
	if (!b->truth.damaged) {
		fprintf(stderr, "power: making a base: no group begins with that entry\n");
		exit(2);
	}
}

/* Everything that was done is on the disk. */
static void settle(struct base *b, struct run *r)
{
	const struct op all = {.kind = OP_SYNC_ALL};
	const struct choice choice = {CHOOSE_ALL, 0};
	struct oplog log;
	struct disk disk;

	recorder_take(&log);
	disk_init(&disk, &b->arena, r->truth.rooted ? work_void() : work_nothing());
	for (size_t i = 0; i < log.count; i++)
		disk_apply(&disk, &log.ops[i]);
	disk_apply(&disk, &all);
	disk_choose(&disk, &choice, &b->arena, &b->image);
	free(log.ops);
	b->truth = r->truth;
	b->truth.promise_count = 0; /* the newest is `now` */
	run_drop(r);
	arena_join(&b->arena, &r->arena);
	files_empty(r->root);
}

static void make(struct power *p, struct base *b, int which)
{
	static const char *const begin[BASES] = {[BASE_FRESH] = "c",
		[BASE_NAMED] = "c",
		[BASE_OLD] = "cs",
		[BASE_EDGE] = "cs",
		[BASE_FULL] = "cs",
		[BASE_DAMAGED] = "cs",
		[BASE_ROOT] = "i",
		[BASE_MADE] = "c",
		[BASE_KEPT] = "cs"};
	struct truth none = {.entries = NULL, .rooted = which >= BASE_VOID};
	struct run r;

	run_begin(&r, p->root[0], none.rooted ? work_void() : work_nothing(), &none, SIZE_MAX);
	if (begin[which])
		must(&r, begin[which]);
	fill(&r, which);
	if (r.why[0]) {
		fprintf(stderr, "power: making a base: %s\n", r.why);
		exit(2);
	}
	settle(b, &r);
	if (which == BASE_DAMAGED)
		rot(b, b->truth.now.entries - 15);
}

void bases_make(struct power *p, struct base bases[BASES], int with_full)
{
	static const char *const names[BASES] = {"nothing", "fresh", "named", "old", "edge", "full",
		"damaged", "void", "root", "made", "kept"};

	recorder_refuse_tmpfile(0);
	for (int i = 0; i < BASES; i++) {
		memset(&bases[i], 0, sizeof(bases[i]));
		bases[i].name = names[i];
		bases[i].named = i == BASE_NAMED;
		if (i != BASE_FULL || with_full)
			make(p, &bases[i], i);
	}
}

void bases_free(struct base bases[BASES])
{
	for (int i = 0; i < BASES; i++)
		arena_free(&bases[i].arena);
}
