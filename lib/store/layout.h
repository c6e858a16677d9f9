/* SPDX-License-Identifier: ISC */
/*
 * What a place is made of (FORMAT section 1): its directories, their modes, and the modes of what
 * lies in them. One table for every backend.
 */
#ifndef STORE_LAYOUT_H
#define STORE_LAYOUT_H

#include "store/store.h"

struct layout_dir {
	int space;
	const char *path; /* below the place; "" is the place itself */
	uint32_t mode;
};

/* The directories of a layout, parents first; NULL for a layout that is none. */
const struct layout_dir *tote__layout_dirs(int layout, size_t *ret_count);
/* Where a space lies, NULL where the layout has none. */
const char *tote__layout_path(int layout, int space);

#define LAYOUT_SUBDIR_MODE 0750      /* of a directory below a space */
#define LAYOUT_LOCK        "lock"    /* in SPACE_LEDGER */
#define LAYOUT_DAMAGED     "damaged" /* likewise: what repairs have set aside */

/* The mode of a file made by put_new, and of a cell for which the caller states none. */
uint32_t tote__layout_object_mode(int space);
uint32_t tote__layout_cell_mode(int space);
/* 1 where a file with a second link is refused: everything but assets/ and the input. */
int tote__layout_single_link(int space);

/*
 * What every operation begins with: the space exists (UNSUPPORTED), the name is one (GRAMMAR).
 * A space that is only listed takes no write (ARGUMENT).
 */
int tote__layout_check(int layout, int space, const char *name, struct tote_fault *fault);
int tote__layout_check_write(int layout, int space, const char *name, struct tote_fault *fault);

/* Sets the fault "VERB LOCATION/SPACE/NAME: WHY". name may be "". */
int tote__layout_fault(const char *location, int layout, int space, const char *name, int code,
	const char *verb, const char *why, struct tote_fault *fault);

#endif
