/* SPDX-License-Identifier: ISC */
/*
 * The inside of a cursor, shared by the files that are its parts: cursor.c has the calls,
 * cursor_follow.c looks for what came since, cursor_entry.c gives an entry to the caller.
 */
#ifndef BOX_CURSOR_H
#define BOX_CURSOR_H

#include "box/one_call.h"

struct tote_cursor {
	struct one_call call;
	uint32_t flags; /* TOTE_CURSOR_* */
	struct view view;
	uint64_t next; /* the seq to be read, or backwards the one behind it */
	/* the filter; length 0: everything */
	char kind[KIND_MAX + 1];
	size_t kind_len;
	int family; /* kind itself and what begins with it and a dot */
	/* of a follower: what it was given and must find again in every later view */
	struct checkpoint covered;
	int have_leaf; /* leaf is that of the entry before next */
	uint8_t leaf[HASH_LEN];
	int unproven; /* a view was opened since and has not shown that entry yet */
	/* the entry given last */
	struct buf text;
	struct tote_field fields[ENTRY_LINES_MAX];
};

/*
 * Whether a new entry is there, without the lock: 1, 0, TOTE_E_ROLLBACK, TOTE_E_FORK naming what
 * is no longer as it was read; after an error the next call looks anew.
 */
int tote__cursor_look_again(struct tote_cursor *c, struct tote_fault *fault);
/* The same with a new view, where the one at hand was overtaken. */
int tote__cursor_renew(struct tote_cursor *c, struct tote_fault *fault);

/* Fills ret with e; its strings live in the cursor. */
int tote__cursor_fill(struct tote_cursor *c, const struct entry *e, int verified,
	const uint8_t leaf[HASH_LEN], struct tote_entry *ret, struct tote_fault *fault);

#endif
