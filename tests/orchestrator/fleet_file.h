/* SPDX-License-Identifier: ISC */
/*
 * Fleet files of tests: read from their text, and what is wrong with them as one string to compare.
 */
#ifndef ORCHESTRATOR_FLEET_FILE_H
#define ORCHESTRATOR_FLEET_FILE_H

#include "orchestrator/fleet.h"
#include "support/support.h"

/* All problems from here on, "LINE:COLUMN text\n" each, in a place that the next call uses again. */
static inline const char *problems_of(tote_fleet *f)
{
	static char all[1 << 16];
	struct tote_fleet_problem p = {.size = sizeof(p)};
	struct tote_fault fault;
	size_t len = 0;

	all[0] = '\0';
	while (tote_fleet_next_problem(f, &p, &fault) == 1)
		len += (size_t)snprintf(
			all + len, sizeof(all) - len, "%u:%u %s\n", p.line, p.column, p.text);
	return all;
}

/* The changes of the last plan, "ID FIELD FROM>TO\n" each, with a `!` where there is no way back. */
static inline const char *changes_of(tote_fleet *f)
{
	static char all[1 << 16];
	struct tote_fleet_change c = {.size = sizeof(c)};
	struct tote_fault fault;
	size_t len = 0;

	all[0] = '\0';
	while (tote_fleet_next_change(f, &c, &fault) == 1)
		len += (size_t)snprintf(all + len, sizeof(all) - len, "%s %s %s>%s%s\n",
			c.container, c.field, c.from, c.to, c.flags & TOTE_FLEET_FINAL ? "!" : "");
	return all;
}

static inline tote_fleet *fleet_of_bytes(tote_ctx *ctx, const void *bytes, size_t len)
{
	struct tote_fault fault;
	tote_fleet *f = NULL;

	ck_ok(tote_fleet_parse(ctx, bytes, len, NULL, &f, &fault), fault);
	return f;
}

static inline tote_fleet *fleet_of(tote_ctx *ctx, const char *text)
{
	return fleet_of_bytes(ctx, text, strlen(text));
}

/* A file without problems. */
static inline tote_fleet *good_fleet(tote_ctx *ctx, const char *text)
{
	tote_fleet *f = fleet_of(ctx, text);

	ck_assert_str_eq(problems_of(f), "");
	return f;
}

#endif
