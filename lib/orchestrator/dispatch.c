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

#define SECOND INT64_C(1000000)
/* A share is at least this much, so that more is done than begun ... */
#define SHARE_LEAST_US    (SECOND / 20)
#define SHARE_LEAST_BYTES INT64_C(4194304)
/* ... and without a budget this much, so that the others come to theirs. */
#define SHARE_US (2 * SECOND)
/* What is open so long makes room where others wait; it goes on later from what is on record. */
#define PARK_AFTER_US     (60 * SECOND)
#define PARK_AFTER_SHARES 4

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

static int64_t monotonic(const struct dispatch *d)
{
	return tote__clock_monotonic(&d->o->ctx->clock);
}

int64_t tote__dispatch_left(const struct dispatch *d)
{
	int64_t left = d->deadline_us - monotonic(d);

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
	return turn;
}

/* --- what is due ---------------------------------------------------------------------------- */

/* An audit under way may go on: its window is open, and its rate allows more. */
static int may_go_on(struct dispatch *d, const struct known *k, int64_t now)
{
	return tote__schedule_open(tote__outlook_window(k), now) &&
	       (!k->mine.rated || tote__rate_allows(&k->mine.rate, monotonic(d)) > 0);
}

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
	if (open && !may_go_on(d, k, now))
		return 0;
	if (!open && (!outlook.turn.level || outlook.ready_us > now))
		return 0;
	if (!(turn = tote__dispatch_turn(d, k, fault)))
		return TOTE_E_NO_MEMORY;
	outlook.turn.caller_only = turn->caller_only;
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

/* --- one audit ------------------------------------------------------------------------------ */

/* What could not be done at all is tried again later, as after any failure. */
static void remember_failure(struct dispatch *d, const char *id)
{
	struct known *k;

	tote__crew_lock(&d->crew);
	d->did.failed++;
	tote__crew_unlock(&d->crew);
	tote__orchestrator_lock(d->o);
	if ((k = tote__registry_find(&d->o->registry, id))) {
		k->mine.open = 0;
		k->mine.served = 0;
		k->mine.failed_us = tote__agenda_now(d->o);
		k->mine.failed_count++;
	}
	tote__orchestrator_unlock(d->o);
}

/* Also of a run that is called incomplete because no record was taken of it. */
static int looked_at_all(const struct tote_verdict *v)
{
	if (v->verdict != TOTE_VERDICT_INCOMPLETE)
		return 1;
	return v->flags & TOTE_VERDICT_NOT_RECORDED && !(v->flags & TOTE_VERDICT_UNREACHABLE) &&
	       v->entries && v->entries >= v->entries_total && v->assets >= v->assets_total;
}

/* What the record says already, or would say if it took entries. */
static void remember_end(
	struct dispatch *d, const struct open_audit *a, const struct tote_verdict *v)
{
	struct known *k;
	int suspended;

	tote__orchestrator_lock(d->o);
	if (!(k = tote__registry_find(&d->o->registry, a->id))) {
		tote__orchestrator_unlock(d->o);
		return;
	}
	suspended = k->state == TOTE_STATE_SUSPENDED && k->history.moved > v->run &&
		    k->policy.on_flag == TOTE_ON_FLAG_SUSPEND;
	k->mine.open = k->mine.anew = 0;
	k->mine.served = 0;
	if (!looked_at_all(v)) {
		if (v->flags & TOTE_VERDICT_NOT_RECORDED) {
			k->mine.failed_us = tote__agenda_now(d->o);
			k->mine.failed_count++;
		}
	} else {
		k->mine.failed_count = 0;
		for (int level = 0; level < HISTORY_LEVELS; level++)
			if (level == HISTORY_STRUCTURE || a->level == TOTE_LEVEL_FULL)
				k->mine.done[level] = (struct known_done){
					.us = a->begun_us, .seq = k->history.done[level].seq};
	}
	tote__orchestrator_unlock(d->o);
	tote__crew_lock(&d->crew);
	d->did.suspended += (uint64_t)suspended;
	tote__crew_unlock(&d->crew);
}

static void count_verdict(struct dispatch *d, const struct tote_verdict *v)
{
	tote__crew_lock(&d->crew);
	d->did.ended++;
	d->did.findings += v->findings;
	d->did.damaged += v->verdict == TOTE_VERDICT_DAMAGED;
	d->did.incomplete += v->verdict == TOTE_VERDICT_INCOMPLETE;
	d->did.unreachable +=
		(v->flags & TOTE_VERDICT_UNREACHABLE) != 0 && v->verdict == TOTE_VERDICT_INCOMPLETE;
	tote__crew_unlock(&d->crew);
}

static void close_audit(struct dispatch *d, struct open_audit *a)
{
	tote__crew_lock(&d->crew);
	tote__agenda_close(d->o, a, 1);
	tote__crew_unlock(&d->crew);
}

/* It was to go on for a run after which nothing was left to do: the next one looks at all of it. */
static void pass_over(struct dispatch *d, const char *id)
{
	struct known *k;

	tote__orchestrator_lock(d->o);
	if ((k = tote__registry_find(&d->o->registry, id))) {
		k->mine.open = 0;
		k->mine.anew = 1;
	}
	tote__orchestrator_unlock(d->o);
}

static void end_audit(struct dispatch *d, struct open_audit *a)
{
	if (a->job->verdict_count) {
		const struct tote_verdict *v = &a->job->verdicts[a->job->verdict_count - 1];

		count_verdict(d, v);
		remember_end(d, a, v);
	} else {
		pass_over(d, a->id);
	}
	close_audit(d, a);
}

static void drop_audit(struct dispatch *d, struct open_audit *a, struct tote_fault *fault)
{
	tote__log(&d->o->ctx->log, TOTE_LOG_WARNING, "audit of '%s': %s", a->id, fault->text);
	tote__fault_clear(fault);
	remember_failure(d, a->id);
	tote__job_park(a->job);
	close_audit(d, a);
}

/* --- beginning and making room -------------------------------------------------------------- */

/* The one that is open longest and had its shares since, and has none now; or NULL. */
static struct open_audit *oldest(tote_orchestrator *o, int64_t *ret_since)
{
	struct open_audit *found = NULL;

	for (size_t i = 0; i < o->agenda->open_count; i++) {
		struct open_audit *a = o->agenda->open[i];
		const struct known *k = tote__registry_find(&o->registry, a->id);

		if (k && !a->served && a->shares >= PARK_AFTER_SHARES &&
			(!found || k->mine.opened_us < *ret_since)) {
			found = a;
			*ret_since = k->mine.opened_us;
		}
	}
	return found;
}

int64_t tote__agenda_park_wait(tote_orchestrator *o, int64_t monotonic_us)
{
	int64_t since = monotonic_us, wait;

	oldest(o, &since);
	wait = since + PARK_AFTER_US - monotonic_us;
	return wait > 0 ? wait : 0;
}

/*
 * What was read of an asset that is not read to its end is lost: who came no further than that keeps
 * its place, or a large asset would be begun again for ever. With the crew's mutex, let go meanwhile.
 */
static int make_room(struct dispatch *d)
{
	struct open_audit *a;
	int64_t since = 0;
	int covered;

	if (d->o->agenda->open_count < AGENDA_OPEN_MAX)
		return 1;
	tote__orchestrator_lock(d->o);
	a = oldest(d->o, &since);
	if (a && monotonic(d) - since < PARK_AFTER_US)
		a = NULL;
	if (a)
		a->served = 1;
	tote__orchestrator_unlock(d->o);
	if (!a)
		return 0;
	tote__crew_unlock(&d->crew);
	covered = tote__job_cover(a->job);
	if (covered)
		tote__job_park(a->job);
	tote__crew_lock(&d->crew);
	if (covered) {
		tote__agenda_park(d->o, a);
	} else {
		tote__orchestrator_lock(d->o);
		a->shares = 0;
		a->served = 0;
		tote__orchestrator_unlock(d->o);
	}
	return d->o->agenda->open_count < AGENDA_OPEN_MAX;
}

/* A bucket stays with its container: a new audit is no new second. */
static void note_open(struct dispatch *d, struct open_audit *a)
{
	int64_t now = monotonic(d);
	struct known *k;

	tote__orchestrator_lock(d->o);
	a->begun_us = tote__agenda_now(d->o);
	if ((k = tote__registry_find(&d->o->registry, a->id))) {
		k->mine.open = 1;
		k->mine.opened_us = now;
		if (!k->mine.rated || k->mine.rate.rate != k->policy.rate)
			tote__rate_begin(&k->mine.rate, k->policy.rate, now);
		k->mine.rated = 1;
	}
	tote__orchestrator_unlock(d->o);
}

/* Where an earlier run was cut off, here or in another process, this one goes on. */
static uint32_t flags_of(struct dispatch *d, const struct turn *turn)
{
	const struct known *k;
	uint32_t flags = 0;

	tote__orchestrator_lock(d->o);
	k = tote__registry_find(&d->o->registry, turn->id);
	if (k && !k->mine.anew && tote__runs_unfinished(&k->runs, turn->level))
		flags = TOTE_AUDIT_CONTINUE;
	tote__orchestrator_unlock(d->o);
	return flags;
}

/* The place of an audit, that of this turn, being served: NULL where there is no room for it. */
static struct open_audit *place_of(struct dispatch *d, const struct turn *turn)
{
	struct agenda *agenda = d->o->agenda;
	struct open_audit *a;
	struct tote_fault unused;

	memset(&unused, 0, sizeof(unused));
	tote__crew_lock(&d->crew);
	a = tote__agenda_find(d->o, turn->id);
	if (!a && make_room(d) &&
		(a = tote__heap_new(&d->o->ctx->heap, 1, sizeof(*a), &unused)) != NULL) {
		memcpy(a->id, turn->id, sizeof(a->id));
		a->level = turn->level;
		tote__orchestrator_lock(d->o);
		agenda->open[agenda->open_count++] = a;
		tote__orchestrator_unlock(d->o);
	}
	if (a) {
		tote__orchestrator_lock(d->o);
		a->served = 1;
		tote__orchestrator_unlock(d->o);
	}
	tote__crew_unlock(&d->crew);
	return a;
}

/* Where it cannot begin it is remembered as a failure, and has no place any more: 0. */
static int begin_audit(
	struct dispatch *d, struct open_audit *a, const struct turn *turn, struct tote_fault *fault)
{
	const char *id = turn->id;
	struct tote_audit_options options = {.size = sizeof(options),
		.flags = flags_of(d, turn),
		.level = turn->level,
		.parallel = 1,
		.ids = &id,
		.id_count = 1,
		.actor = d->options.actor};

	if (tote_audit_start(d->o, &options, &a->job, fault) < 0) {
		tote__log(
			&d->o->ctx->log, TOTE_LOG_WARNING, "audit of '%s': %s", a->id, fault->text);
		tote__fault_clear(fault);
		remember_failure(d, turn->id);
		tote__crew_lock(&d->crew);
		tote__agenda_close(d->o, a, 0);
		tote__crew_unlock(&d->crew);
		return 0;
	}
	tote__crew_lock(&d->crew);
	d->did.begun++;
	tote__crew_unlock(&d->crew);
	note_open(d, a);
	return 1;
}

/* --- shares --------------------------------------------------------------------------------- */

/* How much it may read at once: its share, and what its rate allows. 0: no bound. */
static uint64_t bytes_of(struct dispatch *d, const char *id, size_t waiting)
{
	uint64_t share = 0, allowed = UINT64_MAX;
	const struct known *k;

	tote__crew_lock(&d->crew);
	if (d->options.max_bytes)
		share = (uint64_t)tote__turn_share(
			(int64_t)(d->bytes_left & INT64_MAX), waiting, SHARE_LEAST_BYTES);
	tote__crew_unlock(&d->crew);
	tote__orchestrator_lock(d->o);
	k = tote__registry_find(&d->o->registry, id);
	if (k && k->mine.rated)
		allowed = tote__rate_allows(&k->mine.rate, monotonic(d));
	tote__orchestrator_unlock(d->o);
	if (allowed == UINT64_MAX)
		return share;
	return share && share < allowed ? share : allowed;
}

static int64_t time_of(const struct dispatch *d, size_t waiting)
{
	int64_t left = tote__dispatch_left(d);

	return left == INT64_MAX ? SHARE_US : tote__turn_share(left, waiting, SHARE_LEAST_US);
}

static void spend(struct dispatch *d, struct open_audit *a)
{
	uint64_t read = a->job->progress.bytes - a->bytes;
	struct known *k;

	a->bytes += read;
	tote__crew_lock(&d->crew);
	d->bytes_left -= read < d->bytes_left ? read : d->bytes_left;
	tote__crew_unlock(&d->crew);
	tote__orchestrator_lock(d->o);
	a->shares++;
	a->served = 0;
	if ((k = tote__registry_find(&d->o->registry, a->id))) {
		k->mine.served++;
		tote__rate_spend(&k->mine.rate, read, monotonic(d));
	}
	tote__orchestrator_unlock(d->o);
}

/* One share of one container, so many waiting for one: 1 where it had it, 0 where there is no room. */
static int serve(void *user, const struct turn *turn, size_t waiting)
{
	struct dispatch *d = user;
	struct open_audit *a = place_of(d, turn);
	struct tote_fault fault;
	int rc;

	memset(&fault, 0, sizeof(fault));
	if (!a)
		return 0;
	if (!a->job && !begin_audit(d, a, turn, &fault))
		return 1;
	rc = tote_audit_step(a->job, bytes_of(d, a->id, waiting), time_of(d, waiting), &fault);
	if (rc < 0)
		drop_audit(d, a, &fault);
	else if (!rc)
		end_audit(d, a);
	else
		spend(d, a);
	return 1;
}

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

static int run(struct dispatch *d, struct tote_fault *fault)
{
	int rc;

	if ((rc = tote__orchestrator_refresh(d->o, fault)) < 0 ||
		(rc = suspend_all(d, fault)) < 0 || (rc = tote__dispatch_looks(d, fault)) < 0 ||
		(rc = audits(d, fault)) < 0 || (rc = suspend_all(d, fault)) < 0)
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
		d.deadline_us = monotonic(&d) + d.options.max_us;
	d.serving = (struct crew_work){&d, may_serve, serve};
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
