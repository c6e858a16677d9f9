/* SPDX-License-Identifier: ISC */
/*
 * The sites of syncs, by the directory that the file or directory lies in.
 */
#include "power/site.h"
#include <stdio.h>
#include <string.h>

void site_note(struct tracked *dir, const char *name, int is_dir, int made)
{
	dir->changed = 1;
	snprintf(dir->last, sizeof(dir->last), "%s", name);
	dir->last_is_dir = is_dir;
	dir->last_made = made != 0;
}

void site_note_write(struct tracked *file, const void *data, size_t len, off_t offset)
{
	static const char first[] = "toteborch.entry";

	file->was_written = 1;
	if (offset == 0) /* a bundle begins with a length, then an entry */
		file->is_bundle = len > 2 + sizeof(first) &&
				  memcmp((const char *)data + 2, first, sizeof(first) - 1) == 0;
}

static int is_named(const struct tracked *nodes, int number, const char *name)
{
	return strcmp(nodes[number].name, name) == 0;
}

/* Whether it lies anywhere below a directory of that name. */
static int lies_below(const struct tracked *nodes, int number, const char *name)
{
	for (int at = nodes[number].dir; at; at = nodes[at].dir)
		if (is_named(nodes, at, name))
			return 1;
	return 0;
}

static int is_temporary(const struct tracked *t)
{
	return !t->name[0] || strncmp(t->name, ".tote-w-", 8) == 0;
}

static enum site site_of_file(const struct tracked *nodes, int number, int is_data)
{
	const struct tracked *t = &nodes[number];

	if (is_data)
		return SITE_GROUP;
	if (is_named(nodes, number, "lock"))
		return SITE_LOCK;
	if (lies_below(nodes, number, "journal"))
		return is_temporary(t) ? SITE_SEGMENT : SITE_SEGMENT_GROWN;
	if (is_named(nodes, number, ".tote-new-checkpoint"))
		return SITE_CHECKPOINT;
	if (is_named(nodes, number, "checkpoint"))
		return SITE_CHECKPOINT_AGAIN;
	if (lies_below(nodes, number, "log")) {
		if (!is_temporary(t))
			return SITE_TILE_AGAIN;
		return t->is_bundle ? SITE_BUNDLE : SITE_TILE;
	}
	if (lies_below(nodes, number, "keys"))
		return SITE_LAST;
	return lies_below(nodes, number, "assets") ? SITE_ASSET : SITE_NONE;
}

static enum site site_of_assets(const struct tracked *nodes, int number)
{
	const struct tracked *t = &nodes[number];

	if (!t->changed)
		return SITE_ASSETS_DIR_AGAIN;
	if (t->last_is_dir)
		return SITE_ASSETS_DIR_PARENT;
	if (t->last_made && strncmp(t->last, ".tote-", 6) == 0)
		return SITE_ASSETS_DIR_KEPT;
	return SITE_ASSETS_DIR_END;
}

static enum site site_of_dir(const struct tracked *nodes, int number)
{
	const struct tracked *t = &nodes[number];

	if (number == ROOT_NODE)
		return SITE_ABOVE_DIR;
	if (is_named(nodes, number, "journal"))
		return t->changed ? SITE_JOURNAL_DIR : SITE_JOURNAL_DIR_AGAIN;
	if (is_named(nodes, number, "ledger"))
		return SITE_LEDGER_DIR;
	if (is_named(nodes, number, "log") && !t->changed)
		return SITE_LOG_DIR_AGAIN;
	if (is_named(nodes, number, "log"))
		return strcmp(t->last, "checkpoint") == 0 ? SITE_LOG_DIR_CHECKPOINT
							  : SITE_LOG_DIR_TILES;
	if (lies_below(nodes, number, "log"))
		return SITE_LOG_DIR_TILES;
	if (is_named(nodes, number, "keys"))
		return SITE_KEYS_DIR;
	if (is_named(nodes, number, "assets") || lies_below(nodes, number, "assets"))
		return site_of_assets(nodes, number);
	return is_named(nodes, number, "box") ? SITE_BOX_DIR : SITE_NONE;
}

enum site site_of(struct tracked *nodes, int number, int is_data)
{
	const enum site site = nodes[number].is_dir ? site_of_dir(nodes, number)
						    : site_of_file(nodes, number, is_data);

	nodes[number].changed = 0;
	return site;
}
