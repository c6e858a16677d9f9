/* SPDX-License-Identifier: ISC */
/*
 * The lock of a ledger in memory: its three bytes and its line (FORMAT section 5).
 */
#ifndef STORE_MEMORY_LOCK_H
#define STORE_MEMORY_LOCK_H

#include "store/store.h"

int tote__memory_lock_take(void *place, int byte, int64_t wait_us, struct tote_fault *fault);
void tote__memory_lock_drop(void *place, int byte);
void tote__memory_lock_drop_all(void *place);
int tote__memory_lock_is_current(void *place, struct tote_fault *fault);
int tote__memory_line_read(void *place, char *out, size_t cap, size_t *ret_len, uint64_t *ret_inode,
	struct tote_fault *fault);
int tote__memory_line_write(void *place, const char *line, size_t len, struct tote_fault *fault);
int tote__memory_line_sync(void *place, struct tote_fault *fault);

#endif
