/* SPDX-License-Identifier: ISC */
/*
 * Mutants: a sync that the library makes is not written down, or only behind something that should
 * have waited for it, as if the library had forgotten the one or turned the two around.
 */
#ifndef POWER_LATE_H
#define POWER_LATE_H

#include "power/disk.h"

/* Why the library syncs: told from what is synced, and what happened there last. */
enum site {
	SITE_NONE,
	SITE_SEGMENT, /* a new segment, before it is linked */
	SITE_SEGMENT_GROWN,
	SITE_GROUP,   /* fdatasync of a segment */
	SITE_REWRITE, /* the writing of a group that is there already */
	SITE_TILE,    /* a tile of hashes, before it is linked */
	SITE_BUNDLE,
	SITE_TILE_AGAIN, /* a tile or bundle found in place */
	SITE_CHECKPOINT, /* .tote-new-checkpoint */
	SITE_CHECKPOINT_AGAIN,
	SITE_LAST, /* .tote-new-NAME.last */
	SITE_ASSET,
	SITE_LOCK,
	SITE_JOURNAL_DIR,       /* after a segment was linked */
	SITE_JOURNAL_DIR_AGAIN, /* a takeover */
	SITE_LEDGER_DIR,
	SITE_LOG_DIR_TILES, /* log/ and all below it, before the checkpoint */
	SITE_LOG_DIR_CHECKPOINT,
	SITE_LOG_DIR_AGAIN, /* nothing was done there since: a checkpoint found in place */
	SITE_KEYS_DIR,
	SITE_ASSETS_DIR_KEPT,   /* after .tote-SEQ was linked */
	SITE_ASSETS_DIR_PARENT, /* a directory below assets/, or assets/ after one was made in it */
	SITE_ASSETS_DIR_END,    /* after the rename to the path */
	SITE_ASSETS_DIR_AGAIN,  /* nothing was done there since: a takeover */
	SITE_BOX_DIR,
	SITE_ABOVE_DIR, /* the directory that holds the container */
	SITES
};

enum late {
	FORGOTTEN,
	UNTIL_NAMES,
	UNTIL_PUBLISHED, /* a name `checkpoint` */
	UNTIL_WRITE,     /* to another file */
	UNTIL_DATA_SYNC,
	UNTIL_PROMISE
};

struct mutant {
	const char *name;
	enum site site;
	enum late
		late; /* FORGOTTEN: never done; else done behind the next operation of that kind */
};

void mutate(const struct mutant *m); /* NULL: none; from the next record on */
int is_mutated(enum site site);
void late_forget(void); /* a new record begins */
void late_add(struct oplog *log, const struct op *op);
void late_sync(struct oplog *log, const struct op *op, enum site site);

#endif
