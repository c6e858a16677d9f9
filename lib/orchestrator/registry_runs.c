/* SPDX-License-Identifier: ISC */
/*
 * What the registry takes from the entries of runs: which have not ended, what they read, and what
 * those that ended say of their container.
 */
#include "orchestrator/registry_runs.h"
#include "base/text.h"
#include "base/timestamp.h"
#include "ledger/cached.h"
#include <string.h>

static uint32_t level_of(const struct entry *e)
{
	const struct entry_field *f = tote__entry_field(e, "level");

	return f && f->value_len == 4 && !memcmp(f->value, "full", 4) ? TOTE_LEVEL_FULL
								      : TOTE_LEVEL_STRUCTURE;
}

/*
 * A flag is cleared by a run with a good verdict that began behind it and looked where it points: a
 * full run looks everywhere, a structure run at all but the bytes of assets. A run that was under
 * way when the flag was raised may have looked there before.
 */
static int looks_at(const struct known_flag *f, uint64_t run, uint32_t level)
{
	return f->seq < run && (level == TOTE_LEVEL_FULL || f->code != FINDING_ASSET_CHANGED);
}

static void clear_flags(struct known *k)
{
	if (k->cached == CACHED_ASKED)
		return; /* what memory holds does not show that the medium was mended */
	for (size_t i = 0; i < k->flag_count; i++)
		if (looks_at(&k->flags[i], k->run, k->level))
			k->flags[i].cleared = 1;
}

static uint32_t verdict_of(const struct entry_field *f)
{
	static const char ok[] = "ok", damaged[] = "damaged";

	if (f->value_len == strlen(ok) && !memcmp(f->value, ok, strlen(ok)))
		return TOTE_VERDICT_OK;
	if (f->value_len == strlen(damaged) && !memcmp(f->value, damaged, strlen(damaged)))
		return TOTE_VERDICT_DAMAGED;
	return TOTE_VERDICT_INCOMPLETE;
}

static int take_report(struct registry *r, const struct entry *e, struct tote_fault *fault)
{
	struct known_report report;
	void *items = r->reports;
	int rc;

	if ((rc = tote__entry_number(e, "run", &report.run, fault)) < 0 ||
		(rc = tote__entry_number(e, "report-size", &report.size, fault)) < 0 ||
		(rc = tote__registry_digest(e, "report-digest", report.digest, fault)) < 0 ||
		(rc = tote__registry_grow(r->heap, &items, r->report_count, &r->report_cap,
			 sizeof(report), fault)) < 0)
		return rc;
	r->reports = items;
	r->reports[r->report_count++] = report;
	return 0;
}

int tote__registry_started(struct registry *r, const struct entry *e, struct tote_fault *fault)
{
	struct known *k;
	int rc = tote__registry_subject(r, e, &k, fault);

	if (rc < 0 || (rc = tote__runs_started(&k->runs, r->heap, e, fault)) < 0)
		return rc;
	tote__history_started(&k->history, e);
	return 0;
}

int tote__registry_covered(struct registry *r, const struct entry *e, struct tote_fault *fault)
{
	struct known *k;
	int rc = tote__registry_subject(r, e, &k, fault);

	return rc < 0 ? rc : tote__runs_covered(&k->runs, r->heap, e, fault);
}

/* A flag is about something that this run over a part was asked to look at. */
static int is_asked(const struct known *k, const struct open_run *run, const struct known_flag *f)
{
	static const char assets[] = "assets/";
	const struct known_finding *cause = NULL;

	for (size_t i = 0; i < k->finding_count && !cause; i++)
		if (k->findings[i].seq == f->finding)
			cause = &k->findings[i];
	if (!cause || !cause->path || strncmp(cause->path, assets, strlen(assets)) != 0)
		return 0;
	if (run->path)
		return !strcmp(cause->path + strlen(assets), run->path);
	return cause->have_at_seq && cause->at_seq >= run->from && cause->at_seq <= run->to;
}

/*
 * Only a part was looked at, so of the container it says nothing good; that all of the part was
 * whole clears the flags of that part.
 */
static int take_part(struct known *k, const struct entry *e, uint64_t run, struct tote_fault *fault)
{
	const struct open_run *open = tote__runs_find(&k->runs, run);
	uint64_t asked, assets;
	int rc;

	if ((rc = tote__entry_number(e, "asked", &asked, fault)) < 0 ||
		(rc = tote__entry_number(e, "assets", &assets, fault)) < 0)
		return rc;
	if (verdict_of(tote__entry_field(e, "verdict")) == TOTE_VERDICT_DAMAGED)
		k->verdict = TOTE_VERDICT_DAMAGED;
	if (tote__cached_of(e) == CACHED_ASKED)
		return 0;
	for (size_t i = 0; open && asked && assets == asked && i < k->flag_count; i++)
		if (looks_at(&k->flags[i], run, level_of(e)) && is_asked(k, open, &k->flags[i]))
			k->flags[i].cleared = 1;
	return 0;
}

/* When the oldest of what the verdict stands on was read: now, or by an earlier run. */
static int64_t since_of(const struct entry *e)
{
	const struct entry_field *f = tote__entry_field(e, "since");
	int64_t since;

	return f && tote__time_parse(f->value, f->value_len, &since) == 0 && since < e->time_us
		       ? since
		       : e->time_us;
}

static void take_full(struct known *k, const struct entry *e, int stopped)
{
	if (!stopped) {
		k->last_full_us = since_of(e);
		k->full_assets = k->assets;
		k->full_bytes = k->bytes;
	}
	if (k->verdict == TOTE_VERDICT_OK)
		k->last_success_us = since_of(e);
}

static int take_whole(
	struct known *k, const struct entry *e, uint64_t run, struct tote_fault *fault)
{
	const struct entry_field *root = tote__entry_field(e, "root");
	int stopped = tote__entry_field(e, "stopped-at") != NULL, rc;
	uint64_t witnessed;
	size_t len;

	k->run = run;
	if ((rc = tote__entry_number(e, "entries", &k->entries, fault)) < 0 ||
		(rc = tote__entry_number(e, "assets", &k->assets, fault)) < 0 ||
		(rc = tote__entry_number(e, "bytes", &k->bytes, fault)) < 0 ||
		(rc = tote__entry_number(e, "witnessed", &witnessed, fault)) < 0 ||
		(rc = tote__entry_number(e, "size", &k->tree_size, fault)) < 0)
		return rc;
	if (!root || tote__base64_decode(root->value, root->value_len, k->root, HASH_LEN, &len) < 0)
		return tote__fault(fault, TOTE_E_DAMAGED,
			"consolidated record: a run finished without verdict or root");
	if (witnessed > k->witnessed) /* what was seen once was seen */
		k->witnessed = witnessed;
	k->level = level_of(e);
	k->verdict = verdict_of(tote__entry_field(e, "verdict"));
	k->cached = tote__cached_of(e);
	k->last_audit_us = e->time_us;
	if (k->level == TOTE_LEVEL_FULL && k->cached != CACHED_ASKED)
		take_full(k, e, stopped);
	if (k->verdict == TOTE_VERDICT_OK)
		clear_flags(k);
	return 0;
}

int tote__registry_finished(struct registry *r, const struct entry *e, struct tote_fault *fault)
{
	struct known *k;
	uint64_t run;
	int rc;

	if ((rc = tote__registry_subject(r, e, &k, fault)) < 0 ||
		(rc = tote__entry_number(e, "run", &run, fault)) < 0)
		return rc;
	if (!tote__entry_field(e, "verdict"))
		return tote__fault(fault, TOTE_E_DAMAGED,
			"consolidated record: a run finished without verdict or root");
	if ((rc = take_report(r, e, fault)) < 0)
		return rc;
	rc = tote__entry_field(e, "asked") ? take_part(k, e, run, fault)
					   : take_whole(k, e, run, fault);
	if (!rc)
		tote__history_finished(&k->history, e, run, level_of(e),
			verdict_of(tote__entry_field(e, "verdict")));
	/* what could not be opened at all leaves what was read before as it was */
	tote__runs_ended(&k->runs, r->heap, run,
		tote__entry_field(e, "stopped-at") ||
			(k->verdict == TOTE_VERDICT_INCOMPLETE && !k->entries));
	return rc;
}
