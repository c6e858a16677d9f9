/* SPDX-License-Identifier: ISC */
/*
 * The demonstration: what its chapters share. Whatever it prints was done, and whatever number it
 * prints was measured.
 */
#ifndef TOTECTL_DEMO_H
#define TOTECTL_DEMO_H

#include <stdio.h>
#include <sys/stat.h>

#include "args.h"

#define DEMO_ASSETS  2000u
#define DEMO_RECORDS 20000u
#define DEMO_PART    49152u /* bytes of a payload: an entry has 64 KiB for all of itself */

struct demo {
	struct call *call;
	char scratch[1024];
	char root[1100];
	char damaged[1100];
	char program[4096];
	int64_t began;
	uint64_t assets, asset_bytes;
	int64_t asset_us;
	uint64_t records, record_bytes;
	int64_t record_us;
	int failed; /* something was not as it should be */
};

/* A line of the story; nothing with --json. */
__attribute__((format(printf, 2, 3))) void demo_say(const struct demo *d, const char *format, ...);
/* Shows a command line and runs it, -C ROOT being put first. wanted: what it should exit with. */
int demo_run(struct demo *d, const char *root, int wanted, const char *const *words);
/* As demo_run with stdout into a file; note: how the redirection looks. */
int demo_run_into(struct demo *d, const char *root, const char *const *words, const char *file,
	const char *note);

/* Chapters that fill a container; each opens what it needs and gives 0 or an exit code. */
int demo_contracts(struct demo *d);
int demo_finance(struct demo *d);
int demo_correspondence(struct demo *d);
/* Copies the root, damages the copy, has it audited, and compares the flags with what was done. */
int demo_damage(struct demo *d);

/* ---- records in batches ---- */

struct batch;

/* Appends to the container of that ID. NULL: it failed, and the error was printed. */
struct batch *batch_new(struct demo *d, const char *id);
/* fields: pairs of key and value, NULL at the end. A value that is empty is left out. */
int batch_add(struct batch *b, const char *kind, const char *actor, const char *const *fields,
	const void *payload, size_t length);
/* Whether one more record is wanted: nothing failed and the limit is not reached. */
int batch_wants(const struct batch *b);
uint64_t batch_count(const struct batch *b);
/* Appends what is left, closes the box, says what it saw, and gives 0 or an exit code. */
int batch_end(struct batch *b, const char *what);

/* ---- files ---- */

/* Every file and directory below dir, a directory before what is in it, links not followed. */
int tree_walk(const char *dir, int (*visit)(void *user, const char *path, const struct stat *st),
	void *user);
/* The bytes of a file of at most max bytes, or NULL. */
char *demo_slurp(const char *path, size_t max, size_t *ret_length);
/* Any readable texts of the machine as records: what stands in where there is nothing better. */
void demo_texts(struct batch *b);

#endif
