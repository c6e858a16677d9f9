/* SPDX-License-Identifier: ISC */
/*
 * What a flag does by policy. An operator who resumes the container afterwards has seen the flag:
 * only one that comes later suspends again.
 */
#include "orchestrator/suspend.h"
#include "orchestrator/states.h"
#include <inttypes.h>
#include <stdio.h>

#define REASON_MAX 512

/* That something could not be looked at is no reason: nothing is known to be wrong. */
static const struct known_flag *reason_of(const struct known *k)
{
	if (!k || k->detached || k->state != TOTE_STATE_ACTIVE || !k->location ||
		k->policy.on_flag != TOTE_ON_FLAG_SUSPEND)
		return NULL;
	for (size_t i = 0; i < k->flag_count; i++) {
		const struct known_flag *f = &k->flags[i];

		if (f->seq > k->history.moved && !f->acknowledged_us && !f->cleared &&
			tote__finding_severity(f->code) == SEVERITY_DAMAGE)
			return f;
	}
	return NULL;
}

static int find_reason(tote_orchestrator *o, const char *id, char reason[REASON_MAX])
{
	const struct known_flag *f;
	int found;

	tote__orchestrator_lock(o);
	f = reason_of(tote__registry_find(&o->registry, id));
	found = f != NULL;
	if (found)
		snprintf(reason, REASON_MAX, "by policy: flag %" PRIu64 ", TOTE-%04d %s", f->seq,
			(int)f->code, tote_finding_name(f->code));
	tote__orchestrator_unlock(o);
	return found;
}

int tote__suspend_by_policy(
	tote_orchestrator *o, const char *id, const char *actor, struct tote_fault *fault)
{
	char reason[REASON_MAX];
	int rc;

	if (!find_reason(o, id, reason))
		return 0;
	rc = tote__states_suspend(o, id, actor, reason, fault);
	return rc < 0 ? tote__fault_wrap(fault, "suspending '%s' by its policy", id) : 1;
}
