/* SPDX-License-Identifier: ISC */
/*
 * The schedule: what each container's policy asks for, how long the host may sleep until something
 * is due, and doing what is due within a budget. Policies are entries of the consolidated record;
 * what none of them names has its default.
 *
 * Periods are slots of time from the epoch on, shifted for each container by what its ID gives:
 * what was last done in an earlier slot than this one is due, once, however many went by. The
 * consolidated record, "orchestrator", is audited and folded like any container.
 */
#ifndef TOTEBORCH_SCHEDULE_H
#define TOTEBORCH_SCHEDULE_H

#include <toteborch/audit.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TOTE_POLICY_STRUCTURE_EVERY 1u
#define TOTE_POLICY_FULL_EVERY      2u
#define TOTE_POLICY_OVERDUE_AFTER   4u
#define TOTE_POLICY_FOLD_AFTER      8u
#define TOTE_POLICY_FOLD_BYTES      16u
#define TOTE_POLICY_RATE            32u
#define TOTE_POLICY_WINDOW          64u
#define TOTE_POLICY_ON_FLAG         128u
#define TOTE_POLICY_COSIGNERS       256u

#define TOTE_ON_FLAG_NONE    1u
#define TOTE_ON_FLAG_SUSPEND 2u /* a flag that is raised suspends the container */

/*
 * The policy of one container, or of "orchestrator". set: the fields that mean something
 * (TOTE_POLICY_*): in set_policy those that are to be put on record, while the others stay as they
 * were; in policy those that are on record, while the others hold their defaults.
 *
 * Durations are in seconds, at most ten years. structure_every_s, full_every_s: 60 or more, or 0: not
 * by the schedule; a full audit counts as one of structure, too. overdue_after_s: a record is overdue
 * when its last full audit is older; 0: never. fold_after_s: entries are signed for at this age; 0:
 * not by age. fold_bytes, 4 KiB to 256 MiB: or when the journal is larger, also by a box that signs
 * and was opened through the orchestrator. rate: bytes a second that the schedule's audits read at
 * most; 0: no bound. window: minutes of the day in UTC, [from, to), over midnight where to is the
 * smaller; both 0: the whole day; audits, not folds, wait for it. on_flag: what a flag of damage
 * does; that something could not be looked at suspends nothing. cosigners: so many witnesses outside
 * this root must have cosigned.
 */
struct tote_policy {
	uint32_t size;
	uint32_t set;
	uint64_t structure_every_s; /* default 86,400 */
	uint64_t full_every_s;      /* 604,800 */
	uint64_t overdue_after_s;   /* 1,209,600 */
	uint64_t fold_after_s;      /* 3,600 */
	uint64_t fold_bytes;        /* 16 MiB */
	uint64_t rate;              /* 0 */
	uint32_t window_from_min;
	uint32_t window_to_min;
	uint32_t on_flag;   /* TOTE_ON_FLAG_NONE */
	uint32_t cosigners; /* 0 */
};

/* As tote_ctx_options_init, but set to the defaults. Any thread. Since 0.1. */
TOTE_API int tote_policy_init(struct tote_policy *policy, size_t size, struct tote_fault *fault);

/*
 * The policy in force for a container, or for "orchestrator": the consolidated record, keys/ and
 * seen/. ret_policy->size is set by the caller. What lies on record out of its form or bounds
 * changes nothing: the value before it stays in force. TOTE_E_NOT_FOUND. Any thread. Since 0.1.
 */
TOTE_API int tote_orchestrator_policy(tote_orchestrator *orchestrator, const char *id,
	struct tote_policy *ret_policy, struct tote_fault *fault);

/*
 * Puts on record, as one entry, what of `set` differs from what is there; nothing where nothing
 * does. actor may be NULL. flags: 0. TOTE_E_ARGUMENT for a value out of bounds, and, naming both
 * fields, where two contradict each other: overdue-after below full-every; cosigners above the
 * number of keys that are on record (tote_orchestrator_witness_merge puts them there); an empty
 * window; on-flag suspend for "orchestrator", which has no state. TOTE_E_NOT_FOUND, TOTE_E_READ_ONLY.
 * Any thread. Since 0.1.
 */
TOTE_API int tote_orchestrator_set_policy(tote_orchestrator *orchestrator, const char *id,
	const struct tote_policy *policy, const char *actor, uint32_t flags,
	struct tote_fault *fault);

/*
 * The fields in the words of a fleet file: toteborch-fleet(5). key: the name of a field
 * (TOTE_POLICY_*), NULL for an unknown one. put: that field takes this value, and is set; nothing
 * is said of how it goes with the others, set_policy does that. value: a field's value as put takes
 * it, in the largest unit that says it exactly, at most 31 bytes. TOTE_E_GRAMMAR and TOTE_E_ARGUMENT,
 * with what was probably meant or what it should look like; TOTE_E_TOO_LARGE. Any thread. Since 0.1.
 */
TOTE_API const char *tote_policy_key(uint32_t field);
TOTE_API int tote_policy_put(
	struct tote_policy *policy, const char *key, const char *value, struct tote_fault *fault);
TOTE_API int tote_policy_value(const struct tote_policy *policy, uint32_t field, char *ret_text,
	size_t cap, struct tote_fault *fault);

#define TOTE_DUE_MAX_US                                                                            \
	INT64_C(3600000000) /* what next_due says at most: others may set policies */

/*
 * How many microseconds the host may sleep before it calls tote_orchestrator_dispatch: 0 where
 * something is due now. Opens no container. Any thread. Since 0.1.
 */
TOTE_API int tote_orchestrator_next_due(
	tote_orchestrator *orchestrator, int64_t *ret_delay_us, struct tote_fault *fault);

#define TOTE_DUE_OVERDUE 1u /* its records are older, unaudited, than its policy allows */
#define TOTE_DUE_FAILED  2u /* the last audit did not look at everything: it waits before the next */
#define TOTE_DUE_OPEN    4u /* an audit of it is under way in this handle */

/*
 * When what is due next of one container, in time since the epoch; 0: never; in the past: since
 * then. Audits begin only inside the policy's window. fold_us: when its ledger is looked at for
 * entries that wait to be signed for.
 */
struct tote_due {
	uint32_t size;
	uint32_t flags;
	int64_t structure_us;
	int64_t full_us;
	int64_t fold_us;
};

/* id may be "orchestrator". ret_due->size is set by the caller. TOTE_E_NOT_FOUND. Any thread. Since 0.1. */
TOTE_API int tote_orchestrator_due(tote_orchestrator *orchestrator, const char *id,
	struct tote_due *ret_due, struct tote_fault *fault);

#define TOTE_DISPATCH_LOOK 1u /* looks at each ledger for what is to be folded, due or not */

/*
 * max_bytes, max_us: about so much is read, or so long it takes; 0: no bound, until nothing is due
 * any more. LOOK is for a program that is run once and again: one that stays looks by itself, at
 * every container once in its fold-after.
 */
struct tote_dispatch_options {
	uint32_t size;
	uint32_t flags; /* TOTE_DISPATCH_* */
	uint64_t max_bytes;
	int64_t max_us;
	const char *actor;
};

/* As tote_ctx_options_init. Any thread. Since 0.1. */
TOTE_API int tote_dispatch_options_init(
	struct tote_dispatch_options *options, size_t size, struct tote_fault *fault);

/*
 * What a dispatch did. begun, ended: audits; open: those under way at its end. looks: at ledgers;
 * folds: of them. suspended: by their policies. damaged, incomplete: verdicts; unreachable: of the
 * incomplete; findings: of the audits that ended. failed: what could not be done at all, and waits
 * (the log says why). next_due_us: as tote_orchestrator_next_due.
 */
struct tote_dispatch {
	uint32_t size;
	uint32_t flags; /* 0 */
	uint64_t begun;
	uint64_t ended;
	uint64_t open;
	uint64_t looks;
	uint64_t folds;
	uint64_t suspended;
	uint64_t damaged;
	uint64_t incomplete;
	uint64_t unreachable;
	uint64_t findings;
	uint64_t failed;
	int64_t next_due_us;
};

/*
 * Does what is due. What waits gets equal shares of the budget, in turn: overdue first, the latest
 * before the less late; then what was never audited; then what is due longest. So a damaged, slow or
 * unreachable container costs the others no more than its share; one that cannot be audited is tried
 * again after a minute, then after twice as long each time, up to six hours or its period. Audits
 * that are not through go on with the next call; in another process, or after a kill, they go on
 * from what the record says was covered.
 *
 * As many containers at once as there are processors, where their stores bear other threads than the
 * caller's. One whose store does not answer keeps its thread, and the call cannot end before it;
 * meanwhile the others go on, also beyond the budget.
 *
 * One process dispatches at a time: TOTE_E_BUSY where another one does, or has audits under way.
 * ret_dispatch, whose size the caller has set, may be NULL. TOTE_E_READ_ONLY. Any thread, one call at
 * a time. Since 0.1.
 */
TOTE_API int tote_orchestrator_dispatch(tote_orchestrator *orchestrator,
	const struct tote_dispatch_options *options, struct tote_dispatch *ret_dispatch,
	struct tote_fault *fault);

/*
 * What the audits of the last dispatch found, and the verdicts of those that ended in it, as
 * tote_audit_next_finding and tote_audit_next_verdict give them: 1, or 0 where there is none (more).
 * The next dispatch forgets what was not asked for; flags stay on record. Any thread, one call at a
 * time, none during a dispatch. Since 0.1.
 */
TOTE_API int tote_dispatch_next_finding(
	tote_orchestrator *orchestrator, struct tote_finding *finding, struct tote_fault *fault);
TOTE_API int tote_dispatch_next_verdict(
	tote_orchestrator *orchestrator, struct tote_verdict *verdict, struct tote_fault *fault);

#ifdef __cplusplus
}
#endif
#endif
