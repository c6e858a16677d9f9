/* SPDX-License-Identifier: ISC */
/*
 * The line in the lock file (FORMAT section 5): who holds the ledger, whether it was left clean,
 * and the mark below which every seq has been synced.
 */
#ifndef LEDGER_LINE_H
#define LEDGER_LINE_H

#include "crypto/hash.h"
#include "store/store.h"

#define BOOT_LEN 63

enum { LINE_VOID, LINE_BUSY, LINE_IDLE };

struct line {
	int state; /* LINE_VOID: unreadable, wrong check or wrong inode; the rest is then empty */
	uint64_t mark;
	uint64_t inode;
	char boot[BOOT_LEN + 1]; /* "-": unknown, which is never this boot */
	uint64_t pid;
	char host[256];
	int64_t since_us;
	const struct hasher *engine; /* that computes the check; NULL is allowed, as everywhere */
};

void tote__line_parse(const char *bytes, size_t len, uint64_t inode, struct line *ret);
int tote__line_format(const struct line *line, char out[LOCK_LINE_MAX], size_t *ret_len,
	struct tote_fault *fault);
/* This process on this machine and boot, at this moment. */
void tote__line_self(struct line *ret, const struct clock_source *clock);
int tote__line_same_boot(const struct line *line, const struct line *self);

#endif
