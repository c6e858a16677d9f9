/* SPDX-License-Identifier: ISC */
/*
 * What a job shows: findings and verdicts, one at a time.
 */
#include "orchestrator/job.h"
#include <stdio.h>
#include <string.h>

#define FINDING_LEAST offsetof(struct tote_finding, run)
#define VERDICT_LEAST offsetof(struct tote_verdict, run)

int tote_audit_next_finding(tote_audit *a, struct tote_finding *finding, struct tote_fault *fault)
{
	struct tote_finding f = {.size = sizeof(f)};
	struct shown *s;
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__job_enter(a, fault)) < 0)
		return rc;
	if (!finding) {
		tote__job_leave(a);
		return tote__fault(fault, TOTE_E_ARGUMENT, "audit: no place for a finding");
	}
	tote__job_finding_free(&a->ctx->heap, &a->showing);
	if (a->shown_next == a->shown_count) {
		tote__job_leave(a);
		return 0;
	}
	s = &a->shown[a->shown_next];
	f.flags = s->finding.flags | (s->finding.have_seq ? TOTE_FINDING_SEQ : 0);
	f.code = s->finding.code;
	f.run = s->run;
	f.seq = s->finding.seq;
	f.flag = s->finding.flag;
	f.first_seen_us = s->finding.first_seen_us;
	f.container = s->container;
	f.path = s->finding.path;
	f.path_length = strlen(f.path);
	f.expected = s->finding.expected;
	f.found = s->finding.found;
	f.text = tote_finding_text(f.code);
	tote__finding_advice(s->finding.code, s->container, a->next, sizeof(a->next));
	f.next = a->next;
	rc = tote__struct_out(finding, &f, sizeof(f), FINDING_LEAST, "struct tote_finding", fault);
	if (!rc) {
		a->showing = s->finding;
		a->shown_next++;
	}
	tote__job_leave(a);
	return rc < 0 ? rc : 1;
}

int tote_audit_next_verdict(tote_audit *a, struct tote_verdict *verdict, struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__job_enter(a, fault)) < 0)
		return rc;
	if (!verdict)
		rc = tote__fault(fault, TOTE_E_ARGUMENT, "audit: no place for a verdict");
	else if (a->verdict_next < a->verdict_count) {
		rc = tote__struct_out(verdict, &a->verdicts[a->verdict_next],
			sizeof(a->verdicts[0]), VERDICT_LEAST, "struct tote_verdict", fault);
		if (!rc) {
			a->verdict_next++;
			rc = 1;
		}
	}
	tote__job_leave(a);
	return rc;
}

int tote_audit_worst(tote_audit *a, uint32_t *ret_verdict, struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__job_enter(a, fault)) < 0)
		return rc;
	if (!ret_verdict)
		rc = tote__fault(fault, TOTE_E_ARGUMENT, "audit: no place for a verdict");
	else
		*ret_verdict = a->record_refused ? TOTE_VERDICT_DAMAGED : a->worst;
	tote__job_leave(a);
	return rc;
}
