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

#define TOTE_STATUS_NEVER_AUDITED 1u
#define TOTE_STATUS_UNREACHABLE   2u /* its ledger could not be read now */
#define TOTE_STATUS_DETACHED      4u
#define TOTE_STATUS_DAMAGED       8u  /* of "orchestrator": entries of the record cannot be read */
#define TOTE_STATUS_UNREAD        16u /* of "orchestrator": it holds more than may be read here */

/*
 * One container's health. What comes from the consolidated record is as old as last_audit_us says;
 * entries, covered and unfolded_since_us are read from the container's own ledger now (0 with
 * UNREACHABLE). Where "orchestrator" is DAMAGED, what is said of any container is what could still
 * be read. verdict: of the last finished run. flags_open: unacknowledged; flags_standing:
 * acknowledged, still damaged.
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
};

/*
 * The status of a container, or of "orchestrator". status->size is set by the caller. It reads,
 * writes nothing, takes no lock. TOTE_E_NOT_FOUND. Any thread. Since 0.1.
 */
TOTE_API int tote_orchestrator_status(tote_orchestrator *orchestrator, const char *id,
	struct tote_status *status, struct tote_fault *fault);

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
