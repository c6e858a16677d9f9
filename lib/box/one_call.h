/* SPDX-License-Identifier: ISC */
/*
 * What the handles that hang on a box share: they keep it alive, take one call at a time, and are
 * refused in a forked child.
 */
#ifndef BOX_ONE_CALL_H
#define BOX_ONE_CALL_H

#include "box/box.h"

struct one_call {
	tote_box *box; /* a reference of its own */
	atomic_int taken;
};

void tote__one_call_init(struct one_call *c, tote_box *box);
/* TOTE_E_MISUSE in a forked child, TOTE_E_BUSY while another call is at work. */
int tote__one_call_begin(struct one_call *c, struct tote_fault *fault);
/* Ends what begin let in; rc goes through, as in tote__box_done. */
int tote__one_call_end(struct one_call *c, int rc, struct tote_fault *fault);
void tote__one_call_drop(struct one_call *c);

#endif
