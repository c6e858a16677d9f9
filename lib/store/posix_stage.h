/* SPDX-License-Identifier: ISC */
/*
 * Sealing in a directory tree (FORMAT section 7): nameless files, their number, their path.
 */
#ifndef STORE_POSIX_STAGE_H
#define STORE_POSIX_STAGE_H

#include "store/store.h"

#define POSIX_STAGES_MAX 16

int tote__posix_stage_begin(void *place, void **ret_stage, struct tote_fault *fault);
int tote__posix_stage_write(void *stage, const void *data, size_t len, struct tote_fault *fault);
int tote__posix_stage_sync(void *const *stages, size_t count, struct tote_fault *fault);
int tote__posix_stage_keep(void *stage, uint64_t seq, struct tote_fault *fault);
void tote__posix_stage_close(void *stage);
int tote__posix_make_parents(void *place, const char *path, struct tote_fault *fault);
int tote__posix_publish(void *place, uint64_t seq, const char *path, struct tote_fault *fault);
int tote__posix_discard(void *place, uint64_t seq, struct tote_fault *fault);
int tote__posix_list_kept(
	void *place, uint64_t *seqs, size_t cap, size_t *ret_count, struct tote_fault *fault);
int tote__posix_sync_parents(
	void *place, const char *const *paths, size_t count, struct tote_fault *fault);
int tote__posix_sweep(void *place, struct tote_fault *fault);

#endif
