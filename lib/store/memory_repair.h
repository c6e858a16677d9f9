/* SPDX-License-Identifier: ISC */
/*
 * What a repair does in memory: a journal built aside, exchanged with the one in place, and files
 * of the log set aside.
 */
#ifndef STORE_MEMORY_REPAIR_H
#define STORE_MEMORY_REPAIR_H

#include "store/store.h"

int tote__memory_journal_build(void *place, const char *name, uint64_t seq, const void *data,
	size_t len, uint64_t bytes, struct tote_fault *fault);
int tote__memory_journal_exchange(void *place, const char *name, struct tote_fault *fault);
int tote__memory_set_aside(
	void *place, const char *set, const char *name, struct tote_fault *fault);

#endif
