/* SPDX-License-Identifier: ISC */
/*
 * A container's states in its own ledger and in the consolidated record.
 */
#ifndef AUDIT_MOVES_AUDIT_H
#define AUDIT_MOVES_AUDIT_H

#include "audit/entries.h"

/* After all else: a finding where the two ledgers disagree by more than one last move. */
int tote__moves_judge(struct inquiry *q, const struct entries *s, struct tote_fault *fault);

#endif
