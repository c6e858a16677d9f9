/* SPDX-License-Identifier: ISC */
/*
 * Which key must have signed what.
 */
#include "ledger/keyring.h"
#include "base/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void tote__keyring_init(struct keyring *k, const struct heap *heap)
{
	memset(k, 0, sizeof(*k));
	k->heap = heap;
}

void tote__keyring_free(struct keyring *k)
{
	tote__heap_free(k->heap, k->steps);
	tote__keyring_init(k, k->heap);
}

/* Behind those of the same seq: what is added later came into force later. */
static int add(struct keyring *k, const struct key_step *step, struct tote_fault *fault)
{
	size_t at = k->count;

	if (k->count == k->cap) {
		size_t cap = k->cap ? 2 * k->cap : 4;
		struct key_step *more =
			tote__heap_resize(k->heap, k->steps, cap, sizeof(*more), fault);

		if (!more)
			return fault->code;
		k->steps = more;
		k->cap = cap;
	}
	for (; at && k->steps[at - 1].at_seq > step->at_seq; at--)
		k->steps[at] = k->steps[at - 1];
	k->steps[at] = *step;
	k->count++;
	return 0;
}

int tote__keyring_add(
	struct keyring *k, uint64_t at_seq, const struct vkey *key, struct tote_fault *fault)
{
	struct key_step step = {.at_seq = at_seq, .key = *key};

	return add(k, &step, fault);
}

int tote__keyring_replace(struct keyring *k, uint64_t at_seq, const struct vkey *key,
	const struct vkey *lost, struct tote_fault *fault)
{
	struct key_step step = {.at_seq = at_seq, .key = *key, .replaced = 1};

	if (lost)
		step.lost = *lost;
	return add(k, &step, fault);
}

const struct vkey *tote__keyring_for(const struct keyring *k, uint64_t size)
{
	const struct vkey *found = NULL;

	for (size_t i = 0; i < k->count; i++)
		if (k->steps[i].at_seq < (size ? size : 1))
			found = &k->steps[i].key;
	return found;
}

int tote__keyring_has(const struct keyring *k, const struct vkey *key)
{
	for (size_t i = 0; i < k->count; i++)
		if (tote__vkey_equal(&k->steps[i].key, key))
			return 1;
	return 0;
}

/* --- rotations ------------------------------------------------------------------------------ */

static int key_field(const struct entry *e, const char *name, char text[VKEY_MAX], struct vkey *ret)
{
	struct tote_fault unused;

	return tote__entry_string(e, name, text, VKEY_MAX, &unused) == 0 &&
	       tote__vkey_parse(text, strlen(text), ret, &unused) == 0;
}

/* FORMAT section 6, "Rotation": LF behind each line. */
size_t tote__rotation_text(char out[ROTATION_MAX], const char *origin, uint64_t seq,
	const uint8_t prev[HASH_LEN], const char *to)
{
	char prev_text[BASE64_LEN(HASH_LEN) + 1];
	int n;

	tote__base64_encode(prev, HASH_LEN, prev_text);
	n = snprintf(out, ROTATION_MAX, "toteborch.rotate/1\n%s\n%" PRIu64 "\n%s\n%s\n", origin,
		seq, prev_text, to);
	return n > 0 && n < ROTATION_MAX ? (size_t)n : 0;
}

static int proof_holds(
	const char *origin, const struct vkey *from, const char *to, const struct entry *e)
{
	const struct entry_field *f = tote__entry_field(e, "proof");
	char text[ROTATION_MAX];
	uint8_t proof[SIG_LEN];
	size_t got = 0, n;

	if (!f || tote__base64_decode(f->value, f->value_len, proof, sizeof(proof), &got) < 0 ||
		got != sizeof(proof))
		return 0;
	n = tote__rotation_text(text, origin, e->seq, e->prev, to);
	return n && tote__vkey_verify(from, text, n, proof);
}

/* NULL where the rotation holds, else why it does not. */
static const char *judge(const char *origin, const struct vkey *from, const struct vkey *to,
	const char *to_text, const struct entry *e)
{
	if (strcmp(to->name, origin) != 0)
		return "the name of the new key is not the origin";
	if (to->type != from->type)
		return "the new key is of another type";
	if (!proof_holds(origin, from, to_text, e))
		return "the old key's proof does not verify";
	return NULL;
}

/* From when on an unnamed key was in force nobody can say: at the earliest, behind the last one. */
static int take_unnamed(struct keyring *k, const struct vkey *key, struct tote_fault *fault)
{
	return tote__keyring_replace(
		k, k->count ? k->steps[k->count - 1].at_seq : 0, key, NULL, fault);
}

int tote__keyring_rotation(struct keyring *k, const char *origin, const struct vkey *told,
	const struct entry *e, const char **ret_why, struct tote_fault *fault)
{
	/* what must sign a checkpoint over this entry, but for the entry itself */
	const struct vkey *now = tote__keyring_for(k, e->seq + 1);
	char from_text[VKEY_MAX], to_text[VKEY_MAX];
	struct vkey from, to;
	int rc = 0, named;

	if (!key_field(e, "from", from_text, &from) || !key_field(e, "to", to_text, &to)) {
		*ret_why = "its keys are no vkeys";
		return 0;
	}
	named = now && tote__vkey_equal(now, &from);
	/* a former key is no news: who stole it must not bring it back */
	if (!named && (!told || tote__keyring_has(k, told) || tote__keyring_has(k, &from)))
		*ret_why = "it rotates from a key that is not in force";
	else
		*ret_why = judge(origin, &from, &to, to_text, e);
	if (*ret_why)
		return 0;
	if (!named)
		rc = take_unnamed(k, &from, fault);
	if (rc == 0)
		rc = tote__keyring_add(k, e->seq, &to, fault);
	return rc < 0 ? rc : 1;
}

/* --- along a log ---------------------------------------------------------------------------- */

struct following {
	struct keyring *keys;
	const char *origin;
};

static int follow(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	struct following *f = user;
	const char *why = "";
	int rc;

	(void)leaf, (void)verified;
	if (e->version != 1 || !tote__entry_is(e, ROTATED_KIND))
		return 0;
	rc = tote__keyring_rotation(f->keys, f->origin, NULL, e, &why, fault);
	if (rc)
		return rc < 0 ? rc : 0;
	tote__fault(fault, TOTE_E_BAD_SIGNATURE, "entry %" PRIu64 " is no rotation of the key: %s",
		e->seq, why);
	tote__fault_set_seq(fault, e->seq);
	return fault->code;
}

int tote__keyring_follow(struct keyring *k, const char *origin, struct view *view, uint64_t from,
	uint64_t to, struct tote_fault *fault)
{
	struct following f = {k, origin};

	return tote__view_scan(view, from, to, follow, &f, fault);
}
