/* SPDX-License-Identifier: ISC */
/*
 * The mutants: each sync that the library makes, forgotten or done too late.
 */
#ifndef POWER_MUTANTS_H
#define POWER_MUTANTS_H

#include "power/late.h"
#include <stddef.h>

struct mutant_entry {
	struct mutant mutant;
	const char *where;     /* base/calls/kind of the stories in which it shows first */
	const char *redundant; /* why nothing is lost without it; NULL: it must be found */
};

const struct mutant_entry *mutants(size_t *ret_count);

#endif
