/* SPDX-License-Identifier: ISC */
/*
 * What a job does with a finding. A flag is durable before its finding is shown; where the
 * consolidated record takes no entry the audit goes on, and every finding says that it is not
 * recorded.
 */
#include "orchestrator/job.h"
#include "orchestrator/record.h"
#include <string.h>

#define COVERED_US    (60 * INT64_C(1000000))
#define COVERED_BYTES ((uint64_t)1 << 30)

/* --- on record ------------------------------------------------------------------------------ */

/* A cause that is on record and was not whole since, or NULL. With the registry's lock. */
static const struct known_finding *standing_cause(
	const tote_orchestrator *o, const char *id, const struct finding *f)
{
	const struct known *k = tote__registry_find(&o->registry, id);
	const struct known_finding *cause =
		k ? tote__registry_cause(k, f->code, f->path, f->have_seq, f->seq) : NULL;

	for (size_t i = 0; cause && i < k->flag_count; i++)
		if (k->flags[i].seq == cause->flag && k->flags[i].cleared)
			return NULL;
	return cause;
}

/* 1 where its cause is on record and stands: flag and first sight are as they are there. */
static int is_on_record(tote_audit *a, const struct job_run *r, struct finding *f)
{
	const struct known_finding *cause;

	tote__orchestrator_lock(a->o);
	cause = standing_cause(a->o, r->id, f);
	if (cause) {
		f->flag = cause->flag;
		f->first_seen_us = cause->first_seen_us;
	}
	tote__orchestrator_unlock(a->o);
	return cause != NULL;
}

static int is_known(tote_audit *a, const struct job_run *r, struct finding *f)
{
	int known = is_on_record(a, r, f);

	f->flags |= known ? TOTE_FINDING_KNOWN : 0;
	return known;
}

/* Gives the finding its flag: one that stands, or a new one that is durable when this returns. */
static int record_finding(
	tote_audit *a, struct job_run *r, struct finding *f, struct tote_fault *fault)
{
	uint64_t seq;
	int rc, known;

	if (is_known(a, r, f) || r->recorded >= RUN_FINDINGS_MAX)
		return 0;
	if ((rc = tote__orchestrator_hold(a->o, fault)) < 0)
		return rc;
	known = is_known(a, r, f); /* another audit may have been quicker */
	if (!known)
		rc = tote__record_finding(a->o, r->id, r->seq, f, f->code != FINDING_CANCELLED,
			&seq, &f->flag, fault);
	tote__orchestrator_release(a->o);
	if (rc < 0 || known)
		return rc;
	r->recorded++;
	if ((rc = tote__orchestrator_refresh(a->o, fault)) == 0)
		is_on_record(a, r, f);
	return rc;
}

int tote__job_stop_recording(tote_audit *a, struct job_run *r, struct tote_fault *fault)
{
	struct tote_fault why = *fault;
	int told, rc;

	tote__fault_clear(fault);
	if (!r->recording)
		return 0;
	r->recording = 0;
	pthread_mutex_lock(&a->mutex);
	told = a->record_refused;
	a->record_refused = 1;
	pthread_mutex_unlock(&a->mutex);
	if (told)
		return 0;
	rc = tote__job_found_own(a, r, FINDING_RECORD_REFUSES, "ledger", "", why.text, fault);
	if (rc < 0) {
		pthread_mutex_lock(&a->mutex);
		a->record_refused = 0;
		pthread_mutex_unlock(&a->mutex);
	}
	return rc;
}

/* --- shown ---------------------------------------------------------------------------------- */

void tote__job_finding_free(const struct heap *heap, struct finding *f)
{
	tote__heap_free(heap, f->path);
	tote__heap_free(heap, f->expected);
	tote__heap_free(heap, f->found);
	memset(f, 0, sizeof(*f));
}

static int copy_finding(const struct heap *heap, const struct finding *from, struct finding *to,
	struct tote_fault *fault)
{
	*to = *from;
	to->path = tote__heap_strdup(heap, from->path, fault);
	to->expected = tote__heap_strdup(heap, from->expected, fault);
	to->found = tote__heap_strdup(heap, from->found, fault);
	if (to->path && to->expected && to->found)
		return 0;
	tote__job_finding_free(heap, to);
	return TOTE_E_NO_MEMORY;
}

static int room_to_show(tote_audit *a, struct tote_fault *fault)
{
	size_t wanted = a->shown_cap ? a->shown_cap * 2 : 16;
	void *p;

	if (a->shown_count < a->shown_cap)
		return 0;
	p = tote__heap_resize(&a->ctx->heap, a->shown, wanted, sizeof(*a->shown), fault);
	if (!p)
		return TOTE_E_NO_MEMORY;
	a->shown = p;
	a->shown_cap = wanted;
	return 0;
}

/* It is shown only from here on: all that may fail lies behind. */
static void show(tote_audit *a, struct job_run *r, const struct finding *f, int severity)
{
	/* what the record refuses is its own damage, not that of the container looked at just then */
	const char *of = f->code == FINDING_RECORD_REFUSES ? RECORD_ID : r->id;

	if (severity != SEVERITY_INFORMATION)
		r->counted++;
	if (severity == SEVERITY_DAMAGE && !strcmp(of, r->id))
		r->damaged = 1;
	a->shown[a->shown_count++] =
		(struct shown){.finding = *f, .container = of, .run = r->seq, .by = r};
}

int tote__job_found(
	tote_audit *a, struct job_run *r, const struct finding *found, struct tote_fault *fault)
{
	const int severity = tote__finding_severity(found->code);
	struct finding f;
	int rc;

	if ((rc = copy_finding(&a->ctx->heap, found, &f, fault)) < 0)
		return rc;
	f.flags = severity == SEVERITY_INFORMATION ? TOTE_FINDING_INFORMATION : 0;
	f.flag = TOTE_SEQ_ANY;
	f.first_seen_us = tote__clock_wall(&a->ctx->clock);
	if (a->o && severity != SEVERITY_INFORMATION) {
		if (r->recording && (rc = record_finding(a, r, &f, fault)) < 0 &&
			rc != TOTE_E_NO_MEMORY) {
			f.flag = TOTE_SEQ_ANY;
			rc = tote__job_stop_recording(a, r, fault);
		}
		if (!r->recording)
			f.flags |= TOTE_FINDING_NOT_RECORDED;
	}
	pthread_mutex_lock(&a->mutex);
	if (!rc)
		rc = room_to_show(a, fault);
	if (!rc)
		show(a, r, &f, severity);
	pthread_mutex_unlock(&a->mutex);
	if (rc < 0)
		tote__job_finding_free(&a->ctx->heap, &f);
	else if (a->o)
		tote__report_finding(&r->report, &f);
	return rc;
}

int tote__job_found_own(tote_audit *a, struct job_run *r, int code, const char *path,
	const char *expected, const char *found, struct tote_fault *fault)
{
	struct finding f = {.code = code,
		.path = (char *)path,
		.expected = (char *)expected,
		.found = (char *)found};

	return tote__job_found(a, r, &f, fault);
}

static int take_found(tote_audit *a, struct job_run *r, struct tote_fault *fault)
{
	const struct finding_list *found = tote__run_findings(r->run);
	int rc = 0;

	while (!rc && r->taken < found->count) {
		rc = tote__job_found(a, r, &found->items[r->taken], fault);
		r->taken += rc == 0;
	}
	return rc;
}

/* --- covered -------------------------------------------------------------------------------- */

/* Each range that was found whole since the last time; between two of them something was not. */
static int record_ranges(tote_audit *a, struct job_run *r, uint64_t bytes, struct tote_fault *fault)
{
	uint8_t leaf[HASH_LEN];
	struct run_cover cover = {.id = r->id, .run = r->seq, .level = a->level, .bytes = bytes};
	uint64_t from = r->covered_to, to;
	int rc = 0;

	if (tote__run_tail(r->run, &cover.size, leaf))
		cover.leaf = leaf;
	while (rc == 0 && r->covered_gaps <= RUN_FINDINGS_MAX &&
		tote__run_covered(r->run, &from, &to)) {
		cover.from = from;
		cover.to = to - 1;
		rc = tote__record_audit_covered(a->o, &cover, fault);
		if (rc < 0)
			break;
		r->covered_gaps += from > r->covered_to;
		r->covered_to = from = to;
	}
	return rc;
}

int tote__job_record_coverage(
	tote_audit *a, struct job_run *r, int always, struct tote_fault *fault)
{
	int64_t now = tote__clock_monotonic(&a->ctx->clock);
	uint64_t bytes;
	int rc;

	if (!a->o || !r->recording || !r->run)
		return 0;
	bytes = tote__run_bytes(r->run);
	if (!always && now - r->covered_us < COVERED_US && bytes - r->covered_bytes < COVERED_BYTES)
		return 0;
	if ((rc = tote__run_settle(r->run, fault)) < 0 || (rc = take_found(a, r, fault)) < 0)
		return rc;
	if (!r->recording)
		return 0;
	rc = record_ranges(a, r, bytes, fault);
	r->covered_us = now;
	r->covered_bytes = bytes;
	return rc < 0 && rc != TOTE_E_NO_MEMORY ? tote__job_stop_recording(a, r, fault) : rc;
}

int tote__job_take(tote_audit *a, struct job_run *r, struct tote_fault *fault)
{
	int rc;

	if (!r->run)
		return 0;
	rc = take_found(a, r, fault);
	return rc ? rc : tote__job_record_coverage(a, r, 0, fault);
}
