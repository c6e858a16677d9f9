/* SPDX-License-Identifier: ISC */
/*
 * Which file of a log is at fault. Of every 256 entries there are three witnesses: the bundle, the
 * tile of their leaf hashes, and the hash of it in the tile above; over all of them stands the root
 * of the checkpoint. Where they disagree, what the root confirms is right; without a root that
 * confirms anything, two against one.
 */
#ifndef AUDIT_EVIDENCE_H
#define AUDIT_EVIDENCE_H

#include "audit/logfile.h"

#define EVIDENCE_BUNDLE 1u /* bundle[] is known */
#define EVIDENCE_TILE   2u
#define EVIDENCE_PARENT 4u

/* 256 entries whose witnesses disagree, or one of them is not to be had. */
struct suspect {
	uint64_t index;
	uint32_t have;
	uint32_t first_odd; /* the first entry whose leaf hashes differ; TILE_WIDTH: not known */
	int bundle_state, tile_state; /* LOGFILE_* */
	struct tile bundle_file, tile_file;
	uint64_t bundle_size, tile_size;
	uint8_t bundle[HASH_LEN], tile[HASH_LEN], parent[HASH_LEN];
};

struct evidence {
	const struct heap *heap;
	const struct hasher *engine;
	uint8_t (*root)[HASH_LEN]; /* of the full bundles, in order: what is believed */
	uint64_t count;
	size_t cap;
	struct suspect *suspects;
	size_t suspect_count, suspect_cap;
	/* the entries behind the last full bundle */
	uint32_t edge_width, edge_have;
	int edge_odd;                            /* edge is a suspect, and the last one */
	uint8_t *edge_bundle, *edge_tile, *edge; /* TILE_BYTES each; edge: what is believed */
	int solved; /* what is believed gives the root that was demanded */
	/* hashes of the levels above, [0] is level 2: full ones only */
	uint8_t (*above[TILE_LEVELS - 2])[HASH_LEN];
	uint64_t above_count[TILE_LEVELS - 2];
};

int tote__evidence_init(struct evidence *e, struct inquiry *q, struct tote_fault *fault);
void tote__evidence_free(struct evidence *e);
void tote__evidence_reset(struct evidence *e);

/* The next full 256. All three agree: s->have of all and no state but GOOD. */
int tote__evidence_add(struct evidence *e, const struct suspect *s, struct tote_fault *fault);
/* The rest: leaf hashes as bundle and tile have them; s as above, its hashes unused. */
int tote__evidence_edge(struct evidence *e, uint32_t width, const uint8_t *bundle,
	const uint8_t *tile, const struct suspect *s, struct tote_fault *fault);
/* Decides what is believed. root: of the checkpoint; NULL: none is to be believed. */
int tote__evidence_resolve(
	struct evidence *e, const uint8_t root[HASH_LEN], struct tote_fault *fault);

/* After resolve. The size that was judged, and the root of the first `size` of them. */
uint64_t tote__evidence_size(const struct evidence *e);
/* Hashes of a tile of level 1 or more, by the entries; NULL: not so many. */
const uint8_t *tote__evidence_hashes(
	const struct evidence *e, int level, uint64_t first, uint32_t count);
/* The frontier of the first size entries, size a multiple of 256 or all of them. */
int tote__evidence_frontier(const struct evidence *e, uint64_t size, struct frontier *ret);

#endif
