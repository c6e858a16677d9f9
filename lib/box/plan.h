/* SPDX-License-Identifier: ISC */
/*
 * The plan of one call that seals: its files, what is known of each, and every reason to refuse the
 * call that can be known before the first byte is written.
 */
#ifndef BOX_PLAN_H
#define BOX_PLAN_H

#include "box/box.h"
#include "box/intake.h"
#include "box/sealed.h"

/* One file. */
struct plan_item {
	const struct tote_source *source;
	int already;  /* the path was sealed before, by entry `seq` */
	int known;    /* and `sealed_*` is what that says */
	int compared; /* and the bytes are the same */
	int taken;    /* `in` is known */
	struct intake in;
	uint64_t seq; /* of the earlier seal; else the one it gets */
	uint64_t sealed_size;
	uint8_t sealed_digest[HASH_LEN];
	void *stage; /* open, or NULL */
	int kept;    /* .tote-SEQ is there */
	int voided;
};

struct plan {
	tote_box *box;
	const char *actor;
	struct plan_item *items;
	struct plan_item **by_path; /* the same, in byte order of path */
	size_t count;
	uint8_t *buffer; /* of INTAKE_STEP bytes */
};

#define PLAN_FILES_MAX (TOTE_GROUP_MAX / 128) /* an entry has more bytes than that */

/* At most PLAN_FILES_MAX sources: grammar, arguments, sizes, and paths that contradict each other within the call. */
int tote__plan_make(struct plan *plan, tote_box *box, const struct tote_source *sources,
	size_t count, const char *actor, struct tote_fault *fault);
void tote__plan_free(struct plan *plan); /* takes a zeroed one; closes stages */

/*
 * With the hold: the state takes seals, and each path that is not known as sealed already is free,
 * in the ledger and on the disk. TOTE_E_STATE, TOTE_E_EXISTS.
 */
int tote__plan_look(struct plan *plan, struct tote_fault *fault);

/*
 * Reads those whose path was sealed before, as far as their bytes are not known yet: TOTE_E_EXISTS
 * where they are others.
 */
int tote__plan_compare(struct plan *plan, struct tote_fault *fault);

/*
 * The same for one file, whose source is set; box->paths are there (tote__box_paths). In between,
 * still with the hold, what the ledger says of those that were sealed before.
 */
int tote__plan_look_item(const tote_box *box, struct plan_item *item, struct tote_fault *fault);
int tote__plan_know(
	const tote_box *box, struct plan_item *items, size_t count, struct tote_fault *fault);
int tote__plan_compare_item(
	const tote_box *box, uint8_t *buffer, struct plan_item *item, struct tote_fault *fault);

/* With the hold: what the source is to supersede is a seal, if it names one. TOTE_E_NOT_FOUND. */
int tote__plan_superseded(
	const tote_box *box, const struct tote_source *source, struct tote_fault *fault);

size_t tote__plan_new(const struct plan *plan); /* how many are to be sealed */

#endif
