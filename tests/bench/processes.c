/* SPDX-License-Identifier: ISC */
/*
 * 8 processes on one container, each with a handle of its own, each append durable. What a handle
 * reads once, at its first append, is not measured here: every process makes one before the start.
 */
#include "contract.h"
#include "ours.h"
#include "peers.h"

enum { OURS, LOCKED, BARE, LIMIT, SIDES };

static void *open_own(void *shared, size_t number)
{
	struct ours *ours = shared;

	(void)number;
	ours_open(ours);
	ours_append(ours->box);
	return ours;
}

static void append_own(void *prepared, size_t number)
{
	struct ours *ours = prepared;
	size_t i;

	(void)number;
	for (i = 0; i < ours->count / PROCESSES; i++)
		ours_append(ours->box);
}

static void run_ours(void *state, double value[MEASURES])
{
	struct ours *ours = state;

	value[0] = (double)(ours->count / PROCESSES * PROCESSES) /
		   run_processes(PROCESSES, open_own, append_own, ours);
}

void bench_processes(struct bench *bench)
{
	struct ours ours;
	struct bare locked, bare;
	struct contract limit;
	const struct side sides[SIDES] = {
		[OURS] = {.name = "append", .unit = "/s", .run = run_ours, .state = &ours},
		[LOCKED] = {.name = "lock, write, sync, unlock",
			.unit = "/s",
			.run = bare_processes,
			.state = &locked,
			.base = BARE,
			.low = 0.1,
			.high = 4},
		[BARE] = {.name = "bare write and sync",
			.unit = "/s",
			.run = bare_append,
			.state = &bare,
			.base = ABSOLUTE,
			.low = 50,
			.high = 60000},
		[LIMIT] = {.name = "contract limit: its calls alone",
			.unit = "/s",
			.run = contract_processes,
			.state = &limit,
			.base = BARE,
			.low = 0.1,
			.high = 4}};
	static const struct row rows[] = {
		{"append, 8 processes on one container", OURS, LOCKED, 0, 0, 0.8, NULL},
		{"8 processes, of what the format's calls allow", OURS, LIMIT, 0, 0, 0.8, NULL},
		{"the format's calls alone by 8 processes", LIMIT, LOCKED, 0, 0, 0, NULL}};

	ours_make(&ours, bench, "processes");
	ours_close(&ours); /* a child takes no handle of its parent's */
	bare_make(&locked, bench, "locked.bare", BLOCK);
	bare_make(&bare, bench, "processes.bare", BLOCK);
	contract_make(&limit, bench, "processes.limit", 0);
	ours.count = locked.count = limit.count = PROCESSES * 25;
	bare.count = 40;
	bench_family(bench, 2 * bench->rounds, sides, SIDES, rows, sizeof(rows) / sizeof(rows[0]));
	ours_drop(&ours);
	bare_drop(&locked);
	bare_drop(&bare);
	contract_drop(&limit);
}
