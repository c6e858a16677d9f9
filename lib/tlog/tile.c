/* SPDX-License-Identifier: ISC */
/*
 * The geometry of C2SP tlog-tiles: names, widths and the nodes that tiles hold. A tile of level L
 * holds 256 roots of perfect subtrees of 256^L leaves; entry bundles are as wide as level 0.
 */
#include "tlog/tile.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TILE_BITS   8
#define INDEX_MAX   ((uint64_t)INT64_MAX >> TILE_BITS) /* no tree below 2^63 has a tile behind it */
#define GROUPS_MAX  7                                  /* groups of three digits in a uint64 */
#define NODE_LEVELS (TILE_BITS * TILE_LEVELS - 1)

/* C2SP: three digits a group, an x before each but the last: 1234067 is x001/x234/067. */
static size_t put_index(char *out, size_t cap, uint64_t index)
{
	unsigned group[GROUPS_MAX];
	size_t count = 0, len = 0;

	do {
		group[count++] = (unsigned)(index % 1000);
		index /= 1000;
	} while (index);
	while (count--)
		len += (size_t)snprintf(
			out + len, cap - len, count ? "x%03u/" : "%03u", group[count]);
	return len;
}

void tote__tile_name(const struct tile *t, char out[TILE_NAME_MAX])
{
	size_t len;

	/* the longest there can be, tile/-2147483648/ and 20 digits, has 60 bytes with its NUL */
	if (t->level == TILE_ENTRIES)
		len = (size_t)snprintf(out, TILE_NAME_MAX, "tile/entries/");
	else
		len = (size_t)snprintf(out, TILE_NAME_MAX, "tile/%d/", t->level);
	len += put_index(out + len, TILE_NAME_MAX - len, t->index);
	if (t->width < TILE_WIDTH)
		snprintf(out + len, TILE_NAME_MAX - len, ".p/%u", (unsigned)t->width);
}

/* Steps over a fixed text; 0 where it is not there. */
static int skip(const char **at, const char *text)
{
	size_t len = strlen(text);

	if (strncmp(*at, text, len))
		return 0;
	*at += len;
	return 1;
}

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Three digits, appended to the index; 0 where they are not there or lead out of its range. */
static int take_group(const char **at, uint64_t *index)
{
	const char *s = *at;

	for (int i = 0; i < 3; i++, s++) {
		if (!is_digit(*s))
			return 0;
		*index = *index * 10 + (uint64_t)(*s - '0');
	}
	*at = s;
	return *index <= INDEX_MAX;
}

static int take_index(const char **at, uint64_t *index)
{
	*index = 0;
	while (skip(at, "x"))
		if (!take_group(at, index) || !skip(at, "/"))
			return 0;
	return take_group(at, index);
}

static int take_width(const char **at, uint32_t *width)
{
	*width = TILE_WIDTH;
	if (!**at)
		return 1;
	if (!skip(at, ".p/"))
		return 0;
	for (*width = 0; is_digit(**at) && *width < TILE_WIDTH; ++*at)
		*width = *width * 10 + (uint32_t)(**at - '0');
	return *width > 0 && *width < TILE_WIDTH;
}

int tote__tile_parse(const char *name, struct tile *ret)
{
	struct tile t = {.level = TILE_ENTRIES};
	char again[TILE_NAME_MAX];
	const char *at = name;

	if (!skip(&at, "tile/"))
		return -1;
	if (!skip(&at, "entries/")) {
		if (*at < '0' || *at >= '0' + TILE_LEVELS)
			return -1;
		t.level = *at++ - '0';
		if (!skip(&at, "/"))
			return -1;
	}
	if (!take_index(&at, &t.index) || !take_width(&at, &t.width))
		return -1;
	/* leading zeros and trailing bytes: what is written is the only thing that is read */
	tote__tile_name(&t, again);
	if (strcmp(name, again))
		return -1;
	*ret = t;
	return 0;
}

/* How many hashes (entries) the tree has on a level of tiles. */
static uint64_t level_count(uint64_t size, int level)
{
	return level == TILE_ENTRIES ? size : size >> (TILE_BITS * level);
}

uint32_t tote__tile_width(uint64_t size, int level, uint64_t index)
{
	uint64_t count, full;

	if (level < TILE_ENTRIES || level >= TILE_LEVELS)
		return 0;
	count = level_count(size, level);
	full = count / TILE_WIDTH;
	if (index < full)
		return TILE_WIDTH;
	return index == full ? (uint32_t)(count % TILE_WIDTH) : 0;
}

int tote__tile_in_tree(uint64_t size, const struct tile *t)
{
	return t->width && t->width == tote__tile_width(size, t->level, t->index);
}

int tote__tile_walk(struct tile_walk *walk, struct tile *ret)
{
	uint64_t common = walk->from < walk->to ? walk->from : walk->to;

	for (; walk->level < TILE_LEVELS; walk->level++, walk->started = 0) {
		uint32_t width;

		if (!walk->started)
			walk->index = level_count(common, walk->level) / TILE_WIDTH;
		walk->started = 1;
		while ((width = tote__tile_width(walk->to, walk->level, walk->index)) > 0) {
			struct tile t = {walk->level, walk->index++, width};

			if (tote__tile_in_tree(walk->from, &t))
				continue; /* a partial one that has not grown */
			*ret = t;
			return 1;
		}
	}
	return 0;
}

void tote__tile_root(
	const struct hasher *engine, const uint8_t *hashes, uint32_t width, uint8_t root[HASH_LEN])
{
	struct frontier f;

	tote__frontier_init(&f);
	for (uint32_t i = 0; i < width; i++)
		tote__frontier_append(&f, engine, hashes + (size_t)i * HASH_LEN);
	tote__frontier_root(&f, engine, root);
}

void tote__tile_tree_init(struct tile_tree *tree, uint64_t size, tile_read_fn *read, void *user,
	const struct hasher *engine)
{
	tree->size = size;
	tree->read = read;
	tree->user = user;
	tree->engine = engine;
	for (size_t i = 0; i < TILE_LEVELS; i++)
		tree->kept[i].tile.width = 0;
}

/* The hashes of one tile of the tree: those kept, or read now. */
static int tile_tree_load(struct tile_tree *tree, const struct tile *want, const uint8_t **ret_hash,
	struct tote_fault *fault)
{
	struct tile *kept = &tree->kept[want->level].tile;
	uint8_t *hash = tree->kept[want->level].hash;
	int r;

	if (kept->width != want->width || kept->index != want->index) {
		kept->width = 0; /* a failed read leaves nothing that could be taken for a tile */
		r = tree->read(tree->user, want, hash, fault);
		if (r < 0)
			return r;
		*kept = *want;
	}
	*ret_hash = hash;
	return 0;
}

int tote__tile_tree_node(
	void *user, unsigned level, uint64_t index, uint8_t out[HASH_LEN], struct tote_fault *fault)
{
	struct tile_tree *tree = user;
	unsigned floor = level % TILE_BITS; /* above the hashes of the tile */
	struct tile want = {.level = (int)(level / TILE_BITS)};
	const uint8_t *hash;
	uint64_t first;
	int r;

	if (level >= NODE_LEVELS || index >= tree->size >> level)
		return tote__fault(fault, TOTE_E_ARGUMENT,
			"merkle node: %" PRIu64 " of level %u is not in a tree of %" PRIu64
			" entries",
			index, level, tree->size);
	first = index << floor;
	want.index = first / TILE_WIDTH;
	want.width = tote__tile_width(tree->size, want.level, want.index);
	r = tile_tree_load(tree, &want, &hash, fault);
	if (r < 0)
		return r;
	tote__tile_root(tree->engine, hash + first % TILE_WIDTH * HASH_LEN, 1u << floor, out);
	return 0;
}
