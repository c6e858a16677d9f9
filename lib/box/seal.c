/* SPDX-License-Identifier: ISC */
/*
 * Sealing one group of files (FORMAT section 7). What can be refused is refused before the first
 * byte; then bytes without a name, a number for each, the entries, and the paths, in an order in
 * which a crash at any point leaves either all of it to be completed or nothing that counts.
 *
 * As many files as the backend keeps open are staged without the lock; the others under it, chunk
 * by chunk, each chunk synced and given its numbers before the next begins.
 */
#include "box/seal.h"
#include "box/plan.h"
#include "box/settle.h"
#include "store/path.h"
#include <inttypes.h>
#include <string.h>

#define SOURCE_FLAGS (TOTE_SOURCE_FD | TOTE_SOURCE_DATA | TOTE_SOURCE_MTIME)
#define AT_ONCE_MAX  16u /* open stages, whatever more the backend allows: 64 descriptors in all */

/* --- step 1: staging ------------------------------------------------------------------------ */

static uint32_t at_once(const struct plan *plan)
{
	const uint32_t most = plan->box->place.ops->max_open_stages;

	if (most == 0)
		return 1;
	return most < AT_ONCE_MAX ? most : AT_ONCE_MAX;
}

static int stage_one(const struct plan *plan, struct plan_item *item, struct tote_fault *fault)
{
	const struct store_ops *ops = plan->box->place.ops;
	int rc = ops->stage_begin(plan->box->place.handle, &item->stage, fault);

	if (rc == 0)
		rc = tote__intake(&plan->box->place, item->source, plan->buffer, item->stage,
			&item->in, fault);
	item->taken = rc == 0;
	return rc;
}

/* Stages the next files from *at on, as many as may be open, and syncs them together. */
static int stage_chunk(struct plan *plan, size_t *at, struct tote_fault *fault)
{
	void *stages[AT_ONCE_MAX];
	size_t count = 0;
	int rc = 0;

	for (; rc == 0 && *at < plan->count && count < at_once(plan); ++*at) {
		struct plan_item *item = &plan->items[*at];

		if (item->already || item->kept)
			continue;
		rc = stage_one(plan, item, fault);
		if (rc == 0)
			stages[count++] = item->stage;
	}
	if (rc == 0 && count > 0)
		rc = plan->box->place.ops->stage_sync(stages, count, fault);
	return rc;
}

static void close_stage(const struct plan *plan, struct plan_item *item)
{
	plan->box->place.ops->stage_close(item->stage);
	item->stage = NULL;
}

/* --- step 2: parents ------------------------------------------------------------------------ */

static int same_parent(const char *a, const char *b)
{
	const size_t len = tote__path_parent(a);

	return len == tote__path_parent(b) && memcmp(a, b, len) == 0;
}

static int make_parents(const struct plan *plan, struct tote_fault *fault)
{
	const char *before = NULL;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < plan->count; i++) {
		const struct plan_item *item = plan->by_path[i];
		const char *path = item->source->path;

		if (item->already || (before && same_parent(before, path)))
			continue;
		rc = plan->box->place.ops->make_parents(plan->box->place.handle, path, fault);
		before = path;
	}
	return rc;
}

/* --- step 3: numbers ------------------------------------------------------------------------ */

static void number(struct plan *plan)
{
	uint64_t seq = tote__ledger_next(plan->box->ledger);

	for (size_t i = 0; i < plan->count; i++)
		if (!plan->items[i].already)
			plan->items[i].seq = seq++;
}

static int keep_staged(struct plan *plan, struct tote_fault *fault)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < plan->count; i++) {
		struct plan_item *item = &plan->items[i];

		if (!item->stage)
			continue;
		if (!item->already) {
			rc = plan->box->place.ops->stage_keep(item->stage, item->seq, fault);
			item->kept = rc == 0;
		}
		close_stage(plan, item);
	}
	return rc;
}

static int keep_all(struct plan *plan, struct tote_fault *fault)
{
	size_t at = 0;
	int rc = keep_staged(plan, fault);

	while (rc == 0 && at < plan->count) {
		rc = stage_chunk(plan, &at, fault);
		if (rc == 0)
			rc = keep_staged(plan, fault);
	}
	if (rc == 0)
		rc = plan->box->place.ops->barrier(plan->box->place.handle, SPACE_ASSETS, fault);
	return rc;
}

/*
 * Takes the numbers away again, keeping the fault of what failed. Where that fails too, the next
 * takeover does it: they have no entries.
 */
static void undo(struct plan *plan)
{
	const struct store_ops *ops = plan->box->place.ops;
	struct tote_fault unused = {0};
	int rc = 0;

	for (size_t i = 0; i < plan->count; i++) {
		struct plan_item *item = &plan->items[i];

		if (item->kept && ops->discard(plan->box->place.handle, item->seq, &unused) < 0)
			rc = -1;
		item->kept = 0;
		close_stage(plan, item);
	}
	if (rc == 0)
		rc = ops->barrier(plan->box->place.handle, SPACE_ASSETS, &unused);
	if (rc == 0)
		tote__ledger_open_seal(plan->box->ledger, 0);
	else
		tote__ledger_poison(plan->box->ledger);
}

/* --- step 4: entries ------------------------------------------------------------------------ */

static int write_entries(struct plan *plan, struct tote_fault *fault)
{
	const struct heap *heap = &plan->box->ctx->heap;
	const size_t most = tote__plan_new(plan);
	struct sealed_draft *texts = tote__heap_new(heap, most, sizeof(*texts), fault);
	struct draft *drafts = tote__heap_new(heap, most, sizeof(*drafts), fault);
	size_t count = 0;
	uint64_t first;
	int rc = texts && drafts ? 0 : TOTE_E_NO_MEMORY;

	for (size_t i = 0; rc == 0 && i < plan->count; i++) {
		const struct plan_item *item = &plan->items[i];

		if (item->already)
			continue;
		tote__sealed_draft(&texts[count], item->source, plan->actor, item->in.size,
			item->in.digest, item->in.mtime_us);
		drafts[count] = texts[count].draft;
		count++;
	}
	if (rc == 0)
		rc = tote__ledger_write(plan->box->ledger, drafts, count, &first, fault);
	tote__heap_free(heap, drafts);
	tote__heap_free(heap, texts);
	return rc;
}

/* --- step 5: paths -------------------------------------------------------------------------- */

static int publish_all(struct plan *plan, size_t *ret_voided, struct tote_fault *fault)
{
	const struct place *place = &plan->box->place;
	int rc = 0;

	*ret_voided = 0;
	for (size_t i = 0; rc == 0 && i < plan->count; i++) {
		struct plan_item *item = &plan->items[i];

		if (item->already)
			continue;
		rc = place->ops->publish(place->handle, item->seq, item->source->path, fault);
		if (rc != TOTE_E_EXISTS)
			continue;
		tote__fault_clear(fault);
		item->voided = 1;
		++*ret_voided;
		rc = 0;
	}
	return rc;
}

static int void_all(struct plan *plan, struct tote_fault *fault)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < plan->count; i++)
		if (plan->items[i].voided)
			rc = tote__settle_void(&plan->box->place, plan->box->ledger,
				&plan->items[i].seq, 1, fault);
	return rc;
}

/* What the call says of seals that had to be voided; the others are completed. */
static int tell_voided(const struct plan *plan, size_t voided, struct tote_fault *fault)
{
	const struct plan_item *item = plan->items;

	while (!item->voided)
		item++;
	tote__fault(fault, TOTE_E_EXISTS,
		"seal '%s': something was put there meanwhile; entry %" PRIu64 " is void%s",
		item->source->path, item->seq, voided > 1 ? ", and others with it" : "");
	tote__fault_set_seq(fault, item->seq);
	if (tote__plan_new(plan) > voided)
		fault->effect = TOTE_EFFECT_DONE;
	return fault->code;
}

/* The entries are there: from here on only forward, by us or by the next takeover. */
static int finish(struct plan *plan, struct tote_fault *fault)
{
	const struct place *place = &plan->box->place;
	size_t voided;
	int rc = publish_all(plan, &voided, fault);

	if (rc == 0)
		rc = void_all(plan, fault);
	if (rc == 0)
		rc = place->ops->barrier(place->handle, SPACE_ASSETS, fault);
	if (rc < 0) {
		tote__ledger_poison(plan->box->ledger);
		fault->effect = TOTE_EFFECT_UNKNOWN;
		return rc;
	}
	tote__ledger_open_seal(plan->box->ledger, 0);
	return voided ? tell_voided(plan, voided, fault) : 0;
}

/* --- all of it ------------------------------------------------------------------------------ */

/* Steps 2 to 5 with the hold. TAKEOVER: a number that was to be given is there already. */
#define TAKEOVER 1

static int seal_held(struct plan *plan, struct tote_fault *fault)
{
	int rc = tote__plan_look(plan, fault);

	if (rc == 0)
		rc = tote__plan_compare(plan, fault);
	if (rc == 0 && tote__plan_new(plan) == 0)
		return 0;
	if (rc == 0)
		rc = make_parents(plan, fault);
	if (rc < 0) {
		fault->effect = TOTE_EFFECT_NONE;
		return rc;
	}
	number(plan);
	tote__ledger_open_seal(plan->box->ledger, 1);
	rc = keep_all(plan, fault);
	if (rc == TOTE_E_EXISTS) {
		undo(plan);
		tote__ledger_poison(plan->box->ledger);
		return TAKEOVER;
	}
	if (rc == 0) {
		rc = write_entries(plan, fault);
		if (rc == 0)
			return finish(plan, fault);
		if (fault->effect != TOTE_EFFECT_NONE) {
			tote__ledger_poison(plan->box->ledger);
			return rc;
		}
	}
	undo(plan);
	fault->effect = TOTE_EFFECT_NONE;
	return rc;
}

static int seal_once(struct plan *plan, struct tote_fault *fault)
{
	size_t at = 0;
	int rc = stage_chunk(plan, &at, fault);

	if (rc == 0)
		rc = tote__ledger_hold(plan->box->ledger, fault);
	if (rc < 0) {
		fault->effect = TOTE_EFFECT_NONE;
		return rc;
	}
	rc = seal_held(plan, fault);
	tote__ledger_release(plan->box->ledger);
	return rc;
}

static int look_first(struct plan *plan, struct tote_fault *fault)
{
	int rc = tote__ledger_hold(plan->box->ledger, fault);

	if (rc < 0)
		return rc;
	rc = tote__plan_look(plan, fault);
	tote__ledger_release(plan->box->ledger);
	return rc < 0 ? rc : tote__plan_compare(plan, fault);
}

static int seal_plan(struct plan *plan, struct tote_fault *fault)
{
	int rc = look_first(plan, fault);

	if (rc < 0)
		fault->effect = TOTE_EFFECT_NONE;
	if (rc < 0 || tote__plan_new(plan) == 0)
		return rc;
	rc = seal_once(plan, fault);
	if (rc == TAKEOVER) {
		tote__fault_clear(fault);
		rc = tote__ledger_recover(plan->box->ledger, fault);
		if (rc == 0)
			rc = seal_once(plan, fault);
	}
	if (rc == TAKEOVER)
		rc = tote__fault(fault, TOTE_E_EXISTS,
			"seal: a .tote- file in assets/ is in the way of entry %" PRIu64
			", and a takeover does not remove it",
			plan->items[0].seq);
	return rc;
}

static void tell(const struct plan *plan, struct tote_sealed *ret)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_item *item = &plan->items[i];

		memset(&ret[i], 0, sizeof(ret[i]));
		ret[i].seq = item->seq;
		ret[i].bytes = item->in.size;
		ret[i].result = item->already ? TOTE_SEALED_ALREADY : TOTE_SEALED_NEW;
		memcpy(ret[i].digest, item->in.digest, HASH_LEN);
	}
}

int tote__seal_files(tote_box *box, const struct tote_source *sources, size_t count,
	const char *actor, struct tote_sealed *ret_sealed, struct tote_fault *fault)
{
	struct plan plan;
	int rc = tote__plan_make(&plan, box, sources, count, actor, fault);

	if (rc == 0)
		rc = seal_plan(&plan, fault);
	if (rc == 0 && ret_sealed)
		tell(&plan, ret_sealed);
	tote__plan_free(&plan);
	tote__ledger_fold_if_large(box->ledger);
	return rc;
}

int tote__seal_check(const tote_box *box, struct tote_fault *fault)
{
	int rc = tote__box_check_write(box, fault);

	if (rc == 0 && box->type != LEDGER_CONTAINER)
		rc = tote__fault(
			fault, TOTE_E_UNSUPPORTED, "seal: the consolidated record takes no files");
	return rc;
}

static int check_sources(const struct tote_source *sources, size_t count, struct tote_fault *fault)
{
	int rc = 0;

	if (!sources || count == 0)
		return tote__fault(fault, TOTE_E_ARGUMENT, "seal: there are no files");
	if (count > PLAN_FILES_MAX)
		return tote__fault(fault, TOTE_E_TOO_LARGE,
			"seal: %zu files are more than one group takes: use several calls", count);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = tote__flags_check(sources[i].flags, SOURCE_FLAGS, "source", fault);
	return rc;
}

int tote_box_seal(tote_box *box, const struct tote_source *sources, size_t count, const char *actor,
	uint32_t flags, struct tote_sealed *ret_sealed, struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	rc = tote__seal_check(box, fault);
	if (rc == 0)
		rc = tote__flags_check(flags, 0, "seal", fault);
	if (rc == 0)
		rc = check_sources(sources, count, fault);
	if (rc == 0)
		rc = tote__seal_files(box, sources, count, actor, ret_sealed, fault);
	return tote__box_done(box, rc, fault);
}
