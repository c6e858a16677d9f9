/* SPDX-License-Identifier: ISC */
/*
 * The making of a box's handle, as opening and creating share it.
 */
#ifndef BOX_OPEN_H
#define BOX_OPEN_H

#include "box/box.h"

const char *tote__box_backend(const struct box_config *config); /* NULL there means posix */
/* A box without its ledger yet: place and signer are open. */
int tote__box_new(const struct box_config *config, tote_box **ret, struct tote_fault *fault);
struct ledger_options tote__box_ledger_options(tote_box *box, const struct box_config *config);
/* Of tote_box_options: flags that contradict each other. */
int tote__box_check_flags(uint32_t flags, struct tote_fault *fault);
/* The last step: with rc 0 the box owns its parent and is given out, else it is dropped. */
int tote__box_give(tote_box *box, const struct box_config *config, int rc, tote_box **ret,
	struct tote_fault *fault);

/* Entry 0 of a ledger; it points into the view. */
int tote__box_read_first(struct view *v, struct entry *ret, struct tote_fault *fault);
/*
 * Takes ID and state from what a reader sees; it must be the ledger that was expected, and the
 * signer's.
 */
int tote__box_check_first(tote_box *box, const char *origin, struct tote_fault *fault);

#endif
