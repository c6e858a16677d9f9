/* SPDX-License-Identifier: ISC */
/*
 * The end of one container's run within a job: cosignature, report, audit.finished, verdict.
 */
#include "orchestrator/job.h"
#include "orchestrator/record.h"
#include "orchestrator/suspend.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MEASURE_SHARE 100 /* of the time goes by before progress is measured again */

/* What the job itself found counts as what the run found does. */
static void judge(struct job_run *r)
{
	struct run_result *result = &r->result;

	if (r->damaged)
		result->verdict = TOTE_VERDICT_DAMAGED;
	else if (result->verdict == TOTE_VERDICT_NONE ||
		 (result->verdict == TOTE_VERDICT_OK && r->counted))
		result->verdict = TOTE_VERDICT_INCOMPLETE;
}

/* What is whole is cosigned. That it could not be is no damage: the verdict says unwitnessed. */
static void cosign(tote_audit *a, struct job_run *r)
{
	struct tote_fault fault;
	uint64_t size;

	memset(&fault, 0, sizeof(fault));
	if (!a->o || !r->box || r->counted || r->result.verdict != TOTE_VERDICT_OK ||
		!r->result.signed_ok)
		return;
	if (!tote__witness_cosign(a->o, r->box, r->id, 0, &size, &fault))
		r->result.witnessed = size;
	else
		tote__log(&a->ctx->log, TOTE_LOG_WARNING, "audit of '%s': not cosigned: %s", r->id,
			fault.text);
}

/*
 * The report is lost where the disk is full; its findings are on record. No run has the number of
 * another, so a report that lies there already was put there, or the record is an older copy.
 */
static int write_report(tote_audit *a, struct job_run *r, uint8_t digest[HASH_LEN], uint64_t *size,
	struct tote_fault *fault)
{
	char path[64];
	struct tote_fault why;
	int rc = tote__report_end(
		&r->report, a->o, r->seq, &r->result, r->counted, digest, size, fault);

	if (!rc || rc == TOTE_E_NO_MEMORY || rc == TOTE_E_TOO_LARGE)
		return rc;
	why = *fault;
	tote__fault_clear(fault);
	tote__log(&a->ctx->log, TOTE_LOG_WARNING, "audit of '%s': %s", r->id, why.text);
	snprintf(path, sizeof(path), "orchestrator/reports/%" PRIu64 ".jsonl", r->seq);
	if (rc == TOTE_E_EXISTS)
		return tote__job_found_own(a, r, FINDING_REPORT_CHANGED, path,
			"no report of a run that has not ended",
			"a report: the consolidated record may be an older copy", fault);
	return tote__job_found_own(
		a, r, FINDING_REPORT_MISSING, "orchestrator/reports", "", why.text, fault);
}

static int record_end(tote_audit *a, struct job_run *r, struct tote_fault *fault)
{
	struct run_end end = {.id = r->id,
		.run = r->seq,
		.level = a->level,
		.result = &r->result,
		.part = a->part,
		.stopped = r->run && !r->result.through};
	int rc = write_report(a, r, end.report_digest, &end.report_size, fault);

	judge(r); /* what lies in the report's place is damage too */
	end.findings = r->counted;
	if (!rc)
		rc = tote__record_audit_finished(a->o, &end, fault);
	if (!rc)
		rc = tote__orchestrator_refresh(a->o, fault);
	return rc < 0 ? tote__job_stop_recording(a, r, fault) : 0;
}

static void worsen(tote_audit *a, uint32_t verdict)
{
	static const int rank[] = {[TOTE_VERDICT_NONE] = 0,
		[TOTE_VERDICT_OK] = 1,
		[TOTE_VERDICT_INCOMPLETE] = 2,
		[TOTE_VERDICT_DAMAGED] = 3};

	if (rank[verdict] > rank[a->worst])
		a->worst = verdict;
}

static uint32_t verdict_flags(const tote_audit *a, const struct job_run *r)
{
	const struct run_result *from = &r->result;
	uint32_t flags = 0;

	if (from->witnessed && from->witnessed >= from->head.size)
		flags |= TOTE_VERDICT_WITNESSED;
	if (from->cosigners)
		flags |= TOTE_VERDICT_OUTSIDE;
	if (from->cached)
		flags |= TOTE_VERDICT_CACHED;
	if (from->cached == CACHED_ASKED)
		flags |= TOTE_VERDICT_CACHED_ASKED;
	if (a->o && !r->recording)
		flags |= TOTE_VERDICT_NOT_RECORDED;
	if (a->part)
		flags |= TOTE_VERDICT_PART;
	if (from->earlier_assets)
		flags |= TOTE_VERDICT_EARLIER;
	if (from->unreachable)
		flags |= TOTE_VERDICT_UNREACHABLE;
	return flags;
}

static struct tote_verdict verdict_of(const tote_audit *a, const struct job_run *r)
{
	const struct run_result *from = &r->result;
	struct tote_verdict v = {.size = sizeof(v),
		.flags = verdict_flags(a, r),
		.verdict = from->verdict,
		.level = a->level,
		.run = r->seq,
		.entries = from->entries,
		.entries_total = from->entries_total,
		.assets = from->assets,
		.assets_total = from->assets_total,
		.bytes = from->bytes,
		.bytes_total = from->bytes_total,
		.findings = r->counted,
		.tree_size = from->head.size,
		.witnessed = from->witnessed,
		.oldest_unverified_us = from->oldest_unverified_us,
		.cosigners = from->cosigners,
		.cosigners_wanted = r->target.cosigners_wanted,
		.asked = from->asked,
		.earlier_assets = from->earlier_assets,
		.earlier_bytes = from->earlier_bytes,
		.earlier_us = from->earlier_us,
		.continues = r->earlier.continues};

	memcpy(v.cosigned_by, from->cosigned_by, sizeof(v.cosigned_by));
	memcpy(v.root, from->head.root, sizeof(v.root));
	memcpy(v.container, r->id, strnlen(r->id, sizeof(v.container) - 1));
	return v;
}

static void put_verdict(tote_audit *a, struct job_run *r)
{
	pthread_mutex_lock(&a->mutex);
	a->verdicts[a->verdict_count++] = verdict_of(a, r);
	worsen(a, r->result.verdict);
	a->done.bytes += r->result.bytes;
	a->done.entries += r->result.entries;
	a->done.assets += r->result.assets;
	a->done.findings += r->counted;
	r->ended = 1;
	pthread_mutex_unlock(&a->mutex);
}

/* What a flag does by policy. Where that fails it is done by whoever dispatches, or audits, next. */
static void suspend(tote_audit *a, const char *id)
{
	struct tote_fault fault;

	memset(&fault, 0, sizeof(fault));
	if (a->o && tote__suspend_by_policy(a->o, id, a->actor, &fault) < 0)
		tote__log(&a->ctx->log, TOTE_LOG_WARNING, "%s", fault.text);
}

int tote__job_end(tote_audit *a, struct job_run *r, struct tote_fault *fault)
{
	int rc;

	if (r->run)
		tote__run_result(r->run, &r->result);
	judge(r);
	rc = tote__job_keys_judge(a, r, fault);
	judge(r);
	if (!rc)
		cosign(a, r);
	if (!rc)
		rc = tote__job_record_coverage(a, r, 1, fault);
	judge(r);
	if (!rc && a->o && r->recording)
		rc = record_end(a, r, fault);
	/* a verdict is never lost, and what could not be recorded is damage */
	if (rc < 0)
		r->recording = 0;
	judge(r);
	put_verdict(a, r);
	suspend(a, r->id);
	return rc;
}

int tote__job_cut(tote_audit *a, struct job_run *r, struct tote_fault *fault)
{
	int rc = tote__job_record_coverage(a, r, 1, fault);

	if (rc < 0)
		return rc;
	if (r->run) /* which says itself that it was stopped */
		tote__run_stop(r->run);
	rc = tote__job_take(a, r, fault);
	if (!rc && !r->run)
		rc = tote__job_found_own(a, r, FINDING_CANCELLED, "", "", "", fault);
	return rc ? rc : tote__job_end(a, r, fault);
}

/* --- progress ------------------------------------------------------------------------------- */

void tote__job_measure(tote_audit *a, struct job_run *r)
{
	int64_t begun = tote__clock_monotonic(&a->system), ended;
	struct run_result now;

	/* counting hundreds of thousands of assets takes its time, which is not to be noticed */
	if (r->ended || !r->run || begun < r->measure_us)
		return;
	tote__run_result(r->run, &now);
	ended = tote__clock_monotonic(&a->system);
	r->measure_us = ended + MEASURE_SHARE * (ended - begun);
	pthread_mutex_lock(&a->mutex);
	r->now.bytes = now.bytes;
	r->now.total = now.bytes_total;
	r->now.sized = now.sized;
	r->now.entries = now.entries;
	r->now.assets = now.assets;
	r->now.findings = r->counted;
	pthread_mutex_unlock(&a->mutex);
}

/* How much there is to read in all, by what is under way and what was read the last time; 0: who knows. */
static uint64_t estimate(const tote_audit *a)
{
	uint64_t total = a->done.bytes;

	for (size_t i = 0; i < a->running_count; i++) {
		const struct job_run *r = a->running[i];

		if (!r->now.sized && !r->of->is_expected)
			return 0;
		total += r->now.sized || r->now.total > r->of->expected ? r->now.total
									: r->of->expected;
	}
	return a->unexpected ? 0 : total + a->expected;
}

void tote__job_note_progress(tote_audit *a)
{
	struct tote_audit_progress p = a->done;

	p.size = sizeof(p);
	p.containers = a->id_count;
	p.finished = a->verdict_count;
	p.passed_over = a->passed_over;
	p.bytes_total = p.bytes;
	for (size_t i = 0; i < a->running_count; i++) {
		const struct job_run *r = a->running[i];

		if (r->ended)
			continue;
		p.bytes += r->now.bytes;
		p.bytes_total += r->now.total;
		p.entries += r->now.entries;
		p.assets += r->now.assets;
		p.findings += r->now.findings;
		if (!*p.current)
			snprintf(p.current, sizeof(p.current), "%s", r->id);
	}
	if (a->waiting)
		p.bytes_total = 0; /* what was not opened yet is not known */
	tote__pace_note(&a->pace, p.bytes, estimate(a), tote__clock_monotonic(&a->system));
	p.rate = tote__pace_rate(&a->pace);
	p.remaining_us = a->running_count || a->waiting ? tote__pace_left(&a->pace) : 0;
	a->progress = p;
}
