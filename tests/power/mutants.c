/* SPDX-License-Identifier: ISC */
/*
 * The list of mutants, in the order of the format's sections 5 to 7.
 */
#include "power/mutants.h"

/* Where no other stories are named it shows while a container is made. */
#define MUTANT(name, site, late)                                                                   \
	{                                                                                          \
		{name, site, late}, "nothing/c/p", NULL                                            \
	}
#define SHOWS(in, name, site, late)                                                                \
	{                                                                                          \
		{name, site, late}, in, NULL                                                       \
	}
#define SPARE(name, site, late, why)                                                               \
	{                                                                                          \
		{name, site, late}, "fresh/f/k", why                                               \
	}

/* clang-format off */
static const struct mutant_entry list[] = {
	MUTANT("segment-unsynced", SITE_SEGMENT, FORGOTTEN),
	MUTANT("segment-after-its-name", SITE_SEGMENT, UNTIL_NAMES),
	MUTANT("segment-name-unsynced", SITE_JOURNAL_DIR, FORGOTTEN),
	MUTANT("segment-name-after-group", SITE_JOURNAL_DIR, UNTIL_PROMISE),
	SPARE("segment-growth-unsynced", SITE_SEGMENT_GROWN, FORGOTTEN,
		"fdatasync(2) of a group brings the length with it; what this sync is for is that a group's own writes no metadata"),
	MUTANT("group-unsynced", SITE_GROUP, FORGOTTEN),
	MUTANT("group-after-its-mark", SITE_GROUP, UNTIL_WRITE),
	MUTANT("group-after-its-answer", SITE_GROUP, UNTIL_PROMISE),
	SHOWS("fresh/a/e", "takeover-writes-no-group", SITE_REWRITE, FORGOTTEN),
	SHOWS("nothing/c/k", "takeover-journal-unsynced", SITE_JOURNAL_DIR_AGAIN, FORGOTTEN),
	MUTANT("ledger-name-unsynced", SITE_LEDGER_DIR, FORGOTTEN),
	MUTANT("container-name-unsynced", SITE_ABOVE_DIR, FORGOTTEN),
	MUTANT("container-names-unsynced", SITE_BOX_DIR, FORGOTTEN),
	MUTANT("tile-unsynced", SITE_TILE, FORGOTTEN),
	MUTANT("tile-after-its-name", SITE_TILE, UNTIL_NAMES),
	MUTANT("bundle-unsynced", SITE_BUNDLE, FORGOTTEN),
	MUTANT("bundle-after-its-name", SITE_BUNDLE, UNTIL_NAMES),
	SPARE("tile-found-unsynced", SITE_TILE_AGAIN, FORGOTTEN,
		"this library links a tile only behind its sync; a copier may have put it there"),
	MUTANT("tile-names-unsynced", SITE_LOG_DIR_TILES, FORGOTTEN),
	MUTANT("tile-names-after-checkpoint", SITE_LOG_DIR_TILES, UNTIL_PUBLISHED),
	MUTANT("last-unsynced", SITE_LAST, FORGOTTEN),
	MUTANT("last-after-its-name", SITE_LAST, UNTIL_NAMES),
	MUTANT("last-name-unsynced", SITE_KEYS_DIR, FORGOTTEN),
	SHOWS("nothing/c/k", "last-after-checkpoint", SITE_KEYS_DIR, UNTIL_PUBLISHED),
	MUTANT("checkpoint-unsynced", SITE_CHECKPOINT, FORGOTTEN),
	MUTANT("checkpoint-after-its-name", SITE_CHECKPOINT, UNTIL_NAMES),
	MUTANT("checkpoint-name-unsynced", SITE_LOG_DIR_CHECKPOINT, FORGOTTEN),
	SHOWS("nothing/c/k", "checkpoint-name-found-unsynced", SITE_LOG_DIR_AGAIN, FORGOTTEN),
	SPARE("checkpoint-found-unsynced", SITE_CHECKPOINT_AGAIN, FORGOTTEN,
		"this library renames a checkpoint only behind its sync; a copier may have put it there"),
	SHOWS("fresh/s/p", "asset-unsynced", SITE_ASSET, FORGOTTEN),
	SPARE("asset-after-its-name", SITE_ASSET, UNTIL_NAMES,
		"a .tote-SEQ that has no entry is removed whatever it holds: see asset-after-its-entry"),
	SHOWS("fresh/s/p", "asset-after-its-entry", SITE_ASSET, UNTIL_DATA_SYNC),
	SHOWS("fresh/s/p", "asset-number-unsynced", SITE_ASSETS_DIR_KEPT, FORGOTTEN),
	SHOWS("fresh/s/p", "asset-number-after-entry", SITE_ASSETS_DIR_KEPT, UNTIL_DATA_SYNC),
	SHOWS("fresh/t/p", "asset-parents-unsynced", SITE_ASSETS_DIR_PARENT, FORGOTTEN),
	SHOWS("fresh/s/p", "asset-path-unsynced", SITE_ASSETS_DIR_END, FORGOTTEN),
	SHOWS("fresh/s/e", "takeover-assets-unsynced", SITE_ASSETS_DIR_AGAIN, FORGOTTEN),
};
/* clang-format on */

const struct mutant_entry *mutants(size_t *ret_count)
{
	*ret_count = sizeof(list) / sizeof(list[0]);
	return list;
}
