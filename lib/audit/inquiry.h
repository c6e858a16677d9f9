/* SPDX-License-Identifier: ISC */
/*
 * What all parts of one run share: the target, the findings so far, what was read, and the second
 * look with byte 0 held.
 */
#ifndef AUDIT_INQUIRY_H
#define AUDIT_INQUIRY_H

#include "audit/ahead.h"
#include "audit/finding.h"
#include "audit/target.h"

struct inquiry {
	const struct run_target *target;
	const struct place *place;
	const struct heap *heap;
	const struct hasher *engine;
	struct finding_list findings;
	uint64_t bytes; /* read so far */
	uint64_t left;  /* bytes that this step may read yet; 0: any number */
	int cached;     /* some of it may have come from memory */
	int still;      /* nobody writes: what is seen is so */
	int unreachable;
	int held;            /* byte 0, by us */
	struct ahead *ahead; /* whose threads read ahead in this step; NULL: none */
};

#define INQUIRY_PATH_MAX (STORE_NAME_MAX + 64)

/* The path of a name in a space, as findings have it: below the container's directory. */
void tote__inquiry_path(
	const struct inquiry *q, int space, const char *name, char out[INQUIRY_PATH_MAX]);
/* A finding at that path; seq may be FINDING_NO_SEQ, expected and found NULL. 0, or NO_MEMORY. */
int tote__inquiry_find(struct inquiry *q, int code, int space, const char *name, uint64_t seq,
	const char *expected, const char *found, struct tote_fault *fault);
/*
 * What could not be read becomes a finding and 0. A lack of memory is returned as it is, and so is
 * TOTE_E_UNREACHABLE, after a finding: then nothing more can be looked at.
 */
int tote__inquiry_failed(
	struct inquiry *q, int space, const char *name, int r, struct tote_fault *fault);

/*
 * A cosignature of our witness's, by its key or one that was rotated away: 1, 0 there is none,
 * TOTE_E_BAD_SIGNATURE.
 */
int tote__inquiry_cosigned(const struct inquiry *q, const struct note *note, struct buf *scratch,
	struct tote_fault *why);

/* The end of a step: no thread of ours outlives it. */
void tote__inquiry_rest(struct inquiry *q);

enum {
	HOLD_HELD,  /* byte 0 is ours: nothing changes but for folds; release */
	HOLD_STILL, /* nobody writes, or nobody can: the ledger is damaged */
	HOLD_NONE   /* others may write: a second look is all there is */
};

/* The second look. What a takeover had to settle is settled when this returns. */
int tote__inquiry_hold(struct inquiry *q);
void tote__inquiry_release(struct inquiry *q);

/* The mark in the line of `lock`, 0 where there is none that can be believed. */
uint64_t tote__inquiry_mark(const struct inquiry *q);

#endif
