/* SPDX-License-Identifier: ISC */
/*
 * What one run is to audit, and what is known of it beforehand.
 */
#ifndef AUDIT_TARGET_H
#define AUDIT_TARGET_H

#include "audit/covered.h"
#include "box/box.h"
#include "tlog/checkpoint.h"

#define COSIGNED_BY_MAX 256 /* names of cosigners, with a NUL */

/* A move of the container's state as the consolidated record has it. */
struct recorded_move {
	uint32_t from, to;
};

/* A key that replaced a lost one (container.rekeyed): checkpoints that cover at_seq are its. */
struct recorded_rekey {
	uint64_t at_seq;
	struct vkey key;
	struct vkey from; /* the lost one, in force before */
};

/* What the consolidated record knows of containers and runs, for the audit of its own directory. */
struct known_container {
	const char *id;
	const char *origin;
	const struct vkey *key; /* of keys/ID and the log's line of seen/ID; NULL: not compared */
	int rotated; /* its log has keys that are not known here: the run over it knows them */
};

struct known_report {
	uint64_t run;
	uint64_t size;
	uint8_t digest[HASH_LEN];
};

/* A log of another root that our witness cosigned, and what the record says of the last time. */
struct cosigned_log {
	const char *origin;
	uint64_t size;
	uint8_t root[HASH_LEN];
};

struct orchestrator_facts {
	void *user;
	/* The log of that index: 1, or 0 behind the last. Index 0 asks the record anew. */
	int (*log)(void *user, size_t index, struct cosigned_log *ret);
	/* The container ever registered under that ID, and the key it was registered with: 1, or 0. */
	int (*container)(void *user, const char *id, struct known_container *ret);
	/*
	 * Sets key and rotated of one that `container` gave, by looking at its log. NULL: they are as it
	 * gave them.
	 */
	void (*key)(void *user, struct known_container *known);
	/* The reports of finished runs: 1, or 0 behind the last. */
	int (*report)(void *user, size_t index, struct known_report *ret);
};

/* An asset that a finding on record is about. */
struct suspect_asset {
	const char *path; /* as findings have it */
	int have_seq;
	uint64_t seq;
};

/* A part of a container that somebody asked for: one asset, or what was sealed in a range of seqs. */
struct asked {
	const char *path;  /* below assets/; NULL: any */
	uint64_t from, to; /* seqs, both included */
};

/* What is to be audited and what is known of it. All pointers outlive the run. */
struct run_target {
	struct tote_ctx *ctx;
	const char *id;
	const struct place *place; /* NULL: it could not be opened, `refused` says why */
	const struct tote_fault *refused;
	int type;   /* LEDGER_CONTAINER or LEDGER_RECORD */
	int layout; /* LAYOUT_* of the place */
	/*
	 * The open box, for holding byte 0 while a suspect is looked at again; NULL: nobody else writes
	 * here, damage is concluded at once. (A ledger or log alone that is not `strict` may be written
	 * to: there only a second look decides, and damage of the journal is not concluded.)
	 */
	tote_box *box;
	uint32_t level;             /* TOTE_LEVEL_* */
	const char *origin;         /* expected, or NULL */
	const struct vkey *key;     /* expected of entry 0 and the checkpoint, or NULL: entry 0's */
	const struct vkey *witness; /* ours, or NULL */
	const struct vkey *former_witnesses; /* rotated away: what they cosigned stays so */
	size_t former_witness_count;
	const struct checkpoint *seen; /* the last one the witness verified, or NULL */
	int seen_expected;             /* a missing `seen` is a finding (registered containers) */
	const struct recorded_move *moves; /* all of them in order; NULL with moves_known 0 */
	size_t move_count;
	int moves_known;
	int moves_from_state; /* state before the first of them: TOTE_STATE_ACTIVE */
	/*
	 * Reads once more what a finding depends on and what others may have changed since; each may be
	 * NULL: then what is above is so. seen_again: 1 and the checkpoint, 0 there is none.
	 * moves_again: as moves, kept by the callee until the next call.
	 */
	void *user;
	int (*seen_again)(void *user, struct checkpoint *ret, struct tote_fault *fault);
	int (*moves_again)(void *user, const struct recorded_move **ret, size_t *ret_count,
		struct tote_fault *fault);
	const struct recorded_rekey *rekeys; /* in order of at_seq */
	size_t rekey_count;
	uint32_t
		cosigners; /* of another root's rules: lines of keys not known here may be theirs */
	const struct vkey *cosigner_keys; /* of the policy: outside witnesses, whose lines count */
	size_t cosigner_count;
	uint32_t cosigners_wanted; /* likewise: so many of them must have cosigned */
	/* The same once more, kept by the callee until the next call. May be NULL. */
	void *cosigners_user;
	int (*cosigners_again)(
		void *user, const struct vkey **ret, size_t *ret_count, struct tote_fault *fault);
	const struct orchestrator_facts
		*facts; /* with LEDGER_RECORD; NULL: keys/ and so on are not audited */
	int strict;     /* TOTE_VERIFY_STRICT: replay all of the journal, nobody writes */
	int may_cache;  /* TOTE_VERIFY_CACHED: what is read need not come from the medium */
	/*
	 * What earlier runs read at this level, whose assets are not read again where the ledger
	 * proves to be the same; but for those that lie at these paths (of findings that stand, as
	 * findings have them) or were sealed at these seqs.
	 */
	const struct covered_range *earlier;
	size_t earlier_count;
	const struct suspect_asset *suspects;
	size_t suspect_count;
	/* Only these assets are wanted, and the walk over all of assets/ is left out. */
	const struct asked *asked; /* NULL: all */
	/* Of one step: threads that read assets (0: by the processors), and files they have open. */
	uint32_t readers, files;
};

#endif
