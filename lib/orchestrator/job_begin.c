/* SPDX-License-Identifier: ISC */
/*
 * The beginning of one container's run within a job: audit.started, what is opened, what is known,
 * and what a run cannot see from inside one container.
 */
#include "orchestrator/index_file.h"
#include "orchestrator/job.h"
#include "orchestrator/last_note.h"
#include "orchestrator/moves.h"
#include "orchestrator/own_keys.h"
#include "orchestrator/record.h"
#include "orchestrator/sharing.h"
#include "tlog/cosignature.h"
#include <stdio.h>
#include <string.h>

#define READERS 8u  /* threads that read assets, of all runs of a step */
#define FILES   24u /* that they have open together */

void tote__job_run_free(tote_audit *a, struct job_run *r)
{
	if (!r)
		return;
	tote__run_free(r->run);
	tote__report_drop(&r->report);
	tote__seen_free(&r->seen);
	tote__job_facts_drop(r);
	tote__job_keys_drop(r, &a->ctx->heap);
	tote__earlier_drop(&r->earlier);
	if (r->place.ops)
		tote__place_close(&r->place);
	tote_box_unref(r->box);
	if (a->o)
		tote__containers_drop(a->o, &r->container);
	tote__heap_free(&a->ctx->heap, r);
}

/* --- opening -------------------------------------------------------------------------------- */

/* Disposed: its directory may be absent (FORMAT section 8). */
static int is_gone_rightly(const struct job_run *r, int rc)
{
	return r->container.state == TOTE_STATE_DISPOSED && rc == TOTE_E_NOT_FOUND;
}

/*
 * What could not be opened is looked at as far as it goes: damaged, read-only; else not at all, and
 * the run says so.
 */
static int open_damaged(tote_audit *a, struct job_run *r, struct tote_fault *fault)
{
	int rc;

	tote__fault_clear(fault);
	rc = tote__place_open(a->ctx, r->container.backend, r->container.location, LAYOUT_CONTAINER,
		STORE_READ_ONLY, &r->place, fault);
	if (!rc) {
		r->target.place = &r->place;
		return 0;
	}
	memset(&r->place, 0, sizeof(r->place));
	if (rc == TOTE_E_NO_MEMORY)
		return rc;
	if (is_gone_rightly(r, rc)) {
		r->result.unreachable = 1;
		r->result.verdict = TOTE_VERDICT_OK;
	}
	r->refused = *fault;
	r->target.refused = &r->refused;
	tote__fault_clear(fault);
	return 0;
}

/* A key that is not this container's keeps nobody from reading: the run over keys/ names it. */
static int open_box(tote_audit *a, struct job_run *r, struct tote_fault *fault)
{
	struct tote_box_options unsigned_box = {
		.size = sizeof(unsigned_box), .flags = TOTE_BOX_NO_SIGNER};
	int rc = tote__containers_open_box(a->o, r->id, NULL, &r->box, fault);

	if (rc == TOTE_E_KEY) {
		tote__fault_clear(fault);
		rc = tote__containers_open_box(a->o, r->id, &unsigned_box, &r->box, fault);
	}
	if (rc < 0)
		r->box = NULL;
	return rc;
}

/*
 * A fold replaces the checkpoint and what was signed last. Where either is not as it was left it
 * stays, to be found: an audit never writes over the damage that it is to tell of.
 */
static int is_head_whole(const struct job_run *r, tote_box *box, struct tote_fault *fault)
{
	struct tote_fault why;
	struct buf scratch;
	struct view view;
	struct note note;
	uint64_t seconds;
	int rc = tote__box_view(box, 0, &view, fault);

	if (rc < 0)
		return rc;
	memset(&why, 0, sizeof(why));
	tote__buf_init(&scratch, &box->ctx->heap, NOTE_MAX + 256);
	if (!view.replay.have_checkpoint)
		rc = TOTE_E_NOT_FOUND;
	else
		rc = tote__note_parse(view.replay.note.data, view.replay.note.len, &note, &why);
	/* no line by this key: it may have been rotated, and a fold knows to which (demand.h) */
	if (!rc)
		rc = tote__note_verify(&note, &r->key, &why);
	if (rc >= 0)
		rc = tote__cosignature_verify(&note, &r->witness, &scratch, &seconds, &why);
	for (size_t i = 0; rc >= 0 && i < r->target.cosigner_count; i++)
		rc = tote__cosignature_verify(
			&note, &r->target.cosigner_keys[i], &scratch, &seconds, &why);
	tote__buf_free(&scratch);
	tote__view_close(&view);
	return rc >= 0;
}

static int is_last_behind(const tote_audit *a, const struct job_run *r)
{
	uint64_t last, head;

	return tote__last_note_is_behind(a->o, r->id, r->target.place, &last, &head);
}

/* None of it failing stops the audit, which finds the cause itself. */
static int prepare_box(tote_audit *a, struct job_run *r, struct tote_fault *fault)
{
	struct checkpoint head;
	int rc = tote__witness_check(a->o, r->box, r->id, fault);

	if (!rc)
		rc = tote__moves_complete(a->o, r->id, r->box, fault);
	if (!rc && r->box->have_signer && !is_last_behind(a, r) &&
		(rc = is_head_whole(r, r->box, fault)) > 0)
		rc = tote__ledger_fold(r->box->ledger, &head, NULL, fault);
	if (rc < 0)
		tote__log(&a->ctx->log, TOTE_LOG_WARNING, "audit of '%s': %s", r->id, fault->text);
	tote__fault_clear(fault);
	return tote__orchestrator_refresh(a->o, fault);
}

static int open_container(tote_audit *a, struct job_run *r, struct tote_fault *fault)
{
	int rc = open_box(a, r, fault);

	if (rc == TOTE_E_NO_MEMORY)
		return rc;
	if (rc < 0)
		return open_damaged(a, r, fault);
	r->target.place = &r->box->place;
	r->target.box = r->box;
	return prepare_box(a, r, fault);
}

/* --- what is known -------------------------------------------------------------------------- */

static int read_seen(tote_audit *a, struct job_run *r, struct tote_fault *fault)
{
	char path[96];
	struct tote_fault why;
	int rc = tote__seen_read(a->o, r->id, &r->key, &r->seen, fault);

	/* cosigned by a witness key that was rotated to since the registry was brought up */
	if (rc == TOTE_E_DAMAGED) {
		tote__fault_clear(fault);
		if ((rc = tote__orchestrator_refresh(a->o, fault)) == 0)
			rc = tote__seen_read(a->o, r->id, &r->key, &r->seen, fault);
	}
	r->target.seen_expected = 1;
	if (rc < 0 && rc != TOTE_E_NO_MEMORY) { /* its audit goes on, and those of all others */
		why = *fault;
		tote__fault_clear(fault);
		r->target.seen_expected = 0;
		snprintf(path, sizeof(path), "orchestrator/seen/%s", r->id);
		return tote__job_found_own(a, r,
			rc == TOTE_E_DAMAGED    ? FINDING_SEEN_DAMAGED
			: rc == TOTE_E_MISMATCH ? FINDING_WITNESS_ROLLED_BACK
						: FINDING_UNREADABLE,
			path, "", why.text, fault);
	}
	if (r->seen.present)
		r->target.seen = &r->seen.checkpoint;
	return rc;
}

/*
 * A container of another root keeps that root's rules, so a line by that root's witness, whose key
 * is not known here, is nothing foreign.
 */
static void know_rules(tote_audit *a, struct job_run *r)
{
	if (!tote__containers_is_own(a->o, r->id, r->container.origin))
		r->target.cosigners = 1;
}

/* Two containers in one directory: no run sees that from inside one of them. */
static int compare_directories(tote_audit *a, struct job_run *r, struct tote_fault *fault)
{
	char with[SHARING_WITH_MAX];
	int rc = tote__sharing_find(a->o, r->id, r->target.place, with, fault);

	if (rc > 0)
		return tote__job_found_own(
			a, r, FINDING_DIRECTORY_SHARED, "", "a directory of its own", with, fault);
	if (rc < 0 && rc != TOTE_E_NO_MEMORY) {
		tote__fault_clear(fault); /* what cannot be looked at the run names */
		rc = 0;
	}
	return rc;
}

static int begin_container(tote_audit *a, struct job_run *r, struct tote_fault *fault)
{
	const char *vkey;
	int rc;

	if ((rc = tote__containers_known(a->o, r->id, &r->container, fault)) < 0)
		return rc;
	vkey = r->container.vkey;
	r->target.type = LEDGER_CONTAINER;
	r->target.layout = LAYOUT_CONTAINER;
	r->target.origin = r->container.origin;
	if ((rc = tote__vkey_parse(vkey, strlen(vkey), &r->key, fault)) < 0 ||
		(rc = open_container(a, r, fault)) < 0 || !r->target.place)
		return rc;
	r->target.key = &r->key;
	know_rules(a, r);
	if ((rc = read_seen(a, r, fault)) < 0 || (rc = compare_directories(a, r, fault)) < 0)
		return rc;
	return tote__job_facts_of_container(r, a->o, fault);
}

/* What was signed last guards the record: a root has both that and a checkpoint, or neither yet. */
static int may_fold_record(const struct job_run *r, tote_orchestrator *o, struct tote_fault *fault)
{
	static const char last[] = KEY_FILE ".last";
	struct store_stat st;
	int is_new = 0, rc;

	if (!tote__orchestrator_ledger(o) || !o->record->have_signer)
		return 0;
	if (o->place.ops->stat(o->place.handle, SPACE_LOG, "checkpoint", &st, fault) ==
		TOTE_E_NOT_FOUND)
		is_new++;
	rc = o->place.ops->stat(o->place.handle, SPACE_KEYS, last, &st, fault);
	if (rc == TOTE_E_NOT_FOUND)
		is_new++;
	else if (rc < 0 || st.type != STORE_FILE || !st.size || st.mode & 07177u)
		return 0; /* a fold would write that anew, too */
	tote__fault_clear(fault);
	return is_new == 2 || (!is_new && is_head_whole(r, o->record, fault) > 0);
}

/* What the handle took from the index instead of the record is checked here, once. */
static int compare_index(tote_audit *a, struct job_run *r, struct tote_fault *fault)
{
	int rc = tote__index_compare(a->o, fault);

	if (rc > 0)
		return tote__job_found_own(a, r, FINDING_INDEX_DIFFERS, "orchestrator/index",
			"what the consolidated record tells", "another", fault);
	if (rc == TOTE_E_NO_MEMORY)
		return rc;
	tote__fault_clear(fault); /* what cannot be read of the record the run names */
	return 0;
}

static int begin_record(tote_audit *a, struct job_run *r, struct tote_fault *fault)
{
	tote_orchestrator *o = a->o;
	int rc = tote__own_key(o, TOTE_KEY_ORCHESTRATOR, &r->key, fault);

	if (rc < 0)
		return rc;
	r->target.type = LEDGER_RECORD;
	r->target.layout = LAYOUT_ORCHESTRATOR;
	r->target.origin = o->registry.origin;
	r->target.place = &o->place;
	r->target.box =
		tote__orchestrator_ledger(o) ? o->record : NULL; /* damaged: nobody writes */
	r->target.key = &r->key;
	/* of a record with holes nobody can say what of keys/ and reports/ it knew */
	if (!o->salvaged.code)
		tote__job_facts_of_record(r, o);
	if ((rc = compare_index(a, r, fault)) < 0)
		return rc;
	if (is_last_behind(a, r))
		return tote__job_keys_tell_behind(a, r, "keys/" KEY_FILE ".last", fault);
	if (may_fold_record(r, o, fault) && tote__record_fold(o, fault) < 0)
		tote__log(&a->ctx->log, TOTE_LOG_WARNING, "audit: %s", fault->text);
	tote__fault_clear(fault);
	return 0;
}

/* --- beginning ------------------------------------------------------------------------------ */

static struct earlier_wish wish_of(const tote_audit *a)
{
	return (struct earlier_wish){.level = a->level,
		.go_on = (a->flags & TOTE_AUDIT_CONTINUE) != 0,
		.max_age_us = a->max_age_us,
		.now_us = tote__clock_wall(&a->ctx->clock)};
}

static int start_record(tote_audit *a, struct job_run *r, struct tote_fault *fault)
{
	const struct earlier_wish wish = wish_of(a);
	struct run_begin begin = {.id = r->id,
		.actor = a->actor,
		.level = a->level,
		.cached = r->result.cached,
		.asked = a->part ? &a->asked : NULL};
	int rc;

	tote__earlier_find(&r->earlier, a->o, r->id, &wish);
	begin.continues = r->earlier.continues;
	begin.from = r->earlier.from;
	pthread_mutex_lock(&a->starting);
	begin.job = a->number;
	begin.all = a->all;
	rc = tote__record_audit_started(a->o, &begin, &r->seq, fault);
	if (rc == 0 && !a->number)
		a->number = r->seq;
	pthread_mutex_unlock(&a->starting);
	tote__report_begin(&r->report, a->o, r->id, r->seq, a->level, wish.now_us);
	if (rc < 0)
		return rc != TOTE_E_NO_MEMORY ? tote__job_stop_recording(a, r, fault) : rc;
	if (a->part || strcmp(r->id, RECORD_ID) == 0)
		return 0;
	if ((rc = tote__orchestrator_refresh(a->o, fault)) < 0 ||
		(rc = tote__earlier_take(&r->earlier, a->o, r->id, &wish, fault)) < 0)
		return rc;
	r->target.earlier = r->earlier.ranges;
	r->target.earlier_count = r->earlier.range_count;
	r->target.suspects = r->earlier.suspects;
	r->target.suspect_count = r->earlier.suspect_count;
	return 0;
}

/* Runs at once share what one of them may have of threads and descriptors. */
static void share(const tote_audit *a, struct run_target *target)
{
	uint32_t runs = a->id_count < a->parallel ? (uint32_t)a->id_count : a->parallel;

	if (runs < 2)
		return;
	target->readers = READERS / runs;
	target->readers += !target->readers;
	target->files = FILES / runs;
	target->files += !target->files;
}

/* Whatever keeps one from being looked at is a finding of it: the others are audited all the same. */
static int pass_by(struct job_run *r, struct tote_fault *fault)
{
	r->refused = *fault;
	r->target.refused = &r->refused;
	r->target.place = NULL;
	r->target.box = NULL;
	tote__fault_clear(fault);
	return 0;
}

static int begin(tote_audit *a, struct job_run *r, struct tote_fault *fault)
{
	int rc;

	r->recording = 1;
	r->covered_us = tote__clock_monotonic(&a->ctx->clock);
	r->target.ctx = a->ctx;
	r->target.id = r->id;
	r->target.level = a->level;
	r->target.may_cache = (a->flags & TOTE_AUDIT_CACHED) != 0;
	r->result.cached = r->target.may_cache ? CACHED_ASKED : CACHED_NOT;
	r->target.witness = &r->witness;
	r->target.asked = a->part ? &a->asked : NULL;
	share(a, &r->target);
	if ((rc = tote__job_keys_begin(r, a->o, fault)) < 0 ||
		(rc = start_record(a, r, fault)) < 0 ||
		(rc = tote__job_facts_of_cosigners(r, a->o, fault)) < 0)
		return rc;
	if (strcmp(r->id, RECORD_ID) == 0)
		rc = begin_record(a, r, fault);
	else if ((rc = begin_container(a, r, fault)) < 0 && rc != TOTE_E_NO_MEMORY)
		rc = pass_by(r, fault);
	if (rc < 0 || r->result.unreachable)
		return rc;
	return tote__run_start(&r->target, &r->run, fault);
}

/* What a run that could not be begun has shown was not found: it is begun again. */
static void take_back(tote_audit *a, const struct job_run *r)
{
	size_t kept = a->shown_next;

	pthread_mutex_lock(&a->mutex);
	for (size_t i = a->shown_next; i < a->shown_count; i++) {
		if (a->shown[i].by == r)
			tote__job_finding_free(&a->ctx->heap, &a->shown[i].finding);
		else
			a->shown[kept++] = a->shown[i];
	}
	a->shown_count = kept;
	pthread_mutex_unlock(&a->mutex);
}

int tote__job_begin(tote_audit *a, struct job_run *r, struct tote_fault *fault)
{
	const struct earlier_wish wish = wish_of(a);
	int rc;

	if (tote__earlier_is_whole(a->o, r->id, &wish))
		return 1;
	if ((rc = begin(a, r, fault)) < 0)
		take_back(a, r);
	return rc;
}
