/* SPDX-License-Identifier: ISC */
/*
 * A view that follows its ledger: what was appended and signed since it was opened is taken up
 * without a lock and without a new replay.
 */
#ifndef LEDGER_FOLLOW_H
#define LEDGER_FOLLOW_H

#include "ledger/view.h"

#define VIEW_STALE 2

/*
 * Looks again: 1 where limit or covered moved on, 0 where nothing is new (a void line is none, nor
 * a holder's that has not answered yet), VIEW_STALE where only a new view can tell: its segment is
 * gone, or what is there does not continue what was seen. TOTE_E_ROLLBACK and TOTE_E_FORK where the
 * checkpoint in place does not extend the one that the view has; then the view stays as it was.
 */
int tote__view_extend(struct view *v, struct tote_fault *fault);

/*
 * That a later view of the same ledger extends `earlier` (size 0: whatever it shows does):
 * TOTE_E_ROLLBACK, TOTE_E_FORK, or what reading the tiles gives.
 */
int tote__view_check_extends(
	struct view *v, const struct checkpoint *earlier, struct tote_fault *fault);

#endif
