/* SPDX-License-Identifier: ISC */
/*
 * Doing what is due: in rounds, in each of which whatever is due has one share. What is due, and in
 * which order, outlook and turn say; here it is done.
 */
#include "orchestrator/dispatch.h"
#include "orchestrator/job.h"
#include "orchestrator/record.h"
#include "orchestrator/suspend.h"
#include <string.h>

#define OPTIONS_LEAST (offsetof(struct tote_dispatch_options, actor) + sizeof(char *))
#define RESULT_LEAST  sizeof(struct tote_dispatch)

int tote_dispatch_options_init(
	struct tote_dispatch_options *options, size_t size, struct tote_fault *fault)
{
	FAULT_BEGIN(fault);
	return tote__struct_init(
		options, size, OPTIONS_LEAST, "struct tote_dispatch_options", fault);
}

/* --- budgets -------------------------------------------------------------------------------- */

int64_t tote__dispatch_clock(const struct dispatch *d)
{
	return tote__clock_monotonic(&d->o->ctx->clock);
}

int64_t tote__dispatch_left(const struct dispatch *d)
{
	int64_t left = d->deadline_us - tote__dispatch_clock(d);

	if (!d->deadline_us)
		return INT64_MAX;
	return left > 0 ? left : 0;
}

static int is_used_up(const struct dispatch *d)
{
	return !tote__dispatch_left(d) || (d->options.max_bytes && !d->bytes_left);
}

/* A host's store may bear no thread but the host's own. */
static int is_for_caller(const struct dispatch *d, const struct known *k)
{
	const struct store_ops *ops;
	struct tote_fault unused;
	void *user;

	if (!*k->backend) /* the consolidated record: no crew is made where its store bears none */
		return 0;
	memset(&unused, 0, sizeof(unused));
	return tote__backend_find(d->o->ctx, k->backend, &ops, &user, &unused) < 0 ||
	       !(ops->capabilities & STORE_CAN_ANY_THREAD);
}

struct turn *tote__dispatch_turn(
	struct dispatch *d, const struct known *k, struct tote_fault *fault)
{
	void *items = d->turns;
	struct turn *turn;

	if (tote__registry_grow(&d->o->ctx->heap, &items, d->turn_count, &d->turn_cap,
		    sizeof(*d->turns), fault) < 0)
		return NULL;
	d->turns = items;
	turn = &d->turns[d->turn_count++];
	memset(turn, 0, sizeof(*turn));
	memcpy(turn->id, k->id, sizeof(turn->id));
	turn->caller_only = (uint8_t)is_for_caller(d, k);
	turn->alone = !strcmp(k->id, RECORD_ID);
	return turn;
}

/* --- what is due ---------------------------------------------------------------------------- */

/* With the registry's lock and the crew's mutex: no I/O. */
static int collect_one(
	struct dispatch *d, const struct known *k, int64_t now, struct tote_fault *fault)
{
	const struct open_audit *open = k->mine.open ? tote__agenda_find(d->o, k->id) : NULL;
	struct turn *turn;
	struct outlook outlook;

	if (tote__crew_has(&d->crew, k->id))
		return 0;
	tote__outlook(&d->o->registry, k, now, &outlook);
	if ((!open && !outlook.turn.level) ||
		!tote__outlook_may_go_on(k, now, tote__dispatch_clock(d)))
		return 0;
	if (!(turn = tote__dispatch_turn(d, k, fault)))
		return TOTE_E_NO_MEMORY;
	outlook.turn.caller_only = turn->caller_only;
	outlook.turn.alone = turn->alone;
	*turn = outlook.turn;
	memcpy(turn->id, k->id, sizeof(turn->id));
	turn->served = k->mine.served;
	if (open) {
		turn->level = open->level;
		turn->due_us = turn->due_us ? turn->due_us : open->begun_us;
	}
	return 0;
}

static int collect(struct dispatch *d, struct tote_fault *fault)
{
	int64_t now;
	int rc = 0;

	d->turn_count = 0;
	tote__crew_lock(&d->crew);
	tote__orchestrator_lock(d->o);
	now = tote__agenda_now(d->o);
	for (size_t i = 0; !rc && i < d->o->registry.count; i++)
		rc = collect_one(d, d->o->registry.items[i], now, fault);
	tote__orchestrator_unlock(d->o);
	tote__crew_unlock(&d->crew);
	tote__turn_sort(d->turns, d->turn_count);
	return rc;
}

/* --- rounds -------------------------------------------------------------------------------- */

/* Somebody does not answer, and this call cannot end before it: the others may as well go on. */
static int may_serve(void *user, int served, int late)
{
	return !served || late || !is_used_up(user);
}

static int audits(struct dispatch *d, struct tote_fault *fault)
{
	int rc, served, used_up;

	do {
		if ((rc = collect(d, fault)) < 0)
			return rc;
		served = tote__crew_round(&d->crew, &d->serving, d->turns, d->turn_count);
		tote__crew_lock(&d->crew);
		used_up = is_used_up(d);
		tote__crew_unlock(&d->crew);
	} while ((served && !used_up) || tote__crew_lingers(&d->crew));
	return 0;
}

/* --- a dispatch ----------------------------------------------------------------------------- */

static int always(void *user, int served, int late)
{
	(void)user, (void)served, (void)late;
	return 1;
}

static int suspend_one(void *user, const struct turn *turn, size_t waiting)
{
	struct dispatch *d = user;
	struct tote_fault fault;
	int did;

	(void)waiting;
	memset(&fault, 0, sizeof(fault));
	did = tote__suspend_by_policy(d->o, turn->id, d->options.actor, &fault);
	if (did < 0)
		tote__log(&d->o->ctx->log, TOTE_LOG_WARNING, "%s", fault.text);
	tote__crew_lock(&d->crew);
	d->did.suspended += did > 0;
	tote__crew_unlock(&d->crew);
	return 1;
}

/* Flags whose suspension a crash, or a lock that was taken, left undone. */
static int suspend_all(struct dispatch *d, struct tote_fault *fault)
{
	const struct registry *r = &d->o->registry;
	int rc = 0;

	d->turn_count = 0;
	tote__crew_lock(&d->crew);
	tote__orchestrator_lock(d->o);
	for (size_t i = 0; !rc && i < r->count; i++)
		if (r->items[i]->policy.on_flag == TOTE_ON_FLAG_SUSPEND &&
			r->items[i]->flag_count && !tote__crew_has(&d->crew, r->items[i]->id) &&
			!tote__dispatch_turn(d, r->items[i], fault))
			rc = TOTE_E_NO_MEMORY;
	tote__orchestrator_unlock(d->o);
	tote__crew_unlock(&d->crew);
	if (!rc)
		tote__crew_round(&d->crew, &d->suspending, d->turns, d->turn_count);
	return rc;
}

/*
 * What a process that was killed had written and not promised, only who holds the lock may count on
 * (FORMAT section 5): else an audit whose end is there already would be gone on with.
 */
static int settle(struct dispatch *d, struct tote_fault *fault)
{
	if (tote__orchestrator_hold(d->o, fault) == 0) {
		tote__orchestrator_release(d->o);
		return 0;
	}
	tote__fault_clear(fault);
	return tote__orchestrator_refresh(d->o, fault);
}

static int run(struct dispatch *d, struct tote_fault *fault)
{
	int rc;

	if ((rc = settle(d, fault)) < 0 || (rc = suspend_all(d, fault)) < 0 ||
		(rc = tote__dispatch_looks(d, fault)) < 0 || (rc = audits(d, fault)) < 0 ||
		(rc = suspend_all(d, fault)) < 0)
		return rc;
	return tote__orchestrator_refresh(d->o, fault);
}

/* The crew is gone, and with it whoever did not answer. */
static void count_what_is_open(struct dispatch *d)
{
	tote__orchestrator_lock(d->o);
	d->did.next_due_us = tote__agenda_next(d->o);
	d->did.open = d->o->agenda->open_count;
	tote__orchestrator_unlock(d->o);
}

int tote_orchestrator_dispatch(tote_orchestrator *o, const struct tote_dispatch_options *options,
	struct tote_dispatch *ret_dispatch, struct tote_fault *fault)
{
	struct dispatch d = {.o = o, .did = {.size = sizeof(d.did)}};
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0 ||
		(rc = tote__struct_in(&d.options, sizeof(d.options), OPTIONS_LEAST, options,
			 "struct tote_dispatch_options", fault)) < 0 ||
		(rc = tote__flags_check(d.options.flags, TOTE_DISPATCH_LOOK, "dispatch", fault)) <
			0 ||
		(rc = tote__orchestrator_writable(o, fault)) < 0)
		return rc;
	if (d.options.max_us < 0)
		return tote__fault(fault, TOTE_E_ARGUMENT, "dispatch: max_us is below 0");
	if ((rc = tote__agenda_enter(o, fault)) < 0)
		return rc;
	d.bytes_left = d.options.max_bytes;
	if (d.options.max_us)
		d.deadline_us = tote__dispatch_clock(&d) + d.options.max_us;
	d.serving = (struct crew_work){&d, may_serve, tote__dispatch_serve};
	d.looking = (struct crew_work){&d, tote__dispatch_may_look, tote__dispatch_look};
	d.suspending = (struct crew_work){&d, always, suspend_one};
	rc = tote__crew_init(
		&d.crew, (o->place.ops->capabilities & STORE_CAN_ANY_THREAD) != 0, fault);
	if (!rc) {
		rc = run(&d, fault);
		tote__crew_free(&d.crew);
	}
	if (!rc)
		count_what_is_open(&d);
	tote__heap_free(&o->ctx->heap, d.turns);
	tote__agenda_leave(o);
	if (rc < 0 || !ret_dispatch)
		return rc;
	return tote__struct_out(
		ret_dispatch, &d.did, sizeof(d.did), RESULT_LEAST, "struct tote_dispatch", fault);
}
