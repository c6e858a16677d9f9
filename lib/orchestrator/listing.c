/* SPDX-License-Identifier: ISC */
/*
 * What the registry answers: the containers, their health as the record has it, and the flags.
 */
#include "orchestrator/containers.h"
#include "orchestrator/record.h"
#include <stdio.h>
#include <string.h>

#define CONTAINER_LEAST offsetof(struct tote_container, registered)
#define STATUS_LEAST    offsetof(struct tote_status, run)
#define FLAG_LEAST      offsetof(struct tote_flag, seq)

static void copy_text(char *out, size_t cap, const char *text)
{
	snprintf(out, cap, "%s", text ? text : "");
}

/* --- containers ----------------------------------------------------------------------------- */

static int container_out(tote_orchestrator *o, const struct container *known,
	struct tote_container *container, struct tote_fault *fault)
{
	struct tote_container c = {.size = sizeof(c),
		.flags = known->detached ? TOTE_CONTAINER_DETACHED : 0,
		.state = known->state,
		.registered = known->registered,
		.registered_us = known->registered_us};

	if (tote__containers_have_key(o, known->id))
		c.flags |= TOTE_CONTAINER_KEY;
	copy_text(c.id, sizeof(c.id), known->id);
	copy_text(c.backend, sizeof(c.backend), known->backend);
	copy_text(c.origin, sizeof(c.origin), known->origin);
	copy_text(c.vkey, sizeof(c.vkey), known->vkey);
	copy_text(c.location, sizeof(c.location), known->location);
	return tote__struct_out(
		container, &c, sizeof(c), CONTAINER_LEAST, "struct tote_container", fault);
}

int tote_orchestrator_next(tote_orchestrator *o, const char *after,
	struct tote_container *container, struct tote_fault *fault)
{
	struct container c;
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0)
		return rc;
	if (!container)
		return tote__fault(fault, TOTE_E_ARGUMENT, "list: no place for a container");
	if ((rc = tote__orchestrator_refresh(o, fault)) < 0 ||
		(rc = tote__containers_after(o, after, &c, fault)) <= 0)
		return rc;
	rc = container_out(o, &c, container, fault);
	tote__containers_drop(o, &c);
	return rc < 0 ? rc : 1;
}

int tote_orchestrator_find(tote_orchestrator *o, const char *id, struct tote_container *container,
	struct tote_fault *fault)
{
	struct container c;
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0)
		return rc;
	if (!id || !container)
		return tote__fault(fault, TOTE_E_ARGUMENT, "find: ID or result is missing");
	if ((rc = tote__orchestrator_refresh(o, fault)) < 0 ||
		(rc = tote__containers_known(o, id, &c, fault)) < 0)
		return rc;
	rc = container_out(o, &c, container, fault);
	tote__containers_drop(o, &c);
	return rc;
}

/* --- status --------------------------------------------------------------------------------- */

static void status_of_record(const struct known *k, struct tote_status *s)
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
	if (!k->last_audit_us)
		s->flags |= TOTE_STATUS_NEVER_AUDITED;
	if (k->detached)
		s->flags |= TOTE_STATUS_DETACHED;
	for (size_t i = 0; i < k->flag_count; i++) {
		if (!k->flags[i].acknowledged_us)
			s->flags_open++;
		else if (!k->flags[i].cleared)
			s->flags_standing++;
	}
	copy_text(s->id, sizeof(s->id), k->id);
}

/* What the container's own ledger says now; unreachable where it says nothing. */
static int status_of_ledger(
	tote_orchestrator *o, const char *id, struct tote_status *s, struct tote_fault *fault)
{
	struct tote_box_options options = {.size = sizeof(options), .flags = TOTE_BOX_READ_ONLY};
	struct tote_box_info info = {.size = sizeof(info)};
	struct tote_fault unreachable;
	tote_box *box;
	int rc, is_record = !strcmp(id, RECORD_ID);

	memset(&unreachable, 0, sizeof(unreachable));
	if (is_record) {
		s->flags |= tote__orchestrator_is_damaged(o) ? TOTE_STATUS_DAMAGED : 0;
		s->flags |= tote__orchestrator_is_unread(o) ? TOTE_STATUS_UNREAD : 0;
		rc = o->record ? tote_box_info(o->record, &info, &unreachable) : o->refused.code;
	} else {
		rc = tote__containers_open_box(o, id, &options, &box, &unreachable);
		if (!rc) {
			rc = tote_box_info(box, &info, &unreachable);
			tote_box_unref(box);
		}
	}
	if (rc == TOTE_E_NO_MEMORY) {
		*fault = unreachable;
		return rc;
	}
	if (rc < 0) {
		s->flags |= TOTE_STATUS_UNREACHABLE;
		return 0;
	}
	s->entries = info.entries;
	s->covered = info.covered;
	s->unfolded_since_us = info.unfolded_since_us;
	memcpy(s->root, info.root, sizeof(s->root));
	/* until the record is completed it counts as in the stricter of the two */
	if (!is_record)
		s->state = tote__state_stricter(s->state, info.state);
	return 0;
}

int tote_orchestrator_status(
	tote_orchestrator *o, const char *id, struct tote_status *status, struct tote_fault *fault)
{
	struct tote_status s = {.size = sizeof(s)};
	const struct known *k;
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0)
		return rc;
	if (!id || !status)
		return tote__fault(fault, TOTE_E_ARGUMENT, "status: ID or result is missing");
	if ((rc = tote__orchestrator_refresh(o, fault)) < 0)
		return rc;
	tote__orchestrator_lock(o);
	k = tote__registry_find(&o->registry, id);
	if (k)
		status_of_record(k, &s);
	tote__orchestrator_unlock(o);
	if (!k)
		return tote__fault(
			fault, TOTE_E_NOT_FOUND, "no container '%s' was ever registered here", id);
	if (!(s.flags & TOTE_STATUS_DETACHED) && (rc = status_of_ledger(o, id, &s, fault)) < 0)
		return rc;
	tote__fault_clear(fault);
	return tote__struct_out(status, &s, sizeof(s), STATUS_LEAST, "struct tote_status", fault);
}

/* --- flags ---------------------------------------------------------------------------------- */

static int flag_out(const struct known *k, const struct known_flag *flag, struct tote_flag *out,
	struct tote_fault *fault)
{
	struct tote_flag f = {.size = sizeof(f),
		.seq = flag->seq,
		.finding = flag->finding,
		.code = flag->code,
		.raised_us = flag->raised_us,
		.acknowledged_us = flag->acknowledged_us};
	const struct known_finding *finding = tote__known_finding(k, flag->finding);

	f.flags = (flag->acknowledged_us ? TOTE_FLAG_ACKNOWLEDGED : 0) |
		  (flag->cleared ? TOTE_FLAG_CLEARED : 0);
	if (finding) {
		f.at_seq = finding->at_seq;
		f.flags |= finding->have_at_seq ? TOTE_FLAG_SEQ : 0;
		copy_text(f.path, sizeof(f.path), finding->path);
	}
	copy_text(f.container, sizeof(f.container), k->id);
	copy_text(f.actor, sizeof(f.actor), flag->actor);
	copy_text(f.reason, sizeof(f.reason), flag->reason);
	return tote__struct_out(out, &f, sizeof(f), FLAG_LEAST, "struct tote_flag", fault);
}

int tote_orchestrator_next_flag(tote_orchestrator *o, const char *container, uint64_t after,
	struct tote_flag *flag, struct tote_fault *fault)
{
	struct known *of = NULL;
	const struct known_flag *next = NULL;
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0)
		return rc;
	if (!flag)
		return tote__fault(fault, TOTE_E_ARGUMENT, "flags: no place for a flag");
	if ((rc = tote__orchestrator_refresh(o, fault)) < 0)
		return rc;
	tote__orchestrator_lock(o);
	if (!container)
		next = tote__registry_flag_after(&o->registry, after, &of);
	else if ((of = tote__registry_find(&o->registry, container)) != NULL)
		next = tote__known_flag_after(of, after);
	rc = next ? flag_out(of, next, flag, fault) : 0;
	tote__orchestrator_unlock(o);
	return rc < 0 ? rc : next != NULL;
}

/* With the record held: what stands now is what is acknowledged. */
static int acknowledge(tote_orchestrator *o, uint64_t flag, const char *actor, const char *reason,
	struct tote_fault *fault)
{
	const struct known_flag *f;
	struct known *k;
	int there, acknowledged;

	tote__orchestrator_lock(o);
	f = tote__registry_flag(&o->registry, flag, &k);
	there = f != NULL;
	acknowledged = there && f->acknowledged_us;
	tote__orchestrator_unlock(o);
	if (!there)
		return tote__fault(fault, TOTE_E_NOT_FOUND,
			"there is no flag %llu: totectl status names those that stand",
			(unsigned long long)flag);
	if (acknowledged)
		return tote__fault(fault, TOTE_E_EXISTS, "flag %llu was acknowledged already",
			(unsigned long long)flag);
	return tote__record_acknowledged(o, flag, reason, actor, fault);
}

int tote_orchestrator_acknowledge(tote_orchestrator *o, uint64_t flag, const char *actor,
	const char *reason, uint32_t flags, struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0 ||
		(rc = tote__flags_check(flags, 0, "acknowledge", fault)) < 0)
		return rc;
	if (!reason || !*reason)
		return tote__fault(fault, TOTE_E_ARGUMENT, "acknowledge: a reason is required");
	if ((rc = tote__orchestrator_writable(o, fault)) < 0 ||
		(rc = tote__orchestrator_hold(o, fault)) < 0)
		return rc;
	rc = acknowledge(o, flag, actor, reason, fault);
	tote__orchestrator_release(o);
	return tote__orchestrator_refresh_after(o, rc, fault);
}
