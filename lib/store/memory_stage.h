/* SPDX-License-Identifier: ISC */
/*
 * Sealing in memory (FORMAT section 7).
 */
#ifndef STORE_MEMORY_STAGE_H
#define STORE_MEMORY_STAGE_H

#include "store/store.h"

int tote__memory_stage_begin(void *place, void **ret_stage, struct tote_fault *fault);
int tote__memory_stage_write(void *stage, const void *data, size_t len, struct tote_fault *fault);
int tote__memory_stage_sync(void *const *stages, size_t count, struct tote_fault *fault);
int tote__memory_stage_keep(void *stage, uint64_t seq, struct tote_fault *fault);
int tote__memory_make_parents(void *place, const char *path, struct tote_fault *fault);
int tote__memory_publish(void *place, uint64_t seq, const char *path, struct tote_fault *fault);
int tote__memory_discard(void *place, uint64_t seq, struct tote_fault *fault);
int tote__memory_list_kept(
	void *place, uint64_t *seqs, size_t cap, size_t *ret_count, struct tote_fault *fault);
int tote__memory_sync_parents(
	void *place, const char *const *paths, size_t count, struct tote_fault *fault);
int tote__memory_sweep(void *place, struct tote_fault *fault);

/* The numbers of the names in a space's directory for which parse returns 1, ascending. */
int tote__memory_numbers(void *place, int space, int (*parse)(const char *name, uint64_t *ret),
	uint64_t *seqs, size_t cap, size_t *ret_count, struct tote_fault *fault);

#endif
