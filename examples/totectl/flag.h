/* SPDX-License-Identifier: ISC */
/*
 * The flags that stand, in words and in JSON, each with what its finding says.
 */
#ifndef TOTECTL_FLAG_H
#define TOTECTL_FLAG_H

#include "args.h"

/* Shows those of a container that no later audit found whole, or that nobody acknowledged. */
int flags_show(struct call *call, const char *id, uint64_t *count);

#endif
