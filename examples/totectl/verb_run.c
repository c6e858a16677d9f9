/* SPDX-License-Identifier: ISC */
/*
 * run: does what is due when it is due, until it is told to stop: a line for each verdict and for
 * each flag that is raised, as they come.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "finding.h"
#include "json.h"
#include "out.h"
#include "root.h"
#include "verbs.h"

#define SECOND INT64_C(1000000)
/* One step: so soon it stops when it is told to. */
#define STEP_US SECOND
/* So often it looks whether somebody else put something new on record. */
#define LOOK_US (60 * SECOND)
/* An audit that waits for its rate is waited for with --once, one that waits for its window is not. */
#define PATIENCE_US (5 * SECOND)

struct schedule {
	struct call *call;
	int once;
	int64_t until_us; /* with a budget; 0: none */
	struct tote_dispatch did;
	uint64_t audits, damaged, incomplete, flags, folds, suspended;
	int code; /* of what was found */
};

/* ---- signals: blocked all the time, and asked for between two steps ---- */

static void signals_block(sigset_t *ret)
{
	sigemptyset(ret);
	sigaddset(ret, SIGTERM);
	sigaddset(ret, SIGINT);
	sigprocmask(SIG_BLOCK, ret, NULL);
}

/* 1 where it is to stop, at once or within that time. */
static int is_stopped(int64_t wait_us)
{
	struct timespec wait = {
		.tv_sec = (time_t)(wait_us / SECOND), .tv_nsec = (long)(wait_us % SECOND) * 1000};
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	return sigtimedwait(&signals, NULL, &wait) > 0;
}

/* ---- what came of it ---- */

/* One line: what a flag is for, and what to type next. What was known before says nothing new. */
static void flag_line(const struct tote_finding *f)
{
	progress_end();
	out_string(stdout, f->container);
	if (f->flag != TOTE_SEQ_ANY)
		printf(": flag %" PRIu64, f->flag);
	else
		fputs(": not recorded", stdout);
	printf(": %sTOTE-%04d %s%s", out_colour('r'), f->code, tote_finding_name(f->code),
		out_colour('0'));
	if (f->flags & TOTE_FINDING_SEQ)
		printf(", entry %" PRIu64, f->seq);
	if (f->path_length) {
		fputs(", ", stdout);
		out_bytes(stdout, f->path, f->path_length, 0);
	}
	fputs("; next: ", stdout);
	out_string(stdout, f->next);
	putchar('\n');
}

static int show_findings(struct schedule *s)
{
	struct tote_finding f;
	int rc;

	f.size = sizeof(f);
	while ((rc = tote_dispatch_next_finding(s->call->orchestrator, &f, &s->call->fault)) == 1) {
		if (f.flags & TOTE_FINDING_NOT_RECORDED)
			s->code = exit_worse(s->code, TOTE_CLASS_INTEGRITY);
		if (f.flags & (TOTE_FINDING_INFORMATION | TOTE_FINDING_KNOWN))
			continue;
		s->flags++;
		if (s->call->json)
			finding_show(s->call, &f, NULL);
		else
			flag_line(&f);
	}
	return rc;
}

static int show_verdicts(struct schedule *s)
{
	struct tote_verdict v;
	int rc;

	v.size = sizeof(v);
	while ((rc = tote_dispatch_next_verdict(s->call->orchestrator, &v, &s->call->fault)) == 1)
		s->code = exit_worse(s->code, verdict_show(s->call, &v));
	return rc;
}

static void show_done(struct schedule *s)
{
	const struct tote_dispatch *did = &s->did;

	s->audits += did->ended;
	s->damaged += did->damaged;
	s->incomplete += did->incomplete;
	s->folds += did->folds;
	s->suspended += did->suspended;
	if (did->suspended && !s->call->json)
		out_line("suspended by policy: %" PRIu64 "; next: totectl status", did->suspended);
}

static int dispatch(struct schedule *s, uint32_t flags)
{
	struct tote_dispatch_options options;
	int rc = tote_dispatch_options_init(&options, sizeof(options), &s->call->fault);

	if (rc < 0)
		return rc;
	options.flags = flags;
	options.max_us = STEP_US;
	options.actor = s->call->actor;
	s->did.size = sizeof(s->did);
	if ((rc = tote_orchestrator_dispatch(
		     s->call->orchestrator, &options, &s->did, &s->call->fault)) < 0 ||
		(rc = show_findings(s)) < 0 || (rc = show_verdicts(s)) < 0)
		return rc;
	show_done(s);
	fflush(stdout);
	return 0;
}

/* ---- the last line ---- */

static void sum_json(const struct schedule *s, int stopped)
{
	struct json j;

	json_begin(&j, stdout, "summary");
	json_integer(&j, "exit", s->code);
	json_bool(&j, "stopped", stopped);
	json_number(&j, "audits", s->audits);
	json_number(&j, "damaged", s->damaged);
	json_number(&j, "incomplete", s->incomplete);
	json_number(&j, "open", s->did.open);
	json_number(&j, "flags", s->flags);
	json_number(&j, "folds", s->folds);
	json_number(&j, "suspended", s->suspended);
	json_integer(&j, "next_due_us", s->did.next_due_us);
	json_end(&j);
}

static void show_sum(const struct schedule *s, int stopped)
{
	char open[96] = "", folds[64] = "";

	if (s->call->json) {
		sum_json(s, stopped);
		return;
	}
	if (s->did.open)
		snprintf(open, sizeof(open),
			"; %" PRIu64 " audit%s not through, the next run goes on with %s",
			s->did.open, s->did.open == 1 ? " is" : "s are",
			s->did.open == 1 ? "it" : "them");
	if (s->folds)
		snprintf(folds, sizeof(folds), ", %" PRIu64 " ledger%s signed for", s->folds,
			text_s(s->folds));
	out_verdict(s->code == TOTE_CLASS_OK,
		"%s: %" PRIu64 " audit%s, %" PRIu64 " damaged, %" PRIu64 " incomplete, %" PRIu64
		" new flag%s%s%s%s",
		stopped ? "stopped" : "done", s->audits, text_s(s->audits), s->damaged,
		s->incomplete, s->flags, text_s(s->flags), folds, open,
		s->code == TOTE_CLASS_OK ? "" : "; next: totectl status");
}

/* ---- what is due now, once ---- */

static int is_over(const struct schedule *s)
{
	return s->until_us && out_clock() >= s->until_us;
}

static int run_once(struct schedule *s)
{
	uint32_t flags = TOTE_DISPATCH_LOOK;
	int stopped = 0;

	do {
		if (dispatch(s, flags) < 0)
			return fail(s->call);
		flags = 0;
		if (s->did.next_due_us > PATIENCE_US || (s->did.next_due_us && !s->did.open))
			break;
		stopped = is_stopped(s->did.next_due_us);
	} while (!stopped && !is_over(s));
	/* what is due and was not looked at is not fine */
	if (s->did.open || !s->did.next_due_us)
		s->code = exit_worse(s->code, TOTE_CLASS_INCOMPLETE);
	show_sum(s, stopped);
	return s->code;
}

/* ---- until it is told to stop ---- */

/* 1 where it is to stop. In between it is asked anew: others may change what is due. */
static int sleep_until_due(struct schedule *s)
{
	int64_t delay = s->did.next_due_us;

	while (delay > 0) {
		char next[TEXT_MAX];

		progress(s->call, "next due in %s s",
			text_count(next, (uint64_t)((delay + SECOND - 1) / SECOND)));
		if (is_stopped(delay < LOOK_US ? delay : LOOK_US))
			return 1;
		if (delay <= LOOK_US)
			break;
		if (tote_orchestrator_next_due(s->call->orchestrator, &delay, &s->call->fault) < 0)
			return 0; /* the dispatch says why */
	}
	return is_stopped(0);
}

static int run_on(struct schedule *s)
{
	int begun = 0, waits = 0;

	for (;;) {
		int rc = dispatch(s, 0);

		/* somebody else schedules here: at the beginning that is an error, later it ends */
		if (rc == TOTE_E_BUSY && begun) {
			if (!waits)
				out_talk(s->call, "%s; waiting", s->call->fault.text);
			waits = 1;
			s->did.next_due_us = LOOK_US;
		} else if (rc < 0) {
			return fail(s->call);
		} else {
			if (!begun)
				out_talk(s->call, "scheduling '%s' until it is told to stop",
					s->call->root);
			begun = 1;
			waits = 0;
		}
		if (sleep_until_due(s))
			break;
	}
	progress_end();
	show_sum(s, 1);
	return TOTE_CLASS_OK;
}

int verb_run(struct call *call)
{
	const char *budget = call->value[OPT_BUDGET];
	struct schedule s = {.call = call, .once = call->value[OPT_ONCE] != NULL};
	uint64_t seconds = 0;
	sigset_t signals;
	int code;

	if (budget && (!args_seq(budget, &seconds) || !seconds || seconds > 86400 * 366))
		return fail_usage(call, "--budget %s: it is a number of seconds", budget);
	if (budget && !s.once)
		return fail_usage(call, "--budget is how long --once may take");
	signals_block(&signals);
	if ((code = root_open(call, 0)) != 0)
		return code;
	if (budget)
		s.until_us = out_clock() + (int64_t)seconds * SECOND;
	return s.once ? run_once(&s) : run_on(&s);
}
