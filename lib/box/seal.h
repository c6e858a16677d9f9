/* SPDX-License-Identifier: ISC */
/*
 * Sealing one group of files, in the order of FORMAT section 7.
 */
#ifndef BOX_SEAL_H
#define BOX_SEAL_H

#include "box/box.h"

/* As tote_box_seal, after the checks of the box and the flags. */
int tote__seal_files(tote_box *box, const struct tote_source *sources, size_t count,
	const char *actor, struct tote_sealed *ret_sealed, struct tote_fault *fault);

/* The checks before any seal: a container, opened for writing. */
int tote__seal_check(const tote_box *box, struct tote_fault *fault);

#endif
