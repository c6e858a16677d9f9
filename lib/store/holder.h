/* SPDX-License-Identifier: ISC */
/*
 * Who holds a lock, as the line of FORMAT section 5 tells it: what a caller who gave up is told.
 */
#ifndef STORE_HOLDER_H
#define STORE_HOLDER_H

#include "base/fault.h"

/* TOTE_E_BUSY for one byte of a place's lock, with pid, host and since where the line has them. */
int tote__holder_busy(
	const char *location, int byte, const char *line, size_t len, struct tote_fault *fault);

#endif
