/* SPDX-License-Identifier: ISC */
/*
 * Which stories are told: the bases, every short sequence of calls, each killed and failed at each
 * operation, and then any at random until the time is over.
 */
#ifndef POWER_PLAN_H
#define POWER_PLAN_H

#include "power/story.h"

/* From BASE_VOID on they are a root's. */
enum {
	BASE_NOTHING,
	BASE_FRESH,
	BASE_NAMED,
	BASE_OLD,
	BASE_EDGE,
	BASE_FULL,
	BASE_DAMAGED, /* 300 entries; a group above the checkpoint is rotten, a valid one behind it */
	BASE_VOID,    /* no root */
	BASE_ROOT,    /* no container */
	BASE_MADE,
	BASE_KEPT, /* 300 entries */
	BASES
};

void bases_make(struct power *p, struct base bases[BASES], int with_full);
void bases_free(struct base bases[BASES]);

/* 0 all good, -1 one case failed or the time is over before the end of what is always told. */
int plan_quick(struct power *p, const struct base bases[BASES]);
int plan_full(struct power *p, const struct base bases[BASES]);
/* What finds each mutant soon: the stories "base/calls/kind" first. */
int plan_mutant(struct power *p, const struct base bases[BASES], const char *first);

#endif
