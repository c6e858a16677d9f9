/* SPDX-License-Identifier: ISC */
/*
 * The records of a host: appended one or many at a time.
 */
#include "box/box.h"

#define RECORDS_MAX (TOTE_GROUP_MAX / 128) /* an entry has more bytes than that */

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
