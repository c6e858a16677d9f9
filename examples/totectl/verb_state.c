/* SPDX-License-Identifier: ISC */
/*
 * The moves between states: suspend, resume, archive, dispose. Those without a way back are asked
 * for at a terminal, or need --yes.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "out.h"
#include "root.h"
#include "verbs.h"

static const struct move {
	const char *verb;
	uint32_t to;
	int final;
	const char *done;
} moves[] = {
	{"suspend", TOTE_STATE_SUSPENDED, 0, "suspended: it takes nothing until it is resumed"},
	{"resume", TOTE_STATE_ACTIVE, 0, "active again"},
	{"archive", TOTE_STATE_ARCHIVED, 1, "archived: closed for ever, readable as before"},
	{"dispose", TOTE_STATE_DISPOSED, 1, "disposed: its directory may go; this record stays"},
};

static const struct move *find_move(const char *verb)
{
	size_t i;

	for (i = 0; strcmp(moves[i].verb, verb) != 0; i++)
		;
	return &moves[i];
}

/* 0: go on. The answer is the container's name: a finger that is used to y does not archive. */
static int ask(struct call *call, const char *id)
{
	char answer[80];

	if (call->value[OPT_YES])
		return 0;
	if (call->json || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return fail_usage(call, "%s has no way back: say --yes", call->verb->name);
	fprintf(stderr,
		"%s has no way back. Type the container's name to go on: ", call->verb->name);
	fflush(stderr);
	if (!fgets(answer, sizeof(answer), stdin))
		answer[0] = '\0';
	answer[strcspn(answer, "\n")] = '\0';
	if (strcmp(answer, id) != 0)
		return fail_system(call, 0, "not confirmed; nothing was changed");
	return 0;
}

int verb_state(struct call *call)
{
	const struct move *move = find_move(call->verb->name);
	const char *id = call->operand[0];
	struct json j;
	int code;

	if (move->final && (code = ask(call, id)) != 0)
		return code;
	if ((code = root_open(call, 0)) != 0)
		return code;
	if (tote_orchestrator_set_state(call->orchestrator, id, move->to, call->actor,
		    call->value[OPT_REASON], 0, &call->fault) < 0)
		return fail(call);
	if (!call->json) {
		out_line("%s: %s", id, move->done);
		return 0;
	}
	json_begin(&j, stdout, "state");
	json_string(&j, "container", id);
	json_string(&j, "state", tote_state_name(move->to));
	json_end(&j);
	return 0;
}
