/* SPDX-License-Identifier: ISC */
/*
 * Reading the log from its beginning to its end.
 */
#include "audit/log_audit.h"
#include "base/text.h"
#include <string.h>

#define MISSING_MAX 64 /* bundles in a row with nothing there: the rest is not looked for */
#define KEPT_MAX    ((size_t)1 << 20) /* bytes of a bundle, that are kept for the next one */

/* --- reading, on any thread ----------------------------------------------------------------- */

struct asking {
	struct ahead *ahead;
	const void *job;
};

static int ask_room(void *user, uint64_t bytes)
{
	const struct asking *asking = user;

	return tote__ahead_room(asking->ahead, asking->job, bytes);
}

static void take_roots(struct log_piece *p, const struct inquiry *q)
{
	const struct hasher *engine = tote__hasher_alone(q->engine, q->heap);
	int bundle = p->bundle.file.state == LOGFILE_GOOD,
	    tile = p->tile.file.state == LOGFILE_GOOD;

	if (bundle)
		tote__tile_root(engine, p->leaves, p->width, p->bundle_root);
	if (tile && bundle && memcmp(p->leaves, p->hashes, (size_t)p->width * HASH_LEN) == 0)
		memcpy(p->tile_root, p->bundle_root, HASH_LEN);
	else if (tile)
		tote__tile_root(engine, p->hashes, p->width, p->tile_root);
	tote__hasher_drop(engine, q->heap);
}

/* Reads what p->index and p->width name; ahead NULL: for who waits for it. */
static int read_piece(struct ahead *ahead, void *job)
{
	struct log_piece *p = job;
	const struct inquiry *q = p->of->q;
	const struct tile bundle = {TILE_ENTRIES, p->index, p->width};
	const struct tile tile = {0, p->index, p->width};
	struct asking asking = {ahead, job};
	const struct logread_room room = {ask_room, &asking};

	tote__logfile_read(q, &tile, NULL, &p->bytes, NULL, &p->tile);
	if (p->tile.file.state == LOGFILE_GOOD)
		memcpy(p->hashes, p->bytes.data, (size_t)p->width * HASH_LEN);
	if (!tote__logfile_read(q, &bundle, ahead ? &room : NULL, &p->bytes, p->leaves, &p->bundle))
		return AHEAD_LATER;
	tote__plain_find(p->bytes.data, p->bytes.len, p->bundle.file.file.width,
		p->index * TILE_WIDTH, p->leaves, p->bundle.file.whole, &p->plain);
	take_roots(p, q);
	return AHEAD_DONE;
}

/* --- made and begun ------------------------------------------------------------------------- */

static void piece_init(struct log_piece *p, const struct log_audit *l)
{
	p->of = l;
	tote__buf_init(&p->bytes, l->q->heap, BUNDLE_MAX);
}

int tote__log_audit_init(
	struct log_audit *l, struct inquiry *q, struct entries *entries, struct tote_fault *fault)
{
	int rc;

	memset(l, 0, sizeof(*l));
	l->q = q;
	l->entries = entries;
	rc = tote__evidence_init(&l->evidence, q, fault);
	if (rc == 0 && q->place) /* else nothing is read */
		rc = tote__ahead_init(&l->ahead, q->heap, sizeof(struct log_piece),
			(q->place->ops->capabilities & STORE_CAN_ANY_THREAD) != 0, read_piece,
			fault);
	if (rc < 0)
		return rc;
	l->tile = tote__heap_new(q->heap, 1, TILE_BYTES, fault);
	l->own = l->tile ? tote__heap_new(q->heap, 1, sizeof(*l->own), fault) : NULL;
	l->parent = l->own ? tote__heap_new(q->heap, 2, sizeof(*l->parent), fault) : NULL;
	if (!l->parent)
		return fault->code;
	piece_init(l->own, l);
	for (size_t i = 0; q->place && i < AHEAD_JOBS; i++)
		piece_init(tote__ahead_job(&l->ahead, i), l);
	l->truth = l->parent + 1;
	return 0;
}

void tote__log_audit_free(struct log_audit *l)
{
	if (!l->q)
		return;
	tote__evidence_free(&l->evidence);
	tote__ahead_rest(&l->ahead);
	for (size_t i = 0; l->ahead.jobs && i < AHEAD_JOBS; i++) {
		struct log_piece *p = tote__ahead_job(&l->ahead, i);

		tote__buf_free(&p->bytes);
	}
	tote__ahead_free(&l->ahead);
	if (l->own)
		tote__buf_free(&l->own->bytes);
	tote__heap_free(l->q->heap, l->own);
	tote__heap_free(l->q->heap, l->tile);
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
	tote__ahead_clear(&l->ahead);
	l->given = 0;
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

static uint32_t first_difference(const struct log_piece *p)
{
	const uint32_t whole = p->bundle.file.whole;

	if (memcmp(p->leaves, p->hashes, (size_t)whole * HASH_LEN) == 0)
		return whole < p->width ? whole : TILE_WIDTH;
	for (uint32_t i = 0; i < whole; i++)
		if (memcmp(p->leaves + (size_t)i * HASH_LEN, p->hashes + (size_t)i * HASH_LEN,
			    HASH_LEN) != 0)
			return i;
	return TILE_WIDTH;
}

/* What was read at l->at: *ret says how bundle and tile stand to each other. */
static int look(struct log_audit *l, struct suspect *ret, struct tote_fault *fault)
{
	const struct log_piece *p = l->piece;
	const struct logfile *b = &p->bundle.file, *t = &p->tile.file;
	int rc = tote__logfile_tell(l->q, &p->bundle, fault);

	if (rc == 0)
		rc = tote__logfile_tell(l->q, &p->tile, fault);
	if (rc < 0)
		return rc;
	*ret = (struct suspect){.index = l->at,
		.first_odd = TILE_WIDTH,
		.bundle_state = b->state,
		.tile_state = t->state,
		.bundle_file = b->file,
		.tile_file = t->file,
		.bundle_size = b->size,
		.tile_size = t->size};
	if (b->state == LOGFILE_GOOD) {
		ret->have |= EVIDENCE_BUNDLE;
		memcpy(ret->bundle, p->bundle_root, HASH_LEN);
	}
	if (t->state == LOGFILE_GOOD) {
		ret->have |= EVIDENCE_TILE;
		memcpy(ret->tile, p->tile_root, HASH_LEN);
		ret->first_odd = first_difference(p);
	}
	if (p->width < TILE_WIDTH)
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
			return l->piece->hashes;
		/* the bundle alone, unless the tile above speaks against it */
		if ((s->have & EVIDENCE_BUNDLE) &&
			(!(s->have & EVIDENCE_PARENT) || tote__hash_equal(s->bundle, s->parent)))
			return l->piece->leaves;
		return NULL;
	}
	if ((s->have & EVIDENCE_PARENT) && tote__hash_equal(s->bundle, s->parent))
		return l->piece->leaves;
	return l->piece->hashes;
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

static int feed(struct log_audit *l, const struct suspect *s, struct tote_fault *fault)
{
	const struct log_piece *p = l->piece;
	const uint8_t *right = measure(l, s), *entry = NULL;
	int sure = is_sure(l, s);
	struct tote_fault unused;
	char name[TILE_NAME_MAX];
	struct bundle_walk w;
	size_t len = 0;

	tote__tile_name(&s->bundle_file, name);
	tote__bundle_walk(&w, p->bytes.data, p->bytes.len, s->bundle_file.width);
	for (uint32_t i = 0; i < p->width; i++) {
		const uint8_t *leaf = p->leaves + (size_t)i * HASH_LEN;
		const uint8_t *want = right ? right + (size_t)i * HASH_LEN : NULL;
		int rc = 0;

		if (i >= p->bundle.file.whole ||
			tote__bundle_next(&w, &entry, &len, &unused) <= 0 || !want ||
			memcmp(leaf, want, HASH_LEN) != 0)
			tote__entries_skip(l->entries, 1, sure ? want : NULL);
		else if (!tote__entries_take_plain(l->entries, &p->plain, i, p->leaves))
			rc = tote__entries_take(
				l->entries, entry, len, leaf, SPACE_LOG, name, fault);
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

/* The bundles of a known tree are read ahead; what has no known size is read as it comes. */
static void give_ahead(struct log_audit *l)
{
	struct log_piece *p;
	uint32_t width;

	while (!l->loose && (width = tote__tile_width(l->size, TILE_ENTRIES, l->given)) &&
		(p = tote__ahead_next(&l->ahead))) {
		p->index = l->given++;
		p->width = width;
		tote__ahead_give(&l->ahead);
	}
	l->q->ahead = &l->ahead;
}

static struct log_piece *take_piece(struct log_audit *l, uint32_t width)
{
	struct log_piece *p;

	give_ahead(l);
	p = tote__ahead_take(&l->ahead);
	if (p)
		return p;
	l->own->index = l->at;
	l->own->width = width;
	read_piece(NULL, l->own);
	return l->own;
}

/* A large bundle's memory is not kept for small ones. */
static void drop_piece(struct log_audit *l, struct log_piece *p)
{
	if (p->bytes.cap > KEPT_MAX)
		tote__buf_free(&p->bytes);
	l->piece = NULL;
	if (p != l->own)
		tote__ahead_drop(&l->ahead);
}

static int judge_piece(struct log_audit *l, struct suspect *s, struct tote_fault *fault)
{
	uint32_t width = l->piece->width;
	int rc;

	l->missing = s->bundle_state == LOGFILE_MISSING && s->tile_state == LOGFILE_MISSING
			     ? l->missing + 1
			     : 0;
	if (width == TILE_WIDTH)
		rc = tote__evidence_add(&l->evidence, s, fault);
	else
		rc = tote__evidence_edge(
			&l->evidence, width, l->piece->leaves, l->piece->hashes, s, fault);
	if (rc == 0 && width < TILE_WIDTH)
		rc = finish(l, fault);
	if (rc == 0)
		rc = feed(l, s, fault);
	l->at++;
	return rc < 0 ? rc : width == TILE_WIDTH;
}

int tote__log_audit_read(struct log_audit *l, struct tote_fault *fault)
{
	uint32_t width = width_at(l, l->at);
	struct log_piece *p;
	struct suspect s;
	int rc;

	if (!width)
		return finish(l, fault);
	if (l->missing > MISSING_MAX)
		return give_up(l, fault);
	p = take_piece(l, width);
	l->piece = p;
	rc = look(l, &s, fault);
	if (rc == 0 && is_odd(&s)) { /* a second look: nothing is said that was not seen again */
		l->parent->width = 0;
		read_piece(NULL, p);
		rc = look(l, &s, fault);
	}
	if (rc == 0)
		rc = judge_piece(l, &s, fault);
	drop_piece(l, p);
	return rc;
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
	rc = tote__logfile_just(l->q, &bundle, &l->own->bytes, l->truth->hash, &file, fault);
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
