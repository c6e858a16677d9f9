/* SPDX-License-Identifier: ISC */
/*
 * A repair (FORMAT section 5): an operator's act after damage of the journal. What is whole is
 * folded and signed, what is not is set aside, and a new journal begins with an entry that says so.
 */
#ifndef LEDGER_REPAIR_H
#define LEDGER_REPAIR_H

#include "ledger/aside.h"
#include "ledger/ledger.h"

struct repair {
	int needed;         /* damage is there, or was; why says it */
	int done;           /* seq is the ledger.repaired that stands now */
	uint64_t from_seq;  /* the first seq that is given up */
	uint64_t lost;      /* how many were there from it on, as far as anything says */
	uint64_t published; /* size of the checkpoint that was signed and not published; 0: none */
	uint64_t folded;    /* entries that come under a checkpoint by it */
	uint64_t moved;     /* tiles and bundles beyond from_seq that are set aside */
	uint64_t seq;
	char aside[ASIDE_NAME_MAX]; /* below ledger/damaged/; of the files of the log: + ".log" */
	struct tote_fault why;
};

/*
 * plan 1: says what would be done and does nothing. A ledger that is whole is left as it is, with
 * needed 0. TOTE_E_DAMAGED where the log itself is damaged, or where nothing is whole: then no
 * repair helps. TOTE_E_ROLLBACK, TOTE_E_FORK: an older copy or another history lies there, which is
 * never repaired. Needs the signer. After a failure the ledger is damaged as before, or repaired;
 * the same call again goes on.
 */
int tote__ledger_repair(struct ledger *l, const char *actor, const char *reason, int plan,
	struct repair *ret, struct tote_fault *fault);

#endif
