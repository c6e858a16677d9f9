/* SPDX-License-Identifier: ISC */
/*
 * The lock file of a ledger in a directory tree: its three bytes and its line (FORMAT section 5).
 */
#ifndef STORE_POSIX_LOCK_H
#define STORE_POSIX_LOCK_H

#include "store/store.h"

int tote__posix_lock_take(void *place, int byte, int64_t wait_us, struct tote_fault *fault);
void tote__posix_lock_drop(void *place, int byte);
void tote__posix_lock_drop_all(void *place);
int tote__posix_lock_is_current(void *place, struct tote_fault *fault);
int tote__posix_line_read(void *place, char *out, size_t cap, size_t *ret_len, uint64_t *ret_inode,
	struct tote_fault *fault);
int tote__posix_line_write(void *place, const char *line, size_t len, struct tote_fault *fault);
int tote__posix_line_sync(void *place, struct tote_fault *fault);

#endif
