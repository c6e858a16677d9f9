/* SPDX-License-Identifier: ISC */
/*
 * What the registry answers: the containers and the flags.
 */
#include "orchestrator/containers.h"
#include "orchestrator/record.h"
#include <stdio.h>
#include <string.h>

#define CONTAINER_LEAST offsetof(struct tote_container, registered)
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

int tote_flag_advice(
	const struct tote_flag *flag, char *ret_text, size_t cap, struct tote_fault *fault)
{
	struct tote_flag f;
	char text[512];
	int rc;

	FAULT_BEGIN(fault);
	if (!flag || !ret_text)
		return tote__fault(
			fault, TOTE_E_ARGUMENT, "advice: the flag or the place for it is missing");
	rc = tote__struct_in(&f, sizeof(f), FLAG_LEAST, flag, "struct tote_flag", fault);
	if (rc < 0)
		return rc;
	f.container[sizeof(f.container) - 1] = '\0';
	tote__finding_advice(f.code, f.container, text, sizeof(text));
	if (strlen(text) >= cap)
		return tote__fault(
			fault, TOTE_E_TOO_LARGE, "advice: it needs %zu bytes", strlen(text) + 1);
	memcpy(ret_text, text, strlen(text) + 1);
	return 0;
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
