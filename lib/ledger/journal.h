/* SPDX-License-Identifier: ISC */
/*
 * The journal of a ledger over a place: replay (FORMAT section 5), which tells a torn tail from
 * damage, and the position where the next group goes.
 */
#ifndef LEDGER_JOURNAL_H
#define LEDGER_JOURNAL_H

#include "ledger/logdir.h"
#include "ledger/segment.h"

/* Where a valid group lies. */
struct group_place {
	uint64_t segment; /* name of its segment */
	uint64_t offset;
	struct group group;
};

/* What a replay found. */
struct replay {
	const struct heap *heap;
	/* the checkpoint: size 0 and have_checkpoint 0 where there is none */
	int have_checkpoint;
	struct checkpoint covered;
	struct buf note;
	uint64_t end; /* E: the first seq that no valid group from C on holds */
	uint8_t last_leaf
		[HASH_LEN]; /* of seq end - 1; the genesis hash is the caller's for end 0 */
	struct group_place
		*groups; /* those that reach beyond C, ascending by seq, without repeats */
	size_t group_count, group_cap;
	uint64_t *segments; /* names, ascending */
	size_t segment_count;
	uint64_t next_offset; /* in the newest segment, right behind its last valid group */
	int read_only;        /* an unknown version or feature was met: never write */
	int damaged;          /* TOTE_E_DAMAGED was concluded; why says it, at seq damaged_at */
	uint64_t damaged_at;
	struct tote_fault why;
	/* for a repair of what is damaged */
	uint64_t cut;     /* entries below it are whole: E, or where two groups contradict */
	uint64_t highest; /* H: so many entries there were, as far as anything says */
	int log_damaged; /* what the checkpoint covers is not there: no repair of the journal helps */
	int torn;        /* bytes of a group that never returned lie behind the last valid one */
};

/*
 * Replays. mark: of a line that is to be believed, else 0. Damage is no failure of the call: it
 * is in ret. A read error is TOTE_E_IO, never a torn tail. TOTE_E_BUSY where a segment kept going
 * away in between. Only a holder of byte 0, or who is told that nobody writes, may call damaged
 * what this calls damaged. genesis: prev of seq 0, NULL where unknown (then it is not checked).
 */
int tote__replay(const struct place *place, const struct hasher *engine, uint64_t mark,
	const uint8_t *genesis, struct replay *ret, struct tote_fault *fault);
void tote__replay_free(struct replay *r);

/* Reads the body of one group again and checks it. out is reset first. */
int tote__group_load(const struct place *place, const struct hasher *engine,
	const struct group_place *at, struct buf *out, struct tote_fault *fault);

#endif
