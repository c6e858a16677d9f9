/* SPDX-License-Identifier: ISC */
/*
 * input: what outsiders dropped into a container's gate, and the decision about each document.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "out.h"
#include "root.h"
#include "verbs.h"

#define DIGEST_PREFIX "sha256:"

/* The documents as they lay there when the command began. */
struct inputs {
	struct tote_input *row;
	size_t count;
};

static int read_inputs(struct call *call, tote_box *box, struct inputs *ret)
{
	struct tote_input input = {.size = sizeof(input)};
	tote_input_list *list;
	int rc;

	if (tote_input_list_open(box, TOTE_INPUT_DIGESTS, &list, &call->fault) < 0)
		return fail(call);
	while ((rc = tote_input_list_next(list, &input, &call->fault)) == 1) {
		struct tote_input *row = reallocarray(ret->row, ret->count + 1, sizeof(*row));

		if (!row) {
			tote_input_list_unref(list);
			return fail_system(call, 0, "no memory for the list of documents");
		}
		ret->row = row;
		row[ret->count++] = input;
		input = (struct tote_input){.size = sizeof(input)};
	}
	tote_input_list_unref(list);
	return rc < 0 ? fail(call) : 0;
}

/* ---- list ---- */

static const char *state_of(const struct tote_input *input)
{
	return input->flags & TOTE_INPUT_ODD     ? "odd"
	       : input->flags & TOTE_INPUT_OPEN  ? "open"
	       : input->flags & TOTE_INPUT_FRESH ? "fresh"
						 : "complete";
}

static void list_json(const struct call *call, const struct tote_input *input)
{
	struct json j;

	json_begin(&j, stdout, "input");
	json_string(&j, "container", call->operand[1]);
	json_bytes(&j, "name", input->name, strlen(input->name));
	json_string(&j, "state", state_of(input));
	json_number(&j, "bytes", input->bytes);
	json_time(&j, "mtime", input->mtime_us);
	if (!(input->flags & TOTE_INPUT_ODD))
		json_digest(&j, "digest", input->digest);
	json_end(&j);
}

static void list_line(const struct tote_input *input)
{
	char hex[65] = "-", time[TEXT_MAX];

	if (!(input->flags & TOTE_INPUT_ODD))
		text_hex(hex, input->digest);
	printf("%-8s  %12" PRIu64 "  %s  %s%-64s  ", state_of(input), input->bytes,
		text_minute(time, input->mtime_us),
		input->flags & TOTE_INPUT_ODD ? "" : DIGEST_PREFIX, hex);
	out_bytes(stdout, input->name, strlen(input->name), TEXT_SPELLING);
	putchar('\n');
}

static int list(struct call *call, const struct inputs *inputs)
{
	size_t i, complete = 0;

	for (i = 0; i < inputs->count; i++) {
		complete += inputs->row[i].flags == 0;
		if (call->json)
			list_json(call, &inputs->row[i]);
		else
			list_line(&inputs->row[i]);
	}
	out_talk(call, "%zu document%s, %zu complete%s", inputs->count, text_s(inputs->count),
		complete, complete ? ": totectl input accept|reject ID NAME" : "");
	return 0;
}

/* ---- deciding ---- */

static int is_named(const struct tote_input *input, const char *operand)
{
	char hex[65];

	if (strncmp(operand, DIGEST_PREFIX, strlen(DIGEST_PREFIX)) != 0)
		return !strcmp(input->name, operand);
	text_hex(hex, input->digest);
	return !(input->flags & TOTE_INPUT_ODD) && !strcmp(operand + strlen(DIGEST_PREFIX), hex);
}

/* NULL where none or more than one is meant; the error was printed. */
static const struct tote_input *find_input(
	struct call *call, const struct inputs *inputs, const char *operand, int *ret_code)
{
	const struct tote_input *found = NULL;
	size_t i;

	for (i = 0; i < inputs->count; i++) {
		if (!is_named(&inputs->row[i], operand))
			continue;
		if (found) {
			*ret_code = fail_usage(call,
				"'%s' is the content of several documents: give their names",
				operand);
			return NULL;
		}
		found = &inputs->row[i];
	}
	if (!found) {
		char text[400];

		snprintf(text, sizeof(text),
			"input '%.200s': no such document waits there: totectl input list %.64s "
			"shows all",
			operand, call->operand[1]);
		tote_fault_set(&call->fault, TOTE_E_NOT_FOUND, 0, text);
		*ret_code = fail(call);
	}
	return found;
}

static void tell(const struct call *call, const char *verb, const struct tote_input *input,
	uint64_t seq, const char *path)
{
	struct json j;

	if (call->json) {
		json_begin(&j, stdout, "input_decision");
		json_string(&j, "container", call->operand[1]);
		json_string(&j, "decision", verb);
		json_bytes(&j, "name", input->name, strlen(input->name));
		json_number(&j, "seq", seq);
		json_digest(&j, "digest", input->digest);
		if (path)
			json_bytes(&j, "path", path, strlen(path));
		json_end(&j);
		return;
	}
	printf("%s  %" PRIu64 "  ", verb, seq);
	out_bytes(stdout, input->name, strlen(input->name), TEXT_SPELLING);
	if (path) {
		fputs("  ->  ", stdout);
		out_string(stdout, path);
	}
	putchar('\n');
}

static int accept_one(struct call *call, tote_box *box, const struct tote_input *input)
{
	const char *to = call->value[OPT_TO] ? call->value[OPT_TO] : "";
	struct tote_document document = {.name = input->name, .digest = input->digest};
	struct tote_sealed sealed;
	char *path = NULL;
	size_t length = strlen(to);
	int rc;

	while (length && to[length - 1] == '/')
		length--;
	if (asprintf(&path, "%.*s%s%s", (int)length, to, length ? "/" : "", input->name) < 0)
		return fail_system(call, 0, "no memory for a path");
	document.path = path;
	rc = tote_box_accept(box, &document, 1, call->actor, 0, &sealed, &call->fault);
	if (rc == 0)
		tell(call, sealed.result == TOTE_SEALED_NEW ? "accepted" : "already", input,
			sealed.seq, path);
	free(path);
	return rc < 0 ? fail(call) : 0;
}

static int reject_one(struct call *call, tote_box *box, const struct tote_input *input)
{
	const struct tote_document document = {.name = input->name, .digest = input->digest};
	uint64_t seq;

	if (tote_box_reject(box, &document, call->value[OPT_REASON], call->actor, 0, &seq,
		    &call->fault) < 0)
		return fail(call);
	tell(call, "rejected", input, seq, NULL);
	return 0;
}

/* All are found before the first is decided. */
static int decide(struct call *call, tote_box *box, const struct inputs *inputs,
	int (*one)(struct call *call, tote_box *box, const struct tote_input *input))
{
	size_t i;
	int code = 0;

	for (i = 2; i < call->operand_count; i++)
		if (!find_input(call, inputs, call->operand[i], &code))
			return code;
	for (i = 2; !code && i < call->operand_count; i++)
		code = one(call, box, find_input(call, inputs, call->operand[i], &code));
	return code;
}

static int run(struct call *call, tote_box *box,
	int (*one)(struct call *call, tote_box *box, const struct tote_input *input))
{
	struct inputs inputs = {NULL, 0};
	int code = read_inputs(call, box, &inputs);

	if (!code)
		code = one ? decide(call, box, &inputs, one) : list(call, &inputs);
	free(inputs.row);
	return box_close(call, box, code);
}

int verb_input(struct call *call)
{
	const char *what = call->operand[0];
	const int lists = !strcmp(what, "list"), rejects = !strcmp(what, "reject");
	tote_box *box;
	int code;

	if (!lists && !rejects && strcmp(what, "accept") != 0)
		return fail_usage(call, "input '%s': list, accept or reject", what);
	if (lists ? call->operand_count != 2 : call->operand_count < 3)
		return fail_usage(
			call, lists ? "input list: one ID" : "input %s: ID NAME...", what);
	if (rejects != (call->value[OPT_REASON] != NULL))
		return fail_usage(call, rejects ? "input reject: --reason TEXT is required"
						: "--reason is for input reject");
	if (lists)
		code = root_read(call, call->operand[1], &box);
	else if ((code = root_open(call, 0)) == 0)
		code = root_box(call, call->operand[1], 0, &box);
	if (code)
		return code;
	return run(call, box, lists ? NULL : rejects ? reject_one : accept_one);
}
