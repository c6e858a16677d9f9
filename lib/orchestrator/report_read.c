/* SPDX-License-Identifier: ISC */
/*
 * Reading the report of a run: only what the consolidated record has the digest of is given.
 */
#include "orchestrator/report.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct tote_report {
	tote_orchestrator *o;
	atomic_int busy;
	struct buf text;
	size_t at;
};

/* 1 and what the record says of the report of that run; 0: no such run has ended. */
static int find_report(tote_orchestrator *o, uint64_t run, struct known_report *ret)
{
	const struct registry *r = &o->registry;
	int found = 0;

	tote__orchestrator_lock(o);
	for (size_t i = r->report_count; !found && i-- > 0;)
		if (r->reports[i].run == run) {
			*ret = r->reports[i];
			found = 1;
		}
	tote__orchestrator_unlock(o);
	return found;
}

static int read_report(struct tote_report *t, uint64_t run, struct tote_fault *fault)
{
	struct known_report known;
	uint8_t digest[HASH_LEN];
	char name[32];
	int rc = tote__orchestrator_refresh(t->o, fault);

	if (rc < 0)
		return rc;
	if (!find_report(t->o, run, &known))
		return tote__fault(fault, TOTE_E_NOT_FOUND,
			"report %" PRIu64
			": no audit of that number has ended: its number is the seq of "
			"audit.started in totectl log orchestrator",
			run);
	snprintf(name, sizeof(name), "%" PRIu64 ".jsonl", run);
	rc = tote__store_get(&t->o->place, SPACE_REPORTS, name, 0, &t->text, NULL, fault);
	if (rc == TOTE_E_NOT_FOUND)
		return tote__fault(fault, TOTE_E_DAMAGED,
			"%s/reports/%s is missing: bring it back from a copy", t->o->location,
			name);
	if (rc < 0)
		return tote__fault_wrap(fault, "%s/reports", t->o->location);
	tote__hash_bytes(tote__hasher(t->o->ctx), t->text.data, t->text.len, digest);
	if (t->text.len == known.size && tote__hash_equal(digest, known.digest))
		return 0;
	return tote__fault(fault, TOTE_E_MISMATCH,
		"%s/reports/%s is not what the consolidated record has the digest of: bring it "
		"back from a copy",
		t->o->location, name);
}

int tote_report_open(
	tote_orchestrator *o, uint64_t run, tote_report **ret_report, struct tote_fault *fault)
{
	struct tote_report *t;
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0)
		return rc;
	if (!ret_report)
		return tote__fault(fault, TOTE_E_ARGUMENT, "report: ret_report is NULL");
	t = tote__heap_new(&o->ctx->heap, 1, sizeof(*t), fault);
	if (!t)
		return fault->code;
	t->o = tote_orchestrator_ref(o);
	atomic_init(&t->busy, 0);
	tote__buf_init(&t->text, &o->ctx->heap, REPORT_MAX);
	if ((rc = read_report(t, run, fault)) < 0) {
		tote_report_unref(t);
		return rc;
	}
	*ret_report = t;
	return 0;
}

int tote_report_read(
	tote_report *t, void *out, size_t cap, size_t *ret_length, struct tote_fault *fault)
{
	size_t left;
	int rc;

	FAULT_BEGIN(fault);
	if (!t || !out || !cap || !ret_length)
		return tote__fault(
			fault, TOTE_E_ARGUMENT, "report: handle, buffer or length is missing");
	if ((rc = tote__orchestrator_check(t->o, fault)) < 0)
		return rc;
	if (atomic_exchange(&t->busy, 1))
		return tote__fault(
			fault, TOTE_E_BUSY, "report: another call is reading it just now");
	left = t->text.len - t->at;
	*ret_length = left < cap ? left : cap;
	memcpy(out, t->text.data + t->at, *ret_length);
	t->at += *ret_length;
	atomic_store(&t->busy, 0);
	return *ret_length > 0;
}

tote_report *tote_report_unref(tote_report *t)
{
	tote_orchestrator *o;

	if (!t)
		return NULL;
	o = t->o;
	tote__buf_free(&t->text);
	tote__heap_free(&o->ctx->heap, t);
	tote_orchestrator_unref(o);
	return NULL;
}
