/* SPDX-License-Identifier: ISC */
/*
 * What is written to the consolidated audit record: one function for each kind of entry.
 */
#ifndef ORCHESTRATOR_RECORD_H
#define ORCHESTRATOR_RECORD_H

#include "orchestrator/move_list.h"
#include "orchestrator/orchestrator.h"

/*
 * What depends on what is known is written with the record held (tote__orchestrator_hold); a
 * refresh brings it into the registry.
 */
struct registration {
	const char *id;
	const char *location; /* as it is to be recorded */
	const char *backend;
	const struct vkey *key;
	const char *actor;
	size_t known_moves; /* of an ID that comes back: so many of its moves are on record */
};

/* container.registered, and the moves behind it (NULL: none), as one group. */
int tote__record_registered(tote_orchestrator *o, const struct registration *r,
	const struct move_list *moves, struct tote_fault *fault);
int tote__record_rekeyed(tote_orchestrator *o, const char *id, const struct vkey *from,
	const struct vkey *to, uint64_t at_seq, const char *reason, const char *actor,
	struct tote_fault *fault);
int tote__record_detached(tote_orchestrator *o, const char *id, const char *reason,
	const char *actor, struct tote_fault *fault);
int tote__record_state(tote_orchestrator *o, const char *id, uint32_t from, uint32_t to,
	const char *reason, const char *actor, struct tote_fault *fault);
/* container.policy with cosigner-keys: vkeys, a space between. */
int tote__record_cosigners(tote_orchestrator *o, const char *id, const char *keys,
	const char *actor, struct tote_fault *fault);
/* container.policy with what its `set` names. */
int tote__record_policy(tote_orchestrator *o, const char *id, const struct tote_policy *p,
	const char *actor, struct tote_fault *fault);
/* fleet.applied. ret_seq: its own. */
int tote__record_fleet(tote_orchestrator *o, const uint8_t digest[HASH_LEN], uint64_t changes,
	const char *actor, uint64_t *ret_seq, struct tote_fault *fault);
/* witness.cosigned; before it, in one group with it, witness.accepted where vkey is not NULL. */
int tote__record_cosigned(tote_orchestrator *o, const struct checkpoint *c, const char *vkey,
	const char *actor, struct tote_fault *fault);
/* audit.finding and flag.raised as one group; the flag where with_flag says so. */
int tote__record_finding(tote_orchestrator *o, const char *id, uint64_t run,
	const struct finding *f, int with_flag, uint64_t *ret_finding, uint64_t *ret_flag,
	struct tote_fault *fault);
int tote__record_acknowledged(tote_orchestrator *o, uint64_t flag, const char *reason,
	const char *actor, struct tote_fault *fault);

/* --- without a hold ------------------------------------------------------------------------- */

struct run_begin {
	const char *id, *actor;
	uint32_t level;
	uint64_t continues;        /* the unfinished run that it goes on for, 0: none */
	uint64_t from;             /* with it: where that had covered to */
	uint64_t job;              /* the first run of its job, 0: this one */
	int all;                   /* the job is over all containers */
	enum cached cached;        /* CACHED_ASKED, or CACHED_NOT */
	const struct asked *asked; /* NULL: all */
};
int tote__record_audit_started(tote_orchestrator *o, const struct run_begin *begin,
	uint64_t *ret_run, struct tote_fault *fault);

struct run_cover {
	const char *id;
	uint64_t run;
	uint32_t level;
	uint64_t from, to;   /* both included */
	uint64_t bytes;      /* that the run has read */
	uint64_t size;       /* entries it has read, and the leaf of the last */
	const uint8_t *leaf; /* NULL: not known */
};
int tote__record_audit_covered(
	tote_orchestrator *o, const struct run_cover *cover, struct tote_fault *fault);

struct run_end {
	const char *id;
	uint64_t run;
	uint32_t level;
	const struct run_result *result;
	uint64_t findings;
	uint8_t report_digest[HASH_LEN];
	uint64_t report_size;
	int part;    /* only what was asked for was looked at */
	int stopped; /* before it was through */
};
int tote__record_audit_finished(
	tote_orchestrator *o, const struct run_end *end, struct tote_fault *fault);
/* Folds the consolidated record. */
int tote__record_fold(tote_orchestrator *o, struct tote_fault *fault);

#endif
