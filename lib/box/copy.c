/* SPDX-License-Identifier: ISC */
/*
 * Copying a container while others write (FORMAT section 10): in rounds, since an asset may be
 * erased behind a round's bound; the next round then knows.
 */
#include "box/copy.h"
#include "ledger/freeze.h"
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#define COPY_LEAST                                                                                 \
	(offsetof(struct tote_copy, bytes_written) + sizeof(((struct tote_copy *)0)->bytes_written))
#define ROUNDS_MAX 10

/* Nothing is left to do: the older copy ends where the source does, under the same checkpoint. */
static int is_current(const struct copying *c)
{
	const struct replay *now = &c->view.replay;

	return !c->fresh && !c->resumed && !(c->flags & TOTE_COPY_VERIFY) &&
	       c->old_end == c->view.limit && c->old_note.len == now->note.len &&
	       memcmp(c->old_note.data, now->note.data, now->note.len) == 0;
}

static int copy_frozen(struct copying *c, struct tote_fault *fault)
{
	int rc;

	if (!c->view.replay.have_checkpoint)
		return tote__fault(fault, TOTE_E_NOT_FOUND,
			"the container has no checkpoint yet: it was never completed");
	rc = tote__copy_look(c, fault);
	if (!c->trusted)
		c->told.since = c->old_end;
	c->told.entries = c->view.limit;
	c->told.covered = c->view.replay.covered.size;
	if (rc < 0 || is_current(c))
		return rc;
	rc = tote__copy_mark(c, fault);
	if (rc == 0)
		rc = tote__copy_log(c, fault);
	if (rc == 0)
		rc = tote__copy_journal(c, fault);
	if (rc == 0)
		rc = tote__copy_names(c, fault);
	return rc;
}

static void next_round(struct copying *c)
{
	struct copy_seqs kept = c->missing_before;

	c->missing_before = c->missing;
	c->missing = kept;
	c->missing.count = 0;
	c->changed.count = 0;
	c->voided.count = 0;
	c->lost.count = 0;
	c->bad = 0;
}

/*
 * All of it is done with byte 2 held, from the first look at the directory to the removal of the
 * marker: two copiers of one container into one directory come one behind the other.
 */
static int copy_round(struct copying *c, struct tote_fault *fault)
{
	int rc;

	next_round(c);
	rc = tote__ledger_freeze(c->box->ledger, &c->view, fault);
	if (rc < 0)
		return rc;
	rc = tote__copy_open(c, fault);
	if (rc == 0)
		rc = copy_frozen(c, fault);
	if (rc == 0 && !c->bad)
		rc = tote__copy_unmark(c, fault);
	c->trusted = c->view.limit;
	tote__copy_assets_free(c);
	tote__place_close(&c->to);
	tote__ledger_thaw(c->box->ledger, &c->view);
	return rc;
}

static int not_whole(const struct copying *c, struct tote_fault *fault)
{
	return tote__fault(fault, TOTE_E_MISMATCH,
		"%" PRIu64
		" asset%s of the container could not be copied as sealed, the first: %s; all "
		"else is there, but %s is no whole copy: restore or erase what is damaged, "
		"then copy again",
		c->bad, c->bad == 1 ? "" : "s", c->first_bad, c->dir);
}

static int copy_rounds(struct copying *c, struct tote_fault *fault)
{
	int rc = COPY_AGAIN;

	for (int i = 0; rc == COPY_AGAIN && i < ROUNDS_MAX; i++)
		rc = copy_round(c, fault);
	if (rc == COPY_AGAIN)
		return tote__fault(fault, TOTE_E_BUSY,
			"assets kept being erased while they were copied: try again");
	return rc == 0 && c->bad ? not_whole(c, fault) : rc;
}

/* So that nearly all of the copy lies under a signature; without it the journal is copied. */
static void fold_first(tote_box *box)
{
	struct checkpoint covered;
	struct tote_fault fault = {0};

	if (box->have_signer && tote__ledger_fold(box->ledger, &covered, NULL, &fault) < 0)
		tote__log(&box->ctx->log, TOTE_LOG_WARNING,
			"copy: %s; what is not signed yet is copied with the journal", fault.text);
}

static void copying_free(struct copying *c)
{
	tote__buf_free(&c->old_note);
	tote__heap_free(c->heap, c->missing.seq);
	tote__heap_free(c->heap, c->missing_before.seq);
	tote__heap_free(c->heap, c->changed.seq);
	tote__heap_free(c->heap, c->voided.seq);
	tote__heap_free(c->heap, c->lost.seq);
	tote__heap_free(c->heap, c->buffer);
	tote__heap_free(c->heap, c);
}

static int copy(tote_box *box, const char *dir, uint32_t flags, struct tote_copy *ret,
	struct tote_fault *fault)
{
	const struct heap *heap = &box->ctx->heap;
	struct copying *c = tote__heap_new(heap, 1, sizeof(*c), fault);
	int rc;

	if (!c)
		return fault->code;
	c->box = box;
	c->heap = heap;
	c->from = &box->place;
	c->dir = dir;
	c->flags = flags;
	tote__buf_init(&c->old_note, heap, NOTE_MAX);
	c->buffer = tote__heap_new(heap, 1, COPY_STEP, fault);
	rc = c->buffer ? 0 : fault->code;
	if (rc == 0) {
		fold_first(box);
		rc = copy_rounds(c, fault);
	}
	c->told.size = sizeof(c->told);
	if (rc == 0 && ret)
		rc = tote__struct_out(ret, &c->told, sizeof(c->told), COPY_LEAST, "copy", fault);
	copying_free(c);
	return rc < 0 ? tote__fault_wrap(fault, "copy") : 0;
}

int tote_box_copy(tote_box *box, const char *dir, uint32_t flags, struct tote_copy *copy_out,
	struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	rc = tote__box_check_write(box, fault);
	if (rc == 0)
		rc = tote__flags_check(flags, TOTE_COPY_VERIFY, "copy", fault);
	if (rc == 0 && (!dir || !*dir))
		rc = tote__fault(fault, TOTE_E_ARGUMENT, "copy: there is no directory to copy to");
	if (rc == 0 && copy_out && copy_out->size < COPY_LEAST)
		rc = tote__fault(fault, TOTE_E_STRUCT, "copy: size of struct tote_copy");
	if (rc == 0)
		rc = copy(box, dir, flags, copy_out, fault);
	return tote__box_done(box, rc, fault);
}
