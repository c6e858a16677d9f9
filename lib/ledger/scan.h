/* SPDX-License-Identifier: ISC */
/*
 * What the two halves of a replay share: finding groups (replay.c), and making one chain of them
 * (replay_chain.c); scan.c has what is left of it.
 */
#ifndef LEDGER_SCAN_H
#define LEDGER_SCAN_H

#include "ledger/journal.h"
#include "ledger/segfile.h"

/* A valid group that reaches beyond C. */
struct found {
	struct group_place at;
	uint8_t prev[HASH_LEN]; /* of its first entry */
};

/* Everything of one replay that is not its result. */
struct scan {
	const struct place *place;
	const struct hasher *engine;
	const uint8_t *genesis; /* NULL: not known */
	struct replay *out;
	struct segfile *files; /* as many as out->segments; closed again once they were scanned */
	struct found *found;   /* in the order in which they lie */
	size_t count, cap;
	struct buf body, other;
	struct buf known; /* of the group of the chain that was compared with last */
	uint64_t known_segment, known_offset;
	uint8_t *chunk;
	struct logdir log;
	struct tile_tree *tree; /* of the size C; NULL for 0 */
	uint64_t highest;       /* H */
	int unknown_segment;
};

static inline uint64_t group_end(const struct group *g)
{
	return g->first_seq + g->count;
}

/* Damage at seq, for this cause. The first cause counts: others mostly follow from it. */
void tote__scan_conclude(struct scan *s, uint64_t seq, const struct tote_fault *why);
void tote__scan_damage(struct scan *s, uint64_t seq, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* E, H and the last leaf as the checkpoint alone gives them; makes the tree. */
int tote__scan_begin_chain(struct scan *s, struct tote_fault *fault);
/* The found groups into s->out->groups, E and the last leaf moved on. */
int tote__scan_chain(struct scan *s, struct tote_fault *fault);
/* Whether each segment's header checks and continues the chain. */
int tote__scan_check_segments(struct scan *s, struct tote_fault *fault);

#endif
