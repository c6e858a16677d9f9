/* SPDX-License-Identifier: ISC */
/*
 * What a box gives to those who check it: checkpoints, proofs under the newest one or under one that
 * somebody kept, and the request that a witness is asked with.
 */
#include "box/box.h"
#include "ledger/prove.h"
#include "tlog/request.h"
#include <inttypes.h>
#include <string.h>

#define PROOF_BYTES ((size_t)1 << 20)

/* Gives bytes to the caller; effect is what happened where they do not fit. */
static int hand_out(const struct buf *bytes, void *out, size_t cap, size_t *ret_length,
	uint32_t effect, struct tote_fault *fault)
{
	*ret_length = bytes->len;
	if (cap < bytes->len) {
		tote__fault(fault, TOTE_E_TOO_LARGE,
			"the result has %zu bytes and there is room for %zu", bytes->len, cap);
		fault->effect = effect;
		return fault->code;
	}
	memcpy(out, bytes->data, bytes->len);
	return 0;
}

static int check_out(const tote_box *box, uint32_t flags, const void *out, size_t cap,
	const size_t *ret_length, const char *what, struct tote_fault *fault)
{
	int rc = flags & TOTE_CHECKPOINT_LAST ? tote__box_check(box, fault)
					      : tote__box_check_write(box, fault);

	if (rc == 0)
		rc = tote__flags_check(flags, TOTE_CHECKPOINT_LAST, what, fault);
	if (rc == 0 && (!ret_length || (!out && cap > 0)))
		rc = tote__fault(fault, TOTE_E_ARGUMENT, "%s: out or ret_length is NULL", what);
	return rc;
}

static int last_note(tote_box *box, struct buf *note, struct tote_fault *fault)
{
	struct view view;
	int rc = tote__box_view(box, 0, &view, fault);

	if (rc < 0)
		return rc;
	if (view.replay.have_checkpoint)
		tote__buf_put(note, view.replay.note.data, view.replay.note.len);
	else
		rc = tote__fault(fault, TOTE_E_NOT_FOUND, "no checkpoint is published yet");
	tote__view_close(&view);
	return rc < 0 ? rc : tote__buf_check(note, "checkpoint", fault);
}

int tote_box_checkpoint(tote_box *box, uint32_t flags, void *out, size_t cap, size_t *ret_length,
	struct tote_fault *fault)
{
	const int last = (flags & TOTE_CHECKPOINT_LAST) != 0;
	struct checkpoint covered;
	struct buf note;
	int rc;

	FAULT_BEGIN(fault);
	rc = check_out(box, flags, out, cap, ret_length, "checkpoint", fault);
	if (rc < 0)
		return tote__box_done(box, rc, fault);
	tote__buf_init(&note, &box->ctx->heap, NOTE_MAX);
	rc = last ? last_note(box, &note, fault)
		  : tote__ledger_fold(box->ledger, &covered, &note, fault);
	if (rc == 0)
		rc = hand_out(&note, out, cap, ret_length,
			last ? TOTE_EFFECT_NONE : TOTE_EFFECT_DONE, fault);
	tote__buf_free(&note);
	return tote__box_done(box, rc, fault);
}

/* A proof from what is published; 1 where the seq is there but not covered. */
static int prove_now(tote_box *box, uint64_t seq, struct buf *out, struct tote_fault *fault)
{
	struct view view;
	int rc = tote__box_view(box, 0, &view, fault);

	if (rc < 0)
		return rc;
	if (seq >= view.limit)
		rc = tote__fault(fault, TOTE_E_NOT_FOUND,
			"prove: there is no entry %" PRIu64 ", the next is %" PRIu64, seq,
			view.limit);
	else if (seq >= view.replay.covered.size)
		rc = 1;
	else
		rc = tote__prove_entry(&view, seq, out, fault);
	tote__view_close(&view);
	return rc;
}

static int prove(tote_box *box, uint64_t seq, uint32_t flags, struct buf *out, uint32_t *ret_effect,
	struct tote_fault *fault)
{
	struct checkpoint covered;
	int rc = prove_now(box, seq, out, fault);

	*ret_effect = TOTE_EFFECT_NONE;
	if (rc == 1 && box->ledger && !(flags & TOTE_CHECKPOINT_LAST)) {
		rc = tote__ledger_fold(box->ledger, &covered, NULL, fault);
		if (rc < 0)
			return rc;
		*ret_effect = TOTE_EFFECT_DONE;
		tote__buf_reset(out);
		rc = prove_now(box, seq, out, fault);
	}
	if (rc == 1)
		rc = tote__fault(fault, TOTE_E_NOT_FOUND,
			"prove: entry %" PRIu64 " is under no checkpoint yet: make one first", seq);
	return rc;
}

int tote_box_prove(tote_box *box, uint64_t seq, uint32_t flags, void *out, size_t cap,
	size_t *ret_length, struct tote_fault *fault)
{
	uint32_t effect;
	struct buf proof;
	int rc;

	FAULT_BEGIN(fault);
	/* what is signed already can be proven from a read-only medium too */
	rc = check_out(box, flags | TOTE_CHECKPOINT_LAST, out, cap, ret_length, "prove", fault);
	if (rc < 0)
		return tote__box_done(box, rc, fault);
	tote__buf_init(&proof, &box->ctx->heap, PROOF_BYTES);
	rc = prove(box, seq, flags, &proof, &effect, fault);
	if (rc == 0)
		rc = hand_out(&proof, out, cap, ret_length, effect, fault);
	tote__buf_free(&proof);
	return tote__box_done(box, rc, fault);
}

/* --- under another checkpoint --------------------------------------------------------------- */

/* A note that somebody kept, and what makes it one of this ledger's. */
struct kept_note {
	const void *bytes;
	size_t len;
	struct note note; /* points into bytes */
	struct checkpoint checkpoint;
};

/* Looks for the key that signed a note among those that the ledger ever had. */
struct key_search {
	const struct kept_note *kept;
	struct vkey first; /* entry 0's */
	int bad;           /* a line of one of its keys is there and does not verify */
};

/* 1 this key signed it. */
static int has_signed(struct key_search *s, const struct vkey *key)
{
	struct tote_fault unused;
	int rc =
		key->type == KEY_TYPE_ED25519 ? tote__note_verify(&s->kept->note, key, &unused) : 0;

	s->bad |= rc < 0;
	return rc > 0;
}

static int read_first(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	struct key_search *s = user;
	char vkey[VKEY_MAX];
	int rc = tote__entry_string(e, "vkey", vkey, sizeof(vkey), fault);

	(void)leaf, (void)verified;
	return rc < 0 ? rc : tote__vkey_parse(vkey, strlen(vkey), &s->first, fault);
}

/* What came behind entry 0's key: by proven rotations, and in place of one that was lost. */
static int look_at_later_keys(
	tote_box *box, struct view *v, struct key_search *s, struct tote_fault *fault)
{
	struct keyring keys;
	int rc, found = 0;

	tote__keyring_init(&keys, &box->ctx->heap);
	rc = tote__keyring_add(&keys, 0, &s->first, fault);
	if (!rc && box->keys)
		rc = box->keys(box->parent, &keys, fault);
	if (!rc)
		rc = tote__keyring_follow(&keys, s->first.name, v, 1, v->limit, fault);
	for (size_t i = 0; !rc && !found && i < keys.count; i++)
		found = has_signed(s, &keys.steps[i].key);
	tote__keyring_free(&keys);
	return rc < 0 ? rc : found;
}

/* The key in use and entry 0's come first: all else is read only where neither signed it. */
static int check_signed(
	tote_box *box, struct view *v, const struct kept_note *kept, struct tote_fault *fault)
{
	struct key_search search = {.kept = kept};
	struct vkey now;
	int rc = tote__view_scan(v, 0, 1, read_first, &search, fault);

	if (rc < 0)
		return rc;
	rc = has_signed(&search, &search.first);
	if (!rc && box->ledger && tote__ledger_signing(box->ledger, &now))
		rc = has_signed(&search, &now);
	if (!rc && !search.bad)
		rc = look_at_later_keys(box, v, &search, fault);
	if (rc)
		return rc < 0 ? rc : 0;
	if (search.bad)
		return tote__fault(fault, TOTE_E_BAD_SIGNATURE,
			"the checkpoint given: the signature by '%s' does not verify",
			kept->checkpoint.origin);
	return tote__fault(fault, TOTE_E_NO_SIGNATURE,
		"the checkpoint given is of '%s' and not signed by a key of this ledger",
		kept->checkpoint.origin);
}

/* Where the newest checkpoint covers less than is asked for: 1, after which a fold may help. */
static int reaches(struct view *v, uint64_t size, struct tote_fault *fault)
{
	if (size <= v->replay.covered.size)
		return 0;
	if (size <= v->limit)
		return 1;
	return tote__fault(fault, TOTE_E_ROLLBACK,
		"the checkpoint given covers %" PRIu64 " entries and there are %" PRIu64
		" here: this is an older copy; keep the checkpoint",
		size, v->limit);
}

/* What is asked of a view, 1 where a fold is needed first. */
typedef int ask_fn(tote_box *box, struct view *v, void *question, struct tote_fault *fault);

static int ask_now(tote_box *box, ask_fn *ask, void *question, struct tote_fault *fault)
{
	struct view view;
	int rc = tote__box_view(box, 0, &view, fault);

	if (rc < 0)
		return rc;
	rc = ask(box, &view, question, fault);
	tote__view_close(&view);
	return rc;
}

/* Asks, folds where that is needed and allowed, and asks again. */
static int ask_box(tote_box *box, ask_fn *ask, void *question, uint32_t flags, uint32_t *ret_effect,
	struct tote_fault *fault)
{
	struct checkpoint covered;
	int rc = ask_now(box, ask, question, fault);

	*ret_effect = TOTE_EFFECT_NONE;
	if (rc == 1 && box->ledger && !(flags & TOTE_CHECKPOINT_LAST)) {
		if ((rc = tote__ledger_fold(box->ledger, &covered, NULL, fault)) < 0)
			return rc;
		*ret_effect = TOTE_EFFECT_DONE;
		rc = ask_now(box, ask, question, fault);
	}
	if (rc == 1)
		rc = tote__fault(fault, TOTE_E_NOT_FOUND,
			"not all of these entries are under a checkpoint yet: make one first");
	return rc;
}

struct at_question {
	uint64_t seq;
	const struct kept_note *kept;
	struct buf *out;
};

static int ask_at(tote_box *box, struct view *v, void *question, struct tote_fault *fault)
{
	struct at_question *q = question;
	int rc = check_signed(box, v, q->kept, fault);

	if (!rc)
		rc = reaches(v, q->kept->checkpoint.size, fault);
	return rc ? rc
		  : tote__prove_entry_at(v, q->seq, q->kept->bytes, q->kept->len,
			    &q->kept->checkpoint, q->out, fault);
}

static int prove_at(tote_box *box, uint64_t seq, struct kept_note *kept, uint32_t flags,
	struct buf *out, uint32_t *ret_effect, struct tote_fault *fault)
{
	struct at_question question = {.seq = seq, .kept = kept, .out = out};
	int rc = tote__checkpoint_read(
		kept->bytes, kept->len, &kept->note, &kept->checkpoint, fault);

	if (rc < 0)
		return tote__fault_wrap(fault, "the checkpoint given");
	return ask_box(box, ask_at, &question, flags, ret_effect, fault);
}

int tote_box_prove_at(tote_box *box, uint64_t seq, const void *note, size_t note_length,
	uint32_t flags, void *out, size_t cap, size_t *ret_length, struct tote_fault *fault)
{
	struct kept_note kept = {.bytes = note, .len = note_length};
	uint32_t effect = TOTE_EFFECT_NONE;
	struct buf proof;
	int rc;

	FAULT_BEGIN(fault);
	rc = check_out(box, flags | TOTE_CHECKPOINT_LAST, out, cap, ret_length, "prove", fault);
	if (rc == 0 && !note)
		rc = tote__fault(fault, TOTE_E_ARGUMENT, "prove: the checkpoint is missing");
	if (rc < 0)
		return tote__box_done(box, rc, fault);
	tote__buf_init(&proof, &box->ctx->heap, PROOF_BYTES);
	rc = prove_at(box, seq, &kept, flags, &proof, &effect, fault);
	if (rc == 0)
		rc = hand_out(&proof, out, cap, ret_length, effect, fault);
	tote__buf_free(&proof);
	return tote__box_done(box, rc, fault);
}

/* --- consistency ---------------------------------------------------------------------------- */

struct consistency_question {
	uint64_t from, to;
	uint8_t from_root[HASH_LEN], to_root[HASH_LEN];
	struct proof proof;
};

static int ask_consistency(tote_box *box, struct view *v, void *question, struct tote_fault *fault)
{
	struct consistency_question *q = question;
	int rc;

	(void)box;
	if (q->from <= q->to && q->to > v->replay.covered.size && q->to <= v->limit)
		return 1;
	if ((rc = tote__prove_consistency(v, q->from, q->to, &q->proof, fault)) < 0 ||
		(rc = tote__prove_root(v, q->from, q->from_root, fault)) < 0)
		return rc;
	return tote__prove_root(v, q->to, q->to_root, fault);
}

int tote_box_prove_consistency(tote_box *box, uint64_t from, uint64_t to, uint32_t flags,
	uint8_t *ret_path, size_t cap, size_t *ret_count, uint8_t *ret_from_root,
	uint8_t *ret_to_root, struct tote_fault *fault)
{
	struct consistency_question question = {.from = from, .to = to};
	uint32_t effect = TOTE_EFFECT_NONE;
	int rc;

	FAULT_BEGIN(fault);
	rc = check_out(box, flags | TOTE_CHECKPOINT_LAST, ret_path, cap, ret_count, "prove", fault);
	if (rc == 0)
		rc = ask_box(box, ask_consistency, &question, flags, &effect, fault);
	if (rc < 0)
		return tote__box_done(box, rc, fault);
	*ret_count = question.proof.count;
	if (cap < question.proof.count) {
		rc = tote__fault(fault, TOTE_E_TOO_LARGE,
			"the proof has %zu hashes and there is room for %zu", question.proof.count,
			cap);
		fault->effect = effect;
		return tote__box_done(box, rc, fault);
	}
	if (question.proof.count)
		memcpy(ret_path, question.proof.hash, question.proof.count * HASH_LEN);
	if (ret_from_root)
		memcpy(ret_from_root, question.from_root, HASH_LEN);
	if (ret_to_root)
		memcpy(ret_to_root, question.to_root, HASH_LEN);
	return tote__box_done(box, 0, fault);
}

/* --- asking a witness ----------------------------------------------------------------------- */

static int put_request(tote_box *box, uint64_t old, struct buf *out, struct tote_fault *fault)
{
	struct view view;
	struct proof proof;
	struct note note;
	int rc = tote__box_view(box, 0, &view, fault);

	if (rc < 0)
		return rc;
	if (!view.replay.have_checkpoint)
		rc = tote__fault(fault, TOTE_E_NOT_FOUND, "no checkpoint is published yet");
	else if (old > view.replay.covered.size)
		rc = tote__fault(fault, TOTE_E_ARGUMENT,
			"the witness is said to know %" PRIu64
			" entries and the checkpoint covers %" PRIu64
			": either that is wrong, or this is an older copy of the ledger",
			old, view.replay.covered.size);
	else
		rc = tote__prove_consistency(&view, old, view.replay.covered.size, &proof, fault);
	if (!rc)
		rc = tote__note_parse(view.replay.note.data, view.replay.note.len, &note, fault);
	if (!rc)
		rc = tote__request_put(out, old, &proof, &note, view.replay.covered.origin, fault);
	tote__view_close(&view);
	return rc;
}

int tote_box_witness_request(tote_box *box, uint64_t old_size, uint32_t flags, void *out,
	size_t cap, size_t *ret_length, struct tote_fault *fault)
{
	const int last = (flags & TOTE_CHECKPOINT_LAST) != 0;
	struct checkpoint covered;
	struct buf body;
	int rc;

	FAULT_BEGIN(fault);
	rc = check_out(box, flags, out, cap, ret_length, "witness request", fault);
	if (rc == 0 && !last)
		rc = tote__ledger_fold(box->ledger, &covered, NULL, fault);
	if (rc < 0)
		return tote__box_done(box, rc, fault);
	tote__buf_init(&body, &box->ctx->heap, REQUEST_MAX);
	rc = put_request(box, old_size, &body, fault);
	if (rc == 0)
		rc = hand_out(&body, out, cap, ret_length,
			last ? TOTE_EFFECT_NONE : TOTE_EFFECT_DONE, fault);
	tote__buf_free(&body);
	return tote__box_done(box, rc, fault);
}
