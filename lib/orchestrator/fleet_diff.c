/* SPDX-License-Identifier: ISC */
/*
 * One wish after the other against the registry. What the file does not say is no difference.
 */
#include "orchestrator/fleet_diff.h"
#include "box/state.h"
#include "orchestrator/fleet_places.h"
#include "orchestrator/fleet_policy.h"
#include <string.h>

struct diff {
	tote_fleet *fleet;
	const struct registry *registry;
	struct tote_fault *fault;
	int rc;
};

int tote__fleet_is_final(uint32_t state)
{
	return state == TOTE_STATE_ARCHIVED || state == TOTE_STATE_DISPOSED;
}

static void add(struct diff *d, const struct fleet_step *step)
{
	struct fleet_plan *plan = &d->fleet->plan;
	void *items = plan->steps;

	if (d->rc < 0)
		return;
	d->rc = tote__registry_grow(&d->fleet->ctx->heap, &items, plan->count, &plan->cap,
		sizeof(*plan->steps), d->fault);
	if (d->rc < 0)
		return;
	plan->steps = items;
	plan->steps[plan->count++] = *step;
	plan->final_moves += step->kind == TOTE_FLEET_STATE && tote__fleet_is_final(step->to);
}

/* --- policies ------------------------------------------------------------------------------- */

static size_t count_words(const char *s)
{
	size_t n = 0;

	while (s && *s) {
		size_t len = strcspn(s, " ");

		n += len != 0;
		s += len;
		s += *s == ' ';
	}
	return n;
}

/* now: what is on record; set: which of it. */
static void diff_policy(struct diff *d, size_t wish, const struct tote_policy *now,
	const struct wish_policy *wanted)
{
	uint32_t changes = tote__policy_changes(now, &wanted->values);
	struct fleet_step step = {.wish = wish, .kind = TOTE_FLEET_POLICY};
	const char *key;

	for (uint32_t i = 0; i < POLICY_FIELDS; i++) {
		uint32_t bit = tote__policy_field(now, i, &key, step.before);

		if (!(changes & bit))
			continue;
		if (!(now->set & bit))
			step.before[0] = '\0';
		step.field = i;
		add(d, &step);
	}
}

static void judge_policy(struct diff *d, const char *id, const struct tote_policy *now,
	const char *cosigner_keys, const struct wish_policy *wanted)
{
	/* what is on record stands there, whatever one thinks of it now */
	if (tote__policy_changes(now, &wanted->values))
		tote__fleet_policy_check(
			now, wanted, id, count_words(cosigner_keys), &d->fleet->problems);
}

static void diff_record(struct diff *d)
{
	const struct known *k = tote__registry_find(d->registry, RECORD_ID);
	const struct wish_policy *wanted = &d->fleet->record;

	if (!k || !wanted->values.set)
		return;
	judge_policy(d, RECORD_ID, &k->policy, k->cosigner_keys, wanted);
	diff_policy(d, WISH_RECORD, &k->policy, wanted);
}

/* --- states --------------------------------------------------------------------------------- */

static void move(struct diff *d, size_t wish, uint32_t from, uint32_t to, int final)
{
	const struct fleet_step step = {
		.wish = wish, .kind = TOTE_FLEET_STATE, .from = from, .to = to};

	if (tote__fleet_is_final(to) == final)
		add(d, &step);
}

/* The steps of one kind: those that have a way back, or those that have none. */
static void diff_state(struct diff *d, size_t at, uint32_t from, int final)
{
	const struct wish *w = &d->fleet->wishes[at];

	if (w->state == STATE_NONE || w->state == from)
		return;
	if (tote__state_move(from, w->state)) {
		move(d, at, from, w->state, final);
	} else if (tote__state_move(from, TOTE_STATE_ARCHIVED) &&
		   tote__state_move(TOTE_STATE_ARCHIVED, w->state)) {
		move(d, at, from, TOTE_STATE_ARCHIVED, final);
		move(d, at, TOTE_STATE_ARCHIVED, w->state, final);
	} else if (!final) {
		tote__fleet_problem(&d->fleet->problems, w->state_place,
			"state: '%s' is %s, and there is no way from there to %s", w->id,
			tote_state_name(from), tote_state_name(w->state));
	}
}

/* --- containers ----------------------------------------------------------------------------- */

static void judge_place(struct diff *d, const struct wish *w, const struct known *k)
{
	struct fleet_problems *problems = &d->fleet->problems;

	if (w->backend && strcmp(w->backend, k->backend) != 0)
		tote__fleet_problem(problems, w->backend_place,
			"backend: '%s' was made with '%s', which stays so: write that, or leave "
			"the "
			"line out",
			w->id, k->backend);
	if (w->recorded && strcmp(w->recorded, k->location) != 0)
		tote__fleet_problem(problems, w->location_place,
			"location: '%s' lies at '%.256s', and a file moves no container: write "
			"that, "
			"or detach it, move its directory, and register it there",
			w->id, k->location);
}

static void diff_known(struct diff *d, size_t at, const struct known *k)
{
	const struct wish *w = &d->fleet->wishes[at];
	struct wish_policy wanted;

	if (k->detached) {
		tote__fleet_problem(&d->fleet->problems, w->place,
			"'%s' was detached, and an ID is never used a second time: totectl "
			"register "
			"takes the same container in again",
			w->id);
		return;
	}
	judge_place(d, w, k);
	tote__fleet_policy_of(d->fleet, w, &wanted);
	judge_policy(d, w->id, &k->policy, k->cosigner_keys, &wanted);
	diff_policy(d, at, &k->policy, &wanted);
	diff_state(d, at, k->state, 0);
}

static void diff_new(struct diff *d, size_t at)
{
	const struct fleet_step step = {.wish = at, .kind = TOTE_FLEET_PROVISION};
	struct wish_policy wanted;
	struct tote_policy none;

	tote__policy_defaults(&none);
	tote__fleet_policy_of(d->fleet, &d->fleet->wishes[at], &wanted);
	judge_policy(d, d->fleet->wishes[at].id, &none, NULL, &wanted);
	add(d, &step);
	diff_policy(d, at, &none, &wanted);
	diff_state(d, at, TOTE_STATE_ACTIVE, 0);
}

static size_t count_there(const struct registry *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->count; i++)
		n += r->items[i]->location && !r->items[i]->detached;
	return n;
}

int tote__fleet_diff(tote_fleet *f, const struct registry *r, struct tote_fault *fault)
{
	struct diff d = {.fleet = f, .registry = r, .fault = fault};
	size_t named = 0;

	diff_record(&d);
	for (size_t i = 0; i < f->count; i++) {
		const struct known *k = tote__registry_find(r, f->wishes[i].id);

		named += k && !k->detached;
		if (k)
			diff_known(&d, i, k);
		else
			diff_new(&d, i);
	}
	for (size_t i = 0; i < f->count; i++) {
		const struct known *k = tote__registry_find(r, f->wishes[i].id);

		if (!k || !k->detached)
			diff_state(&d, i, k ? k->state : TOTE_STATE_ACTIVE, 1);
	}
	f->plan.unnamed = count_there(r) - named;
	f->plan.on_record = r->have_fleet && !memcmp(r->fleet_digest, f->digest, sizeof(f->digest));
	return d.rc < 0 ? d.rc : tote__fleet_places_check(f, r, fault);
}
