/* SPDX-License-Identifier: ISC */
/*
 * The list of what is wrong with a fleet file: bounded, since who writes hostile files must not get
 * a report larger than the file.
 */
#include "orchestrator/fleet_problem.h"
#include "orchestrator/registry.h"
#include "store/sort.h"
#include <stdio.h>
#include <string.h>

#define TEXT_MAX (sizeof(((struct tote_fault *)NULL)->text))

void tote__fleet_problems_init(struct fleet_problems *p, const struct heap *heap)
{
	memset(p, 0, sizeof(*p));
	p->heap = heap;
}

void tote__fleet_problems_cut(struct fleet_problems *p, size_t keep)
{
	while (p->count > keep)
		tote__heap_free(p->heap, p->items[--p->count].text);
	p->full = p->full && p->count >= FLEET_PROBLEMS_MAX;
	p->error = 0;
}

void tote__fleet_problems_free(struct fleet_problems *p)
{
	if (!p->heap)
		return;
	tote__fleet_problems_cut(p, 0);
	tote__heap_free(p->heap, p->items);
	p->items = NULL;
	p->cap = 0;
}

static struct fleet_problem *put(
	struct fleet_problems *p, struct fleet_place place, int code, const char *text)
{
	struct fleet_problem problem = {.place = place, .code = code};
	struct tote_fault fault;
	void *items = p->items;

	if (tote__registry_grow(p->heap, &items, p->count, &p->cap, sizeof(*p->items), &fault) <
		0) {
		p->error = TOTE_E_NO_MEMORY;
		return NULL;
	}
	p->items = items;
	problem.text = tote__heap_strdup(p->heap, text, &fault);
	if (!problem.text) {
		p->error = TOTE_E_NO_MEMORY;
		return NULL;
	}
	p->items[p->count] = problem;
	return &p->items[p->count++];
}

/* 1 where there is room; the last place says that there is none. */
static int has_room(struct fleet_problems *p, struct fleet_place place)
{
	if (p->full)
		return 0;
	if (p->count + 1 < FLEET_PROBLEMS_MAX)
		return 1;
	p->full = 1;
	put(p, place, TOTE_E_GRAMMAR, "and more from here on: these come first");
	return 0;
}

void tote__fleet_problem(struct fleet_problems *p, struct fleet_place place, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list args;

	if (!has_room(p, place))
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	put(p, place, TOTE_E_GRAMMAR, text);
}

void tote__fleet_problem_of(struct fleet_problems *p, struct fleet_place place, const char *id,
	int code, const char *text)
{
	struct fleet_problem *problem;

	if (!has_room(p, place))
		return;
	problem = put(p, place, code, text);
	if (problem)
		snprintf(problem->container, sizeof(problem->container), "%s", id);
}

/* Of two at one place the heap's order does not matter to a person, but it must be one order. */
static int by_place(const void *a, const void *b)
{
	const struct fleet_problem *x = a, *y = b;

	if (x->place.line != y->place.line)
		return x->place.line < y->place.line ? -1 : 1;
	if (x->place.column != y->place.column)
		return x->place.column < y->place.column ? -1 : 1;
	return strcmp(x->text, y->text);
}

void tote__fleet_problems_sort(struct fleet_problems *p)
{
	tote__sort(p->items, p->count, sizeof(*p->items), by_place);
}
