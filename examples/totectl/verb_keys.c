/* SPDX-License-Identifier: ISC */
/*
 * Keys: which there are, with the entry from which each signs; rotate gives a new one, rekey replaces
 * one that is lost.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "out.h"
#include "root.h"
#include "verbs.h"

/* ---- keys ---- */

/* Whose keys they are, and what they are called. */
struct owner {
	const char *role;
	const char *id;        /* as the library names it */
	const char *container; /* NULL: the root's own */
};

static void key_json(const struct owner *owner, const struct tote_key *key, int in_force)
{
	struct json j;

	json_begin(&j, stdout, "key");
	json_string(&j, "role", in_force ? owner->role : "former");
	if (!in_force)
		json_string(&j, "of", owner->role);
	if (owner->container)
		json_string(&j, "container", owner->container);
	json_string(&j, "vkey", key->vkey);
	json_number(&j, "from_seq", key->from_seq);
	json_bool(&j, "replaced_a_lost_one", (key->flags & TOTE_KEYS_REPLACED) != 0);
	json_end(&j);
}

/* The one in force first: a file of these lines is what --vkey takes. */
static void show_keys(
	struct call *call, const struct owner *owner, const struct tote_key *keys, size_t count)
{
	size_t i;

	for (i = count; i-- > 0;) {
		int in_force = i + 1 == count;

		if (call->json)
			key_json(owner, &keys[i], in_force);
		else if (in_force)
			out_line("%s %s", owner->role, keys[i].vkey);
		else
			out_line("former %s until entry %" PRIu64 "%s", keys[i].vkey,
				keys[i + 1].from_seq,
				keys[i + 1].flags & TOTE_KEYS_REPLACED
					? ", where it was lost and replaced"
					: "");
	}
}

static int keys_of(struct call *call, const struct owner *owner)
{
	struct tote_key *keys = NULL;
	size_t cap = 8, count = 0;
	int rc;

	do {
		struct tote_key *more = reallocarray(keys, cap, sizeof(*keys));

		if (!more) {
			free(keys);
			return fail_system(call, ENOMEM, "keys");
		}
		keys = more;
		rc = tote_orchestrator_keys(
			call->orchestrator, owner->id, keys, cap, &count, &call->fault);
		cap = rc == TOTE_E_TOO_LARGE ? count : cap;
	} while (rc == TOTE_E_TOO_LARGE);
	if (rc == 0)
		show_keys(call, owner, keys, count);
	free(keys);
	return rc < 0 ? fail(call) : 0;
}

static int container_keys(struct call *call, const char *id)
{
	const struct owner owner = {"container", id, id};

	return keys_of(call, &owner);
}

/* One that cannot be read keeps nobody from the others. */
static int all_keys(struct call *call)
{
	struct tote_container *c = malloc(sizeof(*c));
	int rc, worst = 0;

	if (!c)
		return fail_system(call, ENOMEM, "keys");
	c->size = sizeof(*c);
	c->id[0] = '\0';
	while ((rc = tote_orchestrator_next(
			call->orchestrator, c->id[0] ? c->id : NULL, c, &call->fault)) == 1)
		if (!(c->flags & TOTE_CONTAINER_DETACHED))
			worst = exit_worse(worst, container_keys(call, c->id));
	free(c);
	return rc < 0 ? fail(call) : worst;
}

static int root_keys(struct call *call)
{
	const struct owner record = {"orchestrator", "orchestrator", NULL};
	const struct owner witness = {"witness", "witness", NULL};
	int code = keys_of(call, &record);

	return code ? code : keys_of(call, &witness);
}

int verb_keys(struct call *call)
{
	const char *id = call->operand_count ? call->operand[0] : NULL;
	int code = root_open(call, TOTE_ORCHESTRATOR_READ_ONLY), own;

	if (code)
		return code;
	if (!id)
		code = all_keys(call);
	else if (strcmp(id, "orchestrator") != 0 && strcmp(id, "witness") != 0)
		code = container_keys(call, id);
	if (code && id)
		return code;
	own = root_keys(call);
	return exit_worse(code, own);
}

/* ---- rotate and rekey ---- */

static const char *role_of(const char *id)
{
	return strcmp(id, "orchestrator") == 0 || strcmp(id, "witness") == 0 ? id : "container";
}

static int show_new(struct call *call, const char *id)
{
	const struct owner owner = {role_of(id), id, *role_of(id) == 'c' ? id : NULL};

	return keys_of(call, &owner);
}

int verb_rotate(struct call *call)
{
	const char *id = call->operand[0];
	int code = root_open(call, 0);

	if (code)
		return code;
	if (tote_orchestrator_rotate(call->orchestrator, id, call->actor, call->value[OPT_REASON],
		    0, &call->fault) < 0)
		return fail(call);
	out_talk(call, "%s: the new key signs from here on, and the old one proved it", id);
	return show_new(call, id);
}

int verb_rekey(struct call *call)
{
	const char *id = call->operand[0];
	int code;

	if (!call->value[OPT_YES])
		return fail_usage(call,
			"rekey has no way back: nobody can prove the new key but this root's "
			"record. Where a copy of the old one exists, bring that back into "
			"orchestrator/keys instead; else say --yes");
	if ((code = root_open(call, 0)) != 0)
		return code;
	if (tote_orchestrator_rekey(call->orchestrator, id, call->actor, call->value[OPT_REASON], 0,
		    &call->fault) < 0)
		return fail(call);
	out_talk(call,
		"%s: give the new key to whoever verifies without this root: no entry of the "
		"ledger "
		"leads to it",
		id);
	return show_new(call, id);
}
