/* SPDX-License-Identifier: ISC */
/*
 * A group becomes durable (FORMAT section 5): its place is prepared first, so that its own sync
 * writes no metadata; then it is written, synced, and marked in the line before anybody is answered.
 */
#include "ledger/ledger_impl.h"
#include <inttypes.h>
#include <string.h>

/* The smallest size of a segment that has room up to `end`: doubling from the least to the most. */
static uint64_t segment_size(uint64_t end)
{
	uint64_t size = SEGMENT_MIN_BYTES;

	while (size < end && size < SEGMENT_MAX_BYTES)
		size *= 2;
	return size;
}

/*
 * Nothing of the group was written yet, so the entries cannot come to be. No space is the caller's
 * trouble alone: what was synced before stays so, and zeros promise nothing. Any other failure
 * leaves open what the medium holds.
 */
static int no_place(struct ledger *l, const char *what, struct tote_fault *fault)
{
	if (fault->code != TOTE_E_NO_SPACE)
		tote__writer_poison(l);
	fault->effect = TOTE_EFFECT_NONE;
	return tote__fault_wrap(fault, "ledger %s: %s", l->origin, what);
}

static int make_segment(struct ledger *l, uint64_t group_bytes, struct tote_fault *fault)
{
	struct segment_header h = {.version = 1, .first_seq = l->now.end};
	uint8_t block[SEGMENT_HEADER_LEN];
	uint64_t size = segment_size(JOURNAL_BLOCK + group_bytes);
	struct segfile made;
	int r;

	tote__random_bytes(h.salt, sizeof(h.salt));
	memcpy(h.prev, l->now.end ? l->now.last_leaf : l->genesis, HASH_LEN);
	tote__segment_header_write(&h, block);
	r = l->ops->journal_make(l->place->handle, l->now.end, block, sizeof(block), size, fault);
	if (r < 0) {
		/* a name may be there already that was never synced: only a replay tells */
		if (fault->effect != TOTE_EFFECT_NONE)
			tote__writer_poison(l);
		return no_place(l, "new journal segment", fault);
	}
	if ((r = tote__segfile_open(&made, l->place, l->now.end, fault)) < 0) {
		tote__writer_poison(l);
		return no_place(l, "new journal segment", fault);
	}
	tote__segfile_close(&l->tail);
	l->tail = made;
	l->now.next_offset = JOURNAL_BLOCK;
	return 0;
}

/* A place in the newest segment, made longer first, or a new one where it does not fit at all. */
static int make_place(struct ledger *l, uint64_t group_bytes, struct tote_fault *fault)
{
	uint64_t end = l->now.next_offset + group_bytes, size;
	int r;

	if (!l->tail.handle || end > SEGMENT_MAX_BYTES)
		return make_segment(l, group_bytes, fault);
	if (end <= l->tail.bytes)
		return 0;
	size = segment_size(end);
	r = l->ops->journal_grow(l->tail.handle, size, fault);
	if (r < 0)
		return no_place(l, "making the journal longer", fault);
	l->tail.bytes = size;
	return 0;
}

static int write_group(struct ledger *l, const struct group *g, int last, struct tote_fault *fault)
{
	uint64_t offset = l->now.next_offset;
	int r;

	tote__buf_reset(&l->bytes);
	tote__group_write(g, l->tail.header.salt, l->stage.body.data, l->engine, &l->bytes);
	if ((r = tote__buf_check(&l->bytes, "a group", fault)) < 0)
		return r;
	tote__writer_poison(l); /* until all of it went through */
	r = l->ops->journal_write(l->tail.handle, offset, l->bytes.data, l->bytes.len, fault);
	if (!r)
		r = l->ops->journal_sync(l->tail.handle, fault);
	if (!r)
		r = tote__now_accept(l, g, l->tail.name, offset, fault);
	if (!r)
		r = tote__writer_mark(l, last, fault);
	if (r < 0) {
		tote__fault_wrap(fault,
			"ledger %s: entry %" PRIu64
			" may or may not be kept; recover the handle and look",
			l->origin, g->first_seq);
		fault->effect = TOTE_EFFECT_UNKNOWN;
		return r;
	}
	l->poisoned = 0;
	l->suspect = l->settling; /* a takeover ends only when all is settled */
	return 0;
}

int tote__commit(struct ledger *l, int last, struct tote_fault *fault)
{
	struct group g = {.first_seq = l->stage.first,
		.count = l->stage.count,
		.body_len = (uint32_t)l->stage.body.len};
	int r;

	if (!g.count)
		return 0;
	memcpy(g.last_leaf, l->stage.leaf, HASH_LEN);
	r = make_place(l, tote__group_bytes(&g), fault);
	if (!r)
		r = write_group(l, &g, last, fault);
	if (!r)
		tote__observe_group(l, &g, &l->stage.body);
	return r;
}

int tote__check_room(struct ledger *l, struct tote_fault *fault)
{
	int r;

	if (l->signer || l->unfolded < l->journal_bound)
		return 0;
	r = tote__now_refresh(l, fault); /* somebody who has the signer may have folded */
	if (r < 0)
		return r;
	if (l->unfolded < l->journal_bound)
		return 0;
	return tote__fault(fault, TOTE_E_FOLD_NEEDED,
		"ledger %s: its journal has reached %" PRIu64
		" bytes and there is no signer here; fold it from where the signing key is",
		l->origin, l->unfolded);
}

/* A seal that cannot become a file must be voided, and a takeover must settle: never refused. */
static int must_be_taken(const struct ledger *l, const struct draft *first)
{
	return l->settling || strcmp(first->kind, "asset.void") == 0;
}

int tote__ledger_write(struct ledger *l, const struct draft *drafts, size_t count,
	uint64_t *ret_first, struct tote_fault *fault)
{
	size_t bound;
	int r;

	if (!l->holding)
		return tote__fault(fault, TOTE_E_MISUSE, "ledger: a write without the hold");
	if (l->poisoned)
		return tote__fault(fault, TOTE_E_POISONED,
			"ledger %s: an earlier write failed and may be half done; recover the "
			"handle, or open it again",
			l->origin);
	if ((r = tote__stage_check(l, drafts, count, 0, &bound, fault)) < 0)
		return r;
	if (!must_be_taken(l, drafts) && (r = tote__check_room(l, fault)) < 0)
		return r;
	if ((r = tote__observe_rest(l, fault)) != 0) /* a hook that failed after the write before */
		return r < 0 ? r
			     : tote__fault(fault, TOTE_E_IO, "ledger %s: a hook failed", l->origin);
	tote__stage_begin(l);
	r = tote__stage_add(l, drafts, count, fault);
	if (!r)
		r = tote__commit(l, 0, fault);
	if (r < 0)
		return r;
	*ret_first = l->stage.first;
	tote__fault_clear(fault);
	return 0;
}
