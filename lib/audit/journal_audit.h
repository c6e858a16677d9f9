/* SPDX-License-Identifier: ISC */
/*
 * The files of a journal: foreign names, segments that are not as they should be, groups that differ
 * from the log, rot that hides nothing, and what the replay calls damage.
 */
#ifndef AUDIT_JOURNAL_AUDIT_H
#define AUDIT_JOURNAL_AUDIT_H

#include "audit/log_audit.h"
#include "audit/names.h"
#include "ledger/journal.h"

struct journal_audit {
	struct inquiry *q;
	struct log_audit *log;
	int listed;
	uint64_t *segments; /* ascending */
	size_t count, cap, at;
	uint64_t *odd; /* those to be looked at again */
	size_t odd_count, odd_cap;
	struct names again; /* other names */
	struct buf body;
	uint8_t *chunk;
};

int tote__journal_audit_init(struct journal_audit *j, struct inquiry *q, struct log_audit *log,
	struct tote_fault *fault);
void tote__journal_audit_free(struct journal_audit *j);
/* Looks at one segment: 1 more to do, 0 done. */
int tote__journal_audit_step(struct journal_audit *j, struct tote_fault *fault);
/*
 * The second look at what was odd. clean: nothing is wrong with the log. Damage is for a replay to
 * conclude, and only where byte 0 is held or nobody writes.
 */
enum { JOURNAL_NO_CONCLUSION, JOURNAL_IF_ODD, JOURNAL_CONCLUDE };

int tote__journal_audit_again(
	struct journal_audit *j, int clean, int conclusion, struct tote_fault *fault);

#endif
