/* SPDX-License-Identifier: ISC */
/*
 * Looking at the input gate: what lies there, whether it is still written to, what its content is.
 */
#include "box/input.h"
#include "box/intake.h"
#include "box/one_call.h"
#include "store/sort.h"
#include <stddef.h>
#include <string.h>

#define INPUT_LEAST (offsetof(struct tote_input, name) + sizeof(((struct tote_input *)0)->name))
#define FRESH_US    5000000
#define NAMES_MAX   ((size_t)64 << 20)
#define OWN_PREFIX  ".tote-"

int tote__input_check(const tote_box *box, struct tote_fault *fault)
{
	if (box->type == LEDGER_CONTAINER && box->place.ops->capabilities & STORE_CAN_INPUT)
		return 0;
	return tote__fault(fault, TOTE_E_UNSUPPORTED, "input: %s has no app-console-input/",
		box->type == LEDGER_CONTAINER ? "the backend" : "the consolidated record");
}

/* --- one document --------------------------------------------------------------------------- */

int tote__input_look(const struct place *place, const char *name, const struct store_stat *st,
	uint32_t *ret_flags, struct tote_fault *fault)
{
	int64_t age = tote__clock_wall(&place->ctx->clock) - st->mtime_us;
	int writer = STORE_WRITER_NONE, rc;

	*ret_flags = 0;
	if (st->type != STORE_FILE || st->links > 1 || st->mount) {
		*ret_flags = TOTE_INPUT_ODD;
		return 0;
	}
	rc = place->ops->input_look(place->handle, name, &writer, fault);
	if (rc < 0)
		return rc;
	if (writer == STORE_WRITER_THERE)
		*ret_flags = TOTE_INPUT_OPEN;
	/* a time to come is a clock that was set back: it says nothing */
	if (writer == STORE_WRITER_UNKNOWN && age >= 0 && age < FRESH_US)
		*ret_flags = TOTE_INPUT_FRESH;
	return 0;
}

int tote__input_digest(const struct place *place, const char *path, uint64_t *ret_size,
	uint8_t ret_digest[HASH_LEN], struct tote_fault *fault)
{
	const struct heap *heap = &place->ctx->heap;
	const struct tote_source source = {.path = path, .file = path, .flags = SOURCE_INPUT};
	uint8_t *buffer = tote__heap_new(heap, INTAKE_STEP, 1, fault);
	struct intake in;
	int rc;

	if (!buffer)
		return fault->code;
	rc = tote__intake(place, &source, buffer, NULL, &in, fault);
	tote__heap_free(heap, buffer);
	if (rc < 0)
		return rc;
	*ret_size = in.size;
	memcpy(ret_digest, in.digest, HASH_LEN);
	return 0;
}

/* --- what was taken ------------------------------------------------------------------------- */

static int note_name(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	struct buf *names = user;

	(void)st;
	tote__buf_put(names, name, strlen(name) + 1);
	return tote__buf_check(names, "names of the input", fault);
}

static int list_names(
	const struct place *place, const char *dir, struct buf *names, struct tote_fault *fault)
{
	int rc = place->ops->list(place->handle, SPACE_INPUT, dir, note_name, names, fault);

	if (rc != TOTE_E_NOT_FOUND)
		return rc;
	tote__fault_clear(fault); /* nothing was taken yet, or it is done by now */
	return 0;
}

static int each_in(const struct place *place, const char *random, input_taken_fn *each, void *user,
	struct tote_fault *fault)
{
	struct buf names, dir;
	size_t at = 0;
	int rc;

	tote__buf_init(&names, &place->ctx->heap, NAMES_MAX);
	tote__buf_init(&dir, &place->ctx->heap, STORE_NAME_MAX);
	tote__buf_putf(&dir, INPUT_TAKEN "/%s", random);
	tote__buf_putc(&dir, '\0');
	rc = tote__buf_check(&dir, "a name of the input", fault);
	if (rc == 0)
		rc = list_names(place, (const char *)dir.data, &names, fault);
	if (rc == 0 && names.len == 0)
		rc = each(user, random, "", fault);
	for (; rc == 0 && at < names.len; at += strlen((const char *)names.data + at) + 1)
		rc = each(user, random, (const char *)names.data + at, fault);
	tote__buf_free(&dir);
	tote__buf_free(&names);
	return rc;
}

int tote__input_each_taken(
	const struct place *place, input_taken_fn *each, void *user, struct tote_fault *fault)
{
	struct buf randoms;
	size_t at = 0;
	int rc;

	tote__buf_init(&randoms, &place->ctx->heap, NAMES_MAX);
	rc = list_names(place, INPUT_TAKEN, &randoms, fault);
	for (; rc == 0 && at < randoms.len; at += strlen((const char *)randoms.data + at) + 1)
		rc = each_in(place, (const char *)randoms.data + at, each, user, fault);
	tote__buf_free(&randoms);
	return rc;
}

/* --- the list -------------------------------------------------------------------------------- */

struct tote_input_list {
	struct one_call call;
	uint32_t flags;
	struct tote_input **rows; /* in byte order of name */
	size_t count, cap, next;
};

static int add_row(
	void *user, const char *name, const struct store_stat *st, struct tote_fault *fault)
{
	tote_input_list *l = user;
	const struct heap *heap = &l->call.box->ctx->heap;
	struct tote_input *row;
	int rc;

	if (strncmp(name, OWN_PREFIX, strlen(OWN_PREFIX)) == 0)
		return 0;
	if (l->count == l->cap) {
		const size_t cap = l->cap ? l->cap * 2 : 64;
		void *rows =
			tote__heap_resize(heap, l->rows, cap, sizeof(struct tote_input *), fault);

		if (!rows)
			return fault->code;
		l->rows = rows;
		l->cap = cap;
	}
	row = tote__heap_new(heap, 1, sizeof(*row), fault);
	if (!row)
		return fault->code;
	row->size = sizeof(*row);
	row->bytes = st->size;
	row->mtime_us = st->mtime_us;
	memcpy(row->name, name, strnlen(name, sizeof(row->name) - 1));
	rc = tote__input_look(&l->call.box->place, name, st, &row->flags, fault);
	if (rc == TOTE_E_NO_MEMORY) {
		tote__heap_free(heap, row);
		return rc;
	}
	if (rc < 0) /* gone by now, or exchanged: what it is shows at the next look */
		row->flags = TOTE_INPUT_ODD;
	tote__fault_clear(fault);
	l->rows[l->count++] = row;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct tote_input *const *left = a, *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

static int read_digests(tote_input_list *l, struct tote_fault *fault)
{
	int rc = 0;

	for (size_t i = 0; rc != TOTE_E_NO_MEMORY && i < l->count; i++) {
		struct tote_input *row = l->rows[i];
		uint64_t bytes;

		if (row->flags & TOTE_INPUT_ODD)
			continue;
		rc = tote__input_digest(&l->call.box->place, row->name, &bytes, row->digest, fault);
		if (rc == 0)
			row->bytes = bytes;
		else if (rc == TOTE_E_SOURCE)
			row->flags |= TOTE_INPUT_OPEN; /* it changed while it was read */
		else
			row->flags |= TOTE_INPUT_ODD;
	}
	if (rc == TOTE_E_NO_MEMORY)
		return rc;
	tote__fault_clear(fault);
	return 0;
}

int tote_input_list_open(
	tote_box *box, uint32_t flags, tote_input_list **ret_list, struct tote_fault *fault)
{
	tote_input_list *l = NULL;
	int rc;

	FAULT_BEGIN(fault);
	rc = tote__box_check(box, fault);
	if (rc == 0)
		rc = tote__flags_check(flags, TOTE_INPUT_DIGESTS, "input list", fault);
	if (rc == 0 && !ret_list)
		rc = tote__fault(fault, TOTE_E_ARGUMENT, "input list: ret_list is NULL");
	if (rc == 0)
		rc = tote__input_check(box, fault);
	if (rc == 0) {
		l = tote__heap_new(&box->ctx->heap, 1, sizeof(*l), fault);
		rc = l ? 0 : fault->code;
	}
	if (rc < 0)
		return tote__box_done(box, rc, fault);
	tote__one_call_init(&l->call, box);
	rc = box->place.ops->list(box->place.handle, SPACE_INPUT, "", add_row, l, fault);
	if (rc == 0) {
		tote__sort(l->rows, l->count, sizeof(struct tote_input *), by_name);
		rc = flags & TOTE_INPUT_DIGESTS ? read_digests(l, fault) : 0;
	}
	if (rc == 0)
		*ret_list = l;
	else
		tote_input_list_unref(l);
	return tote__box_done(box, rc, fault);
}

int tote_input_list_next(tote_input_list *list, struct tote_input *input, struct tote_fault *fault)
{
	int rc;

	FAULT_BEGIN(fault);
	if (!list || !input)
		return tote__fault(fault, TOTE_E_ARGUMENT, "the list or the document is NULL");
	rc = tote__one_call_begin(&list->call, fault);
	if (rc < 0)
		return rc;
	if (list->next < list->count) {
		rc = tote__struct_out(
			input, list->rows[list->next], sizeof(*input), INPUT_LEAST, "input", fault);
		if (rc == 0) {
			list->next++;
			rc = 1;
		}
	}
	return tote__one_call_end(&list->call, rc, fault);
}

tote_input_list *tote_input_list_unref(tote_input_list *list)
{
	tote_box *box;

	if (!list)
		return NULL;
	box = tote_box_ref(list->call.box); /* its heap is needed to the end */
	for (size_t i = 0; i < list->count; i++)
		tote__heap_free(&box->ctx->heap, list->rows[i]);
	tote__heap_free(&box->ctx->heap, list->rows);
	tote__one_call_drop(&list->call);
	tote__heap_free(&box->ctx->heap, list);
	tote_box_unref(box);
	return NULL;
}
