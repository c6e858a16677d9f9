/* SPDX-License-Identifier: ISC */
/*
 * The policy of a container: what the consolidated record says of it, and putting more there.
 */
#include "orchestrator/containers.h"
#include "orchestrator/cosigners.h"
#include "orchestrator/policy_fields.h"
#include "orchestrator/record.h"
#include <string.h>
#include <toteborch/schedule.h>

#define POLICY_ALL (2 * TOTE_POLICY_COSIGNERS - 1)

int tote_policy_init(struct tote_policy *policy, size_t size, struct tote_fault *fault)
{
	struct tote_policy defaults;
	int rc;

	FAULT_BEGIN(fault);
	rc = tote__struct_init(policy, size, POLICY_LEAST, "struct tote_policy", fault);
	if (rc < 0)
		return rc;
	tote__policy_defaults(&defaults);
	return tote__struct_out(
		policy, &defaults, sizeof(defaults), POLICY_LEAST, "struct tote_policy", fault);
}

/* The one that the registry knows now. */
static int known_policy(
	tote_orchestrator *o, const char *id, struct tote_policy *ret, struct tote_fault *fault)
{
	const struct known *k;
	int detached = 0;

	tote__orchestrator_lock(o);
	k = tote__registry_find(&o->registry, id);
	if (k) {
		*ret = k->policy;
		detached = k->detached;
	}
	tote__orchestrator_unlock(o);
	if (k && !detached)
		return 0;
	return tote__fault(fault, TOTE_E_NOT_FOUND,
		k ? "no container '%s' is registered here any more: it was detached"
		  : "no container '%s' was ever registered here",
		id);
}

static int check_id(const char *id, struct tote_fault *fault)
{
	return id && !strcmp(id, RECORD_ID) ? 0 : tote__containers_check_id(id, fault);
}

int tote_orchestrator_policy(tote_orchestrator *o, const char *id, struct tote_policy *ret_policy,
	struct tote_fault *fault)
{
	struct tote_policy p;
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0 || (rc = check_id(id, fault)) < 0)
		return rc;
	if ((rc = tote__orchestrator_refresh(o, fault)) < 0 ||
		(rc = known_policy(o, id, &p, fault)) < 0)
		tote__fault_set_box(fault, id);
	return rc < 0 ? rc
		      : tote__struct_out(ret_policy, &p, sizeof(p), POLICY_LEAST,
				"struct tote_policy", fault);
}

/* --- putting on record ---------------------------------------------------------------------- */

static int count_keys(
	tote_orchestrator *o, const char *id, size_t *ret_count, struct tote_fault *fault)
{
	struct cosigners *keys = tote__heap_new(&o->ctx->heap, 1, sizeof(*keys), fault);
	int rc;

	if (!keys)
		return TOTE_E_NO_MEMORY;
	rc = tote__cosigners_known(o, id, keys, fault);
	*ret_count = keys->count;
	tote__heap_free(&o->ctx->heap, keys);
	return rc;
}

/* With the record held: of two at once each is judged by what the other has put there. */
static int put_held(tote_orchestrator *o, const char *id, const struct tote_policy *wanted,
	const char *actor, struct tote_fault *fault)
{
	struct tote_policy now, changes = *wanted;
	size_t keys;
	int rc;

	if ((rc = known_policy(o, id, &now, fault)) < 0 ||
		(rc = count_keys(o, id, &keys, fault)) < 0)
		return rc;
	changes.set = tote__policy_changes(&now, wanted);
	if (!changes.set)
		return 0;
	tote__policy_put(&now, &changes);
	if ((rc = tote__policy_check(&now, id, keys, !strcmp(id, RECORD_ID), fault)) < 0)
		return rc;
	return tote__record_policy(o, id, &changes, actor, fault);
}

static int set_policy(tote_orchestrator *o, const char *id, const struct tote_policy *wanted,
	const char *actor, struct tote_fault *fault)
{
	int rc;

	if ((rc = tote__orchestrator_sound(o, fault)) < 0 ||
		(rc = tote__orchestrator_hold(o, fault)) < 0)
		return rc;
	rc = put_held(o, id, wanted, actor, fault);
	tote__orchestrator_release(o);
	return tote__orchestrator_refresh_after(o, rc, fault);
}

int tote_orchestrator_set_policy(tote_orchestrator *o, const char *id,
	const struct tote_policy *policy, const char *actor, uint32_t flags,
	struct tote_fault *fault)
{
	struct tote_policy wanted;
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0 || (rc = check_id(id, fault)) < 0 ||
		(rc = tote__flags_check(flags, 0, "policy", fault)) < 0)
		return rc;
	if (!policy)
		return tote__fault(fault, TOTE_E_ARGUMENT, "policy of '%s': it is NULL", id);
	if ((rc = tote__struct_in(&wanted, sizeof(wanted), POLICY_LEAST, policy,
		     "struct tote_policy", fault)) < 0 ||
		(rc = tote__flags_check(wanted.set, POLICY_ALL, "policy: set", fault)) < 0)
		return rc;
	if ((rc = set_policy(o, id, &wanted, actor, fault)) < 0)
		tote__fault_set_box(fault, id);
	return rc;
}
