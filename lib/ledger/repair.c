/* SPDX-License-Identifier: ISC */
/*
 * The steps of a repair, in the order of FORMAT section 5. Until the journals are exchanged the
 * ledger is damaged as it was; from then on it is whole, and the line only says so. Bytes 2 and 0
 * are held all the while, so nobody else reads on, folds or copies in between.
 */
#include "ledger/repair.h"
#include "ledger/demand.h"
#include "ledger/fold.h"
#include "ledger/ledger_impl.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define REPAIRED_FIELDS 3

/* One repair. */
struct repairing {
	struct ledger *l;
	const char *actor, *reason;
	int plan;
	struct repair *out;
	struct line found; /* the line as it was */
	struct checkpoint head;
	struct buf note; /* of the checkpoint over all that is whole */
};

static uint64_t mark_found(const struct repairing *x)
{
	return x->found.state == LINE_VOID ? 0 : x->found.mark;
}

static int read_line(struct repairing *x, struct tote_fault *fault)
{
	struct ledger *l = x->l;
	char text[LOCK_LINE_MAX];
	uint64_t inode;
	size_t len;
	int r = l->ops->line_read(l->place->handle, text, sizeof(text), &len, &inode, fault);

	if (r < 0)
		return r;
	tote__line_parse(text, len, inode, &x->found);
	l->line.inode = inode;
	l->line.since_us = tote__clock_wall(&l->ctx->clock);
	return 0;
}

/* Always `busy`: who comes next takes over. */
static int write_line(struct repairing *x, uint64_t mark, struct tote_fault *fault)
{
	struct line line = x->l->line;
	char text[LOCK_LINE_MAX];
	size_t len;
	int r;

	line.state = LINE_BUSY;
	line.mark = mark;
	r = tote__line_format(&line, text, &len, fault);
	return r < 0 ? r : x->l->ops->line_write(x->l->place->handle, text, len, fault);
}

static int replay(struct repairing *x, struct tote_fault *fault)
{
	struct ledger *l = x->l;

	l->known = 0;
	tote__segfile_close(&l->tail);
	tote__replay_free(&l->now);
	return tote__replay(l->place, l->engine, mark_found(x), l->genesis, &l->now, fault);
}

/* --- what was signed last ------------------------------------------------------------------- */

/* 1 where it is signed by a key that the checkpoint in place or the entries above it name. */
static int verify_former(struct repairing *x, const struct note *note, struct tote_fault *fault)
{
	struct ledger *l = x->l;
	struct demand demand = {.place = l->place,
		.engine = l->engine,
		.signer = l->signer,
		.origin = l->origin,
		.first = &l->vkey,
		.hooks = &l->hooks};
	int r = tote__demand_begin(&demand, &l->now, fault);

	if (!r)
		r = tote__demand_verify(&demand, note, fault);
	tote__demand_end(&demand);
	return r;
}

/* The note last signed with the key: 1, 0 where there is none. c and note point into bytes. */
static int read_last(
	struct repairing *x, struct buf *bytes, struct checkpoint *ret, struct tote_fault *fault)
{
	const struct vkey *key = &x->l->signer->key;
	struct note note;
	int r = tote__signer_last_read(x->l->signer, bytes, fault);

	if (r < 0 || !bytes->len)
		return r;
	r = tote__checkpoint_read(bytes->data, bytes->len, &note, ret, fault);
	if (!r && strcmp(ret->origin, x->l->origin) != 0)
		r = tote__fault(fault, TOTE_E_KEY, "it is of %s", ret->origin);
	if (!r)
		r = tote__note_verify(&note, key, fault);
	if (!r) /* by a key that was rotated away since */
		r = verify_former(x, &note, fault);
	if (!r)
		r = tote__fault(fault, TOTE_E_BAD_SIGNATURE, "it is not signed by that key");
	if (r < 0)
		tote__fault_wrap(fault, "the note last signed with the key of %s", x->l->origin);
	return r;
}

/* Its bundles are durable; they are read all the same, and must extend what is published. */
static int check_last(struct repairing *x, const struct checkpoint *last, struct tote_fault *fault)
{
	struct ledger *l = x->l;
	const struct checkpoint *c = &l->now.covered;
	struct tile_tree *tree = tote__heap_new(l->heap, 1, sizeof(*tree), fault);
	uint8_t root[HASH_LEN];
	struct logdir log;
	int r;

	if (!tree)
		return TOTE_E_NO_MEMORY;
	tote__logdir_init(&log, l->place, STORE_UNCACHED);
	tote__tile_tree_init(tree, last->size, tote__logdir_tile, &log, l->engine);
	r = tote__merkle_root(last->size, tote__tile_tree_node, tree, l->engine, root, fault);
	if (!r && !tote__hash_equal(root, last->root))
		r = tote__fault(fault, TOTE_E_DAMAGED, "the tiles do not give its root");
	if (!r && l->now.have_checkpoint) {
		r = tote__merkle_root(c->size, tote__tile_tree_node, tree, l->engine, root, fault);
		if (!r && !tote__hash_equal(root, c->root))
			r = tote__fault(fault, TOTE_E_FORK,
				"it contradicts the checkpoint of %" PRIu64 " entries in place",
				c->size);
	}
	if (!r && l->hooks.guard)
		r = l->hooks.guard(l->hooks.user, last, tote__tile_tree_node, tree, fault);
	tote__heap_free(l->heap, tree);
	if (r == TOTE_E_NOT_FOUND)
		fault->code = r = TOTE_E_DAMAGED;
	return r < 0 ? tote__fault_wrap(fault,
			       "the checkpoint of %" PRIu64 " entries that was signed last",
			       last->size)
		     : 0;
}

static int publish(struct repairing *x, const struct buf *last, struct tote_fault *fault)
{
	struct ledger *l = x->l;
	const struct store_ops *ops = l->ops;
	struct buf old;
	int r = tote__signer_last_write(l->signer, last->data, last->len, fault);

	if (r < 0) /* found in place: synced again before anything is promised on its strength */
		return r;
	tote__buf_init(&old, l->heap, NOTE_MAX);
	r = ops->cell_read(l->place->handle, SPACE_LOG, CHECKPOINT_NAME, &old, fault);
	if (r == TOTE_E_NOT_FOUND || !r)
		r = ops->cell_swap(l->place->handle, SPACE_LOG, CHECKPOINT_NAME,
			r ? NULL : old.data, old.len, last->data, last->len, 0644, fault);
	tote__buf_free(&old);
	return r;
}

/* FORMAT section 5: where NAME.last is larger than C, it is published first. */
static int publish_last(struct repairing *x, struct tote_fault *fault)
{
	struct checkpoint last;
	struct buf bytes;
	int r;

	tote__buf_init(&bytes, x->l->heap, NOTE_MAX);
	r = read_last(x, &bytes, &last, fault);
	if (r > 0 && last.size > x->l->now.covered.size) {
		r = check_last(x, &last, fault);
		if (!r)
			x->out->published = last.size;
		if (!r && !x->plan)
			r = publish(x, &bytes, fault);
		if (!r && !x->plan)
			r = replay(x, fault);
	}
	tote__buf_free(&bytes);
	return r < 0 ? r : 0;
}

/* --- what is whole -------------------------------------------------------------------------- */

static int help_is_elsewhere(struct repairing *x, struct tote_fault *fault)
{
	const struct replay *now = &x->l->now;

	if (now->read_only)
		return tote__fault(fault, TOTE_E_READ_ONLY,
			"ledger %s holds entries or segments of a later version of the format: "
			"repair it with a version that knows them",
			x->l->origin);
	if (!now->damaged || (!now->log_damaged && now->cut))
		return 0;
	*fault = now->why;
	if (now->log_damaged)
		return tote__fault_wrap(fault,
			"ledger %s: its log is damaged, not its journal: restore that file from a "
			"copy, no repair helps",
			x->l->origin);
	return tote__fault_wrap(fault,
		"ledger %s: not one entry of it is whole, so there is nothing to repair: restore "
		"it from a copy",
		x->l->origin);
}

/* Folds what is below from_seq; a checkpoint that is there already is synced again. */
static int fold_whole(struct repairing *x, struct tote_fault *fault)
{
	struct ledger *l = x->l;
	struct fold fold = {.ctx = l->ctx,
		.place = l->place,
		.engine = l->engine,
		.type = l->type,
		.signer = l->signer,
		.origin = l->origin,
		.first = &l->vkey,
		.hooks = &l->hooks,
		.from = &l->now,
		.bound = x->out->from_seq};

	return tote__fold_run(&fold, &x->head, &x->note, fault);
}

static int keep_leaf(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	(void)e;
	(void)verified;
	(void)fault;
	memcpy(user, leaf, HASH_LEN);
	return 0;
}

/* From here on the ledger is what the checkpoint covers, and nothing else. */
static int adopt_whole(struct repairing *x, struct tote_fault *fault)
{
	struct ledger *l = x->l;
	struct replay now = {.heap = l->heap, .have_checkpoint = 1, .covered = x->head};
	int r;

	now.end = x->head.size;
	tote__buf_init(&now.note, l->heap, NOTE_MAX);
	tote__buf_put(&now.note, x->note.data, x->note.len);
	tote__replay_free(&l->now);
	l->now = now;
	tote__now_count(l);
	if ((r = tote__buf_check(&l->now.note, "checkpoint", fault)) < 0)
		return r;
	r = tote__ledger_scan(l, now.end - 1, now.end, keep_leaf, l->now.last_leaf, fault);
	/* what the room above knows must be of just these entries: the state among it */
	l->observing = 0;
	return r ? r : tote__observe_rest(l, fault);
}

/*
 * What the orchestrator saw must lie in it: to an older copy, or another history, nothing is
 * appended, a repair's entry neither.
 */
static int check_seen(struct repairing *x, struct tote_fault *fault)
{
	struct ledger *l = x->l;
	struct tile_tree *tree;
	struct logdir log;
	int r;

	if (!l->hooks.guard)
		return 0;
	tree = tote__heap_new(l->heap, 1, sizeof(*tree), fault);
	if (!tree)
		return TOTE_E_NO_MEMORY;
	tote__logdir_init(&log, l->place, STORE_UNCACHED);
	tote__tile_tree_init(tree, x->head.size, tote__logdir_tile, &log, l->engine);
	r = l->hooks.guard(l->hooks.user, &x->head, tote__tile_tree_node, tree, fault);
	tote__heap_free(l->heap, tree);
	return r;
}

/* --- the new journal ------------------------------------------------------------------------ */

static int stage_repaired(struct repairing *x, struct tote_fault *fault)
{
	struct ledger *l = x->l;
	char from[24], lost[24];
	struct field fields[REPAIRED_FIELDS] = {
		{"from-seq", from, 0}, {"lost", lost, 0}, {"reason", x->reason, strlen(x->reason)}};
	struct draft d = {.kind = "ledger.repaired",
		.actor = x->actor,
		.fields = fields,
		.field_count = REPAIRED_FIELDS};
	int r;

	fields[0].len = (size_t)snprintf(from, sizeof(from), "%" PRIu64, x->out->from_seq);
	fields[1].len = (size_t)snprintf(lost, sizeof(lost), "%" PRIu64, x->out->lost);
	if (l->hooks.admit && (r = l->hooks.admit(l->hooks.user, &d, fault)) < 0)
		return r;
	tote__stage_begin(l);
	return tote__stage_add(l, &d, 1, fault);
}

/* Header and group as they lie in a segment, in l->bytes. */
static int write_segment(struct repairing *x, struct tote_fault *fault)
{
	static const uint8_t zeros[JOURNAL_BLOCK];
	struct ledger *l = x->l;
	struct segment_header h = {.version = 1, .first_seq = l->now.end};
	struct group g = {.first_seq = l->stage.first,
		.count = l->stage.count,
		.body_len = (uint32_t)l->stage.body.len};
	uint8_t block[SEGMENT_HEADER_LEN];

	tote__random_bytes(h.salt, sizeof(h.salt));
	memcpy(h.prev, l->now.last_leaf, HASH_LEN);
	memcpy(g.last_leaf, l->stage.leaf, HASH_LEN);
	tote__segment_header_write(&h, block);
	tote__buf_reset(&l->bytes);
	tote__buf_put(&l->bytes, block, sizeof(block));
	tote__buf_put(&l->bytes, zeros, sizeof(zeros) - sizeof(block));
	tote__group_write(&g, h.salt, l->stage.body.data, l->engine, &l->bytes);
	return tote__buf_check(&l->bytes, "a segment", fault);
}

static int exchange(struct repairing *x, struct tote_fault *fault)
{
	struct ledger *l = x->l;
	const struct store_ops *ops = l->ops;
	uint64_t seq = x->out->from_seq;
	int r = ops->journal_build(l->place->handle, x->out->aside, seq, l->bytes.data,
		l->bytes.len, l->bytes.len < SEGMENT_MIN_BYTES ? SEGMENT_MIN_BYTES : l->bytes.len,
		fault);

	if (!r)
		r = ops->journal_exchange(l->place->handle, x->out->aside, fault);
	/* only now: a mark that speaks of the new journal while the old one lies there is damage */
	if (!r)
		r = write_line(x, seq + 1, fault);
	if (!r)
		r = ops->line_sync(l->place->handle, fault);
	return r;
}

/* --- the whole ------------------------------------------------------------------------------ */

static int begin_plan(struct repairing *x, struct tote_fault *fault)
{
	struct repair *out = x->out;
	const struct replay *now = &x->l->now;

	out->why = now->why;
	out->from_seq = now->cut > out->published ? now->cut : out->published;
	out->lost = now->highest > out->from_seq ? now->highest - out->from_seq : 0;
	out->folded = out->from_seq - now->covered.size;
	return tote__aside_name(x->l->place, out->from_seq, out->aside, fault);
}

static int mend(struct repairing *x, struct tote_fault *fault)
{
	struct repair *out = x->out;
	struct ledger *l = x->l;
	int r = 0;

	if (x->found.state != LINE_VOID) /* a void line stays: the mark that it had is not known */
		r = write_line(x, x->found.mark, fault);
	if (!r)
		r = fold_whole(x, fault);
	if (!r)
		r = adopt_whole(x, fault);
	if (!r)
		r = check_seen(x, fault);
	if (!r)
		r = stage_repaired(x, fault); /* what refuses it does so before anything is moved */
	if (!r)
		r = write_segment(x, fault);
	if (!r)
		r = tote__aside_beyond(l->place, out->from_seq, out->aside, &out->moved, fault);
	if (!r)
		r = exchange(x, fault);
	if (!r) {
		out->done = 1;
		out->seq = out->from_seq;
	}
	return r;
}

/* With bytes 2 and 0. */
static int repair_held(struct repairing *x, struct tote_fault *fault)
{
	struct repair *out = x->out;
	int r = read_line(x, fault);

	if (!r)
		r = replay(x, fault);
	if (r < 0)
		return r;
	out->needed = x->l->now.damaged;
	out->why = x->l->now.why;
	if (!out->needed)
		return help_is_elsewhere(x, fault);
	if ((r = publish_last(x, fault)) < 0)
		return r;
	if (!x->l->now.damaged) /* that was all there was to do */
		return 0;
	if ((!x->plan || !out->published) && (r = help_is_elsewhere(x, fault)) < 0)
		return r;
	if ((r = begin_plan(x, fault)) < 0)
		return r;
	if (x->plan)
		return tote__aside_beyond(x->l->place, out->from_seq, NULL, &out->moved, fault);
	return mend(x, fault);
}

static int repair_locked(struct repairing *x, int64_t until, struct tote_fault *fault)
{
	struct ledger *l = x->l;
	struct waiter w = {.request = NULL};
	int r = tote__slot_take(l, &w, until, fault);

	if (r < 0)
		return r;
	r = tote__writer_lock(l, until, fault);
	if (!r) {
		l->holding = 1;
		r = repair_held(x, fault);
		/* the next hold, of whomever, takes over */
		l->known = 0;
		l->suspect = 1;
		tote__writer_leave(l);
	}
	tote__slot_give(l);
	return r;
}

static int check(const struct ledger *l, struct tote_fault *fault)
{
	if (!l->signer)
		return tote__fault(fault, TOTE_E_NO_SIGNER,
			"ledger %s was opened without its signing key: what is whole is signed for "
			"before the rest is set aside",
			l->origin);
	if (!(l->ops->capabilities & STORE_CAN_REPAIR))
		return tote__fault(fault, TOTE_E_UNSUPPORTED,
			"backend %s cannot set a journal aside", l->ops->name);
	return 0;
}

int tote__ledger_repair(struct ledger *l, const char *actor, const char *reason, int plan,
	struct repair *ret, struct tote_fault *fault)
{
	struct repairing x = {.l = l, .actor = actor, .reason = reason, .plan = plan, .out = ret};
	int64_t until = tote__wait_until(l);
	int r = check(l, fault);

	memset(ret, 0, sizeof(*ret));
	if (r < 0 || (r = tote__fold_take(l, until, 1, fault)) < 0)
		return r;
	tote__buf_init(&x.note, l->heap, NOTE_MAX);
	r = repair_locked(&x, until, fault);
	tote__buf_free(&x.note);
	tote__fold_drop(l);
	if (r > 0)
		r = tote__fault(fault, TOTE_E_IO, "ledger %s: a hook failed", l->origin);
	if (r < 0)
		return tote__fault_wrap(fault, "repair of ledger %s", l->origin);
	if (!plan && ret->needed) {
		r = tote__ledger_recover(l, fault);
		if (r < 0)
			fault->effect = TOTE_EFFECT_DONE;
	}
	return r;
}
