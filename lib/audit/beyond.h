/* SPDX-License-Identifier: ISC */
/*
 * Tiles and bundles that lie beyond the checkpoint: the rest of a fold, as long as they agree with
 * the journal (FORMAT section 3).
 */
#ifndef AUDIT_BEYOND_H
#define AUDIT_BEYOND_H

#include "audit/log_audit.h"
#include "ledger/view.h"

struct beyond {
	struct inquiry *q;
	struct log_audit *log;
	struct view *view; /* NULL: what the journal holds is not known */
	int exact;         /* there are no more entries than the view's */
	int loaded, known;
	uint8_t (*leaf)[HASH_LEN]; /* of the entries from log->size on */
	uint64_t count;
	size_t cap;
};

void tote__beyond_init(
	struct beyond *b, struct inquiry *q, struct log_audit *log, struct view *view, int exact);
void tote__beyond_free(struct beyond *b);
/* Reads that file and says what is wrong with it. */
int tote__beyond_judge(struct beyond *b, const struct tile *t, struct tote_fault *fault);

#endif
