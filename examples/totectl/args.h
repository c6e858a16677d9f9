/* SPDX-License-Identifier: ISC */
/*
 * A command line: the options that exist, a verb's row, and one call of a verb with what was typed.
 */
#ifndef TOTECTL_ARGS_H
#define TOTECTL_ARGS_H

#include <toteborch.h>

enum option {
	OPT_ROOT,
	OPT_ACTOR,
	OPT_WAIT,
	OPT_JSON,
	OPT_HELP,
	OPT_VERSION,
	OPT_ORIGIN,
	OPT_AT,
	OPT_KEY,
	OPT_REASON,
	OPT_YES,
	OPT_TO,
	OPT_DRY_RUN,
	OPT_KIND,
	OPT_FIELD,
	OPT_EXPECT,
	OPT_LAST,
	OPT_OUT,
	OPT_ENTRY,
	OPT_VKEY,
	OPT_WITNESS,
	OPT_ASSET,
	OPT_LEVEL,
	OPT_FROM,
	OPT_REVERSE,
	OPT_FOLLOW,
	OPT_LIMIT,
	OPT_VERIFY,
	OPT_OLD,
	OPT_NEW_KEY,
	OPT_POLICY,
	OPT_CONSISTENCY,
	OPT_AUTHORITY,
	OPT_SUCCESSOR,
	OPT_SUPERSEDES,
	OPT_MEDIA_TYPE,
	OPT_SOURCE,
	OPT_CACHED,
	OPT_ONCE,
	OPT_BUDGET,
	OPT_CONTINUE,
	OPT_MAX_AGE,
	OPT_PARALLEL,
	OPT_COUNT
};

#define BIT(option) (UINT64_C(1) << (option))

/* Any number of operands. */
#define MANY SIZE_MAX

struct call;

/* A verb: how it is typed, what it takes, and who does it. */
struct verb {
	const char *name;
	const char *usage; /* what stands behind the name */
	const char *about;
	const char *example; /* of one or more lines, each a command */
	uint64_t options;
	uint64_t required;
	size_t least; /* operands */
	size_t most;
	int (*run)(struct call *call);
};

/* One call of totectl: the command line as it was understood, and the handles it opened. */
struct call {
	const struct verb *verb;
	const char *value[OPT_COUNT]; /* NULL: not given; "" for a switch */
	const char **operand;
	size_t operand_count;
	const char **field; /* each --field, as K=V */
	size_t field_count;
	const char **witness; /* each --witness */
	size_t witness_count;
	int json;
	int64_t wait_us; /* as tote_ctx_options.lock_wait_us */
	char actor[512];
	tote_ctx *ctx;
	tote_orchestrator *orchestrator;
	struct tote_fault fault;
	char root[4096];
};

/*
 * Reads argv into call. 0: run call->verb. 1: help or version was asked for and printed. Otherwise
 * -2, and the error was printed. args_end gives back what it took.
 */
int args_parse(struct call *call, const struct verb *verbs, int argc, char **argv);
void args_end(struct call *call);

/* A number that is all digits and below 2^63: 1, else 0. */
int args_seq(const char *text, uint64_t *ret_seq);

#endif
