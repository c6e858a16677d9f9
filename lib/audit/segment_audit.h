/* SPDX-License-Identifier: ISC */
/*
 * The inside of one segment of a journal, every byte of it.
 */
#ifndef AUDIT_SEGMENT_AUDIT_H
#define AUDIT_SEGMENT_AUDIT_H

#include "audit/log_audit.h"
#include "ledger/segfile.h"

#define SEGMENT_AUDIT_CHUNK (64u * JOURNAL_BLOCK)

struct segment_look {
	struct inquiry *q;
	struct log_audit *log;
	uint64_t name, next; /* next: the segment behind it, UINT64_MAX where it is the newest */
	struct buf *body;
	uint8_t *chunk; /* SEGMENT_AUDIT_CHUNK */
	int telling;    /* 1: what is odd becomes a finding; 0: it is only noted in `odd` */
	int odd;
};

/*
 * What only a replay can conclude (a header that does not check, a group that is missing) sets
 * `odd` and is no finding here. A segment that is gone is none either.
 */
int tote__segment_look(struct segment_look *s, struct tote_fault *fault);

#endif
