/* SPDX-License-Identifier: ISC */
/*
 * The directories of a place and the names beside them: what must be there, and nothing else.
 */
#ifndef AUDIT_SKELETON_AUDIT_H
#define AUDIT_SKELETON_AUDIT_H

#include "audit/inquiry.h"

/* Looks at all of it: 1 where something is odd. telling: what is odd becomes a finding. */
int tote__skeleton_look(struct inquiry *q, int telling, struct tote_fault *fault);

#endif
