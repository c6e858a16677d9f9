/* SPDX-License-Identifier: ISC */
/*
 * A place whose operations can be made to fail.
 */
#include "support/store_faults.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

/* An object or segment of the inner place, and what a lost write would bring back. */
struct handle {
	struct faults *faults;
	void *inner;
	uint64_t lost_at;
	uint8_t *lost;
	size_t lost_len;
};

#define LOST_BLOCK 512

enum { GO, FAIL, REPORT };

static int begin(struct faults *f, const char *call, struct tote_fault *fault)
{
	long number;

	if (f->mode == FAULT_NEVER || (f->only && strcmp(f->only, call) != 0))
		return GO;
	number = f->count++;
	if (number != f->at && !(f->mode == FAULT_FROM && number > f->at))
		return GO;
	f->fired = 1;
	if (f->mode == FAULT_REPORTED)
		return REPORT;
	tote__fault(fault, f->code, "%s: made to fail", call);
	fault->effect = TOTE_EFFECT_UNKNOWN;
	return FAIL;
}

static int finish(struct faults *f, const char *call, int how, int r, struct tote_fault *fault)
{
	if (r < 0)
		return r;
	if (f->after)
		f->after(f->user, call);
	if (how != REPORT)
		return r;
	tote__fault(fault, f->code, "%s: done, and reported as failed", call);
	fault->effect = TOTE_EFFECT_UNKNOWN;
	return f->code;
}

#define RUN(f, call, made)                                                                         \
	do {                                                                                       \
		struct faults *f_ = (f);                                                           \
		int how_ = begin(f_, call, fault);                                                 \
		if (how_ == FAIL)                                                                  \
			return fault->code;                                                        \
		return finish(f_, call, how_, made, fault);                                        \
	} while (0)

#define INNER(place) (((struct faults *)(place))->inner)
#define OPS(place)   (INNER(place)->ops)
#define PLACE(place) (INNER(place)->handle)

static void *wrap(struct faults *f, void *inner)
{
	struct handle *h = calloc(1, sizeof(*h));

	ck_assert_ptr_nonnull(h);
	h->faults = f;
	h->inner = inner;
	return h;
}

static void unwrap(struct handle *h)
{
	free(h->lost);
	free(h);
}

/* --- names and objects ---------------------------------------------------------------------- */

static int f_identity(void *p, struct store_identity *ret, struct tote_fault *fault)
{
	return OPS(p)->identity(PLACE(p), ret, fault);
}

static int f_stat(
	void *p, int space, const char *name, struct store_stat *ret, struct tote_fault *fault)
{
	RUN(p, "stat", OPS(p)->stat(PLACE(p), space, name, ret, fault));
}

static int f_list(void *p, int space, const char *dir, store_list_fn *each, void *user,
	struct tote_fault *fault)
{
	RUN(p, "list", OPS(p)->list(PLACE(p), space, dir, each, user, fault));
}

static int f_object_open(void *p, int space, const char *name, uint32_t flags, void **ret,
	struct store_stat *st, struct tote_fault *fault)
{
	void *inner;
	int how = begin(p, "object_open", fault), r;

	if (how != GO)
		return how == FAIL ? fault->code : finish(p, "object_open", how, 0, fault);
	r = OPS(p)->object_open(PLACE(p), space, name, flags, &inner, st, fault);
	if (!r)
		*ret = wrap(p, inner);
	return r;
}

static int f_object_read(void *object, uint64_t offset, void *out, size_t len, size_t *ret_len,
	int *ret_cached, struct tote_fault *fault)
{
	struct handle *h = object;

	RUN(h->faults, "object_read",
		h->faults->inner->ops->object_read(
			h->inner, offset, out, len, ret_len, ret_cached, fault));
}

static void f_object_close(void *object)
{
	struct handle *h = object;

	h->faults->inner->ops->object_close(h->inner);
	unwrap(h);
}

static int f_put_new(void *p, int space, const char *name, const void *data, size_t len,
	struct tote_fault *fault)
{
	RUN(p, "put_new", OPS(p)->put_new(PLACE(p), space, name, data, len, fault));
}

static int f_put_all(
	void *p, int space, struct store_put *puts, size_t count, struct tote_fault *fault)
{
	RUN(p, "put_all",
		tote__store_put_all(((struct faults *)p)->inner, space, puts, count, fault));
}

static int f_sync_object(void *p, int space, const char *name, struct tote_fault *fault)
{
	RUN(p, "sync_object", OPS(p)->sync_object(PLACE(p), space, name, fault));
}

static int f_barrier(void *p, int space, struct tote_fault *fault)
{
	RUN(p, "barrier", OPS(p)->barrier(PLACE(p), space, fault));
}

static int f_remove(void *p, int space, const char *name, struct tote_fault *fault)
{
	RUN(p, "remove", OPS(p)->remove(PLACE(p), space, name, fault));
}

static int f_cell_read(
	void *p, int space, const char *name, struct buf *out, struct tote_fault *fault)
{
	RUN(p, "cell_read", OPS(p)->cell_read(PLACE(p), space, name, out, fault));
}

static int f_cell_swap(void *p, int space, const char *name, const void *old, size_t old_len,
	const void *data, size_t len, uint32_t mode, struct tote_fault *fault)
{
	RUN(p, "cell_swap",
		OPS(p)->cell_swap(PLACE(p), space, name, old, old_len, data, len, mode, fault));
}

static int f_cell_sync(void *p, int space, const char *name, struct tote_fault *fault)
{
	RUN(p, "cell_sync", OPS(p)->cell_sync(PLACE(p), space, name, fault));
}

static int f_cell_rename(
	void *p, int space, const char *from, const char *to, struct tote_fault *fault)
{
	RUN(p, "cell_rename", OPS(p)->cell_rename(PLACE(p), space, from, to, fault));
}

/* --- sealing -------------------------------------------------------------------------------- */

static int f_stage_begin(void *p, void **ret, struct tote_fault *fault)
{
	int how = begin(p, "stage_begin", fault);

	if (how != GO)
		return how == FAIL ? fault->code : finish(p, "stage_begin", how, 0, fault);
	return OPS(p)->stage_begin(PLACE(p), ret, fault);
}

static int f_make_parents(void *p, const char *path, struct tote_fault *fault)
{
	RUN(p, "make_parents", OPS(p)->make_parents(PLACE(p), path, fault));
}

static int f_publish(void *p, uint64_t seq, const char *path, struct tote_fault *fault)
{
	RUN(p, "publish", OPS(p)->publish(PLACE(p), seq, path, fault));
}

static int f_discard(void *p, uint64_t seq, struct tote_fault *fault)
{
	RUN(p, "discard", OPS(p)->discard(PLACE(p), seq, fault));
}

static int f_list_kept(
	void *p, uint64_t *seqs, size_t cap, size_t *ret_count, struct tote_fault *fault)
{
	RUN(p, "list_kept", OPS(p)->list_kept(PLACE(p), seqs, cap, ret_count, fault));
}

static int f_sync_parents(void *p, const char *const *paths, size_t count, struct tote_fault *fault)
{
	RUN(p, "sync_parents", OPS(p)->sync_parents(PLACE(p), paths, count, fault));
}

static int f_sweep(void *p, struct tote_fault *fault)
{
	RUN(p, "sweep", OPS(p)->sweep(PLACE(p), fault));
}

/* --- journal -------------------------------------------------------------------------------- */

static int f_journal_list(
	void *p, uint64_t *seqs, size_t cap, size_t *ret_count, struct tote_fault *fault)
{
	RUN(p, "journal_list", OPS(p)->journal_list(PLACE(p), seqs, cap, ret_count, fault));
}

static int f_journal_make(void *p, uint64_t seq, const void *header, size_t len, uint64_t bytes,
	struct tote_fault *fault)
{
	RUN(p, "journal_make", OPS(p)->journal_make(PLACE(p), seq, header, len, bytes, fault));
}

static int f_journal_open(
	void *p, uint64_t seq, void **ret, uint64_t *ret_bytes, struct tote_fault *fault)
{
	void *inner;
	int how = begin(p, "journal_open", fault), r;

	if (how != GO)
		return how == FAIL ? fault->code : finish(p, "journal_open", how, 0, fault);
	r = OPS(p)->journal_open(PLACE(p), seq, &inner, ret_bytes, fault);
	if (!r)
		*ret = wrap(p, inner);
	return r;
}

static void f_journal_close(void *segment)
{
	struct handle *h = segment;

	h->faults->inner->ops->journal_close(h->inner);
	unwrap(h);
}

static int f_journal_size(void *segment, uint64_t *ret, struct tote_fault *fault)
{
	struct handle *h = segment;

	RUN(h->faults, "journal_size", h->faults->inner->ops->journal_size(h->inner, ret, fault));
}

static int f_journal_read(void *segment, uint64_t offset, void *out, size_t len, size_t *ret_len,
	struct tote_fault *fault)
{
	struct handle *h = segment;

	RUN(h->faults, "journal_read",
		h->faults->inner->ops->journal_read(h->inner, offset, out, len, ret_len, fault));
}

/* Keeps what lies there, should the next sync lose what is written now. */
static void keep_old(struct handle *h, uint64_t offset, size_t len)
{
	struct tote_fault fault;

	free(h->lost);
	h->lost = calloc(1, len);
	ck_assert_ptr_nonnull(h->lost);
	h->lost_at = offset;
	h->lost_len = 0;
	ck_assert_int_eq(h->faults->inner->ops->journal_read(
				 h->inner, offset, h->lost, len, &h->lost_len, &fault),
		0);
	h->lost_len = len;
}

static int f_journal_write(
	void *segment, uint64_t offset, const void *data, size_t len, struct tote_fault *fault)
{
	struct handle *h = segment;

	if (h->faults->lose)
		keep_old(h, offset, len);
	RUN(h->faults, "journal_write",
		h->faults->inner->ops->journal_write(h->inner, offset, data, len, fault));
}

static int f_journal_sync(void *segment, struct tote_fault *fault)
{
	struct handle *h = segment;
	const struct store_ops *ops = h->faults->inner->ops;
	int how = begin(h->faults, "journal_sync", fault);
	struct tote_fault unused;

	if (how != FAIL)
		return finish(
			h->faults, "journal_sync", how, ops->journal_sync(h->inner, fault), fault);
	for (size_t at = 0, i = 0; at < h->lost_len; at += LOST_BLOCK, i++) {
		size_t len = h->lost_len - at < LOST_BLOCK ? h->lost_len - at : LOST_BLOCK;

		if (h->faults->lose >> i % 32 & 1)
			ck_assert_int_eq(ops->journal_write(h->inner, h->lost_at + at, h->lost + at,
						 len, &unused),
				0);
	}
	return fault->code;
}

static int f_journal_grow(void *segment, uint64_t bytes, struct tote_fault *fault)
{
	struct handle *h = segment;

	RUN(h->faults, "journal_grow", h->faults->inner->ops->journal_grow(h->inner, bytes, fault));
}

static int f_journal_is_current(void *p, uint64_t seq, void *segment)
{
	struct handle *h = segment;

	return OPS(p)->journal_is_current(PLACE(p), seq, h->inner);
}

static int f_journal_remove(void *p, uint64_t seq, struct tote_fault *fault)
{
	RUN(p, "journal_remove", OPS(p)->journal_remove(PLACE(p), seq, fault));
}

static int f_journal_sync_names(void *p, struct tote_fault *fault)
{
	RUN(p, "journal_sync_names", OPS(p)->journal_sync_names(PLACE(p), fault));
}

/* --- repairs -------------------------------------------------------------------------------- */

static int f_journal_build(void *p, const char *name, uint64_t seq, const void *data, size_t len,
	uint64_t bytes, struct tote_fault *fault)
{
	RUN(p, "journal_build",
		OPS(p)->journal_build(PLACE(p), name, seq, data, len, bytes, fault));
}

static int f_journal_exchange(void *p, const char *name, struct tote_fault *fault)
{
	RUN(p, "journal_exchange", OPS(p)->journal_exchange(PLACE(p), name, fault));
}

static int f_set_aside(void *p, const char *set, const char *name, struct tote_fault *fault)
{
	RUN(p, "set_aside", OPS(p)->set_aside(PLACE(p), set, name, fault));
}

/* --- lock ----------------------------------------------------------------------------------- */

static int f_lock_take(void *p, int byte, int64_t wait_us, struct tote_fault *fault)
{
	int how = begin(p, "lock_take", fault);

	if (how != GO)
		return how == FAIL ? fault->code : finish(p, "lock_take", how, 0, fault);
	return OPS(p)->lock_take(PLACE(p), byte, wait_us, fault);
}

static void f_lock_drop(void *p, int byte)
{
	OPS(p)->lock_drop(PLACE(p), byte);
}

static int f_lock_is_current(void *p, struct tote_fault *fault)
{
	if (((struct faults *)p)->lock_replaced)
		return 0;
	return OPS(p)->lock_is_current(PLACE(p), fault);
}

static int f_line_read(void *p, char *out, size_t cap, size_t *ret_len, uint64_t *ret_inode,
	struct tote_fault *fault)
{
	RUN(p, "line_read", OPS(p)->line_read(PLACE(p), out, cap, ret_len, ret_inode, fault));
}

static int f_line_write(void *p, const char *line, size_t len, struct tote_fault *fault)
{
	RUN(p, "line_write", OPS(p)->line_write(PLACE(p), line, len, fault));
}

static int f_line_sync(void *p, struct tote_fault *fault)
{
	RUN(p, "line_sync", OPS(p)->line_sync(PLACE(p), fault));
}

void faults_make(struct faults *f, const struct place *inner)
{
	memset(f, 0, sizeof(*f));
	f->inner = inner;
	f->code = TOTE_E_IO;
	f->ops = *inner->ops; /* limits, capabilities, and what works on a stage */
	f->ops.identity = f_identity;
	f->ops.rest = NULL;
	f->ops.stat = f_stat;
	f->ops.list = f_list;
	f->ops.object_open = f_object_open;
	f->ops.object_read = f_object_read;
	f->ops.object_close = f_object_close;
	f->ops.read_many = NULL; /* by these three */
	f->ops.put_new = f_put_new;
	f->ops.put_all = f_put_all;
	f->ops.sync_object = f_sync_object;
	f->ops.barrier = f_barrier;
	f->ops.remove = f_remove;
	f->ops.cell_read = f_cell_read;
	f->ops.cell_swap = f_cell_swap;
	f->ops.cell_sync = f_cell_sync;
	f->ops.cell_rename = f_cell_rename;
	f->ops.stage_begin = f_stage_begin;
	f->ops.make_parents = f_make_parents;
	f->ops.publish = f_publish;
	f->ops.discard = f_discard;
	f->ops.list_kept = f_list_kept;
	f->ops.sync_parents = f_sync_parents;
	f->ops.sweep = f_sweep;
	f->ops.journal_list = f_journal_list;
	f->ops.journal_make = f_journal_make;
	f->ops.journal_open = f_journal_open;
	f->ops.journal_close = f_journal_close;
	f->ops.journal_size = f_journal_size;
	f->ops.journal_read = f_journal_read;
	f->ops.journal_write = f_journal_write;
	f->ops.journal_sync = f_journal_sync;
	f->ops.journal_grow = f_journal_grow;
	f->ops.journal_is_current = f_journal_is_current;
	f->ops.journal_remove = f_journal_remove;
	f->ops.journal_sync_names = f_journal_sync_names;
	f->ops.journal_build = f_journal_build;
	f->ops.journal_exchange = f_journal_exchange;
	f->ops.set_aside = f_set_aside;
	f->ops.lock_take = f_lock_take;
	f->ops.lock_drop = f_lock_drop;
	f->ops.lock_is_current = f_lock_is_current;
	f->ops.line_read = f_line_read;
	f->ops.line_write = f_line_write;
	f->ops.line_sync = f_line_sync;
	f->place = *inner;
	f->place.ops = &f->ops;
	f->place.handle = f;
}

void faults_arm(struct faults *f, int mode, long at)
{
	f->mode = mode;
	f->at = at;
	f->count = 0;
	f->fired = 0;
}

void faults_disarm(struct faults *f)
{
	f->mode = FAULT_NEVER;
}
