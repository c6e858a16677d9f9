/* SPDX-License-Identifier: ISC */
/*
 * ack: somebody has seen a flag and says why it may stand.
 */
#include <inttypes.h>

#include "json.h"
#include "out.h"
#include "root.h"
#include "verbs.h"

int verb_ack(struct call *call)
{
	struct json j;
	uint64_t flag;
	int code;

	if (!args_seq(call->operand[0], &flag))
		return fail_usage(call, "'%s' is not a flag: a number as totectl status prints it",
			call->operand[0]);
	if ((code = root_open(call, 0)) != 0)
		return code;
	if (tote_orchestrator_acknowledge(call->orchestrator, flag, call->actor,
		    call->value[OPT_REASON], 0, &call->fault) < 0)
		return fail(call);
	if (!call->json) {
		out_line("flag %" PRIu64
			 ": acknowledged by %s; damage stays visible until an audit finds "
			 "it whole",
			flag, call->actor);
		return 0;
	}
	json_begin(&j, stdout, "ack");
	json_number(&j, "flag", flag);
	json_string(&j, "actor", call->actor);
	json_string(&j, "reason", call->value[OPT_REASON]);
	json_end(&j);
	return 0;
}
