/* SPDX-License-Identifier: ISC */
/*
 * What cannot be taken back and is an operator's to decide: erase, which an authority orders, and
 * repair, after damage, which says first what it would do.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "out.h"
#include "root.h"
#include "verbs.h"

/* 0: go on. The answer is the container's name, as for the other moves without a way back. */
static int ask(struct call *call, const char *id)
{
	char answer[80];

	if (call->value[OPT_YES])
		return 0;
	if (call->json || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return fail_usage(call,
			"nothing was changed; to do it, say --yes: totectl %s %s ... --yes",
			call->verb->name, id);
	fprintf(stderr, "There is no way back. Type the container's name to go on: ");
	fflush(stderr);
	if (!fgets(answer, sizeof(answer), stdin))
		answer[0] = '\0';
	answer[strcspn(answer, "\n")] = '\0';
	if (strcmp(answer, id) != 0)
		return fail_system(call, 0, "not confirmed; nothing was changed");
	return 0;
}

/* ---- erase ---- */

static int show_erased(struct call *call, const char *path, const struct tote_erased *erased)
{
	const char *id = call->operand[0];
	struct json j;

	if (call->json) {
		json_begin(&j, stdout, "erased");
		json_string(&j, "container", id);
		json_bytes(&j, "path", path, strlen(path));
		json_number(&j, "seal", erased->seal);
		json_number(&j, "seq", erased->seq);
		json_bool(&j, "already", erased->result == TOTE_ERASED_ALREADY);
		json_end(&j);
		return 0;
	}
	printf("%s: '", id);
	out_string(stdout, path);
	printf("', sealed by entry %" PRIu64 ", is erased%s, says entry %" PRIu64 "\n",
		erased->seal, erased->result == TOTE_ERASED_ALREADY ? " already" : "", erased->seq);
	out_talk(call, "its path and digest stay in the ledger for ever; copies of it elsewhere "
		       "are yours to find");
	return 0;
}

static int erase(struct call *call, tote_box *box)
{
	const char *path = call->operand[1];
	struct tote_erased erased;

	while (!strncmp(path, "./", 2))
		path += 2;
	if (tote_box_erase(box, path, call->value[OPT_AUTHORITY], call->value[OPT_REASON],
		    call->actor, 0, &erased, &call->fault) < 0)
		return fail(call);
	return show_erased(call, path, &erased);
}

int verb_erase(struct call *call)
{
	tote_box *box;
	int code = ask(call, call->operand[0]);

	if (code || (code = root_open(call, 0)) != 0 ||
		(code = root_box(call, call->operand[0], 0, &box)) != 0)
		return code;
	return box_close(call, box, erase(call, box));
}

/* ---- repair ---- */

static void show_json(const char *id, const struct tote_repair *r, int planned)
{
	struct json j;

	json_begin(&j, stdout, "repair");
	json_string(&j, "container", id);
	json_bool(&j, "planned", planned);
	json_bool(&j, "needed", (r->flags & TOTE_REPAIR_NEEDED) != 0);
	json_bool(&j, "done", (r->flags & TOTE_REPAIR_DONE) != 0);
	if (r->flags & TOTE_REPAIR_NEEDED) {
		json_string(&j, "why", r->why);
		json_number(&j, "published", r->published);
	}
	if (*r->aside) {
		json_number(&j, "from_seq", r->from_seq);
		json_number(&j, "lost", r->lost);
		json_number(&j, "folded", r->folded);
		json_number(&j, "moved", r->moved);
		json_string(&j, "aside", r->aside);
	}
	if (r->flags & TOTE_REPAIR_DONE)
		json_number(&j, "seq", r->seq);
	json_end(&j);
}

static void show_plan(const char *id, const struct tote_repair *r)
{
	const int cut_off = (r->flags & TOTE_REPAIR_DONE) != 0;
	char count[TEXT_MAX];

	printf("%s: %s: ", id, cut_off ? "half repaired" : "damaged");
	out_string(stdout, r->why);
	putchar('\n');
	puts("a repair would do this, in this order:");
	if (cut_off) {
		printf("  sign for %s entr%s, up to entry %" PRIu64 "\n",
			text_count(count, r->folded), text_ies(r->folded), r->seq);
		return;
	}
	if (r->published)
		printf("  publish the checkpoint of %s entr%s that was signed and not published;\n"
		       "  then there may be less to repair, or nothing\n",
			text_count(count, r->published), text_ies(r->published));
	if (r->folded)
		printf("  sign for %s more whole entr%s, up to entry %" PRIu64 "\n",
			text_count(count, r->folded), text_ies(r->folded), r->from_seq - 1);
	if (r->moved)
		printf("  move %s file%s of an interrupted fold to %s.log\n",
			text_count(count, r->moved), text_s(r->moved), r->aside);
	printf("  set the journal aside, unchanged, as %s\n", r->aside);
	printf("  begin a new one with entry %" PRIu64
	       ", which says that from there on %s%s entr%s %s lost\n",
		r->from_seq, r->published ? "at most " : "", text_count(count, r->lost),
		text_ies(r->lost), r->lost == 1 ? "is" : "are");
}

static void show_done(const char *id, const struct tote_repair *r)
{
	char count[TEXT_MAX];

	if (!(r->flags & TOTE_REPAIR_DONE)) {
		out_verdict(1,
			"%s: the checkpoint that was signed last is published; nothing is lost",
			id);
		return;
	}
	out_verdict(1, "%s: repaired: entry %" PRIu64 " says that from there on %s entr%s %s lost",
		id, r->seq, text_count(count, r->lost), text_ies(r->lost),
		r->lost == 1 ? "is" : "are");
	out_line("the old journal lies in %s: what can be read of the lost entries is there",
		*r->aside ? r->aside : "ledger/damaged");
}

/* Says first what it would do: 0, or what totectl exits with; *ret_needed: there is something. */
static int plan(struct call *call, const char *id, int *ret_needed)
{
	struct tote_repair r = {.size = sizeof(r)};

	if (tote_orchestrator_repair(call->orchestrator, id, call->actor, call->value[OPT_REASON],
		    TOTE_REPAIR_PLAN, &r, &call->fault) < 0)
		return fail(call);
	*ret_needed = (r.flags & TOTE_REPAIR_NEEDED) != 0;
	if (call->json) {
		if (!*ret_needed || !call->value[OPT_YES])
			show_json(id, &r, 1);
	} else if (!*ret_needed) {
		out_verdict(1, "%s: its journal is whole: there is nothing to repair", id);
	} else {
		show_plan(id, &r);
		fflush(stdout);
	}
	return 0;
}

int verb_repair(struct call *call)
{
	struct tote_repair r = {.size = sizeof(r)};
	const char *id = call->operand[0];
	int needed = 0, code = root_open(call, 0);

	if (code || (code = plan(call, id, &needed)) != 0 || !needed)
		return code;
	if ((code = ask(call, id)) != 0)
		return code;
	if (tote_orchestrator_repair(call->orchestrator, id, call->actor, call->value[OPT_REASON],
		    0, &r, &call->fault) < 0)
		return fail(call);
	if (call->json) {
		show_json(id, &r, 0);
		return 0;
	}
	show_done(id, &r);
	out_talk(call, "next: totectl audit %s", id);
	return 0;
}
