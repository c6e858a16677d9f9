/* SPDX-License-Identifier: ISC */
/*
 * The registry: all that the orchestrator knows, folded from the consolidated record, entry by
 * entry, and from nothing else: containers, their states and moves, runs, findings, flags.
 */
#ifndef ORCHESTRATOR_REGISTRY_H
#define ORCHESTRATOR_REGISTRY_H

#include "audit/run.h"
#include "audit/turn.h"
#include "orchestrator/history.h"
#include "orchestrator/runs.h"
#include <toteborch/health.h>
#include <toteborch/schedule.h>

#define RECORD_ID "orchestrator" /* what the consolidated record is called among containers */

struct known_finding { /* a cause on record: code, path and seq make it the same one */
	int32_t code;
	uint32_t have_at_seq;
	uint64_t at_seq;
	uint64_t seq;  /* of its audit.finding */
	uint64_t flag; /* of the flag.raised that belongs to it, TOTE_SEQ_ANY: none */
	int64_t first_seen_us;
	char *path;
};

struct known_flag {
	uint64_t seq, finding;
	int32_t code;
	int64_t raised_us, acknowledged_us; /* 0: not acknowledged */
	char *actor, *reason;
	int cleared; /* a run that began later and looked there found it whole */
};

/* A log of another root that our witness cosigned (cosign.h). */
struct known_log {
	char origin[256];
	char vkey[320];    /* accepted last */
	uint64_t accepted; /* the seq that says so */
	uint64_t size;     /* cosigned last; 0: nothing yet */
	uint8_t root[HASH_LEN];
};

/*
 * What this handle remembers of a container beside the record, for its schedule: what it did itself,
 * by the time that it went by. All zero for one that it did nothing with yet.
 */
struct remembered {
	struct known_done done[HISTORY_LEVELS];
	int64_t failed_us; /* with failed_count: what could not even begin */
	uint64_t failed_count;
	int64_t look_us; /* the next look at its ledger */
	uint64_t look_failures;
	uint64_t served;         /* shares since it became due */
	struct rate_bucket rate; /* of its audits */
	int rated;               /* the bucket was begun, with the rate of the policy then */
	int anew;                /* the next audit goes on from nothing */
	int open;                /* an audit of it is under way in this handle */
	int64_t opened_us;       /* since when, by the monotonic clock */
};

/* What is known of one container, or of `orchestrator` itself. */
struct known {
	char id[64];
	char backend[64];
	char origin[256];
	char vkey[320];                /* entry 0's */
	struct recorded_rekey *rekeys; /* in order */
	size_t rekey_count, rekey_cap;
	char *location;            /* as recorded */
	char *cosigner_keys;       /* of its policy: vkeys, a space between; NULL: none */
	struct tote_policy policy; /* in force; set: what is on record */
	struct known_history history;
	struct remembered mine;
	uint64_t registered;
	int64_t registered_us;
	int detached;
	uint32_t state;
	struct recorded_move *moves;
	size_t move_count, move_cap;
	/* the last finished run, and the last full one */
	uint64_t run;
	uint32_t level, verdict, cached; /* enum cached */
	int64_t last_audit_us, last_full_us, last_success_us;
	uint64_t entries, assets, bytes, witnessed, tree_size;
	uint64_t full_assets, full_bytes; /* that the last full one verified */
	struct known_runs runs;           /* that have not ended, and what was read */
	uint8_t root[HASH_LEN];
	struct known_finding *findings;
	size_t finding_count, finding_cap;
	struct known_flag *flags;
	size_t flag_count, flag_cap;
};

/* Where a flag is: flags come in order of seq, whichever container they are of. */
struct flag_place {
	uint64_t seq;
	struct known *of;
	size_t index; /* in of->flags */
};

struct registry {
	const struct heap *heap;
	char origin[256];
	char vkey[320], witness_vkey[320]; /* in force: where each proven rotation has led to */
	struct keyring keys, witness_keys; /* all of them */
	struct known **items;              /* in byte order of ID; "orchestrator" among them */
	size_t count, cap;
	struct flag_place *flags; /* of all containers */
	size_t flag_count, flag_cap;
	struct known_report *reports; /* of finished runs, in order of their ends */
	size_t report_count, report_cap;
	struct known_log *logs; /* in order of first contact */
	size_t log_count, log_cap;
	int have_fleet; /* a fleet file was applied: this one last */
	uint8_t fleet_digest[HASH_LEN];
	uint64_t next;     /* the seq of the next entry to take */
	int64_t newest_us; /* the time of the one before it */
	/* where the record's times went back last, and to what; 0: never */
	uint64_t stepped_seq;
	int64_t stepped_us;
	struct buf scratch;
};

void tote__registry_init(struct registry *r, const struct heap *heap);
void tote__registry_free(struct registry *r);
void tote__registry_reset(struct registry *r);
/* Makes room for one more item: the array may move. */
int tote__registry_grow(const struct heap *heap, void **items, size_t count, size_t *cap,
	size_t size, struct tote_fault *fault);
/* A new container under its ID, in its place. TOTE_E_DAMAGED where it is there. */
int tote__registry_add(
	struct registry *r, const char *id, struct known **ret, struct tote_fault *fault);
/* registry_take.c: takes one entry of the consolidated record, in order of seq. TOTE_E_DAMAGED for a wrong order. */
int tote__registry_take(struct registry *r, const struct entry *e, struct tote_fault *fault);
struct known *tote__registry_find(const struct registry *r, const char *id); /* or NULL */
/* The first whose ID comes behind `after` (NULL: the first of all), or NULL. */
struct known *tote__registry_next(const struct registry *r, const char *after);
/* The same of containers alone: the consolidated record is passed over. */
struct known *tote__registry_after(const struct registry *r, const char *after);
/* A log of another root by its origin, or NULL. */
struct known_log *tote__registry_log(const struct registry *r, const char *origin);
/* The cause on record that is this finding, or NULL. */
struct known_finding *tote__registry_cause(
	const struct known *k, int code, const char *path, int have_seq, uint64_t seq);
/* A flag by its seq and the container it is of, or NULL. */
struct known_flag *tote__registry_flag(
	const struct registry *r, uint64_t seq, struct known **ret_container);
/* The first flag behind `after` (TOTE_SEQ_ANY: of all), likewise. */
struct known_flag *tote__registry_flag_after(
	const struct registry *r, uint64_t after, struct known **ret_container);
/* The same among those of one container. */
struct known_flag *tote__known_flag_after(const struct known *k, uint64_t after);
/* A finding of a container by its seq, or NULL. */
struct known_finding *tote__known_finding(const struct known *k, uint64_t seq);

#endif
