/* SPDX-License-Identifier: ISC */
/*
 * The fold (DESIGN "The order that keeps promises"): write, sync, read back, hash again, compare
 * with what was signed before, sign, verify, keep as the last one signed, publish, and only then
 * take away what is superseded.
 */
#include "ledger/fold.h"
#include "ledger/logwriter.h"
#include "ledger/readback.h"
#include "ledger/segfile.h"
#include "ledger/tiler.h"
#include <inttypes.h>
#include <string.h>

/* Entries on their way into the log. */
struct folding {
	struct fold *fold;
	struct logdir log;
	struct tiler tiler;
	struct logwriter writer;
	struct segfile segment; /* the one that is read; handle NULL: none yet */
	struct buf bundle, group;
	uint8_t leaf[HASH_LEN]; /* of the entry before; known from the second one on */
	int has_leaf;
	uint8_t edge[HASH_LEN]; /* of entry C - 1, where a partial bundle holds it */
	int has_edge;
};

/* --- writing -------------------------------------------------------------------------------- */

static int put_tile(
	void *user, const struct tile *t, const uint8_t *hashes, struct tote_fault *fault)
{
	struct folding *g = user;

	return tote__logwriter_put(&g->writer, t, hashes, (size_t)t->width * HASH_LEN, fault);
}

static int put_bundle(struct folding *g, uint32_t width, struct tote_fault *fault)
{
	struct tile t = {TILE_ENTRIES, (g->tiler.size - 1) / TILE_WIDTH, width};
	int r = tote__logwriter_put(&g->writer, &t, g->bundle.data, g->bundle.len, fault);

	tote__buf_reset(&g->bundle);
	return r;
}

/* The entries of a last partial bundle, which the next one begins with. */
static int take_up_bundle(struct folding *g, struct tote_fault *fault)
{
	uint64_t size = g->fold->from->covered.size;
	struct bundle_walk w;
	const uint8_t *bytes;
	uint32_t width;
	size_t len;
	int r;

	if (size % TILE_WIDTH == 0)
		return 0;
	r = tote__logdir_bundle(&g->log, size / TILE_WIDTH, size, &g->bundle, &width, fault);
	if (r < 0)
		return r;
	tote__bundle_walk(&w, g->bundle.data, g->bundle.len, width);
	for (uint32_t i = 0; (r = tote__bundle_next(&w, &bytes, &len, fault)) > 0; i++) {
		tote__hash_leaf(g->fold->engine, bytes, len, g->leaf);
		if (!tote__hash_equal(g->leaf, g->tiler.level[0] + (size_t)i * HASH_LEN))
			return tote__fault(fault, TOTE_E_DAMAGED,
				"entry %" PRIu64 " in its bundle is not what its tile says",
				size - width + i);
	}
	g->has_leaf = 1;
	g->has_edge = 1;
	memcpy(g->edge, g->leaf, HASH_LEN);
	return r;
}

/* Takes up the old tree; its right edge must give the root that was signed. */
static int take_up(struct folding *g, struct tote_fault *fault)
{
	const struct checkpoint *old = &g->fold->from->covered;
	uint8_t root[HASH_LEN];
	int r;

	g->tiler.sink = put_tile;
	g->tiler.user = g;
	r = tote__tiler_begin(
		&g->tiler, old->size, tote__logdir_tile, &g->log, g->fold->engine, fault);
	if (r < 0)
		return r;
	tote__tiler_root(&g->tiler, root);
	if (old->size && !tote__hash_equal(root, old->root))
		return tote__fault(fault, TOTE_E_DAMAGED,
			"the tiles do not give the root of the %" PRIu64 " entries that are signed",
			old->size);
	return take_up_bundle(g, fault);
}

/* One entry of a group, each in its turn: it must continue the chain, and is hashed once. */
static int check_link(struct folding *g, const uint8_t *bytes, size_t len, uint64_t seq,
	struct entry *ret, struct tote_fault *fault)
{
	int r = tote__entry_parse(bytes, len, ret, fault);

	if (r < 0)
		return r;
	if (ret->seq != seq || (g->has_leaf && memcmp(ret->prev, g->leaf, HASH_LEN) != 0))
		return tote__fault(fault, TOTE_E_DAMAGED, "it does not continue the chain");
	tote__hash_leaf(g->fold->engine, bytes, len, g->leaf);
	g->has_leaf = 1;
	return 0;
}

/* Whoever signs has looked at every entry. */
static int check_entry(const struct fold *f, const struct entry *e, struct tote_fault *fault)
{
	if (e->version != 1)
		return tote__fault(
			fault, TOTE_E_READ_ONLY, "it is of a later version of the format");
	return tote__kind_check(f->type, e, fault);
}

static int add_entry(struct folding *g, const uint8_t *bytes, size_t len, struct tote_fault *fault)
{
	int r;

	tote__buf_put_u16(&g->bundle, (uint16_t)len);
	tote__buf_put(&g->bundle, bytes, len);
	if ((r = tote__buf_check(&g->bundle, "a bundle", fault)) < 0)
		return r;
	if ((r = tote__tiler_leaf(&g->tiler, g->leaf, fault)) < 0)
		return r;
	return g->tiler.size % TILE_WIDTH ? 0 : put_bundle(g, TILE_WIDTH, fault);
}

static int take_entry(
	struct folding *g, const uint8_t *bytes, size_t len, uint64_t seq, struct tote_fault *fault)
{
	int wanted = seq == g->tiler.size && seq < g->fold->bound;
	struct entry e;
	int r = check_link(g, bytes, len, seq, &e, fault);

	if (!r && wanted)
		r = check_entry(g->fold, &e, fault);
	else if (!r && g->has_edge && seq + 1 == g->fold->from->covered.size &&
		 !tote__hash_equal(g->leaf, g->edge))
		r = tote__fault(fault, TOTE_E_DAMAGED, "the log holds another");
	if (!r && wanted)
		r = tote__demand_entry(&g->fold->demand, &e, fault);
	if (r < 0) {
		tote__fault_wrap(fault, "entry %" PRIu64 " in the journal", seq);
		tote__fault_set_seq(fault, seq);
		return r;
	}
	return wanted ? add_entry(g, bytes, len, fault) : 0;
}

static int load_group(struct folding *g, const struct group_place *at, struct tote_fault *fault)
{
	int r;

	if (!g->segment.handle || g->segment.name != at->segment) {
		tote__segfile_close(&g->segment);
		r = tote__segfile_open(&g->segment, g->fold->place, at->segment, fault);
		if (r < 0)
			return r;
	}
	if (g->segment.state != SEGFILE_GOOD)
		return 0;
	return tote__segfile_body(&g->segment, at->offset, &at->group, &g->group, fault);
}

/* The group is as valid as on the day when it was replayed, or nothing of it is signed. */
static int add_group(struct folding *g, const struct group_place *at, struct tote_fault *fault)
{
	struct bundle_walk w;
	const uint8_t *bytes;
	uint64_t seq = at->group.first_seq;
	size_t len;
	int r = load_group(g, at, fault);

	if (r > 0) {
		if (seq < g->tiler.size) /* it begins below C: its own chain first */
			g->has_leaf = 0;
		tote__bundle_walk(&w, g->group.data, g->group.len, at->group.count);
		while ((r = tote__bundle_next(&w, &bytes, &len, fault)) > 0)
			if ((r = take_entry(g, bytes, len, seq++, fault)) < 0)
				return r;
		if (r < 0 || tote__hash_equal(g->leaf, at->group.last_leaf))
			return r;
	}
	return r < 0 ? r
		     : tote__fault(fault, TOTE_E_DAMAGED,
			       "journal segment %020" PRIu64 ": the group of entry %" PRIu64
			       " at byte %" PRIu64 " is not valid any more",
			       at->segment, at->group.first_seq, at->offset);
}

/* Everything below the bound into the log, one group and one bundle in memory at a time. */
static int write_log(struct folding *g, uint8_t root[HASH_LEN], struct tote_fault *fault)
{
	const struct fold *f = g->fold;
	uint32_t width;
	int r = take_up(g, fault);

	for (size_t i = 0; !r && i < f->from->group_count; i++)
		r = add_group(g, &f->from->groups[i], fault);
	if (r < 0)
		return r;
	if (g->tiler.size != f->bound)
		return tote__fault(fault, TOTE_E_DAMAGED,
			"the journal ends at entry %" PRIu64 ", expected %" PRIu64, g->tiler.size,
			f->bound);
	width = (uint32_t)(f->bound % TILE_WIDTH);
	if (width && (r = put_bundle(g, width, fault)) < 0)
		return r;
	if ((r = tote__tiler_end(&g->tiler, fault)) < 0)
		return r;
	tote__tiler_root(&g->tiler, root);
	return tote__logwriter_end(&g->writer, fault);
}

static int write_new(struct fold *f, uint8_t root[HASH_LEN], struct tote_fault *fault)
{
	const struct heap *heap = &f->ctx->heap;
	struct folding *g = tote__heap_new(heap, 1, sizeof(*g), fault);
	int r;

	if (!g)
		return TOTE_E_NO_MEMORY;
	g->fold = f;
	tote__logdir_init(&g->log, f->place, 0);
	tote__logwriter_init(&g->writer, f->place, f->again);
	tote__buf_init(&g->bundle, heap, BUNDLE_MAX);
	tote__buf_init(&g->group, heap, GROUP_BODY_MAX);
	r = write_log(g, root, fault);
	tote__segfile_close(&g->segment);
	tote__logwriter_free(&g->writer);
	tote__buf_free(&g->bundle);
	tote__buf_free(&g->group);
	tote__heap_free(heap, g);
	return r;
}

/* --- what was signed before ----------------------------------------------------------------- */

/* The tree of this checkpoint as it lies on the medium. */
struct tree {
	struct logdir log;
	struct tile_tree tiles;
};

static struct tree *tree_new(const struct fold *f, uint64_t size, struct tote_fault *fault)
{
	struct tree *t = tote__heap_new(&f->ctx->heap, 1, sizeof(*t), fault);

	if (!t)
		return NULL;
	tote__logdir_init(&t->log, f->place, STORE_UNCACHED);
	tote__tile_tree_init(&t->tiles, size, tote__logdir_tile, &t->log, f->engine);
	return t;
}

/* Whether the tree has the root that was signed for its beginning. */
static int check_extends(const struct fold *f, struct tree *t, const struct checkpoint *before,
	const char *what, struct tote_fault *fault)
{
	uint8_t root[HASH_LEN];
	int r;

	if (before->size > t->tiles.size)
		return tote__fault(fault, TOTE_E_ROLLBACK,
			"%s covers %" PRIu64 " entries, but there are only %" PRIu64
			": this looks like an old copy; nothing was signed",
			what, before->size, t->tiles.size);
	r = tote__merkle_root(
		before->size, tote__tile_tree_node, &t->tiles, f->engine, root, fault);
	if (r < 0)
		return r;
	if (tote__hash_equal(root, before->root))
		return 0;
	return tote__fault(fault, TOTE_E_FORK,
		"%s has another root for its %" PRIu64
		" entries than the ledger has: another history was signed; nothing was signed",
		what, before->size);
}

static int check_last(struct fold *f, struct tree *t, struct tote_fault *fault)
{
	struct checkpoint last;
	struct note note;
	struct buf bytes;
	int r;

	tote__buf_init(&bytes, &f->ctx->heap, NOTE_MAX);
	r = tote__signer_last_read(f->signer, &bytes, fault);
	if (!r && bytes.len) {
		r = tote__checkpoint_read(bytes.data, bytes.len, &note, &last, fault);
		if (!r && strcmp(last.origin, f->origin) != 0)
			r = tote__fault(fault, TOTE_E_KEY, "it is of %s", last.origin);
		if (!r)
			r = tote__demand_verify(&f->demand, &note, fault);
		if (!r)
			r = tote__fault(fault, TOTE_E_BAD_SIGNATURE, "it is not signed");
		if (r < 0)
			tote__fault_wrap(
				fault, "the note last signed with the key of %s", f->origin);
		else
			r = check_extends(f, t, &last, "the checkpoint last signed", fault);
	}
	tote__buf_free(&bytes);
	return r;
}

static int check_before(struct fold *f, const struct checkpoint *c, struct tote_fault *fault)
{
	struct tree *t = tree_new(f, c->size, fault);
	int r;

	if (!t)
		return TOTE_E_NO_MEMORY;
	r = check_extends(f, t, c, "the new checkpoint", fault);
	if (!r && f->from->have_checkpoint)
		r = check_extends(f, t, &f->from->covered, "the checkpoint in place", fault);
	if (!r)
		r = check_last(f, t, fault);
	if (!r && c->size != f->from->covered.size && f->hooks->guard)
		r = f->hooks->guard(f->hooks->user, c, tote__tile_tree_node, &t->tiles, fault);
	f->cached |= t->log.cached;
	tote__heap_free(&f->ctx->heap, t);
	if (r > 0)
		r = tote__fault(fault, TOTE_E_FORK, "the new checkpoint was refused");
	return r;
}

/* --- signing and publishing ----------------------------------------------------------------- */

static int sign(
	struct fold *f, const struct checkpoint *c, struct buf *out, struct tote_fault *fault)
{
	const struct vkey *demanded;
	uint8_t sig[SIG_LEN];
	struct note note;
	int r = tote__demand_signer(&f->demand, c->size, &demanded, fault);

	if (r < 0)
		return r;
	tote__buf_reset(out);
	tote__checkpoint_put(out, c);
	if ((r = tote__buf_check(out, "checkpoint", fault)) < 0)
		return r;
	r = tote__signer_sign(f->signer, out->data, out->len, sig, fault);
	if (r < 0)
		return tote__fault_wrap(fault, "signing");
	tote__buf_putc(out, '\n');
	tote__note_put_sig(out, &f->signer->key, sig, sizeof(sig));
	if ((r = tote__buf_check(out, "checkpoint", fault)) < 0)
		return r;
	/* the whole note as a reader will take it, by the key that the ledger demands */
	r = tote__note_parse(out->data, out->len, &note, fault);
	if (!r)
		r = tote__note_verify(&note, demanded, fault);
	if (r < 0)
		return tote__fault_wrap(fault, "the signature just made");
	return r ? 0
		 : tote__fault(fault, TOTE_E_KEY, "the signer's key is not the one that %s demands",
			   f->origin);
}

static int publish(struct fold *f, const struct buf *note, struct tote_fault *fault)
{
	const struct place *p = f->place;
	const struct replay *from = f->from;
	const void *old = from->have_checkpoint ? from->note.data : NULL;
	int r = tote__signer_last_write(f->signer, note->data, note->len, fault);

	if (r < 0)
		return tote__fault_wrap(fault, "keeping what was signed last");
	r = p->ops->cell_swap(p->handle, SPACE_LOG, CHECKPOINT_NAME, old, from->note.len,
		note->data, note->len, 0644, fault);
	return r < 0 ? tote__fault_wrap(fault, "publishing the checkpoint") : 0;
}

/* --- what is superseded --------------------------------------------------------------------- */

struct partials {
	uint32_t width[TILE_WIDTH];
	size_t count;
};

static int partial_found(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	struct partials *p = user;
	uint32_t width = 0;

	(void)fault;
	for (; *name >= '0' && *name <= '9' && width < TILE_WIDTH; name++)
		width = width * 10 + (uint32_t)(*name - '0');
	if (st->type == STORE_FILE && !*name && width && width < TILE_WIDTH &&
		p->count < TILE_WIDTH)
		p->width[p->count++] = width;
	return 0;
}

/* The full tile is durable: its partial ones may go, those of interrupted folds too. */
static void remove_partials(const struct fold *f, int level, uint64_t index)
{
	const struct place *p = f->place;
	struct tile t = {level, index, 1};
	struct partials found = {.count = 0};
	char name[TILE_NAME_MAX];
	struct tote_fault unused;

	tote__tile_name(&t, name);
	*strrchr(name, '/') = '\0'; /* the directory of them, INDEX.p */
	if (p->ops->list(p->handle, SPACE_LOG, name, partial_found, &found, &unused) < 0)
		return;
	for (size_t i = 0; i < found.count; i++) {
		t.width = found.width[i];
		tote__tile_name(&t, name);
		if (p->ops->remove(p->handle, SPACE_LOG, name, &unused) < 0)
			return;
	}
}

/* Of the tiles that became full by this fold. Never fails: what stays is no finding. */
static void remove_superseded(const struct fold *f)
{
	struct tile_walk walk = {.from = f->from->covered.size, .to = f->bound};
	struct tile t;

	for (uint64_t i = walk.from / TILE_WIDTH; i < walk.to / TILE_WIDTH; i++)
		remove_partials(f, TILE_ENTRIES, i);
	while (tote__tile_walk(&walk, &t)) {
		if (t.width == TILE_WIDTH)
			remove_partials(f, t.level, t.index);
	}
}

int tote__fold_remove_segments(
	const struct place *place, uint64_t covered, struct tote_fault *fault)
{
	const struct heap *heap = &place->ctx->heap;
	uint64_t *names = NULL;
	size_t count = 0;
	int r = tote__place_numbers(
		place, place->ops->journal_list, SIZE_MAX / 4, &names, &count, fault);

	for (size_t i = 0; !r && i + 1 < count && names[i + 1] <= covered; i++)
		r = place->ops->journal_remove(place->handle, names[i], fault);
	tote__heap_free(heap, names);
	return r;
}

/* --- the whole ------------------------------------------------------------------------------ */

static int make_checkpoint(struct fold *f, struct checkpoint *ret, struct tote_fault *fault)
{
	uint8_t root[HASH_LEN];
	size_t len = strlen(f->origin);
	int r;

	memset(ret, 0, sizeof(*ret));
	memcpy(ret->origin, f->origin, len + 1);
	ret->size = f->bound;
	if ((r = write_new(f, ret->root, fault)) < 0)
		return r;
	r = tote__readback_root(
		f->place, f->engine, &f->from->covered, f->bound, root, &f->cached, fault);
	if (r < 0)
		return r;
	if (tote__hash_equal(root, ret->root))
		return 0;
	return tote__fault(fault, TOTE_E_DAMAGED,
		"what was read back from the medium gives another root than the journal; nothing "
		"was signed");
}

/* What an interrupted fold published may never have been synced: now it is promised. */
static int keep_present(
	struct fold *f, struct checkpoint *ret, struct buf *ret_note, struct tote_fault *fault)
{
	const struct place *p = f->place;
	int r = check_before(f, &f->from->covered, fault);

	if (!r && f->again)
		r = p->ops->cell_swap(p->handle, SPACE_LOG, CHECKPOINT_NAME, f->from->note.data,
			f->from->note.len, f->from->note.data, f->from->note.len, 0644, fault);
	else if (!r)
		r = p->ops->cell_sync(p->handle, SPACE_LOG, CHECKPOINT_NAME, fault);
	if (r < 0)
		return r;
	*ret = f->from->covered;
	tote__buf_reset(ret_note);
	tote__buf_put(ret_note, f->from->note.data, f->from->note.len);
	return tote__buf_check(ret_note, "checkpoint", fault);
}

static int run(
	struct fold *fold, struct checkpoint *ret, struct buf *ret_note, struct tote_fault *fault)
{
	int r = tote__demand_begin(&fold->demand, fold->from, fault);

	if (r < 0)
		return r;
	if (fold->from->have_checkpoint && fold->bound <= fold->from->covered.size)
		return keep_present(fold, ret, ret_note, fault);
	r = make_checkpoint(fold, ret, fault);
	if (!r)
		r = check_before(fold, ret, fault);
	if (!r)
		r = sign(fold, ret, ret_note, fault);
	if (!r)
		r = publish(fold, ret_note, fault);
	if (!r)
		remove_superseded(fold);
	return r;
}

int tote__fold_run(
	struct fold *fold, struct checkpoint *ret, struct buf *ret_note, struct tote_fault *fault)
{
	int r;

	fold->demand = (struct demand){.place = fold->place,
		.engine = fold->engine,
		.signer = fold->signer,
		.origin = fold->origin,
		.first = fold->first,
		.hooks = fold->hooks};
	r = run(fold, ret, ret_note, fault);
	tote__demand_end(&fold->demand);
	return r;
}
