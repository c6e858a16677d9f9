/* SPDX-License-Identifier: ISC */
/*
 * The registry: containers in order of ID with what is known of each. What comes into it comes from
 * entries of the consolidated record (registry_take.c) and from nothing else.
 */
#include "orchestrator/registry.h"
#include "base/text.h"
#include "orchestrator/policy_fields.h"
#include <stddef.h>
#include <string.h>

void tote__registry_init(struct registry *r, const struct heap *heap)
{
	memset(r, 0, sizeof(*r));
	r->heap = heap;
	tote__keyring_init(&r->keys, heap);
	tote__keyring_init(&r->witness_keys, heap);
	tote__buf_init(&r->scratch, heap, VALUE_MAX + 1);
}

static void known_free(const struct heap *heap, struct known *k)
{
	for (size_t i = 0; i < k->finding_count; i++)
		tote__heap_free(heap, k->findings[i].path);
	for (size_t i = 0; i < k->flag_count; i++) {
		tote__heap_free(heap, k->flags[i].actor);
		tote__heap_free(heap, k->flags[i].reason);
	}
	tote__runs_free(&k->runs, heap);
	tote__heap_free(heap, k->findings);
	tote__heap_free(heap, k->flags);
	tote__heap_free(heap, k->moves);
	tote__heap_free(heap, k->rekeys);
	tote__heap_free(heap, k->location);
	tote__heap_free(heap, k->cosigner_keys);
	tote__heap_free(heap, k);
}

void tote__registry_reset(struct registry *r)
{
	for (size_t i = 0; i < r->count; i++)
		known_free(r->heap, r->items[i]);
	r->count = 0;
	r->flag_count = 0;
	r->report_count = 0;
	r->log_count = 0;
	r->have_fleet = 0;
	r->next = 0;
	r->newest_us = 0;
	r->stepped_seq = 0;
	r->stepped_us = 0;
	r->origin[0] = r->vkey[0] = r->witness_vkey[0] = '\0';
	tote__keyring_free(&r->keys);
	tote__keyring_free(&r->witness_keys);
}

void tote__registry_free(struct registry *r)
{
	if (!r->heap)
		return;
	tote__registry_reset(r);
	tote__heap_free(r->heap, r->items);
	tote__heap_free(r->heap, r->flags);
	tote__heap_free(r->heap, r->reports);
	tote__heap_free(r->heap, r->logs);
	tote__buf_free(&r->scratch);
	memset(r, 0, sizeof(*r));
}

/* Where an ID is, or where it would have to be. */
static size_t position(const struct registry *r, const char *id, int *ret_there)
{
	size_t low = 0, high = r->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = strcmp(r->items[middle]->id, id);

		if (!c) {
			*ret_there = 1;
			return middle;
		}
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_there = 0;
	return low;
}

struct known *tote__registry_find(const struct registry *r, const char *id)
{
	int there;
	size_t at = position(r, id, &there);

	return there ? r->items[at] : NULL;
}

struct known *tote__registry_next(const struct registry *r, const char *after)
{
	int there = 0;
	size_t at = after ? position(r, after, &there) : 0;

	at += there != 0;
	return at < r->count ? r->items[at] : NULL;
}

struct known *tote__registry_after(const struct registry *r, const char *after)
{
	struct known *k = tote__registry_next(r, after);

	return k && !k->location ? tote__registry_next(r, k->id) : k;
}

int tote__registry_grow(const struct heap *heap, void **items, size_t count, size_t *cap,
	size_t size, struct tote_fault *fault)
{
	size_t wanted = *cap ? *cap * 2 : 8;
	void *p;

	if (count < *cap)
		return 0;
	p = tote__heap_resize(heap, *items, wanted, size, fault);
	if (!p)
		return TOTE_E_NO_MEMORY;
	*items = p;
	*cap = wanted;
	return 0;
}

int tote__registry_add(
	struct registry *r, const char *id, struct known **ret, struct tote_fault *fault)
{
	int there;
	size_t at = position(r, id, &there);
	struct known *k;
	void *items = r->items;
	int rc;

	if (there)
		return tote__fault(
			fault, TOTE_E_DAMAGED, "consolidated record: '%s' is registered twice", id);
	if ((rc = tote__registry_grow(
		     r->heap, &items, r->count, &r->cap, sizeof(*r->items), fault)) < 0)
		return rc;
	r->items = items;
	k = tote__heap_new(r->heap, 1, sizeof(*k), fault);
	if (!k)
		return TOTE_E_NO_MEMORY;
	memcpy(k->id, id, strlen(id) + 1);
	k->state = TOTE_STATE_ACTIVE;
	tote__policy_defaults(&k->policy);
	memmove(r->items + at + 1, r->items + at, (r->count - at) * sizeof(*r->items));
	r->items[at] = k;
	r->count++;
	*ret = k;
	return 0;
}

struct known_log *tote__registry_log(const struct registry *r, const char *origin)
{
	for (size_t i = 0; i < r->log_count; i++)
		if (!strcmp(r->logs[i].origin, origin))
			return &r->logs[i];
	return NULL;
}

struct known_finding *tote__registry_cause(
	const struct known *k, int code, const char *path, int have_seq, uint64_t seq)
{
	/* the newest first: an older one of the same cause may have been whole in between */
	for (size_t i = k->finding_count; i-- > 0;) {
		struct known_finding *f = &k->findings[i];

		if (f->code == code && !strcmp(f->path ? f->path : "", path) &&
			!f->have_at_seq == !have_seq && (!have_seq || f->at_seq == seq))
			return f;
	}
	return NULL;
}

/* --- flags and findings: both come in order of seq ------------------------------------------- */

/* The first of count items, each of that size and beginning with its seq, that is at least seq. */
static size_t first_from(const void *items, size_t count, size_t size, size_t at, uint64_t seq)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint64_t there;

		memcpy(&there, (const char *)items + middle * size + at, sizeof(there));
		if (there < seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct known_finding *tote__known_finding(const struct known *k, uint64_t seq)
{
	size_t i = first_from(k->findings, k->finding_count, sizeof(*k->findings),
		offsetof(struct known_finding, seq), seq);

	return i < k->finding_count && k->findings[i].seq == seq ? &k->findings[i] : NULL;
}

struct known_flag *tote__known_flag_after(const struct known *k, uint64_t after)
{
	size_t i = first_from(k->flags, k->flag_count, sizeof(*k->flags),
		offsetof(struct known_flag, seq), after == TOTE_SEQ_ANY ? 0 : after + 1);

	return i < k->flag_count ? &k->flags[i] : NULL;
}

struct known_flag *tote__registry_flag_after(
	const struct registry *r, uint64_t after, struct known **ret_container)
{
	size_t i = first_from(r->flags, r->flag_count, sizeof(*r->flags),
		offsetof(struct flag_place, seq), after == TOTE_SEQ_ANY ? 0 : after + 1);

	if (i == r->flag_count)
		return NULL;
	*ret_container = r->flags[i].of;
	return &r->flags[i].of->flags[r->flags[i].index];
}

struct known_flag *tote__registry_flag(
	const struct registry *r, uint64_t seq, struct known **ret_container)
{
	size_t i = first_from(
		r->flags, r->flag_count, sizeof(*r->flags), offsetof(struct flag_place, seq), seq);

	if (i == r->flag_count || r->flags[i].seq != seq)
		return NULL;
	*ret_container = r->flags[i].of;
	return &r->flags[i].of->flags[r->flags[i].index];
}
