/* SPDX-License-Identifier: ISC */
/*
 * Many entries, without asking for each: what a base needs.
 */
#include "ledger/ledger_impl.h"
#include "power/entries.h"
#include <stdio.h>
#include <stdlib.h>

static _Noreturn void give_up(const struct run *r)
{
	fprintf(stderr, "power: filling a base: %s\n", r->fault.text);
	exit(2);
}

static void fill_once(struct run *r, size_t count, const uint8_t *payload, size_t bytes)
{
	struct tote_record *records = calloc(count, sizeof(*records));

	if (!records)
		exit(2);
	for (size_t i = 0; i < count; i++) {
		records[i].kind = "record";
		records[i].payload = payload;
		records[i].payload_length = bytes;
	}
	if (tote_box_append_many(r->box, records, count, TOTE_SEQ_ANY, 0, NULL, &r->fault) < 0)
		give_up(r);
	free(records);
}

static uint64_t left_in_segment(const struct run *r, uint64_t segment)
{
	const struct ledger *l = r->box->ledger;

	return (segment ? segment : l->tail.bytes) - l->now.next_offset;
}

static void fill(struct run *r, size_t count, size_t in_a_call, uint64_t segment, uint64_t room,
	size_t bytes)
{
	uint8_t *payload = calloc(1, bytes + 1);
	size_t done = 0;

	if (!payload)
		exit(2);
	while (count ? done < count : left_in_segment(r, segment) > room) {
		const size_t now = count && count - done < in_a_call ? count - done : in_a_call;

		fill_once(r, now, payload, bytes);
		done += now;
	}
	free(payload);
	entries_room(r, done + 64);
	entries_trust(r);
}

void run_fill(struct run *r, size_t count, size_t in_a_call, size_t bytes)
{
	fill(r, count, in_a_call, 0, 0, bytes);
}

void run_fill_segment(struct run *r, uint64_t segment, uint64_t room, size_t bytes)
{
	fill(r, 0, 1, segment, room, bytes);
}
