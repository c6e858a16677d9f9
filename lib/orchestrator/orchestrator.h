/* SPDX-License-Identifier: ISC */
/*
 * The inside of an orchestrator: its root, its place, its record (a box over its own ledger), the
 * registry that the record folds into, and the witness's key.
 *
 * What is held at once is taken in this order: a container's ledger, the record, a refresh, the
 * registry.
 */
#ifndef ORCHESTRATOR_ORCHESTRATOR_H
#define ORCHESTRATOR_ORCHESTRATOR_H

#include "orchestrator/registry.h"
#include <stdatomic.h>
#include <toteborch/orchestrator.h>

#define RECORD_NAME   "/orchestrator" /* behind the root's origin */
#define WITNESS_NAME  "/witness"
#define KEY_FILE      "orchestrator"
#define WITNESS_FILE  "witness"
#define POSIX_BACKEND "posix" /* a root is a directory, whatever its containers are */

struct orchestrator_lock;
struct footprints;
struct agenda;

struct tote_orchestrator {
	struct tote_ctx *ctx;
	atomic_uint refs;
	uint32_t flags;
	char *root;             /* absolute */
	char *location;         /* root "/orchestrator" */
	char *keys;             /* location "/keys" */
	struct place place;     /* LAYOUT_ORCHESTRATOR: seen/, reports/ */
	struct place key_store; /* LAYOUT_KEYS, at keys */
	tote_box *record; /* LEDGER_RECORD over the same directory; NULL where damage hides it */
	struct tote_fault refused; /* of a damaged record, which can only be read: why */
	int64_t damaged_us; /* with the lock: when it was last read as damaged, real time; 0 never */
	struct tote_fault salvaged; /* entries of it are lost, with the lock: why */
	int misled; /* with the lock: the checkpoint in the record's place is another log's */
	int unread; /* with the lock: the record holds more than this reader may use */
	struct tote_fault keyless; /* a key of the root's own is missing or no key: why */
	struct signer witness;     /* used with the record held */
	int have_witness;
	/* Only with the lock, but for the origin, which entry 0 sets for ever. */
	struct registry registry;
	int index_refused; /* with the refresh's lock: what lies in index/ is to be replaced */
	uint64_t indexed;  /* with the refresh's lock: so much of the record is in index/ */
	uint64_t
		index_used; /* so much the registry has from there, and not from the record; 0: nothing */
	struct line self; /* of this boot, which a process never outlives */
	struct view view; /* of the record, which refreshes follow; only with the refresh's lock */
	struct orchestrator_lock *lock;
	struct footprints *footprints;
	struct agenda *agenda;
};

/* A handle with nothing opened yet; also of one that was only half made. */
int tote__orchestrator_new(tote_ctx *ctx, const char *root, uint32_t flags, tote_orchestrator **ret,
	struct tote_fault *fault);
void tote__orchestrator_free(tote_orchestrator *o);
/* TOTE_E_NOT_FOUND where there is no orchestrator/ or no keys/ in it. */
int tote__orchestrator_open_places(tote_orchestrator *o, struct tote_fault *fault);
struct box_config tote__orchestrator_record_config(const tote_orchestrator *o);

int tote__orchestrator_check(const tote_orchestrator *o, struct tote_fault *fault);
/*
 * The record takes entries, after an earlier write that failed too: what it left is settled first.
 * TOTE_E_READ_ONLY, or what its damage is.
 */
int tote__orchestrator_records(tote_orchestrator *o, struct tote_fault *fault);
/* The record's ledger, NULL where it takes no entry. */
static inline struct ledger *tote__orchestrator_ledger(const tote_orchestrator *o)
{
	return o->record ? o->record->ledger : NULL;
}
/*
 * 1: of the record not everything can be read, and what is known is the rest. ret_why, which may be
 * NULL, gets what.
 */
int tote__orchestrator_is_damaged(tote_orchestrator *o, struct tote_fault *ret_why);
/* 1: the record holds entries above what a reader without its lock may use, and no writer is here. */
int tote__orchestrator_is_unread(tote_orchestrator *o);
/* TOTE_E_READ_ONLY where it was opened so. */
int tote__orchestrator_writable(const tote_orchestrator *o, struct tote_fault *fault);
/*
 * The same, and what it knows is all that the record ever said, and it can sign: for whatever is
 * decided for ever. An audit goes on without.
 */
int tote__orchestrator_sound(tote_orchestrator *o, struct tote_fault *fault);

/* --- lock.c, refresh.c: the registry and its lock ---------------------------------------------------- */

struct orchestrator_lock *tote__orchestrator_lock_new(
	const struct heap *heap, struct tote_fault *fault);
void tote__orchestrator_lock_free(const struct heap *heap, struct orchestrator_lock *lock);
/* The registry's lock is held for moments, never over I/O. */
void tote__orchestrator_lock(tote_orchestrator *o);
void tote__orchestrator_unlock(tote_orchestrator *o);
/* One refresh at a time, over its I/O; taken before the registry's. */
void tote__orchestrator_lock_refresh(tote_orchestrator *o);
void tote__orchestrator_unlock_refresh(tote_orchestrator *o);

/*
 * Brings the registry up to what the record holds now, without its lock. Where the record is
 * damaged, what of it can be read: `salvaged` says so where entries are lost.
 */
int tote__orchestrator_refresh(tote_orchestrator *o, struct tote_fault *fault);
/*
 * The end of a verb whose entry is durable where rc is 0: what fails from here on (this refresh, a
 * fold) leaves it done, and the fault says so (TOTE_EFFECT_DONE).
 */
int tote__orchestrator_refresh_after(tote_orchestrator *o, int rc, struct tote_fault *fault);
int tote__orchestrator_done(int rc, struct tote_fault *fault);
/*
 * The record's byte 0, with the registry exact: what is decided before record_let is decided for
 * all processes. TOTE_E_READ_ONLY, TOTE_E_BUSY, TOTE_E_DAMAGED.
 */
int tote__orchestrator_hold(tote_orchestrator *o, struct tote_fault *fault);
void tote__orchestrator_release(tote_orchestrator *o);

#endif
