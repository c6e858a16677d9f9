/* SPDX-License-Identifier: ISC */
/*
 * The hearing of witnesses. A fault in one file is always told right; where several files of one
 * place are at fault, whatever the signed root confirms.
 */
#include "audit/evidence.h"
#include <string.h>

#define FIRST_CAP 64

int tote__evidence_init(struct evidence *e, struct inquiry *q, struct tote_fault *fault)
{
	memset(e, 0, sizeof(*e));
	e->heap = q->heap;
	e->engine = q->engine;
	e->edge_bundle = tote__heap_new(e->heap, 3, TILE_BYTES, fault);
	if (!e->edge_bundle)
		return fault->code;
	e->edge_tile = e->edge_bundle + TILE_BYTES;
	e->edge = e->edge_tile + TILE_BYTES;
	return 0;
}

static void free_above(struct evidence *e)
{
	for (size_t i = 0; i < TILE_LEVELS - 2; i++) {
		tote__heap_free(e->heap, e->above[i]);
		e->above[i] = NULL;
		e->above_count[i] = 0;
	}
}

void tote__evidence_free(struct evidence *e)
{
	if (!e->heap)
		return;
	free_above(e);
	tote__heap_free(e->heap, e->root);
	tote__heap_free(e->heap, e->suspects);
	tote__heap_free(e->heap, e->edge_bundle);
	memset(e, 0, sizeof(*e));
}

void tote__evidence_reset(struct evidence *e)
{
	free_above(e);
	e->count = 0;
	e->suspect_count = 0;
	e->edge_width = 0;
	e->edge_have = 0;
	e->edge_odd = 0;
	e->solved = 0;
}

/* --- collecting ----------------------------------------------------------------------------- */

static int add_suspect(struct evidence *e, const struct suspect *s, struct tote_fault *fault)
{
	if (e->suspect_count == e->suspect_cap) {
		size_t cap = e->suspect_cap ? 2 * e->suspect_cap : FIRST_CAP;
		struct suspect *more =
			tote__heap_resize(e->heap, e->suspects, cap, sizeof(*more), fault);

		if (!more)
			return fault->code;
		e->suspects = more;
		e->suspect_cap = cap;
	}
	e->suspects[e->suspect_count++] = *s;
	return 0;
}

static int is_good(const struct suspect *s)
{
	return s->bundle_state == LOGFILE_GOOD && s->tile_state == LOGFILE_GOOD;
}

static int agree(const struct suspect *s)
{
	if (!is_good(s) || !tote__hash_equal(s->bundle, s->tile))
		return 0;
	return !(s->have & EVIDENCE_PARENT) || tote__hash_equal(s->bundle, s->parent);
}

int tote__evidence_add(struct evidence *e, const struct suspect *s, struct tote_fault *fault)
{
	if (e->count == e->cap) {
		size_t cap = e->cap ? 2 * e->cap : FIRST_CAP;
		void *more = tote__heap_resize(e->heap, e->root, cap, sizeof(*e->root), fault);

		if (!more)
			return fault->code;
		e->root = more;
		e->cap = cap;
	}
	memcpy(e->root[e->count++], s->have & EVIDENCE_BUNDLE ? s->bundle : s->tile, HASH_LEN);
	return agree(s) ? 0 : add_suspect(e, s, fault);
}

int tote__evidence_edge(struct evidence *e, uint32_t width, const uint8_t *bundle,
	const uint8_t *tile, const struct suspect *s, struct tote_fault *fault)
{
	size_t len = (size_t)width * HASH_LEN;

	e->edge_width = width;
	e->edge_have = s->have;
	if (s->have & EVIDENCE_BUNDLE)
		memcpy(e->edge_bundle, bundle, len);
	if (s->have & EVIDENCE_TILE)
		memcpy(e->edge_tile, tile, len);
	e->edge_odd = !is_good(s) || memcmp(bundle, tile, len) != 0;
	return e->edge_odd ? add_suspect(e, s, fault) : 0;
}

/* --- deciding ------------------------------------------------------------------------------- */

enum {
	TRY_BUNDLES, /* the bundles are right */
	TRY_PARENTS, /* whichever the tile above confirms is right, else the bundle */
	TRY_TILES,   /* the tiles of leaf hashes are right */
	TRY_ABOVE,   /* the tiles above are right: bundle and tile were both changed */
	TRIES
};

static int has(const struct suspect *s, uint32_t what)
{
	return (s->have & what) == what;
}

static const uint8_t *confirmed(const struct suspect *s)
{
	if (has(s, EVIDENCE_PARENT | EVIDENCE_BUNDLE) && tote__hash_equal(s->parent, s->bundle))
		return s->bundle;
	if (has(s, EVIDENCE_PARENT | EVIDENCE_TILE) && tote__hash_equal(s->parent, s->tile))
		return s->tile;
	return NULL;
}

static const uint8_t *first_of(const struct suspect *s, uint32_t a, uint32_t b, uint32_t c)
{
	const uint32_t order[] = {a, b, c};

	for (int i = 0; i < 3; i++)
		if (s->have & order[i])
			return order[i] == EVIDENCE_BUNDLE ? s->bundle
			       : order[i] == EVIDENCE_TILE ? s->tile
							   : s->parent;
	return s->bundle; /* nobody knows: zeros, which no root confirms */
}

static const uint8_t *choose(const struct suspect *s, int how)
{
	const uint8_t *by_parent;

	switch (how) {
	case TRY_PARENTS:
		by_parent = confirmed(s);
		if (by_parent)
			return by_parent;
		break;
	case TRY_TILES:
		return first_of(s, EVIDENCE_TILE, EVIDENCE_BUNDLE, EVIDENCE_PARENT);
	case TRY_ABOVE:
		return first_of(s, EVIDENCE_PARENT, EVIDENCE_BUNDLE, EVIDENCE_TILE);
	default:
		break;
	}
	return first_of(s, EVIDENCE_BUNDLE, EVIDENCE_TILE, EVIDENCE_PARENT);
}

static void believe(struct evidence *e, int how, const uint8_t *edge)
{
	for (size_t i = 0; i < e->suspect_count; i++) {
		const struct suspect *s = &e->suspects[i];

		if (s->index < e->count)
			memcpy(e->root[s->index], choose(s, how), HASH_LEN);
	}
	if (e->edge_width)
		memcpy(e->edge, edge, (size_t)e->edge_width * HASH_LEN);
}

uint64_t tote__evidence_size(const struct evidence *e)
{
	return e->count * TILE_WIDTH + e->edge_width;
}

/*
 * RFC 6962 2.1: perfect subtrees of 256 leaves each stand in a frontier just as leaves do; with the
 * size in leaves it is the frontier of these leaves.
 */
int tote__evidence_frontier(const struct evidence *e, uint64_t size, struct frontier *ret)
{
	uint64_t full = size / TILE_WIDTH;

	if (size > tote__evidence_size(e) || full > e->count)
		return 0;
	tote__frontier_init(ret);
	for (uint64_t i = 0; i < full; i++)
		tote__frontier_append(ret, e->engine, e->root[i]);
	ret->size *= TILE_WIDTH;
	for (uint64_t i = full * TILE_WIDTH; full == e->count && i < size; i++)
		tote__frontier_append(
			ret, e->engine, e->edge + (size_t)(i % TILE_WIDTH) * HASH_LEN);
	return 1;
}

static int gives(const struct evidence *e, const uint8_t root[HASH_LEN])
{
	uint8_t hash[HASH_LEN];
	struct frontier f;

	if (!tote__evidence_frontier(e, tote__evidence_size(e), &f))
		return 0;
	tote__frontier_root(&f, e->engine, hash);
	return tote__hash_equal(hash, root);
}

static int build_above(struct evidence *e, struct tote_fault *fault)
{
	const uint8_t(*below)[HASH_LEN] = (const uint8_t(*)[HASH_LEN])e->root;
	uint64_t count = e->count / TILE_WIDTH;

	free_above(e);
	for (size_t i = 0; i < TILE_LEVELS - 2 && count; i++, count /= TILE_WIDTH) {
		e->above[i] = tote__heap_new(e->heap, (size_t)count, sizeof(*e->above[i]), fault);
		if (!e->above[i])
			return fault->code;
		e->above_count[i] = count;
		for (uint64_t n = 0; n < count; n++)
			tote__tile_root(
				e->engine, below[n * TILE_WIDTH], TILE_WIDTH, e->above[i][n]);
		below = (const uint8_t(*)[HASH_LEN])e->above[i];
	}
	return 0;
}

/* Without a root that confirms one of them: the tile where bundle and tile of the edge differ. */
static const uint8_t *likelier_edge(const struct evidence *e)
{
	return e->edge_have & EVIDENCE_TILE ? e->edge_tile : e->edge_bundle;
}

int tote__evidence_resolve(
	struct evidence *e, const uint8_t root[HASH_LEN], struct tote_fault *fault)
{
	const uint8_t *edges[2] = {e->edge_bundle, e->edge_tile};
	const uint32_t known[2] = {EVIDENCE_BUNDLE, EVIDENCE_TILE};

	e->solved = 0;
	for (int how = 0; root && how < TRIES; how++) {
		for (int i = 0; i < 2; i++) {
			if (e->edge_width && !(e->edge_have & known[i]))
				continue;
			believe(e, how, edges[i]);
			e->solved = gives(e, root);
			if (e->solved)
				return build_above(e, fault);
			if (!e->edge_odd)
				break;
		}
		if (!e->suspect_count)
			break;
	}
	believe(e, TRY_PARENTS, likelier_edge(e));
	return build_above(e, fault);
}

const uint8_t *tote__evidence_hashes(
	const struct evidence *e, int level, uint64_t first, uint32_t count)
{
	uint64_t have = level == 1 ? e->count : 0;

	if (level >= 2 && level < TILE_LEVELS)
		have = e->above_count[level - 2];
	if (first > have || count > have - first)
		return NULL;
	return level == 1 ? e->root[first] : e->above[level - 2][first];
}
