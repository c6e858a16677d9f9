/* SPDX-License-Identifier: ISC */
/*
 * Reading assets ahead. A batch keeps no bytes when it is done, so that there is one buffer for each
 * thread, and no memory is made for an asset.
 */
#include "audit/asset_read.h"
#include <string.h>

#define ROOM       ((size_t)256 << 10) /* what a thread reads at once: it stays in its cache */
#define SMALL_MAX  ((uint64_t)64 << 10)
#define TURN_BYTES ((uint64_t)4 << 20) /* of a large one, before somebody looks at the clock */
#define PAGE       ((size_t)4096)      /* where memory and lengths begin for a device */

/* Of 64 descriptors of a process, what all threads of a run have open together. */
#define FILES_MAX 40u

static size_t padded(uint64_t size)
{
	return ((size_t)size + PAGE - 1) / PAGE * PAGE;
}

/* --- memory for each thread ----------------------------------------------------------------- */

static uint8_t *aligned(void *room)
{
	return (uint8_t *)room + (PAGE - (uintptr_t)room % PAGE) % PAGE;
}

/* Lent by exchanging the pointer with NULL, so it is with one thread at a time. */
static void *room_take(struct asset_read *r)
{
	struct tote_fault unused;
	void *room = NULL;

	for (size_t i = 0; !room && i <= AHEAD_THREADS; i++)
		room = atomic_exchange(&r->room[i], NULL);
	return room ? room : tote__heap_new(r->q->heap, 1, ROOM + PAGE, &unused);
}

static void room_give(struct asset_read *r, void *room)
{
	for (size_t i = 0; room && i <= AHEAD_THREADS; i++) {
		void *none = NULL;

		if (atomic_compare_exchange_strong(&r->room[i], &none, room))
			return;
	}
	tote__heap_free(r->q->heap, room);
}

/* --- on any thread -------------------------------------------------------------------------- */

static uint32_t how(const struct asset_read *r)
{
	return r->q->target->may_cache ? 0 : STORE_UNCACHED;
}

static void note(struct asset_read *r, uint64_t bytes, int cached)
{
	atomic_fetch_add(&r->bytes, bytes);
	if (cached || r->q->target->may_cache)
		atomic_store(&r->cached, 1);
}

static int is_sealed(
	const struct asset_read *r, const struct asset *item, const struct store_read *got)
{
	uint8_t digest[HASH_LEN];

	if (got->code || got->st.size != item->size || got->len != item->size)
		return 0;
	tote__hash_bytes(r->q->engine, got->out, got->len, digest);
	return tote__hash_equal(digest, item->digest);
}

static void read_small(struct asset_batch *b, uint8_t *room)
{
	struct asset_read *r = b->of;
	struct store_read reads[READ_ITEMS];
	size_t step = r->files, used = 0;
	struct tote_fault unused;

	for (size_t i = 0; i < b->count; i++) {
		const struct asset *item = b->read[i].item;

		reads[i] = (struct store_read){
			.name = item->path, .out = room + used, .cap = padded(item->size)};
		used += reads[i].cap;
	}
	for (size_t at = 0; at < b->count; at += step) {
		size_t count = b->count - at < step ? b->count - at : step;

		if (tote__store_read_many(
			    r->q->place, SPACE_ASSETS, how(r), reads + at, count, &unused) < 0)
			continue;
		for (size_t i = at; i < at + count; i++) {
			b->read[i].good = is_sealed(r, b->read[i].item, &reads[i]);
			note(r, reads[i].len, reads[i].cached);
		}
	}
}

static int end_large(struct asset_batch *b, int good)
{
	const struct store_ops *ops = b->of->q->place->ops;

	if (b->object)
		ops->object_close(b->object);
	b->object = NULL;
	b->read[0].good = good;
	return AHEAD_DONE;
}

static int give_up(struct asset_batch *b)
{
	if (b->object)
		tote__hash_drop(&b->hash);
	return end_large(b, 0);
}

static int is_through(struct asset_batch *b)
{
	const struct asset *item = b->read[0].item;
	uint8_t digest[HASH_LEN];

	tote__hash_final(&b->hash, digest);
	return end_large(b, b->offset == item->size && tote__hash_equal(digest, item->digest));
}

static int open_large(struct asset_batch *b)
{
	struct asset_read *r = b->of;
	const struct asset *item = b->read[0].item;
	struct tote_fault unused;
	struct store_stat st;

	if (r->q->place->ops->object_open(r->q->place->handle, SPACE_ASSETS, item->path, how(r),
		    &b->object, &st, &unused) != 0) {
		b->object = NULL;
		return 0;
	}
	b->offset = 0;
	tote__hash_init(&b->hash, r->q->engine);
	return 1;
}

static int read_large(struct ahead *ahead, struct asset_batch *b, uint8_t *room)
{
	struct asset_read *r = b->of;
	const struct store_ops *ops = r->q->place->ops;
	struct tote_fault unused;

	if (!b->object && !open_large(b))
		return end_large(b, 0);
	for (uint64_t turn = 0; turn < TURN_BYTES && !tote__ahead_is_resting(ahead);) {
		size_t got = 0;
		int cached = 0;

		if (ops->object_read(b->object, b->offset, room, ROOM, &got, &cached, &unused))
			return give_up(b);
		note(r, got, cached);
		b->offset += got;
		turn += got;
		tote__hash_update(&b->hash, room, got);
		/* beyond its size it is another one already */
		if (!got || b->offset > b->read[0].item->size)
			return is_through(b);
	}
	return AHEAD_LATER;
}

static int read_batch(struct ahead *ahead, void *job)
{
	struct asset_batch *b = job;
	void *room = room_take(b->of);
	int rc = AHEAD_DONE;

	if (!room)
		return give_up(b); /* the second look has memory of its own */
	if (b->read[0].item->size > SMALL_MAX)
		rc = read_large(ahead, b, aligned(room));
	else
		read_small(b, aligned(room));
	room_give(b->of, room);
	return rc;
}

/* --- made and freed ------------------------------------------------------------------------- */

int tote__asset_read_init(struct asset_read *r, struct inquiry *q, struct asset_table *table,
	struct tote_fault *fault)
{
	int overlap = (q->place->ops->capabilities & STORE_CAN_ANY_THREAD) != 0;
	int rc;

	memset(r, 0, sizeof(*r));
	rc = tote__ahead_init(
		&r->ahead, q->heap, sizeof(struct asset_batch), overlap, read_batch, fault);
	if (rc < 0)
		return rc;
	r->q = q;
	r->table = table;
	r->ahead.wanted = q->target->readers;
	/* and who takes them reads too */
	r->files = (q->target->files ? q->target->files : FILES_MAX) /
		   (tote__ahead_threads(&r->ahead) + 1);
	r->files += !r->files;
	return 0;
}

void tote__asset_read_free(struct asset_read *r)
{
	if (!r->q)
		return;
	tote__ahead_rest(&r->ahead);
	for (size_t i = 0; i < AHEAD_JOBS; i++) {
		struct asset_batch *b = tote__ahead_job(&r->ahead, i);

		if (b->object)
			give_up(b);
	}
	for (size_t i = 0; i <= AHEAD_THREADS; i++)
		tote__heap_free(r->q->heap, atomic_load(&r->room[i]));
	tote__ahead_free(&r->ahead);
	memset(r, 0, sizeof(*r));
}

/* --- the list ------------------------------------------------------------------------------- */

/* Of a large one a turn counts: it stops behind each where the step ends. */
static void add(struct asset_batch *b, size_t nth, const struct asset *item)
{
	b->read[b->count].nth = nth;
	b->read[b->count].item = item;
	b->read[b->count++].good = 0;
	b->bytes += item->size < TURN_BYTES ? item->size : TURN_BYTES;
}

/* A small one goes to those before it, a large one alone. */
static int has_place(const struct asset_batch *b, size_t used, const struct asset *item)
{
	if (!b->count)
		return 1;
	return b->read[0].item->size <= SMALL_MAX && item->size <= SMALL_MAX &&
	       b->count < READ_ITEMS && used + padded(item->size) <= ROOM;
}

static void fill(struct asset_read *r, asset_wanted_fn *wanted, struct asset_batch *b)
{
	size_t used = 0;

	b->of = r;
	b->count = 0;
	b->bytes = 0;
	for (; r->given < r->table->count; r->given++) {
		const struct asset *item = tote__asset_table_nth(r->table, r->given);

		if (!wanted(item))
			continue;
		if (!has_place(b, used, item))
			break;
		add(b, r->given, item);
		used += padded(item->size);
	}
	b->end = r->given;
}

/* No more than the step may read yet, so that it ends where it should. */
static void give(struct asset_read *r, asset_wanted_fn *wanted)
{
	struct asset_batch *b;

	while ((!r->q->left || r->under_way < r->q->left) &&
		(b = tote__ahead_next(&r->ahead)) != NULL) {
		fill(r, wanted, b);
		if (!b->count)
			return;
		r->under_way += b->bytes;
		tote__ahead_give(&r->ahead);
	}
}

static void drop_current(struct asset_read *r)
{
	r->under_way -= r->current->bytes;
	r->current = NULL;
	tote__ahead_drop(&r->ahead);
}

int tote__asset_read_next(
	struct asset_read *r, asset_wanted_fn *wanted, size_t *ret_nth, int *ret_good)
{
	struct inquiry *q = r->q;

	if (q->ahead != &r->ahead) {
		tote__inquiry_rest(q);
		q->ahead = &r->ahead;
	}
	if (r->current && r->next == r->current->count) {
		*ret_nth = r->current->end;
		drop_current(r);
		return 2;
	}
	if (!r->current) {
		give(r, wanted);
		if (r->ahead.first == r->ahead.end)
			return 0;
		r->current = tote__ahead_try(&r->ahead);
		r->next = 0;
	}
	q->cached |= atomic_load(&r->cached);
	if (!r->current)
		return 2;
	*ret_nth = r->current->read[r->next].nth;
	*ret_good = r->current->read[r->next++].good;
	return 1;
}

uint64_t tote__asset_read_bytes(struct asset_read *r)
{
	uint64_t all = atomic_load(&r->bytes), more = all - r->told;

	r->told = all;
	return more;
}
