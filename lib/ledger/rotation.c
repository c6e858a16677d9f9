/* SPDX-License-Identifier: ISC */
/*
 * Rotating the key, in the one order in which no moment is without a key that may sign: the new key,
 * the entry, the key's name, the checkpoint.
 */
#include "ledger/rotation.h"
#include "base/text.h"
#include "ledger/ledger_impl.h"
#include <inttypes.h>
#include <string.h>

/* --- the entry ------------------------------------------------------------------------------ */

/* The old key's word for the new one at this very place of this very ledger, verified. */
static int prove(struct ledger *l, struct signer *from, const char *to,
	char out[BASE64_LEN(SIG_LEN) + 1], struct tote_fault *fault)
{
	uint8_t proof[SIG_LEN];
	char text[ROTATION_MAX];
	size_t n = tote__rotation_text(text, from->key.name, l->now.end, l->now.last_leaf, to);
	int r;

	if (!n)
		return tote__fault(fault, TOTE_E_TOO_LARGE, "a proof of '%s'", from->key.name);
	r = tote__signer_sign(from, text, n, proof, fault);
	if (!r && !tote__vkey_verify(&from->key, text, n, proof))
		r = tote__fault(fault, TOTE_E_BAD_SIGNATURE,
			"the proof that the signer of '%s' gave does not verify", from->key.name);
	if (!r)
		tote__base64_encode(proof, SIG_LEN, out);
	return r;
}

static struct field text_field(const char *key, const char *value)
{
	return (struct field){.key = key, .value = value, .len = strlen(value)};
}

int tote__rotation_write(struct ledger *l, const char *kind, struct signer *from,
	const struct vkey *to, const char *actor, const char *reason, uint64_t *ret_seq,
	struct tote_fault *fault)
{
	char proof[BASE64_LEN(SIG_LEN) + 1], from_text[VKEY_MAX], to_text[VKEY_MAX];
	struct field fields[4];
	struct draft d = {.kind = kind, .actor = actor, .fields = fields, .field_count = 4};
	int r;

	if (!l->holding || !l->now.end) /* entry 0 is never a rotation */
		return tote__fault(fault, TOTE_E_MISUSE, "rotation: no hold, or no ledger yet");
	tote__vkey_format(&from->key, from_text);
	tote__vkey_format(to, to_text);
	if ((r = prove(l, from, to_text, proof, fault)) < 0)
		return r;
	fields[0] = text_field("from", from_text);
	fields[1] = text_field("to", to_text);
	fields[2] = text_field("proof", proof);
	fields[3] = text_field("reason", reason);
	if (l->hooks.admit && (r = l->hooks.admit(l->hooks.user, &d, fault)) < 0)
		return r;
	return tote__ledger_write(l, &d, 1, ret_seq, fault);
}

/* --- the whole ------------------------------------------------------------------------------ */

/* What must be so before a key is made. */
static int check(const struct ledger *l, const struct signer *next, struct tote_fault *fault)
{
	if (!l->signer)
		return tote__fault(fault, TOTE_E_NO_SIGNER,
			"ledger %s was opened without its signing key: only that key can name the "
			"next one",
			l->origin);
	if (!next)
		return 0;
	if (strcmp(next->key.name, l->origin) != 0 || next->key.type != KEY_TYPE_ED25519)
		return tote__fault(fault, TOTE_E_KEY,
			"rotation of ledger %s: the new key is of '%s', type %u: it must be an "
			"Ed25519 key of that origin",
			l->origin, next->key.name, next->key.type);
	if (memcmp(next->key.pub, l->signer->key.pub, sizeof(next->key.pub)) == 0)
		return tote__fault(fault, TOTE_E_KEY,
			"rotation of ledger %s: the new key is the one in force", l->origin);
	return 0;
}

static int write_entry(struct ledger *l, const struct vkey *to, const char *actor,
	const char *reason, uint64_t *ret_seq, struct tote_fault *fault)
{
	int r = tote__ledger_hold(l, fault);

	if (r < 0)
		return r;
	r = tote__rotation_write(l, ROTATED_KIND, l->signer, to, actor, reason, ret_seq, fault);
	tote__ledger_release(l);
	return r;
}

/* From here on the new key alone can sign. */
static int take_key(
	struct ledger *l, struct signer *next, const struct vkey *to, struct tote_fault *fault)
{
	int r = 0;

	if (next) {
		tote__signer_close(l->signer);
		*l->signer = *next;
		memset(next, 0, sizeof(*next));
	} else {
		r = tote__signer_follow(l->signer, to, fault);
	}
	tote__fold_publish_key(l);
	return r;
}

/*
 * With byte 2, so that no two make a next key at once and nobody takes it for another's. The first
 * fold finds out which key is in force, and completes a rotation that was left half done.
 */
static int rotate_held(struct ledger *l, int64_t until, struct signer *next, const char *actor,
	const char *reason, uint64_t *ret_seq, struct tote_fault *fault)
{
	struct checkpoint unused;
	struct vkey to;
	struct buf note;
	int r;

	tote__buf_init(&note, l->heap, NOTE_MAX);
	r = tote__fold_held(l, until, &unused, &note, fault);
	if (!r)
		r = check(l, next, fault); /* again: the key may be another by now */
	if (!r && !next)
		r = tote__signer_make_next(l->signer, &to, fault);
	else if (!r)
		to = next->key;
	if (!r)
		r = write_entry(l, &to, actor, reason, ret_seq, fault);
	if (!r) {
		r = take_key(l, next, &to, fault);
		if (!r)
			r = tote__fold_held(l, tote__wait_until(l), &unused, &note, fault);
		if (r < 0) {
			tote__fault_wrap(fault,
				"the rotation is entry %" PRIu64
				", and the next checkpoint completes it",
				*ret_seq);
			fault->effect = TOTE_EFFECT_DONE;
		}
	}
	tote__buf_free(&note);
	return r;
}

int tote__ledger_rotate(struct ledger *l, struct signer *next, const char *actor,
	const char *reason, uint64_t *ret_seq, struct tote_fault *fault)
{
	int64_t until = tote__wait_until(l);
	int r = check(l, next, fault);

	if (r < 0 || (r = tote__fold_take(l, until, 1, fault)) < 0)
		return r;
	r = rotate_held(l, until, next, actor, reason, ret_seq, fault);
	tote__fold_drop(l);
	if (r < 0)
		return r;
	tote__fault_clear(fault);
	return 0;
}

/* --- for who replaces a lost one -------------------------------------------------------------- */

int tote__ledger_hold_key(struct ledger *l, struct tote_fault *fault)
{
	int r = tote__fold_take(l, tote__wait_until(l), 1, fault);

	if (r < 0)
		return r;
	r = tote__ledger_hold(l, fault);
	if (r < 0)
		tote__fold_drop(l);
	return r;
}

void tote__ledger_release_key(struct ledger *l)
{
	tote__ledger_release(l);
	tote__fold_drop(l);
}
