/* SPDX-License-Identifier: ISC */
/*
 * Segments of the journal in memory (FORMAT section 5).
 */
#ifndef STORE_MEMORY_JOURNAL_H
#define STORE_MEMORY_JOURNAL_H

#include "store/store.h"

int tote__memory_journal_list(
	void *place, uint64_t *seqs, size_t cap, size_t *ret_count, struct tote_fault *fault);
int tote__memory_journal_make(void *place, uint64_t seq, const void *header, size_t len,
	uint64_t bytes, struct tote_fault *fault);
int tote__memory_journal_open(void *place, uint64_t seq, void **ret_segment, uint64_t *ret_bytes,
	struct tote_fault *fault);
int tote__memory_journal_size(void *segment, uint64_t *ret_bytes, struct tote_fault *fault);
int tote__memory_journal_read(void *segment, uint64_t offset, void *out, size_t len,
	size_t *ret_len, struct tote_fault *fault);
int tote__memory_journal_write(
	void *segment, uint64_t offset, const void *data, size_t len, struct tote_fault *fault);
int tote__memory_journal_sync(void *segment, struct tote_fault *fault);
int tote__memory_journal_grow(void *segment, uint64_t bytes, struct tote_fault *fault);
int tote__memory_journal_is_current(void *place, uint64_t seq, void *segment);
int tote__memory_journal_remove(void *place, uint64_t seq, struct tote_fault *fault);
int tote__memory_journal_sync_names(void *place, struct tote_fault *fault);

#endif
