/* SPDX-License-Identifier: ISC */
/*
 * Images of a disk. A block whose new version is not certain may be on the disk as it was, as any
 * version since, or sector by sector a mixture of these with zeros and garbage; but a sector that no
 * version changes stays as it is, since a disk writes sectors whole.
 */
#include "power/choice.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *text;
	int numbered;
} words[] = {
	[CHOOSE_NOTHING] = {"nothing", 0},
	[CHOOSE_ALL] = {"all", 0},
	[CHOOSE_NAMES] = {"names", 0},
	[CHOOSE_DATA] = {"data", 0},
	[CHOOSE_DROP] = {"drop", 1},
	[CHOOSE_KEEP] = {"keep", 1},
	[CHOOSE_RANDOM] = {"random", 1},
};

void choice_format(const struct choice *c, char out[CHOICE_TEXT])
{
	if (words[c->kind].numbered)
		snprintf(out, CHOICE_TEXT, "%s%" PRIu64, words[c->kind].text, c->number);
	else
		snprintf(out, CHOICE_TEXT, "%s", words[c->kind].text);
}

int choice_parse(const char *text, struct choice *ret)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const size_t len = strlen(words[i].text);

		if (strncmp(text, words[i].text, len) != 0 || !text[len] != !words[i].numbered)
			continue;
		*ret = (struct choice){(enum choice_kind)i, strtoull(text + len, NULL, 10)};
		return 1;
	}
	return 0;
}

uint64_t chance_next(struct chance *c)
{
	uint64_t z = c->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

unsigned int chance_below(struct chance *c, unsigned int limit)
{
	return (unsigned int)(chance_next(c) % limit);
}

/* One making of an image. */
struct choosing {
	const struct disk *disk;
	const struct choice *choice;
	struct arena *arena;
	struct image *image;
	struct chance chance;
	unsigned int often; /* RANDOM: of 100, how many are kept */
};

size_t disk_items(const struct disk *d)
{
	size_t count = d->op_count;

	for (size_t i = 0; i < d->count; i++)
		count += (size_t)node_is_uncertain(&d->nodes[i]);
	return count;
}

/* --- names ---------------------------------------------------------------------------------- */

static int picked(struct choosing *g, size_t item, int is_name)
{
	switch (g->choice->kind) {
	case CHOOSE_NOTHING:
		return 0;
	case CHOOSE_ALL:
		return 1;
	case CHOOSE_NAMES:
		return is_name;
	case CHOOSE_DATA:
		return !is_name;
	case CHOOSE_DROP:
		return item != g->choice->number;
	case CHOOSE_KEEP:
		return item == g->choice->number;
	case CHOOSE_RANDOM:
		break;
	}
	return chance_below(&g->chance, 100) < g->often;
}

static int share_a_name(const struct op *a, const struct op *b)
{
	for (int i = 0; i < a->changes; i++)
		if (op_touches(b, a->change[i].dir, a->change[i].name))
			return 1;
	return 0;
}

/*
 * Of each name what is kept is the beginning of what happened to it: DROP takes away what comes
 * after, all others add what came before.
 */
static void choose_names(struct choosing *g)
{
	const struct disk *d = g->disk;
	const int drop = g->choice->kind == CHOOSE_DROP;
	char *keep = arena_new(g->arena, d->op_count + 1);

	for (size_t i = 0; i < d->op_count; i++) {
		keep[i] = (char)picked(g, i, 1);
		for (size_t j = 0; drop && j < i; j++)
			if (!keep[j] && share_a_name(d->ops[j], d->ops[i]))
				keep[i] = 0;
	}
	for (size_t i = d->op_count; !drop && i-- > 0;)
		for (size_t j = 0; keep[i] && j < i; j++)
			if (share_a_name(d->ops[j], d->ops[i]))
				keep[j] = 1;
	for (size_t i = 0; i < d->op_count; i++)
		if (keep[i])
			names_apply(g->arena, &g->image->names, d->ops[i]);
}

/* --- files ---------------------------------------------------------------------------------- */

static const uint8_t zeros[BLOCK];

static const uint8_t *bytes_of(const uint8_t *block)
{
	return block ? block : zeros;
}

/* Sector by sector old, new, zeros or garbage, where the two differ. */
static const uint8_t *torn(struct choosing *g, const uint8_t *old, const uint8_t *new)
{
	uint8_t *out = arena_new(g->arena, BLOCK);

	memcpy(out, bytes_of(old), BLOCK);
	for (size_t at = 0; at < BLOCK; at += SECTOR) {
		if (memcmp(out + at, bytes_of(new) + at, SECTOR) == 0)
			continue;
		switch (chance_below(&g->chance, 8)) {
		case 0:
			memset(out + at, 0, SECTOR);
			break;
		case 1:
			for (size_t i = 0; i < SECTOR; i++)
				out[at + i] = (uint8_t)chance_next(&g->chance);
			break;
		case 2:
		case 3:
		case 4:
			memcpy(out + at, bytes_of(new) + at, SECTOR);
			break;
		default:
			break;
		}
	}
	return out;
}

/* Version by version: the last that reaches the disk counts, whole or torn. */
static void choose_blocks(struct choosing *g, const struct node *n, struct blob *out)
{
	for (size_t i = 0; i < n->pending_count; i++) {
		const struct pending *p = &n->pending[i];

		if (chance_below(&g->chance, 100) >= g->often)
			continue;
		if (chance_below(&g->chance, 4) == 0)
			out->blocks[p->block] = torn(g, out->blocks[p->block], p->bytes);
		else
			out->blocks[p->block] = p->bytes;
	}
}

static void choose_file(
	struct choosing *g, const struct node *n, size_t item, struct image_node *out)
{
	const int random = g->choice->kind == CHOOSE_RANDOM;
	const int take = node_is_uncertain(n) && picked(g, item, 0);
	const struct blob *sure = &n->sure;
	struct blob *b = &out->blob;

	out->is_dir = n->is_dir;
	out->mode = take ? n->mode : n->sure_mode;
	b->size = take ? n->now.size : sure->size;
	b->count = n->now.count > sure->count ? n->now.count : sure->count;
	b->blocks = arena_new(g->arena, b->count * sizeof(*b->blocks));
	if (take && !random && n->now.count) {
		memcpy((void *)b->blocks, (const void *)n->now.blocks,
			n->now.count * sizeof(*b->blocks));
	} else if (sure->count) {
		memcpy((void *)b->blocks, (const void *)sure->blocks,
			sure->count * sizeof(*b->blocks));
	}
	if (random && take && n->now.size > sure->size && chance_below(&g->chance, 4) == 0)
		b->size =
			sure->size + chance_below(&g->chance, 9) * ((n->now.size - sure->size) / 8);
	if (random)
		choose_blocks(g, n, b);
	b->count = (size_t)((b->size + BLOCK - 1) / BLOCK);
}

void disk_choose(const struct disk *d, const struct choice *c, struct arena *a, struct image *ret)
{
	struct choosing g = {.disk = d, .choice = c, .arena = a, .image = ret};
	static const unsigned int often[] = {10, 50, 50, 90};
	size_t item = d->op_count;

	memset(ret, 0, sizeof(*ret));
	g.chance.state = c->number;
	g.often = often[chance_below(&g.chance, 4)];
	ret->names.count = d->sure.count;
	ret->names.cap = d->sure.count;
	ret->names.items = arena_new(a, d->sure.count * sizeof(*ret->names.items));
	if (d->sure.count)
		memcpy(ret->names.items, d->sure.items, d->sure.count * sizeof(*ret->names.items));
	choose_names(&g);
	ret->count = d->count;
	ret->nodes = arena_new(a, d->count * sizeof(*ret->nodes));
	for (size_t i = 0; i < d->count; i++) {
		choose_file(&g, &d->nodes[i], item, &ret->nodes[i]);
		item += (size_t)node_is_uncertain(&d->nodes[i]);
	}
}
