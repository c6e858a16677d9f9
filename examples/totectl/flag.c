/* SPDX-License-Identifier: ISC */
/*
 * The flags that stand. What was expected and found is read from the record, from the entry of the
 * finding that raised the flag.
 */
#include "flag.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "out.h"

/* The band of findings of an audit that could not look: no damage is known. */
#define FIRST_NOT_LOOKED_AT 9000

struct standing {
	struct tote_flag flag;
	struct tote_entry finding; /* seq TOTE_SEQ_ANY: it could not be read */
	char advice[512];
};

/* ---- one flag ---- */

/* A field of its finding; NULL where there is none. */
static const struct tote_field *field_of(const struct standing *s, const char *key)
{
	size_t i;

	for (i = 0; s->finding.seq != TOTE_SEQ_ANY && i < s->finding.field_count; i++)
		if (!strcmp(s->finding.fields[i].key, key))
			return &s->finding.fields[i];
	return NULL;
}

static void field_json(struct json *j, const struct standing *s, const char *key)
{
	const struct tote_field *field = field_of(s, key);

	if (field)
		json_bytes(j, key, field->value, field->length);
}

static void show_json(const struct standing *s)
{
	const struct tote_flag *f = &s->flag;
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
	field_json(&j, s, "expected");
	field_json(&j, s, "found");
	json_string(&j, "next", s->advice);
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

static void field_text(const struct standing *s, const char *key)
{
	const struct tote_field *field = field_of(s, key);

	if (!field)
		return;
	printf("    %-9s ", key);
	out_bytes(stdout, field->value, field->length, 0);
	putchar('\n');
}

static void show_text(const struct standing *s)
{
	const struct tote_flag *f = &s->flag;
	char time[TEXT_MAX];

	printf("flag %" PRIu64 "  TOTE-%04d %s  %s", f->seq, f->code, tote_finding_name(f->code),
		f->container);
	if (f->flags & TOTE_FLAG_SEQ)
		printf("  entry %" PRIu64, f->at_seq);
	if (*f->path) {
		fputs("  ", stdout);
		out_string(stdout, f->path);
	}
	out_line("  since %s", text_minute(time, f->raised_us));
	if (f->flags & TOTE_FLAG_CLEARED) {
		out_line("    a later audit found it whole: it waits for totectl ack %" PRIu64,
			f->seq);
		return;
	}
	if (f->flags & TOTE_FLAG_ACKNOWLEDGED)
		out_line("    acknowledged, still %s: %s: %s",
			f->code < FIRST_NOT_LOOKED_AT ? "damaged" : "not looked at", f->actor,
			f->reason);
	field_text(s, "expected");
	field_text(s, "found");
	if (*s->advice)
		out_line("    mend      %s", s->advice);
}

/* ---- all of a container ---- */

static void read_finding(tote_cursor *cursor, struct standing *s)
{
	struct tote_fault unused;

	memset(&s->finding, 0, sizeof(s->finding));
	s->finding.size = sizeof(s->finding);
	if (!cursor || tote_cursor_seek(cursor, s->flag.finding, &unused) < 0 ||
		tote_cursor_next(cursor, &s->finding, &unused) != 1)
		s->finding.seq = TOTE_SEQ_ANY;
}

static int show_each(
	struct call *call, const char *id, tote_cursor *cursor, struct standing *s, uint64_t *count)
{
	const uint32_t over = TOTE_FLAG_ACKNOWLEDGED | TOTE_FLAG_CLEARED;
	uint64_t after = TOTE_SEQ_ANY;
	struct tote_fault unused;
	int rc;

	s->flag.size = sizeof(s->flag);
	while ((rc = tote_orchestrator_next_flag(
			call->orchestrator, id, after, &s->flag, &call->fault)) == 1) {
		after = s->flag.seq;
		if ((s->flag.flags & over) == over)
			continue;
		(*count)++;
		read_finding(cursor, s);
		if (tote_flag_advice(&s->flag, s->advice, sizeof(s->advice), &unused) < 0)
			s->advice[0] = '\0';
		if (call->json)
			show_json(s);
		else
			show_text(s);
	}
	return rc < 0 ? fail(call) : 0;
}

int flags_show(struct call *call, const char *id, uint64_t *count)
{
	struct standing *s = calloc(1, sizeof(*s));
	tote_cursor *cursor = NULL;
	tote_box *record = NULL;
	struct tote_fault unused;
	int code;

	if (!s)
		return fail_system(call, ENOMEM, "flags");
	/* where the record cannot be read as a whole the flags that are known are shown all the same */
	if (tote_orchestrator_record(call->orchestrator, &record, &unused) < 0 ||
		tote_cursor_open(record, 0, 0, &cursor, &unused) < 0)
		cursor = NULL;
	code = show_each(call, id, cursor, s, count);
	tote_cursor_unref(cursor);
	tote_box_unref(record);
	free(s);
	return code;
}
