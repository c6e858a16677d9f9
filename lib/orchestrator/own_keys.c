/* SPDX-License-Identifier: ISC */
/*
 * The root's own keys, copied out from under the registry's lock.
 */
#include "orchestrator/own_keys.h"
#include "tlog/cosignature.h"
#include <string.h>

void tote__own_key_text(tote_orchestrator *o, uint32_t which, char ret[320])
{
	const struct registry *r = &o->registry;

	tote__orchestrator_lock(o);
	memcpy(ret, which == TOTE_KEY_WITNESS ? r->witness_vkey : r->vkey, sizeof(r->vkey));
	tote__orchestrator_unlock(o);
}

int tote__own_key(tote_orchestrator *o, uint32_t which, struct vkey *ret, struct tote_fault *fault)
{
	char text[320];

	tote__own_key_text(o, which, text);
	return tote__vkey_parse(text, strlen(text), ret, fault);
}

int tote__own_keys(
	tote_orchestrator *o, uint32_t which, struct keyring *ret, struct tote_fault *fault)
{
	const struct keyring *from =
		which == TOTE_KEY_WITNESS ? &o->registry.witness_keys : &o->registry.keys;
	struct vkey key;
	int rc = 0;

	tote__keyring_init(ret, &o->ctx->heap);
	tote__orchestrator_lock(o);
	for (size_t i = 0; rc == 0 && i < from->count; i++)
		rc = tote__keyring_add(ret, from->steps[i].at_seq, &from->steps[i].key, fault);
	tote__orchestrator_unlock(o);
	/* where entry 0 is lost the key store says who the root is (salvage.h) */
	if (rc == 0 && !ret->count && (rc = tote__own_key(o, which, &key, fault)) == 0)
		rc = tote__keyring_add(ret, 0, &key, fault);
	if (rc < 0)
		tote__keyring_free(ret);
	return rc;
}

int tote__own_cosignature(tote_orchestrator *o, const struct note *note, uint64_t *ret_seconds,
	int *ret_former, struct tote_fault *fault)
{
	struct keyring keys;
	struct buf scratch;
	int rc = tote__own_keys(o, TOTE_KEY_WITNESS, &keys, fault);

	if (rc < 0)
		return rc;
	tote__buf_init(&scratch, &o->ctx->heap, NOTE_MAX + 256);
	for (size_t i = keys.count; rc == 0 && i-- > 0;) {
		rc = tote__cosignature_verify(
			note, &keys.steps[i].key, &scratch, ret_seconds, fault);
		*ret_former = i + 1 < keys.count;
	}
	tote__buf_free(&scratch);
	tote__keyring_free(&keys);
	return rc;
}

int tote__own_witness_follow(tote_orchestrator *o, struct tote_fault *fault)
{
	struct vkey wanted;
	int rc;

	if (!o->have_witness)
		return tote__fault(fault, TOTE_E_NO_SIGNER,
			"the orchestrator was opened without its witness's key");
	rc = tote__own_key(o, TOTE_KEY_WITNESS, &wanted, fault);
	return rc < 0 ? rc : tote__signer_follow(&o->witness, &wanted, fault);
}
