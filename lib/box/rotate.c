/* SPDX-License-Identifier: ISC */
/*
 * Rotating the signing key of a box: to a new key file, or to a signer of the host's.
 */
#include "box/box.h"
#include "ledger/rotation.h"
#include <string.h>

static int check(const tote_box *box, const char *reason, uint32_t flags, struct tote_fault *fault)
{
	int rc = tote__box_check_write(box, fault);

	if (rc == 0)
		rc = tote__flags_check(flags, 0, "rotate", fault);
	if (rc == 0 && (!reason || !*reason))
		rc = tote__fault(fault, TOTE_E_ARGUMENT, "rotate: a reason is required");
	if (rc == 0 && box->type != LEDGER_CONTAINER)
		rc = tote__fault(fault, TOTE_E_UNSUPPORTED,
			"rotate: the key of the consolidated record is the orchestrator's to "
			"rotate: tote_orchestrator_rotate");
	return rc;
}

/* The host's copy is the box's only when the ledger has taken it over. */
static int rotate_to(tote_box *box, const struct tote_signer *to, const char *actor,
	const char *reason, uint64_t *ret_seq, struct tote_fault *fault)
{
	struct signer next;
	int rc = tote__signer_open_host(&next, box->ctx, to, fault);

	if (rc < 0)
		return rc;
	rc = tote__ledger_rotate(box->ledger, &next, actor, reason, ret_seq, fault);
	/* not taken over: it stays the host's, unless the entry that names it may be there */
	if (fault->effect == TOTE_EFFECT_NONE)
		next.host.release = NULL;
	tote__signer_close(&next);
	return rc;
}

int tote_box_rotate(tote_box *box, const char *actor, const char *reason, uint32_t flags,
	uint64_t *ret_seq, struct tote_fault *fault)
{
	uint64_t seq = 0;
	int rc;

	FAULT_BEGIN(fault);
	rc = check(box, reason, flags, fault);
	if (rc == 0)
		rc = tote__ledger_rotate(box->ledger, NULL, actor, reason, &seq, fault);
	if (rc == 0 && ret_seq)
		*ret_seq = seq;
	return tote__box_done(box, rc, fault);
}

int tote_box_rotate_to(tote_box *box, const struct tote_signer *next, const char *actor,
	const char *reason, uint32_t flags, uint64_t *ret_seq, struct tote_fault *fault)
{
	uint64_t seq = 0;
	int rc;

	FAULT_BEGIN(fault);
	rc = check(box, reason, flags, fault);
	if (rc == 0 && !next)
		rc = tote__fault(fault, TOTE_E_ARGUMENT, "rotate: the next signer is NULL");
	if (rc == 0)
		rc = rotate_to(box, next, actor, reason, &seq, fault);
	if (rc == 0 && ret_seq)
		*ret_seq = seq;
	return tote__box_done(box, rc, fault);
}
