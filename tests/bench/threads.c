/* SPDX-License-Identifier: ISC */
/*
 * 64 threads on one handle, one durable append after the other: they are to share their syncs.
 */
#include "ours.h"
#include "peers.h"

enum { OURS, ONE, LEADER, SQLITE, BARE, SIDES };

static void member(void *shared, size_t number)
{
	struct ours *ours = shared;
	size_t i;

	(void)number;
	for (i = 0; i < ours->count / THREADS; i++)
		ours_append(ours->box);
}

static void run_ours(void *state, double value[MEASURES])
{
	struct ours *ours = state;

	value[0] = (double)(ours->count / THREADS * THREADS) / run_threads(THREADS, member, ours);
}

static void run_one(void *state, double value[MEASURES])
{
	struct ours *ours = state;
	size_t count = ours->count / 25, i; /* about as long as the threads take */
	double began = now();

	for (i = 0; i < count; i++)
		ours_append(ours->box);
	value[0] = (double)count / (now() - began);
}

void bench_threads(struct bench *bench)
{
	struct ours ours;
	struct bare group, bare;
	struct peer_db sqlite = {0};
	const struct side sides[SIDES] = {
		[OURS] = {.name = "append", .unit = "/s", .run = run_ours, .state = &ours},
		[ONE] = {.name = "append, one thread",
			.unit = "/s",
			.run = run_one,
			.state = &ours,
			.base = BARE,
			.low = 0.1,
			.high = 4},
		[LEADER] = {.name = "bare group commit",
			.unit = "/s",
			.run = bare_group,
			.state = &group,
			.base = BARE,
			.low = 4,
			.high = 300},
		[SQLITE] = {.name = "SQLite, one insert each",
			.unit = "/s",
			.run = sqlite_threads,
			.state = &sqlite,
			.package = sqlite_package,
			.base = BARE,
			.low = 0.1,
			.high = 4},
		[BARE] = {.name = "bare write and sync",
			.unit = "/s",
			.run = bare_append,
			.state = &bare,
			.base = ABSOLUTE,
			.low = 50,
			.high = 60000}};
	static const struct row rows[] = {
		{"append, 64 threads, 256 bytes", OURS, LEADER, 0, 0, 0.7, NULL},
		{"append, 64 threads, 256 bytes", OURS, ONE, 0, 0, 10, NULL},
		{"append, 64 threads, 256 bytes", OURS, SQLITE, 0, 0, 10, NULL}};

	ours_make(&ours, bench, "threads");
	bare_make(&group, bench, "group.bare", BLOCK);
	bare_make(&bare, bench, "threads.bare", BLOCK);
	sqlite_make(&sqlite, bench, "threads.sqlite");
	ours.count = group.count = THREADS * 10;
	bare.count = sqlite.count = THREADS;
	bench_family(bench, 4 * bench->rounds, sides, SIDES, rows, sizeof(rows) / sizeof(rows[0]));
	ours_drop(&ours);
	bare_drop(&group);
	bare_drop(&bare);
	sqlite_drop(&sqlite);
}
