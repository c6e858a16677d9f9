/* SPDX-License-Identifier: ISC */
/*
 * A repair of a box's ledger, and what it tells of itself. The steps are the ledger's own; here the
 * new entry comes under a checkpoint, so that readers without the lock see it.
 */
#include "box/box.h"
#include "box/open.h"
#include "ledger/repair.h"
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define REPAIR_LEAST offsetof(struct tote_repair, why)

static int tell(const struct repair *r, struct tote_repair *out, struct tote_fault *fault)
{
	struct tote_repair ours = {.size = sizeof(ours),
		.flags = (r->needed ? TOTE_REPAIR_NEEDED : 0) | (r->done ? TOTE_REPAIR_DONE : 0),
		.from_seq = r->from_seq,
		.lost = r->lost,
		.published = r->published,
		.folded = r->folded,
		.moved = r->moved,
		.seq = r->done ? r->seq : TOTE_SEQ_ANY};

	if (*r->aside)
		snprintf(ours.aside, sizeof(ours.aside), "ledger/damaged/%s", r->aside);
	snprintf(ours.why, sizeof(ours.why), "%s", r->why.text);
	return tote__struct_out(
		out, &ours, sizeof(ours), REPAIR_LEAST, "struct tote_repair", fault);
}

/* A reader uses a ledger.repaired that is the last entry only below a checkpoint. */
static void cover(tote_box *box)
{
	struct checkpoint unused;
	struct tote_fault why;

	memset(&why, 0, sizeof(why));
	if (tote__ledger_fold(box->ledger, &unused, NULL, &why) < 0)
		tote__log(&box->ctx->log, TOTE_LOG_WARNING,
			"%s: repaired; the checkpoint over that is still to be made: %s", box->id,
			why.text);
}

int tote__box_repair(tote_box *box, const char *actor, const char *reason, int plan,
	struct tote_repair *ret, struct tote_fault *fault)
{
	struct repair done;
	int rc = tote__ledger_repair(box->ledger, actor, reason, plan, &done, fault);

	if (rc == 0 && done.done)
		cover(box);
	/* what could not be read when the box was opened */
	if (rc == 0 && !plan && done.needed)
		rc = tote__box_check_first(box, NULL, fault);
	if (rc == 0 && ret)
		rc = tell(&done, ret, fault);
	return rc;
}

int tote_box_repair(tote_box *box, const char *actor, const char *reason, uint32_t flags,
	struct tote_repair *ret_repair, struct tote_fault *fault)
{
	const int plan = (flags & TOTE_REPAIR_PLAN) != 0;
	int rc;

	FAULT_BEGIN(fault);
	rc = tote__box_check_write(box, fault);
	if (rc == 0)
		rc = tote__flags_check(flags, TOTE_REPAIR_PLAN, "repair", fault);
	if (rc == 0 && !plan && (!reason || !*reason))
		rc = tote__fault(fault, TOTE_E_ARGUMENT, "repair: a reason is required");
	if (rc == 0)
		rc = tote__box_repair(box, actor, reason ? reason : "", plan, ret_repair, fault);
	return tote__box_done(box, rc, fault);
}
