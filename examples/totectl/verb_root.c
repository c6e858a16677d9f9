/* SPDX-License-Identifier: ISC */
/*
 * The verbs that make a root and say which containers it minds: init, provision, register, detach.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "out.h"
#include "root.h"
#include "verbs.h"

/* Commands for the next step name the root only where the person had to. */
static void talk_next(const struct call *call, const char *rest)
{
	const char *root = call->value[OPT_ROOT];

	out_talk(call, "next: totectl %s%s%s%s", root ? "-C " : "", root ? root : "",
		root ? " " : "", rest);
}

static int show_root(struct call *call, const char *root)
{
	char vkey[320], witness[320], *full;
	struct json j;

	if (tote_orchestrator_key(call->orchestrator, TOTE_KEY_ORCHESTRATOR, vkey, sizeof(vkey),
		    &call->fault) < 0 ||
		tote_orchestrator_key(call->orchestrator, TOTE_KEY_WITNESS, witness,
			sizeof(witness), &call->fault) < 0)
		return fail(call);
	if (!call->json) {
		out_line("%s is an orchestration root: %s", root, call->value[OPT_ORIGIN]);
		talk_next(call, "provision ID");
		return 0;
	}
	full = realpath(root, NULL);
	json_begin(&j, stdout, "root");
	json_string(&j, "root", full ? full : root);
	json_string(&j, "origin", call->value[OPT_ORIGIN]);
	json_string(&j, "orchestrator_vkey", vkey);
	json_string(&j, "witness_vkey", witness);
	json_end(&j);
	free(full);
	return 0;
}

int verb_init(struct call *call)
{
	const char *root = root_to_make(call);
	int code;

	/* A name for ever: the scheme that C2SP tlog-checkpoint leaves out cannot be taken off later. */
	if (strstr(call->value[OPT_ORIGIN], "://"))
		return fail_usage(call, "--origin %s: write it without what stands before ://",
			call->value[OPT_ORIGIN]);
	if ((code = root_context(call)) != 0)
		return code;
	if (tote_orchestrator_init(
		    call->ctx, root, call->value[OPT_ORIGIN], call->actor, 0, &call->fault) < 0 ||
		tote_orchestrator_open(call->ctx, root, TOTE_ORCHESTRATOR_READ_ONLY,
			&call->orchestrator, &call->fault) < 0)
		return fail(call);
	return show_root(call, root);
}

/* A container as JSON, by what the registry says of it now. */
static int show_container(struct call *call, const char *id, const char *result)
{
	struct tote_container c;
	struct json j;

	c.size = sizeof(c);
	if (tote_orchestrator_find(call->orchestrator, id, &c, &call->fault) < 0)
		return fail(call);
	json_begin(&j, stdout, "container");
	json_string(&j, "container", c.id);
	json_string(&j, "result", result);
	json_string(&j, "state", tote_state_name(c.state));
	json_bool(&j, "detached", (c.flags & TOTE_CONTAINER_DETACHED) != 0);
	json_string(&j, "location", c.location);
	json_string(&j, "backend", c.backend);
	json_string(&j, "origin", c.origin);
	json_string(&j, "vkey", c.vkey);
	json_number(&j, "registered", c.registered);
	json_time(&j, "registered_time", c.registered_us);
	json_end(&j);
	return 0;
}

static int show_provisioned(struct call *call, const char *id, uint32_t result)
{
	struct tote_container c;

	if (call->json)
		return show_container(call, id,
			result == TOTE_PROVISIONED_ALREADY ? "already"
			: result == TOTE_PROVISIONED_NEW   ? "provisioned"
							   : "completed");
	c.size = sizeof(c);
	if (tote_orchestrator_find(call->orchestrator, id, &c, &call->fault) < 0)
		return fail(call);
	out_line(result == TOTE_PROVISIONED_ALREADY ? "%s: already, whole at %s"
		 : result == TOTE_PROVISIONED_NEW   ? "%s: provisioned at %s"
						    : "%s: was half made; completed at %s",
		id, c.location);
	return 0;
}

int verb_provision(struct call *call)
{
	struct tote_provision_options options;
	int code, worst = 0;
	size_t i;

	if (call->value[OPT_AT] && call->operand_count > 1)
		return fail_usage(
			call, "--at names one directory: provision one ID at a time with it");
	if (call->value[OPT_SUCCESSOR] && call->operand_count > 1)
		return fail_usage(call, "a container has one successor: provision one ID at a time "
					"with --successor-of");
	if ((code = root_open(call, 0)) != 0)
		return code;
	if (tote_provision_options_init(&options, sizeof(options), &call->fault) < 0)
		return fail(call);
	options.location = call->value[OPT_AT];
	options.actor = call->actor;
	options.predecessor = call->value[OPT_SUCCESSOR];
	for (i = 0; i < call->operand_count; i++) {
		uint32_t result = 0;

		if (tote_orchestrator_provision(call->orchestrator, call->operand[i], &options,
			    &result, &call->fault) < 0)
			code = fail(call);
		else
			code = show_provisioned(call, call->operand[i], result);
		worst = exit_worse(worst, code);
	}
	if (!worst)
		talk_next(call, "seal ID SOURCE..., append ID FILE, audit");
	return worst;
}

/* The root may have its key already: it was made here, or registered with it before. */
static int has_key(struct call *call, const char *id)
{
	struct tote_container c = {.size = sizeof(c)};

	return tote_orchestrator_find(call->orchestrator, id, &c, &call->fault) == 0 &&
	       (c.flags & TOTE_CONTAINER_KEY);
}

int verb_register(struct call *call)
{
	const char *id = call->operand[0];
	int code = root_open(call, 0);

	if (code)
		return code;
	if (tote_orchestrator_register(call->orchestrator, id, call->operand[1],
		    call->value[OPT_KEY], call->actor, 0, &call->fault) < 0)
		return fail(call);
	if (call->json)
		return show_container(call, id, "registered");
	out_line("%s: registered at %s; a full audit found it whole", id, call->operand[1]);
	if (!call->value[OPT_KEY] && !has_key(call, id))
		out_talk(call,
			"without its key: it takes records, and whoever has the key folds them");
	return 0;
}

int verb_detach(struct call *call)
{
	const char *id = call->operand[0];
	int code = root_open(call, 0);

	if (code)
		return code;
	if (tote_orchestrator_detach(call->orchestrator, id, call->actor, call->value[OPT_REASON],
		    0, &call->fault) < 0)
		return fail(call);
	if (call->json)
		return show_container(call, id, "detached");
	out_line("%s: detached; it stays as it is where it is", id);
	return 0;
}
