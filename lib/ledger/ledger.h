/* SPDX-License-Identifier: ISC */
/*
 * A ledger that is written: the lock with its turnstile and line, takeover, durable appends that
 * share a sync, and the hold under which a room above does several things as one.
 *
 * An append is durable when the call returns 0. After a failure that may have had an effect the
 * handle takes no more until tote__ledger_recover (the model: FORMAT section 5).
 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include "ledger/entry.h"
#include "ledger/keyring.h"
#include "ledger/kind.h"
#include "ledger/view.h"
#include "store/keystore.h"

struct ledger;

/* What the room above is asked and told. All calls are made with byte 0 held. */
struct ledger_hooks {
	void *user;
	/* What was observed is forgotten: a replay begins anew. */
	void (*reset)(void *user);
	/*
	 * Every entry from ledger_options.observe on, in order, once it is durable (or found by
	 * replay). A non-zero result fails the opening or reading on.
	 */
	int (*observe)(void *user, const struct entry *e, struct tote_fault *fault);
	/* May this draft be appended now? (The state of the container.) NULL: yes. */
	int (*admit)(void *user, const struct draft *d, struct tote_fault *fault);
	/* The value of tote-state for an entry that comes now; NULL: none (consolidated record). */
	const char *(*state)(void *user);
	/*
	 * A takeover: settle what an unclean holder left (FORMAT section 7). from: the checkpoint's
	 * size. The ledger is whole, its line written; it may call tote__ledger_write. NULL: nothing.
	 */
	int (*settle)(void *user, struct ledger *l, uint64_t from, struct tote_fault *fault);
	/*
	 * Before a new tree is signed: must it not be? (The last one the orchestrator saw.) node gives
	 * the nodes of the new tree. NULL: nothing to compare.
	 */
	int (*guard)(void *user, const struct checkpoint *c, merkle_node_fn *node, void *tree,
		struct tote_fault *fault);
	/*
	 * Adds to `keys` each key that replaced a lost one, and which that was (FORMAT section 6,
	 * container.rekeyed). Asked without byte 0, before a fold and to see
	 * whether a signer may sign here. NULL: there is none.
	 */
	int (*keys)(void *user, struct keyring *keys, struct tote_fault *fault);
};

#define OBSERVE_ALL   0u /* from seq 0 */
#define OBSERVE_STATE 1u /* from the last seq that is a multiple of 256 */

struct ledger_options {
	struct tote_ctx *ctx;
	const struct place *place; /* the caller's, outlives the ledger */
	int type;                  /* LEDGER_CONTAINER or LEDGER_RECORD */
	uint32_t observe;
	const char *origin;    /* expected; NULL: as entry 0 says */
	struct signer *signer; /* the caller's, or NULL: appends and never folds */
	int repairing;         /* opens a damaged one too, by the note last signed: for a repair */
	struct ledger_hooks hooks;
	int64_t lock_wait_us;   /* 0: the context's */
	uint64_t journal_bound; /* 0: 256 MiB; without a signer: FOLD_NEEDED there */
	uint64_t
		fold_bytes; /* 0: 16 MiB: an append with a signer folds when the journal is larger */
};

/* No I/O but what finds origin and vkey (entry 0); takes no lock. */
int tote__ledger_open(
	const struct ledger_options *options, struct ledger **ret, struct tote_fault *fault);
/*
 * Makes a ledger of one entry in an empty place, under a first checkpoint; the same call completes
 * one that a crash left half-made, and gives the whole one as it is. Needs the signer.
 */
int tote__ledger_create(const struct ledger_options *options, const struct draft *first,
	struct ledger **ret, struct tote_fault *fault);
void tote__ledger_close(struct ledger *l); /* no I/O but letting go of descriptors and locks */

const char *tote__ledger_origin(const struct ledger *l);
const struct vkey *tote__ledger_vkey(const struct ledger *l); /* of entry 0 */
/* The key that the signer has now: 1, or 0 where there is no signer. */
int tote__ledger_signing(struct ledger *l, struct vkey *ret);

#define LEDGER_SEQ_ANY UINT64_MAX

/*
 * Appends count drafts as one group: all or none. expected: the seq of the first, or
 * LEDGER_SEQ_ANY; where it is taken, the entries there are compared: equal gives 0 and that seq,
 * else TOTE_E_CONFLICT and fault->seq the next seq. Calls from several threads share a sync.
 * host 1: the caller is the host, whose kinds and keys are restricted.
 */
int tote__ledger_append(struct ledger *l, const struct draft *drafts, size_t count,
	uint64_t expected, int host, uint64_t *ret_first, struct tote_fault *fault);

/*
 * Holds byte 0 (and the handle's writer slot) over several steps. hold reads on, and takes over
 * where one is due. write appends one durable group. Between, hooks' knowledge is exact. open_seal
 * says that something must be settled should we die: release then leaves `busy` unless it was
 * closed again with 0.
 */
int tote__ledger_hold(struct ledger *l, struct tote_fault *fault);
int tote__ledger_write(struct ledger *l, const struct draft *drafts, size_t count,
	uint64_t *ret_first, struct tote_fault *fault);
uint64_t tote__ledger_next(const struct ledger *l); /* with the hold: the next seq */
void tote__ledger_open_seal(struct ledger *l, int open);
void tote__ledger_poison(struct ledger *l); /* with the hold: a sync behind our back failed */
void tote__ledger_release(struct ledger *l);
/* Reads entries [from, to) with the hold: exact, also above the mark of the last line. */
int tote__ledger_scan(struct ledger *l, uint64_t from, uint64_t to, view_each_fn *each, void *user,
	struct tote_fault *fault);

/* Lifts poisoning by replaying the disk: takes the lock and takes over. */
int tote__ledger_recover(struct ledger *l, struct tote_fault *fault);

/*
 * Folds all that is durable now; returns the checkpoint that covers it (also where nothing was
 * new). TOTE_E_NO_SIGNER. ret_note, where not NULL, gets the note's bytes (reset first).
 */
int tote__ledger_fold(
	struct ledger *l, struct checkpoint *ret, struct buf *ret_note, struct tote_fault *fault);

/*
 * Folds where there is a signer and the journal is larger than fold_bytes, unless somebody else is
 * folding; without the hold. It never fails: what could not be folded now is folded later.
 */
void tote__ledger_fold_if_large(struct ledger *l);

/*
 * Adds a signature line to the checkpoint with byte 2 held, if its text is still `text`; 1 added or
 * there already, 0 the text is another now.
 */
int tote__ledger_add_line(struct ledger *l, const char *text, size_t text_len, const char *line,
	size_t line_len, struct tote_fault *fault);

struct ledger_info {
	uint64_t next;              /* next seq as far as this handle knows */
	uint64_t covered;           /* size of the newest checkpoint it knows */
	uint64_t journal_bytes;     /* not yet folded */
	int64_t oldest_unfolded_us; /* its time field; 0 where none */
	int poisoned, read_only, damaged;
};
void tote__ledger_info(struct ledger *l, struct ledger_info *ret);

#endif
