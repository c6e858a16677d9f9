/* SPDX-License-Identifier: ISC */
/*
 * The inside of a copy, shared by the files that are its parts: copy.c has the call and its rounds,
 * copy_place.c the directory that becomes the copy, copy_mark.c its marker, copy_log.c tiles,
 * entries and checkpoint, copy_journal.c segments, copy_assets.c the bytes of assets, copy_names.c
 * their names.
 *
 * The copy is written in the order in which a container is: files as .tote-SEQ before the entries
 * that seal them, tiles before the checkpoint, each group before the next, names at last. So what
 * an interruption leaves is at every moment a ledger with a beginning of this one; a marker says
 * that its assets may not be settled, and only whoever knows the source settles them.
 */
#ifndef BOX_COPY_H
#define BOX_COPY_H

#include "box/box.h"
#include "box/copy_seqs.h"
#include "box/sealed.h"
#include <toteborch/copy.h>

#define COPY_MARKER ".tote-copying" /* in SPACE_LOG */
#define COPY_AGAIN  1               /* of a round: an asset was erased behind its bound */
#define COPY_STEP   ((size_t)256 << 10)
#define COPY_BATCH  16

/* An asset on its way: synced and named together with others. */
struct copy_staged {
	void *stage;
	uint64_t seq, size;
	uint8_t digest[HASH_LEN];
};

struct copying {
	tote_box *box;
	const struct heap *heap;
	const struct place *from;
	struct place to;
	const char *dir;
	uint32_t flags;
	int layout;
	struct view view; /* of the source, frozen: its limit is the bound */
	/* the older copy */
	int fresh;             /* nothing was there when the call began */
	int resumed;           /* an unfinished one: nothing that lies there is believed */
	struct checkpoint old; /* as this round found it; size 0: none */
	struct buf old_note;
	uint64_t old_end;
	uint64_t settle_from; /* the assets of entries from here on are this call's business */
	/* seals below it had their files put there, verified, by an earlier round of this call */
	uint64_t trusted;
	struct copy_seqs missing; /* seals whose file the source does not have, and no end so far */
	struct copy_seqs missing_before; /* by the round before */
	struct copy_seqs changed;        /* of the missing: a file is there, and is another */
	struct copy_seqs voided;
	struct copy_seqs lost; /* copy_names.c: not in the copy, and no end so far */
	uint64_t bad;          /* assets of the source that are not as they were sealed */
	char first_bad[256];
	/* assets on their way */
	struct copy_staged staged[COPY_BATCH];
	size_t staged_count;
	uint64_t staged_bytes;
	struct sealed fact;
	uint8_t *buffer; /* of COPY_STEP */
	struct tote_copy told;
};

/* copy_place.c */
int tote__copy_open(struct copying *c, struct tote_fault *fault);
/* What the older copy holds, and that it is a beginning of the source. */
int tote__copy_look(struct copying *c, struct tote_fault *fault);
/* TOTE_E_EXISTS: the directory, and why it cannot become the copy. */
int tote__copy_refuse(const struct copying *c, const char *why, struct tote_fault *fault);
/* 1 where the copy has that name. */
int tote__copy_has(const struct copying *c, int space, const char *name, struct tote_fault *fault);

/* copy_mark.c: settle_from too. */
int tote__copy_mark(struct copying *c, struct tote_fault *fault);
int tote__copy_unmark(struct copying *c, struct tote_fault *fault);
/* TOTE_E_INCOMPLETE where a place is an unfinished copy. */
int tote__copy_check_whole(const struct place *place, struct tote_fault *fault);

/* copy_log.c: all that is new, assets included; then the checkpoint. */
int tote__copy_log(struct copying *c, struct tote_fault *fault);

/* copy_journal.c: the groups below the bound; the copy is replayed and must reach it. */
int tote__copy_journal(struct copying *c, struct tote_fault *fault);

/*
 * copy_assets.c: one entry that comes by, in order; then what is left of them. COPY_AGAIN where a
 * file is gone that may have been erased behind the bound.
 */
int tote__copy_entry(struct copying *c, const struct entry *e, struct tote_fault *fault);
int tote__copy_assets_end(struct copying *c, struct tote_fault *fault);
void tote__copy_assets_free(struct copying *c);

/* copy_names.c: each file to its path, what was erased away. COPY_AGAIN. */
int tote__copy_names(struct copying *c, struct tote_fault *fault);

#endif
