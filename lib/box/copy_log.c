/* SPDX-License-Identifier: ISC */
/*
 * The log of a copy: bundles of the entries as they were verified, tiles computed anew from them,
 * all of it read back from the medium before the source's checkpoint is put over it.
 */
#include "box/copy.h"
#include "ledger/logwriter.h"
#include "ledger/readback.h"
#include "ledger/tiler.h"
#include <inttypes.h>
#include <string.h>

struct copy_log {
	struct copying *c;
	uint64_t begin, end; /* entries of it go into bundles; begin is a multiple of 256 */
	struct tiler tiler;
	struct logwriter writer;
	struct buf bundle;
	struct keyring keys;
};

/* --- entries into bundles and tiles --------------------------------------------------------- */

static int put(struct copy_log *l, const struct tile *t, const void *data, size_t len,
	struct tote_fault *fault)
{
	l->c->told.bytes_written += len;
	return tote__logwriter_put(&l->writer, t, data, len, fault);
}

static int put_tile(
	void *user, const struct tile *t, const uint8_t *hashes, struct tote_fault *fault)
{
	return put(user, t, hashes, (size_t)t->width * HASH_LEN, fault);
}

static int put_bundle(struct copy_log *l, uint64_t seq, struct tote_fault *fault)
{
	const struct tile t = {TILE_ENTRIES, seq / TILE_WIDTH, (uint32_t)(seq % TILE_WIDTH) + 1};
	int rc = tote__buf_check(&l->bundle, "bundle", fault);

	if (rc == 0)
		rc = put(l, &t, l->bundle.data, l->bundle.len, fault);
	tote__buf_reset(&l->bundle);
	return rc;
}

static int take_entry(struct copy_log *l, const struct entry *e, const uint8_t leaf[HASH_LEN],
	struct tote_fault *fault)
{
	int rc = tote__tiler_leaf(&l->tiler, leaf, fault);

	if (rc < 0)
		return rc;
	tote__buf_put_u16(&l->bundle, (uint16_t)e->len);
	tote__buf_put(&l->bundle, e->bytes, e->len);
	if (e->seq % TILE_WIDTH == TILE_WIDTH - 1 || e->seq + 1 == l->end)
		return put_bundle(l, e->seq, fault);
	return 0;
}

static int take_key(struct copy_log *l, const struct entry *e, struct tote_fault *fault)
{
	const char *why;
	int rc = 0;

	if (tote__entry_is(e, ROTATED_KIND))
		rc = tote__keyring_rotation(
			&l->keys, l->c->view.replay.covered.origin, NULL, e, &why, fault);
	return rc < 0 ? rc : 0;
}

static int take(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	struct copy_log *l = user;
	struct copying *c = l->c;
	int rc = 0;

	(void)verified;
	c->told.bytes_read += e->len;
	if (e->seq >= l->begin && e->seq < l->end)
		rc = take_entry(l, e, leaf, fault);
	if (rc == 0)
		rc = take_key(l, e, fault);
	if (rc == 0 && e->seq >= c->settle_from && c->box->type == LEDGER_CONTAINER)
		rc = tote__copy_entry(c, e, fault);
	return rc;
}

/* --- the checkpoint ------------------------------------------------------------------------- */

static int all_keys(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	(void)leaf, (void)verified;
	return take_key(user, e, fault);
}

static int begin_keys(struct copy_log *l, struct tote_fault *fault)
{
	const struct ledger_hooks hooks = tote__box_hooks(l->c->box);

	tote__keyring_free(&l->keys);
	tote__keyring_init(&l->keys, l->c->heap);
	return tote__keyring_add(&l->keys, 0, tote__ledger_vkey(l->c->box->ledger), fault) < 0
		       ? fault->code
	       : hooks.keys ? hooks.keys(hooks.user, &l->keys, fault)
			    : 0;
}

/* 1 a line of the note is by the key in force and verifies, 0 there is none by it. */
static int is_signed(struct copy_log *l, struct tote_fault *fault)
{
	const struct replay *now = &l->c->view.replay;
	const struct vkey *key = tote__keyring_for(&l->keys, now->covered.size);
	struct checkpoint unused;
	struct vkey own;
	struct note note;
	int rc = tote__checkpoint_read(now->note.data, now->note.len, &note, &unused, fault);

	if (rc < 0 || !key)
		return rc;
	rc = tote__note_verify(&note, key, fault);
	/* one that replaced a lost key no entry of the container names: its holder does */
	if (rc == 0 && tote__ledger_signing(l->c->box->ledger, &own))
		rc = tote__note_verify(&note, &own, fault);
	return rc;
}

/*
 * What an older copy lies over may have rotated the key: only then all entries are read for it once
 * more.
 */
static int check_signature(struct copy_log *l, struct tote_fault *fault)
{
	struct copying *c = l->c;
	int rc = is_signed(l, fault);

	if (rc == 0 && c->old.size) {
		rc = begin_keys(l, fault);
		if (rc == 0)
			rc = tote__view_scan(
				&c->view, 0, c->view.replay.covered.size, all_keys, l, fault);
		if (rc == 0)
			rc = is_signed(l, fault);
	}
	if (rc == 0)
		return tote__fault(fault, TOTE_E_BAD_SIGNATURE,
			"the checkpoint of %s has no signature by its key: audit the container, "
			"or, "
			"where that key was replaced, open it with the new one",
			c->view.replay.covered.origin);
	return rc < 0 ? rc : 0;
}

static int read_back(struct copy_log *l, struct tote_fault *fault)
{
	struct copying *c = l->c;
	const struct checkpoint *covered = &c->view.replay.covered;
	static const struct checkpoint none;
	uint8_t root[HASH_LEN];
	int cached = 0;
	int rc = tote__readback_root(&c->to, c->view.engine, l->begin ? &c->old : &none,
		covered->size, root, &cached, fault);

	if (cached)
		c->told.flags |= TOTE_COPY_CACHED;
	if (rc < 0 || tote__hash_equal(root, covered->root))
		return rc < 0 ? tote__fault_wrap(fault, "%s", c->dir) : 0;
	return tote__fault(fault, TOTE_E_DAMAGED,
		"what was read back from %s does not give the root that the container signed",
		c->dir);
}

static int publish(struct copying *c, struct tote_fault *fault)
{
	const struct buf *note = &c->view.replay.note;

	if (c->old_note.len == note->len && memcmp(c->old_note.data, note->data, note->len) == 0)
		return c->resumed ? c->to.ops->cell_sync(
					    c->to.handle, SPACE_LOG, CHECKPOINT_NAME, fault)
				  : 0;
	c->told.bytes_written += note->len;
	return c->to.ops->cell_swap(c->to.handle, SPACE_LOG, CHECKPOINT_NAME,
		c->old_note.len ? c->old_note.data : NULL, c->old_note.len, note->data, note->len,
		0644, fault);
}

/* --- the whole ------------------------------------------------------------------------------ */

/* Where the older copy's checkpoint ends; the bundle in which it does is new as a whole. */
static int begin(struct copy_log *l, struct tote_fault *fault)
{
	struct copying *c = l->c;
	uint64_t old = c->flags & TOTE_COPY_VERIFY ? 0 : c->old.size;
	int rc;

	l->end = c->view.replay.covered.size;
	l->begin = old / TILE_WIDTH * TILE_WIDTH;
	if (old == l->end)
		l->begin = l->end;
	l->tiler.sink = put_tile;
	l->tiler.user = l;
	rc = begin_keys(l, fault);
	if (rc < 0 || l->begin == l->end)
		return rc;
	rc = tote__tiler_begin(
		&l->tiler, l->begin, tote__logdir_tile, &c->view.log, c->view.engine, fault);
	l->tiler.old = old;
	return rc;
}

static int end(struct copy_log *l, struct tote_fault *fault)
{
	uint8_t root[HASH_LEN];
	int rc = tote__tiler_end(&l->tiler, fault);

	if (rc == 0)
		rc = tote__logwriter_end(&l->writer, fault);
	if (rc < 0)
		return rc;
	tote__tiler_root(&l->tiler, root);
	if (!tote__hash_equal(root, l->c->view.replay.covered.root))
		return tote__fault(fault, TOTE_E_DAMAGED,
			"the container's entries do not give the root that it signed: audit it");
	return read_back(l, fault);
}

static int run(struct copy_log *l, struct tote_fault *fault)
{
	struct copying *c = l->c;
	uint64_t from;
	int rc = begin(l, fault);

	from = l->begin < c->settle_from ? l->begin : c->settle_from;
	if (rc == 0 && from < c->view.limit)
		rc = tote__view_scan(&c->view, from, c->view.limit, take, l, fault);
	if (rc == 0)
		rc = tote__copy_assets_end(c, fault);
	if (rc == 0 && l->begin < l->end)
		rc = end(l, fault);
	if (rc == 0)
		rc = check_signature(l, fault);
	return rc == 0 ? publish(c, fault) : rc;
}

int tote__copy_log(struct copying *c, struct tote_fault *fault)
{
	struct copy_log *l = tote__heap_new(c->heap, 1, sizeof(*l), fault);
	int rc;

	if (!l)
		return fault->code;
	l->c = c;
	tote__buf_init(&l->bundle, c->heap, BUNDLE_MAX);
	tote__keyring_init(&l->keys, c->heap);
	/* what the copy's own checkpoint covers is only compared */
	tote__logwriter_init(&l->writer, &c->to, c->resumed && !(c->flags & TOTE_COPY_VERIFY));
	rc = run(l, fault);
	tote__logwriter_free(&l->writer);
	tote__keyring_free(&l->keys);
	tote__buf_free(&l->bundle);
	tote__heap_free(c->heap, l);
	return rc;
}
