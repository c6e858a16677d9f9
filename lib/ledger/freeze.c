/* SPDX-License-Identifier: ISC */
/*
 * Holding byte 2 over a bound, as a fold does, for who only reads.
 */
#include "ledger/freeze.h"
#include "ledger/ledger_impl.h"

int tote__ledger_freeze(struct ledger *l, struct view *view, struct tote_fault *fault)
{
	int64_t until = tote__wait_until(l);
	struct replay from;
	int r = tote__fold_take(l, until, 1, fault);

	if (r < 0)
		return r;
	r = tote__fold_bound(l, until, &from, fault);
	if (r < 0) {
		tote__fold_drop(l);
		return r;
	}
	tote__view_of(view, l->place, &from);
	return 0;
}

void tote__ledger_thaw(struct ledger *l, struct view *view)
{
	tote__view_close(view);
	/* a backend that bears one call at a time had nobody else at work meanwhile */
	if (!(l->ops->capabilities & STORE_CAN_ANY_THREAD))
		tote__slot_give(l);
	tote__fold_drop(l);
}
