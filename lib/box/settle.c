/* SPDX-License-Identifier: ISC */
/*
 * Settling: each .tote-SEQ goes to the path that its entry names, or away, or stays as a finding;
 * erasures are completed; and the directories of all that was sealed or erased since the checkpoint
 * are synced, whether or not anything was left to do, since the one who died may not have.
 */
#include "box/settle.h"
#include "box/sealed.h"
#include "store/path.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KEPT_MAX  ((size_t)1 << 20)
#define PATHS_MAX ((size_t)1 << 30)

/* A kept file and what the ledger says of its seq. */
struct kept {
	uint64_t seq;
	int sealed; /* entry seq is an asset.sealed; sealed_at says where its facts are */
	int voided;
};

struct settling {
	const struct place *place;
	struct ledger *ledger;
	uint64_t from;
	struct kept *kept; /* ascending by seq */
	size_t kept_count;
	struct buf paths;   /* of seals from `from` on, NUL behind each: their parents are synced */
	struct buf erased;  /* seqs of seals that are erased, 8 bytes each */
	struct sealed fact; /* of the entry read last */
};

static void settling_free(struct settling *s)
{
	tote__heap_free(&s->place->ctx->heap, s->kept);
	tote__buf_free(&s->paths);
	tote__buf_free(&s->erased);
}

/* --- what is there -------------------------------------------------------------------------- */

static int list_kept(struct settling *s, struct tote_fault *fault)
{
	const struct heap *heap = &s->place->ctx->heap;
	size_t count = 0;
	uint64_t *seqs = NULL;
	int rc = tote__place_numbers(
		s->place, s->place->ops->list_kept, KEPT_MAX, &seqs, &count, fault);

	if (rc == 0 && count > 0) {
		s->kept = tote__heap_new(heap, count, sizeof(*s->kept), fault);
		rc = s->kept ? 0 : fault->code;
	}
	for (size_t i = 0; rc == 0 && i < count; i++)
		s->kept[s->kept_count++].seq = seqs[i];
	tote__heap_free(heap, seqs);
	return rc;
}

static struct kept *kept_of(struct settling *s, uint64_t seq)
{
	size_t low = 0, high = s->kept_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->kept[middle].seq < seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->kept_count && s->kept[low].seq == seq ? &s->kept[low] : NULL;
}

static int note_path(struct settling *s, const struct entry *e, struct tote_fault *fault)
{
	int rc = tote__sealed_parse(e, &s->fact, fault);

	if (rc < 0)
		return rc;
	tote__buf_put(&s->paths, s->fact.path, strlen(s->fact.path) + 1);
	return tote__buf_check(&s->paths, "settling seals", fault);
}

static int note_seal(struct settling *s, const struct entry *e, struct tote_fault *fault)
{
	struct kept *kept = kept_of(s, e->seq);

	if (kept)
		kept->sealed = 1;
	return kept || e->seq >= s->from ? note_path(s, e, fault) : 0;
}

static int note_end(struct settling *s, const struct entry *e, struct tote_fault *fault)
{
	struct kept *kept;
	uint64_t seq;
	int rc = tote__entry_number(e, "seal", &seq, fault);

	if (rc < 0)
		return rc;
	kept = kept_of(s, seq);
	if (tote__entry_is(e, VOID_KIND) && kept)
		kept->voided = 1;
	if (tote__entry_is(e, ERASED_KIND) && e->seq >= s->from)
		tote__buf_put_u64(&s->erased, seq);
	return tote__buf_check(&s->erased, "settling erasures", fault);
}

static int note(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	struct settling *s = user;

	(void)leaf, (void)verified;
	if (e->version != 1)
		return 0;
	if (tote__entry_is(e, SEALED_KIND))
		return note_seal(s, e, fault);
	if (tote__entry_is(e, VOID_KIND) || tote__entry_is(e, ERASED_KIND))
		return note_end(s, e, fault);
	return 0;
}

/* What the ledger says from the first kept file, or the checkpoint, on. */
static int read_ledger(struct settling *s, struct tote_fault *fault)
{
	const uint64_t next = tote__ledger_next(s->ledger);
	uint64_t from = s->from;

	if (s->kept_count > 0 && s->kept[0].seq < from)
		from = s->kept[0].seq;
	return from < next ? tote__ledger_scan(s->ledger, from, next, note, s, fault) : 0;
}

/* --- the facts of one seal ------------------------------------------------------------------ */

static int keep_fact(void *user, const struct entry *e, const uint8_t leaf[HASH_LEN], int verified,
	struct tote_fault *fault)
{
	struct settling *s = user;

	(void)leaf, (void)verified;
	if (e->version != 1 || !tote__entry_is(e, SEALED_KIND))
		return tote__fault(fault, TOTE_E_DAMAGED, "entry %" PRIu64 " is no seal", e->seq);
	return tote__sealed_parse(e, &s->fact, fault);
}

static int read_fact(struct settling *s, uint64_t seq, struct tote_fault *fault)
{
	return tote__ledger_scan(s->ledger, seq, seq + 1, keep_fact, s, fault);
}

/* --- seals ---------------------------------------------------------------------------------- */

static void void_draft(struct draft *d, struct field fields[2], char seq[DECIMAL_MAX], uint64_t n)
{
	static const char reason[] = "something else lay at its path";

	snprintf(seq, DECIMAL_MAX, "%" PRIu64, n);
	fields[0] = (struct field){"seal", seq, strlen(seq)};
	fields[1] = (struct field){"reason", reason, sizeof(reason) - 1};
	*d = (struct draft){.kind = VOID_KIND, .fields = fields, .field_count = 2};
}

int tote__settle_void(const struct place *place, struct ledger *ledger, const uint64_t *seqs,
	size_t count, struct tote_fault *fault)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		char seq[DECIMAL_MAX];
		struct field fields[2];
		struct draft d;
		uint64_t at;

		void_draft(&d, fields, seq, seqs[i]);
		rc = tote__ledger_write(ledger, &d, 1, &at, fault);
		if (rc == 0)
			rc = place->ops->discard(place->handle, seqs[i], fault);
	}
	return rc;
}

/* Step 5, or its void. */
static int finish(struct settling *s, uint64_t seq, struct tote_fault *fault)
{
	const struct store_ops *ops = s->place->ops;
	int rc = ops->make_parents(s->place->handle, s->fact.path, fault);

	if (rc == 0)
		rc = ops->publish(s->place->handle, seq, s->fact.path, fault);
	if (rc == TOTE_E_EXISTS) {
		tote__fault_clear(fault);
		rc = tote__settle_void(s->place, s->ledger, &seq, 1, fault);
	}
	return rc;
}

static int settle_one(struct settling *s, const struct kept *kept, struct tote_fault *fault)
{
	char name[PATH_KEPT_MAX];
	int rc;

	if (kept->seq >= tote__ledger_next(s->ledger) || kept->voided)
		return s->place->ops->discard(s->place->handle, kept->seq, fault);
	if (!kept->sealed) /* an audit tells of it */
		return 0;
	rc = read_fact(s, kept->seq, fault);
	if (rc < 0)
		return rc;
	tote__path_kept(kept->seq, name);
	rc = tote__sealed_is_file(s->place, name, s->fact.size, s->fact.digest, fault);
	return rc == 1 ? finish(s, kept->seq, fault) : rc;
}

/* --- erasures ------------------------------------------------------------------------------- */

static int erase_one(struct settling *s, uint64_t seq, struct tote_fault *fault)
{
	int rc = read_fact(s, seq, fault);

	if (rc < 0)
		return rc;
	tote__buf_put(&s->paths, s->fact.path, strlen(s->fact.path) + 1);
	rc = tote__buf_check(&s->paths, "settling erasures", fault);
	if (rc == 0)
		rc = tote__sealed_is_file(
			s->place, s->fact.path, s->fact.size, s->fact.digest, fault);
	if (rc == TOTE_E_NOT_FOUND) {
		tote__fault_clear(fault);
		return 0;
	}
	if (rc == 1)
		rc = s->place->ops->remove(s->place->handle, SPACE_ASSETS, s->fact.path, fault);
	return rc;
}

/* --- the end -------------------------------------------------------------------------------- */

static int same_parent(const char *a, const char *b)
{
	const size_t len = tote__path_parent(a);

	return len == tote__path_parent(b) && memcmp(a, b, len) == 0;
}

/* Syncs the parents of all paths that were noted; of neighbours in one directory only one. */
static int sync_names(struct settling *s, struct tote_fault *fault)
{
	const struct heap *heap = &s->place->ctx->heap;
	const char *at = (const char *)s->paths.data, *end = at ? at + s->paths.len : at;
	const char **list;
	size_t count = 0, cap = 0;
	int rc;

	for (const char *p = at; p < end; p += strlen(p) + 1)
		cap++;
	list = tote__heap_new(heap, cap + 1, sizeof(*list), fault);
	if (!list)
		return fault->code;
	for (const char *p = at; p < end; p += strlen(p) + 1)
		if (count == 0 || !same_parent(list[count - 1], p))
			list[count++] = p;
	rc = s->place->ops->sync_parents(s->place->handle, list, count, fault);
	tote__heap_free(heap, list);
	if (rc == 0)
		rc = s->place->ops->barrier(s->place->handle, SPACE_ASSETS, fault);
	return rc;
}

static int settle(struct settling *s, struct tote_fault *fault)
{
	struct reader erased;
	int rc = list_kept(s, fault);

	if (rc == 0)
		rc = read_ledger(s, fault);
	for (size_t i = 0; rc == 0 && i < s->kept_count; i++)
		rc = settle_one(s, &s->kept[i], fault);
	tote__reader_init(&erased, s->erased.data, s->erased.len);
	while (rc == 0 && tote__reader_left(&erased) > 0)
		rc = erase_one(s, tote__reader_u64(&erased), fault);
	return rc == 0 ? sync_names(s, fault) : rc;
}

int tote__settle(
	const struct place *place, struct ledger *ledger, uint64_t from, struct tote_fault *fault)
{
	struct settling *s = tote__heap_new(&place->ctx->heap, 1, sizeof(*s), fault);
	int rc;

	if (!s)
		return fault->code;
	s->place = place;
	s->ledger = ledger;
	s->from = from;
	tote__buf_init(&s->paths, &place->ctx->heap, PATHS_MAX);
	tote__buf_init(&s->erased, &place->ctx->heap, PATHS_MAX);
	rc = settle(s, fault);
	settling_free(s);
	tote__heap_free(&place->ctx->heap, s);
	if (rc < 0)
		tote__fault_wrap(fault, "settling what an earlier holder left");
	return rc;
}
