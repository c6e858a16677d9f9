/* SPDX-License-Identifier: ISC */
/*
 * The library's side of every row: a container made, opened and appended to by public calls alone.
 *
 * It has its signer, so that folds happen when they happen: at the default bound.
 */
#ifndef BENCH_OURS_H
#define BENCH_OURS_H

#include "bench.h"

#include <toteborch.h>

struct ours {
	char root[PATH_LENGTH];
	char location[PATH_LENGTH + 64];
	char key[PATH_LENGTH + 64];
	tote_ctx *ctx;
	tote_box *box;
	size_t count;    /* of appends or batches a run */
	double *latency; /* of each append of all runs so far, in seconds; NULL where nobody asks */
	size_t measured; /* of them */
};

/* Makes a root and a container of that name in the scratch directory and opens it. */
void ours_make(struct ours *ours, const struct bench *bench, const char *name);
void ours_open(struct ours *ours);
void ours_close(struct ours *ours);
void ours_drop(struct ours *ours);

/* Ends the program unless rc is at least 0. */
void ours_must(int rc, const char *what, const struct tote_fault *fault);

/* One durable append of PAYLOAD bytes. */
void ours_append(tote_box *box);
/* One durable batch of BATCH of them. */
void ours_append_batch(tote_box *box);
/* Everything comes under a checkpoint. */
void ours_fold(tote_box *box);
/* The bytes of the last entry of the container. */
size_t ours_entry_length(tote_box *box);

#endif
