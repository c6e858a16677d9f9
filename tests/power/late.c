/* SPDX-License-Identifier: ISC */
/*
 * Syncs that are forgotten, or wait.
 */
#include "power/late.h"
#include <string.h>

#define LATE_MAX 64

static struct {
	const struct mutant *mutant;
	struct op ops[LATE_MAX];
	size_t count;
} late;

void mutate(const struct mutant *m)
{
	late.mutant = m;
}

int is_mutated(enum site site)
{
	return late.mutant && late.mutant->site == site;
}

void late_forget(void)
{
	late.count = 0;
}

static int ends_wait(enum late until, const struct op *op)
{
	switch (until) {
	case UNTIL_NAMES:
		return op->kind == OP_NAMES;
	case UNTIL_PUBLISHED:
		return op->kind == OP_NAMES && op->changes == 2 &&
		       strcmp(op->change[1].name, "checkpoint") == 0;
	case UNTIL_WRITE:
		return op->kind == OP_WRITE && op->node != late.ops[0].node;
	case UNTIL_DATA_SYNC:
		return op->kind == OP_SYNC_DATA;
	case UNTIL_PROMISE:
		return op->kind == OP_PROMISE;
	case FORGOTTEN:
		break;
	}
	return 0;
}

void late_add(struct oplog *log, const struct op *op)
{
	oplog_add(log, op);
	if (late.count == 0 || !late.mutant || !ends_wait(late.mutant->late, op))
		return;
	for (size_t i = 0; i < late.count; i++)
		oplog_add(log, &late.ops[i]);
	late.count = 0;
}

void late_sync(struct oplog *log, const struct op *op, enum site site)
{
	if (!is_mutated(site))
		late_add(log, op);
	else if (late.mutant->late != FORGOTTEN && late.count < LATE_MAX)
		late.ops[late.count++] = *op;
}
