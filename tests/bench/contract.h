/* SPDX-License-Identifier: ISC */
/*
 * The contract's limit: the calls and the hashes that FORMAT asks for, and nothing else. No entry is
 * made or checked here, nothing is parsed and nothing could go wrong: what a ledger costs above a
 * bare file before a line of its own code has run.
 */
#ifndef BENCH_CONTRACT_H
#define BENCH_CONTRACT_H

#include "peers.h"

struct contract {
	struct bare group;   /* one append's group, in a zeroed file */
	size_t entry, count; /* bytes of an entry; appends or batches a run */
	char directory[PATH_LENGTH];
	int log, segment;  /* descriptors */
	size_t zeroed, at; /* of the segment */
	size_t pending;    /* entries that no bundle holds yet */
	size_t files;      /* bundles and tiles so far */
	struct digester *digester;
	unsigned char *bytes; /* of a batch */
};

extern const char *const contract_package; /* for batches alone */
void contract_make(
	struct contract *contract, const struct bench *bench, const char *name, size_t entry);
void contract_drop(struct contract *contract);
/* Who waits, byte 0, paths, line, `busy`, group, sync, mark with `idle`, byte 0 let go, who waits. */
void contract_append(void *state, double value[MEASURES]);
void contract_processes(void *state, double value[MEASURES]); /* the same by PROCESSES processes */
/*
 * Zeros synced, groups over them synced, each entry hashed; at 16 MiB its fold: bundles and tiles
 * synced and named, read back from the device and hashed again with their tree.
 */
void contract_batch(void *state, double value[MEASURES]);

#endif
