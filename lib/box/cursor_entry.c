/* SPDX-License-Identifier: ISC */
/*
 * An entry as a cursor gives it: its strings decoded into one buffer, its bytes where they lie.
 */
#include "box/cursor.h"
#include <string.h>

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

int tote__cursor_fill(struct tote_cursor *c, const struct entry *e, int verified,
	const uint8_t leaf[HASH_LEN], struct tote_entry *ret, struct tote_fault *fault)
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
