/* SPDX-License-Identifier: ISC */
/*
 * That no two containers share a directory (FORMAT section 1).
 */
#ifndef ORCHESTRATOR_SHARING_H
#define ORCHESTRATOR_SHARING_H

#include "orchestrator/orchestrator.h"

/*
 * Whether a directory of this place is one of another registered container: 1 and its ID.
 */
int tote__sharing_find(tote_orchestrator *o, const char *id, const struct place *place,
	char ret_other[64], struct tote_fault *fault);
/* TOTE_E_EXISTS where it is. */
int tote__sharing_refuse(
	tote_orchestrator *o, const char *id, const struct place *place, struct tote_fault *fault);

#endif
