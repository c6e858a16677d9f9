/* SPDX-License-Identifier: ISC */
/*
 * A ledger that holds still for a copy (FORMAT section 10): byte 2 is held, so that no segment goes
 * and no checkpoint is replaced, while others append behind a bound that was set under byte 0.
 */
#ifndef LEDGER_FREEZE_H
#define LEDGER_FREEZE_H

#include "ledger/ledger.h"

/*
 * view gets what there is below the bound, which is its limit; it is closed by thaw. It must stay
 * where it is. TOTE_E_BUSY, TOTE_E_DAMAGED, and whatever a takeover fails with.
 */
int tote__ledger_freeze(struct ledger *l, struct view *view, struct tote_fault *fault);
void tote__ledger_thaw(struct ledger *l, struct view *view);

#endif
