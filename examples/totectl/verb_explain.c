/* SPDX-License-Identifier: ISC */
/*
 * explain: what a code means and what to do; of all codes, where none is given.
 */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "out.h"
#include "verbs.h"

#define ERROR_LAST (-255)

static void explain_finding(const struct call *call, int code)
{
	char number[16];
	struct json j;

	snprintf(number, sizeof(number), "TOTE-%04d", code);
	if (!call->json) {
		out_line("%s %s", number, tote_finding_name(code));
		out_line("    %s", tote_finding_text(code));
		out_line("    next: %s", tote_finding_advice(code));
		return;
	}
	json_begin(&j, stdout, "code");
	json_string(&j, "code", number);
	json_string(&j, "name", tote_finding_name(code));
	json_string(&j, "text", tote_finding_text(code));
	json_string(&j, "next", tote_finding_advice(code));
	json_end(&j);
}

static void explain_error(const struct call *call, int code)
{
	struct json j;

	if (!call->json) {
		out_line("%s (%d, exit %d)", tote_error_name(code), code, tote_error_class(code));
		out_line("    %s", tote_error_text(code));
		return;
	}
	json_begin(&j, stdout, "code");
	json_string(&j, "code", tote_error_name(code));
	json_integer(&j, "number", code);
	json_integer(&j, "exit", tote_error_class(code));
	json_string(&j, "text", tote_error_text(code));
	json_end(&j);
}

static int is_finding(const char *asked, int code)
{
	const char *digits = strncmp(asked, "TOTE-", 5) == 0 ? asked + 5 : asked;
	char *end;
	long number = strtol(digits, &end, 10);

	return (end != digits && !*end && number == code) ||
	       !strcmp(asked, tote_finding_name(code));
}

static int is_error(const char *asked, int code)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", code);
	return !strcmp(asked, number) || !strcmp(asked, tote_error_name(code));
}

int verb_explain(struct call *call)
{
	const char *asked = call->operand_count ? call->operand[0] : NULL;
	const char *unknown = tote_error_name(ERROR_LAST - 1);
	int code, found = 0;

	for (code = tote_finding_next(0); code; code = tote_finding_next(code))
		if (!asked || is_finding(asked, code)) {
			explain_finding(call, code);
			found = 1;
		}
	for (code = -1; code >= ERROR_LAST; code--)
		if (tote_error_name(code) != unknown && (!asked || is_error(asked, code))) {
			explain_error(call, code);
			found = 1;
		}
	if (found)
		return 0;
	return fail_usage(call,
		"'%s' is no code: TOTE-1001, 1001, its name or TOTE_E_NAME; totectl explain lists "
		"all",
		asked);
}
