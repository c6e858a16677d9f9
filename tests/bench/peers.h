/* SPDX-License-Identifier: ISC */
/*
 * The peers: the same work without a ledger (bare files), and with two databases.
 *
 * A peer that was not built has a package that would bring it; NULL says that it is here.
 */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H

#include "bench.h"

/* A zeroed, synced file that is written block by block, over and over. */
struct bare {
	int fd;
	size_t size;     /* of the file, in bytes */
	size_t block;    /* of one write, in bytes */
	size_t count;    /* of writes a run */
	size_t at;       /* where the next write goes */
	double *latency; /* with measured as of struct ours */
	size_t measured;
	char *bytes;
	char path[PATH_LENGTH];
};

void bare_make(struct bare *bare, const struct bench *bench, const char *name, size_t block);
void bare_drop(struct bare *bare);
void bare_append(void *state, double value[MEASURES]);    /* one thread: write, sync */
void bare_group(void *state, double value[MEASURES]);     /* THREADS threads behind a leader */
void bare_processes(void *state, double value[MEASURES]); /* lock, write, sync, unlock */

struct peer_db {
	void *handle;
	size_t count; /* of inserts, or batches, a run */
};

extern const char *const sqlite_package;
void sqlite_make(struct peer_db *db, const struct bench *bench, const char *name);
void sqlite_drop(struct peer_db *db);
void sqlite_append(void *state, double value[MEASURES]);
void sqlite_threads(void *state, double value[MEASURES]);
void sqlite_batch(void *state, double value[MEASURES]);

extern const char *const lmdb_package;
void lmdb_make(struct peer_db *db, const struct bench *bench, const char *name);
void lmdb_drop(struct peer_db *db);
void lmdb_batch(void *state, double value[MEASURES]);

#endif
