/* SPDX-License-Identifier: ISC */
/*
 * What a replay leaves behind: the damage that it concluded, and its groups, read again by those who
 * hold the result.
 */
#include "ledger/scan.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void tote__scan_conclude(struct scan *s, uint64_t seq, const struct tote_fault *why)
{
	if (s->out->damaged)
		return;
	s->out->damaged = 1;
	s->out->damaged_at = seq;
	s->out->why = *why;
	s->out->why.code = TOTE_E_DAMAGED;
	tote__fault_set_seq(&s->out->why, seq);
}

void tote__scan_damage(struct scan *s, uint64_t seq, const char *fmt, ...)
{
	struct tote_fault why;
	char text[sizeof(why.text)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	memset(&why, 0, sizeof(why));
	tote__fault(&why, TOTE_E_DAMAGED, "%s", text);
	tote__scan_conclude(s, seq, &why);
}

void tote__replay_free(struct replay *r)
{
	if (!r->heap)
		return;
	tote__buf_free(&r->note);
	tote__heap_free(r->heap, r->groups);
	tote__heap_free(r->heap, r->segments);
	memset(r, 0, sizeof(*r));
}

int tote__group_load(const struct place *place, const struct hasher *engine,
	const struct group_place *at, struct buf *out, struct tote_fault *fault)
{
	uint8_t prev[HASH_LEN];
	struct segfile f;
	struct group g;
	int r = tote__segfile_open(&f, place, at->segment, fault);

	if (r < 0)
		return r;
	r = f.state == SEGFILE_GOOD
		    ? tote__segfile_group(&f, at->offset, engine, &g, out, prev, fault)
		    : 0;
	tote__segfile_close(&f);
	if (r < 0)
		return r;
	if (!r || g.first_seq != at->group.first_seq || g.count != at->group.count ||
		memcmp(g.last_leaf, at->group.last_leaf, HASH_LEN) != 0) {
		tote__fault(fault, TOTE_E_DAMAGED,
			"journal segment %020" PRIu64 ": the group of entry %" PRIu64
			" at byte %" PRIu64 " is not valid any more",
			at->segment, at->group.first_seq, at->offset);
		tote__fault_set_seq(fault, at->group.first_seq);
		return TOTE_E_DAMAGED;
	}
	return 0;
}
