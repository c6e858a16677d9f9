/* SPDX-License-Identifier: ISC */
/*
 * policy: what is in force for one container, and setting fields of it, in the words of a fleet file.
 */
#include <inttypes.h>
#include <string.h>

#include "json.h"
#include "out.h"
#include "root.h"
#include "table.h"
#include "verbs.h"

static const struct {
	uint32_t bit;
	const char *about;
} fields[] = {
	{TOTE_POLICY_STRUCTURE_EVERY, "period of structure audits; 0: not by the schedule"},
	{TOTE_POLICY_FULL_EVERY, "period of full audits; 0: not by the schedule"},
	{TOTE_POLICY_OVERDUE_AFTER, "age of a last full audit that is too old; 0: none is"},
	{TOTE_POLICY_FOLD_AFTER, "age at which entries are signed for; 0: not by age"},
	{TOTE_POLICY_FOLD_BYTES, "size of the journal at which they are"},
	{TOTE_POLICY_RATE, "bytes a second that its audits read at most; 0: no bound"},
	{TOTE_POLICY_WINDOW, "when in the day, UTC, its audits begin; both the same: any time"},
	{TOTE_POLICY_ON_FLAG, "what a flag of damage does: none, or suspend the container"},
	{TOTE_POLICY_COSIGNERS, "how many witnesses outside this root must have cosigned"},
};

#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static const char *value_of(char out[TEXT_MAX], const struct tote_policy *p, uint32_t bit)
{
	struct tote_fault unused;

	return tote_policy_value(p, bit, out, TEXT_MAX, &unused) < 0 ? "?" : out;
}

/* ---- what was typed ---- */

static int take(struct call *call, const char *typed, struct tote_policy *wanted)
{
	const char *value = strchr(typed, '=');
	const uint32_t before = wanted->set;
	char key[64];

	if (!value || value == typed || (size_t)(value - typed) >= sizeof(key))
		return fail_usage(call,
			"'%.64s' is no field of a policy: KEY=VALUE, as full-every=2w", typed);
	memcpy(key, typed, (size_t)(value - typed));
	key[value - typed] = '\0';
	if (tote_policy_put(wanted, key, value + 1, &call->fault) < 0)
		return fail(call);
	if (wanted->set == before)
		return fail_usage(call, "%s is given twice", key);
	return 0;
}

static int take_all(struct call *call, struct tote_policy *wanted)
{
	int code = 0;
	size_t i;

	if (tote_policy_init(wanted, sizeof(*wanted), &call->fault) < 0)
		return fail(call);
	for (i = 1; !code && i < call->operand_count; i++)
		code = take(call, call->operand[i], wanted);
	return code;
}

/* ---- what is in force ---- */

static int read_policy(struct call *call, struct tote_policy *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->size = sizeof(*ret);
	if (tote_orchestrator_policy(call->orchestrator, call->operand[0], ret, &call->fault) < 0)
		return fail(call);
	return 0;
}

static void names_json(struct json *j, const char *key, uint32_t set)
{
	size_t i;

	json_open(j, key, '[');
	for (i = 0; i < FIELDS; i++)
		if (set & fields[i].bit)
			json_string(j, NULL, tote_policy_key(fields[i].bit));
	json_close(j, ']');
}

static void policy_json(const char *id, const struct tote_policy *p, uint32_t changed)
{
	char text[TEXT_MAX];
	struct json j;

	json_begin(&j, stdout, "policy");
	json_string(&j, "container", id);
	json_number(&j, "structure_every", p->structure_every_s);
	json_number(&j, "full_every", p->full_every_s);
	json_number(&j, "overdue_after", p->overdue_after_s);
	json_number(&j, "fold_after", p->fold_after_s);
	json_number(&j, "fold_bytes", p->fold_bytes);
	json_number(&j, "rate", p->rate);
	json_string(&j, "window", value_of(text, p, TOTE_POLICY_WINDOW));
	json_string(&j, "on_flag", value_of(text, p, TOTE_POLICY_ON_FLAG));
	json_number(&j, "cosigners", p->cosigners);
	names_json(&j, "set", p->set);
	names_json(&j, "changed", changed);
	json_end(&j);
}

static void show_policy(const char *id, const struct tote_policy *p)
{
	struct table *table = table_new("llll");
	char text[TEXT_MAX];
	size_t i;

	table_cell(table, "FIELD");
	table_cell(table, "VALUE");
	table_cell(table, "FROM");
	table_cell(table, "WHAT IT SAYS");
	for (i = 0; i < FIELDS; i++) {
		table_cell(table, "%s", tote_policy_key(fields[i].bit));
		table_cell(table, "%s", value_of(text, p, fields[i].bit));
		table_cell(table, "%s", p->set & fields[i].bit ? "record" : "default");
		table_cell(table, "%s", fields[i].about);
	}
	table_print(table);
	out_line("to change one: totectl policy %s KEY=VALUE", id);
}

/* ---- setting ---- */

/* What differs now, or stands on record where it was a default. */
static uint32_t show_changes(
	const struct call *call, const struct tote_policy *before, const struct tote_policy *after)
{
	char from[TEXT_MAX], to[TEXT_MAX];
	uint32_t changed = 0;
	size_t i;

	for (i = 0; i < FIELDS; i++) {
		const uint32_t bit = fields[i].bit, was_set = before->set & bit;

		value_of(from, before, bit);
		value_of(to, after, bit);
		if (!strcmp(from, to) && was_set == (after->set & bit))
			continue;
		changed |= bit;
		if (!call->json)
			out_line("~ %s: %s: %s -> %s", call->operand[0], tote_policy_key(bit),
				was_set ? from : "default", to);
	}
	return changed;
}

static int set_policy(struct call *call, const struct tote_policy *wanted)
{
	const char *id = call->operand[0];
	struct tote_policy before, after;
	uint32_t changed;
	int code = read_policy(call, &before);

	if (code)
		return code;
	if (tote_orchestrator_set_policy(
		    call->orchestrator, id, wanted, call->actor, 0, &call->fault) < 0)
		return fail(call);
	if ((code = read_policy(call, &after)) != 0)
		return code;
	changed = show_changes(call, &before, &after);
	if (call->json)
		policy_json(id, &after, changed);
	else
		out_verdict(1,
			changed ? "%s: on record" : "%s: nothing to change: it is so already", id);
	return 0;
}

int verb_policy(struct call *call)
{
	struct tote_policy p;
	int code = take_all(call, &p);

	if (code || (code = root_open(call, p.set ? 0 : TOTE_ORCHESTRATOR_READ_ONLY)) != 0)
		return code;
	if (p.set)
		return set_policy(call, &p);
	if ((code = read_policy(call, &p)) != 0)
		return code;
	if (call->json)
		policy_json(call->operand[0], &p, 0);
	else
		show_policy(call->operand[0], &p);
	return 0;
}
