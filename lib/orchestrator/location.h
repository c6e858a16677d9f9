/* SPDX-License-Identifier: ISC */
/*
 * Where containers lie, and how the record says it.
 */
#ifndef ORCHESTRATOR_LOCATION_H
#define ORCHESTRATOR_LOCATION_H

#include "orchestrator/orchestrator.h"

/* A recorded location as an absolute path; heap string. */
char *tote__location_absolute(tote_orchestrator *o, const char *recorded, struct tote_fault *fault);
/*
 * An absolute path as it is recorded: relative to the root where it lies below it, however it was
 * reached, else as it is. It may not exist yet. Heap string.
 */
char *tote__location_recorded(tote_orchestrator *o, const char *absolute, struct tote_fault *fault);
/* 1 where one of the directories is the same. */
int tote__location_meet(const struct store_identity *a, const struct store_identity *b);
/* 1 and what a directory itself is; 0 where it cannot be looked at. */
int tote__location_identity(
	tote_orchestrator *o, const char *directory, struct store_identity *ret);

#endif
