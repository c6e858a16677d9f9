/* SPDX-License-Identifier: ISC */
/*
 * Batches of 1,000 records, each batch durable: against the same bytes written and synced bare.
 */
#include "contract.h"
#include "ours.h"
#include "peers.h"

enum { OURS, BARE, SQLITE, LMDB, LIMIT, SIDES };

static void run_ours(void *state, double value[MEASURES])
{
	struct ours *ours = state;
	double began = now();
	size_t i;

	for (i = 0; i < ours->count; i++)
		ours_append_batch(ours->box);
	value[0] = (double)(ours->count * BATCH) / (now() - began);
}

/* Writes of a batch's bytes, counted in entries. */
static void run_bare(void *state, double value[MEASURES])
{
	bare_append(state, value);
	value[0] *= BATCH;
}

void bench_batch(struct bench *bench)
{
	struct ours ours;
	struct bare bare;
	struct contract limit;
	struct peer_db sqlite = {0}, lmdb = {0};
	const struct side sides[SIDES] = {[OURS] = {.name = "append many",
						  .unit = "entries/s",
						  .run = run_ours,
						  .state = &ours},
		[BARE] = {.name = "the same bytes, write and sync",
			.unit = "entries/s",
			.run = run_bare,
			.state = &bare,
			.base = ABSOLUTE,
			.low = 20e3,
			.high = 20e6},
		[SQLITE] = {.name = "SQLite, 1,000 inserts",
			.unit = "entries/s",
			.run = sqlite_batch,
			.state = &sqlite,
			.package = sqlite_package,
			.base = ABSOLUTE,
			.low = 10e3,
			.high = 2e6},
		[LMDB] = {.name = "LMDB, 1,000 puts",
			.unit = "entries/s",
			.run = lmdb_batch,
			.state = &lmdb,
			.package = lmdb_package,
			.base = ABSOLUTE,
			.low = 10e3,
			.high = 4e6},
		[LIMIT] = {.name = "contract limit",
			.unit = "entries/s",
			.run = contract_batch,
			.state = &limit,
			.package = contract_package,
			.base = ABSOLUTE,
			.low = 10e3,
			.high = 20e6}};
	static const struct row rows[] = {{"batches of 1,000", OURS, BARE, 0, 0, 0.4, NULL},
		{"batches of 1,000", OURS, SQLITE, 0, 0, 1.5, NULL},
		{"batches of 1,000", OURS, LMDB, 0, 0, 3, NULL},
		{"batches, of what the format allows", OURS, LIMIT, 0, 0, 0.5, NULL},
		{"the format's writes and hashes, no ledger", LIMIT, BARE, 0, 0, 0, NULL}};

	ours_make(&ours, bench, "batch");
	ours_append_batch(ours.box);
	bare_make(&bare, bench, "batch.bare", BATCH * ours_entry_length(ours.box));
	contract_make(&limit, bench, "batch.limit", ours_entry_length(ours.box));
	sqlite_make(&sqlite, bench, "batch.sqlite");
	lmdb_make(&lmdb, bench, "batch.lmdb");
	ours.count = bare.count = sqlite.count = lmdb.count = bench_size(bench, 50, 3);
	limit.count = ours.count;
	bench_family(bench, bench->rounds, sides, SIDES, rows, sizeof(rows) / sizeof(rows[0]));
	ours_drop(&ours);
	bare_drop(&bare);
	sqlite_drop(&sqlite);
	contract_drop(&limit);
	lmdb_drop(&lmdb);
}
