/* SPDX-License-Identifier: ISC */
/*
 * Health: what the consolidated record says of each container, and the flags that findings raised.
 */
#ifndef TOTEBORCH_HEALTH_H
#define TOTEBORCH_HEALTH_H

#include <toteborch/audit.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TOTE_STATUS_NEVER_AUDITED  1u
#define TOTE_STATUS_UNREACHABLE    2u /* its ledger could not be read now */
#define TOTE_STATUS_DETACHED       4u
#define TOTE_STATUS_DAMAGED        8u   /* entries that its ledger had cannot be read now */
#define TOTE_STATUS_UNREAD         16u  /* of "orchestrator": it holds more than may be read here */
#define TOTE_STATUS_INPUT_UNSEEN   32u  /* its app-console-input/ was not looked at */
#define TOTE_STATUS_OVERDUE        64u  /* no full audit came in time: see overdue_us */
#define TOTE_STATUS_NO_KEY         128u /* it was made by this root, and its key is not in keys/ */
#define TOTE_STATUS_FLAGS_CLEARED  256u /* each open flag: a later audit found the object whole */
#define TOTE_STATUS_FLAG_SUSPENDED 512u /* it is suspended, had flags, and these suspend it */
#define TOTE_STATUS_CACHED         1024u /* what the last audit read may have come from memory */
#define TOTE_STATUS_CACHED_ASKED   2048u /* with CACHED: that was asked for: nothing due is done */

/*
 * How a container fares, in one word: a larger one is worse, and what is 40 or more wants somebody
 * to do something. Others may come in between.
 */
#define TOTE_HEALTH_GONE           0u /* detached or disposed: nobody minds it any more */
#define TOTE_HEALTH_WELL           10u
#define TOTE_HEALTH_UNSIGNED       20u /* entries wait for a signature, not longer than they may */
#define TOTE_HEALTH_NEWER          30u /* not all of it was there at the last full audit */
#define TOTE_HEALTH_SUSPENDED      40u /* a flag suspended it, which nobody has undone */
#define TOTE_HEALTH_INPUT_LATE     50u /* a document waits for a decision for more than a day */
#define TOTE_HEALTH_COSIGNATURES   60u /* fewer outside cosignatures than its policy asks for */
#define TOTE_HEALTH_UNSIGNED_LATE  70u /* entries wait twice as long as its policy allows */
#define TOTE_HEALTH_NO_KEY         80u
#define TOTE_HEALTH_NEVER_AUDITED  90u
#define TOTE_HEALTH_OVERDUE        100u
#define TOTE_HEALTH_INCOMPLETE     110u /* the last audit could not look at all of it */
#define TOTE_HEALTH_UNREACHABLE    120u
#define TOTE_HEALTH_STANDING       130u /* acknowledged, still damaged */
#define TOTE_HEALTH_SHORTER        140u /* than it was audited: an older copy, or a cut */
#define TOTE_HEALTH_UNREADABLE     145u /* entries of its ledger cannot be read now */
#define TOTE_HEALTH_DAMAGED        150u /* the last audit found damage */
#define TOTE_HEALTH_FLAG           160u /* a flag that nobody has acknowledged */
#define TOTE_HEALTH_RECORD_DAMAGED 170u /* of "orchestrator" */
#define TOTE_HEALTH_ATTENTION      40u  /* from here on */

#define TOTE_HEALTH_DAYS 30u /* how far back verified_* counts */

/*
 * One container's health. What comes from the consolidated record is as old as last_audit_us says;
 * entries, covered, root, cosigners_have and unfolded_since_us are read from the container's own
 * ledger now (0 with UNREACHABLE), its signatures are not verified by that. Where "orchestrator" is
 * DAMAGED, what is said of any container is what could still be read. verdict: of the last finished
 * run. flags_open: unacknowledged; flags_standing: acknowledged, still damaged.
 */
struct tote_status {
	uint32_t size;
	uint32_t flags;
	uint32_t state;
	uint32_t verdict;
	uint32_t level; /* of the last finished run */
	uint32_t reserved;
	uint64_t run;
	int64_t last_audit_us;      /* 0: never */
	int64_t last_full_audit_us; /* 0: never */
	uint64_t audited_entries;
	uint64_t audited_assets;
	uint64_t audited_bytes;
	uint64_t witnessed;
	uint64_t flags_open;
	uint64_t flags_standing;
	uint64_t entries;
	uint64_t covered;
	int64_t unfolded_since_us;
	uint8_t root[32]; /* of the newest checkpoint, covered entries */
	char id[64];
	int64_t last_success_us; /* of the last full audit that found all whole; 0: none */
	uint32_t health;         /* TOTE_HEALTH_* */
	int32_t flag_code;       /* of `flag` */
	uint64_t flag; /* the open flag to begin with: the oldest not cleared; TOTE_SEQ_ANY: none */
	int64_t next_structure_us; /* by the schedule (schedule.h); in the past: since then; 0: never */
	int64_t next_full_us;
	/*
	 * When it becomes overdue, or became so; 0: never. Its last full audit is older than its policy
	 * allows; or it was never audited, and a period of its audits, and a day, have gone by since it
	 * was registered.
	 */
	int64_t overdue_us;
	/* what full audits verified in the last TOTE_HEALTH_DAYS days */
	uint64_t verified_entries; /* also by one that is under way, or was cut off */
	uint64_t verified_assets;
	uint64_t verified_bytes;
	int64_t oldest_unverified_us; /* nothing older is unverified by a full audit; 0: nothing is */
	uint64_t input_waiting;       /* documents in app-console-input/ (0 with INPUT_UNSEEN) */
	int64_t input_since_us;       /* the time of the oldest of them; 0: none */
	uint32_t cosigners_wanted;    /* by its policy */
	uint32_t cosigners_have; /* of them: cosignatures that verify on the newest checkpoint */
	char why[424]; /* of what could not be read now, UNREACHABLE or DAMAGED: what, and why */
};

/*
 * The status of a container, or of "orchestrator". status->size is set by the caller. It reads,
 * writes nothing, takes no lock. TOTE_E_NOT_FOUND. Any thread. Since 0.1.
 */
TOTE_API int tote_orchestrator_status(tote_orchestrator *orchestrator, const char *id,
	struct tote_status *status, struct tote_fault *fault);

/* The status of every container that was ever registered, the worst first. One call at a time. */
typedef struct tote_health tote_health;

#define TOTE_HEALTH_RECORD_ONLY                                                                    \
	1u /* touch no container: entries and covered are what was audited */

/*
 * Takes the status of all at one moment, "orchestrator" among them, in order of health, then of ID.
 * Of each container's ledger the newest checkpoint and the mark are looked at, of the others'
 * writing the journal only where entries wait; state is as on record: tote_orchestrator_status looks
 * at that too. One whose store does not answer within some seconds is UNREACHABLE, and the thread
 * that asked it is left behind until it does. flags: 0 or TOTE_HEALTH_RECORD_ONLY. Any thread. Since
 * 0.1.
 */
TOTE_API int tote_health_open(tote_orchestrator *orchestrator, uint32_t flags,
	tote_health **ret_health, struct tote_fault *fault);
/* 1 and the next status, 0 at the end. status->size is set by the caller. Since 0.1. */
TOTE_API int tote_health_next(
	tote_health *health, struct tote_status *status, struct tote_fault *fault);
/* Drops it; NULL is allowed; returns NULL. Since 0.1. */
TOTE_API tote_health *tote_health_unref(tote_health *health);

/*
 * A word and a sentence for a TOTE_HEALTH_*, NULL for an unknown one. Since 0.1.
 */
TOTE_API const char *tote_health_name(uint32_t health);
TOTE_API const char *tote_health_text(uint32_t health);
/*
 * What to do next, the command line to run behind the last ": " where there is one. At most 255
 * bytes; "" where nothing is to be done. TOTE_E_TOO_LARGE. Since 0.1.
 */
TOTE_API int tote_status_advice(
	const struct tote_status *status, char *ret_text, size_t cap, struct tote_fault *fault);

#define TOTE_FLAG_ACKNOWLEDGED 1u
#define TOTE_FLAG_CLEARED      2u /* an audit that looked at it later found it whole */
#define TOTE_FLAG_SEQ          4u /* at_seq is meaningful */

/*
 * A flag: raised by a finding, standing until it is acknowledged; acknowledged damage stays visible
 * until an audit found the object whole. seq: its own place in the consolidated record, its number.
 */
struct tote_flag {
	uint32_t size;
	uint32_t flags;
	int32_t code;
	uint32_t reserved;
	uint64_t seq;
	uint64_t finding; /* seq of the audit.finding */
	uint64_t at_seq;
	int64_t raised_us;
	int64_t acknowledged_us;
	char container[64];
	char path[4096];
	char actor[256]; /* who acknowledged it */
	char reason[1024];
};

/*
 * The first flag whose seq is above `after` (TOTE_SEQ_ANY: the first of all): 1, or 0 at the end.
 * container: only of that one; NULL: of all. flag->size is set by the caller. Any thread.
 * Since 0.1.
 */
TOTE_API int tote_orchestrator_next_flag(tote_orchestrator *orchestrator, const char *container,
	uint64_t after, struct tote_flag *flag, struct tote_fault *fault);

/*
 * What to do about the cause of a flag, with its container's ID where a command line needs it. At
 * most 511 bytes. TOTE_E_TOO_LARGE. Any thread. Since 0.1.
 */
TOTE_API int tote_flag_advice(
	const struct tote_flag *flag, char *ret_text, size_t cap, struct tote_fault *fault);

/*
 * Acknowledges the flag of that number. actor may be NULL, reason is required. flags: 0.
 * TOTE_E_NOT_FOUND, TOTE_E_EXISTS (it was already). Any thread. Since 0.1.
 */
TOTE_API int tote_orchestrator_acknowledge(tote_orchestrator *orchestrator, uint64_t flag,
	const char *actor, const char *reason, uint32_t flags, struct tote_fault *fault);

/* The full report of one audit run, in JSON Lines: a header, each finding, the verdict. */
typedef struct tote_report tote_report;

/*
 * Opens the report of the run of that number (tote_verdict.run), and gives it only where it is the
 * one whose digest the consolidated record has. TOTE_E_NOT_FOUND: no run of that number has ended;
 * TOTE_E_DAMAGED: its file is missing; TOTE_E_MISMATCH: it is another. Any thread. Since 0.1.
 */
TOTE_API int tote_report_open(tote_orchestrator *orchestrator, uint64_t run,
	tote_report **ret_report, struct tote_fault *fault);
/* 1 and up to cap bytes (1 or more), 0 at the end. One call at a time. Since 0.1. */
TOTE_API int tote_report_read(
	tote_report *report, void *out, size_t cap, size_t *ret_length, struct tote_fault *fault);
/* Drops it; NULL is allowed; returns NULL. Since 0.1. */
TOTE_API tote_report *tote_report_unref(tote_report *report);

#ifdef __cplusplus
}
#endif
#endif
