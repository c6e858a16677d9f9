/* SPDX-License-Identifier: ISC */
/*
 * What a run may count on of those before it.
 */
#include "orchestrator/job_earlier.h"
#include "orchestrator/containers.h"
#include <string.h>

/* --- the run that was cut off --------------------------------------------------------------- */

void tote__earlier_find(
	struct earlier *e, tote_orchestrator *o, const char *id, const struct earlier_wish *wish)
{
	const struct open_run *open = NULL;
	const struct known *k;

	memset(e, 0, sizeof(*e));
	e->heap = &o->ctx->heap;
	if (!wish->go_on)
		return;
	tote__orchestrator_lock(o);
	k = tote__registry_find(&o->registry, id);
	if (k)
		open = tote__runs_unfinished(&k->runs, wish->level);
	if (open) {
		e->continues = open->run;
		e->from = open->covered_to;
	}
	tote__orchestrator_unlock(o);
}

/* Only what was read since the run that was cut off began, or is young enough. */
static int counts(const struct covered_range *r, const struct earlier_wish *wish, uint64_t first)
{
	if (wish->max_age_us)
		return r->time_us <= wish->now_us && wish->now_us - r->time_us <= wish->max_age_us;
	return first && r->run >= first;
}

static int copy_ranges(struct earlier *e, const struct known_runs *runs,
	const struct earlier_wish *wish, uint64_t first, struct tote_fault *fault)
{
	if (!runs->range_count)
		return 0;
	e->ranges = tote__heap_new(e->heap, runs->range_count, sizeof(*e->ranges), fault);
	if (!e->ranges)
		return fault->code;
	for (size_t i = 0; i < runs->range_count; i++)
		if (counts(&runs->ranges[i], wish, first))
			e->ranges[e->range_count++] = runs->ranges[i];
	return 0;
}

/* --- what stands ---------------------------------------------------------------------------- */

static const struct known_finding *cause_of(const struct known *k, const struct known_flag *flag)
{
	for (size_t i = 0; i < k->finding_count; i++)
		if (k->findings[i].seq == flag->finding)
			return &k->findings[i];
	return NULL;
}

static int copy_suspects(struct earlier *e, const struct known *k, struct tote_fault *fault)
{
	if (!k->flag_count || !e->range_count)
		return 0;
	e->suspects = tote__heap_new(e->heap, k->flag_count, sizeof(*e->suspects), fault);
	if (!e->suspects)
		return fault->code;
	for (size_t i = 0; i < k->flag_count; i++) {
		const struct known_finding *f = cause_of(k, &k->flags[i]);
		struct suspect_asset *s = &e->suspects[e->suspect_count];

		if (!f || k->flags[i].cleared)
			continue;
		*s = (struct suspect_asset){.have_seq = (int)f->have_at_seq, .seq = f->at_seq};
		if (f->path && !(s->path = tote__heap_strdup(e->heap, f->path, fault)))
			return fault->code;
		e->suspect_count++;
	}
	return 0;
}

int tote__earlier_take(struct earlier *e, tote_orchestrator *o, const char *id,
	const struct earlier_wish *wish, struct tote_fault *fault)
{
	const struct known *k;
	uint64_t first = 0;
	int rc = 0;

	e->heap = &o->ctx->heap;
	if (wish->level == TOTE_LEVEL_STRUCTURE || (!e->continues && !wish->max_age_us))
		return 0; /* what a structure run looks at is looked at by every run */
	tote__orchestrator_lock(o);
	k = tote__registry_find(&o->registry, id);
	for (size_t i = 0; k && e->continues && i < k->runs.open_count; i++)
		/* of the run that goes on: this one, on record by now, or the one it goes on for */
		if (k->runs.open[i].run >= e->continues && !k->runs.open[i].part &&
			k->runs.open[i].level == wish->level &&
			(!first || k->runs.open[i].first < first))
			first = k->runs.open[i].first;
	if (k)
		rc = copy_ranges(e, &k->runs, wish, first, fault);
	if (k && rc == 0)
		rc = copy_suspects(e, k, fault);
	tote__orchestrator_unlock(o);
	return rc;
}

void tote__earlier_drop(struct earlier *e)
{
	if (!e->heap)
		return;
	for (size_t i = 0; i < e->suspect_count; i++)
		tote__heap_free(e->heap, (char *)e->suspects[i].path);
	tote__heap_free(e->heap, e->suspects);
	tote__heap_free(e->heap, e->ranges);
	memset(e, 0, sizeof(*e));
}

/* --- whole containers ----------------------------------------------------------------------- */

static void take_newer(
	const struct known *k, uint32_t level, uint64_t *newest, struct earlier_job *ret)
{
	const struct open_run *open =
		k && !k->detached ? tote__runs_unfinished(&k->runs, level) : NULL;

	if (!open || open->run < *newest)
		return;
	*newest = open->run;
	*ret = (struct earlier_job){.number = open->job, .all = open->all};
}

struct earlier_job tote__earlier_job(
	tote_orchestrator *o, const char *const *ids, size_t id_count, uint32_t level)
{
	struct earlier_job job = {.number = 0};
	uint64_t newest = 0;

	tote__orchestrator_lock(o);
	for (size_t i = 0; ids && i < id_count; i++)
		take_newer(tote__registry_find(&o->registry, ids[i]), level, &newest, &job);
	for (size_t i = 0; !ids && i < o->registry.count; i++)
		take_newer(o->registry.items[i], level, &newest, &job);
	tote__orchestrator_unlock(o);
	return job;
}

int tote__earlier_is_cut(tote_orchestrator *o, const char *id, uint32_t level)
{
	const struct known *k;
	int cut;

	tote__orchestrator_lock(o);
	k = tote__registry_find(&o->registry, id);
	cut = k && tote__runs_unfinished(&k->runs, level);
	tote__orchestrator_unlock(o);
	return cut;
}

int tote__earlier_is_done(tote_orchestrator *o, const char *id, uint32_t level, uint64_t job)
{
	const struct known *k;
	int done;

	tote__orchestrator_lock(o);
	k = tote__registry_find(&o->registry, id);
	done = k && k->run >= job && k->level >= level && k->cached != CACHED_ASKED &&
	       !tote__runs_unfinished(&k->runs, level);
	tote__orchestrator_unlock(o);
	return done;
}

/* With the registry's lock: when it was last found whole, 0: it was not, or a flag stands. */
static int64_t whole_since(const struct known *k, uint32_t level)
{
	if (!k || k->detached || k->verdict != TOTE_VERDICT_OK || k->level < level ||
		k->cached == CACHED_ASKED)
		return 0;
	for (size_t i = 0; i < k->flag_count; i++)
		if (!k->flags[i].cleared)
			return 0;
	return k->level == TOTE_LEVEL_FULL ? k->last_full_us : k->last_audit_us;
}

static int has_entries(tote_orchestrator *o, const char *id, uint64_t entries)
{
	struct tote_box_options options = {.size = sizeof(options), .flags = TOTE_BOX_READ_ONLY};
	struct tote_box_info info = {.size = sizeof(info)};
	struct tote_fault unused;
	tote_box *box;
	int rc;

	memset(&unused, 0, sizeof(unused));
	if (tote__containers_open_box(o, id, &options, &box, &unused) < 0)
		return 0;
	rc = tote_box_info(box, &info, &unused);
	tote_box_unref(box);
	return rc == 0 && info.entries == entries;
}

int tote__earlier_is_whole(tote_orchestrator *o, const char *id, const struct earlier_wish *wish)
{
	const struct known *k;
	uint64_t entries = 0;
	int64_t since;

	if (!wish->max_age_us || !strcmp(id, RECORD_ID))
		return 0;
	tote__orchestrator_lock(o);
	k = tote__registry_find(&o->registry, id);
	since = whole_since(k, wish->level);
	if (since)
		entries = k->entries;
	tote__orchestrator_unlock(o);
	return since && since <= wish->now_us && wish->now_us - since <= wish->max_age_us &&
	       has_entries(o, id, entries);
}
