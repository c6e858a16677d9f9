/* SPDX-License-Identifier: ISC */
/*
 * Reading the log from its beginning to its end.
 */
#include "audit/log_audit.h"
#include "base/text.h"
#include <string.h>

#define MISSING_MAX 64 /* bundles in a row with nothing there: the rest is not looked for */

int tote__log_audit_init(
	struct log_audit *l, struct inquiry *q, struct entries *entries, struct tote_fault *fault)
{
	int rc;

	memset(l, 0, sizeof(*l));
	l->q = q;
	l->entries = entries;
	tote__buf_init(&l->bytes, q->heap, BUNDLE_MAX);
	rc = tote__evidence_init(&l->evidence, q, fault);
	if (rc < 0)
		return rc;
	l->leaves = tote__heap_new(q->heap, 2, TILE_BYTES, fault);
	l->parent = l->leaves ? tote__heap_new(q->heap, 2, sizeof(*l->parent), fault) : NULL;
	if (!l->parent)
		return fault->code;
	l->tile = l->leaves + TILE_BYTES;
	l->truth = l->parent + 1;
	return 0;
}

void tote__log_audit_free(struct log_audit *l)
{
	if (!l->q)
		return;
	tote__evidence_free(&l->evidence);
	tote__buf_free(&l->bytes);
	tote__heap_free(l->q->heap, l->leaves);
	tote__heap_free(l->q->heap, l->parent);
	memset(l, 0, sizeof(*l));
}

int tote__log_audit_begin(
	struct log_audit *l, uint64_t size, const uint8_t *root, struct tote_fault *fault)
{
	tote__evidence_reset(&l->evidence);
	l->loose = !root;
	l->resolved = 0;
	l->size = size;
	if (root)
		memcpy(l->root, root, HASH_LEN);
	l->at = 0;
	l->missing = 0;
	l->given_up = 0;
	l->blamed = 0;
	l->upper = (struct tile_walk){.level = 1};
	l->parent->width = 0;
	l->truth->width = 0;
	return tote__entries_reset(l->entries, fault);
}

/* --- how wide ------------------------------------------------------------------------------- */

static int widest_name(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	uint64_t *widest = user, width;

	(void)st, (void)fault;
	if (tote__decimal_parse(name, strlen(name), &width) == 0 && width < TILE_WIDTH &&
		width > *widest)
		*widest = width;
	return 0;
}

/* The widest tile of that index that is there; 0: none. */
static uint32_t widest(struct log_audit *l, int level, uint64_t index)
{
	struct tile t = {level, index, TILE_WIDTH};
	struct tote_fault unused;
	char name[TILE_NAME_MAX];
	uint64_t width = 0;

	if (tote__logfile_exists(l->q, &t))
		return TILE_WIDTH;
	t.width = 1;
	tote__tile_name(&t, name);
	*strrchr(name, '/') = '\0';
	memset(&unused, 0, sizeof(unused));
	l->q->place->ops->list(l->q->place->handle, SPACE_LOG, name, widest_name, &width, &unused);
	return (uint32_t)width;
}

static uint32_t width_at(struct log_audit *l, uint64_t index)
{
	uint32_t bundle, tile;

	if (!l->loose)
		return tote__tile_width(l->size, TILE_ENTRIES, index);
	bundle = widest(l, TILE_ENTRIES, index);
	tile = widest(l, 0, index);
	return bundle > tile ? bundle : tile;
}

/* --- one bundle ----------------------------------------------------------------------------- */

/* The hash of these 256 entries in the tile above: 1, 0 where it is not to be had. */
static int look_above(
	struct log_audit *l, uint64_t index, uint8_t out[HASH_LEN], struct tote_fault *fault)
{
	struct tile want = {1, index / TILE_WIDTH, 0};
	struct tile_copy *p = l->parent;
	struct logfile file;

	if (!p->width || p->index != want.index) {
		want.width = l->loose ? widest(l, 1, want.index)
				      : tote__tile_width(l->size, 1, want.index);
		p->index = want.index;
		p->width = want.width ? want.width : 1;
		p->known = 0;
		if (want.width) {
			int rc = tote__logfile_tile(l->q, &want, p->hash, &file, fault);

			if (rc < 0)
				return rc;
			p->known = file.state == LOGFILE_GOOD;
		}
	}
	if (!p->known || index % TILE_WIDTH >= p->width)
		return 0;
	memcpy(out, p->hash + index % TILE_WIDTH * HASH_LEN, HASH_LEN);
	return 1;
}

static uint32_t first_difference(const struct log_audit *l, uint32_t whole, uint32_t width)
{
	for (uint32_t i = 0; i < whole; i++)
		if (memcmp(l->leaves + (size_t)i * HASH_LEN, l->tile + (size_t)i * HASH_LEN,
			    HASH_LEN) != 0)
			return i;
	return whole < width ? whole : TILE_WIDTH;
}

/* Reads bundle and tile at l->at: *ret says how they stand to each other. */
static int look(struct log_audit *l, uint32_t width, struct suspect *ret, uint32_t *ret_whole,
	struct tote_fault *fault)
{
	const struct tile bundle = {TILE_ENTRIES, l->at, width}, tile = {0, l->at, width};
	struct logfile b, t;
	int rc;

	memset(ret, 0, sizeof(*ret));
	rc = tote__logfile_bundle(l->q, &bundle, &l->bytes, l->leaves, &b, fault);
	if (rc == 0)
		rc = tote__logfile_tile(l->q, &tile, l->tile, &t, fault);
	if (rc < 0)
		return rc;
	*ret = (struct suspect){.index = l->at,
		.first_odd = TILE_WIDTH,
		.bundle_state = b.state,
		.tile_state = t.state,
		.bundle_file = b.file,
		.tile_file = t.file,
		.bundle_size = b.size,
		.tile_size = t.size};
	*ret_whole = b.whole;
	if (b.state == LOGFILE_GOOD) {
		ret->have |= EVIDENCE_BUNDLE;
		tote__tile_root(l->q->engine, l->leaves, width, ret->bundle);
	}
	if (t.state == LOGFILE_GOOD) {
		ret->have |= EVIDENCE_TILE;
		tote__tile_root(l->q->engine, l->tile, width, ret->tile);
		ret->first_odd = first_difference(l, b.whole, width);
	}
	if (width < TILE_WIDTH)
		return 0;
	rc = look_above(l, l->at, ret->parent, fault);
	if (rc > 0)
		ret->have |= EVIDENCE_PARENT;
	return rc < 0 ? rc : 0;
}

static int is_odd(const struct suspect *s)
{
	if (s->bundle_state != LOGFILE_GOOD || s->tile_state != LOGFILE_GOOD ||
		!tote__hash_equal(s->bundle, s->tile))
		return 1;
	return (s->have & EVIDENCE_PARENT) && !tote__hash_equal(s->bundle, s->parent);
}

/* What an entry of this bundle must hash to in order to be believed; NULL: nothing is. */
static const uint8_t *measure(const struct log_audit *l, const struct suspect *s)
{
	if (l->at >= l->evidence.count) /* the edge: it was decided upon */
		return l->evidence.edge_have ? l->evidence.edge : NULL;
	if (!(s->have & EVIDENCE_BUNDLE) || !(s->have & EVIDENCE_TILE) ||
		tote__hash_equal(s->bundle, s->tile)) {
		if (s->have & EVIDENCE_TILE)
			return l->tile;
		/* the bundle alone, unless the tile above speaks against it */
		if ((s->have & EVIDENCE_BUNDLE) &&
			(!(s->have & EVIDENCE_PARENT) || tote__hash_equal(s->bundle, s->parent)))
			return l->leaves;
		return NULL;
	}
	if ((s->have & EVIDENCE_PARENT) && tote__hash_equal(s->bundle, s->parent))
		return l->leaves;
	return l->tile;
}

/* Whether what is measured by is confirmed by a second witness, or stands alone. */
static int is_sure(const struct log_audit *l, const struct suspect *s)
{
	if (l->at >= l->evidence.count)
		return l->evidence.solved || !l->evidence.edge_odd;
	if (!(s->have & EVIDENCE_BUNDLE) || !(s->have & EVIDENCE_TILE) ||
		tote__hash_equal(s->bundle, s->tile))
		return 1;
	return (s->have & EVIDENCE_PARENT) &&
	       (tote__hash_equal(s->parent, s->bundle) || tote__hash_equal(s->parent, s->tile));
}

static int feed(struct log_audit *l, uint32_t width, const struct suspect *s, uint32_t whole,
	struct tote_fault *fault)
{
	const uint8_t *right = measure(l, s), *entry = NULL;
	int sure = is_sure(l, s);
	struct tote_fault unused;
	char name[TILE_NAME_MAX];
	struct bundle_walk w;
	size_t len = 0;

	tote__tile_name(&s->bundle_file, name);
	tote__bundle_walk(&w, l->bytes.data, l->bytes.len, s->bundle_file.width);
	for (uint32_t i = 0; i < width; i++) {
		const uint8_t *leaf = l->leaves + (size_t)i * HASH_LEN;
		const uint8_t *want = right ? right + (size_t)i * HASH_LEN : NULL;
		int rc = 0;

		if (i < whole && tote__bundle_next(&w, &entry, &len, &unused) > 0 && want &&
			tote__hash_equal(leaf, want))
			rc = tote__entries_take(
				l->entries, entry, len, leaf, SPACE_LOG, name, fault);
		else
			tote__entries_skip(l->entries, 1, sure ? want : NULL);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* --- all of them ---------------------------------------------------------------------------- */

static int finish(struct log_audit *l, struct tote_fault *fault)
{
	int rc = 0;

	if (!l->resolved)
		rc = tote__evidence_resolve(
			&l->evidence, l->loose || l->given_up ? NULL : l->root, fault);
	l->resolved = 1;
	if (l->loose)
		l->size = tote__evidence_size(&l->evidence);
	return rc;
}

static int give_up(struct log_audit *l, struct tote_fault *fault)
{
	l->given_up = 1;
	tote__entries_skip(l->entries, l->size - l->at * TILE_WIDTH, NULL);
	return finish(l, fault);
}

int tote__log_audit_read(struct log_audit *l, struct tote_fault *fault)
{
	uint32_t width = width_at(l, l->at), whole;
	struct suspect s;
	int rc;

	if (!width)
		return finish(l, fault);
	if (l->missing > MISSING_MAX)
		return give_up(l, fault);
	rc = look(l, width, &s, &whole, fault);
	if (rc == 0 && is_odd(&s)) { /* a second look: nothing is said that was not seen again */
		l->parent->width = 0;
		rc = look(l, width, &s, &whole, fault);
	}
	if (rc < 0)
		return rc;
	l->missing = s.bundle_state == LOGFILE_MISSING && s.tile_state == LOGFILE_MISSING
			     ? l->missing + 1
			     : 0;
	if (width == TILE_WIDTH)
		rc = tote__evidence_add(&l->evidence, &s, fault);
	else
		rc = tote__evidence_edge(&l->evidence, width, l->leaves, l->tile, &s, fault);
	if (rc == 0 && width < TILE_WIDTH)
		rc = finish(l, fault);
	if (rc == 0)
		rc = feed(l, width, &s, whole, fault);
	l->at++;
	return rc < 0 ? rc : width == TILE_WIDTH;
}

int tote__log_audit_is_solved(const struct log_audit *l)
{
	return l->evidence.solved;
}

/* --- what is believed ----------------------------------------------------------------------- */

static int is_root(const struct log_audit *l, uint64_t index, const uint8_t *hashes)
{
	uint8_t root[HASH_LEN];

	tote__tile_root(l->q->engine, hashes, TILE_WIDTH, root);
	return tote__hash_equal(root, l->evidence.root[index]);
}

static int load_truth(struct log_audit *l, uint64_t index, struct tote_fault *fault)
{
	const struct tile tile = {0, index, TILE_WIDTH}, bundle = {TILE_ENTRIES, index, TILE_WIDTH};
	struct logfile file;
	int rc = tote__logfile_tile(l->q, &tile, l->truth->hash, &file, fault);

	l->truth->known =
		rc == 0 && file.state == LOGFILE_GOOD && is_root(l, index, l->truth->hash);
	if (rc < 0 || l->truth->known)
		return rc;
	rc = tote__logfile_just(l->q, &bundle, &l->bytes, l->truth->hash, &file, fault);
	l->truth->known =
		rc == 0 && file.state == LOGFILE_GOOD && is_root(l, index, l->truth->hash);
	return rc;
}

int tote__log_audit_leaves(struct log_audit *l, uint64_t index, const uint8_t **ret_hashes,
	uint32_t *ret_width, struct tote_fault *fault)
{
	if (index == l->evidence.count && l->evidence.edge_have) {
		*ret_hashes = l->evidence.edge;
		*ret_width = l->evidence.edge_width;
		return 1;
	}
	if (index >= l->evidence.count)
		return 0;
	if (!l->truth->width || l->truth->index != index) {
		int rc;

		l->truth->index = index;
		l->truth->width = TILE_WIDTH;
		if ((rc = load_truth(l, index, fault)) < 0)
			return rc;
	}
	*ret_hashes = l->truth->hash;
	*ret_width = TILE_WIDTH;
	return l->truth->known;
}

int tote__log_audit_root(
	struct log_audit *l, uint64_t size, struct frontier *ret, struct tote_fault *fault)
{
	uint32_t rest = (uint32_t)(size % TILE_WIDTH), width;
	const uint8_t *hashes;
	int rc;

	if (!tote__evidence_frontier(&l->evidence, size - rest, ret))
		return 0;
	if (!rest)
		return 1;
	rc = tote__log_audit_leaves(l, size / TILE_WIDTH, &hashes, &width, fault);
	if (rc <= 0)
		return rc;
	if (rest > width)
		return 0;
	for (uint32_t i = 0; i < rest; i++)
		tote__frontier_append(ret, l->q->engine, hashes + (size_t)i * HASH_LEN);
	return 1;
}
