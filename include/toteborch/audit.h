/* SPDX-License-Identifier: ISC */
/*
 * Audits: jobs that read what is there, compare it with what was promised, and say how much of how
 * much they looked at. And the findings they make.
 */
#ifndef TOTEBORCH_AUDIT_H
#define TOTEBORCH_AUDIT_H

#include <toteborch/orchestrator.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TOTE_LEVEL_STRUCTURE 1u /* ledger whole; every asset's presence, size, mode, links */
#define TOTE_LEVEL_FULL      2u /* and every byte of every asset read and hashed again */

#define TOTE_VERDICT_NONE       0u /* not known yet */
#define TOTE_VERDICT_OK         1u
#define TOTE_VERDICT_DAMAGED    2u
#define TOTE_VERDICT_INCOMPLETE 3u /* something could not be looked at, or the job was cancelled */

/* A job. step, next_* and close take one call at a time; progress and cancel any thread. */
typedef struct tote_audit tote_audit;

#define TOTE_AUDIT_CONTINUE 1u /* goes on where the last job of that level was cut off */
#define TOTE_AUDIT_RANGE    2u /* from_seq and to_seq are meant */
#define TOTE_AUDIT_CACHED                                                                          \
	4u /* what the system holds in memory will do: verdicts say CACHED_ASKED */

/*
 * ids: the containers, count of them; NULL: the consolidated record and every container that is
 * registered here. "orchestrator" means the consolidated record with keys/ and seen/.
 * level: 0 means FULL.
 *
 * parallel: so many containers at once, at most 64; 0: as many as there are processors, but 2 to 8.
 * With more than 8 the library may have more than 64 descriptors open. The consolidated record is
 * audited first, alone. A container whose store does not answer keeps its place and no other
 * waiting, as long as there is another place.
 *
 * CONTINUE: of each container whose run at that level was started and did not come to its end (a
 * kill, a reboot, cancel, close) a new run goes on where audit.covered says that it came to. A
 * container that the same job had finished already is passed over; one that it had not begun is
 * begun where the job was over all of them, or ids name it. Where nothing was cut off nothing is
 * done, unless ids name a container, which begins anew. A run that goes on reads the ledger again, which proves that the container is still the same one, and looks at each name in assets/;
 * the bytes of an asset that were read it does not read again, unless a finding on record is about
 * it. Where the ledger is another one everything is read.
 *
 * max_age_us: what was read no longer ago is not read again, whichever run did; a container that
 * was found whole since, and has no entry more, is passed over. 0: everything is read.
 *
 * path (of one asset) or RANGE (seqs from_seq to to_seq, both included): only these assets are
 * looked at; one container only. Such a run is never ok for the container: its verdict is incomplete (or
 * damaged) and has the flag PART, and asked says how many assets were asked for. Found whole, they
 * are cleared of flags; nothing else is.
 *
 * Entries and assets are read from the medium, past what the system holds of them in memory, but
 * with CACHED: then what anybody is given who reads them now is verified, not what lies there. Such
 * an audit counts for nothing that wants the medium: the schedule's audits stay due, no flag is
 * cleared, no later run counts on what it read, and it is not gone on with, so not with CONTINUE. A
 * store that cannot read past memory (TOTE_VERDICT_CACHED alone) has no better audit: that one counts.
 *
 * rate: bytes a second, over the whole job; 0: no limit. Where it is reached a step waits, up to its
 * own max_us.
 */
struct tote_audit_options {
	uint32_t size;
	uint32_t flags; /* TOTE_AUDIT_* */
	uint32_t level;
	uint32_t parallel;
	const char *const *ids;
	size_t id_count;
	const char *actor;
	uint64_t rate;
	int64_t max_age_us;
	const char *path;
	uint64_t from_seq;
	uint64_t to_seq;
};

/* As tote_ctx_options_init. Any thread. Since 0.1. */
TOTE_API int tote_audit_options_init(
	struct tote_audit_options *options, size_t size, struct tote_fault *fault);

/*
 * Starts a job over an orchestrator: one run, one report and one verdict for each container, the
 * orchestrator's first, then begun in order of ID; of several at once the verdicts come as each of
 * them ends. Each container is folded first where it can be, and
 * cosigned at its end where it is whole. Nothing is read yet. TOTE_E_NOT_FOUND for an unknown ID.
 * Any thread. Since 0.1.
 */
TOTE_API int tote_audit_start(tote_orchestrator *orchestrator,
	const struct tote_audit_options *options, tote_audit **ret_audit, struct tote_fault *fault);

#define TOTE_VERIFY_STRICT 1u /* nobody writes there: all is judged, damage is concluded */
#define TOTE_VERIFY_CACHED                                                                         \
	2u /* what the system holds in memory will do: verdicts say CACHED_ASKED */

/*
 * A job over a ledger directory alone (ledger/, or its published log/): read-only, no root, nothing
 * is recorded, no keys but public ones. vkey: the log's, entry 0's or the newest: from entry 0's each
 * proven rotation is followed (TOTE-5016 names the key it leads to), and a key that no entry leads
 * to counts because it was given (TOTE-5015 says so); witness_vkey: a witness's that must have
 * cosigned, or NULL. The log is read from the medium but with TOTE_VERIFY_CACHED, which is faster
 * and verifies what anybody who reads it now is given. Its findings and its one verdict come as from
 * any job. TOTE_E_NO_SIGNATURE where the checkpoint is not signed by these keys (or there is none),
 * TOTE_E_BAD_SIGNATURE, TOTE_E_NOT_FOUND where directory is neither. ctx may be NULL. Any thread.
 * Since 0.1.
 */
TOTE_API int tote_verify_ledger(tote_ctx *ctx, const char *directory, const char *vkey,
	const char *witness_vkey, uint32_t flags, tote_audit **ret_audit, struct tote_fault *fault);

/*
 * Works until about max_bytes were read or max_us microseconds went by (0: no bound): 1 more to do,
 * 0 all done. Damage is no failure of the call: it is a finding. Several containers are audited by
 * threads of the library that have all signals blocked and are gone when the call returns; backends
 * that do not bear other threads are called by the caller's only. A call into the kernel cannot be
 * abandoned: where a store does not answer, the step ends when it does, and works on the other
 * containers until then. Since 0.1.
 */
TOTE_API int tote_audit_step(
	tote_audit *audit, uint64_t max_bytes, int64_t max_us, struct tote_fault *fault);

struct tote_audit_progress {
	uint32_t size;
	uint32_t flags;
	uint64_t containers; /* in all */
	uint64_t finished;
	uint64_t bytes;       /* read so far, over all containers */
	uint64_t bytes_total; /* as far as known; 0 where not yet */
	uint64_t entries;
	uint64_t assets;
	uint64_t findings;
	char current[64];     /* the container being read, or "" */
	uint64_t passed_over; /* containers that needed no run: CONTINUE, max_age_us */
	uint64_t rate;        /* bytes a second, smoothed; 0 while it is not known */
	int64_t remaining_us; /* until the job is through; -1 while nothing credible can be said */
};

/* How far it came, also during a step. progress->size is set by the caller. Since 0.1. */
TOTE_API int tote_audit_progress(
	tote_audit *audit, struct tote_audit_progress *progress, struct tote_fault *fault);

#define TOTE_FINDING_SEQ          1u /* seq is meaningful */
#define TOTE_FINDING_NOT_RECORDED 2u /* the consolidated record did not take it */
#define TOTE_FINDING_KNOWN        4u /* its cause was on record before this run */
#define TOTE_FINDING_INFORMATION  8u /* no damage: it does not change the verdict */

/*
 * A finding. code: printed TOTE-%04d, for ever. Strings are NUL-terminated and live until the next
 * call on the job; path, expected, found are "" where they say nothing. flag: the seq of the flag
 * it raised or belongs to, TOTE_SEQ_ANY where none. A flag is durable before next_finding shows it.
 */
struct tote_finding {
	uint32_t size;
	uint32_t flags;
	int32_t code;
	uint32_t reserved;
	uint64_t run;
	uint64_t seq;
	uint64_t flag;
	int64_t first_seen_us;
	const char *container;
	const char *path; /* below the container's directory: "assets/a", "ledger/log/tile/0/000" */
	size_t path_length;
	const char *expected;
	const char *found;
	const char *text; /* what the code means */
	const char *next; /* what to do next, as a command */
};

/*
 * 1 and the next finding, 0 where there is none yet (or, after the last step, none more).
 * finding->size is set by the caller. Since 0.1.
 */
TOTE_API int tote_audit_next_finding(
	tote_audit *audit, struct tote_finding *finding, struct tote_fault *fault);

#define TOTE_VERDICT_WITNESSED    1u  /* a checkpoint of this size is cosigned by the witness */
#define TOTE_VERDICT_CACHED       2u  /* some of what was read may have come from memory */
#define TOTE_VERDICT_NOT_RECORDED 4u  /* the consolidated record took no entry of it */
#define TOTE_VERDICT_UNREACHABLE  8u  /* its directory could not be opened at all */
#define TOTE_VERDICT_OUTSIDE      16u /* witnesses outside this root cosigned it: cosigned_by */
#define TOTE_VERDICT_PART         32u /* only what was asked for was looked at */
#define TOTE_VERDICT_EARLIER      64u /* it counts on what earlier runs read: earlier_assets */
#define TOTE_VERDICT_CACHED_ASKED                                                                  \
	128u /* with CACHED: since it was asked for, not for want of better */

/* One container's verdict: how much of how much was verified, and how old the rest is. */
struct tote_verdict {
	uint32_t size;
	uint32_t flags;
	uint32_t verdict;
	uint32_t level;
	uint64_t run;     /* seq of its audit.started */
	uint64_t entries; /* verified */
	uint64_t entries_total;
	uint64_t assets; /* verified at this level */
	uint64_t assets_total;
	uint64_t bytes; /* of assets and ledger, read */
	uint64_t bytes_total;
	uint64_t findings;
	uint64_t tree_size;           /* of the checkpoint that was verified */
	uint64_t witnessed;           /* size of the last cosigned checkpoint, 0 if none */
	int64_t oldest_unverified_us; /* time of the oldest record not verified; 0: none, 1: not known */
	uint8_t root[32];
	char container[64];
	uint32_t cosigners; /* witnesses of its policy that cosigned the checkpoint, verified */
	uint32_t cosigners_wanted; /* by its policy: with fewer, TOTE-5019 */
	char cosigned_by[256];     /* their names, one space between; cut off between two names */
	uint64_t asked;            /* assets that were to be looked at: all, but with PART */
	uint64_t earlier_assets;   /* of the verified: their bytes were read by earlier runs */
	uint64_t earlier_bytes;
	int64_t earlier_us; /* when the oldest of that was put on record, 0: none */
	uint64_t continues; /* the run that was cut off, and that this one went on for; 0: none */
};

/*
 * 1 and the verdict of the next container that was finished, 0 where none is yet. verdict->size is
 * set by the caller. Since 0.1.
 */
TOTE_API int tote_audit_next_verdict(
	tote_audit *audit, struct tote_verdict *verdict, struct tote_fault *fault);

/* The worst verdict so far: DAMAGED before INCOMPLETE before OK. Since 0.1. */
TOTE_API int tote_audit_worst(tote_audit *audit, uint32_t *ret_verdict, struct tote_fault *fault);

/* The step under way, or the next, ends the job; runs not finished are incomplete. Since 0.1. */
TOTE_API int tote_audit_cancel(tote_audit *audit, struct tote_fault *fault);

/*
 * Ends the job as cancel does and writes what must be on record. It drops the handle always, also
 * where another call is under way (TOTE_E_BUSY) or in a forked child. NULL is allowed. Since 0.1.
 */
TOTE_API int tote_audit_close(tote_audit *audit, struct tote_fault *fault);
/* Drops the handle without I/O; NULL is allowed; returns NULL. Since 0.1. */
TOTE_API tote_audit *tote_audit_unref(tote_audit *audit);

/*
 * The name of a finding's code ("asset-changed"), what it means, and what to do, each one line and
 * static; NULL for a number that is none. Any thread. Since 0.1.
 */
TOTE_API const char *tote_finding_name(int code);
TOTE_API const char *tote_finding_text(int code);
TOTE_API const char *tote_finding_advice(int code);
/* The first code above `after` (0: the first of all), or 0 at the end. Any thread. Since 0.1. */
TOTE_API int tote_finding_next(int after);

#ifdef __cplusplus
}
#endif
#endif
