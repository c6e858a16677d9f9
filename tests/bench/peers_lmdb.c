/* SPDX-License-Identifier: ISC */
/*
 * LMDB: the same payloads under ascending keys, appended, each transaction durable as it comes.
 */
#include "peers.h"

#ifndef BENCH_LMDB

const char *const lmdb_package = "liblmdb-dev";

void lmdb_make(struct peer_db *db, const struct bench *bench, const char *name)
{
	(void)db, (void)bench, (void)name;
}

void lmdb_drop(struct peer_db *db)
{
	(void)db;
}

void lmdb_batch(void *state, double value[MEASURES])
{
	(void)state, (void)value;
}

#else

#include <lmdb.h>
#include <stdlib.h>

#define MAP_BYTES ((size_t)16 << 30) /* of addresses; the file grows as it is filled */

const char *const lmdb_package = NULL;

struct lmdb {
	MDB_env *env;
	MDB_dbi table;
	uint64_t next;
};

static void must(int rc)
{
	if (rc)
		die("lmdb: %s", mdb_strerror(rc));
}

void lmdb_make(struct peer_db *db, const struct bench *bench, const char *name)
{
	struct lmdb *lmdb = calloc(1, sizeof(*lmdb));
	char path[PATH_LENGTH];
	MDB_txn *txn;

	if (!lmdb)
		die("no memory");
	must(mdb_env_create(&lmdb->env));
	must(mdb_env_set_mapsize(lmdb->env, MAP_BYTES));
	must(mdb_env_open(lmdb->env, bench_path(bench, path, name), MDB_NOSUBDIR, 0600));
	must(mdb_txn_begin(lmdb->env, NULL, 0, &txn));
	must(mdb_dbi_open(txn, NULL, 0, &lmdb->table));
	must(mdb_txn_commit(txn));
	db->handle = lmdb;
}

void lmdb_drop(struct peer_db *db)
{
	struct lmdb *lmdb = db->handle;

	mdb_env_close(lmdb->env);
	free(lmdb);
	db->handle = NULL;
}

static void put_next(struct lmdb *lmdb, MDB_txn *txn)
{
	static char payload[PAYLOAD];
	unsigned char number[8];
	MDB_val key = {sizeof(number), number}, value = {PAYLOAD, payload};
	unsigned i;

	for (i = 0; i < 8; i++)
		number[i] = (unsigned char)(lmdb->next >> (56 - 8 * i));
	lmdb->next++;
	must(mdb_put(txn, lmdb->table, &key, &value, MDB_APPEND));
}

void lmdb_batch(void *state, double value[MEASURES])
{
	struct peer_db *db = state;
	struct lmdb *lmdb = db->handle;
	double began = now();
	MDB_txn *txn;
	size_t i, j;

	for (i = 0; i < db->count; i++) {
		must(mdb_txn_begin(lmdb->env, NULL, 0, &txn));
		for (j = 0; j < BATCH; j++)
			put_next(lmdb, txn);
		must(mdb_txn_commit(txn));
	}
	value[0] = (double)(db->count * BATCH) / (now() - began);
}

#endif
