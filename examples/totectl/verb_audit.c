/* SPDX-License-Identifier: ISC */
/*
 * audit, and whatever else is such a job: its steps, its progress, each finding as it comes, a line
 * for each verdict, and the worst of them said last.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "finding.h"
#include "json.h"
#include "out.h"
#include "quantity.h"
#include "root.h"
#include "verbs.h"

#define STEP_BYTES (64u << 20)
#define STEP_US    200000

/* tote_verdict.oldest_unverified_us where the time of what was not verified is not known. */
#define TIME_UNKNOWN 1

const char *level_name(uint32_t level)
{
	return level == TOTE_LEVEL_FULL        ? "full"
	       : level == TOTE_LEVEL_STRUCTURE ? "structure"
					       : "-";
}

const char *verdict_name(uint32_t verdict)
{
	switch (verdict) {
	case TOTE_VERDICT_OK:
		return "ok";
	case TOTE_VERDICT_DAMAGED:
		return "damaged";
	case TOTE_VERDICT_INCOMPLETE:
		return "incomplete";
	default:
		return "none";
	}
}

/* One job, and the sum of its verdicts. Those of containers and the consolidated record's apart. */
struct job {
	struct call *call;
	tote_audit *audit;
	const char *label;
	uint64_t containers, damaged, incomplete, unreachable, unwitnessed;
	uint64_t entries, assets, bytes;
	uint64_t findings;
	int full;
	int part;             /* only what was asked for was looked at: of one container */
	uint64_t asked;       /* assets */
	uint64_t earlier;     /* assets that earlier audits read */
	uint64_t passed_over; /* containers that needed no audit */
	int record;           /* the consolidated record was among them */
	int record_verdict;
	int code;
	struct tote_verdict *waiting; /* verdicts of this step that are not shown yet */
	size_t waiting_count, waiting_shown;
};

/* ---- verdicts ---- */

static void verdict_json(const struct tote_verdict *v, const char *container)
{
	struct json j;

	json_begin(&j, stdout, "verdict");
	json_string(&j, "container", container);
	json_string(&j, "verdict", verdict_name(v->verdict));
	json_string(&j, "level", level_name(v->level));
	json_number(&j, "run", v->run);
	json_number(&j, "entries", v->entries);
	json_number(&j, "entries_total", v->entries_total);
	json_number(&j, "assets", v->assets);
	json_number(&j, "assets_total", v->assets_total);
	json_number(&j, "bytes", v->bytes);
	json_number(&j, "bytes_total", v->bytes_total);
	json_number(&j, "findings", v->findings);
	json_number(&j, "tree_size", v->tree_size);
	json_b64(&j, "root", v->root, sizeof(v->root));
	json_bool(&j, "witnessed", (v->flags & TOTE_VERDICT_WITNESSED) != 0);
	json_number(&j, "witnessed_size", v->witnessed);
	json_number(&j, "cosigners", v->cosigners);
	json_number(&j, "cosigners_wanted", v->cosigners_wanted);
	json_string(&j, "cosigned_by", v->cosigned_by);
	json_bool(&j, "part", (v->flags & TOTE_VERDICT_PART) != 0);
	json_number(&j, "asked", v->asked);
	json_number(&j, "earlier_assets", v->earlier_assets);
	json_number(&j, "earlier_bytes", v->earlier_bytes);
	if (v->earlier_us)
		json_time(&j, "earlier", v->earlier_us);
	if (v->continues)
		json_number(&j, "continues", v->continues);
	json_bool(&j, "cached", (v->flags & TOTE_VERDICT_CACHED) != 0);
	if (v->flags & TOTE_VERDICT_CACHED)
		json_string(
			&j, "cached_by", v->flags & TOTE_VERDICT_CACHED_ASKED ? "asked" : "store");
	json_bool(&j, "recorded", (v->flags & TOTE_VERDICT_NOT_RECORDED) == 0);
	json_bool(&j, "unreachable", (v->flags & TOTE_VERDICT_UNREACHABLE) != 0);
	if (v->oldest_unverified_us > TIME_UNKNOWN)
		json_time(&j, "oldest_unverified", v->oldest_unverified_us);
	json_end(&j);
}

/* Without a witness's key nobody looked for a cosignature: that there is none was not seen. */
static const char *witnessed_words(const struct job *job, const struct tote_verdict *v)
{
	if (v->flags & TOTE_VERDICT_WITNESSED)
		return "witnessed";
	if (job->label && job->call->value[OPT_POLICY])
		return "cosigned as the policy asks";
	return job->label && !job->call->value[OPT_WITNESS]
		       ? "no --witness given, no cosignature verified"
		       : "unwitnessed";
}

/* What was read, of how much, and what is counted on though an earlier audit read it. */
static void bytes_text(const struct tote_verdict *v)
{
	char read[TEXT_MAX], total[TEXT_MAX], earlier[TEXT_MAX], bytes[TEXT_MAX], time[TEXT_MAX];

	printf(", %s", text_bytes(read, v->bytes));
	if (v->bytes_total > v->bytes)
		printf(" of %s", text_bytes(total, v->bytes_total));
	fputs(" read", stdout);
	if (v->flags & TOTE_VERDICT_EARLIER)
		printf(" and %s asset%s (%s) by earlier audits, the oldest by %s",
			text_count(earlier, v->earlier_assets), text_s(v->earlier_assets),
			text_bytes(bytes, v->earlier_bytes), text_minute(time, v->earlier_us));
	if (v->continues)
		printf("; it went on for run %" PRIu64, v->continues);
}

static void verdict_text(const struct job *job, const struct tote_verdict *v, const char *container)
{
	char entries[2][TEXT_MAX], assets[2][TEXT_MAX], time[TEXT_MAX];

	progress_end();
	out_string(stdout, container);
	printf(": %s%s%s: ", out_colour(v->verdict == TOTE_VERDICT_OK ? 'g' : 'r'),
		verdict_name(v->verdict), out_colour('0'));
	if (v->flags & TOTE_VERDICT_UNREACHABLE) {
		puts("its directory could not be opened");
		return;
	}
	if (v->flags & TOTE_VERDICT_PART)
		printf("%s of %s asset%s asked for, of %s in all, ",
			text_count(assets[0], v->assets), text_count(assets[1], v->asked),
			text_s(v->asked), text_count(entries[0], v->assets_total));
	printf("%s of %s entries", text_count(entries[0], v->entries),
		text_count(entries[1], v->entries_total));
	if ((v->assets_total || v->assets) && !(v->flags & TOTE_VERDICT_PART))
		printf(", %s of %s assets", text_count(assets[0], v->assets),
			text_count(assets[1], v->assets_total));
	bytes_text(v);
	printf("; %s", witnessed_words(job, v));
	if (v->flags & TOTE_VERDICT_OUTSIDE) {
		fputs(", and cosigned from outside by ", stdout);
		out_string(stdout, v->cosigned_by);
	}
	if (v->cosigners < v->cosigners_wanted)
		printf(", where the policy asks for %" PRIu32 " from outside", v->cosigners_wanted);
	if (v->flags & TOTE_VERDICT_CACHED_ASKED)
		fputs("; read from memory where it could be, as asked (cached)", stdout);
	else if (v->flags & TOTE_VERDICT_CACHED)
		fputs("; some of it may have come from memory (cached)", stdout);
	if (v->flags & TOTE_VERDICT_NOT_RECORDED)
		fputs("; not recorded", stdout);
	if (v->oldest_unverified_us)
		printf("; oldest record not verified: %s",
			v->oldest_unverified_us > TIME_UNKNOWN
				? text_time(time, v->oldest_unverified_us)
				: "its time is not known");
	putchar('\n');
}

/* All that was asked for is whole, and so is the ledger that says what it must be. */
static int is_part_whole(const struct tote_verdict *v)
{
	return v->flags & TOTE_VERDICT_PART && v->verdict == TOTE_VERDICT_INCOMPLETE && v->asked &&
	       v->assets == v->asked && v->entries == v->entries_total && !v->findings;
}

static void count_verdict(struct job *job, const struct tote_verdict *v)
{
	int code = v->verdict == TOTE_VERDICT_OK         ? TOTE_CLASS_OK
		   : is_part_whole(v)                    ? TOTE_CLASS_OK
		   : v->verdict == TOTE_VERDICT_DAMAGED  ? TOTE_CLASS_INTEGRITY
		   : v->flags & TOTE_VERDICT_UNREACHABLE ? TOTE_CLASS_UNREACHABLE
							 : TOTE_CLASS_INCOMPLETE;

	job->code = exit_worse(job->code, code);
	job->full = v->level == TOTE_LEVEL_FULL;
	if (!strcmp(v->container, "orchestrator")) {
		job->record = 1;
		job->record_verdict = (int)v->verdict;
		job->bytes += v->bytes;
		return;
	}
	job->containers++;
	job->part = (v->flags & TOTE_VERDICT_PART) != 0;
	job->asked += v->asked;
	job->earlier += v->earlier_assets;
	job->damaged += code == TOTE_CLASS_INTEGRITY;
	job->incomplete += code == TOTE_CLASS_INCOMPLETE;
	job->unreachable += code == TOTE_CLASS_UNREACHABLE;
	job->unwitnessed += (v->flags & TOTE_VERDICT_WITNESSED) == 0;
	job->entries += v->entries;
	job->assets += v->assets;
	job->bytes += v->bytes;
}

static void show_verdict(struct job *job, const struct tote_verdict *v)
{
	const char *name = v->container[0] ? v->container : job->label;

	count_verdict(job, v);
	if (job->call->json)
		verdict_json(v, name);
	else
		verdict_text(job, v, name);
}

int verdict_show(struct call *call, const struct tote_verdict *v)
{
	struct job job = {.call = call};

	show_verdict(&job, v);
	return job.code;
}

/* Fetches what was finished: a step may end some containers and begin the next. */
static int fetch_verdicts(struct job *job)
{
	int rc;

	job->waiting_count = job->waiting_shown = 0;
	for (;;) {
		struct tote_verdict *v =
			reallocarray(job->waiting, job->waiting_count + 1, sizeof(*v));

		if (!v)
			return tote_fault_set(&job->call->fault, TOTE_E_NO_MEMORY, ENOMEM,
				"no memory for the verdicts");
		job->waiting = v;
		v += job->waiting_count;
		v->size = sizeof(*v);
		rc = tote_audit_next_verdict(job->audit, v, &job->call->fault);
		if (rc != 1)
			return rc;
		job->waiting_count++;
	}
}

/*
 * Shows those of runs before this one: each verdict stands behind its own findings. Of several runs
 * at once the findings come mixed, and the verdicts behind all of them.
 */
static void show_verdicts_before(struct job *job, uint64_t run)
{
	const char *parallel = job->call->value[OPT_PARALLEL];

	if (!parallel || strcmp(parallel, "1") != 0)
		return;
	while (job->waiting_shown < job->waiting_count &&
		job->waiting[job->waiting_shown].run < run)
		show_verdict(job, &job->waiting[job->waiting_shown++]);
}

static int show_findings(struct job *job)
{
	struct tote_finding f;
	int rc;

	f.size = sizeof(f);
	while ((rc = tote_audit_next_finding(job->audit, &f, &job->call->fault)) == 1) {
		show_verdicts_before(job, f.run);
		if (!(f.flags & TOTE_FINDING_INFORMATION))
			job->findings++;
		if (f.flags & TOTE_FINDING_NOT_RECORDED)
			job->code = exit_worse(job->code, TOTE_CLASS_INTEGRITY);
		finding_show(job->call, &f, job->label);
	}
	while (job->waiting_shown < job->waiting_count)
		show_verdict(job, &job->waiting[job->waiting_shown++]);
	return rc;
}

/* ---- the last line ---- */

/* Of a job that had nothing to do; and of one that passed some containers over. */
static void nothing_done(const struct job *job)
{
	if (job->passed_over)
		out_verdict(1, "%" PRIu64 " passed over, nothing to read: %s", job->passed_over,
			job->call->value[OPT_CONTINUE] ? "the audit that was cut off had them"
						       : "they were found whole since");
	else
		out_verdict(1, "no audit was cut off: there is nothing to go on with");
}

static void part_news(const struct job *job)
{
	char asked[TEXT_MAX];

	out_verdict(1, "what was asked for is whole: %s asset%s; nothing is said of the rest",
		text_count(asked, job->asked), text_s(job->asked));
}

static void good_news(const struct job *job)
{
	char containers[TEXT_MAX], entries[TEXT_MAX], assets[TEXT_MAX], bytes[TEXT_MAX];
	char unwitnessed[64] = "", passed[64] = "";
	const char *read = job->full ? "read and hashed"
				     : "read; the bytes of assets were not (level structure)";

	if (job->label) {
		out_verdict(1, "%s is whole: %s entr%s, %s read and hashed", job->label,
			text_count(entries, job->entries), text_ies(job->entries),
			text_bytes(bytes, job->bytes));
		return;
	}
	if (job->part) {
		part_news(job);
		return;
	}
	if (!job->containers && !job->record) {
		nothing_done(job);
		return;
	}
	if (job->passed_over)
		snprintf(passed, sizeof(passed), "; %" PRIu64 " passed over", job->passed_over);
	if (!job->containers) {
		out_verdict(1, "the consolidated record is whole: %s %s%s",
			text_bytes(bytes, job->bytes), read, passed);
		return;
	}
	text_count(containers, job->containers);
	if (job->unwitnessed)
		snprintf(unwitnessed, sizeof(unwitnessed), "; %" PRIu64 " unwitnessed",
			job->unwitnessed);
	out_verdict(1, "%s%s container%s %s whole: %s entr%s, %s asset%s, %s %s%s%s%s",
		job->containers > 1 ? "all " : "the ", job->containers > 1 ? containers : "one",
		text_s(job->containers), job->containers > 1 ? "are" : "is",
		text_count(entries, job->entries), text_ies(job->entries),
		text_count(assets, job->assets), text_s(job->assets), text_bytes(bytes, job->bytes),
		read, unwitnessed, job->record ? "; so is the consolidated record" : "", passed);
}

/* "2 damaged, 1 whole": the parts that are not none. */
static void part(char *text, size_t cap, uint64_t count, const char *what)
{
	size_t n = strlen(text);

	if (count)
		snprintf(text + n, cap - n, "%s%" PRIu64 " %s", n ? ", " : "", count, what);
}

static const char *record_words(const struct job *job)
{
	if (!job->record)
		return "";
	switch (job->record_verdict) {
	case TOTE_VERDICT_OK:
		return job->containers ? "; the consolidated record is whole"
				       : "the consolidated record is whole";
	case TOTE_VERDICT_DAMAGED:
		return job->containers ? "; the consolidated record is damaged"
				       : "the consolidated record is damaged";
	default:
		return job->containers ? "; the consolidated record was not wholly looked at"
				       : "the consolidated record was not wholly looked at";
	}
}

static void bad_news(const struct job *job)
{
	char findings[TEXT_MAX], text[256];

	if (job->label) {
		out_verdict(0, "%s is %s: %s finding%s", job->label,
			job->damaged ? "damaged" : "not wholly verified",
			text_count(findings, job->findings), text_s(job->findings));
		return;
	}
	text[0] = '\0';
	part(text, sizeof(text), job->damaged, "damaged");
	part(text, sizeof(text), job->incomplete, "not wholly looked at");
	part(text, sizeof(text), job->unreachable, "unreachable");
	if (job->containers)
		part(text, sizeof(text),
			job->containers - job->damaged - job->incomplete - job->unreachable,
			"whole");
	out_verdict(0, "%s%s%s: %s finding%s; next: totectl status",
		job->containers ? "containers: " : "", text, record_words(job),
		text_count(findings, job->findings), text_s(job->findings));
}

static void show_sum(const struct job *job)
{
	struct json j;

	if (!job->call->json) {
		if (job->code == TOTE_CLASS_OK)
			good_news(job);
		else
			bad_news(job);
		return;
	}
	json_begin(&j, stdout, "summary");
	json_integer(&j, "exit", job->code);
	json_number(&j, "containers", job->containers);
	json_number(&j, "damaged", job->damaged);
	json_number(&j, "incomplete", job->incomplete);
	json_number(&j, "unreachable", job->unreachable);
	json_number(&j, "unwitnessed", job->unwitnessed);
	json_number(&j, "entries", job->entries);
	json_number(&j, "assets", job->assets);
	json_number(&j, "bytes", job->bytes);
	json_number(&j, "findings", job->findings);
	json_number(&j, "earlier_assets", job->earlier);
	json_number(&j, "passed_over", job->passed_over);
	json_bool(&j, "part", job->part);
	json_end(&j);
}

/* ---- the job ---- */

static void show_progress(struct job *job)
{
	char read[TEXT_MAX], total[TEXT_MAX], entries[TEXT_MAX], rate[TEXT_MAX], left[32];
	struct tote_audit_progress p;

	p.size = sizeof(p);
	if (tote_audit_progress(job->audit, &p, NULL) < 0)
		return;
	job->passed_over = p.passed_over;
	text_bytes(rate, p.rate);
	progress(job->call, "%s: %s of %s read, %s entries, %" PRIu64 " finding%s%s%s%s%s%s",
		p.current[0] ? p.current
		: job->label ? job->label
			     : "audit",
		text_bytes(read, p.bytes), p.bytes_total ? text_bytes(total, p.bytes_total) : "?",
		text_count(entries, p.entries), p.findings, text_s(p.findings), p.rate ? ", " : "",
		p.rate ? rate : "", p.rate ? "/s" : "", p.remaining_us >= 0 ? ", still " : "",
		p.remaining_us >= 0 ? quantity_time_left(left, p.remaining_us) : "");
}

static int run_steps(struct job *job)
{
	int more;

	do {
		more = tote_audit_step(job->audit, STEP_BYTES, STEP_US, &job->call->fault);
		if (more < 0 || fetch_verdicts(job) < 0 || show_findings(job) < 0)
			return fail(job->call);
		show_progress(job);
	} while (more == 1);
	progress_end();
	return 0;
}

/* Nothing was ever sealed there, so there was nothing to look at: that is no good news. */
static int nothing_asked(struct call *call)
{
	const char *path = call->value[OPT_ASSET], *id = call->operand[0];
	char text[sizeof(call->fault.text)];

	if (path)
		snprintf(text, sizeof(text),
			"no asset '%.200s' is sealed in %s: totectl ls %s names those that are",
			path, id, id);
	else
		snprintf(text, sizeof(text),
			"no asset of %s was sealed in that range: totectl log %s", id, id);
	tote_fault_set(&call->fault, TOTE_E_NOT_FOUND, 0, text);
	return fail(call);
}

int job_run(struct call *call, tote_audit *audit, const char *label)
{
	struct job job = {.call = call, .audit = audit, .label = label, .full = 1};
	int failed = run_steps(&job);

	free(job.waiting);
	if (failed)
		job.code = exit_worse(job.code, failed);
	if (tote_audit_close(audit, &call->fault) < 0) {
		failed = fail(call);
		job.code = exit_worse(job.code, failed);
	}
	if (!failed && job.part && !job.asked && !job.damaged)
		return nothing_asked(call);
	if (!failed)
		show_sum(&job);
	return job.code;
}

/* ---- what is asked for ---- */

/* One asset, or a range of seqs, of one container. */
static int read_part(struct call *call, struct tote_audit_options *options)
{
	const char *from = call->value[OPT_FROM], *to = call->value[OPT_TO];

	options->path = call->value[OPT_ASSET];
	if (!options->path && !from && !to)
		return 0;
	if (options->path && (from || to))
		return fail_usage(call, "--asset or --from and --to, not both");
	if (call->value[OPT_CONTINUE] || call->value[OPT_MAX_AGE])
		return fail_usage(call,
			"what is asked for by name is read anew: neither --continue nor --max-age");
	if (call->operand_count != 1)
		return fail_usage(call, "%s is of one container: name it",
			options->path ? "--asset" : "--from SEQ --to SEQ");
	if (options->path)
		return 0;
	options->flags |= TOTE_AUDIT_RANGE;
	options->to_seq = INT64_MAX;
	if (from && !args_seq(from, &options->from_seq))
		return fail_usage(call, "--from %s: it is the seq of an entry", from);
	if (to && !args_seq(to, &options->to_seq))
		return fail_usage(call, "--to %s: it is the seq of an entry", to);
	if (options->from_seq > options->to_seq)
		return fail_usage(call, "--from %s lies above --to %s", from, to);
	return 0;
}

static int read_options(struct call *call, struct tote_audit_options *options)
{
	const char *level = call->value[OPT_LEVEL], *limit = call->value[OPT_LIMIT],
		   *age = call->value[OPT_MAX_AGE], *parallel = call->value[OPT_PARALLEL];
	uint64_t n = 0;

	if (tote_audit_options_init(options, sizeof(*options), &call->fault) < 0)
		return fail(call);
	if (level && strcmp(level, "full") != 0 && strcmp(level, "structure") != 0)
		return fail_usage(call, "--level %s: it is structure or full", level);
	if (limit && (!quantity_bytes(limit, &options->rate) || !options->rate))
		return fail_usage(call,
			"--limit %s: bytes a second, with KiB, MiB, GiB or nothing behind", limit);
	if (age && (!quantity_duration(age, &options->max_age_us) || !options->max_age_us))
		return fail_usage(call, "--max-age %s: as 90s, 15m, 12h, 7d or 2w", age);
	if (parallel && (!args_seq(parallel, &n) || !n || n > 64))
		return fail_usage(call, "--parallel %s: it is 1 to 64", parallel);
	options->parallel = (uint32_t)n;
	options->level = level && level[0] == 's' ? TOTE_LEVEL_STRUCTURE : TOTE_LEVEL_FULL;
	options->flags = call->value[OPT_CONTINUE] ? TOTE_AUDIT_CONTINUE : 0;
	options->flags |= call->value[OPT_CACHED] ? TOTE_AUDIT_CACHED : 0;
	options->ids = call->operand_count ? call->operand : NULL;
	options->id_count = call->operand_count;
	options->actor = call->actor;
	return read_part(call, options);
}

int verb_audit(struct call *call)
{
	struct tote_audit_options options;
	tote_audit *audit;
	int code;

	if ((code = read_options(call, &options)) != 0 || (code = root_open(call, 0)) != 0)
		return code;
	if (tote_audit_start(call->orchestrator, &options, &audit, &call->fault) < 0)
		return fail(call);
	return job_run(call, audit, NULL);
}
