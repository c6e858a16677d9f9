/* SPDX-License-Identifier: ISC */
/*
 * Decisions about the input (FORMAT section 7, at its end). A document is taken out of its sender's
 * reach, its content compared with what was looked at, and then either sealed or rejected by an
 * entry; at every point where the decision may die the next one finds what is left and ends it.
 */
#include "box/input.h"
#include "base/text.h"
#include "box/intake.h"
#include "box/seal.h"
#include "box/settle.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SOURCE_PREFIX "app-console-input/"

/* One document in hand. */
struct hand {
	const struct tote_document *document;
	void *taken; /* NULL: not, or not any more */
	char path[TAKEN_PATH_MAX];
	char source[sizeof(SOURCE_PREFIX) + 256];
	struct store_stat st; /* as it was taken */
};

struct decision {
	tote_box *box;
	struct hand *hands;
	size_t count;
};

/* --- what a dead decision left --------------------------------------------------------------- */

static int give_back(void *user, const char *random, const char *name, struct tote_fault *fault)
{
	const struct place *place = user;
	char path[TAKEN_PATH_MAX];
	void *taken;
	int rc = place->ops->input_adopt(place->handle, random, name, &taken, path, fault);

	if (rc == 0)
		rc = place->ops->input_give_back(taken, fault);
	if (rc == TOTE_E_NO_MEMORY)
		return rc;
	/* its taker lives; or something has its name by now, and it stays where it is, for a person */
	tote__fault_clear(fault);
	return 0;
}

/*
 * With byte 0: a rejection whose entry is durable was completed by the takeover that comes before,
 * so what lies there unlocked was never decided.
 */
static int sweep(tote_box *box, struct tote_fault *fault)
{
	int rc = tote__ledger_hold(box->ledger, fault);

	if (rc < 0)
		return rc;
	rc = tote__input_each_taken(&box->place, give_back, &box->place, fault);
	tote__ledger_release(box->ledger);
	return rc;
}

/* --- taking --------------------------------------------------------------------------------- */

static int check_document(const struct tote_document *d, struct tote_fault *fault)
{
	if (!d->name || !*d->name || !d->digest)
		return tote__fault(
			fault, TOTE_E_ARGUMENT, "input: a document's name or digest is missing");
	if (strchr(d->name, '/') || strlen(d->name) > 255 || strncmp(d->name, ".tote-", 6) == 0)
		return tote__fault(fault, TOTE_E_GRAMMAR,
			"input '%s': a document's name is one component and does not begin with "
			".tote-",
			d->name);
	return 0;
}

static int take(const struct place *place, struct hand *h, struct tote_fault *fault)
{
	const char *name = h->document->name;
	struct store_stat st;
	uint32_t flags = 0;
	int rc = place->ops->stat(place->handle, SPACE_INPUT, name, &st, fault);

	if (rc == 0)
		rc = tote__input_look(place, name, &st, &flags, fault);
	if (rc == 0 && flags & (TOTE_INPUT_OPEN | TOTE_INPUT_FRESH))
		return tote__fault(fault, TOTE_E_BUSY,
			"input '%s': it is still written to: wait until its sender is done", name);
	if (rc == 0)
		rc = place->ops->input_take(place->handle, name, &h->taken, h->path, fault);
	if (rc < 0)
		return tote__fault_wrap(fault, "input '%s'", name);
	return place->ops->stat(place->handle, SPACE_INPUT, h->path, &h->st, fault);
}

static void drop_hands(struct decision *d)
{
	const struct place *place = &d->box->place;
	struct tote_fault unused;

	for (size_t i = 0; d->hands && i < d->count; i++)
		if (d->hands[i].taken) {
			memset(&unused, 0, sizeof(unused));
			if (place->ops->input_give_back(d->hands[i].taken, &unused) < 0)
				tote__log(&d->box->ctx->log, TOTE_LOG_WARNING, "%s", unused.text);
		}
	tote__heap_free(&d->box->ctx->heap, d->hands);
}

static int take_all(struct decision *d, tote_box *box, const struct tote_document *documents,
	size_t count, struct tote_fault *fault)
{
	int rc = 0;

	*d = (struct decision){.box = box, .count = count};
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = check_document(&documents[i], fault);
	if (rc == 0)
		rc = sweep(box, fault);
	if (rc == 0) {
		d->hands = tote__heap_new(&box->ctx->heap, count, sizeof(*d->hands), fault);
		rc = d->hands ? 0 : fault->code;
	}
	for (size_t i = 0; rc == 0 && i < count; i++) {
		d->hands[i].document = &documents[i];
		rc = take(&box->place, &d->hands[i], fault);
	}
	return rc;
}

/* --- accepting ------------------------------------------------------------------------------ */

static void put_source(struct hand *h, struct tote_source *ret)
{
	snprintf(h->source, sizeof(h->source), SOURCE_PREFIX "%s", h->document->name);
	*ret = (struct tote_source){.path = h->document->path,
		.file = h->path,
		.data = h->document->digest,
		.length = HASH_LEN,
		.flags = SOURCE_INPUT | TOTE_SOURCE_MTIME,
		.supersedes = TOTE_SEQ_ANY,
		.media_type = h->document->media_type,
		.source = h->source};
}

/* A sender that had it open all the while may have written more: that is another document. */
static int is_unchanged(const struct place *place, const struct hand *h)
{
	struct tote_fault unused;
	struct store_stat now;

	memset(&unused, 0, sizeof(unused));
	return place->ops->stat(place->handle, SPACE_INPUT, h->path, &now, &unused) == 0 &&
	       now.size == h->st.size && now.mtime_us == h->st.mtime_us;
}

/* The seals are durable: what cannot be removed goes back, and is `already` when it comes again. */
static void remove_all(struct decision *d)
{
	const struct place *place = &d->box->place;
	struct tote_fault why;

	for (size_t i = 0; i < d->count; i++) {
		struct hand *h = &d->hands[i];

		if (!is_unchanged(place, h))
			continue;
		memset(&why, 0, sizeof(why));
		if (place->ops->input_drop(h->taken, &why) < 0)
			tote__log(&d->box->ctx->log, TOTE_LOG_WARNING, "%s", why.text);
		h->taken = NULL;
	}
}

static int accept_all(struct decision *d, const char *actor, struct tote_sealed *ret_sealed,
	struct tote_fault *fault)
{
	const struct heap *heap = &d->box->ctx->heap;
	struct tote_source *sources = tote__heap_new(heap, d->count, sizeof(*sources), fault);
	int rc;

	if (!sources)
		return fault->code;
	for (size_t i = 0; i < d->count; i++)
		put_source(&d->hands[i], &sources[i]);
	rc = tote__seal_files(d->box, sources, d->count, actor, ret_sealed, fault);
	tote__heap_free(heap, sources);
	if (rc == 0)
		remove_all(d);
	return rc;
}

int tote_box_accept(tote_box *box, const struct tote_document *documents, size_t count,
	const char *actor, uint32_t flags, struct tote_sealed *ret_sealed, struct tote_fault *fault)
{
	struct decision d;
	int rc;

	FAULT_BEGIN(fault);
	rc = tote__seal_check(box, fault);
	if (rc == 0)
		rc = tote__flags_check(flags, 0, "accept", fault);
	if (rc == 0 && (!documents || count == 0 || count > TOTE_GROUP_MAX / 128))
		rc = tote__fault(fault, TOTE_E_ARGUMENT,
			"accept: there are no documents, or more "
			"than one group takes");
	if (rc == 0)
		rc = tote__input_check(box, fault);
	if (rc == 0) {
		rc = take_all(&d, box, documents, count, fault);
		if (rc == 0)
			rc = accept_all(&d, actor, ret_sealed, fault);
		drop_hands(&d);
	}
	return tote__box_done(box, rc, fault);
}

/* --- rejecting ------------------------------------------------------------------------------ */

static int check_content(const struct place *place, const struct hand *h, uint64_t *ret_size,
	struct tote_fault *fault)
{
	uint8_t digest[HASH_LEN];
	int rc = tote__input_digest(place, h->path, ret_size, digest, fault);

	if (rc == 0 && memcmp(digest, h->document->digest, HASH_LEN) != 0)
		rc = tote__fault(fault, TOTE_E_CONFLICT, "input '%s': it is not what was looked at",
			h->document->name);
	return rc;
}

static int write_rejected(tote_box *box, const struct hand *h, uint64_t size, const char *reason,
	const char *actor, uint64_t *ret_seq, struct tote_fault *fault)
{
	char bytes[DECIMAL_MAX], digest[sizeof("sha256:") + (size_t)2 * HASH_LEN] = "sha256:";
	struct field fields[4];
	struct draft draft = {
		.kind = REJECTED_KIND, .actor = actor, .fields = fields, .field_count = 4};

	snprintf(bytes, sizeof(bytes), "%" PRIu64, size);
	tote__hex_encode(h->document->digest, HASH_LEN, digest + strlen("sha256:"));
	fields[0] = tote__field_text("digest", digest);
	fields[1] = tote__field_text("name", h->document->name);
	fields[2] = tote__field_text("reason", reason);
	fields[3] = tote__field_text("size", bytes);
	return tote__ledger_write(box->ledger, &draft, 1, ret_seq, fault);
}

/* Once the entry is durable only forward: by us, or by the takeover that finds us dead. */
static int reject_held(tote_box *box, struct hand *h, const char *reason, const char *actor,
	uint64_t *ret_seq, struct tote_fault *fault)
{
	uint64_t size;
	int rc = tote__box_admit(box, REJECTED_KIND, fault);

	if (rc == 0)
		rc = check_content(&box->place, h, &size, fault);
	if (rc < 0)
		return rc;
	rc = write_rejected(box, h, size, reason, actor, ret_seq, fault);
	if (rc < 0) {
		if (fault->effect != TOTE_EFFECT_NONE)
			tote__ledger_poison(box->ledger);
		return rc;
	}
	rc = box->place.ops->input_reject(h->taken, *ret_seq, fault);
	h->taken = NULL;
	if (rc < 0) {
		tote__ledger_poison(box->ledger);
		fault->effect = TOTE_EFFECT_UNKNOWN;
	}
	return rc;
}

int tote_box_reject(tote_box *box, const struct tote_document *document, const char *reason,
	const char *actor, uint32_t flags, uint64_t *ret_seq, struct tote_fault *fault)
{
	struct decision d;
	uint64_t seq;
	int rc;

	FAULT_BEGIN(fault);
	rc = tote__seal_check(box, fault);
	if (rc == 0)
		rc = tote__flags_check(flags, 0, "reject", fault);
	if (rc == 0 && (!document || !reason || !*reason))
		rc = tote__fault(
			fault, TOTE_E_ARGUMENT, "reject: the document or the reason is missing");
	if (rc == 0)
		rc = tote__input_check(box, fault);
	if (rc < 0)
		return tote__box_done(box, rc, fault);
	rc = take_all(&d, box, document, 1, fault);
	if (rc == 0)
		rc = tote__ledger_hold(box->ledger, fault);
	if (rc == 0) {
		rc = reject_held(box, &d.hands[0], reason, actor, &seq, fault);
		tote__ledger_release(box->ledger);
	}
	if (rc == 0 && ret_seq)
		*ret_seq = seq;
	drop_hands(&d);
	return tote__box_done(box, rc, fault);
}
