/* SPDX-License-Identifier: ISC */
/*
 * witness: what people carry between two roots that witness each other. request writes what the
 * other root is asked with, cosign answers there, merge takes the answer home.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "json.h"
#include "key.h"
#include "out.h"
#include "root.h"
#include "verbs.h"

/* What was made goes to -o FILE, else to standard output; with --json it stands in the object. */
static int deliver(struct call *call, struct json *j, const char *bytes, size_t length)
{
	const char *path = call->value[OPT_OUT];
	int code = path ? file_write(call, path, bytes, length) : 0;

	if (code)
		return code;
	if (call->json) {
		if (path)
			json_string(j, "file", path);
		else
			json_bytes(j, "text", bytes, length);
		json_end(j);
	} else if (path) {
		out_line("%s", path);
	} else {
		fwrite(bytes, 1, length, stdout);
	}
	return 0;
}

/* ---- request ---- */

/* Without the container's key here, of the newest checkpoint that there is. */
static int make_request(
	struct call *call, tote_box *box, uint64_t old, char *body, size_t *ret_length)
{
	int rc = tote_box_witness_request(
		box, old, 0, body, TOTE_NOTE_MAX, ret_length, &call->fault);

	if (rc == TOTE_E_NO_SIGNER)
		rc = tote_box_witness_request(box, old, TOTE_CHECKPOINT_LAST, body, TOTE_NOTE_MAX,
			ret_length, &call->fault);
	return rc;
}

static int request_from(struct call *call, tote_box *box, uint64_t old)
{
	char *body = malloc(TOTE_NOTE_MAX);
	size_t length = 0;
	struct json j;
	int code;

	if (!body)
		return fail_system(call, ENOMEM, "request");
	if (make_request(call, box, old, body, &length) < 0) {
		code = fail(call);
	} else {
		if (call->json) {
			json_begin(&j, stdout, "witness-request");
			json_string(&j, "container", call->operand[1]);
			json_number(&j, "old", old);
		}
		code = deliver(call, &j, body, length);
	}
	if (!code)
		out_talk(call,
			"next: where the witness is, totectl witness cosign REQUEST --vkey KEY; "
			"here, totectl witness merge %s ANSWER --witness KEY",
			call->operand[1]);
	free(body);
	return code;
}

static int request(struct call *call)
{
	const char *given = call->value[OPT_OLD];
	uint64_t old = 0;
	tote_box *box;
	int code;

	if (given && !args_seq(given, &old))
		return fail_usage(call, "--old %s: not a size", given);
	if ((code = root_open(call, 0)) != 0 ||
		(code = root_box(call, call->operand[1], 0, &box)) != 0)
		return code;
	return box_close(call, box, request_from(call, box, old));
}

/* ---- merge ---- */

static void show_merged(const struct call *call, uint32_t merged)
{
	struct json j;

	if (!call->json) {
		out_verdict(1, "%s: %" PRIu32 " cosignature%s added, every line verified",
			call->operand[1], merged, text_s(merged));
		return;
	}
	json_begin(&j, stdout, "witness-merge");
	json_string(&j, "container", call->operand[1]);
	json_number(&j, "merged", merged);
	json_end(&j);
}

static int merge_answer(struct call *call, const struct file *answer)
{
	char keys[TOTE_COSIGNERS_MAX][KEY_MAX];
	const char *given[TOTE_COSIGNERS_MAX];
	uint32_t merged = 0;
	size_t i;
	int code;

	if (call->witness_count > TOTE_COSIGNERS_MAX)
		return fail_usage(
			call, "--witness is given more than %u times", TOTE_COSIGNERS_MAX);
	for (i = 0; i < call->witness_count; i++) {
		if ((code = key_find(call, call->witness[i], "witness", keys[i])) != 0)
			return code;
		given[i] = keys[i];
	}
	if ((code = root_open(call, 0)) != 0)
		return code;
	if (tote_orchestrator_witness_merge(call->orchestrator, call->operand[1], answer->bytes,
		    answer->length, given, call->witness_count, call->actor, 0, &merged,
		    &call->fault) < 0)
		return fail(call);
	show_merged(call, merged);
	return 0;
}

static int merge(struct call *call)
{
	struct file answer;
	int code = file_read(call, call->operand[2], TOTE_NOTE_MAX, &answer);

	if (code)
		return code;
	code = merge_answer(call, &answer);
	free(answer.bytes);
	return code;
}

/* ---- cosign ---- */

static int answer_request(struct call *call, const struct file *request, const char *vkey)
{
	uint32_t flags = call->value[OPT_NEW_KEY] ? TOTE_COSIGN_NEW_KEY : 0;
	char line[TOTE_COSIGNATURE_MAX];
	size_t length = 0;
	struct json j;
	int code = root_open(call, 0);

	if (code)
		return code;
	if (tote_orchestrator_cosign(call->orchestrator, request->bytes, request->length, vkey,
		    call->actor, flags, line, sizeof(line), &length, &call->fault) < 0)
		return fail(call);
	if (call->json)
		json_begin(&j, stdout, "witness-cosign");
	return deliver(call, &j, line, length);
}

static int cosign(struct call *call)
{
	char vkey[KEY_MAX];
	struct file request;
	int code = key_find(call, call->value[OPT_VKEY], "container orchestrator", vkey);

	if (code || (code = file_read(call, call->operand[1], TOTE_NOTE_MAX, &request)) != 0)
		return code;
	code = answer_request(call, &request, call->value[OPT_VKEY] ? vkey : NULL);
	free(request.bytes);
	return code;
}

/* ---- the verb ---- */

static const struct {
	const char *name;
	const char *words;
	size_t operands; /* its own name counted */
	uint64_t options;
	int (*run)(struct call *call);
} parts[] = {
	{"request", "ID [--old N] [-o FILE]", 2, BIT(OPT_OLD) | BIT(OPT_OUT), request},
	{"merge", "ID FILE|- [--witness KEY]...", 3, BIT(OPT_WITNESS), merge},
	{"cosign", "FILE|- [--vkey KEY] [--new-key] [-o FILE]", 2,
		BIT(OPT_VKEY) | BIT(OPT_NEW_KEY) | BIT(OPT_OUT), cosign},
};

#define PARTS_OPTIONS                                                                              \
	(BIT(OPT_OLD) | BIT(OPT_OUT) | BIT(OPT_WITNESS) | BIT(OPT_VKEY) | BIT(OPT_NEW_KEY))

int verb_witness(struct call *call)
{
	size_t i, option;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strcmp(parts[i].name, call->operand[0]) != 0)
			continue;
		if (call->operand_count != parts[i].operands)
			break;
		for (option = 0; option < OPT_COUNT; option++)
			if (call->value[option] && PARTS_OPTIONS & BIT(option) &&
				!(parts[i].options & BIT(option)))
				break;
		if (option < OPT_COUNT)
			break;
		return parts[i].run(call);
	}
	if (i == sizeof(parts) / sizeof(parts[0]))
		return fail_usage(call, "witness '%s': it is witness request, merge or cosign",
			call->operand[0]);
	return fail_usage(call, "totectl witness %s %s", parts[i].name, parts[i].words);
}
