/* SPDX-License-Identifier: ISC */
/*
 * A table of system calls that works in a scratch directory and writes down what a power cut could
 * take back. It numbers files itself, so that a file is the same one after it was made again from
 * an image; it can stop the process before any of its operations, fail a sync, and forget a sync
 * that the library made: a mutant, with which the suite must turn red.
 */
#ifndef POWER_RECORDER_H
#define POWER_RECORDER_H

#include "power/disk.h"
#include "store/posix_kernel.h"

/* Why the library syncs: told from what is synced, and what happened there last. */
enum site {
	SITE_NONE,
	SITE_SEGMENT,		/* a new segment, before it is linked */
	SITE_SEGMENT_GROWN,
	SITE_GROUP,		/* fdatasync of a segment */
	SITE_REWRITE,		/* the writing of a group that is there already */
	SITE_TILE,		/* a tile of hashes, before it is linked */
	SITE_BUNDLE,
	SITE_TILE_AGAIN,	/* a tile or bundle found in place */
	SITE_CHECKPOINT,	/* .tote-new-checkpoint */
	SITE_CHECKPOINT_AGAIN,
	SITE_LAST,		/* .tote-new-NAME.last */
	SITE_ASSET,
	SITE_LOCK,
	SITE_JOURNAL_DIR,	/* after a segment was linked */
	SITE_JOURNAL_DIR_AGAIN, /* a takeover */
	SITE_LEDGER_DIR,
	SITE_LOG_DIR_TILES,	/* log/ and all below it, before the checkpoint */
	SITE_LOG_DIR_CHECKPOINT,
	SITE_LOG_DIR_AGAIN,	/* nothing was done there since: a checkpoint found in place */
	SITE_KEYS_DIR,
	SITE_ASSETS_DIR_KEPT,	/* after .tote-SEQ was linked */
	SITE_ASSETS_DIR_PARENT, /* a directory below assets/, or assets/ after one was made in it */
	SITE_ASSETS_DIR_END,	/* after the rename to the path */
	SITE_ASSETS_DIR_AGAIN,	/* nothing was done there since: a takeover */
	SITE_BOX_DIR,
	SITE_ABOVE_DIR,		/* the directory that holds the container */
	SITES
};

enum late {
	FORGOTTEN,
	UNTIL_NAMES,
	UNTIL_PUBLISHED, /* a name `checkpoint` */
	UNTIL_WRITE,	 /* to another file */
	UNTIL_DATA_SYNC,
	UNTIL_PROMISE
};

struct mutant {
	const char *name;
	enum site site;
	enum late late; /* FORGOTTEN: never done; else done behind the next operation of that kind */
};

/* Begins a record of what happens below root, which holds the image as image_make left it. */
void recorder_begin(const char *root, const struct image *image, struct arena *arena);
const struct kernel *recorder_kernel(void);
size_t recorder_count(void); /* operations so far */
void recorder_take(struct oplog *ret); /* the log; the recorder begins a new one */
void recorder_promise(uint64_t number);

void recorder_mutate(const struct mutant *m); /* NULL: none; stays */
void recorder_refuse_tmpfile(int refuse);     /* stays */
/* Nothing happens any more before operation `at` of the log: the process is gone. SIZE_MAX: never. */
void recorder_stop_at(size_t at);
int recorder_is_gone(void);
/* What happens from here on is another process's: what is there already it found in place. */
void recorder_next_process(void);
/* Operation `at`, if it is a sync, fails; of a file it leaves clean pages behind. */
void recorder_fail_at(size_t at);
int recorder_failed(void); /* 1: it was one */
/* Whether the mutant changed anything in this record. */
int recorder_mutated(void);

/* Makes the image's files below root, an empty directory; forgets which were there before. */
void image_make(const struct image *image, const char *root);
/* The number that a file of the present root has. */
int recorder_number(uint64_t inode);

#endif
