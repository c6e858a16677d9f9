/* SPDX-License-Identifier: ISC */
/*
 * A repair of a box's ledger, and what it tells of itself. The steps are the ledger's own; here the
 * new entry comes under a checkpoint, so that readers without the lock see it.
 */
#include "box/box.h"
#include "box/open.h"
#include "ledger/repair.h"
#include <inttypes.h>
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

/* --- the checkpoint over it ----------------------------------------------------------------- */

static int take_repaired(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN],
	int verified, struct tote_fault *fault)
{
	struct repair *r = user;
	int rc;

	(void)leaf;
	(void)verified;
	if (!tote__entry_is(e, "ledger.repaired"))
		return 0;
	rc = tote__entry_number(e, "from-seq", &r->from_seq, fault);
	if (rc == 0)
		rc = tote__entry_number(e, "lost", &r->lost, fault);
	r->seq = e->seq;
	r->needed = r->done = 1;
	return rc;
}

/* With the hold. A reader uses a ledger.repaired that is the last entry only below a checkpoint. */
static int find_uncovered(struct ledger *l, struct repair *r, struct tote_fault *fault)
{
	const uint64_t next = tote__ledger_next(l);
	struct ledger_info info;
	int rc;

	tote__ledger_info(l, &info);
	if (next == 0 || next <= info.covered)
		return 0;
	rc = tote__ledger_scan(l, next - 1, next, take_repaired, r, fault);
	if (rc < 0 || !r->needed)
		return rc;
	r->folded = next - info.covered;
	tote__fault(&r->why, TOTE_E_INCOMPLETE,
		"its repair was cut off before a checkpoint covered entry %" PRIu64
		", which says what was lost: no reader sees it yet",
		r->seq);
	return 0;
}

/* A repair that died before the checkpoint over its entry. */
static int find_cut_off(struct ledger *l, struct repair *r, struct tote_fault *fault)
{
	int rc = tote__ledger_hold(l, fault);

	if (rc < 0)
		return rc;
	rc = find_uncovered(l, r, fault);
	tote__ledger_release(l);
	return rc;
}

static int cover(tote_box *box, struct tote_fault *fault)
{
	struct checkpoint unused;

	if (tote__ledger_fold(box->ledger, &unused, NULL, fault) == 0)
		return 0;
	fault->effect = TOTE_EFFECT_DONE;
	return tote__fault_wrap(fault,
		"%s: repaired, but for the checkpoint over that, which the same call makes",
		box->id);
}

/* --- the whole ------------------------------------------------------------------------------ */

int tote__box_repair(tote_box *box, const char *actor, const char *reason, int plan,
	struct tote_repair *ret, struct tote_fault *fault)
{
	struct repair done;
	int rc = tote__ledger_repair(box->ledger, actor, reason, plan, &done, fault);

	if (rc == 0 && !done.needed)
		rc = find_cut_off(box->ledger, &done, fault);
	if (rc == 0 && !plan && done.done)
		rc = cover(box, fault);
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
