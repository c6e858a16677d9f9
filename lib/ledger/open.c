/* SPDX-License-Identifier: ISC */
/*
 * Opening and creating a ledger. Its name and key are what entry 0 says; what is handed in must
 * agree with that. Nothing is locked or written before the first hold.
 */
#include "base/thread.h"
#include "ledger/demand.h"
#include "ledger/ledger_impl.h"
#include <inttypes.h>
#include <string.h>

/* --- the handle ----------------------------------------------------------------------------- */

static int check_backend(const struct place *place, struct tote_fault *fault)
{
	const uint32_t needed = STORE_CAN_JOURNAL | STORE_CAN_LOCK;

	if ((place->ops->capabilities & needed) == needed)
		return 0;
	return tote__fault(fault, TOTE_E_UNSUPPORTED,
		"backend %s has no journal or no locks: a ledger cannot be written there",
		place->ops->name);
}

static int make_waits(struct ledger *l)
{
	if (pthread_mutex_init(&l->mutex, NULL) != 0)
		return -1;
	if (tote__condition_init(&l->folded) == 0)
		return 0;
	pthread_mutex_destroy(&l->mutex);
	return -1;
}

static int ledger_new(const struct ledger_options *o, struct ledger **ret, struct tote_fault *fault)
{
	const struct heap *heap = &o->ctx->heap;
	struct ledger *l;
	int r = check_backend(o->place, fault);

	if (r < 0)
		return r;
	l = tote__heap_new(heap, 1, sizeof(*l), fault);
	if (!l)
		return TOTE_E_NO_MEMORY;
	l->ctx = o->ctx;
	l->heap = heap;
	l->place = o->place;
	l->ops = o->place->ops;
	l->engine = tote__hasher(o->ctx);
	tote__clock_init(&l->waits, NULL);
	l->type = o->type;
	l->observe = o->observe;
	l->signer = o->signer;
	l->hooks = o->hooks;
	l->lock_wait_us = o->lock_wait_us ? o->lock_wait_us : o->ctx->lock_wait_us;
	l->journal_bound = o->journal_bound ? o->journal_bound : JOURNAL_BOUND_DEFAULT;
	l->fold_bytes = o->fold_bytes ? o->fold_bytes : FOLD_BYTES_DEFAULT;
	l->oldest = UINT64_MAX;
	tote__line_self(&l->line, &o->ctx->clock);
	l->line.engine = l->engine;
	tote__buf_init(&l->stage.body, heap, GROUP_BODY_MAX);
	tote__buf_init(&l->stage.entry, heap, ENTRY_MAX);
	tote__buf_init(&l->body, heap, GROUP_BODY_MAX);
	tote__buf_init(&l->bytes, heap, GROUP_BODY_MAX + 2 * JOURNAL_BLOCK);
	if (l->signer)
		l->signing = l->signer->key;
	if (make_waits(l) < 0) {
		tote__heap_free(heap, l);
		return tote__fault(fault, TOTE_E_LIMIT, "ledger: no mutex can be made");
	}
	*ret = l;
	return 0;
}

void tote__ledger_close(struct ledger *l)
{
	if (!l)
		return;
	tote__segfile_close(&l->tail);
	tote__replay_free(&l->now);
	tote__buf_free(&l->stage.body);
	tote__buf_free(&l->stage.entry);
	tote__buf_free(&l->body);
	tote__buf_free(&l->bytes);
	if (!tote__ctx_is_forked(l->ctx)) {
		pthread_cond_destroy(&l->folded);
		pthread_mutex_destroy(&l->mutex);
	}
	tote__heap_free(l->heap, l);
}

const char *tote__ledger_origin(const struct ledger *l)
{
	return l->origin;
}

const struct vkey *tote__ledger_vkey(const struct ledger *l)
{
	return &l->vkey;
}

/* --- entry 0 -------------------------------------------------------------------------------- */

static int first_of_bundle(struct logdir *log, uint64_t size, struct buf *out,
	const uint8_t **ret_entry, size_t *ret_len, struct tote_fault *fault)
{
	struct bundle_walk w;
	uint32_t width;
	int r = tote__logdir_bundle(log, 0, size, out, &width, fault);

	if (r < 0)
		return r;
	tote__bundle_walk(&w, out->data, out->len, width);
	r = tote__bundle_next(&w, ret_entry, ret_len, fault);
	return r < 0 ? r : 0;
}

static int first_of_journal(const struct place *place, const struct hasher *engine, struct buf *out,
	const uint8_t **ret_entry, size_t *ret_len, uint64_t *ret_covered, struct tote_fault *fault)
{
	struct bundle_walk w;
	struct replay found;
	int r = tote__replay(place, engine, 0, NULL, &found, fault);

	if (r < 0)
		return r;
	*ret_covered = found.covered.size;
	if (found.have_checkpoint)
		r = 0; /* one was published meanwhile */
	else if (found.damaged)
		r = (*fault = found.why).code;
	else if (!found.group_count)
		r = tote__fault(fault, TOTE_E_NOT_FOUND,
			"%s: no ledger, or one that was never completed", place->location);
	else
		r = tote__group_load(place, engine, &found.groups[0], out, fault);
	if (!r && !found.have_checkpoint) {
		tote__bundle_walk(&w, out->data, out->len, found.groups[0].group.count);
		r = tote__bundle_next(&w, ret_entry, ret_len, fault);
	}
	tote__replay_free(&found);
	return r < 0 ? r : 0;
}

/* The bytes of entry 0, wherever they are now; they lie in out. */
static int find_first(const struct ledger *l, struct buf *out, const uint8_t **ret_entry,
	size_t *ret_len, struct tote_fault *fault)
{
	struct logdir log;
	struct checkpoint c;
	struct note note;
	struct buf bytes;
	uint64_t size;
	int r;

	tote__logdir_init(&log, l->place, 0);
	tote__buf_init(&bytes, l->heap, NOTE_MAX);
	r = tote__logdir_checkpoint(&log, &bytes, &note, &c, fault);
	tote__buf_free(&bytes);
	size = r ? 0 : c.size;
	if (r == TOTE_E_NOT_FOUND)
		r = first_of_journal(l->place, l->engine, out, ret_entry, ret_len, &size, fault);
	if (r < 0 || !size)
		return r;
	r = first_of_bundle(&log, size, out, ret_entry, ret_len, fault);
	return r == TOTE_E_NOT_FOUND
		       ? tote__fault(fault, TOTE_E_DAMAGED, "the bundle of entry 0 is missing")
		       : r;
}

/* Where neither checkpoint nor journal lead to entry 0: by the checkpoint that was signed last. */
static int first_as_signed(struct ledger *l, struct signer *signer, struct buf *out,
	const uint8_t **ret_entry, size_t *ret_len, struct tote_fault *fault)
{
	struct checkpoint c;
	struct logdir log;
	struct note note;
	struct buf bytes;
	int r;

	tote__logdir_init(&log, l->place, 0);
	tote__buf_init(&bytes, l->heap, NOTE_MAX);
	r = tote__signer_last_read(signer, &bytes, fault);
	if (!r && !bytes.len)
		r = tote__fault(fault, TOTE_E_DAMAGED,
			"there is no checkpoint, and none was ever signed with the key of %s",
			signer->key.name);
	if (!r)
		r = tote__checkpoint_read(bytes.data, bytes.len, &note, &c, fault);
	if (!r)
		r = first_of_bundle(&log, c.size, out, ret_entry, ret_len, fault);
	tote__buf_free(&bytes);
	return r == TOTE_E_NOT_FOUND
		       ? tote__fault(fault, TOTE_E_DAMAGED, "the bundle of entry 0 is missing")
		       : r;
}

static const char *first_kind(int type)
{
	return type == LEDGER_CONTAINER ? "container.created" : "orchestrator.created";
}

/* Name and key as entry 0 gives them, which its own prev binds. */
static int take_identity(struct ledger *l, const struct entry *e, struct tote_fault *fault)
{
	char vkey[VKEY_MAX];
	int r;

	if (e->seq || !tote__entry_is(e, first_kind(l->type)))
		return tote__fault(
			fault, TOTE_E_MALFORMED, "entry 0 is not %s", first_kind(l->type));
	r = tote__entry_string(e, "origin", l->origin, sizeof(l->origin), fault);
	if (!r)
		r = tote__entry_string(e, "vkey", vkey, sizeof(vkey), fault);
	if (!r)
		r = tote__vkey_parse(vkey, strlen(vkey), &l->vkey, fault);
	if (r < 0)
		return r;
	tote__entry_genesis(l->origin, vkey, l->genesis);
	if (memcmp(e->prev, l->genesis, HASH_LEN) != 0)
		return tote__fault(fault, TOTE_E_DAMAGED,
			"entry 0 was made for another origin or key than it names");
	return 0;
}

/*
 * Entry 0's key may have been rotated away long ago, which only a reading of the whole ledger tells:
 * what little is asked here keeps an operator from a wrong key file, and whoever folds is asked
 * again (demand.h).
 */
static int check_signer(struct ledger *l, const struct ledger_options *o, struct tote_fault *fault)
{
	struct demand demand = {.place = l->place,
		.engine = l->engine,
		.signer = o->signer,
		.origin = l->origin,
		.first = &l->vkey,
		.hooks = &l->hooks};
	int r = tote__demand_may_sign(&demand, &o->signer->key, fault);

	if (r)
		return r < 0 ? r : 0;
	return tote__fault(fault, TOTE_E_KEY,
		"ledger %s: the signing key given (%s, id %08" PRIx32
		") is not its own (id %08" PRIx32 "), nor did that lead to it by rotations",
		l->origin, o->signer->key.name, o->signer->key.id, l->vkey.id);
}

/* What was handed in must be of this ledger. */
static int check_identity(
	struct ledger *l, const struct ledger_options *o, struct tote_fault *fault)
{
	if (o->origin && strcmp(o->origin, l->origin) != 0)
		return tote__fault(fault, TOTE_E_UNTRUSTED,
			"%s: this is the ledger of %s, expected %s", l->place->location, l->origin,
			o->origin);
	return o->signer ? check_signer(l, o, fault) : 0;
}

static int identify(struct ledger *l, const struct ledger_options *o, struct tote_fault *fault)
{
	const uint8_t *bytes = NULL;
	struct entry e;
	struct buf buf;
	size_t len = 0;
	int r;

	tote__buf_init(&buf, l->heap, BUNDLE_MAX);
	r = find_first(l, &buf, &bytes, &len, fault);
	if ((r == TOTE_E_DAMAGED || r == TOTE_E_MALFORMED) && o->repairing && o->signer)
		r = first_as_signed(l, o->signer, &buf, &bytes, &len, fault);
	if (!r)
		r = tote__entry_parse(bytes, len, &e, fault);
	if (!r)
		r = take_identity(l, &e, fault);
	if (!r)
		r = check_identity(l, o, fault);
	tote__buf_free(&buf);
	return r;
}

int tote__ledger_open(
	const struct ledger_options *options, struct ledger **ret, struct tote_fault *fault)
{
	struct ledger *l;
	int r = ledger_new(options, &l, fault);

	if (r < 0)
		return r;
	if ((r = identify(l, options, fault)) < 0) {
		tote__ledger_close(l);
		return r;
	}
	tote__fault_clear(fault);
	*ret = l;
	return 0;
}

/* --- creating ------------------------------------------------------------------------------- */

static int is_draft(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	(void)leaf;
	(void)verified;
	if (tote__entry_is_draft(e, user))
		return 0;
	return tote__fault(fault, TOTE_E_EXISTS,
		"there is a ledger already, and its entry 0 says something else");
}

/*
 * Whatever a crash left behind is taken up by the hold: an empty place, an empty segment 0, entry 0
 * without a checkpoint, tiles of an interrupted first fold.
 */
static int write_first(struct ledger *l, const struct draft *first, struct tote_fault *fault)
{
	union {
		const struct draft *draft;
		void *user;
	} given = {.draft = first};
	uint64_t seq;
	int r = tote__ledger_hold(l, fault);

	if (r < 0)
		return r;
	if (l->now.end)
		r = tote__ledger_scan(l, 0, 1, is_draft, given.user, fault);
	else
		r = tote__ledger_write(l, first, 1, &seq, fault);
	tote__ledger_release(l);
	return r;
}

static int create(struct ledger *l, const struct ledger_options *o, const struct draft *first,
	struct tote_fault *fault)
{
	char vkey[VKEY_MAX];
	struct checkpoint c;
	int r;

	memcpy(l->origin, o->signer->key.name, sizeof(l->origin));
	l->vkey = o->signer->key;
	if ((r = check_identity(l, o, fault)) < 0)
		return r;
	tote__vkey_format(&l->vkey, vkey);
	tote__entry_genesis(l->origin, vkey, l->genesis);
	if ((r = write_first(l, first, fault)) < 0)
		return r;
	return tote__ledger_fold(l, &c, NULL, fault);
}

int tote__ledger_create(const struct ledger_options *options, const struct draft *first,
	struct ledger **ret, struct tote_fault *fault)
{
	struct ledger *l;
	int r;

	if (!options->signer)
		return tote__fault(fault, TOTE_E_NO_SIGNER,
			"a new ledger needs its signing key for the first checkpoint");
	if ((r = ledger_new(options, &l, fault)) < 0)
		return r;
	if ((r = create(l, options, first, fault)) < 0) {
		tote__ledger_close(l);
		return tote__fault_wrap(fault, "creating a ledger in %s", options->place->location);
	}
	tote__fault_clear(fault);
	*ret = l;
	return 0;
}
