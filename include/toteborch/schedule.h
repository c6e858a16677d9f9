/* SPDX-License-Identifier: ISC */
/*
 * The schedule: what each container's policy asks for. Policies are entries of the consolidated
 * record; what none of them names has its default.
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
 * Periods and ages are in seconds, at most ten years. A full audit counts as one of structure, too.
 */
struct tote_policy {
	uint32_t size;
	uint32_t set;
	uint64_t structure_every_s; /* 86,400; 60 or more, or 0: not by the schedule */
	uint64_t full_every_s;      /* 604,800; likewise */
	uint64_t
		overdue_after_s; /* 1,209,600: a record is overdue when its last full audit is older;
	                               0: never */
	uint64_t fold_after_s;   /* 3,600: entries are signed for at this age; 0: not by age */
	uint64_t fold_bytes;     /* 16 MiB: or when the journal is larger; at most 256 MiB */
	uint64_t rate;           /* bytes a second that its audits read at most; 0: no bound */
	uint32_t
		window_from_min; /* minutes of the day in UTC: [from, to), over midnight where to is */
	uint32_t window_to_min; /* the smaller; both 0: the whole day */
	uint32_t on_flag;       /* TOTE_ON_FLAG_*; NONE */
	uint32_t cosigners;     /* witnesses outside this root that must have cosigned; 0 */
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

#ifdef __cplusplus
}
#endif
#endif
