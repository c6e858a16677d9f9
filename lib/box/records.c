/* SPDX-License-Identifier: ISC */
/*
 * The records of a host: appended one or many at a time; and the checkpoint and the proofs that
 * cover them.
 */
#include "box/box.h"
#include "ledger/prove.h"
#include <inttypes.h>
#include <string.h>

#define RECORDS_MAX (TOTE_GROUP_MAX / 128) /* an entry has more bytes than that */
#define PROOF_BYTES ((size_t)1 << 20)

/* --- drafts --------------------------------------------------------------------------------- */

static int check_record(const struct tote_record *r, struct tote_fault *fault)
{
	if (!r->kind)
		return tote__fault(fault, TOTE_E_ARGUMENT, "append: a record has no kind");
	if (r->field_count > TOTE_FIELDS_MAX)
		return tote__fault(fault, TOTE_E_TOO_LARGE, "append: %zu fields are more than %u",
			r->field_count, TOTE_FIELDS_MAX);
	if (r->field_count && !r->fields)
		return tote__fault(fault, TOTE_E_ARGUMENT, "append: fields is NULL");
	if (r->payload_length && !r->payload)
		return tote__fault(fault, TOTE_E_ARGUMENT, "append: payload is NULL");
	return 0;
}

static void to_draft(const struct tote_record *r, struct field *fields, struct draft *ret)
{
	for (size_t i = 0; i < r->field_count; i++) {
		fields[i].key = r->fields[i].key;
		fields[i].value = r->fields[i].value;
		fields[i].len = r->fields[i].length;
	}
	ret->kind = r->kind;
	ret->actor = r->actor;
	ret->fields = fields;
	ret->field_count = r->field_count;
	ret->payload = r->payload;
	ret->payload_len = r->payload_length;
}

static int check_records(const struct tote_record *records, size_t count, size_t *ret_fields,
	struct tote_fault *fault)
{
	size_t fields = 0;

	if (!records || count == 0)
		return tote__fault(fault, TOTE_E_ARGUMENT, "append: there are no records");
	if (count > RECORDS_MAX)
		return tote__fault(fault, TOTE_E_TOO_LARGE,
			"append: %zu records are more than one group takes", count);
	for (size_t i = 0; i < count; i++) {
		int rc = check_record(&records[i], fault);

		if (rc < 0)
			return rc;
		fields += records[i].field_count;
	}
	*ret_fields = fields;
	return 0;
}

static int append_many(tote_box *box, const struct tote_record *records, size_t count,
	uint64_t expected, uint64_t *ret_first, struct tote_fault *fault)
{
	const struct heap *heap = &box->ctx->heap;
	size_t field_count = 0, used = 0;
	struct field *fields;
	struct draft *drafts;
	int rc = check_records(records, count, &field_count, fault);

	if (rc < 0)
		return rc;
	drafts = tote__heap_new(heap, count, sizeof(*drafts), fault);
	fields = tote__heap_new(heap, field_count + 1, sizeof(*fields), fault);
	if (!drafts || !fields)
		rc = fault->code;
	for (size_t i = 0; rc == 0 && i < count; i++) {
		to_draft(&records[i], fields + used, &drafts[i]);
		used += records[i].field_count;
	}
	if (rc == 0)
		rc = tote__ledger_append(box->ledger, drafts, count, expected, 1, ret_first, fault);
	tote__heap_free(heap, fields);
	tote__heap_free(heap, drafts);
	return rc;
}

static int append_one(tote_box *box, const struct tote_record *record, uint64_t expected,
	uint64_t *ret_seq, struct tote_fault *fault)
{
	struct field fields[TOTE_FIELDS_MAX];
	struct draft draft;
	int rc = check_record(record, fault);

	if (rc < 0)
		return rc;
	to_draft(record, fields, &draft);
	return tote__ledger_append(box->ledger, &draft, 1, expected, 1, ret_seq, fault);
}

static int check_append(
	const tote_box *box, const void *records, uint32_t flags, struct tote_fault *fault)
{
	int rc = tote__box_check_write(box, fault);

	if (rc == 0)
		rc = tote__flags_check(flags, 0, "append", fault);
	if (rc == 0 && !records)
		rc = tote__fault(fault, TOTE_E_ARGUMENT, "append: the record is NULL");
	if (rc == 0 && box->type != LEDGER_CONTAINER)
		rc = tote__fault(fault, TOTE_E_UNSUPPORTED,
			"append: the consolidated record takes no records of the host");
	return rc;
}

int tote_box_append(tote_box *box, const struct tote_record *record, uint64_t expected,
	uint32_t flags, uint64_t *ret_seq, struct tote_fault *fault)
{
	uint64_t seq;
	int rc;

	FAULT_BEGIN(fault);
	rc = check_append(box, record, flags, fault);
	if (rc == 0)
		rc = append_one(box, record, expected, &seq, fault);
	if (rc == 0 && ret_seq)
		*ret_seq = seq;
	return tote__box_done(box, rc, fault);
}

int tote_box_append_many(tote_box *box, const struct tote_record *records, size_t count,
	uint64_t expected, uint32_t flags, uint64_t *ret_first, struct tote_fault *fault)
{
	uint64_t first;
	int rc;

	FAULT_BEGIN(fault);
	rc = check_append(box, records, flags, fault);
	if (rc == 0)
		rc = append_many(box, records, count, expected, &first, fault);
	if (rc == 0 && ret_first)
		*ret_first = first;
	return tote__box_done(box, rc, fault);
}

/* --- checkpoint and proof ------------------------------------------------------------------- */

/* Gives bytes to the caller; effect is what happened where they do not fit. */
static int hand_out(const struct buf *bytes, void *out, size_t cap, size_t *ret_length,
	uint32_t effect, struct tote_fault *fault)
{
	*ret_length = bytes->len;
	if (cap < bytes->len) {
		tote__fault(fault, TOTE_E_TOO_LARGE,
			"the result has %zu bytes and there is room for %zu", bytes->len, cap);
		fault->effect = effect;
		return fault->code;
	}
	memcpy(out, bytes->data, bytes->len);
	return 0;
}

static int check_out(const tote_box *box, uint32_t flags, const void *out, size_t cap,
	const size_t *ret_length, const char *what, struct tote_fault *fault)
{
	int rc = flags & TOTE_CHECKPOINT_LAST ? tote__box_check(box, fault)
					      : tote__box_check_write(box, fault);

	if (rc == 0)
		rc = tote__flags_check(flags, TOTE_CHECKPOINT_LAST, what, fault);
	if (rc == 0 && (!ret_length || (!out && cap > 0)))
		rc = tote__fault(fault, TOTE_E_ARGUMENT, "%s: out or ret_length is NULL", what);
	return rc;
}

static int last_note(tote_box *box, struct buf *note, struct tote_fault *fault)
{
	struct view view;
	int rc = tote__box_view(box, 0, &view, fault);

	if (rc < 0)
		return rc;
	if (view.replay.have_checkpoint)
		tote__buf_put(note, view.replay.note.data, view.replay.note.len);
	else
		rc = tote__fault(fault, TOTE_E_NOT_FOUND, "no checkpoint is published yet");
	tote__view_close(&view);
	return rc < 0 ? rc : tote__buf_check(note, "checkpoint", fault);
}

int tote_box_checkpoint(tote_box *box, uint32_t flags, void *out, size_t cap, size_t *ret_length,
	struct tote_fault *fault)
{
	const int last = (flags & TOTE_CHECKPOINT_LAST) != 0;
	struct checkpoint covered;
	struct buf note;
	int rc;

	FAULT_BEGIN(fault);
	rc = check_out(box, flags, out, cap, ret_length, "checkpoint", fault);
	if (rc < 0)
		return tote__box_done(box, rc, fault);
	tote__buf_init(&note, &box->ctx->heap, NOTE_MAX);
	rc = last ? last_note(box, &note, fault)
		  : tote__ledger_fold(box->ledger, &covered, &note, fault);
	if (rc == 0)
		rc = hand_out(&note, out, cap, ret_length,
			last ? TOTE_EFFECT_NONE : TOTE_EFFECT_DONE, fault);
	tote__buf_free(&note);
	return tote__box_done(box, rc, fault);
}

/* A proof from what is published; 1 where the seq is there but not covered. */
static int prove_now(tote_box *box, uint64_t seq, struct buf *out, struct tote_fault *fault)
{
	struct view view;
	int rc = tote__box_view(box, 0, &view, fault);

	if (rc < 0)
		return rc;
	if (seq >= view.limit)
		rc = tote__fault(fault, TOTE_E_NOT_FOUND,
			"prove: there is no entry %" PRIu64 ", the next is %" PRIu64, seq,
			view.limit);
	else if (seq >= view.replay.covered.size)
		rc = 1;
	else
		rc = tote__prove_entry(&view, seq, out, fault);
	tote__view_close(&view);
	return rc;
}

static int prove(tote_box *box, uint64_t seq, uint32_t flags, struct buf *out, uint32_t *ret_effect,
	struct tote_fault *fault)
{
	struct checkpoint covered;
	int rc = prove_now(box, seq, out, fault);

	*ret_effect = TOTE_EFFECT_NONE;
	if (rc == 1 && box->ledger && !(flags & TOTE_CHECKPOINT_LAST)) {
		rc = tote__ledger_fold(box->ledger, &covered, NULL, fault);
		if (rc < 0)
			return rc;
		*ret_effect = TOTE_EFFECT_DONE;
		tote__buf_reset(out);
		rc = prove_now(box, seq, out, fault);
	}
	if (rc == 1)
		rc = tote__fault(fault, TOTE_E_NOT_FOUND,
			"prove: entry %" PRIu64 " is under no checkpoint yet: make one first", seq);
	return rc;
}

int tote_box_prove(tote_box *box, uint64_t seq, uint32_t flags, void *out, size_t cap,
	size_t *ret_length, struct tote_fault *fault)
{
	uint32_t effect;
	struct buf proof;
	int rc;

	FAULT_BEGIN(fault);
	/* what is signed already can be proven from a read-only medium too */
	rc = check_out(box, flags | TOTE_CHECKPOINT_LAST, out, cap, ret_length, "prove", fault);
	if (rc < 0)
		return tote__box_done(box, rc, fault);
	tote__buf_init(&proof, &box->ctx->heap, PROOF_BYTES);
	rc = prove(box, seq, flags, &proof, &effect, fault);
	if (rc == 0)
		rc = hand_out(&proof, out, cap, ret_length, effect, fault);
	tote__buf_free(&proof);
	return tote__box_done(box, rc, fault);
}
