/* SPDX-License-Identifier: ISC */
/*
 * Showing one finding, as text or as JSON.
 */
#ifndef TOTECTL_FINDING_H
#define TOTECTL_FINDING_H

#include "args.h"

/* label: what is shown where the finding names no container. */
void finding_show(const struct call *call, const struct tote_finding *f, const char *label);

#endif
