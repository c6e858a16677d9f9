/* SPDX-License-Identifier: ISC */
/*
 * The set of sealed paths: an open-addressed table of fingerprints. A fingerprint is 128 bits of
 * SHA-256 over a random key and the path, so that nobody who chooses paths can make two collide,
 * and a chance collision among 2^32 paths has the odds of 2^-65.
 */
#include "box/paths.h"
#include "crypto/hash.h"
#include <string.h>

#define KEY_LEN   16
#define PRINT_LEN 16
#define FIRST_CAP 64 /* slots; always a power of two */

/* What a slot says of its path; by right never both, but a foreign ledger may say so. */
#define IS_SEALED    1u
#define IS_DIRECTORY 2u

struct slot {
	uint8_t print[PRINT_LEN];
	uint64_t seq; /* with IS_SEALED */
	uint32_t is;  /* 0: the slot is empty */
	uint32_t reserved;
};

_Static_assert(sizeof(struct slot) == 32, "32 bytes a path");

struct asset_paths {
	const struct heap *heap;
	uint8_t key[KEY_LEN];
	struct slot *slots;
	size_t cap, used;
};

struct asset_paths *tote__paths_new(const struct heap *heap, struct tote_fault *fault)
{
	struct asset_paths *p = tote__heap_new(heap, 1, sizeof(*p), fault);

	if (!p)
		return NULL;
	p->heap = heap;
	p->slots = tote__heap_new(heap, FIRST_CAP, sizeof(*p->slots), fault);
	if (!p->slots) {
		tote__paths_free(p);
		return NULL;
	}
	p->cap = FIRST_CAP;
	tote__random_bytes(p->key, sizeof(p->key));
	return p;
}

void tote__paths_free(struct asset_paths *p)
{
	if (!p)
		return;
	tote__heap_free(p->heap, p->slots);
	tote__heap_free(p->heap, p);
}

static void fingerprint(
	const struct asset_paths *p, const char *path, size_t len, uint8_t out[PRINT_LEN])
{
	uint8_t digest[HASH_LEN];
	struct hash h;

	tote__hash_init(&h, NULL);
	tote__hash_update(&h, p->key, sizeof(p->key));
	tote__hash_update(&h, path, len);
	tote__hash_final(&h, digest);
	memcpy(out, digest, PRINT_LEN);
}

/* The slot of that fingerprint, or the empty one where it would go: there always is one. */
static struct slot *slot_of(struct slot *slots, size_t cap, const uint8_t print[PRINT_LEN])
{
	uint64_t start;
	size_t at;

	memcpy(&start, print, sizeof(start));
	at = (size_t)start & (cap - 1);
	while (slots[at].is && memcmp(slots[at].print, print, PRINT_LEN) != 0)
		at = (at + 1) & (cap - 1);
	return &slots[at];
}

static int grow(struct asset_paths *p, struct tote_fault *fault)
{
	const size_t cap = p->cap * 2;
	struct slot *slots = tote__heap_new(p->heap, cap, sizeof(*slots), fault);

	if (!slots)
		return fault->code;
	for (size_t i = 0; i < p->cap; i++)
		if (p->slots[i].is)
			*slot_of(slots, cap, p->slots[i].print) = p->slots[i];
	tote__heap_free(p->heap, p->slots);
	p->slots = slots;
	p->cap = cap;
	return 0;
}

/* The slot of the first len bytes of path, made where there is none; NULL with the fault set. */
static struct slot *claim(
	struct asset_paths *p, const char *path, size_t len, struct tote_fault *fault)
{
	uint8_t print[PRINT_LEN];
	struct slot *s;

	if (p->used >= p->cap / 4 * 3 && grow(p, fault) < 0)
		return NULL;
	fingerprint(p, path, len, print);
	s = slot_of(p->slots, p->cap, print);
	if (!s->is) {
		memcpy(s->print, print, PRINT_LEN);
		p->used++;
	}
	return s;
}

/* The length of the parent of the first len bytes; 0 where that is the top. */
static size_t parent_of(const char *path, size_t len)
{
	while (len > 0 && path[len - 1] != '/')
		len--;
	return len > 0 ? len - 1 : 0;
}

int tote__paths_add(struct asset_paths *p, const char *path, uint64_t seq, struct tote_fault *fault)
{
	size_t len = strlen(path);
	struct slot *s = claim(p, path, len, fault);

	if (!s)
		return fault->code;
	if (!(s->is & IS_SEALED))
		s->seq = seq;
	s->is |= IS_SEALED;
	/* what is a directory already has all of its own parents in the set */
	while ((len = parent_of(path, len)) > 0) {
		s = claim(p, path, len, fault);
		if (!s)
			return fault->code;
		if (s->is & IS_DIRECTORY)
			return 0;
		s->is |= IS_DIRECTORY;
	}
	return 0;
}

static const struct slot *find(const struct asset_paths *p, const char *path, size_t len)
{
	uint8_t print[PRINT_LEN];

	fingerprint(p, path, len, print);
	return slot_of(p->slots, p->cap, print);
}

int tote__paths_look(const struct asset_paths *p, const char *path, uint64_t *ret_seq)
{
	size_t len = strlen(path);
	const struct slot *s = find(p, path, len);

	if (s->is & IS_SEALED) {
		*ret_seq = s->seq;
		return PATH_SEALED;
	}
	if (s->is & IS_DIRECTORY)
		return PATH_DIRECTORY;
	while ((len = parent_of(path, len)) > 0) {
		s = find(p, path, len);
		if (s->is & IS_SEALED) {
			*ret_seq = s->seq;
			return PATH_BELOW;
		}
	}
	return PATH_FREE;
}
