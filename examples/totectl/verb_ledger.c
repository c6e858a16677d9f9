/* SPDX-License-Identifier: ISC */
/*
 * The verbs that write a ledger: append one record, bring all of them under a checkpoint.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "json.h"
#include "out.h"
#include "root.h"
#include "verbs.h"

/* ---- append ---- */

/* Splits each K=V in place; the keys live in a copy that the caller frees. */
static int split_fields(struct call *call, struct tote_field *fields, char **ret_keys)
{
	size_t i, total = 1;
	char *key;

	for (i = 0; i < call->field_count; i++)
		total += strlen(call->field[i]) + 1;
	*ret_keys = key = malloc(total);
	if (!key)
		return fail_system(call, ENOMEM, "fields");
	for (i = 0; i < call->field_count; i++) {
		const char *text = call->field[i], *equals = strchr(text, '=');

		if (!equals)
			return fail_usage(call, "--field %s: write it as KEY=VALUE", text);
		memcpy(key, text, (size_t)(equals - text));
		key[equals - text] = '\0';
		fields[i].key = key;
		fields[i].value = equals + 1;
		fields[i].length = strlen(equals + 1);
		key += equals - text + 1;
	}
	return 0;
}

static int append_to(
	struct call *call, tote_box *box, const struct tote_record *record, uint64_t expected)
{
	uint64_t seq;
	struct json j;

	if (tote_box_append(box, record, expected, 0, &seq, &call->fault) < 0)
		return fail(call);
	if (!call->json) {
		printf("%" PRIu64 "\n", seq);
		return 0;
	}
	json_begin(&j, stdout, "append");
	json_string(&j, "container", call->operand[0]);
	json_number(&j, "seq", seq);
	json_end(&j);
	return 0;
}

static int append_record(struct call *call, const struct tote_record *record)
{
	const char *expect = call->value[OPT_EXPECT];
	uint64_t expected = TOTE_SEQ_ANY;
	tote_box *box;
	int code;

	if (expect && !args_seq(expect, &expected))
		return fail_usage(call, "--expect %s: not a seq", expect);
	code = root_open(call, 0);
	if (code || (code = root_box(call, call->operand[0], 0, &box)) != 0)
		return code;
	return box_close(call, box, append_to(call, box, record, expected));
}

int verb_append(struct call *call)
{
	struct tote_field *fields = calloc(call->field_count + 1, sizeof(*fields));
	struct tote_record record = {.kind = "record", .actor = call->actor};
	char *keys = NULL;
	struct file payload = {NULL, 0};
	int code;

	if (!fields)
		return fail_system(call, ENOMEM, "fields");
	code = split_fields(call, fields, &keys);
	if (!code && call->operand_count == 2)
		code = file_read(call, call->operand[1], TOTE_ENTRY_MAX, &payload);
	if (!code) {
		if (call->value[OPT_KIND])
			record.kind = call->value[OPT_KIND];
		record.fields = fields;
		record.field_count = call->field_count;
		record.payload = payload.bytes;
		record.payload_length = payload.length;
		code = append_record(call, &record);
	}
	free(payload.bytes);
	free(keys);
	free(fields);
	return code;
}

/* ---- checkpoint ---- */

static int show_note(struct call *call, tote_box *box, const char *note, size_t length)
{
	struct tote_box_info info;
	struct tote_checkpoint checkpoint;
	struct json j;

	if (!call->json) {
		out_bytes(stdout, note, length, TEXT_LINES);
		return 0;
	}
	info.size = sizeof(info);
	checkpoint.size = sizeof(checkpoint);
	if (tote_box_info(box, &info, &call->fault) < 0 ||
		tote_verify_checkpoint(note, length, info.vkey, NULL, &checkpoint, &call->fault) <
			0)
		return fail(call);
	json_begin(&j, stdout, "checkpoint");
	json_string(&j, "container", call->operand[0]);
	json_string(&j, "origin", checkpoint.origin);
	json_number(&j, "tree_size", checkpoint.tree_size);
	json_b64(&j, "root", checkpoint.root, sizeof(checkpoint.root));
	json_bytes(&j, "note", note, length);
	json_end(&j);
	return 0;
}

int verb_checkpoint(struct call *call)
{
	const char *id = call->operand[0];
	int code, last = call->value[OPT_LAST] != NULL;
	size_t length = 0;
	tote_box *box;
	char *note;

	if (last)
		code = root_read(call, id, &box);
	else if ((code = root_open(call, 0)) == 0)
		code = root_box(call, id, 0, &box);
	if (code)
		return code;
	note = malloc(TOTE_NOTE_MAX);
	if (!note)
		code = fail_system(call, ENOMEM, "checkpoint");
	else if (tote_box_checkpoint(box, last ? TOTE_CHECKPOINT_LAST : 0, note, TOTE_NOTE_MAX,
			 &length, &call->fault) < 0)
		code = fail(call);
	else
		code = show_note(call, box, note, length);
	free(note);
	return box_close(call, box, code);
}
