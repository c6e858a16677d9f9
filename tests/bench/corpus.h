/* SPDX-License-Identifier: ISC */
/*
 * A container with so many assets of one size, and what is done with their files around a clock:
 * all of them brought into the page cache, or thrown out of it.
 */
#ifndef BENCH_CORPUS_H
#define BENCH_CORPUS_H

#include "ours.h"

#define CORPUS_PATH 48u

struct corpus {
	struct ours ours;
	char assets[PATH_LENGTH + 80]; /* the directory */
	char list[PATH_LENGTH];        /* a file: their paths in it, each with a NUL */
	size_t count, size;
	uint32_t level, flags; /* of the audit, for audit_run */
	unsigned readers;      /* of the bare loop */
	int cold, direct;
	int gently; /* a smoke run does not throw out what others have in memory */
};

/* Made, folded and closed; of a large size each is written as a file first. */
void corpus_make(struct corpus *corpus, const struct bench *bench, const char *name, size_t count,
	size_t size);
/* The path of one asset, below assets/. */
const char *corpus_path(char out[CORPUS_PATH], size_t number);

void corpus_warm(const struct corpus *corpus);
void corpus_chill(const struct corpus *corpus);
/* "drop_caches", or what is done without the right to that. */
const char *corpus_chilled_by(const struct corpus *corpus);

#endif
