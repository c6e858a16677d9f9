/* SPDX-License-Identifier: ISC */
/*
 * fleet: the file that says which containers there should be. plan shows what it would change, apply
 * changes that, export writes such a file of what there is.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "json.h"
#include "out.h"
#include "root.h"
#include "verbs.h"

#define CHANGES_A_STEP 8 /* so that progress is seen */

/* A fleet file that is being worked on. */
struct work {
	struct call *call;
	char name[4200];
	tote_fleet *fleet;
	struct tote_fleet_plan plan;
};

/* ---- what is wrong ---- */

static void show_problem(const struct work *w, const struct tote_fleet_problem *p)
{
	struct json j;

	if (!w->call->json) {
		out_string(stderr, w->name);
		fprintf(stderr, ":%" PRIu32 ":%" PRIu32 ": ", p->line, p->column);
		out_string(stderr, p->text);
		putc('\n', stderr);
		return;
	}
	json_begin(&j, stdout, "fleet_problem");
	json_string(&j, "file", w->name);
	json_number(&j, "line", p->line);
	json_number(&j, "column", p->column);
	if (p->container[0])
		json_string(&j, "container", p->container);
	json_integer(&j, "code", p->code);
	json_string(&j, "text", p->text);
	json_end(&j);
}

/* All problems, then the fault of the call, which has counted them: what totectl exits with. */
static int show_problems(struct work *w)
{
	struct tote_fleet_problem p = {.size = sizeof(p)};
	struct tote_fault unused;
	char text[sizeof(w->call->fault.text)];
	size_t count = 0;
	int code = 0;

	progress_end();
	while (tote_fleet_next_problem(w->fleet, &p, &unused) == 1) {
		show_problem(w, &p);
		code = code ? exit_worse(code, tote_error_class(p.code)) : tote_error_class(p.code);
		count++;
	}
	if (count && w->call->fault.code == TOTE_E_GRAMMAR) {
		snprintf(text, sizeof(text), "%.300s: %zu problem%s; nothing was changed", w->name,
			count, text_s(count));
		tote_fault_set(&w->call->fault, TOTE_E_GRAMMAR, 0, text);
	}
	return count ? exit_worse(fail(w->call), code) : fail(w->call);
}

/* ---- what changes ---- */

static const char *kind_name(uint32_t kind)
{
	return kind == TOTE_FLEET_PROVISION ? "provision"
	       : kind == TOTE_FLEET_POLICY  ? "policy"
					    : "state";
}

static void change_json(const struct tote_fleet_change *c, int made)
{
	struct json j;

	json_begin(&j, stdout, "fleet_change");
	json_string(&j, "container", c->container);
	json_string(&j, "change", kind_name(c->kind));
	json_string(&j, "field", c->field);
	if (c->from[0])
		json_string(&j, "from", c->from);
	json_bytes(&j, "to", c->to, strlen(c->to));
	if (c->backend[0])
		json_string(&j, "backend", c->backend);
	json_bool(&j, "final", (c->flags & TOTE_FLEET_FINAL) != 0);
	json_bool(&j, "made", made);
	json_number(&j, "line", c->line);
	json_end(&j);
}

/* A field of a policy as a file would have it; the plan has it as it is on record. */
static const char *in_units(char out[TEXT_MAX], const char *field, const char *value)
{
	struct tote_policy p;
	struct tote_fault unused;

	if (tote_policy_init(&p, sizeof(p), &unused) < 0 ||
		tote_policy_put(&p, field, value, &unused) < 0 ||
		tote_policy_value(&p, p.set, out, TEXT_MAX, &unused) < 0)
		return value;
	return out;
}

static void change_line(const struct tote_fleet_change *c)
{
	char from[TEXT_MAX], to[TEXT_MAX];

	if (c->kind == TOTE_FLEET_PROVISION) {
		printf("+ %s: %s at ", c->container, c->backend);
		out_string(stdout, c->to);
		putchar('\n');
		return;
	}
	out_line("~ %s: %s: %s -> %s%s", c->container, c->field,
		c->from[0] ? in_units(from, c->field, c->from) : "default",
		in_units(to, c->field, c->to), c->flags & TOTE_FLEET_FINAL ? " (no way back)" : "");
}

/* The next changes, until `until` of all were shown. */
static void show_changes(const struct work *w, uint64_t *shown, uint64_t until, int made)
{
	struct tote_fleet_change c = {.size = sizeof(c)};
	struct tote_fault unused;

	if (*shown < until)
		progress_end();
	while (*shown < until && tote_fleet_next_change(w->fleet, &c, &unused) == 1) {
		if (w->call->json)
			change_json(&c, made);
		else
			change_line(&c);
		(*shown)++;
	}
	fflush(stdout);
}

static void summary_json(const struct work *w, const char *type, uint64_t changes, uint64_t seq)
{
	struct json j;

	json_begin(&j, stdout, type);
	json_string(&j, "file", w->name);
	json_digest(&j, "digest", w->plan.digest);
	json_bool(&j, "on_record", (w->plan.flags & TOTE_FLEET_ON_RECORD) != 0);
	json_number(&j, "changes", changes);
	json_number(&j, "final_moves", w->plan.final_moves);
	json_number(&j, "named", w->plan.named);
	json_number(&j, "unnamed", w->plan.unnamed);
	if (seq != TOTE_SEQ_ANY)
		json_number(&j, "seq", seq);
	json_end(&j);
}

static void talk_unnamed(const struct work *w)
{
	if (w->plan.unnamed)
		out_talk(w->call, "not in the file, and left alone: %" PRIu64, w->plan.unnamed);
}

/* ---- the verbs ---- */

/* The default lies in the root, which is open. */
static int name_file(struct work *w)
{
	const struct call *call = w->call;

	if (call->operand_count > 1)
		snprintf(w->name, sizeof(w->name), "%s", call->operand[1]);
	else
		snprintf(w->name, sizeof(w->name), "%s/fleet.yaml", call->root);
	return strlen(w->name) + 1 < sizeof(w->name)
		       ? 0
		       : fail_usage(call, "fleet: the path of the file is too long");
}

static int read_fleet(struct work *w)
{
	struct file file;
	int code, rc;

	if ((code = name_file(w)) != 0 ||
		(code = file_read(w->call, w->name, TOTE_FLEET_BYTES_MAX, &file)) != 0)
		return code;
	rc = tote_fleet_parse(
		w->call->ctx, file.bytes, file.length, w->name, &w->fleet, &w->call->fault);
	free(file.bytes);
	return rc < 0 ? fail(w->call) : 0;
}

static int make_plan(struct work *w)
{
	w->plan.size = sizeof(w->plan);
	if (tote_fleet_plan(w->call->orchestrator, w->fleet, 0, &w->plan, &w->call->fault) < 0)
		return show_problems(w);
	return 0;
}

static int plan(struct work *w)
{
	char named[TEXT_MAX], changes[TEXT_MAX];
	uint64_t shown = 0;
	int code = make_plan(w);

	if (code)
		return code;
	show_changes(w, &shown, w->plan.changes, 0);
	if (w->call->json) {
		summary_json(w, "fleet_plan", w->plan.changes, TOTE_SEQ_ANY);
		return w->plan.changes ? TOTE_CLASS_DIFFERENCES : 0;
	}
	talk_unnamed(w);
	text_count(named, w->plan.named);
	if (!w->plan.changes) {
		out_verdict(1, "nothing to change: %s container%s as the file says", named,
			w->plan.named == 1 ? " is" : "s are");
		return 0;
	}
	out_line("%s change%s; next: totectl fleet apply%s", text_count(changes, w->plan.changes),
		text_s(w->plan.changes), w->plan.final_moves ? " --yes" : "");
	return TOTE_CLASS_DIFFERENCES;
}

static int apply_verdict(const struct work *w, const struct tote_fleet_progress *applied)
{
	char changes[TEXT_MAX];

	if (w->call->json) {
		summary_json(w, "fleet_applied", applied->changes, applied->seq);
		return 0;
	}
	talk_unnamed(w);
	if (applied->seq == TOTE_SEQ_ANY)
		out_verdict(1, "nothing to change, and this file was the last on record");
	else
		out_verdict(1, "%s change%s; the file is on record as entry %" PRIu64,
			text_count(changes, applied->changes), text_s(applied->changes),
			applied->seq);
	return 0;
}

static int apply(struct work *w)
{
	struct tote_fleet_progress applied = {.size = sizeof(applied)};
	struct tote_fault unused;
	struct tote_fleet_apply_options options;
	struct call *call = w->call;
	uint64_t shown = 0;
	int rc, code = make_plan(w);

	if (code)
		return code;
	if (tote_fleet_apply_options_init(&options, sizeof(options), &call->fault) < 0)
		return fail(call);
	options.flags = call->value[OPT_YES] ? TOTE_FLEET_FINAL_MOVES : 0;
	options.actor = call->actor;
	options.max_changes = CHANGES_A_STEP;
	do {
		rc = tote_fleet_apply(call->orchestrator, w->fleet, &options, &call->fault);
		tote_fleet_progress(w->fleet, &applied, &unused);
		show_changes(w, &shown, applied.changes, 1);
		progress(call, "%" PRIu64 " of %" PRIu64 " changes", applied.changes,
			w->plan.changes);
	} while (rc == 1);
	if (rc < 0)
		return show_problems(w);
	return apply_verdict(w, &applied);
}

static int export_all(struct call *call, char **ret_bytes, size_t *ret_length)
{
	size_t cap = 1 << 16;
	int rc;

	do {
		*ret_bytes = malloc(cap);
		if (!*ret_bytes)
			return fail_system(call, ENOMEM, "fleet export");
		rc = tote_fleet_export(
			call->orchestrator, 0, *ret_bytes, cap, ret_length, &call->fault);
		if (rc < 0)
			free(*ret_bytes);
		cap = *ret_length + (1 << 16); /* the next time it may be more */
	} while (rc == TOTE_E_TOO_LARGE);
	return rc < 0 ? fail(call) : 0;
}

/* What somebody wrote by hand is not replaced without a word. */
static int check_free(struct call *call, const char *name)
{
	struct stat st;

	if (call->value[OPT_YES] || lstat(name, &st) < 0)
		return 0;
	return fail_usage(call, "%s is there already: --yes replaces it", name);
}

static int export_to(struct call *call, const char *name)
{
	char *bytes;
	size_t length;
	struct json j;
	int code = export_all(call, &bytes, &length);

	if (code)
		return code;
	if (strcmp(name, "-") != 0) {
		code = file_write(call, name, bytes, length);
		if (!code)
			out_talk(call, "%s is what there is now", name);
	} else if (call->json) {
		json_begin(&j, stdout, "fleet");
		json_bytes(&j, "yaml", bytes, length);
		json_end(&j);
	} else {
		fwrite(bytes, 1, length, stdout);
	}
	free(bytes);
	return code;
}

static int export(struct call *call)
{
	const char *name = call->operand_count > 1 ? call->operand[1] : "-";
	int code = strcmp(name, "-") != 0 ? check_free(call, name) : 0;

	if (!code)
		code = root_open(call, TOTE_ORCHESTRATOR_READ_ONLY);
	return code ? code : export_to(call, name);
}

int verb_fleet(struct call *call)
{
	struct work w = {.call = call};
	const char *what = call->operand[0];
	const int plans = !strcmp(what, "plan");
	int code;

	if (!strcmp(what, "export"))
		return export(call);
	if (!plans && strcmp(what, "apply") != 0)
		return fail_usage(call, "fleet '%s': plan, apply or export", what);
	if (plans && call->value[OPT_YES])
		return fail_usage(call, "fleet plan changes nothing: --yes is for fleet apply");
	if ((code = root_open(call, plans ? TOTE_ORCHESTRATOR_READ_ONLY : 0)) != 0)
		return code;
	code = read_fleet(&w);
	if (!code)
		code = plans ? plan(&w) : apply(&w);
	tote_fleet_unref(w.fleet);
	return code;
}
