/* SPDX-License-Identifier: ISC */
/*
 * The witnesses outside this root that may cosign a container: the keys of its policy on record.
 */
#ifndef ORCHESTRATOR_COSIGNERS_H
#define ORCHESTRATOR_COSIGNERS_H

#include "orchestrator/orchestrator.h"

struct cosigners {
	struct vkey keys[TOTE_COSIGNERS_MAX];
	size_t count;
	uint32_t wanted; /* so many must have cosigned */
};

/* As they stand on record, a space between them. */
void tote__cosigners_parse(const char *text, struct cosigners *ret);
/* Those of an ID, as the registry has them now; none for one that is not known. */
int tote__cosigners_known(
	tote_orchestrator *o, const char *id, struct cosigners *ret, struct tote_fault *fault);

#endif
