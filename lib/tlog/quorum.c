/* SPDX-License-Identifier: ISC */
/*
 * Whether a policy accepts a checkpoint: whose signatures count, and what is missing where they are
 * not enough. A signature of a listed key that is there and does not verify refuses the whole
 * checkpoint (C2SP signed-note), however many others there are.
 */
#include "tlog/cosignature.h"
#include "tlog/policy.h"
#include <stdio.h>
#include <string.h>

#define MISSING_MAX 240 /* bytes of an error's list of names */

/* What is known of the members of a policy. */
struct count {
	const struct policy *policy;
	uint8_t held[POLICY_MEMBERS]; /* it cosigned, or enough of its members did */
	uint32_t got[POLICY_MEMBERS]; /* of a group: how many of its members did */
};

/* --- the log -------------------------------------------------------------------------------- */

static int signed_by(const struct note *note, const struct vkey *key, struct tote_fault *fault)
{
	int rc = tote__note_verify(note, key, fault);

	return rc ? rc
		  : tote__fault(fault, TOTE_E_NO_SIGNATURE, "the checkpoint is not signed by '%s'",
			    key->name);
}

/* Any log that the policy lists and whose name is the origin. */
static int check_logs(const struct policy *p, const struct note *note, const char *origin,
	struct tote_fault *fault)
{
	int named = 0, held = 0;

	for (size_t i = 0; i < p->log_count; i++) {
		struct vkey key;
		int rc;

		if (!p->logs[i].known)
			continue;
		if ((rc = tote__vkey_parse(p->logs[i].vkey, p->logs[i].len, &key, fault)) < 0)
			return rc;
		if (strcmp(key.name, origin) != 0)
			continue;
		named = 1;
		if ((rc = tote__note_verify(note, &key, fault)) < 0)
			return rc;
		held |= rc;
	}
	if (held)
		return 0;
	if (named)
		return tote__fault(fault, TOTE_E_NO_SIGNATURE,
			"the checkpoint of '%s' is not signed by the key that the policy lists for "
			"it",
			origin);
	return tote__fault(fault, TOTE_E_NO_SIGNATURE,
		"the policy lists no log '%s': add a line log VKEY, or name its key", origin);
}

static int check_log(const struct policy *p, const struct note *note, const char *origin,
	const struct vkey *log, struct tote_fault *fault)
{
	int rc;

	if (!log)
		return check_logs(p, note, origin, fault);
	if (strcmp(log->name, origin) != 0)
		return tote__fault(fault, TOTE_E_NO_SIGNATURE,
			"the checkpoint is of origin '%s', the key of '%s'", origin, log->name);
	rc = signed_by(note, log, fault);
	return rc < 0 ? rc : 0;
}

/* --- the witnesses -------------------------------------------------------------------------- */

int tote__policy_is_outside(const char *origin, const char *witness)
{
	static const char own[] = "/witness";
	const char *slash = strrchr(origin, '/');
	size_t len = slash ? (size_t)(slash - origin) : 0;

	return !slash || strncmp(origin, witness, len) != 0 || strcmp(witness + len, own) != 0;
}

/* 1 where this witness cosigned. */
static int look_at(const struct policy_member *m, const struct note *note, const char *origin,
	struct buf *scratch, struct policy_verdict *ret, struct tote_fault *fault)
{
	struct vkey key;
	uint64_t seconds = 0;
	int rc;

	if (!m->key.known)
		return 0;
	if ((rc = tote__vkey_parse(m->key.vkey, m->key.len, &key, fault)) < 0 ||
		(rc = tote__cosignature_verify(note, &key, scratch, &seconds, fault)) <= 0)
		return rc;
	ret->cosigners++;
	ret->outside += (uint32_t)tote__policy_is_outside(origin, key.name);
	if (seconds > ret->newest_seconds)
		ret->newest_seconds = seconds;
	return 1;
}

/* What a group names stands before it, so one walk in order settles them all. */
static int count_members(struct count *c, const struct note *note, const char *origin,
	struct buf *scratch, struct policy_verdict *ret, struct tote_fault *fault)
{
	for (size_t i = 0; i < c->policy->member_count; i++) {
		const struct policy_member *m = &c->policy->members[i];
		int held = m->is_group ? c->got[i] >= m->needed
				       : look_at(m, note, origin, scratch, ret, fault);

		if (held < 0)
			return held;
		c->held[i] = (uint8_t)held;
		if (held && m->group >= 0)
			c->got[m->group]++;
	}
	return 0;
}

/* "a, b, c": the members of the group that did not. */
static void list_missing(const struct count *c, int32_t group, char out[MISSING_MAX])
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < c->policy->member_count && len < MISSING_MAX - 4; i++) {
		const struct policy_member *m = &c->policy->members[i];
		int n;

		if (m->group != group || c->held[i])
			continue;
		n = snprintf(out + len, MISSING_MAX - len, "%s%.*s", len ? ", " : "",
			(int)(m->name_len < MISSING_MAX ? m->name_len : MISSING_MAX), m->name);
		len += n > 0 ? (size_t)n : 0;
	}
	if (len >= MISSING_MAX)
		memcpy(out + MISSING_MAX - 4, "...", 4);
}

static int missing(const struct count *c, struct tote_fault *fault)
{
	int32_t quorum = c->policy->quorum;
	const struct policy_member *m = &c->policy->members[quorum];
	char names[MISSING_MAX];

	if (!m->is_group)
		return tote__fault(fault, TOTE_E_NO_SIGNATURE,
			"the checkpoint is not cosigned by the witness '%.*s', which the policy "
			"asks for",
			(int)(m->name_len < MISSING_MAX ? m->name_len : MISSING_MAX), m->name);
	list_missing(c, quorum, names);
	return tote__fault(fault, TOTE_E_NO_SIGNATURE,
		"the policy's quorum is not met: group '%.*s' needs %u of its members and has %u; "
		"missing: %s",
		(int)(m->name_len < MISSING_MAX ? m->name_len : MISSING_MAX), m->name,
		(unsigned)m->needed, (unsigned)c->got[quorum], names);
}

int tote__policy_judge(const struct policy *p, const struct note *note, const char *origin,
	const struct vkey *log, struct buf *scratch, struct policy_verdict *ret,
	struct tote_fault *fault)
{
	struct count c = {.policy = p};
	int rc;

	memset(ret, 0, sizeof(*ret));
	if ((rc = check_log(p, note, origin, log, fault)) < 0 ||
		(rc = count_members(&c, note, origin, scratch, ret, fault)) < 0)
		return rc;
	return p->quorum >= 0 && !c.held[p->quorum] ? missing(&c, fault) : 0;
}
