/* SPDX-License-Identifier: ISC */
/*
 * What the parts of a run share.
 */
#include "audit/inquiry.h"
#include "ledger/line.h"
#include "store/layout.h"
#include "tlog/cosignature.h"
#include <stdio.h>
#include <string.h>

void tote__inquiry_path(
	const struct inquiry *q, int space, const char *name, char out[INQUIRY_PATH_MAX])
{
	const char *base = tote__layout_path(q->target->layout, space);

	if (!base)
		base = "";
	snprintf(out, INQUIRY_PATH_MAX, "%s%s%s", base, *base && *name ? "/" : "", name);
}

int tote__inquiry_find(struct inquiry *q, int code, int space, const char *name, uint64_t seq,
	const char *expected, const char *found, struct tote_fault *fault)
{
	char path[INQUIRY_PATH_MAX];

	tote__inquiry_path(q, space, name, path);
	return tote__findings_add(&q->findings, code, path, seq, expected, found, fault);
}

int tote__inquiry_failed(
	struct inquiry *q, int space, const char *name, int r, struct tote_fault *fault)
{
	struct tote_fault why = *fault;
	int code = FINDING_UNREADABLE, rc;

	if (r == TOTE_E_NO_MEMORY)
		return r;
	if (r == TOTE_E_UNREACHABLE) {
		q->unreachable = 1;
		code = FINDING_UNREACHABLE;
	} else if (r == TOTE_E_BUSY) {
		code = FINDING_CHANGING;
	}
	rc = tote__inquiry_find(q, code, space, name, FINDING_NO_SEQ, NULL, why.text, fault);
	if (rc < 0 || r != TOTE_E_UNREACHABLE)
		return rc;
	*fault = why;
	return r;
}

void tote__inquiry_rest(struct inquiry *q)
{
	if (q->ahead)
		tote__ahead_rest(q->ahead);
	q->ahead = NULL;
}

int tote__inquiry_hold(struct inquiry *q)
{
	struct ledger *ledger = q->target->box ? q->target->box->ledger : NULL;
	struct tote_fault why;
	int r;

	if (q->still)
		return HOLD_STILL;
	if (!ledger)
		return HOLD_NONE;
	memset(&why, 0, sizeof(why));
	r = tote__ledger_hold(ledger, &why);
	if (r == 0) {
		q->held = 1;
		return HOLD_HELD;
	}
	/* FORMAT section 5: a damaged ledger opens read-only, for everybody */
	if (r == TOTE_E_DAMAGED || r == TOTE_E_ROLLBACK || r == TOTE_E_FORK ||
		r == TOTE_E_MALFORMED)
		return HOLD_STILL;
	return HOLD_NONE;
}

void tote__inquiry_release(struct inquiry *q)
{
	if (q->held)
		tote__ledger_release(q->target->box->ledger);
	q->held = 0;
}

uint64_t tote__inquiry_mark(const struct inquiry *q)
{
	const struct place *place = q->place;
	struct tote_fault unused;
	char text[LOCK_LINE_MAX];
	struct line line;
	uint64_t inode;
	size_t len;

	if (!(place->ops->capabilities & STORE_CAN_LOCK))
		return 0;
	if (place->ops->line_read(place->handle, text, sizeof(text), &len, &inode, &unused) != 0)
		return 0;
	tote__line_parse(text, len, inode, &line);
	return line.state == LINE_VOID ? 0 : line.mark;
}

int tote__inquiry_cosigned(const struct inquiry *q, const struct note *note, struct buf *scratch,
	struct tote_fault *why)
{
	const struct run_target *t = q->target;
	uint64_t seconds;
	int r = tote__cosignature_verify(note, t->witness, scratch, &seconds, why);

	for (size_t i = t->former_witness_count; r == 0 && i-- > 0;)
		r = tote__cosignature_verify(note, &t->former_witnesses[i], scratch, &seconds, why);
	return r;
}
