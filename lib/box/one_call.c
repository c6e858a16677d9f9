/* SPDX-License-Identifier: ISC */
/*
 * Handles that take one call at a time.
 */
#include "box/one_call.h"

void tote__one_call_init(struct one_call *c, tote_box *box)
{
	c->box = tote_box_ref(box);
	atomic_init(&c->taken, 0);
}

int tote__one_call_begin(struct one_call *c, struct tote_fault *fault)
{
	int rc = tote__box_check(c->box, fault);

	if (rc < 0)
		return rc;
	if (atomic_exchange(&c->taken, 1))
		return tote__fault(fault, TOTE_E_BUSY,
			"this handle is in another call: it takes one at a time");
	return 0;
}

int tote__one_call_end(struct one_call *c, int rc, struct tote_fault *fault)
{
	atomic_store(&c->taken, 0);
	return tote__box_done(c->box, rc, fault);
}

void tote__one_call_drop(struct one_call *c)
{
	c->box = tote_box_unref(c->box);
}
