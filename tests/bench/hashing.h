/* SPDX-License-Identifier: ISC */
/*
 * The peers of verification, by the same libcrypto on all processors: SHA-256 of the same bytes, and
 * what RFC 6962 asks for at least, a leaf hash and a node hash an entry.
 */
#ifndef BENCH_HASHING_H
#define BENCH_HASHING_H

#include "bench.h"

struct hashing {
	size_t entries; /* what the rate is counted in */
	struct mapped *files;
	size_t count, room;
};

extern const char *const hashing_package;
void hashing_make(struct hashing *hashing, const char *directory, size_t entries);
void hashing_drop(struct hashing *hashing);
void hashing_run(void *state, double value[MEASURES]);
void hashing_run_tree(void *state, double value[MEASURES]);

#endif
