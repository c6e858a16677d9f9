/* SPDX-License-Identifier: ISC */
/*
 * The keys that a root knows of: a container's from its log, its own from the record.
 */
#include "orchestrator/containers.h"
#include "orchestrator/own_keys.h"
#include <string.h>

static int keys_of(
	tote_orchestrator *o, const char *id, struct keyring *ret, struct tote_fault *fault)
{
	const struct tote_box_options reading = {
		.size = sizeof(reading), .flags = TOTE_BOX_READ_ONLY};
	tote_box *box;
	int rc;

	if (!strcmp(id, KEY_FILE))
		return tote__own_keys(o, TOTE_KEY_ORCHESTRATOR, ret, fault);
	if (!strcmp(id, WITNESS_FILE))
		return tote__own_keys(o, TOTE_KEY_WITNESS, ret, fault);
	if ((rc = tote__containers_check_id(id, fault)) < 0 ||
		(rc = tote__containers_open_box(o, id, &reading, &box, fault)) < 0)
		return rc;
	rc = tote__box_keys(box, ret, fault);
	tote_box_unref(box);
	return rc;
}

int tote_orchestrator_keys(tote_orchestrator *o, const char *id, struct tote_key *keys, size_t cap,
	size_t *ret_count, struct tote_fault *fault)
{
	struct keyring ring;
	int rc;

	FAULT_BEGIN(fault);
	if ((rc = tote__orchestrator_check(o, fault)) < 0)
		return rc;
	if (!id || !ret_count || (cap && !keys))
		return tote__fault(fault, TOTE_E_ARGUMENT, "keys: the ID or a place is missing");
	if ((rc = tote__orchestrator_refresh(o, fault)) < 0)
		return rc;
	tote__keyring_init(&ring, &o->ctx->heap);
	rc = keys_of(o, id, &ring, fault);
	if (!rc)
		rc = tote__keys_out(&ring, keys, cap, ret_count, fault);
	tote__keyring_free(&ring);
	if (rc < 0)
		tote__fault_set_box(fault, id);
	return rc;
}
