/* SPDX-License-Identifier: ISC */
/*
 * Keeping the registry up to what the consolidated record holds: each entry comes to it once and in
 * order, whichever threads ask at once. And whether the record takes entries at all.
 */
#include "ledger/follow.h"
#include "orchestrator/salvage.h"
#include <inttypes.h>
#include <string.h>

#define DAMAGED_AGAIN_US INT64_C(10000000)

static int take_entry(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	tote_orchestrator *o = user;
	int rc;

	(void)leaf;
	(void)verified;
	tote__orchestrator_lock(o);
	rc = tote__registry_take(&o->registry, e, fault);
	tote__orchestrator_unlock(o);
	return rc;
}

/* Only a refresh moves it on. */
static uint64_t known_end(tote_orchestrator *o)
{
	uint64_t next;

	tote__orchestrator_lock(o);
	next = o->registry.next;
	tote__orchestrator_unlock(o);
	return next;
}

/*
 * The line is never synced: behind a void one, or one of another boot, which may be older than what
 * was promised before the power cut, there may be more than a reader may use.
 */
static int may_hide(tote_orchestrator *o, const struct line *line)
{
	return !tote__line_same_boot(line, &o->self);
}

static int scan_view(tote_orchestrator *o, struct view *view, struct tote_fault *fault)
{
	uint64_t next = known_end(o);

	return next < view->limit ? tote__view_scan(view, next, view->limit, take_entry, o, fault)
				  : 0;
}

/*
 * What is whole of a damaged record: a view of its own, which looks at all of the journal and whose
 * damage is damage.
 */
static int read_still(tote_orchestrator *o, struct tote_fault *fault)
{
	struct view view;
	int rc;

	tote__orchestrator_lock_refresh(o);
	rc = tote__box_view(o->record, VIEW_NOBODY_WRITES, &view, fault);
	if (!rc) {
		rc = scan_view(o, &view, fault);
		tote__view_close(&view);
	}
	tote__orchestrator_unlock_refresh(o);
	return rc;
}

/*
 * 1 where the view that is there goes on: the line says that nothing is new, or what is new
 * continues it. A void line, or one of another boot, promises nothing of what it does not name; so
 * that, and whatever does not fit, begins anew.
 */
static int goes_on(tote_orchestrator *o, struct tote_fault *fault)
{
	struct tote_fault why = *fault;
	struct line line;

	if (!o->view.place)
		return 0;
	if (tote__view_line(&o->view, &line, &why) == 0 && !may_hide(o, &line)) {
		if (line.mark == known_end(o))
			return 1;
		if (tote__view_extend(&o->view, &why) >= 0 && o->view.limit >= line.mark)
			return 1;
	}
	tote__view_close(&o->view);
	return 0;
}

/* Of whom the checkpoint in place is: where it is another log's, nothing is appended any more. */
static void note_head(tote_orchestrator *o)
{
	const struct replay *now = &o->view.replay;

	tote__orchestrator_lock(o);
	o->misled = now->have_checkpoint && strcmp(now->covered.origin, o->registry.origin) != 0;
	tote__orchestrator_unlock(o);
}

/* *ret_void: there may be more than this view shows. */
static int read_view(tote_orchestrator *o, int *ret_void, struct tote_fault *fault)
{
	int rc = 0;

	tote__orchestrator_lock_refresh(o);
	if (!goes_on(o, fault))
		rc = tote__box_view(o->record, 0, &o->view, fault);
	if (!rc) {
		*ret_void = may_hide(o, &o->view.line);
		rc = scan_view(o, &o->view, fault);
		if (rc)
			tote__view_close(&o->view);
		else
			note_head(o);
	}
	tote__orchestrator_unlock_refresh(o);
	return rc;
}

/*
 * Behind a void line a reader uses only what is signed (FORMAT section 5), and who may not read the
 * lock sees none. What lies above is not shown, but that it is there must be said.
 */
static int look_above(tote_orchestrator *o, struct tote_fault *fault)
{
	struct view view;
	int rc = tote__box_view(o->record, VIEW_NOBODY_WRITES, &view, fault);

	if (rc < 0)
		return rc;
	tote__orchestrator_lock(o);
	o->unread = o->registry.next < view.limit;
	tote__orchestrator_unlock(o);
	tote__view_close(&view);
	return 0;
}

static int read_held(tote_orchestrator *o, struct tote_fault *fault)
{
	struct ledger *record = o->record->ledger;
	uint64_t next, end = tote__ledger_next(record);
	int rc = 0;

	tote__orchestrator_lock_refresh(o);
	next = known_end(o);
	if (next < end)
		rc = tote__ledger_scan(record, next, end, take_entry, o, fault);
	tote__orchestrator_unlock_refresh(o);
	return rc;
}

/*
 * A reader without the lock cannot tell damage from a writer at work, nor how far to read after a
 * power cut (FORMAT section 5): who holds the lock can.
 */
static int read_settled(tote_orchestrator *o, struct tote_fault *fault)
{
	int rc = tote__ledger_hold(o->record->ledger, fault);

	if (!rc) {
		rc = read_held(o, fault);
		tote__ledger_release(o->record->ledger);
	}
	return rc;
}

/* What is whole of it: it takes no entry any more, so this stays all there is. */
static int read_damaged(tote_orchestrator *o, struct tote_fault *fault)
{
	struct tote_fault why = *fault;
	int rc;

	tote__fault_clear(fault);
	rc = read_still(o, fault);
	if (rc)
		return rc;
	tote__log(&o->ctx->log, TOTE_LOG_WARNING, "consolidated record: %s", why.text);
	tote__orchestrator_lock(o);
	if (!o->record->ledger && !o->refused.code)
		o->refused = why;
	tote__orchestrator_unlock(o);
	return 0;
}

/* Entries of it are lost: what is left says where to look, and the handle says what happened. */
static int read_what_is_left(
	tote_orchestrator *o, const struct tote_fault *why, struct tote_fault *fault)
{
	uint64_t lost = 0;
	int rc;

	tote__fault_clear(fault);
	tote__orchestrator_lock_refresh(o);
	if (o->index_used) { /* what is left of the record is believed, and nothing else */
		tote__orchestrator_lock(o);
		tote__registry_reset(&o->registry);
		o->indexed = o->index_used = 0;
		tote__orchestrator_unlock(o);
	}
	rc = tote__salvage(o, &lost, fault);
	tote__orchestrator_unlock_refresh(o);
	if (rc == TOTE_E_NO_MEMORY)
		return rc;
	if (rc < 0) {
		*fault = *why;
		return fault->code;
	}
	tote__orchestrator_lock(o);
	if (!o->salvaged.code) {
		o->salvaged = *why;
		tote__fault_wrap(&o->salvaged,
			"consolidated record: %" PRIu64
			" of its entries are lost, nothing proves the rest; only audits go on "
			"until orchestrator/ledger is brought back from a copy",
			lost);
	}
	tote__orchestrator_unlock(o);
	return 0;
}

/* Damage does not go away by itself: whoever asks often need not find it again each time. */
static int was_damaged_just_now(tote_orchestrator *o)
{
	struct clock_source system;
	int64_t last;

	tote__orchestrator_lock(o);
	last = o->damaged_us;
	tote__orchestrator_unlock(o);
	tote__clock_init(&system, NULL);
	return last && tote__clock_monotonic(&system) - last < DAMAGED_AGAIN_US;
}

static void note_damage(tote_orchestrator *o, int damaged)
{
	struct clock_source system;

	tote__clock_init(&system, NULL);
	tote__orchestrator_lock(o);
	o->damaged_us = damaged ? tote__clock_monotonic(&system) : 0;
	tote__orchestrator_unlock(o);
}

int tote__orchestrator_refresh(tote_orchestrator *o, struct tote_fault *fault)
{
	struct tote_fault why;
	int is_void = 0, damaged, rc;

	if (!o->record)
		return o->salvaged.code ? 0 : read_what_is_left(o, &o->refused, fault);
	if (was_damaged_just_now(o))
		return 0;
	rc = read_view(o, &is_void, fault);
	if (o->record->ledger && (rc == TOTE_E_BUSY || (!rc && is_void))) {
		tote__fault_clear(fault);
		rc = read_settled(o, fault);
		if (is_void && rc < 0 && rc != TOTE_E_NO_MEMORY) {
			/* media that cannot be written, or a lock that is taken: what was read */
			tote__fault_clear(fault);
			rc = 0;
		}
	} else if (!rc && is_void)
		rc = look_above(o, fault);
	damaged = rc == TOTE_E_DAMAGED || rc == TOTE_E_MALFORMED;
	if (rc == TOTE_E_DAMAGED)
		rc = read_damaged(o, fault);
	if (rc == TOTE_E_DAMAGED || rc == TOTE_E_MALFORMED) {
		why = *fault;
		rc = read_what_is_left(o, &why, fault);
	}
	note_damage(o, damaged && !rc);
	return rc < 0 ? tote__fault_wrap(fault, "consolidated record") : 0;
}

int tote__orchestrator_done(int rc, struct tote_fault *fault)
{
	if (rc >= 0)
		return rc;
	fault->effect = TOTE_EFFECT_DONE;
	return tote__fault_wrap(fault, "it is done and on record, and only what follows failed");
}

int tote__orchestrator_refresh_after(tote_orchestrator *o, int rc, struct tote_fault *fault)
{
	return rc < 0 ? rc : tote__orchestrator_done(tote__orchestrator_refresh(o, fault), fault);
}

static int damage_of(const tote_orchestrator *o, struct tote_fault *why)
{
	if (o->refused.code || o->salvaged.code)
		*why = o->refused.code ? o->refused : o->salvaged;
	else if (o->misled)
		tote__fault(why, TOTE_E_DAMAGED,
			"orchestrator/ledger/log/checkpoint is of another log than '%s'",
			o->registry.origin);
	return why->code != 0;
}

int tote__orchestrator_is_damaged(tote_orchestrator *o, struct tote_fault *ret_why)
{
	struct tote_fault why;
	int damaged;

	memset(&why, 0, sizeof(why));
	tote__orchestrator_lock(o);
	damaged = damage_of(o, &why);
	tote__orchestrator_unlock(o);
	if (damaged && ret_why)
		*ret_why = why;
	return damaged;
}

int tote__orchestrator_is_unread(tote_orchestrator *o)
{
	int unread;

	tote__orchestrator_lock(o);
	unread = o->unread;
	tote__orchestrator_unlock(o);
	return unread;
}

int tote__orchestrator_hold(tote_orchestrator *o, struct tote_fault *fault)
{
	int rc = tote__orchestrator_records(o, fault);

	if (rc < 0)
		return rc;
	rc = tote__ledger_hold(o->record->ledger, fault);
	if (!rc && (rc = read_held(o, fault)) < 0)
		tote__ledger_release(o->record->ledger);
	return rc < 0 ? tote__fault_wrap(fault, "consolidated record") : 0;
}

void tote__orchestrator_release(tote_orchestrator *o)
{
	tote__ledger_release(o->record->ledger);
}

int tote__orchestrator_records(tote_orchestrator *o, struct tote_fault *fault)
{
	struct ledger_info info;
	int rc;

	if (tote__orchestrator_ledger(o)) {
		tote__ledger_info(o->record->ledger, &info);
		rc = info.poisoned ? tote__ledger_recover(o->record->ledger, fault) : 0;
		return rc < 0 ? tote__fault_wrap(fault, "consolidated record") : 0;
	}
	if (!o->refused.code)
		return tote__fault(fault, TOTE_E_READ_ONLY,
			"consolidated record: the orchestrator was opened read-only");
	*fault = o->refused;
	return fault->code;
}
