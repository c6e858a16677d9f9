/* SPDX-License-Identifier: ISC */
/*
 * What is beyond the checkpoint, against the entries that will come under the next one.
 */
#include "audit/beyond.h"
#include <string.h>

#define FIRST_CAP 256
#define SIZE_END  ((uint64_t)1 << 63)

void tote__beyond_init(
	struct beyond *b, struct inquiry *q, struct log_audit *log, struct view *view, int exact)
{
	*b = (struct beyond){.q = q, .log = log, .view = view, .exact = exact};
}

void tote__beyond_free(struct beyond *b)
{
	tote__heap_free(b->q->heap, b->leaf);
	b->leaf = NULL;
}

static int keep(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	struct beyond *b = user;

	(void)e, (void)verified;
	if (b->count == b->cap) {
		size_t cap = b->cap ? 2 * b->cap : FIRST_CAP;
		void *more = tote__heap_resize(b->q->heap, b->leaf, cap, sizeof(*b->leaf), fault);

		if (!more)
			return fault->code;
		b->leaf = more;
		b->cap = cap;
	}
	memcpy(b->leaf[b->count++], leaf, HASH_LEN);
	return 0;
}

static int load(struct beyond *b, struct tote_fault *fault)
{
	struct tote_fault why;
	int r = 0;

	if (b->loaded)
		return 0;
	b->loaded = 1;
	b->known = 1;
	if (!b->view || b->view->limit <= b->log->size)
		return 0;
	memset(&why, 0, sizeof(why));
	r = tote__view_scan(b->view, b->log->size, b->view->limit, keep, b, &why);
	if (r == TOTE_E_NO_MEMORY) {
		*fault = why;
		return r;
	}
	b->known = r == 0; /* what is wrong there is said elsewhere */
	return 0;
}

/* The hash at that place of a tree over all entries there are: 1, 0 not known. */
static int hash_at(struct beyond *b, int level, uint64_t index, uint8_t out[HASH_LEN],
	struct tote_fault *fault)
{
	uint64_t size = b->log->size;
	const uint8_t *hash;
	struct frontier f;
	uint32_t width;
	int r;

	if (level == 0 && index >= size) {
		if (index - size >= b->count)
			return 0;
		memcpy(out, b->leaf[index - size], HASH_LEN);
		return 1;
	}
	if (level == 0) {
		r = tote__log_audit_leaves(b->log, index / TILE_WIDTH, &hash, &width, fault);
		if (r > 0)
			memcpy(out, hash + index % TILE_WIDTH * HASH_LEN, HASH_LEN);
		return r;
	}
	hash = tote__evidence_hashes(&b->log->evidence, level, index, 1);
	if (hash) {
		memcpy(out, hash, HASH_LEN);
		return 1;
	}
	tote__frontier_init(&f);
	for (uint64_t i = 0; i < TILE_WIDTH; i++) {
		uint8_t below[HASH_LEN];

		r = hash_at(b, level - 1, index * TILE_WIDTH + i, below, fault);
		if (r <= 0)
			return r;
		tote__frontier_append(&f, b->q->engine, below);
	}
	tote__frontier_root(&f, b->q->engine, out);
	return 1;
}

/* 1 as the entries give it, 0 not, 2 not known. */
static int agrees(
	struct beyond *b, const struct tile *t, const uint8_t *hashes, struct tote_fault *fault)
{
	int level = t->level == TILE_ENTRIES ? 0 : t->level;

	for (uint32_t i = 0; i < t->width; i++) {
		uint8_t right[HASH_LEN];
		int r = hash_at(b, level, t->index * TILE_WIDTH + i, right, fault);

		if (r < 0)
			return r;
		if (!r)
			return 2;
		if (memcmp(right, hashes + (size_t)i * HASH_LEN, HASH_LEN) != 0)
			return 0;
	}
	return 1;
}

/* Behind which entry the tile ends. */
static uint64_t reach(const struct tile *t)
{
	unsigned shift = t->level > 0 ? 8u * (unsigned)t->level : 0;
	uint64_t last = t->index * TILE_WIDTH + t->width;

	return last > SIZE_END >> shift ? SIZE_END : last << shift;
}

int tote__beyond_judge(struct beyond *b, const struct tile *t, struct tote_fault *fault)
{
	struct log_audit *log = b->log;
	char name[TILE_NAME_MAX];
	const char *was = NULL;
	struct logfile file;
	int rc = load(b, fault);

	/* without a checkpoint that is believed there is no saying what lies beyond it */
	if (rc < 0 || log->loose || !b->known)
		return rc;
	rc = tote__logfile_just(b->q, t, &log->own->bytes, log->own->leaves, &file, fault);
	if (rc < 0 || file.state == LOGFILE_MISSING || file.state == LOGFILE_CLOSED)
		return rc;
	if (reach(t) > log->size + b->count) {
		if (!b->exact)
			return 0;
		was = "it reaches beyond all entries";
	} else if (file.state == LOGFILE_SHAPE) {
		was = "it was cut, or has grown";
	} else {
		rc = agrees(b, t,
			t->level == TILE_ENTRIES ? log->own->leaves : log->own->bytes.data, fault);
		if (rc < 0)
			return rc;
		was = rc ? NULL : "other entries than the journal's";
	}
	if (!was)
		return 0;
	tote__tile_name(t, name);
	return tote__inquiry_find(b->q, FINDING_LOG_EXTRA, SPACE_LOG, name, FINDING_NO_SEQ,
		"what the journal gives, or no such file", was, fault);
}
