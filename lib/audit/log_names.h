/* SPDX-License-Identifier: ISC */
/*
 * Every name below a log: each file is a tile or bundle of the tree, the beginning of one that
 * superseded it, the rest of a fold that agrees with the journal, or foreign.
 */
#ifndef AUDIT_LOG_NAMES_H
#define AUDIT_LOG_NAMES_H

#include "audit/log_audit.h"
#include "audit/names.h"
#include "ledger/view.h"

struct log_names {
	struct inquiry *q;
	struct log_audit *log;
	struct names dirs;          /* to be listed */
	struct names files;         /* superseded: their content is still to be compared */
	struct names again;         /* odd at first sight, or beyond the checkpoint */
	char dir[INQUIRY_PATH_MAX]; /* being listed */
};

int tote__log_names_init(
	struct log_names *n, struct inquiry *q, struct log_audit *log, struct tote_fault *fault);
void tote__log_names_free(struct log_names *n);
/* Lists one directory or compares one file: 1 more to do, 0 done. */
int tote__log_names_step(struct log_names *n, struct tote_fault *fault);
/*
 * The second look at what was odd. view: what the ledger holds now, NULL where that is not known;
 * exact: it cannot have become more since.
 */
int tote__log_names_again(
	struct log_names *n, struct view *view, int exact, struct tote_fault *fault);

#endif
