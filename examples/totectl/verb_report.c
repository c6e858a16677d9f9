/* SPDX-License-Identifier: ISC */
/*
 * report: the full report of an audit run, if it is the one that is on record.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "out.h"
#include "root.h"
#include "verbs.h"

#define CHUNK 65536u

/* It is JSON Lines already, with or without --json. */
static int print_report(struct call *call, tote_report *report)
{
	char *chunk = malloc(CHUNK);
	size_t length;
	int rc;

	if (!chunk)
		return fail_system(call, 0, "no memory to read a report");
	while ((rc = tote_report_read(report, chunk, CHUNK, &length, &call->fault)) == 1)
		fwrite(chunk, 1, length, stdout);
	free(chunk);
	return rc < 0 ? fail(call) : 0;
}

int verb_report(struct call *call)
{
	tote_report *report;
	uint64_t run;
	int code;

	if (!args_seq(call->operand[0], &run))
		return fail_usage(call,
			"'%s' is no run: a number as totectl audit --json and totectl status "
			"--json "
			"print it",
			call->operand[0]);
	if ((code = root_open(call, TOTE_ORCHESTRATOR_READ_ONLY)) != 0)
		return code;
	if (tote_report_open(call->orchestrator, run, &report, &call->fault) < 0)
		return fail(call);
	code = print_report(call, report);
	tote_report_unref(report);
	return code;
}
