/* SPDX-License-Identifier: ISC */
/*
 * The inside of a ledger that is written, shared by the files that are its parts: open.c makes it,
 * slot.c lets one thread at a time write, hold.c has byte 0 and what comes before a promise,
 * reading.c reads what the ledger holds, stage.c and commit.c make groups of drafts, append.c lets
 * callers share one, folding.c has byte 2.
 */
#ifndef LEDGER_LEDGER_IMPL_H
#define LEDGER_LEDGER_IMPL_H

#include "ledger/journal.h"
#include "ledger/ledger.h"
#include "ledger/line.h"
#include "ledger/segfile.h"
#include <pthread.h>

#define JOURNAL_BOUND_DEFAULT (UINT64_C(256) << 20)
#define FOLD_BYTES_DEFAULT    (UINT64_C(16) << 20)

/* Entries that become one group. */
struct stage {
	struct buf body, entry;
	uint64_t first;
	uint32_t count;
	uint8_t leaf[HASH_LEN]; /* of the entry staged last, or before the first */
	char state[STATE_NAME_MAX + 1];
	int has_state;
};

/* A call of tote__ledger_append that waits for its group. */
struct request {
	const struct draft *drafts;
	size_t count;
	uint64_t expected;
	size_t bound; /* bytes that it may need at most in a group */
	int host;
	int result;
	uint64_t first;
	struct tote_fault *fault;
	struct request *next; /* in one group */
};

/*
 * A thread that waits for the writer's slot, first come first served. It sleeps on a condition of
 * its own, so that nobody is woken for what is another's.
 */
struct waiter {
	struct waiter *next;
	struct request *request; /* NULL: it holds, and nobody can do that for it */
	int queued;              /* the ledger's mutex guards it; 0: a call will come */
	pthread_mutex_t mutex;   /* guards `call` */
	pthread_cond_t called;
	int call;
};

struct ledger {
	struct tote_ctx *ctx;
	const struct heap *heap;
	const struct place *place;
	const struct store_ops *ops;
	const struct hasher *engine;
	struct clock_source waits; /* the system's: what is waited for is real */
	int type;
	uint32_t observe;
	struct signer *signer;
	struct ledger_hooks hooks;
	int64_t lock_wait_us;
	uint64_t journal_bound, fold_bytes;
	char origin[KEY_NAME_MAX + 1];
	struct vkey vkey;
	uint8_t genesis[HASH_LEN];

	pthread_mutex_t mutex; /* guards the next seven; held for moments only */
	pthread_cond_t folded;
	struct waiter *waiters;
	int slot;    /* a thread has the writer's slot */
	int folding; /* a thread has byte 2 or waits for it */
	int unsure; /* byte 2's alone: a sync failed in a fold of ours, what it named is written anew */
	struct ledger_info info;
	uint64_t fold_after; /* a fold failed: not again by itself before the journal is larger */
	struct vkey signing; /* the signer's key: the signer itself is its who has byte 2 */

	/* From here on: the slot's owner's alone. */
	int holding;  /* byte 0 is held and everything below is exact */
	int known;    /* `now` was exact when byte 0 was last let go */
	int suspect;  /* what the cache shows may not be on the disk: only a takeover mends it */
	int poisoned; /* and the caller must ask for it */
	int seal_open;
	int settling;
	struct line line;         /* ours */
	char left[LOCK_LINE_MAX]; /* the `idle` that was written last, left_len 0: none */
	size_t left_len;
	struct replay now;   /* segments, torn and the like are those of the last replay */
	uint64_t unfolded;   /* bytes of now.groups */
	struct segfile tail; /* the newest segment; next_offset of `now` is where it goes on */
	int observing;
	uint64_t observed; /* the next seq that hooks.observe has not seen */
	uint8_t observed_leaf[HASH_LEN];
	uint64_t oldest; /* the seq that oldest_us is of; UINT64_MAX: not known */
	int64_t oldest_us;
	size_t company; /* calls that shared the last group */
	struct stage stage;
	struct buf body, bytes;
};

/* The time until which a call that begins now may wait, and how much of it is left. */
int64_t tote__wait_until(const struct ledger *l);
int64_t tote__wait_left(const struct ledger *l, int64_t until);
/*
 * 1: the slot is ours. 0: w->request was done by another thread. TOTE_E_BUSY. w is the caller's
 * and not referred to any more when this returns.
 */
int tote__slot_take(struct ledger *l, struct waiter *w, int64_t until, struct tote_fault *fault);
void tote__slot_give(struct ledger *l);
/* The next waiting request if it fits, marked taken; NULL. fits is asked with the mutex held. */
typedef int request_fits_fn(const void *user, const struct request *q);
struct waiter *tote__slot_next_request(struct ledger *l, request_fits_fn *fits, const void *user);
void tote__slot_done(struct waiter *w);
/* The same for folds: 1 ours; 0 somebody else's and wait was 0. */
int tote__fold_slot_take(struct ledger *l, int64_t until, int wait, struct tote_fault *fault);
void tote__fold_slot_give(struct ledger *l);

/* hold.c: byte 0 and everything that comes before a promise; the slot is the caller's. */
int tote__writer_take(struct ledger *l, int64_t until, int recover, struct tote_fault *fault);
void tote__writer_leave(struct ledger *l);
/* Byte 0 in its turn and nothing else: for a repair, which a takeover would refuse. */
int tote__writer_lock(struct ledger *l, int64_t until, struct tote_fault *fault);
int tote__writer_line(struct ledger *l, int state, struct tote_fault *fault);
/*
 * The mark after a sync, before anybody is answered. last: nothing more is written in this hold, so
 * that the line says `idle` with it, where letting go would.
 */
int tote__writer_mark(struct ledger *l, int last, struct tote_fault *fault);
void tote__writer_poison(struct ledger *l);
/* The ledger is locked by somebody: says by whom. */
int tote__writer_busy(struct ledger *l, struct tote_fault *fault);

/* folding.c: byte 2. 1: it is ours; 0: somebody else's, and wait was 0. */
int tote__fold_take(struct ledger *l, int64_t until, int wait, struct tote_fault *fault);
void tote__fold_drop(struct ledger *l);
/* With byte 2: what is there below a bound set under byte 0, for tote__replay_free. */
int tote__fold_bound(struct ledger *l, int64_t until, struct replay *ret, struct tote_fault *fault);
/* The signer may have another key now: what is told of it follows. */
void tote__fold_publish_key(struct ledger *l);
/* A fold with byte 2 held: all that is durable now. */
int tote__fold_held(struct ledger *l, int64_t until, struct checkpoint *ret, struct buf *ret_note,
	struct tote_fault *fault);

/* reading.c */
/* One more group that is durable: the end of `now` moves on. */
int tote__now_accept(struct ledger *l, const struct group *g, uint64_t segment, uint64_t offset,
	struct tote_fault *fault);
void tote__now_count(struct ledger *l); /* unfolded, of now.groups */
/* Reads the checkpoint again: 1 where it covers more or has other lines now, 0 where not. */
int tote__now_refresh(struct ledger *l, struct tote_fault *fault);
void tote__now_publish_info(struct ledger *l);
/* Shows hooks.observe what it has not seen. */
int tote__observe_rest(struct ledger *l, struct tote_fault *fault);
/* A group that `now` has just accepted; where a hook fails, observe_rest shows it the rest. */
void tote__observe_group(struct ledger *l, const struct group *g, const struct buf *body);
/* After a replay: whether what was observed is still the beginning of the ledger. */
int tote__observe_check(struct ledger *l, struct tote_fault *fault);

/* stage.c */
void tote__stage_begin(struct ledger *l);
int tote__stage_add(struct ledger *l, const struct draft *drafts, size_t count,
	struct tote_fault *fault); /* all or none */
/* What holds for a call whatever the ledger holds; *ret_bound: bytes in a group. */
int tote__stage_check(struct ledger *l, const struct draft *drafts, size_t count, int host,
	size_t *ret_bound, struct tote_fault *fault);

/*
 * commit.c: what is staged becomes durable and is observed. Nothing staged: nothing done. last: this
 * hold writes no more.
 */
int tote__commit(struct ledger *l, int last, struct tote_fault *fault);
/* TOTE_E_FOLD_NEEDED where the journal is at its bound and there is no signer. */
int tote__check_room(struct ledger *l, struct tote_fault *fault);

#endif
