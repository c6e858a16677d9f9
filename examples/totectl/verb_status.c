/* SPDX-License-Identifier: ISC */
/*
 * status: one table, worst first, then for each container that is not well why, the flags that
 * stand, and what to do next.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "flag.h"
#include "json.h"
#include "out.h"
#include "root.h"
#include "status_text.h"
#include "table.h"
#include "verbs.h"

#define NAMED 3 /* of containers that fare alike, so many are named */

struct rows {
	struct tote_status *row;
	size_t count;
	uint64_t standing; /* flags that are shown */
};

static int is_orchestrator(const struct tote_status *s)
{
	return !strcmp(s->id, "orchestrator");
}

static struct tote_status *room_for_row(struct call *call, struct rows *rows)
{
	const size_t wanted = rows->count + 1;
	struct tote_status *row = rows->row;

	/* doubled: whenever the count is a power of two the room is used up */
	if (!(rows->count & (rows->count - 1)))
		row = reallocarray(rows->row, 2 * wanted, sizeof(*row));
	if (!row) {
		fail_system(call, ENOMEM, "status");
		return NULL;
	}
	rows->row = row;
	row += rows->count;
	memset(row, 0, sizeof(*row));
	row->size = sizeof(*row);
	return row;
}

static int add_row(struct call *call, struct rows *rows, const char *id)
{
	struct tote_status *row = room_for_row(call, rows);

	if (!row)
		return TOTE_CLASS_FAILED;
	if (tote_orchestrator_status(call->orchestrator, id, row, &call->fault) < 0)
		return fail(call);
	rows->count++;
	return 0;
}

static int add_all(struct call *call, struct rows *rows)
{
	struct tote_status *row;
	tote_health *health;
	int rc;

	if (tote_health_open(call->orchestrator, 0, &health, &call->fault) < 0)
		return fail(call);
	do {
		row = room_for_row(call, rows);
		rc = row ? tote_health_next(health, row, &call->fault) : 0;
		rows->count += rc == 1;
	} while (rc == 1);
	tote_health_unref(health);
	if (!row)
		return TOTE_CLASS_FAILED;
	return rc < 0 ? fail(call) : 0;
}

static int worst_first(const void *a, const void *b)
{
	const struct tote_status *x = a, *y = b;

	if (x->health != y->health)
		return x->health > y->health ? -1 : 1;
	return strcmp(x->id, y->id);
}

/* The flags of one container that still stand: those that no later audit found whole. */
static int show_flags(struct call *call, struct rows *rows, const struct tote_status *row)
{
	if (!row->flags_open && !row->flags_standing)
		return 0;
	return flags_show(call, row->id, &rows->standing);
}

/* ---- the table ---- */

static void show_table(const struct rows *rows)
{
	static const char *const heads[] = {"CONTAINER", "STATE", "VERDICT", "AUDITED", "ENTRIES",
		"UNSIGNED", "FLAGS", "HEALTH"};
	struct table *table = table_new("llllrrrl");
	char entries[TEXT_MAX], open[TEXT_MAX], time[TEXT_MAX];
	size_t i;
	int unread;

	for (i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		table_cell(table, "%s", heads[i]);
	for (i = 0; i < rows->count; i++) {
		const struct tote_status *s = &rows->row[i];

		table_cell(table, "%s", s->id);
		table_cell(table, "%s", status_state(s));
		table_cell(table, "%s%s", status_verdict(s), status_cached(s));
		table_cell(
			table, "%s", s->last_audit_us ? text_minute(time, s->last_audit_us) : "-");
		/* What could not be read now is not none. */
		unread = (s->flags & TOTE_STATUS_UNREACHABLE) != 0;
		table_cell(table, "%s", unread ? "?" : text_count(entries, s->entries));
		table_cell(table, "%s", unread ? "?" : text_count(open, s->entries - s->covered));
		table_cell(table, "%" PRIu64, s->flags_open + s->flags_standing);
		table_cell(table, "%s", tote_health_name(s->health));
	}
	table_print(table);
}

/* ---- why, and what next ---- */

/* There is more to say of it than its health. */
static int has_more(const struct tote_status *s)
{
	return s->flags_open || s->flags_standing || *s->why;
}

/* How many rows from this one on have the same reason and nothing else to show. */
static size_t alike(const struct rows *rows, size_t from)
{
	size_t i = from + 1;

	if (has_more(&rows->row[from]))
		return 1;
	while (i < rows->count && rows->row[i].health == rows->row[from].health &&
		!has_more(&rows->row[i]))
		i++;
	return i - from;
}

static void show_names(const struct rows *rows, size_t from, size_t count)
{
	char more[TEXT_MAX];
	size_t i;

	for (i = 0; i < count && i < NAMED; i++)
		printf("%s%s", i ? ", " : "\n", rows->row[from + i].id);
	if (count > NAMED)
		printf(" and %s more", text_count(more, count - NAMED));
	out_line(": %s", tote_health_text(rows->row[from].health));
}

static int explain(struct call *call, struct rows *rows, size_t from, size_t count)
{
	int code;

	show_names(rows, from, count);
	if (count == 1)
		place_text(call, &rows->row[from]);
	code = show_flags(call, rows, &rows->row[from]);
	if (!code)
		advice_text(&rows->row[from]);
	if (!code && count > 1)
		out_line("    and so with each of the others");
	return code;
}

static int explain_all(struct call *call, struct rows *rows)
{
	size_t i, count;
	int code = 0;

	for (i = 0; !code && i < rows->count; i += count) {
		count = alike(rows, i);
		if (rows->row[i].health >= TOTE_HEALTH_ATTENTION)
			code = explain(call, rows, i, count);
	}
	return code;
}

/* ---- how it ends ---- */

/* Damage that is acknowledged keeps its exit code until an audit saw the object whole. */
static int code_of(const struct tote_status *s)
{
	switch (s->health) {
	case TOTE_HEALTH_RECORD_DAMAGED:
	case TOTE_HEALTH_FLAG:
	case TOTE_HEALTH_DAMAGED:
	case TOTE_HEALTH_UNREADABLE:
	case TOTE_HEALTH_SHORTER:
	case TOTE_HEALTH_STANDING:
		return TOTE_CLASS_INTEGRITY;
	case TOTE_HEALTH_UNREACHABLE:
		return TOTE_CLASS_UNREACHABLE;
	case TOTE_HEALTH_INCOMPLETE:
	case TOTE_HEALTH_OVERDUE:
		return TOTE_CLASS_INCOMPLETE;
	default:
		return TOTE_CLASS_OK;
	}
}

struct counts {
	uint64_t containers, well, attention, gone, never, partly, entries;
};

static struct counts count_rows(const struct rows *rows)
{
	struct counts n = {0};
	size_t i;

	for (i = 0; i < rows->count; i++) {
		const struct tote_status *s = &rows->row[i];

		n.attention += s->health >= TOTE_HEALTH_ATTENTION;
		n.never += s->health == TOTE_HEALTH_NEVER_AUDITED;
		n.partly += s->health == TOTE_HEALTH_NEWER;
		n.gone += s->health == TOTE_HEALTH_GONE;
		n.well += s->health == TOTE_HEALTH_WELL || s->health == TOTE_HEALTH_UNSIGNED;
		if (!is_orchestrator(s) && s->health != TOTE_HEALTH_GONE) {
			n.containers++;
			n.entries += s->entries;
		}
	}
	return n;
}

/* The consolidated record is one of them: it is minded like any container. */
static void show_counts(const struct rows *rows, const struct counts *n)
{
	char number[5][TEXT_MAX], partly[64] = "", gone[64] = "";

	if (n->partly)
		snprintf(partly, sizeof(partly), ", %s not looked at whole",
			text_count(number[3], n->partly));
	if (n->gone)
		snprintf(gone, sizeof(gone), ", %s gone", text_count(number[4], n->gone));
	out_line("%s shown: %s well%s%s, %s need%s attention", text_count(number[0], rows->count),
		text_count(number[1], n->well), partly, gone, text_count(number[2], n->attention),
		n->attention == 1 ? "s" : "");
}

/* What is said to be well was looked at: all of it, and what is not minded any more is left out. */
static void good_news(const struct counts *n)
{
	char number[2][TEXT_MAX], parts[96] = "";

	if (n->never)
		snprintf(parts, sizeof(parts), "%s never audited%s",
			text_count(number[0], n->never), n->partly ? ", " : "");
	if (n->partly)
		snprintf(parts + strlen(parts), sizeof(parts) - strlen(parts),
			"%s audited in part only", text_count(number[1], n->partly));
	if (n->never || n->partly)
		out_verdict(1, "nothing is known to be wrong; %s: totectl audit", parts);
	else
		out_verdict(1, "all is well: %s container%s, %s entr%s, no flag stands",
			text_count(number[0], n->containers), text_s(n->containers),
			text_count(number[1], n->entries), text_ies(n->entries));
}

static void show_verdict(const struct rows *rows, const struct counts *n)
{
	char number[2][TEXT_MAX], flags[TEXT_MAX];

	if (n->attention > n->never)
		out_verdict(0, "%s of %s need%s you: %s flag%s stand%s",
			text_count(number[0], n->attention), text_count(number[1], rows->count),
			n->attention == 1 ? "s" : "",
			rows->standing ? text_count(flags, rows->standing) : "no",
			rows->standing > 1 ? "s" : "", rows->standing > 1 ? "" : "s");
	else
		good_news(n);
}

static int show_json(struct call *call, struct rows *rows)
{
	int code = 0;
	size_t i;

	for (i = 0; i < rows->count; i++)
		status_json(&rows->row[i]);
	for (i = 0; !code && i < rows->count; i++)
		code = show_flags(call, rows, &rows->row[i]);
	return code;
}

static int show_all(struct call *call, struct rows *rows)
{
	const struct counts n = count_rows(rows);
	int code, worst = 0;
	size_t i;

	if (rows->count)
		qsort(rows->row, rows->count, sizeof(*rows->row), worst_first);
	for (i = 0; i < rows->count; i++)
		worst = exit_worse(worst, code_of(&rows->row[i]));
	if (call->json)
		return exit_worse(worst, show_json(call, rows));
	show_counts(rows, &n);
	show_table(rows);
	code = explain_all(call, rows);
	if (!code)
		show_verdict(rows, &n);
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
