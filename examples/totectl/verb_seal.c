/* SPDX-License-Identifier: ISC */
/*
 * seal: files and directories into a container. Every offender is listed before the first byte is
 * written; an interrupted seal goes on with the same command.
 */
#include <inttypes.h>
#include <string.h>

#include "json.h"
#include "out.h"
#include "root.h"
#include "verbs.h"

/* What one command sealed, over all of its groups. */
struct tally {
	struct tote_sealing_progress now;
	uint64_t first_seq;
	uint64_t last_seq;
};

static int refresh(struct call *call, tote_sealing *sealing, struct tally *tally)
{
	tally->now.size = sizeof(tally->now);
	if (tote_sealing_progress(sealing, &tally->now, &call->fault) < 0)
		return -1;
	if (tally->now.first_seq != TOTE_SEQ_ANY) {
		if (tally->first_seq == TOTE_SEQ_ANY)
			tally->first_seq = tally->now.first_seq;
		tally->last_seq = tally->now.last_seq;
	}
	return 0;
}

static int add_sources(struct call *call, tote_sealing *sealing)
{
	uint64_t supersedes = TOTE_SEQ_ANY;
	size_t i;

	if (call->value[OPT_SUPERSEDES])
		args_seq(call->value[OPT_SUPERSEDES], &supersedes);
	if (tote_sealing_describe(sealing, call->value[OPT_MEDIA_TYPE], call->value[OPT_SOURCE],
		    supersedes, &call->fault) < 0)
		return -1;

	for (i = 1; i < call->operand_count; i++) {
		progress(call, "looking at %s", call->operand[i]);
		if (tote_sealing_add(sealing, call->operand[i], call->value[OPT_TO], &call->fault) <
			0)
			return -1;
	}
	return 0;
}

static void list_offenders(
	struct call *call, tote_sealing *sealing, struct json *j, size_t *ret_count)
{
	struct tote_offender o;
	size_t i;

	for (i = 0; tote_sealing_offender(sealing, i, &o, &call->fault) == 1; i++) {
		if (!j)
			continue;
		if (!call->json) {
			out_talk(call, "%s: %s", o.file, o.text);
			continue;
		}
		json_open(j, NULL, '{');
		json_string(j, "file", o.file);
		json_string(j, "path", o.path);
		json_string(j, "name", tote_error_name(o.code));
		json_integer(j, "code", o.code);
		json_string(j, "text", o.text);
		json_close(j, '}');
	}
	*ret_count = i;
}

/* Lists whoever cannot be sealed; the exit code, 0 where there is none. */
static int refuse_offenders(struct call *call, tote_sealing *sealing)
{
	char number[TEXT_MAX], text[128];
	struct json j;
	size_t count;

	list_offenders(call, sealing, NULL, &count);
	if (!count)
		return 0;
	progress_end();
	snprintf(text, sizeof(text), "%s source%s cannot be sealed; nothing was sealed",
		text_count(number, count), text_s(count));
	if (!call->json) {
		list_offenders(call, sealing, &j, &count);
		out_talk(call, "totectl seal: %s", text);
		return TOTE_CLASS_FAILED;
	}
	json_begin(&j, stderr, "error");
	json_integer(&j, "exit", TOTE_CLASS_FAILED);
	json_integer(&j, "code", TOTE_E_SOURCE);
	json_string(&j, "name", tote_error_name(TOTE_E_SOURCE));
	json_string(&j, "text", text);
	json_open(&j, "offenders", '[');
	list_offenders(call, sealing, &j, &count);
	json_close(&j, ']');
	json_end(&j);
	return TOTE_CLASS_FAILED;
}

static void show_json(struct call *call, const struct tally *t)
{
	struct json j;

	json_begin(&j, stdout, "seal");
	json_string(&j, "container", call->operand[0]);
	json_bool(&j, "dry_run", call->value[OPT_DRY_RUN] != NULL);
	json_number(&j, "files", t->now.files);
	json_number(&j, "bytes", t->now.bytes);
	json_number(&j, "sealed", t->now.sealed);
	json_number(&j, "already", t->now.already);
	json_number(&j, "sealed_bytes", t->now.sealed_bytes);
	if (t->first_seq != TOTE_SEQ_ANY) {
		json_number(&j, "first_seq", t->first_seq);
		json_number(&j, "last_seq", t->last_seq);
	}
	json_end(&j);
}

static const char *text_seqs(char buffer[64], const struct tally *t)
{
	if (t->first_seq == t->last_seq)
		snprintf(buffer, 64, "entry %" PRIu64, t->first_seq);
	else
		snprintf(buffer, 64, "entries %" PRIu64 " to %" PRIu64, t->first_seq, t->last_seq);
	return buffer;
}

static int show(struct call *call, const struct tally *t)
{
	char files[TEXT_MAX], bytes[TEXT_MAX], already[TEXT_MAX], seqs[64];
	const char *id = call->operand[0];

	if (call->json) {
		show_json(call, t);
		return 0;
	}
	if (!t->now.files) {
		out_verdict(1,
			"%s: nothing to seal: no file is there, and directories alone are not kept",
			id);
		return 0;
	}
	if (call->value[OPT_DRY_RUN]) {
		out_verdict(1, "%s: %s file%s, %s, can be sealed; nothing was sealed (--dry-run)",
			id, text_count(files, t->now.files), text_s(t->now.files),
			text_bytes(bytes, t->now.bytes));
		return 0;
	}
	if (t->now.already)
		out_line("%s: %s already sealed, with the same bytes", id,
			text_count(already, t->now.already));
	if (t->first_seq == TOTE_SEQ_ANY)
		out_verdict(1, "%s: nothing new to seal", id);
	else
		out_verdict(1, "%s: sealed %s file%s, %s, as %s", id,
			text_count(files, t->now.sealed), text_s(t->now.sealed),
			text_bytes(bytes, t->now.sealed_bytes), text_seqs(seqs, t));
	return 0;
}

/* The failure of a step, and how far it came. The fault is the step's, so it is shown first. */
static int stopped(struct call *call, tote_sealing *sealing, struct tally *tally)
{
	char sealed[TEXT_MAX], files[TEXT_MAX];
	int code = fail(call);

	if (refresh(call, sealing, tally) < 0 || !tally->now.files)
		return code;
	if (!(tally->now.sealed + tally->now.already))
		out_talk(call, "nothing was sealed");
	else
		out_talk(call,
			"%s of %s files are sealed and stay sealed; the same command goes on",
			text_count(sealed, tally->now.sealed + tally->now.already),
			text_count(files, tally->now.files));
	return code;
}

static int seal_all(struct call *call, tote_sealing *sealing, struct tally *tally)
{
	char done[TEXT_MAX], files[TEXT_MAX];
	int rc;

	do {
		rc = tote_sealing_step(sealing, &call->fault);
		if (rc < 0)
			return stopped(call, sealing, tally);
		if (refresh(call, sealing, tally) < 0)
			return fail(call);
		progress(call, "%s of %s files",
			text_count(done, tally->now.sealed + tally->now.already),
			text_count(files, tally->now.files));
	} while (rc == 1);
	progress_end();
	return show(call, tally);
}

static int seal_into(struct call *call, tote_box *box)
{
	struct tally tally = {.first_seq = TOTE_SEQ_ANY};
	tote_sealing *sealing = NULL;
	int code;

	if (tote_sealing_new(box, call->actor, 0, &sealing, &call->fault) < 0 ||
		add_sources(call, sealing) < 0)
		code = fail(call);
	else if ((code = refuse_offenders(call, sealing)) != 0)
		;
	else if (call->value[OPT_DRY_RUN])
		code = refresh(call, sealing, &tally) < 0 ? fail(call) : show(call, &tally);
	else
		code = seal_all(call, sealing, &tally);
	tote_sealing_unref(sealing);
	return code;
}

int verb_seal(struct call *call)
{
	const char *supersedes = call->value[OPT_SUPERSEDES];
	tote_box *box;
	uint64_t seq;
	int code;

	if (supersedes && (!args_seq(supersedes, &seq) || !seq))
		return fail_usage(
			call, "--supersedes %s: the seq of an earlier seal, in digits", supersedes);
	if ((code = root_open(call, 0)) != 0 ||
		(code = root_box(call, call->operand[0], 0, &box)) != 0)
		return code;
	return box_close(call, box, seal_into(call, box));
}
