/* SPDX-License-Identifier: ISC */
/*
 * The verbs that read a ledger: list its entries, from either end or as they come, and show one.
 */
#include <inttypes.h>
#include <string.h>

#include "json.h"
#include "out.h"
#include "root.h"
#include "verbs.h"

#define FOLLOW_STEP_US INT64_C(60000000)

static void entry_json(const struct tote_entry *e, const char *id)
{
	struct json j;
	size_t i;

	json_begin(&j, stdout, "entry");
	json_string(&j, "container", id);
	json_number(&j, "seq", e->seq);
	json_time(&j, "time", e->time_us);
	json_string(&j, "kind", e->kind);
	if (e->actor)
		json_string(&j, "actor", e->actor);
	json_open(&j, "fields", '{');
	for (i = 0; i < e->field_count; i++)
		json_bytes(&j, e->fields[i].key, e->fields[i].value, e->fields[i].length);
	json_close(&j, '}');
	json_b64(&j, "payload", e->payload, e->payload_length);
	json_number(&j, "length", e->length);
	json_b64(&j, "leaf_hash", e->leaf_hash, sizeof(e->leaf_hash));
	json_bool(&j, "verified", (e->flags & TOTE_ENTRY_VERIFIED) != 0);
	json_bool(&j, "known", (e->flags & TOTE_ENTRY_UNKNOWN) == 0);
	json_end(&j);
}

static void entry_line(const struct tote_entry *e)
{
	char time[TEXT_MAX], bytes[TEXT_MAX];
	size_t i;

	printf("%" PRIu64 "  %s  ", e->seq, text_time(time, e->time_us));
	out_string(stdout, e->kind);
	if (e->actor) {
		fputs("  ", stdout);
		out_string(stdout, e->actor);
	}
	for (i = 0; i < e->field_count; i++) {
		printf("  %s=", e->fields[i].key);
		out_bytes(stdout, e->fields[i].value, e->fields[i].length, 0);
	}
	if (e->payload_length)
		printf("  (%s)", text_bytes(bytes, e->payload_length));
	putchar('\n');
}

/* What the options of log ask for. */
struct query {
	uint64_t from;
	uint32_t flags; /* TOTE_CURSOR_* */
	uint64_t limit;
};

static int read_query(struct call *call, struct query *ret)
{
	const char *from = call->value[OPT_FROM], *limit = call->value[OPT_LIMIT];

	ret->flags = (call->value[OPT_REVERSE] ? TOTE_CURSOR_BACKWARD : 0) |
		     (call->value[OPT_FOLLOW] ? TOTE_CURSOR_FOLLOW : 0);
	ret->from = call->value[OPT_REVERSE] ? TOTE_SEQ_ANY : 0;
	ret->limit = UINT64_MAX;
	if (call->value[OPT_REVERSE] && call->value[OPT_FOLLOW])
		return fail_usage(call, "--reverse and --follow: one of them");
	if (from && !args_seq(from, &ret->from))
		return fail_usage(call, "--from %s: not a seq", from);
	if (limit && !args_seq(limit, &ret->limit))
		return fail_usage(call, "--limit %s: not a number", limit);
	return 0;
}

/* Who reads a pipe is to see each entry when it is there. */
static int wait_for_more(struct call *call, tote_cursor *cursor)
{
	int rc;

	if (fflush(stdout) == EOF)
		return fail_system(call, 0, "standard output could not be written");
	do {
		rc = tote_cursor_wait(cursor, FOLLOW_STEP_US, &call->fault);
	} while (rc == 0 || rc == TOTE_E_BUSY);
	return rc;
}

static int list(struct call *call, tote_cursor *cursor, const struct query *query)
{
	struct tote_entry entry;
	uint64_t left = query->limit;
	int rc = 0;

	entry.size = sizeof(entry);
	while (left) {
		rc = tote_cursor_next(cursor, &entry, &call->fault);
		if ((rc == 0 || rc == TOTE_E_BUSY) && query->flags & TOTE_CURSOR_FOLLOW) {
			rc = wait_for_more(call, cursor);
			if (rc > 1)
				return rc;
			if (rc == 1)
				continue;
		}
		if (rc != 1)
			break;
		if (call->json)
			entry_json(&entry, call->operand[0]);
		else
			entry_line(&entry);
		left--;
	}
	return rc < 0 ? fail(call) : 0;
}

static int log_box(struct call *call, tote_box *box, const struct query *query)
{
	tote_cursor *cursor;
	int code;

	if (tote_cursor_open(box, query->from, query->flags, &cursor, &call->fault) < 0)
		return fail(call);
	code = tote_cursor_filter(cursor, call->value[OPT_KIND], &call->fault) < 0
		       ? fail(call)
		       : list(call, cursor, query);
	tote_cursor_unref(cursor);
	return code;
}

int verb_log(struct call *call)
{
	struct query query;
	tote_box *box;
	int code = read_query(call, &query);

	if (!code)
		code = root_read(call, call->operand[0], &box);
	return code ? code : box_close(call, box, log_box(call, box, &query));
}

/* Text that a terminal takes as it is; anything else is counted, and JSON has it whole. */
static void show_payload(const struct tote_entry *e)
{
	const unsigned char *payload = e->payload;
	char bytes[TEXT_MAX];

	if (!e->payload_length)
		return;
	putchar('\n');
	if (memchr(e->payload, '\0', e->payload_length) ||
		!out_is_utf8(e->payload, e->payload_length)) {
		out_line("(%s that are no text: --json has them as payload_b64)",
			text_bytes(bytes, e->payload_length));
		return;
	}
	out_bytes(stdout, e->payload, e->payload_length, TEXT_LINES);
	if (payload[e->payload_length - 1] != '\n')
		putchar('\n');
}

static void show_entry(const struct tote_entry *e)
{
	char time[TEXT_MAX];
	size_t i;

	out_line("kind %s", e->kind);
	printf("seq %" PRIu64 "\ntime %s\n", e->seq, text_time(time, e->time_us));
	if (e->actor)
		out_line("actor %s", e->actor);
	for (i = 0; i < e->field_count; i++) {
		printf("%s ", e->fields[i].key);
		out_bytes(stdout, e->fields[i].value, e->fields[i].length, 0);
		putchar('\n');
	}
	show_payload(e);
}

static int show_seq(struct call *call, tote_box *box, uint64_t seq)
{
	struct tote_entry entry;
	tote_cursor *cursor;
	int rc;

	if (tote_cursor_open(box, seq, 0, &cursor, &call->fault) < 0)
		return fail(call);
	entry.size = sizeof(entry);
	rc = tote_cursor_next(cursor, &entry, &call->fault);
	if (rc == 1 && call->json) {
		entry_json(&entry, call->operand[0]);
	} else if (rc == 1) {
		show_entry(&entry);
		out_talk(call,
			entry.flags & TOTE_ENTRY_VERIFIED
				? "verified against the signed checkpoint"
				: "not under a checkpoint yet: the hash chain alone holds it");
	} else if (rc == 0) {
		rc = tote_fault_set(&call->fault, TOTE_E_NOT_FOUND, 0, "");
		snprintf(call->fault.text, sizeof(call->fault.text),
			"%s has no entry %" PRIu64 ": totectl log %s lists them", call->operand[0],
			seq, call->operand[0]);
	}
	tote_cursor_unref(cursor);
	return rc < 0 ? fail(call) : 0;
}

int verb_show(struct call *call)
{
	tote_box *box;
	uint64_t seq;
	int code;

	if (!args_seq(call->operand[1], &seq))
		return fail_usage(call, "'%s' is not a seq: a number as totectl log prints it",
			call->operand[1]);
	code = root_read(call, call->operand[0], &box);
	return code ? code : box_close(call, box, show_seq(call, box, seq));
}
