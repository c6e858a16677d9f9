/* SPDX-License-Identifier: ISC */
/*
 * Names that are numbers: the kept files of assets/ and the segments of journal/.
 */
#ifndef STORE_POSIX_NUMBERS_H
#define STORE_POSIX_NUMBERS_H

#include "store/posix_place.h"

/*
 * The numbers of the names in a space's own directory for which parse returns 1, ascending; more
 * than cap: TOTE_E_LIMIT. Enters and leaves the place itself.
 */
int tote__posix_numbers(struct posix_place *p, int space,
	int (*parse)(const char *name, uint64_t *ret), uint64_t *seqs, size_t cap,
	size_t *ret_count, struct tote_fault *fault);

#endif
