/* SPDX-License-Identifier: ISC */
/*
 * Ledgers for tests, built by hand in memory: entries are made one after the other, put under a
 * checkpoint (bundles, tiles, a signed note) or into segments of a journal, and damaged at will.
 * Nothing here uses the writing half of the library's ledger.
 */
#ifndef LEDGER_LOGS_H
#define LEDGER_LOGS_H

#include "ledger/entry.h"
#include "ledger/line.h"
#include "ledger/logdir.h"
#include "ledger/segment.h"
#include "ledger/view.h"
#include "support/support.h"

#define LOGS_ORIGIN "archive.example.com/acme/contracts"
#define LOGS_TIME   INT64_C(1795421700000000)
#define LOGS_MAX    700
#define LOGS_JUNK   0xA5

struct logs {
	tote_ctx *ctx;
	struct place place;
	struct secret key;
	char vkey[VKEY_MAX];
	uint64_t count, folded;
	struct buf entry[LOGS_MAX];
	uint8_t leaf[LOGS_MAX][HASH_LEN];
};

/* Large: allocate it. */
static inline struct logs *logs_new(const char *location, int layout)
{
	struct logs *l = calloc(1, sizeof(*l));
	static const uint8_t seed[32] = {1, 2, 3};
	struct tote_fault fault = {0};

	ck_assert_ptr_nonnull(l);
	l->ctx = support_ctx(NULL, NULL);
	ck_ok(tote__place_provision(l->ctx, "memory", location, layout, &fault), fault);
	ck_ok(tote__place_open(l->ctx, "memory", location, layout, 0, &l->place, &fault), fault);
	ck_ok(tote__secret_from_seed(LOGS_ORIGIN, KEY_TYPE_ED25519, seed, &l->key, &fault), fault);
	tote__vkey_format(&l->key.key, l->vkey);
	return l;
}

static inline void logs_free(struct logs *l)
{
	for (uint64_t i = 0; i < l->count; i++)
		tote__buf_free(&l->entry[i]);
	tote__secret_free(&l->key);
	tote__place_close(&l->place);
	tote_ctx_unref(l->ctx);
	free(l);
}

/* Adds bytes as the next entry, whatever they are. */
static inline void logs_add_bytes(struct logs *l, const void *bytes, size_t len)
{
	struct buf *b = &l->entry[l->count];

	ck_assert_uint_lt(l->count, LOGS_MAX);
	tote__buf_init(b, plain_heap(), ENTRY_MAX);
	tote__buf_put(b, bytes, len);
	tote__hash_leaf(NULL, b->data, b->len, l->leaf[l->count++]);
}

static inline void logs_prev(const struct logs *l, uint64_t seq, uint8_t out[HASH_LEN])
{
	if (seq)
		memcpy(out, l->leaf[seq - 1], HASH_LEN);
	else
		tote__entry_genesis(LOGS_ORIGIN, l->vkey, out);
}

static inline void logs_add_kind(struct logs *l, const char *kind)
{
	struct draft d = {.kind = kind};
	struct tote_fault fault = {0};
	uint8_t prev[HASH_LEN];
	struct buf out;

	tote__buf_init(&out, plain_heap(), ENTRY_MAX);
	logs_prev(l, l->count, prev);
	ck_ok(tote__entry_encode(&d, l->count, LOGS_TIME + (int64_t)l->count, prev,
		      l->count && l->count % STATE_INTERVAL == 0 ? "active" : NULL, &out, &fault),
		fault);
	logs_add_bytes(l, out.data, out.len);
	tote__buf_free(&out);
}

/* So many entries more, the first of all being container.created by name. */
static inline void logs_add(struct logs *l, uint64_t count)
{
	while (count--)
		logs_add_kind(l, l->count ? "record" : "container.created");
}

/* --- the log -------------------------------------------------------------------------------- */

/* The root of the leaves [begin, end): RFC 6962 by its definition. */
static inline void logs_range_root(
	const struct logs *l, uint64_t begin, uint64_t end, uint8_t out[HASH_LEN])
{
	uint8_t left[HASH_LEN], right[HASH_LEN];
	uint64_t split = 1;

	if (end - begin == 1) {
		memcpy(out, l->leaf[begin], HASH_LEN);
		return;
	}
	while (split * 2 < end - begin)
		split *= 2;
	logs_range_root(l, begin, begin + split, left);
	logs_range_root(l, begin + split, end, right);
	tote__hash_node(NULL, left, right, out);
}

static inline void logs_root(const struct logs *l, uint64_t size, uint8_t out[HASH_LEN])
{
	if (size)
		logs_range_root(l, 0, size, out);
	else
		tote__hash_bytes(NULL, "", 0, out);
}

static inline void logs_put(struct logs *l, const struct tile *t, const struct buf *bytes)
{
	struct tote_fault fault = {0};
	char name[TILE_NAME_MAX];

	tote__tile_name(t, name);
	ck_ok(l->place.ops->put_new(
		      l->place.handle, SPACE_LOG, name, bytes->data, bytes->len, &fault),
		fault);
}

static inline void logs_put_bundle(struct logs *l, const struct tile *t)
{
	struct buf b;

	tote__buf_init(&b, plain_heap(), BUNDLE_MAX);
	for (uint32_t i = 0; i < t->width; i++) {
		const struct buf *e = &l->entry[t->index * TILE_WIDTH + i];

		tote__buf_put_u16(&b, (uint16_t)e->len);
		tote__buf_put(&b, e->data, e->len);
	}
	logs_put(l, t, &b);
	tote__buf_free(&b);
}

static inline void logs_put_tile(struct logs *l, const struct tile *t)
{
	uint64_t span = UINT64_C(1) << (8 * t->level);
	struct buf b;

	tote__buf_init(&b, plain_heap(), TILE_BYTES);
	for (uint64_t i = t->index * TILE_WIDTH; i < t->index * TILE_WIDTH + t->width; i++) {
		uint8_t hash[HASH_LEN];

		logs_range_root(l, i * span, (i + 1) * span, hash);
		tote__buf_put(&b, hash, HASH_LEN);
	}
	logs_put(l, t, &b);
	tote__buf_free(&b);
}

static inline void logs_put_checkpoint(struct logs *l, const char *text, size_t len)
{
	const struct store_ops *ops = l->place.ops;
	struct tote_fault fault = {0};
	struct buf old;
	int r;

	tote__buf_init(&old, plain_heap(), NOTE_MAX);
	r = ops->cell_read(l->place.handle, SPACE_LOG, CHECKPOINT_NAME, &old, &fault);
	memset(&fault, 0, sizeof(fault));
	ck_ok(ops->cell_swap(l->place.handle, SPACE_LOG, CHECKPOINT_NAME, r < 0 ? NULL : old.data,
		      old.len, text, len, 0644, &fault),
		fault);
	tote__buf_free(&old);
}

/* Bundles, tiles and a signed checkpoint over the first size entries. */
static inline void logs_fold(struct logs *l, uint64_t size)
{
	struct tile_walk walk = {.from = l->folded, .to = size};
	struct checkpoint c = {.origin = LOGS_ORIGIN, .size = size};
	uint8_t sig[SIG_LEN];
	struct tile t;
	struct buf note;

	ck_assert_uint_le(size, l->count);
	while (tote__tile_walk(&walk, &t)) {
		logs_put_tile(l, &t);
		if (t.level == 0)
			logs_put_bundle(l, &(struct tile){TILE_ENTRIES, t.index, t.width});
	}
	logs_root(l, size, c.root);
	tote__buf_init(&note, plain_heap(), NOTE_MAX);
	tote__checkpoint_put(&note, &c);
	tote__secret_sign(&l->key, note.data, note.len, sig);
	tote__buf_putc(&note, '\n');
	tote__note_put_sig(&note, &l->key.key, sig, SIG_LEN);
	logs_put_checkpoint(l, (const char *)note.data, note.len);
	tote__buf_free(&note);
	l->folded = size;
}

static inline void logs_remove(struct logs *l, const char *name)
{
	struct tote_fault fault = {0};

	ck_ok(l->place.ops->remove(l->place.handle, SPACE_LOG, name, &fault), fault);
}

/* One byte of a bundle or tile changed; or, with cut, that many bytes taken from its end. */
static inline void logs_damage(struct logs *l, const char *name, size_t offset, size_t cut)
{
	struct tote_fault fault = {0};
	struct buf b;

	tote__buf_init(&b, plain_heap(), BUNDLE_MAX);
	ck_ok(tote__store_get(&l->place, SPACE_LOG, name, 0, &b, NULL, &fault), fault);
	ck_assert_uint_lt(offset, b.len);
	if (!cut)
		b.data[offset] ^= 1;
	logs_remove(l, name);
	ck_ok(l->place.ops->put_new(l->place.handle, SPACE_LOG, name, b.data, b.len - cut, &fault),
		fault);
	tote__buf_free(&b);
}

/* --- the journal ---------------------------------------------------------------------------- */

/* A segment that begins at `from` and holds [from, to) in groups of per_group entries. */
static inline void logs_segment(struct logs *l, uint64_t from, uint64_t to, uint32_t per_group)
{
	const struct store_ops *ops = l->place.ops;
	struct segment_header h = {.version = 1, .first_seq = from, .salt = {7}};
	uint8_t header[SEGMENT_HEADER_LEN];
	struct tote_fault fault = {0};
	struct buf groups, body;
	uint64_t bytes = 0;
	void *segment;

	logs_prev(l, from, h.prev);
	tote__segment_header_write(&h, header);
	tote__buf_init(&groups, plain_heap(), SEGMENT_MAX_BYTES);
	tote__buf_init(&body, plain_heap(), GROUP_BODY_MAX);
	for (uint64_t at = from; at < to;) {
		struct group g = {.first_seq = at};

		tote__buf_reset(&body);
		for (; at < to && g.count < per_group; at++, g.count++) {
			tote__buf_put_u16(&body, (uint16_t)l->entry[at].len);
			tote__buf_put(&body, l->entry[at].data, l->entry[at].len);
		}
		g.body_len = (uint32_t)body.len;
		memcpy(g.last_leaf, l->leaf[at - 1], HASH_LEN);
		tote__group_write(&g, h.salt, body.data, NULL, &groups);
	}
	bytes = SEGMENT_MIN_BYTES;
	while (bytes < JOURNAL_BLOCK + groups.len)
		bytes *= 2;
	ck_ok(ops->journal_make(l->place.handle, from, header, sizeof(header), bytes, &fault),
		fault);
	ck_ok(ops->journal_open(l->place.handle, from, &segment, &bytes, &fault), fault);
	if (groups.len)
		ck_ok(ops->journal_write(segment, JOURNAL_BLOCK, groups.data, groups.len, &fault),
			fault);
	ops->journal_close(segment);
	tote__buf_free(&groups);
	tote__buf_free(&body);
}

static inline void logs_remove_segment(struct logs *l, uint64_t seq)
{
	struct tote_fault fault = {0};

	ck_ok(l->place.ops->journal_remove(l->place.handle, seq, &fault), fault);
}

/* A line with that mark by this process, idle. */
static inline void logs_line(struct logs *l, uint64_t mark)
{
	struct tote_fault fault = {0};
	char text[LOCK_LINE_MAX];
	struct line line;
	size_t len = 0;

	tote__line_self(&line, &l->ctx->clock);
	ck_ok(l->place.ops->lock_take(l->place.handle, LOCK_BYTE_WRITE, 0, &fault), fault);
	l->place.ops->line_read(l->place.handle, text, sizeof(text), &len, &line.inode, &fault);
	memset(&fault, 0, sizeof(fault));
	line.state = LINE_IDLE;
	line.mark = mark;
	ck_ok(tote__line_format(&line, text, &len, &fault), fault);
	ck_ok(l->place.ops->line_write(l->place.handle, text, len, &fault), fault);
	l->place.ops->lock_drop(l->place.handle, LOCK_BYTE_WRITE);
}

#endif
