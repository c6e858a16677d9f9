/* SPDX-License-Identifier: ISC */
/*
 * The registry: containers in order of ID with what is known of each. What comes into it comes from
 * entries of the consolidated record (registry_take.c) and from nothing else.
 */
#include "orchestrator/registry.h"
#include "base/text.h"
#include "orchestrator/policy_fields.h"
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
	r->report_count = 0;
	r->log_count = 0;
	r->next = 0;
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

struct known_flag *tote__registry_flag(
	const struct registry *r, uint64_t seq, struct known **ret_container)
{
	for (size_t i = 0; i < r->count; i++)
		for (size_t n = 0; n < r->items[i]->flag_count; n++)
			if (r->items[i]->flags[n].seq == seq) {
				*ret_container = r->items[i];
				return &r->items[i]->flags[n];
			}
	return NULL;
}
