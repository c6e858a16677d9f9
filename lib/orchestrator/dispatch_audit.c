/* SPDX-License-Identifier: ISC */
/*
 * One audit of the schedule's: begun or gone on with, a share of it served, ended, and what the
 * handle remembers of it then. Called by the threads of a crew, for one container at a time each.
 */
#include "orchestrator/dispatch.h"
#include "orchestrator/job.h"
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

/* --- its end ---------------------------------------------------------------------------------- */

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

/*
 * It had its shares, or may have none now: its window has closed, or its rate is used up. What keeps
 * its place is asked again after as many shares more.
 */
static int may_give_way(tote_orchestrator *o, const struct open_audit *a, const struct known *k)
{
	return a->shares >= PARK_AFTER_SHARES ||
	       (!a->keeps && !tote__outlook_may_go_on(k, tote__agenda_now(o),
				     tote__clock_monotonic(&o->ctx->clock)));
}

/* Of those that have no share now and may give way, the one that is open longest; or NULL. */
static struct open_audit *oldest(tote_orchestrator *o, int64_t *ret_since)
{
	struct open_audit *found = NULL;

	for (size_t i = 0; i < o->agenda->open_count; i++) {
		struct open_audit *a = o->agenda->open[i];
		const struct known *k = tote__registry_find(&o->registry, a->id);

		if (k && !a->served && (!found || k->mine.opened_us < *ret_since) &&
			may_give_way(o, a, k)) {
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
 * its place, or a large asset would be begun again for ever. But not more than half of all places:
 * else a few assets without an end would keep all others from being audited. With the crew's mutex.
 */
static int keeps(const struct agenda *agenda, struct open_audit *a)
{
	size_t count = 0;

	for (size_t i = 0; i < agenda->open_count; i++)
		count += agenda->open[i] != a && agenda->open[i]->keeps;
	a->keeps = count < AGENDA_OPEN_MAX / 2;
	return a->keeps;
}

/* One that may give way, now served by nobody else; NULL. With the crew's mutex. */
static struct open_audit *take_oldest(struct dispatch *d)
{
	struct open_audit *a;
	int64_t since = 0;

	tote__orchestrator_lock(d->o);
	a = oldest(d->o, &since);
	if (a && tote__dispatch_clock(d) - since < PARK_AFTER_US)
		a = NULL;
	if (a)
		a->served = 1;
	tote__orchestrator_unlock(d->o);
	return a;
}

/* 1 where it let go of all. It is served by nobody else; with the crew's mutex, let go meanwhile. */
static int gives_way(struct dispatch *d, struct open_audit *a)
{
	int covered;

	tote__crew_unlock(&d->crew);
	covered = tote__job_cover(a->job);
	tote__crew_lock(&d->crew);
	if (!covered && keeps(d->o->agenda, a))
		return 0;
	tote__crew_unlock(&d->crew);
	tote__job_park(a->job);
	tote__crew_lock(&d->crew);
	return 1;
}

/* With the crew's mutex, let go meanwhile. */
static int make_room(struct dispatch *d)
{
	struct agenda *agenda = d->o->agenda;
	struct open_audit *a;

	if (agenda->open_count < AGENDA_OPEN_MAX)
		return 1;
	if (!(a = take_oldest(d)))
		return 0;
	if (gives_way(d, a)) {
		tote__agenda_park(d->o, a);
	} else {
		tote__orchestrator_lock(d->o);
		a->shares = 0;
		a->served = 0;
		tote__orchestrator_unlock(d->o);
	}
	return agenda->open_count < AGENDA_OPEN_MAX;
}

static void note_open(struct dispatch *d, struct open_audit *a)
{
	int64_t now = tote__dispatch_clock(d);
	struct known *k;

	tote__orchestrator_lock(d->o);
	a->begun_us = tote__agenda_now(d->o);
	if ((k = tote__registry_find(&d->o->registry, a->id))) {
		k->mine.open = 1;
		k->mine.opened_us = now;
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

/* A bucket stays with its container, as long as its rate does: a new audit is no new second. */
static uint64_t rate_allows(struct known *k, int64_t monotonic_us)
{
	if (!k->mine.rated || k->mine.rate.rate != k->policy.rate)
		tote__rate_begin(&k->mine.rate, k->policy.rate, monotonic_us);
	k->mine.rated = 1;
	return tote__rate_allows(&k->mine.rate, monotonic_us);
}

/*
 * How much it may read at once: its share, and what its rate allows. 0: no bound; but a budget that
 * others have used up since is none without a bound.
 */
static uint64_t bytes_of(struct dispatch *d, const char *id, size_t waiting)
{
	uint64_t share = 0, allowed = UINT64_MAX;
	struct known *k;

	tote__crew_lock(&d->crew);
	if (d->options.max_bytes)
		share = (uint64_t)tote__turn_share(
			(int64_t)(d->bytes_left & INT64_MAX), waiting, SHARE_LEAST_BYTES);
	if (d->options.max_bytes && !share)
		share = 1;
	tote__crew_unlock(&d->crew);
	tote__orchestrator_lock(d->o);
	if ((k = tote__registry_find(&d->o->registry, id)))
		allowed = rate_allows(k, tote__dispatch_clock(d));
	tote__orchestrator_unlock(d->o);
	if (allowed == UINT64_MAX)
		return share;
	if (!allowed)
		return 1;
	return share && share < allowed ? share : allowed;
}

static int64_t time_of(const struct dispatch *d, size_t waiting)
{
	int64_t left = tote__dispatch_left(d);

	return left == INT64_MAX ? SHARE_US : tote__turn_share(left, waiting, SHARE_LEAST_US);
}

/* What it read, also in its last share. */
static void charge(struct dispatch *d, struct open_audit *a)
{
	uint64_t read = a->job->progress.bytes - a->bytes;
	struct known *k;

	a->bytes += read;
	tote__crew_lock(&d->crew);
	d->bytes_left -= read < d->bytes_left ? read : d->bytes_left;
	tote__crew_unlock(&d->crew);
	tote__orchestrator_lock(d->o);
	if ((k = tote__registry_find(&d->o->registry, a->id)))
		tote__rate_spend(&k->mine.rate, read, tote__dispatch_clock(d));
	tote__orchestrator_unlock(d->o);
}

/* From here on another thread may serve it. */
static void give_back(struct dispatch *d, struct open_audit *a)
{
	struct known *k;

	tote__orchestrator_lock(d->o);
	if ((k = tote__registry_find(&d->o->registry, a->id)))
		k->mine.served++;
	a->shares++;
	a->served = 0;
	tote__orchestrator_unlock(d->o);
}

/* One share of one container, so many waiting for one: 1 where it had it, 0 where there is no room. */
int tote__dispatch_serve(void *dispatch, const struct turn *turn, size_t waiting)
{
	struct dispatch *d = dispatch;
	struct open_audit *a = place_of(d, turn);
	struct tote_fault fault;
	int rc;

	memset(&fault, 0, sizeof(fault));
	if (!a)
		return 0;
	if (!a->job && !begin_audit(d, a, turn, &fault))
		return 1;
	rc = tote_audit_step(a->job, bytes_of(d, a->id, waiting), time_of(d, waiting), &fault);
	charge(d, a);
	if (rc < 0)
		drop_audit(d, a, &fault);
	else if (!rc)
		end_audit(d, a);
	else
		give_back(d, a);
	return 1;
}
