/* SPDX-License-Identifier: ISC */
/*
 * Looks at ledgers: other processes append without telling, so each ledger is looked at once in a
 * while, and what waits there for too long is signed for.
 */
#include "orchestrator/containers.h"
#include "orchestrator/dispatch.h"
#include "orchestrator/record.h"
#include "orchestrator/witness.h"
#include <string.h>

/* What one look is to go by, and what came of it. */
struct look {
	char id[64];
	int64_t now, age_us; /* age_us: at which entries are signed for; 0: not by age */
	uint64_t bytes;
	int spoilt; /* a flag says that its checkpoint is not as it should be: it stays to be seen */
	int folded;
	int64_t again_us; /* something waits, and is due then; 0: nothing */
};

static int info_of(
	tote_orchestrator *o, const char *id, struct tote_box_info *info, struct tote_fault *fault)
{
	struct tote_box_options options = {.size = sizeof(options), .flags = TOTE_BOX_READ_ONLY};
	tote_box *box;
	int rc;

	if (!strcmp(id, RECORD_ID))
		return tote__orchestrator_ledger(o) ? tote_box_info(o->record, info, fault) : 0;
	rc = tote__containers_open_box(o, id, &options, &box, fault);
	if (rc < 0)
		return rc;
	rc = tote_box_info(box, info, fault);
	tote_box_unref(box);
	return rc;
}

/* 1: it is time. Of a time that lies ahead, the clock having gone back, nothing is concluded. */
static int is_time(struct look *l, const struct tote_box_info *info)
{
	int64_t due;

	if (info->flags & TOTE_INFO_DAMAGED || info->entries <= info->covered)
		return 0;
	if (info->journal_bytes > l->bytes)
		return 1;
	if (!l->age_us)
		return 0;
	due = info->unfolded_since_us + l->age_us;
	if (due > l->now + l->age_us)
		due = l->now + l->age_us;
	l->again_us = due;
	return due <= l->now;
}

/* The witness sees what is signed; that it could not is a matter of the next audit. */
static int fold_container(tote_orchestrator *o, struct look *l, struct tote_fault *fault)
{
	struct checkpoint head;
	tote_box *box;
	int rc;

	if (!tote__containers_have_key(o, l->id))
		return 0;
	if ((rc = tote_box_open(o, l->id, NULL, &box, fault)) < 0)
		return rc;
	if (box->ledger && box->have_signer) {
		rc = tote__ledger_fold(box->ledger, &head, NULL, fault);
		l->folded = rc == 0;
	}
	if (l->folded && tote__witness_cosign(o, box, l->id, 0, NULL, fault) < 0) {
		tote__log(&o->ctx->log, TOTE_LOG_WARNING, "'%s' is not cosigned: %s", l->id,
			fault->text);
		tote__fault_clear(fault);
	}
	tote_box_unref(box);
	return rc;
}

static int look_at(tote_orchestrator *o, struct look *l, struct tote_fault *fault)
{
	struct tote_box_info info = {.size = sizeof(info)};
	int rc = info_of(o, l->id, &info, fault);

	if (rc < 0 || !is_time(l, &info) || l->spoilt)
		return rc;
	l->again_us = 0;
	if (strcmp(l->id, RECORD_ID) != 0)
		return fold_container(o, l, fault);
	rc = tote__record_fold(o, fault);
	l->folded = rc == 0 && o->record->have_signer;
	return rc;
}

/* --- when ----------------------------------------------------------------------------------- */

static int is_of_checkpoint(int code)
{
	return code >= FINDING_CHECKPOINT_MISSING && code <= FINDING_WITNESS_ROLLED_BACK;
}

static int is_spoilt(const struct known *k)
{
	for (size_t i = 0; i < k->flag_count; i++)
		if (!k->flags[i].acknowledged_us && !k->flags[i].cleared &&
			is_of_checkpoint(k->flags[i].code))
			return 1;
	return 0;
}

static int begin_look(struct dispatch *d, const char *id, struct look *l)
{
	const struct known *k;

	memset(l, 0, sizeof(*l));
	memcpy(l->id, id, strlen(id) + 1);
	tote__orchestrator_lock(d->o);
	if ((k = tote__registry_find(&d->o->registry, id))) {
		l->now = tote__agenda_now(d->o);
		l->age_us = (int64_t)k->policy.fold_after_s * SCHEDULE_SECOND;
		l->bytes = k->policy.fold_bytes;
		l->spoilt = is_spoilt(k);
	}
	tote__orchestrator_unlock(d->o);
	return k != NULL;
}

static void end_look(struct dispatch *d, const struct look *l, int rc)
{
	struct known *k;
	int64_t next;

	tote__crew_lock(&d->crew);
	d->did.looks++;
	d->did.folds += l->folded != 0;
	d->did.failed += rc < 0;
	tote__crew_unlock(&d->crew);
	tote__orchestrator_lock(d->o);
	if ((k = tote__registry_find(&d->o->registry, l->id))) {
		next = tote__outlook_next_look(k, l->now);
		k->mine.look_failures = rc < 0 ? k->mine.look_failures + 1 : 0;
		if (rc < 0)
			next = l->now +
			       tote__schedule_backoff(k->mine.look_failures, 0, SCHEDULE_DAY);
		else if (l->again_us && l->again_us < next)
			next = l->again_us > l->now ? l->again_us : next;
		k->mine.look_us = next;
	}
	tote__orchestrator_unlock(d->o);
}

int tote__dispatch_look(void *dispatch, const struct turn *turn, size_t waiting)
{
	struct dispatch *d = dispatch;
	struct tote_fault fault;
	struct look l;
	int rc;

	(void)waiting;
	memset(&fault, 0, sizeof(fault));
	if (!begin_look(d, turn->id, &l))
		return 1;
	rc = look_at(d->o, &l, &fault);
	if (rc < 0)
		tote__log(&d->o->ctx->log, TOTE_LOG_WARNING, "a look at '%s': %s", turn->id,
			fault.text);
	end_look(d, &l, rc);
	return 1;
}

/* One look is always made. */
int tote__dispatch_may_look(void *dispatch, int looked, int late)
{
	const struct dispatch *d = dispatch;

	(void)late;
	return !looked || tote__dispatch_left(d) > d->keep_us;
}

static int collect(struct dispatch *d, struct tote_fault *fault)
{
	const struct registry *r = &d->o->registry;
	int64_t now;
	int rc = 0;

	d->turn_count = 0;
	tote__orchestrator_lock(d->o);
	now = tote__agenda_now(d->o);
	for (size_t i = 0; !rc && i < r->count; i++) {
		int64_t at = tote__outlook_look(r->items[i], d->o->agenda->begun_us);
		struct turn *turn;

		if (at == SCHEDULE_NEVER || (at > now && !(d->options.flags & TOTE_DISPATCH_LOOK)))
			continue;
		if ((turn = tote__dispatch_turn(d, r->items[i], fault)))
			turn->due_us = at;
		else
			rc = TOTE_E_NO_MEMORY;
	}
	tote__orchestrator_unlock(d->o);
	tote__turn_sort(d->turns, d->turn_count);
	return rc;
}

/* At most half of the time goes here, so that audits have theirs. */
int tote__dispatch_looks(struct dispatch *d, struct tote_fault *fault)
{
	int rc = collect(d, fault);

	d->keep_us = d->deadline_us ? tote__dispatch_left(d) / 2 : 0;
	if (!rc)
		tote__crew_round(&d->crew, &d->looking, d->turns, d->turn_count);
	return rc;
}
