/* SPDX-License-Identifier: ISC */
/*
 * A cursor: entries read back in exact order, forwards or backwards, from one view, which stays as
 * it was when the cursor was opened, whatever others append or fold meanwhile, unless it follows.
 */
#include "box/cursor.h"
#include "base/grammar.h"
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#define ENTRY_LEAST                                                                                \
	(offsetof(struct tote_entry, leaf_hash) + sizeof(((struct tote_entry *)0)->leaf_hash))
#define TEXT_MAX ((size_t)4 * ENTRY_MAX) /* decoded values, keys and their NULs */

static int is_backward(const tote_cursor *c)
{
	return (c->flags & TOTE_CURSOR_BACKWARD) != 0;
}

/* Where reading begins; backwards `next` is behind the entry that is read. */
static uint64_t first_next(const tote_cursor *c, uint64_t from)
{
	const uint64_t limit = c->view.limit;

	if (is_backward(c))
		return from < limit ? from + 1 : limit;
	return from == TOTE_SEQ_ANY && c->flags & TOTE_CURSOR_FOLLOW ? limit : from;
}

static int cursor_open(
	tote_box *box, uint64_t from, uint32_t flags, tote_cursor **ret, struct tote_fault *fault)
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
	c->flags = flags;
	c->covered = c->view.replay.covered;
	c->next = first_next(c, from);
	*ret = c;
	return 0;
}

int tote_cursor_open(tote_box *box, uint64_t from, uint32_t flags, tote_cursor **ret_cursor,
	struct tote_fault *fault)
{
	const uint32_t both = TOTE_CURSOR_BACKWARD | TOTE_CURSOR_FOLLOW;
	int rc;

	FAULT_BEGIN(fault);
	rc = tote__box_check(box, fault);
	if (rc == 0)
		rc = tote__flags_check(flags, both, "cursor", fault);
	if (rc == 0 && flags == both)
		rc = tote__fault(fault, TOTE_E_ARGUMENT,
			"cursor: who reads backwards cannot follow the tail");
	if (rc == 0 && !ret_cursor)
		rc = tote__fault(fault, TOTE_E_ARGUMENT, "cursor: ret_cursor is NULL");
	if (rc == 0)
		rc = cursor_open(box, from, flags, ret_cursor, fault);
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
	if (seq > cursor->view.limit || (is_backward(cursor) && seq == cursor->view.limit)) {
		rc = tote__fault(fault, TOTE_E_NOT_FOUND,
			"there is no entry %" PRIu64 ", the next is %" PRIu64, seq,
			cursor->view.limit);
	} else {
		cursor->next = is_backward(cursor) ? seq + 1 : seq;
		cursor->have_leaf = 0;
	}
	return tote__one_call_end(&cursor->call, rc, fault);
}

/* --- the filter ----------------------------------------------------------------------------- */

static int set_filter(tote_cursor *c, const char *kind, struct tote_fault *fault)
{
	size_t len = kind ? strlen(kind) : 0;
	const int family = len > 2 && strcmp(kind + len - 2, ".*") == 0;

	if (family)
		len -= 2;
	if (kind && !tote__kind_valid(kind, len))
		return tote__fault(fault, TOTE_E_GRAMMAR,
			"cursor: '%s' is no kind and no family of kinds: write it as record.letter "
			"or record.*",
			kind);
	if (len)
		memcpy(c->kind, kind, len);
	c->kind[len] = '\0';
	c->kind_len = len;
	c->family = family;
	return 0;
}

int tote_cursor_filter(tote_cursor *cursor, const char *kind, struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	if (!cursor)
		return tote__fault(fault, TOTE_E_ARGUMENT, "the cursor is NULL");
	rc = tote__one_call_begin(&cursor->call, fault);
	if (rc < 0)
		return rc;
	return tote__one_call_end(&cursor->call, set_filter(cursor, kind, fault), fault);
}

static int is_wanted(const tote_cursor *c, const struct entry *e)
{
	if (e->kind_len < c->kind_len || memcmp(e->kind, c->kind, c->kind_len) != 0)
		return 0;
	return !c->kind_len || e->kind_len == c->kind_len ||
	       (c->family && e->kind[c->kind_len] == '.');
}

/* --- one entry ------------------------------------------------------------------------------ */

static int damaged(uint64_t seq, struct tote_fault *fault)
{
	fault->code = TOTE_E_DAMAGED;
	tote__fault_wrap(fault, "entry %" PRIu64, seq);
	tote__fault_set_seq(fault, seq);
	return TOTE_E_DAMAGED;
}

/* The bytes of seq; a follower whose view was overtaken by a repair or a fold opens another. */
static int read_bytes(tote_cursor *c, uint64_t seq, const uint8_t **ret_bytes, size_t *ret_len,
	uint8_t leaf[HASH_LEN], int *ret_verified, struct tote_fault *fault)
{
	int rc = tote__view_read(&c->view, seq, ret_bytes, ret_len, leaf, ret_verified, fault);

	if (rc != TOTE_E_BUSY || !(c->flags & TOTE_CURSOR_FOLLOW))
		return rc;
	rc = tote__cursor_renew(c, fault);
	if (rc == 0 && seq >= c->view.limit)
		return tote__fault(
			fault, TOTE_E_BUSY, "entry %" PRIu64 " is being settled: try again", seq);
	return rc < 0 ? rc
		      : tote__view_read(
				&c->view, seq, ret_bytes, ret_len, leaf, ret_verified, fault);
}

/* 1 and the entry at seq, 0 where the filter does not want it. */
static int read_one(tote_cursor *c, uint64_t seq, struct tote_entry *out, struct tote_fault *fault)
{
	struct tote_entry ours = {.size = sizeof(ours)};
	const uint8_t *bytes;
	uint8_t leaf[HASH_LEN];
	struct entry e;
	int verified, wanted = 0, rc;
	size_t len;

	rc = read_bytes(c, seq, &bytes, &len, leaf, &verified, fault);
	if (rc < 0)
		return rc;
	rc = tote__entry_parse(bytes, len, &e, fault);
	if (rc == 0) {
		wanted = is_wanted(c, &e);
		if (wanted)
			rc = tote__cursor_fill(c, &e, verified, leaf, &ours, fault);
	}
	if (rc == TOTE_E_MALFORMED)
		return damaged(seq, fault);
	if (rc == 0 && wanted)
		rc = tote__struct_out(out, &ours, sizeof(ours), ENTRY_LEAST, "entry", fault);
	if (rc < 0)
		return rc;
	memcpy(c->leaf, leaf, HASH_LEN);
	c->have_leaf = 1;
	return wanted;
}

/* 1 where there is one more to be read; a follower looks whether something came. */
static int has_next(tote_cursor *c, struct tote_fault *fault)
{
	int rc = is_backward(c) ? c->next > 0 : c->next < c->view.limit && !c->unproven;

	if (rc == 0 && c->flags & TOTE_CURSOR_FOLLOW)
		rc = tote__cursor_look_again(c, fault);
	if (rc == 0 && !is_backward(c))
		rc = tote__box_view_end(&c->view, fault);
	return rc;
}

static int cursor_next(tote_cursor *c, struct tote_entry *out, struct tote_fault *fault)
{
	int rc;

	while ((rc = has_next(c, fault)) == 1) {
		rc = read_one(c, is_backward(c) ? c->next - 1 : c->next, out, fault);
		if (rc < 0)
			return rc;
		if (is_backward(c))
			c->next--;
		else
			c->next++;
		if (rc == 1)
			return 1;
	}
	return rc;
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
	return tote__one_call_end(&cursor->call, cursor_next(cursor, entry, fault), fault);
}
