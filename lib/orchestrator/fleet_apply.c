/* SPDX-License-Identifier: ISC */
/*
 * Making what a plan says, by the very calls that an operator would make: each of them is whole or
 * is finished by the next one like it, so a crash leaves nothing that the same file does not mend.
 */
#include "base/text.h"
#include "orchestrator/containers.h"
#include "orchestrator/fleet_diff.h"
#include "orchestrator/location.h"
#include "orchestrator/moves.h"
#include "orchestrator/record.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define OPTIONS_LEAST  offsetof(struct tote_fleet_apply_options, actor)
#define PROGRESS_LEAST offsetof(struct tote_fleet_progress, failed)
#define FAILED_MAX     16 /* containers; with more of them it is not the containers */
#define REASON_MAX     512

int tote_fleet_apply_options_init(
	struct tote_fleet_apply_options *options, size_t size, struct tote_fault *fault)
{
	FAULT_BEGIN(fault);
	return tote__struct_init(
		options, size, OPTIONS_LEAST, "struct tote_fleet_apply_options", fault);
}

/* One call of apply. */
struct applying {
	tote_orchestrator *o;
	tote_fleet *f;
	const struct tote_fleet_apply_options *options;
	uint64_t left; /* that this call may still make */
};

/* --- one step ------------------------------------------------------------------------------- */

static int provision(struct applying *a, const struct wish *w, struct tote_fault *fault)
{
	struct tote_provision_options options = {
		.size = sizeof(options), .backend = w->backend, .actor = a->options->actor};
	char *location = NULL;
	int rc;

	if (w->recorded) {
		location = tote__location_absolute(a->o, w->recorded, fault);
		if (!location)
			return TOTE_E_NO_MEMORY;
	}
	options.location = location;
	rc = tote_orchestrator_provision(a->o, w->id, &options, NULL, fault);
	tote__heap_free(&a->o->ctx->heap, location);
	return rc;
}

/* All changes of one policy are one entry. *ret_count: how many steps it is. */
static int set_policy(
	struct applying *a, const struct fleet_step *s, size_t *ret_count, struct tote_fault *fault)
{
	const struct fleet_plan *plan = &a->f->plan;
	const struct fleet_step *end = plan->steps + plan->count, *behind = s;
	struct wish_policy wanted;

	while (behind < end && behind->kind == TOTE_FLEET_POLICY && behind->wish == s->wish)
		behind++;
	*ret_count = (size_t)(behind - s);
	if (s->wish == WISH_RECORD)
		wanted = a->f->record;
	else
		tote__fleet_policy_of(a->f, &a->f->wishes[s->wish], &wanted);
	wanted.values.size = sizeof(wanted.values);
	return tote_orchestrator_set_policy(
		a->o, tote__fleet_step_id(a->f, s), &wanted.values, a->options->actor, 0, fault);
}

static void reason_of(const struct applying *a, char out[REASON_MAX])
{
	char digest[2 * HASH_LEN + 1];

	tote__hex_encode(a->f->digest, HASH_LEN, digest);
	snprintf(out, REASON_MAX, "fleet file %.200s, sha256:%s", a->f->name, digest);
}

static int set_state(struct applying *a, const struct fleet_step *s, struct tote_fault *fault)
{
	const char *id = tote__fleet_step_id(a->f, s);
	char reason[REASON_MAX];
	uint32_t now;
	int rc = tote__orchestrator_refresh(a->o, fault);

	if (rc < 0)
		return rc;
	now = tote__moves_recorded_state(a->o, id);
	if (now != s->from && now != s->to) {
		tote__fault(fault, TOTE_E_CONFLICT,
			"'%s' is %s and not %s any more: somebody else has moved it; plan again",
			id, now ? tote_state_name(now) : "detached", tote_state_name(s->from));
		tote__fault_set_box(fault, id);
		return fault->code;
	}
	reason_of(a, reason);
	return tote_orchestrator_set_state(a->o, id, s->to, a->options->actor,
		a->options->reason ? a->options->reason : reason, 0, fault);
}

/* *ret_count: how many steps of the plan this was. */
static int make(
	struct applying *a, const struct fleet_step *s, size_t *ret_count, struct tote_fault *fault)
{
	*ret_count = 1;
	switch (s->kind) {
	case TOTE_FLEET_PROVISION:
		return provision(a, &a->f->wishes[s->wish], fault);
	case TOTE_FLEET_POLICY:
		return set_policy(a, s, ret_count, fault);
	default:
		return set_state(a, s, fault);
	}
}

/* --- what fails ----------------------------------------------------------------------------- */

/* Of the machine, the root or the call: the next container would meet it as well. */
static int is_of_all(const struct tote_fault *fault)
{
	switch (fault->code) {
	case TOTE_E_NO_MEMORY:
	case TOTE_E_NO_SPACE:
	case TOTE_E_READ_ONLY:
	case TOTE_E_LIMIT:
	case TOTE_E_BUSY:
	case TOTE_E_POISONED:
	case TOTE_E_MISUSE:
	case TOTE_E_CLOCK:
		return 1;
	default:
		return fault->box[0] == '\0';
	}
}

static int is_same_container(const struct fleet_step *a, const struct fleet_step *b)
{
	return a->wish == b->wish;
}

/* Takes the steps of that container out of what is still to be made. */
static void leave_out(tote_fleet *f, const struct fleet_step *failed)
{
	const struct fleet_step what = *failed;
	size_t kept = f->done;

	for (size_t i = f->done; i < f->plan.count; i++)
		if (!is_same_container(&f->plan.steps[i], &what))
			f->plan.steps[kept++] = f->plan.steps[i];
		else
			f->failed++;
	f->plan.count = kept;
}

/* 1: the others go on; else the fault is the call's. */
static int note_failure(struct applying *a, const struct fleet_step *s, struct tote_fault *fault)
{
	tote_fleet *f = a->f;

	if (is_of_all(fault))
		return fault->code;
	tote__fleet_problem_of(&f->problems, tote__fleet_step_place(f, s),
		tote__fleet_step_id(f, s), fault->code, fault->text);
	if (!f->first_failure)
		f->first_failure = fault->code;
	leave_out(f, s);
	if (f->problems.count >= FAILED_MAX)
		return tote__fault(fault, f->first_failure,
			"%d containers failed, and no more are tried: the first: %s", FAILED_MAX,
			f->problems.items[0].text);
	tote__fault_clear(fault);
	return 1;
}

/* --- all of them ---------------------------------------------------------------------------- */

static int make_steps(struct applying *a, struct tote_fault *fault)
{
	tote_fleet *f = a->f;

	while (f->done < f->plan.count && a->left) {
		const struct fleet_step *s = &f->plan.steps[f->done];
		size_t count;
		int rc = make(a, s, &count, fault);

		if (rc < 0 && fault->effect != TOTE_EFFECT_DONE) {
			if ((rc = note_failure(a, s, fault)) < 0)
				return rc;
			continue;
		}
		f->done += count;
		f->made += count;
		a->left -= count < a->left ? count : a->left;
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int put_on_record(struct applying *a, struct tote_fault *fault)
{
	int rc = tote__orchestrator_hold(a->o, fault);

	if (rc < 0)
		return rc;
	rc = tote__record_fleet(
		a->o, a->f->digest, a->f->made, a->options->actor, &a->f->seq, fault);
	tote__orchestrator_release(a->o);
	if (rc < 0 || (rc = tote__orchestrator_refresh_after(a->o, rc, fault)) < 0)
		return rc;
	return tote__orchestrator_done(tote__record_fold(a->o, fault), fault);
}

/* What failed is not applied: the file does not come on record. */
static int finish(struct applying *a, struct tote_fault *fault)
{
	tote_fleet *f = a->f;
	const struct fleet_problem *first = f->problems.items;

	if (f->first_failure && f->problems.count == 1)
		return tote__fault(fault, f->first_failure, "%s:%" PRIu32 ": %s", f->name,
			first->place.line, first->text);
	if (f->first_failure)
		return tote__fault(fault, f->first_failure,
			"%zu containers failed, the first: %s:%" PRIu32 ": %s", f->problems.count,
			f->name, first->place.line, first->text);
	if (!f->made && f->plan.on_record)
		return 0;
	return put_on_record(a, fault);
}

static int check_final(const tote_fleet *f, uint32_t flags, struct tote_fault *fault)
{
	const struct fleet_step *s = f->plan.steps;

	if (!f->plan.final_moves || flags & TOTE_FLEET_FINAL_MOVES)
		return 0;
	while (s->kind != TOTE_FLEET_STATE || !tote__fleet_is_final(s->to))
		s++;
	return tote__fault(fault, TOTE_E_ARGUMENT,
		"%s:%" PRIu32
		": %zu move%s no way back (the first: '%s' becomes %s): totectl fleet "
		"apply --yes makes them; nothing was changed",
		f->name, tote__fleet_step_place(f, s).line, f->plan.final_moves,
		f->plan.final_moves == 1 ? " has" : "s have", tote__fleet_step_id(f, s),
		tote_state_name(s->to));
}

/* 1 more to do, 0 all done. */
static int apply(struct applying *a, struct tote_fault *fault)
{
	tote_fleet *f = a->f;
	int rc;

	if ((rc = tote__orchestrator_sound(a->o, fault)) < 0)
		return rc;
	if (f->planned != a->o && (rc = tote__fleet_plan(a->o, f, fault)) < 0)
		return rc;
	if ((rc = check_final(f, a->options->flags, fault)) < 0)
		return rc;
	if ((rc = make_steps(a, fault)) < 0)
		return rc;
	if (f->done < f->plan.count)
		return 1;
	return finish(a, fault);
}

int tote_fleet_apply(tote_orchestrator *o, tote_fleet *f,
	const struct tote_fleet_apply_options *options, struct tote_fault *fault)
{
	struct tote_fleet_apply_options known;
	struct applying a = {.o = o, .f = f, .options = &known};
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0 ||
		(rc = tote__struct_in(&known, sizeof(known), OPTIONS_LEAST, options,
			 "struct tote_fleet_apply_options", fault)) < 0 ||
		(rc = tote__flags_check(
			 known.flags, TOTE_FLEET_FINAL_MOVES, "fleet apply", fault)) < 0 ||
		(rc = tote__fleet_begin(f, fault)) < 0)
		return rc;
	a.left = known.max_changes ? known.max_changes : UINT64_MAX;
	rc = apply(&a, fault);
	if (rc <= 0) /* done, or to be planned anew; what was made can still be asked for */
		f->planned = tote_orchestrator_unref(f->planned);
	return tote__fleet_end(f, rc);
}

int tote_fleet_progress(
	tote_fleet *f, struct tote_fleet_progress *progress, struct tote_fault *fault)
{
	struct tote_fleet_progress out = {.size = sizeof(out)};
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__fleet_begin(f, fault)) < 0)
		return rc;
	out.changes = f->made;
	out.left = f->plan.count - f->done;
	out.failed = f->failed;
	out.seq = f->seq;
	rc = tote__struct_out(
		progress, &out, sizeof(out), PROGRESS_LEAST, "struct tote_fleet_progress", fault);
	return tote__fleet_end(f, rc);
}
