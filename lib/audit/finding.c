/* SPDX-License-Identifier: ISC */
/*
 * Findings: the table of codes, and the list of what one run found, in which nothing stands twice.
 */
#include "audit/finding.h"
#include <stdio.h>
#include <string.h>

#define TEXT_MAX   400
#define FIRST_CAP  16
#define FIRST_SLOT 64 /* always a power of two */

/* --- the table ------------------------------------------------------------------------------ */

static const struct row {
	int number, severity;
	const char *name, *text, *advice;
} rows[] = {
#define TOTE_FINDING(number, NAME, name, severity, text, advice)                                   \
	{number, SEVERITY_##severity, name, text, advice},
#include "audit/finding.def"
#undef TOTE_FINDING
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct row *row_of(int code)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].number == code)
			return &rows[i];
	return NULL;
}

int tote__finding_severity(int code)
{
	const struct row *row = row_of(code);

	return row ? row->severity : SEVERITY_DAMAGE;
}

const char *tote_finding_name(int code)
{
	const struct row *row = row_of(code);

	return row ? row->name : NULL;
}

const char *tote_finding_text(int code)
{
	const struct row *row = row_of(code);

	return row ? row->text : NULL;
}

const char *tote_finding_advice(int code)
{
	const struct row *row = row_of(code);

	return row ? row->advice : NULL;
}

void tote__finding_advice(int code, const char *id, char *out, size_t cap)
{
	const char *advice = tote_finding_advice(code), *at;
	size_t len = 0;

	*out = '\0';
	while (advice && (at = strstr(advice, " ID")) && len < cap) {
		int n = snprintf(out + len, cap - len, "%.*s %s", (int)(at - advice), advice, id);

		len += n > 0 ? (size_t)n : 0;
		advice = at + strlen(" ID");
	}
	if (advice && len < cap)
		snprintf(out + len, cap - len, "%s", advice);
}

int tote_finding_next(int after)
{
	int next = 0;

	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].number > after && (!next || rows[i].number < next))
			next = rows[i].number;
	return next;
}

/* --- the list ------------------------------------------------------------------------------- */

void tote__findings_init(struct finding_list *list, const struct heap *heap)
{
	memset(list, 0, sizeof(*list));
	list->heap = heap;
}

static void free_item(const struct heap *heap, struct finding *f)
{
	tote__heap_free(heap, f->path);
	tote__heap_free(heap, f->expected);
	tote__heap_free(heap, f->found);
}

void tote__findings_free(struct finding_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free_item(list->heap, &list->items[i]);
	tote__heap_free(list->heap, list->items);
	tote__heap_free(list->heap, list->slots);
	memset(list, 0, sizeof(*list));
}

/* FNV-1a over what makes two findings the same one. */
static uint64_t hash_of(int code, const char *path, uint64_t seq)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	h = (h ^ (uint64_t)code) * UINT64_C(0x100000001b3);
	for (int i = 0; i < 8; i++)
		h = (h ^ (seq >> (8 * i) & 0xFF)) * UINT64_C(0x100000001b3);
	for (; *path; path++)
		h = (h ^ (uint8_t)*path) * UINT64_C(0x100000001b3);
	return h ^ h >> 32;
}

static uint64_t seq_of(const struct finding *f)
{
	return f->have_seq ? f->seq : FINDING_NO_SEQ;
}

/* The slot of that finding, or the empty one where it would go: there always is one. */
static uint32_t *slot_of(const struct finding_list *list, int code, const char *path, uint64_t seq)
{
	size_t at = (size_t)hash_of(code, path, seq) & (list->slot_count - 1);

	for (;; at = (at + 1) & (list->slot_count - 1)) {
		const struct finding *f;

		if (!list->slots[at])
			break;
		f = &list->items[list->slots[at] - 1];
		if (f->code == code && seq_of(f) == seq && strcmp(f->path, path) == 0)
			break;
	}
	return &list->slots[at];
}

static int grow_slots(struct finding_list *list, struct tote_fault *fault)
{
	size_t count = list->slot_count ? 2 * list->slot_count : FIRST_SLOT;
	uint32_t *old = list->slots;

	if (list->count < list->slot_count / 2)
		return 0;
	list->slots = tote__heap_new(list->heap, count, sizeof(*list->slots), fault);
	if (!list->slots) {
		list->slots = old;
		return fault->code;
	}
	list->slot_count = count;
	tote__heap_free(list->heap, old);
	for (size_t i = 0; i < list->count; i++) {
		const struct finding *f = &list->items[i];

		*slot_of(list, f->code, f->path, seq_of(f)) = (uint32_t)i + 1;
	}
	return 0;
}

static int grow_items(struct finding_list *list, struct tote_fault *fault)
{
	size_t cap = list->cap ? 2 * list->cap : FIRST_CAP;
	struct finding *items;

	if (list->count < list->cap)
		return 0;
	if (list->count >= UINT32_MAX / 2)
		return tote__fault(fault, TOTE_E_LIMIT, "more findings than can be counted");
	items = tote__heap_resize(list->heap, list->items, cap, sizeof(*items), fault);
	if (!items)
		return fault->code;
	list->items = items;
	list->cap = cap;
	return 0;
}

static char *cut(const struct heap *heap, const char *text, struct tote_fault *fault)
{
	char short_text[TEXT_MAX + 1];

	snprintf(short_text, sizeof(short_text), "%s", text ? text : "");
	return tote__heap_strdup(heap, short_text, fault);
}

int tote__findings_add(struct finding_list *list, int code, const char *path, uint64_t seq,
	const char *expected, const char *found, struct tote_fault *fault)
{
	struct finding f = {.code = code, .have_seq = seq != FINDING_NO_SEQ};
	uint32_t *slot;

	path = path ? path : "";
	if (grow_slots(list, fault) < 0 || grow_items(list, fault) < 0)
		return fault->code;
	slot = slot_of(list, code, path, seq);
	if (*slot)
		return 0;
	f.seq = f.have_seq ? seq : 0;
	f.path = tote__heap_strdup(list->heap, path, fault);
	f.expected = f.path ? cut(list->heap, expected, fault) : NULL;
	f.found = f.expected ? cut(list->heap, found, fault) : NULL;
	if (!f.found) {
		free_item(list->heap, &f);
		return fault->code;
	}
	if (tote__finding_severity(code) == SEVERITY_INFORMATION)
		f.flags = TOTE_FINDING_INFORMATION;
	list->items[list->count++] = f;
	*slot = (uint32_t)list->count;
	return 0;
}

int tote__findings_have(const struct finding_list *list, int code)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].code == code)
			return 1;
	return 0;
}
