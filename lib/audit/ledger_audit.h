/* SPDX-License-Identifier: ISC */
/*
 * The ledger of one place: log, journal, checkpoint, and every entry, up to the bound that was set
 * when the audit began.
 */
#ifndef AUDIT_LEDGER_AUDIT_H
#define AUDIT_LEDGER_AUDIT_H

#include "audit/head.h"
#include "audit/journal_audit.h"
#include "audit/log_names.h"

struct ledger_audit {
	struct inquiry *q;
	struct head head;
	struct entries entries;
	struct log_audit log;
	struct log_names names;
	struct journal_audit journal;
	int phase;
	int have_view;
	struct view view;
	int restless;   /* it did not hold still for a reader */
	int nothing;    /* there is neither checkpoint nor journal */
	int concluding; /* whether the journal is damaged is for a replay to say */
	uint64_t limit; /* entries below it are read */
	uint64_t total; /* entries there should be, as far as known */
	uint64_t seq;   /* the next one of the journal */
	size_t group;
	/* the tree over log and journal, for comparison with what the witness saw */
	int have_tree, have_seen_root;
	struct frontier tree;
	uint8_t seen_root[HASH_LEN];
};

int tote__ledger_audit_init(struct ledger_audit *a, struct inquiry *q, struct tote_fault *fault);
void tote__ledger_audit_free(struct ledger_audit *a);
/* One piece of work: 1 more to do, 0 done. */
int tote__ledger_audit_step(struct ledger_audit *a, struct tote_fault *fault);

/*
 * The second look at all that was odd; hold: HOLD_*. now: a view opened under the hold, NULL where
 * none could be.
 */
int tote__ledger_audit_again(
	struct ledger_audit *a, int hold, struct view *now, struct tote_fault *fault);
/* Whether there is something to look at again. */
int tote__ledger_audit_is_odd(struct ledger_audit *a, struct tote_fault *fault);

#endif
