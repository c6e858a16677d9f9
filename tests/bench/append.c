/* SPDX-License-Identifier: ISC */
/*
 * One thread, one durable append after the other: its rate, and its p99 with the folds that fall
 * into it.
 */
#include "contract.h"
#include "ours.h"
#include "peers.h"

#include <stdlib.h>

enum { OURS, BARE, SQLITE, LIMIT, SIDES };

static void run_ours(void *state, double value[MEASURES])
{
	struct ours *ours = state;
	double began = now(), last = began, at;
	size_t i;

	for (i = 0; i < ours->count; i++) {
		ours_append(ours->box);
		at = now();
		ours->latency[ours->measured++] = at - last;
		last = at;
	}
	value[0] = (double)ours->count / (last - began);
	value[1] = quantile(ours->latency, ours->measured, 0.99) * 1e6;
}

static double *latencies(size_t count)
{
	double *latency = calloc(count, sizeof(*latency));

	if (!latency)
		die("no memory");
	return latency;
}

void bench_append(struct bench *bench)
{
	struct ours ours;
	struct bare bare;
	struct contract limit;
	struct peer_db sqlite = {0};
	/* A sync reaches some device in this range; above it, it reaches none. */
	const struct side sides[SIDES] = {
		[OURS] = {.name = "append", .unit = "/s", .run = run_ours, .state = &ours},
		[BARE] = {.name = "bare write and sync",
			.unit = "/s",
			.run = bare_append,
			.state = &bare,
			.base = ABSOLUTE,
			.low = 50,
			.high = 60000},
		[SQLITE] = {.name = "SQLite, one insert",
			.unit = "/s",
			.run = sqlite_append,
			.state = &sqlite,
			.package = sqlite_package,
			.base = BARE,
			.low = 0.1,
			.high = 3},
		[LIMIT] = {.name = "contract limit: its calls alone",
			.unit = "/s",
			.run = contract_append,
			.state = &limit,
			.base = BARE,
			.low = 0.1,
			.high = 3}};
	static const struct row rows[] = {
		{"append, one thread, 256 bytes", OURS, BARE, 0, 0, 0.85, NULL},
		{"append, one thread, 256 bytes", OURS, SQLITE, 0, 0, 1.1, NULL},
		{"p99 of one append, folds included", OURS, BARE, 1, 1, 1.5, "us"},
		{"append, of what the format's calls allow", OURS, LIMIT, 0, 0, 0.8, NULL},
		{"the format's calls alone, no ledger", LIMIT, BARE, 0, 0, 0, NULL},
		{"the format's calls alone, no ledger", LIMIT, SQLITE, 0, 0, 0, NULL}};

	ours_make(&ours, bench, "append");
	bare_make(&bare, bench, "append.bare", BLOCK);
	sqlite_make(&sqlite, bench, "append.sqlite");
	contract_make(&limit, bench, "append.limit", 0);
	/*
	 * Very short rounds, since a disk's pace changes within a second; over all of them a fold's
	 * bound (16 MiB, a block an append) is passed.
	 */
	ours.count = bare.count = sqlite.count = limit.count = 8;
	ours.latency = latencies(ours.count * ROUNDS_MAX);
	bare.latency = latencies(bare.count * ROUNDS_MAX);
	bench_family(bench, (unsigned)bench_size(bench, 640, 10), sides, SIDES, rows,
		sizeof(rows) / sizeof(rows[0]));
	ours_drop(&ours);
	bare_drop(&bare);
	sqlite_drop(&sqlite);
	contract_drop(&limit);
}
