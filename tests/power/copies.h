/* SPDX-License-Identifier: ISC */
/*
 * Copies of the container, made beside it on the same disk.
 */
#ifndef POWER_COPIES_H
#define POWER_COPIES_H

#include "power/work.h"

#define COPY_NAME "copy"
#define COPY_SIGN "/" COPY_NAME "/ledger/log/.tote-copying" /* it is unfinished */

int copies_make(struct run *r);
/* A copy that was promised is there, and whole, before anybody touches it. */
void copies_check_image(struct run *r, const struct image *image);
/* One more call brings it up to all there is. */
void copies_check(struct run *r);

#endif
