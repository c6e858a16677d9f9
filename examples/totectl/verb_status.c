/* SPDX-License-Identifier: ISC */
/*
 * status: one table, worst first, with what to do next, and the flags that stand.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "out.h"
#include "root.h"
#include "table.h"
#include "verbs.h"

/* The band of findings of an audit that could not look: no damage is known. */
#define FIRST_NOT_LOOKED_AT 9000

/* How bad it is, the worst last; the table begins with the worst. */
enum rank {
	RANK_GONE,
	RANK_WELL,
	RANK_UNSIGNED,
	RANK_PARTLY, /* what came since the last audit, or its assets' bytes, nobody looked at */
	RANK_NEVER,
	RANK_INCOMPLETE,
	RANK_UNREACHABLE,
	RANK_STANDING,
	RANK_SHORTER, /* than it was audited: an old copy in its place, or a cut */
	RANK_DAMAGED
};

struct row {
	char id[64];
	enum rank rank;
	uint64_t flag; /* the first that nobody has acknowledged, or TOTE_SEQ_ANY */
	struct tote_status status;
};

struct rows {
	struct row *row;
	size_t count;
	uint64_t standing; /* flags that are shown */
};

static int is_orchestrator(const char *id)
{
	return !strcmp(id, "orchestrator");
}

/* The consolidated record is never without entries since its audit: the audits of the others. */
static int looked_at_in_part(const struct row *row)
{
	const struct tote_status *s = &row->status;

	return s->level != TOTE_LEVEL_FULL ||
	       (s->entries > s->audited_entries && !is_orchestrator(row->id));
}

static enum rank rank_of(const struct row *row)
{
	const struct tote_status *s = &row->status;

	if (s->flags_open || s->flags & TOTE_STATUS_DAMAGED)
		return RANK_DAMAGED;
	if (s->verdict == TOTE_VERDICT_DAMAGED)
		return s->flags_standing ? RANK_STANDING : RANK_DAMAGED;
	if (s->flags & TOTE_STATUS_DETACHED || s->state == TOTE_STATE_DISPOSED)
		return RANK_GONE;
	if (s->flags & TOTE_STATUS_UNREACHABLE)
		return RANK_UNREACHABLE;
	if (s->entries < s->audited_entries || s->entries < s->witnessed)
		return RANK_SHORTER;
	if (s->verdict == TOTE_VERDICT_INCOMPLETE || s->flags & TOTE_STATUS_UNREAD)
		return RANK_INCOMPLETE;
	if (s->flags_standing)
		return RANK_STANDING;
	if (s->flags & TOTE_STATUS_NEVER_AUDITED)
		return RANK_NEVER;
	if (looked_at_in_part(row))
		return RANK_PARTLY;
	return s->covered < s->entries ? RANK_UNSIGNED : RANK_WELL;
}

static int add_row(struct call *call, struct rows *rows, const char *id)
{
	struct row *row = reallocarray(rows->row, rows->count + 1, sizeof(*row));

	if (!row)
		return fail_system(call, ENOMEM, "status");
	rows->row = row;
	row += rows->count;
	snprintf(row->id, sizeof(row->id), "%s", id);
	row->flag = TOTE_SEQ_ANY;
	row->status.size = sizeof(row->status);
	if (tote_orchestrator_status(call->orchestrator, id, &row->status, &call->fault) < 0)
		return fail(call);
	row->rank = rank_of(row);
	rows->count++;
	return 0;
}

static int add_all(struct call *call, struct rows *rows)
{
	struct tote_container *c = calloc(1, sizeof(*c));
	int rc, code = c ? add_row(call, rows, "orchestrator")
			 : fail_system(call, ENOMEM, "status");

	while (!code) {
		c->size = sizeof(*c);
		rc = tote_orchestrator_next(
			call->orchestrator, c->id[0] ? c->id : NULL, c, &call->fault);
		if (rc <= 0) {
			code = rc < 0 ? fail(call) : 0;
			break;
		}
		code = add_row(call, rows, c->id);
	}
	free(c);
	return code;
}

static int by_rank(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->rank != y->rank ? (x->rank < y->rank) - (x->rank > y->rank)
				  : strcmp(x->id, y->id);
}

/* ---- flags ---- */

static void flag_json(const struct tote_flag *f)
{
	char code[16];
	struct json j;

	snprintf(code, sizeof(code), "TOTE-%04d", f->code);
	json_begin(&j, stdout, "flag");
	json_number(&j, "flag", f->seq);
	json_string(&j, "code", code);
	json_string(&j, "name", tote_finding_name(f->code));
	json_string(&j, "container", f->container);
	json_string(&j, "path", f->path);
	if (f->flags & TOTE_FLAG_SEQ)
		json_number(&j, "seq", f->at_seq);
	json_number(&j, "finding", f->finding);
	json_time(&j, "raised", f->raised_us);
	json_bool(&j, "cleared", (f->flags & TOTE_FLAG_CLEARED) != 0);
	json_bool(&j, "acknowledged", (f->flags & TOTE_FLAG_ACKNOWLEDGED) != 0);
	if (f->flags & TOTE_FLAG_ACKNOWLEDGED) {
		json_time(&j, "acknowledged_time", f->acknowledged_us);
		json_string(&j, "actor", f->actor);
		json_string(&j, "reason", f->reason);
	}
	json_end(&j);
}

static void flag_text(const struct tote_flag *f)
{
	char time[TEXT_MAX];

	out_line("flag %" PRIu64 "  TOTE-%04d %s  %s%s%s  since %s", f->seq, f->code,
		tote_finding_name(f->code), f->container, *f->path ? "  " : "", f->path,
		text_minute(time, f->raised_us));
	if (f->flags & TOTE_FLAG_CLEARED)
		out_line("    a later audit found it whole: it waits for totectl ack");
	else if (f->flags & TOTE_FLAG_ACKNOWLEDGED)
		out_line("    acknowledged, still %s: %s: %s",
			f->code < FIRST_NOT_LOOKED_AT ? "damaged" : "not looked at", f->actor,
			f->reason);
}

/* The flags of one container that still stand: those that no later audit found whole. */
static int show_flags(struct call *call, struct rows *rows, struct row *row, int print)
{
	struct tote_flag *f = malloc(sizeof(*f));
	uint64_t after = TOTE_SEQ_ANY;
	int rc;

	if (!f)
		return fail_system(call, ENOMEM, "flags");
	f->size = sizeof(*f);
	while ((rc = tote_orchestrator_next_flag(
			call->orchestrator, row->id, after, f, &call->fault)) == 1) {
		int open = (f->flags & TOTE_FLAG_ACKNOWLEDGED) == 0;

		after = f->seq;
		if (open && row->flag == TOTE_SEQ_ANY)
			row->flag = f->seq;
		if (!open && (f->flags & TOTE_FLAG_CLEARED))
			continue;
		rows->standing++;
		if (print && call->json)
			flag_json(f);
		else if (print)
			flag_text(f);
	}
	free(f);
	return rc < 0 ? fail(call) : 0;
}

/* ---- the table ---- */

static const char *next_of(const struct row *row, char buffer[128])
{
	switch (row->rank) {
	case RANK_DAMAGED:
		if (row->status.flags & TOTE_STATUS_DAMAGED) {
			snprintf(buffer, 128,
				"bring orchestrator/ledger back from a copy; totectl audit says "
				"what is "
				"damaged");
			break;
		}
		if (row->flag != TOTE_SEQ_ANY) {
			snprintf(buffer, 128, "see below; totectl ack %" PRIu64 " --reason TEXT",
				row->flag);
			break;
		}
		/* fall through */
	case RANK_STANDING:
		snprintf(buffer, 128, "restore what is damaged; totectl audit %s", row->id);
		break;
	case RANK_UNREACHABLE:
		snprintf(buffer, 128,
			"its ledger cannot be read: mount or permit it; totectl audit %s", row->id);
		break;
	case RANK_SHORTER:
		snprintf(buffer, 128, "fewer entries than were audited; totectl audit %s", row->id);
		break;
	case RANK_INCOMPLETE:
		if (row->status.flags & TOTE_STATUS_UNREAD) {
			snprintf(buffer, 128,
				"more is on record than may be read here; its owner: totectl audit "
				"orchestrator");
			break;
		}
		/* fall through */
	case RANK_PARTLY:
	case RANK_NEVER:
		snprintf(buffer, 128, "totectl audit %s", row->id);
		break;
	default:
		snprintf(buffer, 128, "-");
	}
	return buffer;
}

static const char *state_of(const struct row *row)
{
	const char *name = tote_state_name(row->status.state);

	if (row->status.flags & TOTE_STATUS_DETACHED)
		return "detached";
	return name && !is_orchestrator(row->id) ? name : "-";
}

static const char *verdict_of(const struct row *row)
{
	if (row->status.flags & TOTE_STATUS_DAMAGED)
		return "damaged";
	if (row->status.flags & TOTE_STATUS_UNREACHABLE &&
		row->status.verdict != TOTE_VERDICT_DAMAGED)
		return "unreachable";
	if (row->rank == RANK_SHORTER)
		return "shorter";
	if (row->status.verdict == TOTE_VERDICT_OK && row->status.level == TOTE_LEVEL_STRUCTURE)
		return "ok (structure)";
	return row->status.flags & TOTE_STATUS_NEVER_AUDITED ? "never audited"
							     : verdict_name(row->status.verdict);
}

static void show_table(const struct rows *rows)
{
	static const char *const heads[] = {
		"CONTAINER", "STATE", "VERDICT", "AUDITED", "ENTRIES", "UNSIGNED", "FLAGS", "NEXT"};
	struct table *table = table_new("llllrrrl");
	char entries[TEXT_MAX], open[TEXT_MAX], time[TEXT_MAX], next[128];
	size_t i;
	int unread;

	for (i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		table_cell(table, "%s", heads[i]);
	for (i = 0; i < rows->count; i++) {
		const struct row *r = &rows->row[i];
		const struct tote_status *s = &r->status;

		table_cell(table, "%s", r->id);
		table_cell(table, "%s", state_of(r));
		table_cell(table, "%s", verdict_of(r));
		table_cell(
			table, "%s", s->last_audit_us ? text_minute(time, s->last_audit_us) : "-");
		/* What could not be read now is not none. */
		unread = (s->flags & TOTE_STATUS_UNREACHABLE) != 0;
		table_cell(table, "%s", unread ? "?" : text_count(entries, s->entries));
		table_cell(table, "%s", unread ? "?" : text_count(open, s->entries - s->covered));
		table_cell(table, "%" PRIu64, s->flags_open + s->flags_standing);
		table_cell(table, "%s", next_of(r, next));
	}
	table_print(table);
}

static void show_json(const struct row *row)
{
	const struct tote_status *s = &row->status;
	char next[128];
	struct json j;

	json_begin(&j, stdout, "status");
	json_string(&j, "container", row->id);
	json_string(&j, "state", state_of(row));
	json_string(&j, "verdict",
		s->flags & TOTE_STATUS_NEVER_AUDITED ? "none" : verdict_name(s->verdict));
	json_string(&j, "level", level_name(s->level));
	json_bool(&j, "unreachable", (s->flags & TOTE_STATUS_UNREACHABLE) != 0);
	json_bool(&j, "damaged", (s->flags & TOTE_STATUS_DAMAGED) != 0);
	json_bool(&j, "unread", (s->flags & TOTE_STATUS_UNREAD) != 0);
	json_bool(&j, "never_audited", (s->flags & TOTE_STATUS_NEVER_AUDITED) != 0);
	if (s->last_audit_us) {
		json_number(&j, "run", s->run);
		json_time(&j, "last_audit", s->last_audit_us);
	}
	if (s->last_full_audit_us)
		json_time(&j, "last_full_audit", s->last_full_audit_us);
	json_number(&j, "audited_entries", s->audited_entries);
	json_number(&j, "audited_assets", s->audited_assets);
	json_number(&j, "audited_bytes", s->audited_bytes);
	json_number(&j, "witnessed_size", s->witnessed);
	json_number(&j, "flags_open", s->flags_open);
	json_number(&j, "flags_standing", s->flags_standing);
	json_bool(&j, "shorter", row->rank == RANK_SHORTER);
	if (!(s->flags & TOTE_STATUS_UNREACHABLE)) {
		json_number(&j, "entries", s->entries);
		json_number(&j, "covered", s->covered);
	}
	if (s->unfolded_since_us)
		json_time(&j, "unfolded_since", s->unfolded_since_us);
	json_string(&j, "next", next_of(row, next));
	json_end(&j);
}

static int code_of(const struct row *row)
{
	switch (row->rank) {
	case RANK_DAMAGED:
	case RANK_SHORTER:
		return TOTE_CLASS_INTEGRITY;
	case RANK_STANDING:
		return row->status.verdict == TOTE_VERDICT_DAMAGED ? TOTE_CLASS_INTEGRITY
								   : TOTE_CLASS_OK;
	case RANK_UNREACHABLE:
		return TOTE_CLASS_UNREACHABLE;
	case RANK_INCOMPLETE:
		return TOTE_CLASS_INCOMPLETE;
	default:
		return TOTE_CLASS_OK;
	}
}

/* What is said to be well was looked at: all of it, and what is not minded any more is left out. */
static void good_news(uint64_t never, uint64_t partly, uint64_t containers, uint64_t entries)
{
	char number[2][TEXT_MAX], parts[96] = "";

	if (never)
		snprintf(parts, sizeof(parts), "%s never audited%s", text_count(number[0], never),
			partly ? ", " : "");
	if (partly)
		snprintf(parts + strlen(parts), sizeof(parts) - strlen(parts),
			"%s audited in part only", text_count(number[1], partly));
	if (never || partly)
		out_verdict(1, "nothing is known to be wrong; %s: totectl audit", parts);
	else
		out_verdict(1, "all is well: %s container%s, %s entr%s, no flag stands",
			text_count(number[0], containers), text_s(containers),
			text_count(number[1], entries), text_ies(entries));
}

static void show_verdict(const struct rows *rows, int code)
{
	uint64_t bad = 0, entries = 0, containers = 0, never = 0, partly = 0;
	char flags[TEXT_MAX];
	size_t i;

	for (i = 0; i < rows->count; i++) {
		const struct row *r = &rows->row[i];

		bad += r->rank >= RANK_INCOMPLETE;
		never += r->rank == RANK_NEVER;
		partly += r->rank == RANK_PARTLY;
		if (!is_orchestrator(r->id) && r->rank != RANK_GONE) {
			containers++;
			entries += r->status.entries;
		}
	}
	if (code || bad)
		out_verdict(0, "%" PRIu64 " of %zu need%s you: %s flag%s stand%s", bad, rows->count,
			bad == 1 ? "s" : "",
			rows->standing ? text_count(flags, rows->standing) : "no",
			rows->standing > 1 ? "s" : "", rows->standing > 1 ? "" : "s");
	else
		good_news(never, partly, containers, entries);
}

static int show_all(struct call *call, struct rows *rows)
{
	int code = 0, worst = 0;
	size_t i;

	if (rows->count)
		qsort(rows->row, rows->count, sizeof(*rows->row), by_rank);
	for (i = 0; !code && i < rows->count; i++) {
		code = show_flags(call, rows, &rows->row[i], 0);
		worst = exit_worse(worst, code_of(&rows->row[i]));
		if (!code && call->json)
			show_json(&rows->row[i]);
	}
	if (code)
		return code;
	if (!call->json)
		show_table(rows);
	rows->standing = 0;
	for (i = 0; !code && i < rows->count; i++)
		code = show_flags(call, rows, &rows->row[i], 1);
	if (!code && !call->json)
		show_verdict(rows, worst);
	return exit_worse(worst, code);
}

int verb_status(struct call *call)
{
	struct rows rows = {NULL, 0, 0};
	int code = root_open(call, TOTE_ORCHESTRATOR_READ_ONLY);
	size_t i;

	if (!code && !call->operand_count)
		code = add_all(call, &rows);
	for (i = 0; !code && i < call->operand_count; i++)
		code = add_row(call, &rows, call->operand[i]);
	if (!code)
		code = show_all(call, &rows);
	free(rows.row);
	return code;
}
