/* SPDX-License-Identifier: ISC */
/*
 * The checkpoint and its signatures (FORMAT sections 6 and 9).
 */
#include "audit/head.h"
#include "ledger/logdir.h"
#include "tlog/cosignature.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 400

void tote__head_init(struct head *h, struct inquiry *q)
{
	memset(h, 0, sizeof(*h));
	h->q = q;
	tote__buf_init(&h->bytes, q->heap, NOTE_MAX);
}

void tote__head_free(struct head *h)
{
	if (h->q)
		tote__buf_free(&h->bytes);
	memset(h, 0, sizeof(*h));
}

static int found(const struct head *h, int code, const char *expected, const char *was,
	struct tote_fault *fault)
{
	return tote__inquiry_find(
		h->q, code, SPACE_LOG, CHECKPOINT_NAME, FINDING_NO_SEQ, expected, was, fault);
}

int tote__head_read(struct head *h, struct tote_fault *fault)
{
	struct tote_fault why;
	struct logdir log;
	int r;

	memset(&why, 0, sizeof(why));
	tote__logdir_init(&log, h->q->place, 0);
	r = tote__logdir_checkpoint(&log, &h->bytes, &h->note, &h->checkpoint, &why);
	h->q->bytes += h->bytes.len;
	h->state = r == 0 ? HEAD_THERE : r == TOTE_E_NOT_FOUND ? HEAD_NONE : HEAD_BAD;
	if (h->state != HEAD_BAD)
		return 0;
	if (r == TOTE_E_MALFORMED)
		return found(
			h, FINDING_CHECKPOINT_MALFORMED, "a signed checkpoint", why.text, fault);
	if (r == TOTE_E_UNTRUSTED)
		return found(h, FINDING_LOG_MODE, "a regular file with one link", why.text, fault);
	*fault = why;
	return tote__inquiry_failed(h->q, SPACE_LOG, CHECKPOINT_NAME, r, fault);
}

int tote__head_take(struct head *h, const struct buf *note, struct tote_fault *fault)
{
	int rc;

	tote__buf_reset(&h->bytes);
	tote__buf_put(&h->bytes, note->data, note->len);
	rc = tote__buf_check(&h->bytes, "checkpoint", fault);
	if (rc == 0)
		rc = tote__checkpoint_read(
			h->bytes.data, h->bytes.len, &h->note, &h->checkpoint, fault);
	h->q->bytes += h->bytes.len;
	h->state = HEAD_THERE;
	return rc;
}

/* --- whose signature ------------------------------------------------------------------------ */

static int is_alone(const struct inquiry *q)
{
	return q->target->layout == LAYOUT_LEDGER || q->target->layout == LAYOUT_LOG;
}

/*
 * The key that must have signed. A reader without the consolidated record is told a key, which
 * counts where the entries lead to another one (FORMAT section 6).
 */
static const struct vkey *demanded(const struct head *h, const struct entries *s)
{
	const struct run_target *t = h->q->target;
	const struct vkey *key = tote__keyring_for(&s->keys, h->checkpoint.size);

	if (t->key && (!key || (is_alone(h->q) && !tote__keyring_has(&s->keys, t->key))))
		return t->key;
	return key;
}

static int verify(const struct head *h, const struct vkey *key)
{
	struct tote_fault unused;
	int r;

	memset(&unused, 0, sizeof(unused));
	if (key->type != KEY_TYPE_ED25519)
		return SIGNED_NOT;
	r = tote__note_verify(&h->note, key, &unused);
	return r < 0 ? SIGNED_BAD : r ? SIGNED_WELL : SIGNED_NOT;
}

/* What the log is called: as its first entry says, else as the target does. */
static const char *origin_of(const struct head *h, const struct entries *s)
{
	return s->origin[0] ? s->origin : h->q->target->origin;
}

static int is_of_another(const struct head *h, const struct entries *s)
{
	const char *origin = origin_of(h, s);

	return origin && strcmp(origin, h->checkpoint.origin) != 0;
}

int tote__head_signed(const struct head *h, const struct entries *s)
{
	const struct vkey *key = demanded(h, s);
	int is = key ? verify(h, key) : SIGNED_OPEN;

	/* an entry that could not be read may have brought another key into force, of this log */
	return is == SIGNED_NOT && s->lost && s->first_lost < h->checkpoint.size &&
			       !is_of_another(h, s)
		       ? SIGNED_OPEN
		       : is;
}

/* --- its lines ------------------------------------------------------------------------------ */

static int is_by(const struct note_sig *sig, const struct vkey *key)
{
	return key && sig->id == key->id && strlen(key->name) == sig->name_len &&
	       memcmp(key->name, sig->name, sig->name_len) == 0;
}

static const struct vkey *find_cosigner(
	const struct vkey *keys, size_t count, const struct note_sig *sig)
{
	for (size_t i = 0; i < count; i++)
		if (is_by(sig, &keys[i]))
			return &keys[i];
	return NULL;
}

/* One that was merged since the run began is nothing foreign. */
static int is_cosigners(const struct head *h, const struct note_sig *sig, struct tote_fault *fault)
{
	const struct run_target *t = h->q->target;
	const struct vkey *keys = t->cosigner_keys;
	size_t count = t->cosigner_count;
	int rc;

	if (find_cosigner(keys, count, sig))
		return 1;
	if (!t->cosigners_again)
		return 0;
	rc = t->cosigners_again(t->cosigners_user, &keys, &count, fault);
	return rc < 0 ? rc : find_cosigner(keys, count, sig) != NULL;
}

static int is_known(const struct head *h, const struct entries *s, const struct note_sig *sig)
{
	const struct run_target *t = h->q->target;

	if (is_by(sig, t->key) || is_by(sig, t->witness) ||
		find_cosigner(t->former_witnesses, t->former_witness_count, sig))
		return 1;
	for (size_t i = 0; i < s->keys.count; i++)
		if (is_by(sig, &s->keys.steps[i].key))
			return 1;
	return 0;
}

static int judge_lines(const struct head *h, const struct entries *s, struct tote_fault *fault)
{
	char was[TEXT_MAX];

	if (is_alone(h->q) || h->q->target->cosigners)
		return 0;
	for (size_t i = 0; i < h->note.sig_count; i++) {
		const struct note_sig *sig = &h->note.sigs[i];
		int rc = is_known(h, s, sig) ? 1 : is_cosigners(h, sig, fault);

		if (rc < 0)
			return rc;
		if (rc)
			continue;
		snprintf(was, sizeof(was), "a line by %.*s, key %08" PRIx32, (int)sig->name_len,
			sig->name, sig->id);
		rc = found(h, FINDING_SIGNATURE_FOREIGN,
			"lines by the container's keys, the witness's and its cosigners'", was,
			fault);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* A line by a former key must verify as well. */
static int judge_former(const struct head *h, const struct entries *s, struct tote_fault *fault)
{
	for (size_t i = 0; i < s->keys.count; i++) {
		const struct vkey *key = &s->keys.steps[i].key;

		if (verify(h, key) == SIGNED_BAD)
			return found(h, FINDING_SIGNATURE_BAD, "a signature by each line's key",
				"one by a former key does not verify", fault);
	}
	return 0;
}

static int judge_witness(struct head *h, struct tote_fault *fault)
{
	const struct vkey *witness = h->q->target->witness;
	struct tote_fault why;
	struct buf scratch;
	int r;

	if (!witness || witness->type != KEY_TYPE_COSIGNATURE)
		return 0;
	memset(&why, 0, sizeof(why));
	tote__buf_init(&scratch, h->q->heap, NOTE_MAX + 256);
	r = tote__inquiry_cosigned(h->q, &h->note, &scratch, &why);
	tote__buf_free(&scratch);
	if (r == TOTE_E_NO_MEMORY) {
		*fault = why;
		return r;
	}
	if (r > 0)
		h->witnessed = h->checkpoint.size;
	if (r >= 0)
		return 0;
	return found(h, FINDING_COSIGNATURE_BAD, "the witness's cosignature", why.text, fault);
}

static void put_name(struct head *h, const char *name)
{
	size_t len = strlen(h->cosigned_by), gap = len != 0, more = strlen(name);

	if (len + gap + more >= sizeof(h->cosigned_by))
		return;
	if (gap)
		h->cosigned_by[len++] = ' ';
	memcpy(h->cosigned_by + len, name, more + 1);
}

/* The line of an outside witness that its policy names must verify as ours must. */
static int judge_cosigner(struct head *h, const struct vkey *key, struct tote_fault *fault)
{
	struct tote_fault why;
	struct buf scratch;
	uint64_t seconds;
	int r;

	memset(&why, 0, sizeof(why));
	tote__buf_init(&scratch, h->q->heap, NOTE_MAX + 256);
	r = tote__cosignature_verify(&h->note, key, &scratch, &seconds, &why);
	tote__buf_free(&scratch);
	if (r == TOTE_E_NO_MEMORY) {
		*fault = why;
		return r;
	}
	if (r < 0)
		return found(
			h, FINDING_COSIGNATURE_BAD, "the cosigner's cosignature", why.text, fault);
	if (r > 0) {
		h->cosigners++;
		put_name(h, key->name);
	}
	return 0;
}

/* A new checkpoint has none of the old one's cosignatures: no damage, but the policy asks for them. */
static int tell_few(struct head *h, struct tote_fault *fault)
{
	char expected[64], was[32];

	if (h->cosigners >= h->q->target->cosigners_wanted)
		return 0;
	snprintf(expected, sizeof(expected), "cosignatures of %u witnesses outside this root",
		h->q->target->cosigners_wanted);
	snprintf(was, sizeof(was), "%u", h->cosigners);
	return found(h, FINDING_COSIGNERS_FEW, expected, was, fault);
}

static int judge_cosigners(struct head *h, struct tote_fault *fault)
{
	const struct run_target *t = h->q->target;
	int rc = 0;

	h->cosigners = 0;
	h->cosigned_by[0] = '\0';
	for (size_t i = 0; rc == 0 && i < t->cosigner_count; i++)
		rc = judge_cosigner(h, &t->cosigner_keys[i], fault);
	return rc < 0 ? rc : tell_few(h, fault);
}

/* The target's key must be one that this log has or had. */
static int judge_key(const struct head *h, const struct entries *s, struct tote_fault *fault)
{
	const struct vkey *told = h->q->target->key;
	char expected[VKEY_MAX], was[VKEY_MAX];

	if (!told || is_alone(h->q) || s->lost || !s->keys.count ||
		tote__keyring_has(&s->keys, told) ||
		tote__findings_have(&h->q->findings, FINDING_IDENTITY_DIFFERS))
		return 0;
	tote__vkey_format(told, expected);
	tote__vkey_format(&s->keys.steps[0].key, was);
	return tote__inquiry_find(
		h->q, FINDING_IDENTITY_DIFFERS, SPACE_LOG, "", 0, expected, was, fault);
}

/* Whose word the key in force rests on, where it is not the entries' own. */
static int tell_replaced(const struct head *h, const struct entries *s, struct tote_fault *fault)
{
	const struct vkey *told = h->q->target->key;
	char was[VKEY_MAX];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < s->keys.count; i++) {
		if (!s->keys.steps[i].replaced)
			continue;
		tote__vkey_format(&s->keys.steps[i].key, was);
		rc = tote__inquiry_find(h->q, FINDING_KEY_REPLACED, SPACE_LOG, CHECKPOINT_NAME,
			s->keys.steps[i].at_seq, NULL, was, fault);
	}
	if (rc || !told || !is_alone(h->q) || h->is_signed != SIGNED_WELL ||
		tote__keyring_has(&s->keys, told))
		return rc;
	tote__vkey_format(told, was);
	return found(h, FINDING_KEY_REPLACED, "a key that entry 0 or a rotation names", was, fault);
}

/* A reader who was told a former key hears of the one that signs now. */
static int tell_rotated(const struct head *h, const struct entries *s, const struct vkey *key,
	struct tote_fault *fault)
{
	const struct vkey *told = h->q->target->key;
	char expected[VKEY_MAX], was[VKEY_MAX];

	if (!told || !key || !is_alone(h->q) || tote__vkey_equal(told, key) ||
		!tote__keyring_has(&s->keys, told))
		return 0;
	tote__vkey_format(told, expected);
	tote__vkey_format(key, was);
	return found(h, FINDING_KEY_ROTATED, expected, was, fault);
}

int tote__head_judge(struct head *h, const struct entries *s, struct tote_fault *fault)
{
	const struct vkey *key;
	char expected[VKEY_MAX];
	int rc = judge_key(h, s, fault);

	if (rc < 0 || h->state != HEAD_THERE)
		return rc;
	h->is_signed = tote__head_signed(h, s);
	key = demanded(h, s);
	if (key)
		tote__vkey_format(key, expected);
	if (h->is_signed == SIGNED_BAD)
		return found(
			h, FINDING_SIGNATURE_BAD, expected, "its signature does not verify", fault);
	if (h->is_signed == SIGNED_NOT && is_of_another(h, s))
		return found(h, FINDING_CHECKPOINT_MALFORMED, origin_of(h, s), h->checkpoint.origin,
			fault);
	if (h->is_signed == SIGNED_NOT)
		return found(h, FINDING_SIGNATURE_MISSING, expected, "no line by it", fault);
	if (h->is_signed == SIGNED_OPEN)
		return 0;
	if (is_of_another(h, s))
		rc = found(h, FINDING_CHECKPOINT_MALFORMED, origin_of(h, s), h->checkpoint.origin,
			fault);
	if (rc == 0)
		rc = tell_replaced(h, s, fault);
	if (rc == 0)
		rc = tell_rotated(h, s, key, fault);
	if (rc == 0)
		rc = judge_former(h, s, fault);
	if (rc == 0)
		rc = judge_lines(h, s, fault);
	if (rc == 0)
		rc = judge_cosigners(h, fault);
	return rc < 0 ? rc : judge_witness(h, fault);
}
