/* SPDX-License-Identifier: ISC */
/*
 * What is wrong with a fleet file, each with its place: all of it is collected before any is shown.
 */
#ifndef ORCHESTRATOR_FLEET_PROBLEM_H
#define ORCHESTRATOR_FLEET_PROBLEM_H

#include "base/fault.h"
#include "base/heap.h"

#define FLEET_PROBLEMS_MAX 100

/* Both from 1; 0: nowhere. */
struct fleet_place {
	uint32_t line, column;
};

struct fleet_problem {
	struct fleet_place place;
	int code;
	char container[64];
	char *text;
};

struct fleet_problems {
	const struct heap *heap;
	struct fleet_problem *items;
	size_t count, cap;
	int full;  /* the last one says that there were more */
	int error; /* TOTE_E_NO_MEMORY: one of them is lost */
};

void tote__fleet_problems_init(struct fleet_problems *p, const struct heap *heap);
void tote__fleet_problems_free(struct fleet_problems *p);
/* Puts one down; where there is no more room, that. */
void tote__fleet_problem(struct fleet_problems *p, struct fleet_place place, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
/* The same of a container, for another reason than the file's grammar. */
void tote__fleet_problem_of(struct fleet_problems *p, struct fleet_place place, const char *id,
	int code, const char *text);
/* Takes back what was put down behind the first `keep`. */
void tote__fleet_problems_cut(struct fleet_problems *p, size_t keep);
/* In order of places. */
void tote__fleet_problems_sort(struct fleet_problems *p);

#endif
