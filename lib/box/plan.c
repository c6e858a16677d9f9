/* SPDX-License-Identifier: ISC */
/*
 * Planning a call that seals (FORMAT sections 2 and 7, step 2).
 */
#include "box/plan.h"
#include "box/paths.h"
#include "store/sort.h"
#include <inttypes.h>
#include <string.h>

/* --- before anything is looked at ----------------------------------------------------------- */

static int by_path(const void *a, const void *b)
{
	const struct plan_item *const *left = a, *const *right = b;

	return strcmp((*left)->source->path, (*right)->source->path);
}

static int check_group(const struct plan *plan, struct tote_fault *fault)
{
	size_t total = 0;

	for (size_t i = 0; i < plan->count; i++) {
		size_t bound;
		int rc = tote__sealed_bound(plan->items[i].source, plan->actor, &bound, fault);

		if (rc < 0) {
			tote__fault_wrap(fault, "seal '%s'", plan->items[i].source->path);
			return rc;
		}
		total += bound;
	}
	if (total > TOTE_GROUP_MAX)
		return tote__fault(fault, TOTE_E_TOO_LARGE,
			"seal: the entries of %zu files are larger than one group of %u bytes: use "
			"several calls",
			plan->count, TOTE_GROUP_MAX);
	return 0;
}

static int contradicts(const char *path, const char *why, struct tote_fault *fault)
{
	return tote__fault(fault, TOTE_E_EXISTS, "seal '%s': %s", path, why);
}

/* Within the call: the same rule as against the ledger, by the same set. */
static int check_each_other(const struct plan *plan, struct tote_fault *fault)
{
	struct asset_paths *paths = tote__paths_new(&plan->box->ctx->heap, fault);
	int rc = paths ? 0 : fault->code;

	for (size_t i = 0; rc == 0 && i < plan->count; i++) {
		const char *path = plan->items[i].source->path;
		uint64_t other;

		switch (tote__paths_look(paths, path, &other)) {
		case PATH_SEALED:
			rc = contradicts(path, "it stands twice in this call", fault);
			break;
		case PATH_DIRECTORY:
			rc = contradicts(path, "another file of this call lies below it", fault);
			break;
		case PATH_BELOW:
			rc = contradicts(path, "it lies below another file of this call", fault);
			break;
		default:
			rc = tote__paths_add(paths, path, i, fault);
		}
	}
	tote__paths_free(paths);
	return rc;
}

static int check_sources(struct plan *plan, const struct tote_source *sources, size_t count,
	struct tote_fault *fault)
{
	for (size_t i = 0; i < count; i++) {
		int rc = tote__intake_check(&sources[i], fault);

		if (rc < 0)
			return rc;
		plan->items[i].source = &sources[i];
		plan->by_path[i] = &plan->items[i];
	}
	plan->count = count;
	tote__sort(plan->by_path, count, sizeof(*plan->by_path), by_path);
	return 0;
}

int tote__plan_make(struct plan *plan, tote_box *box, const struct tote_source *sources,
	size_t count, const char *actor, struct tote_fault *fault)
{
	const struct heap *heap = &box->ctx->heap;
	int rc = 0;

	memset(plan, 0, sizeof(*plan));
	plan->box = box;
	plan->actor = actor;
	plan->items = tote__heap_new(heap, count, sizeof(*plan->items), fault);
	plan->by_path = tote__heap_new(heap, count, sizeof(*plan->by_path), fault);
	plan->buffer = tote__heap_new(heap, 1, INTAKE_STEP, fault);
	if (!plan->items || !plan->by_path || !plan->buffer)
		rc = TOTE_E_NO_MEMORY;
	if (rc == 0)
		rc = check_sources(plan, sources, count, fault);
	if (rc == 0)
		rc = check_group(plan, fault);
	if (rc == 0)
		rc = check_each_other(plan, fault);
	return rc;
}

void tote__plan_free(struct plan *plan)
{
	if (!plan->box)
		return;
	for (size_t i = 0; i < plan->count; i++)
		plan->box->place.ops->stage_close(plan->items[i].stage);
	tote__heap_free(&plan->box->ctx->heap, plan->items);
	tote__heap_free(&plan->box->ctx->heap, plan->by_path);
	tote__heap_free(&plan->box->ctx->heap, plan->buffer);
	memset(plan, 0, sizeof(*plan));
}

/* --- with the hold -------------------------------------------------------------------------- */

/* Refused because of what entry seq says. */
static int refuse(
	const struct plan_item *item, uint64_t seq, const char *why, struct tote_fault *fault)
{
	tote__fault(
		fault, TOTE_E_EXISTS, "seal '%s': %s entry %" PRIu64, item->source->path, why, seq);
	tote__fault_set_seq(fault, seq);
	return fault->code;
}

/* 1 where something lies at the path. */
static int lies_there(const tote_box *box, const char *path, struct tote_fault *fault)
{
	struct store_stat st;
	int rc = box->place.ops->stat(box->place.handle, SPACE_ASSETS, path, &st, fault);

	if (rc != TOTE_E_NOT_FOUND)
		return rc < 0 ? rc : 1;
	tote__fault_clear(fault);
	return 0;
}

/* The ledger says that it is sealed, and what lies there is not what was sealed. */
static int damaged(
	const struct plan_item *item, uint64_t seq, const char *what, struct tote_fault *fault)
{
	tote__fault(fault, TOTE_E_DAMAGED,
		"seal '%s': entry %" PRIu64 " sealed it, but %s: an audit tells more, and a copy "
		"has it",
		item->source->path, seq, what);
	tote__fault_set_seq(fault, seq);
	return fault->code;
}

static int look_sealed(
	const tote_box *box, struct plan_item *item, uint64_t seq, struct tote_fault *fault)
{
	const char *path = item->source->path;
	struct store_stat st;
	int rc = box->place.ops->stat(box->place.handle, SPACE_ASSETS, path, &st, fault);

	if (rc == TOTE_E_NOT_FOUND) {
		tote__fault_clear(fault);
		return refuse(
			item, seq, "its file is gone (erased or lost), which was sealed by", fault);
	}
	if (rc < 0)
		return rc;
	if (st.type != STORE_FILE || st.mode != SEALED_MODE)
		return damaged(item, seq,
			st.type != STORE_FILE ? "what lies there is no file"
					      : "the file there may be written to",
			fault);
	item->already = 1;
	item->seq = seq;
	return 0;
}

static int look_free(const tote_box *box, const struct plan_item *item, struct tote_fault *fault)
{
	int rc = lies_there(box, item->source->path, fault);

	if (rc == 1)
		return contradicts(item->source->path,
			"something lies there that no entry names: an audit tells of it", fault);
	return rc;
}

int tote__plan_look_item(const tote_box *box, struct plan_item *item, struct tote_fault *fault)
{
	uint64_t seq = 0;

	switch (tote__paths_look(box->paths, item->source->path, &seq)) {
	case PATH_SEALED:
		return look_sealed(box, item, seq, fault);
	case PATH_BELOW:
		return refuse(
			item, seq, "a file was sealed where its directory would be, by", fault);
	case PATH_DIRECTORY:
		return contradicts(
			item->source->path, "files were sealed below it: it is a directory", fault);
	default:
		return look_free(box, item, fault);
	}
}

static int is_seal(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	(void)leaf, (void)verified, (void)fault;
	*(int *)user = e->version == 1 && tote__entry_is(e, SEALED_KIND);
	return 0;
}

int tote__plan_superseded(
	const tote_box *box, const struct tote_source *source, struct tote_fault *fault)
{
	int found = 0, rc = 0;

	if (!tote__source_supersedes(source))
		return 0;
	if (source->supersedes < tote__ledger_next(box->ledger))
		rc = tote__ledger_scan(box->ledger, source->supersedes, source->supersedes + 1,
			is_seal, &found, fault);
	if (rc == 0 && !found)
		rc = tote__fault(fault, TOTE_E_NOT_FOUND,
			"seal '%s': entry %" PRIu64 ", which it is to supersede, is no seal",
			source->path, source->supersedes);
	return rc;
}

/* --- with the hold: what was sealed before -------------------------------------------------- */

#define GAP_MAX 256 /* entries: a bundle; what lies nearer is read in one go */

/* The items that are to be known, in the order of their seqs. */
struct knowing {
	struct plan_item **items;
	size_t count, next;
};

static int by_seq(const void *a, const void *b)
{
	const struct plan_item *const *left = a, *const *right = b;

	return ((*left)->seq > (*right)->seq) - ((*left)->seq < (*right)->seq);
}

static int know_entry(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	struct knowing *k = user;
	struct sealed fact;
	int rc;

	(void)leaf, (void)verified;
	if (k->next == k->count || k->items[k->next]->seq != e->seq)
		return 0;
	rc = tote__sealed_parse(e, &fact, fault);
	for (; rc == 0 && k->next < k->count && k->items[k->next]->seq == e->seq; k->next++) {
		k->items[k->next]->sealed_size = fact.size;
		memcpy(k->items[k->next]->sealed_digest, fact.digest, HASH_LEN);
		k->items[k->next]->known = 1;
	}
	return rc;
}

/* Reads the entries of k->items in as few scans as make sense. */
static int know_all(const tote_box *box, struct knowing *k, struct tote_fault *fault)
{
	int rc = 0;

	while (rc == 0 && k->next < k->count) {
		const uint64_t from = k->items[k->next]->seq;
		uint64_t to = from + 1;

		for (size_t i = k->next; i < k->count && k->items[i]->seq < to + GAP_MAX; i++)
			to = k->items[i]->seq + 1;
		rc = tote__ledger_scan(box->ledger, from, to, know_entry, k, fault);
	}
	return rc;
}

int tote__plan_know(
	const tote_box *box, struct plan_item *items, size_t count, struct tote_fault *fault)
{
	struct knowing k = {
		.items = tote__heap_new(&box->ctx->heap, count, sizeof(*k.items), fault)};
	int rc = k.items ? 0 : fault->code;

	for (size_t i = 0; rc == 0 && i < count; i++)
		if (items[i].already && !items[i].known)
			k.items[k.count++] = &items[i];
	if (rc == 0) {
		tote__sort(k.items, k.count, sizeof(*k.items), by_seq);
		rc = know_all(box, &k, fault);
	}
	tote__heap_free(&box->ctx->heap, k.items);
	return rc;
}

int tote__plan_look(struct plan *plan, struct tote_fault *fault)
{
	int rc = tote__box_admit(plan->box, SEALED_KIND, fault);

	if (rc == 0)
		rc = tote__box_paths(plan->box, fault);
	for (size_t i = 0; rc == 0 && i < plan->count; i++) {
		struct plan_item *item = &plan->items[i];

		if (!item->already)
			rc = tote__plan_look_item(plan->box, item, fault);
		if (rc == 0 && !item->already)
			rc = tote__plan_superseded(plan->box, item->source, fault);
	}
	return rc < 0 ? rc : tote__plan_know(plan->box, plan->items, plan->count, fault);
}

/* --- the bytes of what was sealed before ---------------------------------------------------- */

int tote__plan_compare_item(
	const tote_box *box, uint8_t *buffer, struct plan_item *item, struct tote_fault *fault)
{
	int rc = 0;

	if (!item->taken)
		rc = tote__intake(&box->place, item->source, buffer, NULL, &item->in, fault);
	if (rc < 0)
		return rc;
	item->taken = 1;
	if (item->in.size != item->sealed_size ||
		!tote__hash_equal(item->in.digest, item->sealed_digest))
		return refuse(item, item->seq,
			"other bytes were sealed there: a correction needs a path of its own and "
			"supersedes",
			fault);
	/* "already" is said of the file, not of its entry alone */
	rc = tote__sealed_is_file(
		&box->place, item->source->path, item->sealed_size, item->sealed_digest, fault);
	if (rc == 0 || rc == TOTE_E_NOT_FOUND)
		return damaged(item, item->seq,
			rc ? "its file is gone" : "the bytes there are not those", fault);
	if (rc < 0)
		return rc;
	item->compared = 1;
	return 0;
}

int tote__plan_compare(struct plan *plan, struct tote_fault *fault)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < plan->count; i++)
		if (plan->items[i].already && !plan->items[i].compared)
			rc = tote__plan_compare_item(
				plan->box, plan->buffer, &plan->items[i], fault);
	return rc;
}

size_t tote__plan_new(const struct plan *plan)
{
	size_t count = 0;

	for (size_t i = 0; i < plan->count; i++)
		if (!plan->items[i].already)
			count++;
	return count;
}
