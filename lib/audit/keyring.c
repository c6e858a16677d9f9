/* SPDX-License-Identifier: ISC */
/*
 * Which key must have signed what.
 */
#include "audit/keyring.h"
#include "base/text.h"
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

int tote__keyring_add(
	struct keyring *k, uint64_t at_seq, const struct vkey *key, struct tote_fault *fault)
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
	for (; at && k->steps[at - 1].at_seq > at_seq; at--)
		k->steps[at] = k->steps[at - 1];
	k->steps[at] = (struct key_step){.at_seq = at_seq, .key = *key};
	k->count++;
	return 0;
}

const struct vkey *tote__keyring_for(const struct keyring *k, uint64_t size)
{
	const struct vkey *found = NULL;

	for (size_t i = 0; i < k->count; i++)
		if (k->steps[i].at_seq < (size ? size : 1))
			found = &k->steps[i].key;
	return found;
}

int tote__vkey_equal(const struct vkey *a, const struct vkey *b)
{
	return a->id == b->id && a->type == b->type && strcmp(a->name, b->name) == 0 &&
	       memcmp(a->pub, b->pub, sizeof(a->pub)) == 0;
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

/* FORMAT section 6, "Rotation": what the old key signs, LF behind each line. */
static int proof_holds(
	const char *origin, const struct vkey *from, const char *to, const struct entry *e)
{
	char message[KEY_NAME_MAX + VKEY_MAX + 128], prev[BASE64_LEN(HASH_LEN) + 1];
	const struct entry_field *f = tote__entry_field(e, "proof");
	uint8_t proof[SIG_LEN];
	size_t got = 0;
	int n;

	if (!f || tote__base64_decode(f->value, f->value_len, proof, sizeof(proof), &got) < 0 ||
		got != sizeof(proof))
		return 0;
	tote__base64_encode(e->prev, HASH_LEN, prev);
	n = snprintf(message, sizeof(message), "toteborch.rotate/1\n%s\n%llu\n%s\n%s\n", origin,
		(unsigned long long)e->seq, prev, to);
	return n > 0 && (size_t)n < sizeof(message) &&
	       tote__vkey_verify(from, message, (size_t)n, proof);
}

int tote__keyring_rotation(const struct keyring *k, const char *origin, const struct vkey *told,
	const struct entry *e, struct vkey *ret_key, const char **ret_why)
{
	const struct vkey *now = tote__keyring_for(k, e->seq);
	char from_text[VKEY_MAX], to_text[VKEY_MAX];
	struct vkey from;

	if (!key_field(e, "from", from_text, &from) || !key_field(e, "to", to_text, ret_key))
		*ret_why = "its keys are no vkeys";
	else if (!(now && tote__vkey_equal(now, &from)) && !(told && tote__vkey_equal(told, &from)))
		*ret_why = "it rotates from a key that is not in force";
	else if (strcmp(ret_key->name, origin) != 0)
		*ret_why = "the name of the new key is not the origin";
	else if (!proof_holds(origin, &from, to_text, e))
		*ret_why = "the old key's proof does not verify";
	else
		return 1;
	return 0;
}
