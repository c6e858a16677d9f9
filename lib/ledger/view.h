/* SPDX-License-Identifier: ISC */
/*
 * A view: what one reader may use of a ledger at one moment, without its lock (FORMAT section 5,
 * "Readers without the lock"): the entries below a fixed limit, from bundles and journal. It
 * stays valid while others append, fold and remove segments.
 */
#ifndef LEDGER_VIEW_H
#define LEDGER_VIEW_H

#include "ledger/entry.h"
#include "ledger/journal.h"
#include "ledger/line.h"

#define VIEW_NOBODY_WRITES                                                                         \
	1u /* a copy or read-only media: all that replay gives, damage concluded */
#define VIEW_UNCACHED 2u

struct view {
	const struct place *place;
	const struct hasher *engine;
	uint32_t flags;
	struct replay replay; /* covered, note, groups */
	uint64_t limit;       /* entries below it may be used */
	uint64_t above_mark;  /* with VIEW_NOBODY_WRITES: how many of them lie above the mark */
	struct line line;
	struct logdir log;
	struct tile_tree *tree; /* of the covered size, made when first needed */
	/* the bundle or group read last */
	struct buf kept;
	uint64_t kept_first, kept_count;
	int kept_verified;
	uint8_t (*kept_leaf)[HASH_LEN];
	struct bundle_walk kept_walk; /* stands before seq kept_next */
	uint64_t kept_next;
	uint32_t *kept_at; /* where the entries of what is kept begin, where kept_indexed */
	int kept_indexed;
	/* where the next group is looked for, once tail_known (follow.h) */
	uint64_t tail, tail_offset;
	int tail_known;
};

/*
 * TOTE_E_BUSY after some tries; TOTE_E_NOT_FOUND where there is neither checkpoint nor journal.
 * Damage that is concluded (VIEW_NOBODY_WRITES) fails nothing: replay.damaged and replay.why say
 * it, and limit is the end of what is whole. The view must stay where it is.
 */
int tote__view_open(
	struct view *v, const struct place *place, uint32_t flags, struct tote_fault *fault);
void tote__view_close(struct view *v);

/*
 * The bytes of one entry, valid until the next call on this view. Those below the checkpoint's
 * size are verified against its root (*ret_verified 1), the others against the journal's checks
 * and chain (0). TOTE_E_NOT_FOUND at or above limit, TOTE_E_DAMAGED; TOTE_E_BUSY where a repair
 * exchanged the journal meanwhile and a new view must be opened.
 */
int tote__view_read(struct view *v, uint64_t seq, const uint8_t **ret_bytes, size_t *ret_len,
	uint8_t ret_leaf[HASH_LEN], int *ret_verified, struct tote_fault *fault);

/*
 * Calls each for the entries [from, to), in order; stops at a non-zero result and returns it. to is
 * at most limit, else TOTE_E_NOT_FOUND before anything. Beside what view_read checks: seq and prev
 * of each entry. TOTE_E_MALFORMED with its seq for one outside the grammar. each makes no call on
 * this view.
 */
typedef int view_each_fn(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN],
	int verified, struct tote_fault *fault);
int tote__view_scan(struct view *v, uint64_t from, uint64_t to, view_each_fn *each, void *user,
	struct tote_fault *fault);

/* The lock's line as a reader sees it; a place that has none gives a void one. */
int tote__view_line(const struct view *v, struct line *ret, struct tote_fault *fault);
/* Between the two readings somebody took over who trusts less than the first line promised. */
int tote__view_line_fell_back(
	const struct view *v, const struct line *first, const struct line *second);
/* An entry `ledger.repaired` that is the last one, above the checkpoint, is not used yet. */
int tote__view_hold_back_repair(struct view *v, struct tote_fault *fault);

/* A view of what a replay found, which it takes over; all of that may be used. */
void tote__view_of(struct view *v, const struct place *place, struct replay *replay);

/* The tree of the covered size, for proofs. */
int tote__view_tree(struct view *v, struct tile_tree **ret, struct tote_fault *fault);

#endif
