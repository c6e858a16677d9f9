/* SPDX-License-Identifier: ISC */
/*
 * SQLite: the same payloads in a table with a running number, WAL, synchronous=FULL, all else as
 * it comes. The threads share one connection in serialized mode: with a connection each, they wait
 * in the busy handler and are slower.
 */
#include "peers.h"

#ifndef BENCH_SQLITE

const char *const sqlite_package = "libsqlite3-dev";

void sqlite_make(struct peer_db *db, const struct bench *bench, const char *name)
{
	(void)db, (void)bench, (void)name;
}

void sqlite_drop(struct peer_db *db)
{
	(void)db;
}

void sqlite_append(void *state, double value[MEASURES])
{
	(void)state, (void)value;
}

void sqlite_threads(void *state, double value[MEASURES])
{
	(void)state, (void)value;
}

void sqlite_batch(void *state, double value[MEASURES])
{
	(void)state, (void)value;
}

#else

#include <sqlite3.h>
#include <string.h>

const char *const sqlite_package = NULL;

static void must(sqlite3 *sqlite, int rc, int wanted)
{
	if (rc != wanted)
		die("sqlite: %s", sqlite ? sqlite3_errmsg(sqlite) : sqlite3_errstr(rc));
}

static void run_sql(sqlite3 *sqlite, const char *sql)
{
	must(sqlite, sqlite3_exec(sqlite, sql, NULL, NULL, NULL), SQLITE_OK);
}

void sqlite_make(struct peer_db *db, const struct bench *bench, const char *name)
{
	char path[PATH_LENGTH];
	sqlite3 *sqlite = NULL;

	must(sqlite,
		sqlite3_open_v2(bench_path(bench, path, name), &sqlite,
			SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, NULL),
		SQLITE_OK);
	run_sql(sqlite, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
			"CREATE TABLE entry (seq INTEGER PRIMARY KEY, kind TEXT, payload BLOB)");
	db->handle = sqlite;
}

void sqlite_drop(struct peer_db *db)
{
	must(db->handle, sqlite3_close(db->handle), SQLITE_OK);
	db->handle = NULL;
}

static sqlite3_stmt *insert_new(sqlite3 *sqlite)
{
	static const char payload[PAYLOAD];
	sqlite3_stmt *insert;

	must(sqlite,
		sqlite3_prepare_v2(sqlite, "INSERT INTO entry (kind, payload) VALUES ('record', ?)",
			-1, &insert, NULL),
		SQLITE_OK);
	must(sqlite, sqlite3_bind_blob(insert, 1, payload, PAYLOAD, SQLITE_STATIC), SQLITE_OK);
	return insert;
}

static void insert_rows(sqlite3 *sqlite, sqlite3_stmt *insert, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		must(sqlite, sqlite3_step(insert), SQLITE_DONE);
		must(sqlite, sqlite3_reset(insert), SQLITE_OK);
	}
}

void sqlite_append(void *state, double value[MEASURES])
{
	struct peer_db *db = state;
	sqlite3_stmt *insert = insert_new(db->handle);
	double began = now();

	insert_rows(db->handle, insert, db->count);
	value[0] = (double)db->count / (now() - began);
	sqlite3_finalize(insert);
}

static void member(void *shared, size_t number)
{
	struct peer_db *db = shared;
	sqlite3_stmt *insert = insert_new(db->handle);

	(void)number;
	insert_rows(db->handle, insert, db->count / THREADS);
	sqlite3_finalize(insert);
}

void sqlite_threads(void *state, double value[MEASURES])
{
	struct peer_db *db = state;

	value[0] = (double)(db->count / THREADS * THREADS) / run_threads(THREADS, member, db);
}

void sqlite_batch(void *state, double value[MEASURES])
{
	struct peer_db *db = state;
	sqlite3_stmt *insert = insert_new(db->handle);
	double began = now();
	size_t i;

	for (i = 0; i < db->count; i++) {
		run_sql(db->handle, "BEGIN IMMEDIATE");
		insert_rows(db->handle, insert, BATCH);
		run_sql(db->handle, "COMMIT");
	}
	value[0] = (double)(db->count * BATCH) / (now() - began);
	sqlite3_finalize(insert);
}

#endif
