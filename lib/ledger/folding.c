/* SPDX-License-Identifier: ISC */
/*
 * Byte 2 of a ledger: a fold with its bound taken under byte 0, the removal of segments behind it,
 * and signature lines that are added to the checkpoint. Appends go on meanwhile.
 */
#include "ledger/fold.h"
#include "ledger/ledger_impl.h"
#include <inttypes.h>
#include <string.h>

/* --- byte 2 --------------------------------------------------------------------------------- */

/* 1: byte 2 is ours; 0: somebody else's, and wait was 0. */
int tote__fold_take(struct ledger *l, int64_t until, int wait, struct tote_fault *fault)
{
	int r = tote__fold_slot_take(l, until, wait, fault);
	int64_t left;

	if (r <= 0)
		return r;
	left = wait ? tote__wait_left(l, until) : 0; /* of the same bound: the slot took its part */
	r = l->ops->lock_take(l->place->handle, LOCK_BYTE_FOLD, left, fault);
	if (!r && (r = l->ops->lock_is_current(l->place->handle, fault)) != 1) {
		l->ops->lock_drop(l->place->handle, LOCK_BYTE_FOLD);
		if (!r)
			r = tote__fault(fault, TOTE_E_UNTRUSTED,
				"ledger %s: the file `lock` was replaced; find out by whom, and "
				"open the ledger again",
				l->origin);
	} else if (r == 1)
		r = 0;
	if (!r)
		return 1;
	tote__fold_slot_give(l);
	if (r != TOTE_E_BUSY)
		return r;
	return wait ? tote__fault(fault, TOTE_E_BUSY,
			      "ledger %s: another process is still folding or copying; try again",
			      l->origin)
		    : 0;
}

void tote__fold_drop(struct ledger *l)
{
	l->ops->lock_drop(l->place->handle, LOCK_BYTE_FOLD);
	tote__fold_slot_give(l);
}

void tote__fold_publish_key(struct ledger *l)
{
	pthread_mutex_lock(&l->mutex);
	l->signing = l->signer->key;
	pthread_mutex_unlock(&l->mutex);
}

int tote__ledger_signing(struct ledger *l, struct vkey *ret)
{
	pthread_mutex_lock(&l->mutex);
	*ret = l->signing;
	pthread_mutex_unlock(&l->mutex);
	return l->signer != NULL;
}

/* --- the bound ------------------------------------------------------------------------------ */

/* A copy of what a fold reads, so that appends may move on meanwhile. */
static int copy_now(struct ledger *l, struct replay *ret, struct tote_fault *fault)
{
	const struct replay *now = &l->now;

	memset(ret, 0, sizeof(*ret));
	ret->heap = l->heap;
	ret->have_checkpoint = now->have_checkpoint;
	ret->covered = now->covered;
	ret->end = now->end;
	memcpy(ret->last_leaf, now->last_leaf, HASH_LEN);
	tote__buf_init(&ret->note, l->heap, NOTE_MAX);
	tote__buf_put(&ret->note, now->note.data, now->note.len);
	ret->groups = tote__heap_dup(
		l->heap, now->groups, now->group_count * sizeof(*now->groups), fault);
	ret->group_count = now->group_count;
	ret->group_cap = now->group_count;
	if (!ret->groups || tote__buf_check(&ret->note, "checkpoint", fault) < 0) {
		tote__replay_free(ret);
		return TOTE_E_NO_MEMORY;
	}
	return 0;
}

/*
 * The bound is set under byte 0, so after a takeover where one was due; the slot is kept only where
 * the backend bears one call at a time.
 */
int tote__fold_bound(struct ledger *l, int64_t until, struct replay *ret, struct tote_fault *fault)
{
	struct waiter w = {.request = NULL};
	int r = tote__slot_take(l, &w, until, fault);

	if (r < 0)
		return r;
	r = tote__writer_take(l, until, 0, fault);
	if (!r) {
		r = tote__now_refresh(l, fault);
		if (r >= 0)
			r = copy_now(l, ret, fault);
		tote__writer_leave(l);
	}
	if (r < 0 || l->ops->capabilities & STORE_CAN_ANY_THREAD)
		tote__slot_give(l);
	return r;
}

/* The handle learns of its own fold; if it cannot now, the next reader finds out. */
static void adopt(struct ledger *l, int64_t until)
{
	struct waiter w = {.request = NULL};
	struct tote_fault unused;

	if (l->ops->capabilities & STORE_CAN_ANY_THREAD &&
		tote__slot_take(l, &w, until, &unused) < 0)
		return;
	if (l->known) {
		tote__now_refresh(l, &unused);
		tote__now_publish_info(l);
	}
	tote__slot_give(l);
}

/* --- the fold ------------------------------------------------------------------------------- */

/*
 * A checkpoint found in place may never have been synced: it is not handed out, and no segment is
 * removed on the strength of it, before it is.
 */
static int sync_found(struct ledger *l, const struct replay *from, const struct checkpoint *c,
	struct tote_fault *fault)
{
	if (!from->have_checkpoint || from->covered.size != c->size)
		return 0;
	return l->ops->cell_sync(l->place->handle, SPACE_LOG, CHECKPOINT_NAME, fault);
}

int tote__fold_held(struct ledger *l, int64_t until, struct checkpoint *ret, struct buf *ret_note,
	struct tote_fault *fault)
{
	struct tote_fault unused;
	struct replay from;
	struct fold fold = {.ctx = l->ctx,
		.place = l->place,
		.engine = l->engine,
		.type = l->type,
		.signer = l->signer,
		.origin = l->origin,
		.first = &l->vkey,
		.hooks = &l->hooks,
		.from = &from};
	int r = tote__fold_bound(l, until, &from, fault);

	if (r < 0)
		return r;
	fold.bound = from.end;
	fold.again = l->unsure;
	r = tote__fold_run(&fold, ret, ret_note, fault);
	if (!r)
		r = sync_found(l, &from, ret, fault);
	l->unsure = r < 0 && (l->unsure || fault->effect == TOTE_EFFECT_UNKNOWN);
	if (r < 0)
		tote__fault_wrap(fault, "fold of ledger %s", l->origin);
	else if (tote__fold_remove_segments(l->place, ret->size, &unused) < 0)
		tote__log(&l->ctx->log, TOTE_LOG_WARNING,
			"ledger %s: folded segments were not removed: %s", l->origin, unused.text);
	tote__replay_free(&from);
	tote__fold_publish_key(l);
	adopt(l, until);
	return r;
}

int tote__ledger_fold(
	struct ledger *l, struct checkpoint *ret, struct buf *ret_note, struct tote_fault *fault)
{
	int64_t until = tote__wait_until(l);
	struct buf note;
	int r;

	if (!l->signer)
		return tote__fault(fault, TOTE_E_NO_SIGNER,
			"ledger %s was opened without its signing key: fold it where the key is; "
			"if it "
			"should be here, totectl status says how to bring it back",
			l->origin);
	if ((r = tote__fold_take(l, until, 1, fault)) < 0)
		return r;
	tote__buf_init(&note, l->heap, NOTE_MAX);
	r = tote__fold_held(l, until, ret, &note, fault);
	tote__fold_drop(l);
	if (!r && ret_note) {
		tote__buf_reset(ret_note);
		tote__buf_put(ret_note, note.data, note.len);
		r = tote__buf_check(ret_note, "checkpoint", fault);
	}
	tote__buf_free(&note);
	if (!r)
		tote__fault_clear(fault);
	return r;
}

/* Whether it is time; after a failure only when the journal has grown by a further sixteenth. */
static int is_large(struct ledger *l)
{
	int large;

	pthread_mutex_lock(&l->mutex);
	large = l->signer && l->info.journal_bytes > l->fold_bytes &&
		l->info.journal_bytes > l->fold_after;
	pthread_mutex_unlock(&l->mutex);
	return large;
}

static void put_off_fold(struct ledger *l, int failed)
{
	pthread_mutex_lock(&l->mutex);
	l->fold_after = failed ? l->info.journal_bytes + l->fold_bytes / 16 : 0;
	pthread_mutex_unlock(&l->mutex);
}

void tote__ledger_fold_if_large(struct ledger *l)
{
	int64_t until = tote__wait_until(l);
	struct checkpoint unused;
	struct tote_fault fault;
	struct buf note;
	int r;

	if (!is_large(l) || tote__fold_take(l, until, 0, &fault) != 1)
		return;
	tote__buf_init(&note, l->heap, NOTE_MAX);
	r = tote__fold_held(l, until, &unused, &note, &fault);
	tote__fold_drop(l);
	tote__buf_free(&note);
	put_off_fold(l, r < 0);
	if (r < 0)
		tote__log(&l->ctx->log, TOTE_LOG_WARNING, "%s; entries stay in the journal",
			fault.text);
}

/* --- lines of signatures -------------------------------------------------------------------- */

static int has_line(const struct note *note, const char *line, size_t len)
{
	for (size_t i = 0; i < note->sig_count; i++) {
		if (note->sigs[i].line_len == len && !memcmp(note->sigs[i].line, line, len))
			return 1;
	}
	return 0;
}

static int add_line(struct ledger *l, const char *text, size_t text_len, const char *line,
	size_t line_len, struct buf *old, struct buf *new, struct tote_fault *fault)
{
	struct checkpoint c;
	struct logdir log;
	struct note note;
	int r;

	tote__logdir_init(&log, l->place, 0);
	if ((r = tote__logdir_checkpoint(&log, old, &note, &c, fault)) < 0)
		return r;
	if (note.text_len != text_len || memcmp(note.text, text, text_len) != 0)
		return 0;
	if (has_line(&note, line, line_len)) {
		r = l->ops->cell_sync(l->place->handle, SPACE_LOG, CHECKPOINT_NAME, fault);
		return r < 0 ? r : 1;
	}
	tote__buf_put(new, old->data, old->len);
	tote__buf_put(new, line, line_len);
	if ((r = tote__buf_check(new, "checkpoint", fault)) < 0)
		return r;
	if ((r = tote__note_parse(new->data, new->len, &note, fault)) < 0)
		return r; /* what would not be read is not written */
	if (note.text_len != text_len || !has_line(&note, line, line_len))
		return tote__fault(fault, TOTE_E_MALFORMED, "this is no line of a signature");
	r = l->ops->cell_swap(l->place->handle, SPACE_LOG, CHECKPOINT_NAME, old->data, old->len,
		new->data, new->len, 0644, fault);
	return r < 0 ? r : 1;
}

int tote__ledger_add_line(struct ledger *l, const char *text, size_t text_len, const char *line,
	size_t line_len, struct tote_fault *fault)
{
	int64_t until = tote__wait_until(l);
	struct buf old, new;
	int r = tote__fold_take(l, until, 1, fault);

	if (r < 0)
		return r;
	tote__buf_init(&old, l->heap, NOTE_MAX);
	tote__buf_init(&new, l->heap, NOTE_MAX);
	r = add_line(l, text, text_len, line, line_len, &old, &new, fault);
	tote__fold_drop(l);
	tote__buf_free(&old);
	tote__buf_free(&new);
	if (r < 0)
		return tote__fault_wrap(
			fault, "ledger %s: adding a signature to the checkpoint", l->origin);
	tote__fault_clear(fault);
	return r;
}
