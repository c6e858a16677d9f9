/* SPDX-License-Identifier: ISC */
/*
 * A cursor: entries read back in exact order from one view, which stays as it was when the cursor
 * was opened, whatever others append or fold meanwhile.
 */
#include "box/one_call.h"
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#define ENTRY_LEAST                                                                                \
	(offsetof(struct tote_entry, leaf_hash) + sizeof(((struct tote_entry *)0)->leaf_hash))
#define TEXT_MAX ((size_t)4 * ENTRY_MAX) /* decoded values, keys and their NULs */

struct tote_cursor {
	struct one_call call;
	struct view view;
	uint64_t next;
	/* the entry given last */
	struct buf text;
	struct tote_field fields[ENTRY_LINES_MAX];
};

static int cursor_open(tote_box *box, uint64_t from, tote_cursor **ret, struct tote_fault *fault)
{
	const struct heap *heap = &box->ctx->heap;
	tote_cursor *c = tote__heap_new(heap, 1, sizeof(*c), fault);
	int rc;

	if (!c)
		return fault->code;
	rc = tote__box_view_part(box, 0, &c->view, fault);
	if (rc < 0) {
		tote__heap_free(heap, c);
		return rc;
	}
	tote__one_call_init(&c->call, box);
	tote__buf_init(&c->text, heap, TEXT_MAX);
	c->next = from;
	*ret = c;
	return 0;
}

int tote_cursor_open(tote_box *box, uint64_t from, uint32_t flags, tote_cursor **ret_cursor,
	struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	rc = tote__box_check(box, fault);
	if (rc == 0)
		rc = tote__flags_check(flags, 0, "cursor", fault);
	if (rc == 0 && !ret_cursor)
		rc = tote__fault(fault, TOTE_E_ARGUMENT, "cursor: ret_cursor is NULL");
	if (rc == 0)
		rc = cursor_open(box, from, ret_cursor, fault);
	return tote__box_done(box, rc, fault);
}

tote_cursor *tote_cursor_unref(tote_cursor *cursor)
{
	tote_box *box;

	if (!cursor)
		return NULL;
	box = tote_box_ref(cursor->call.box); /* its heap is needed to the end */
	tote__view_close(&cursor->view);
	tote__buf_free(&cursor->text);
	tote__one_call_drop(&cursor->call);
	tote__heap_free(&box->ctx->heap, cursor);
	tote_box_unref(box);
	return NULL;
}

int tote_cursor_seek(tote_cursor *cursor, uint64_t seq, struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	if (!cursor)
		return tote__fault(fault, TOTE_E_ARGUMENT, "the cursor is NULL");
	rc = tote__one_call_begin(&cursor->call, fault);
	if (rc < 0)
		return rc;
	if (seq > cursor->view.limit)
		rc = tote__fault(fault, TOTE_E_NOT_FOUND,
			"there is no entry %" PRIu64 ", the next is %" PRIu64, seq,
			cursor->view.limit);
	else
		cursor->next = seq;
	return tote__one_call_end(&cursor->call, rc, fault);
}

/* --- one entry ------------------------------------------------------------------------------ */

/*
 * Every string goes into one buffer that may move while it grows: first all of them are put there,
 * then the pointers are made, walking along the NULs and lengths in the same order.
 */
static void put_string(struct buf *text, const char *s, size_t len)
{
	tote__buf_put(text, s, len);
	tote__buf_putc(text, '\0');
}

static int put_strings(tote_cursor *c, const struct entry *e, size_t lengths[ENTRY_LINES_MAX],
	struct tote_fault *fault)
{
	tote__buf_reset(&c->text);
	put_string(&c->text, e->kind, e->kind_len);
	for (size_t i = 0; i < e->field_count; i++) {
		size_t start;
		int rc;

		put_string(&c->text, e->fields[i].key, e->fields[i].key_len);
		start = c->text.len;
		rc = tote__field_decode(&e->fields[i], &c->text, fault);
		if (rc < 0)
			return rc;
		lengths[i] = c->text.len - start - 1;
	}
	return tote__buf_check(&c->text, "cursor", fault);
}

static void point(tote_cursor *c, const struct entry *e, const size_t lengths[ENTRY_LINES_MAX],
	struct tote_entry *ret)
{
	const char *at = (const char *)c->text.data;

	ret->kind = at;
	at += e->kind_len + 1;
	for (size_t i = 0; i < e->field_count; i++) {
		struct tote_field *f = &c->fields[ret->field_count];

		f->key = at;
		f->value = at + e->fields[i].key_len + 1;
		f->length = lengths[i];
		at += e->fields[i].key_len + 1 + lengths[i] + 1;
		if (strcmp(f->key, "actor") == 0)
			ret->actor = f->value;
		else
			ret->field_count++;
	}
	ret->fields = c->fields;
}

static int fill(tote_cursor *c, const struct entry *e, int verified, const uint8_t leaf[HASH_LEN],
	struct tote_entry *ret, struct tote_fault *fault)
{
	size_t lengths[ENTRY_LINES_MAX];
	int rc = put_strings(c, e, lengths, fault);

	if (rc < 0)
		return rc;
	point(c, e, lengths, ret);
	ret->seq = e->seq;
	ret->time_us = e->time_us;
	ret->payload = e->payload;
	ret->payload_length = e->payload_len;
	ret->bytes = e->bytes;
	ret->length = e->len;
	memcpy(ret->leaf_hash, leaf, HASH_LEN);
	if (verified)
		ret->flags |= TOTE_ENTRY_VERIFIED;
	if (e->version != 1 ||
		tote__kind_class(c->call.box->type, e->kind, e->kind_len) == KIND_UNKNOWN)
		ret->flags |= TOTE_ENTRY_UNKNOWN;
	return 0;
}

static int damaged(uint64_t seq, struct tote_fault *fault)
{
	fault->code = TOTE_E_DAMAGED;
	tote__fault_wrap(fault, "entry %" PRIu64, seq);
	tote__fault_set_seq(fault, seq);
	return TOTE_E_DAMAGED;
}

static int cursor_next(tote_cursor *c, struct tote_entry *out, struct tote_fault *fault)
{
	struct tote_entry ours = {.size = sizeof(ours)};
	uint8_t leaf[HASH_LEN];
	const uint8_t *bytes;
	struct entry e;
	int verified, rc;
	size_t len;

	rc = tote__view_read(&c->view, c->next, &bytes, &len, leaf, &verified, fault);
	if (rc < 0)
		return rc;
	rc = tote__entry_parse(bytes, len, &e, fault);
	if (rc == 0)
		rc = fill(c, &e, verified, leaf, &ours, fault);
	if (rc == TOTE_E_MALFORMED)
		return damaged(c->next, fault);
	if (rc == 0)
		rc = tote__struct_out(out, &ours, sizeof(ours), ENTRY_LEAST, "entry", fault);
	if (rc < 0)
		return rc;
	c->next++;
	return 1;
}

int tote_cursor_next(tote_cursor *cursor, struct tote_entry *entry, struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	if (!cursor || !entry)
		return tote__fault(fault, TOTE_E_ARGUMENT, "the cursor or the entry is NULL");
	rc = tote__one_call_begin(&cursor->call, fault);
	if (rc < 0)
		return rc;
	if (cursor->next < cursor->view.limit)
		rc = cursor_next(cursor, entry, fault);
	else
		rc = tote__box_view_end(&cursor->view, fault);
	return tote__one_call_end(&cursor->call, rc, fault);
}
