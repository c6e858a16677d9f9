/* SPDX-License-Identifier: ISC */
/*
 * Findings as they are shown: what it is, where, what was expected and found, what to do next.
 */
#include "finding.h"

#include <inttypes.h>

#include "json.h"
#include "out.h"

static void finding_json(const struct tote_finding *f)
{
	char code[16];
	struct json j;

	snprintf(code, sizeof(code), "TOTE-%04d", f->code);
	json_begin(&j, stdout, "finding");
	json_string(&j, "code", code);
	json_string(&j, "name", tote_finding_name(f->code));
	json_string(&j, "container", f->container);
	json_bytes(&j, "path", f->path, f->path_length);
	if (f->flags & TOTE_FINDING_SEQ)
		json_number(&j, "seq", f->seq);
	json_string(&j, "expected", f->expected);
	json_string(&j, "found", f->found);
	json_string(&j, "text", f->text);
	json_string(&j, "next", f->next);
	json_bool(&j, "damage", (f->flags & TOTE_FINDING_INFORMATION) == 0);
	json_bool(&j, "known", (f->flags & TOTE_FINDING_KNOWN) != 0);
	json_bool(&j, "recorded", (f->flags & TOTE_FINDING_NOT_RECORDED) == 0);
	if (f->flag != TOTE_SEQ_ANY)
		json_number(&j, "flag", f->flag);
	json_number(&j, "run", f->run);
	if (f->first_seen_us)
		json_time(&j, "first_seen", f->first_seen_us);
	json_end(&j);
}

static void labelled(const char *label, const char *text)
{
	if (text && *text)
		out_line("    %-9s %s", label, text);
}

static void finding_text(const struct tote_finding *f, const char *label)
{
	char time[TEXT_MAX], about[96];
	int information = (f->flags & TOTE_FINDING_INFORMATION) != 0;

	progress_end();
	fputs(out_colour(information ? 'y' : 'r'), stdout);
	printf("TOTE-%04d %s", f->code, tote_finding_name(f->code));
	fputs(out_colour('0'), stdout);
	fputs("  ", stdout);
	out_string(stdout, *f->container ? f->container : label ? label : "-");
	if (f->flags & TOTE_FINDING_SEQ)
		printf("  entry %" PRIu64, f->seq);
	if (f->path_length) {
		fputs("  ", stdout);
		out_bytes(stdout, f->path, f->path_length, 0);
	}
	puts(information ? "  (information)" : "");
	out_line("    %s", f->text);
	labelled("expected", f->expected);
	labelled("found", f->found);
	if (f->flag != TOTE_SEQ_ANY) {
		snprintf(about, sizeof(about), "%" PRIu64 ", first seen %s", f->flag,
			text_time(time, f->first_seen_us));
		labelled("flag", about);
	}
	if (f->flags & TOTE_FINDING_NOT_RECORDED)
		labelled("but", "not recorded: the consolidated record did not take it");
	labelled("next", f->next);
}

void finding_show(const struct call *call, const struct tote_finding *f, const char *label)
{
	if (call->json)
		finding_json(f);
	else
		finding_text(f, label);
}
