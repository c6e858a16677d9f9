/* SPDX-License-Identifier: ISC */
/*
 * The status of one container: what the consolidated record says of it, what its ledger and its
 * gate show now, and what that comes to.
 */
#include "orchestrator/status.h"
#include "audit/schedule.h"
#include "orchestrator/containers.h"
#include "orchestrator/cosigners.h"
#include "orchestrator/health.h"
#include "orchestrator/glance.h"
#include "orchestrator/location.h"
#include "orchestrator/outlook.h"
#include "orchestrator/patience.h"
#include "tlog/cosignature.h"
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <toteborch/input.h>

/* --- what the record says ------------------------------------------------------------------- */

static void count_flags(const struct known *k, struct tote_status *s)
{
	int all_cleared = 1;

	s->flag = TOTE_SEQ_ANY;
	for (size_t i = 0; i < k->flag_count; i++) {
		const struct known_flag *f = &k->flags[i];

		if (f->acknowledged_us) {
			s->flags_standing += !f->cleared;
			continue;
		}
		s->flags_open++;
		if (s->flag == TOTE_SEQ_ANY || (all_cleared && !f->cleared)) {
			s->flag = f->seq;
			s->flag_code = f->code;
		}
		all_cleared &= f->cleared;
	}
	if (s->flags_open && all_cleared)
		s->flags |= TOTE_STATUS_FLAGS_CLEARED;
	if (k->flag_count && k->state == TOTE_STATE_SUSPENDED &&
		k->policy.on_flag == TOTE_ON_FLAG_SUSPEND)
		s->flags |= TOTE_STATUS_FLAG_SUSPENDED;
}

static void count_verified(const struct known *k, int64_t now, struct tote_status *s)
{
	const int64_t since = now - (int64_t)TOTE_HEALTH_DAYS * SCHEDULE_DAY;

	for (size_t i = 0; i < k->runs.range_count; i++)
		if (k->runs.ranges[i].time_us >= since)
			s->verified_entries += k->runs.ranges[i].to - k->runs.ranges[i].from;
	if (k->last_full_us && k->last_full_us >= since) {
		s->verified_assets = k->full_assets;
		s->verified_bytes = k->full_bytes;
	}
	/* until what is there now is known: what came behind the last full run */
	s->oldest_unverified_us = k->last_full_us ? k->last_full_us : k->registered_us;
}

static int64_t due_or_never(int64_t due)
{
	return due == SCHEDULE_NEVER ? 0 : due;
}

static void copy_due(
	const struct registry *r, const struct known *k, int64_t now, struct tote_status *s)
{
	struct outlook outlook;

	if (k->detached)
		return;
	tote__outlook(r, k, now, &outlook);
	s->next_structure_us = due_or_never(outlook.structure_us);
	s->next_full_us = due_or_never(outlook.full_us);
}

static void copy_record(const struct known *k, struct tote_status *s)
{
	s->state = k->state;
	s->verdict = k->verdict;
	s->level = k->level;
	s->run = k->run;
	s->last_audit_us = k->last_audit_us;
	s->last_full_audit_us = k->last_full_us;
	s->last_success_us = k->last_success_us;
	s->audited_entries = k->entries;
	s->audited_assets = k->assets;
	s->audited_bytes = k->bytes;
	s->witnessed = k->witnessed;
	s->entries = k->entries;
	s->covered = k->tree_size;
	memcpy(s->root, k->root, sizeof(s->root));
	s->cosigners_wanted = k->policy.cosigners;
	s->flags |= TOTE_STATUS_INPUT_UNSEEN;
	if (!k->last_audit_us)
		s->flags |= TOTE_STATUS_NEVER_AUDITED;
	if (k->detached)
		s->flags |= TOTE_STATUS_DETACHED;
	if (k->cached != CACHED_NOT)
		s->flags |= TOTE_STATUS_CACHED;
	if (k->cached == CACHED_ASKED)
		s->flags |= TOTE_STATUS_CACHED_ASKED;
	memcpy(s->id, k->id, sizeof(s->id));
}

int tote__status_begin(tote_orchestrator *o, const struct known *k, struct tote_status *s,
	struct subject *subject, struct tote_fault *fault)
{
	const int64_t now = tote__clock_wall(&o->ctx->clock);

	memset(subject, 0, sizeof(*subject));
	memset(s, 0, sizeof(*s));
	s->size = sizeof(*s);
	copy_record(k, s);
	count_flags(k, s);
	count_verified(k, now, s);
	copy_due(&o->registry, k, now, s);
	subject->policy = k->policy;
	subject->since_us = k->registered_us;
	memcpy(subject->backend, k->backend, sizeof(subject->backend));
	memcpy(subject->origin, k->origin, sizeof(subject->origin));
	if (k->location)
		subject->location = tote__location_absolute(o, k->location, fault);
	if (k->cosigner_keys && k->policy.cosigners)
		subject->cosigner_keys = tote__heap_strdup(&o->ctx->heap, k->cosigner_keys, fault);
	if (!fault->code)
		return 0;
	tote__status_drop(o, subject);
	return TOTE_E_NO_MEMORY;
}

void tote__status_drop(tote_orchestrator *o, struct subject *subject)
{
	tote__heap_free(&o->ctx->heap, subject->location);
	tote__heap_free(&o->ctx->heap, subject->cosigner_keys);
	subject->location = subject->cosigner_keys = NULL;
}

/* --- what its ledger shows ------------------------------------------------------------------ */

static void count_cosignatures(tote_orchestrator *o, const struct subject *subject,
	const struct note *note, struct tote_status *s)
{
	struct cosigners known;
	struct tote_fault unused;
	struct buf scratch;
	uint64_t seconds;

	if (!subject->cosigner_keys)
		return;
	tote__cosigners_parse(subject->cosigner_keys, &known);
	tote__buf_init(&scratch, &o->ctx->heap, NOTE_MAX + 256);
	for (size_t i = 0; i < known.count; i++)
		s->cosigners_have += tote__cosignature_verify(note, &known.keys[i], &scratch,
					     &seconds, &unused) == 1;
	tote__buf_free(&scratch);
}

static void unread(struct tote_status *s, const char *why)
{
	s->flags |= TOTE_STATUS_UNREACHABLE;
	s->entries = s->covered = 0;
	s->unfolded_since_us = 0;
	memset(s->root, 0, sizeof(s->root));
	snprintf(s->why, sizeof(s->why), "%s", why);
}

static int unreachable(struct tote_status *s, struct tote_fault *why, struct tote_fault *fault)
{
	if (why->code == TOTE_E_NO_MEMORY) {
		*fault = *why;
		return fault->code;
	}
	unread(s, why->text);
	return 0;
}

void tote__status_unanswered(struct tote_status *s)
{
	char text[64];

	snprintf(text, sizeof(text), "its store has not answered for %d s",
		(int)(PATIENCE_US / 1000000));
	unread(s, text);
}

/* What its journal should hold and does not, seen twice. */
static void damage_of(tote_box *box, struct tote_status *s)
{
	struct tote_fault why;
	struct view view;

	memset(&why, 0, sizeof(why));
	s->flags |= TOTE_STATUS_DAMAGED;
	if (tote__box_view(box, 0, &view, &why) == 0)
		tote__view_close(&view);
	else
		snprintf(s->why, sizeof(s->why), "%s", why.text);
}

static int info_of(tote_box *box, struct tote_status *s, struct tote_fault *why)
{
	struct tote_box_info info = {.size = sizeof(info)};
	int rc = tote_box_info(box, &info, why);

	if (rc < 0)
		return rc;
	s->entries = info.entries;
	s->covered = info.covered;
	s->unfolded_since_us = info.unfolded_since_us;
	memcpy(s->root, info.root, sizeof(s->root));
	if (info.flags & TOTE_INFO_DAMAGED && strcmp(s->id, RECORD_ID) != 0)
		damage_of(box, s);
	/* until the record is completed it counts as in the stricter of the two */
	if (strcmp(s->id, RECORD_ID) != 0)
		s->state = tote__state_stricter(s->state, info.state);
	return 0;
}

static void note_of(
	tote_orchestrator *o, const struct subject *subject, tote_box *box, struct tote_status *s)
{
	struct tote_fault unused;
	struct view view;
	struct note note;

	memset(&unused, 0, sizeof(unused));
	if (!subject->cosigner_keys || tote__box_view_part(box, 0, &view, &unused) < 0)
		return;
	if (view.replay.have_checkpoint &&
		tote__note_parse(view.replay.note.data, view.replay.note.len, &note, &unused) == 0)
		count_cosignatures(o, subject, &note, s);
	tote__view_close(&view);
}

static int look_at_record(tote_orchestrator *o, struct tote_status *s, struct tote_fault *fault)
{
	struct tote_fault why = o->refused;

	s->flags &= ~TOTE_STATUS_INPUT_UNSEEN;
	if (tote__orchestrator_is_damaged(o, &why)) {
		s->flags |= TOTE_STATUS_DAMAGED;
		snprintf(s->why, sizeof(s->why), "%s", why.text);
	}
	s->flags |= tote__orchestrator_is_unread(o) ? TOTE_STATUS_UNREAD : 0;
	if (o->record && info_of(o->record, s, &why) == 0)
		return 0;
	return unreachable(s, &why, fault);
}

/* Documents that wait in its gate. What cannot be looked at was not. */
static void look_at_input(tote_box *box, struct tote_status *s)
{
	struct tote_input input = {.size = sizeof(input)};
	struct tote_fault unused;
	tote_input_list *list;
	int rc;

	if (tote_input_list_open(box, 0, &list, &unused) < 0)
		return;
	while ((rc = tote_input_list_next(list, &input, &unused)) > 0) {
		s->input_waiting++;
		if (!s->input_since_us || input.mtime_us < s->input_since_us)
			s->input_since_us = input.mtime_us;
	}
	tote_input_list_unref(list);
	if (rc == 0)
		s->flags &= ~TOTE_STATUS_INPUT_UNSEEN;
}

static int open_and_look(tote_orchestrator *o, const struct subject *subject, struct tote_status *s,
	struct tote_fault *fault)
{
	const struct tote_box_options options = {
		.size = sizeof(options), .flags = TOTE_BOX_READ_ONLY};
	struct tote_fault why;
	tote_box *box;
	int rc;

	memset(&why, 0, sizeof(why));
	rc = tote__containers_open_box(o, s->id, &options, &box, &why);
	if (rc == 0) {
		rc = info_of(box, s, &why);
		if (rc == 0)
			note_of(o, subject, box, s);
		if (rc == 0)
			look_at_input(box, s);
		tote_box_unref(box);
	}
	return rc < 0 ? unreachable(s, &why, fault) : 0;
}

/* A container of this root's own making signs with a key in keys/, where those can be seen. */
static void look_at_key(tote_orchestrator *o, const struct subject *subject, struct tote_status *s)
{
	if (o->key_store.ops && tote__containers_is_own(o, s->id, subject->origin) &&
		!tote__containers_have_key(o, s->id))
		s->flags |= TOTE_STATUS_NO_KEY;
}

static int is_minded(const struct tote_status *s)
{
	return !(s->flags & TOTE_STATUS_DETACHED);
}

/* 1: a glance at it tells all. */
static int glance(tote_orchestrator *o, const struct subject *subject, struct tote_status *s)
{
	struct glance g;
	int seen;

	tote__glance_init(&g, &o->ctx->heap);
	seen = tote__glance(o, subject->backend, subject->location, subject->origin, &g);
	if (seen) {
		s->entries = s->covered = g.covered.size;
		memcpy(s->root, g.covered.root, sizeof(s->root));
		s->flags &= g.gate_is_empty ? ~TOTE_STATUS_INPUT_UNSEEN : UINT32_MAX;
		count_cosignatures(o, subject, &g.note, s);
	}
	tote__glance_free(&g);
	return seen;
}

int tote__status_look(tote_orchestrator *o, const struct subject *subject, uint32_t whole,
	struct tote_status *s, struct tote_fault *fault)
{
	if (!subject->location)
		return look_at_record(o, s, fault);
	if (!is_minded(s) || (!whole && glance(o, subject, s)))
		return 0;
	look_at_key(o, subject, s);
	return open_and_look(o, subject, s, fault);
}

void tote__status_end(tote_orchestrator *o, const struct subject *subject, struct tote_status *s)
{
	const int64_t now = tote__clock_wall(&o->ctx->clock);

	if (s->last_full_audit_us && s->entries <= s->verified_entries &&
		s->verdict != TOTE_VERDICT_INCOMPLETE)
		s->oldest_unverified_us = 0;
	if (is_minded(s))
		tote__health_overdue(s, &subject->policy, subject->since_us, now);
	s->health = tote__health_judge(s, &subject->policy, now);
}
