/* SPDX-License-Identifier: ISC */
/*
 * The handle of a box: its references, its end, and what every call on it begins and ends with.
 */
#include "box/box.h"
#include "box/paths.h"
#include <string.h>

/* Also of a box that was only half made. */
static void box_free(tote_box *box)
{
	tote_ctx *ctx = box->ctx;
	void *parent = box->parent;
	void (*parent_unref)(void *parent) = box->parent_unref;

	tote__ledger_close(box->ledger);
	tote__paths_free(box->paths);
	if (box->have_signer)
		tote__signer_close(&box->signer);
	tote__place_close(&box->place);
	tote__heap_free(&ctx->heap, box);
	if (parent && parent_unref)
		parent_unref(parent);
	tote_ctx_unref(ctx);
}

tote_box *tote_box_ref(tote_box *box)
{
	if (box)
		atomic_fetch_add_explicit(&box->refs, 1, memory_order_relaxed);
	return box;
}

tote_box *tote_box_unref(tote_box *box)
{
	if (box && atomic_fetch_sub_explicit(&box->refs, 1, memory_order_acq_rel) == 1)
		box_free(box);
	return NULL;
}

int tote_box_close(tote_box *box, struct tote_fault *fault)
{
	struct ledger_info info = {0};
	int rc;

	FAULT_BEGIN(fault);
	if (!box)
		return 0;
	rc = tote__box_check(box, fault);
	if (rc == 0 && box->ledger)
		tote__ledger_info(box->ledger, &info);
	if (info.poisoned)
		rc = tote__fault(fault, TOTE_E_POISONED,
			"close: an earlier write failed; who opens the container next settles it");
	rc = tote__box_done(box, rc, fault);
	tote_box_unref(box);
	return rc;
}

int tote__box_check(const tote_box *box, struct tote_fault *fault)
{
	if (!box)
		return tote__fault(fault, TOTE_E_ARGUMENT, "the box is NULL");
	return tote__ctx_check(box->ctx, fault);
}

int tote__box_check_write(const tote_box *box, struct tote_fault *fault)
{
	int rc = tote__box_check(box, fault);

	if (rc < 0)
		return rc;
	if (!box->ledger)
		return tote__fault(fault, TOTE_E_READ_ONLY,
			"the box was opened read-only: open it without TOTE_BOX_READ_ONLY");
	return 0;
}

int tote__box_done(const tote_box *box, int rc, struct tote_fault *fault)
{
	if (rc >= 0)
		tote__fault_clear(fault);
	else if (box)
		tote__fault_set_box(fault, box->id);
	return rc;
}

struct field tote__field_text(const char *key, const char *value)
{
	return (struct field){.key = key, .value = value, .len = strlen(value)};
}

/* 1 where the replay shows damage; then what was promised before it is the view's. */
static int view_damage(tote_box *box, uint32_t flags, struct view *ret, struct tote_fault *fault)
{
	uint64_t promised;
	int rc = tote__view_open(ret, &box->place, flags | VIEW_NOBODY_WRITES, fault);

	if (rc < 0)
		return rc;
	promised = ret->line.state == LINE_VOID ? 0 : ret->line.mark;
	if (promised < ret->replay.covered.size)
		promised = ret->replay.covered.size;
	if (ret->limit > promised)
		ret->limit = promised;
	return ret->replay.damaged;
}

/*
 * Damage does not go away by waiting, what others do meanwhile does: it is believed when it is
 * found twice at one seq. Otherwise the fault stays as it was.
 */
static int view_damaged(tote_box *box, uint32_t flags, struct view *ret, struct tote_fault *fault)
{
	const struct tote_fault busy = *fault;
	struct view before;
	int rc = view_damage(box, flags, &before, fault), again;

	if (rc < 0)
		return rc;
	again = view_damage(box, flags, ret, fault);
	if (again == 1 && rc == 1 && before.replay.damaged_at == ret->replay.damaged_at) {
		tote__view_close(&before);
		return 0;
	}
	tote__view_close(&before);
	if (again >= 0)
		tote__view_close(ret);
	*fault = busy;
	return busy.code;
}

int tote__box_view_part(tote_box *box, uint32_t flags, struct view *ret, struct tote_fault *fault)
{
	const uint32_t still = box->flags & TOTE_BOX_STILL ? VIEW_NOBODY_WRITES : 0;
	int rc = tote__view_open(ret, &box->place, flags | still, fault);

	if (rc == TOTE_E_BUSY && box->flags & (TOTE_BOX_READ_ONLY | TOTE_BOX_REPAIR))
		rc = view_damaged(box, flags, ret, fault);
	return rc;
}

int tote__box_view_end(const struct view *v, struct tote_fault *fault)
{
	if (!(v->flags & VIEW_NOBODY_WRITES) || !v->replay.damaged)
		return 0;
	*fault = v->replay.why;
	return fault->code;
}

int tote__box_view(tote_box *box, uint32_t flags, struct view *ret, struct tote_fault *fault)
{
	int rc = tote__box_view_part(box, flags, ret, fault);

	if (rc == 0 && !(flags & VIEW_NOBODY_WRITES)) {
		rc = tote__box_view_end(ret, fault);
		if (rc < 0)
			tote__view_close(ret);
	}
	return rc;
}

int tote_box_recover(tote_box *box, struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	rc = tote__box_check_write(box, fault);
	if (rc == 0)
		rc = tote__ledger_recover(box->ledger, fault);
	return tote__box_done(box, rc, fault);
}
