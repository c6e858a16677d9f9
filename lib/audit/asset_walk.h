/* SPDX-License-Identifier: ISC */
/*
 * Directories of assets listed ahead by several threads, and taken in the order in which they were
 * given, each with what lay under its names.
 */
#ifndef AUDIT_ASSET_WALK_H
#define AUDIT_ASSET_WALK_H

#include "audit/inquiry.h"
#include "audit/names.h"

struct listing {
	const struct asset_walk *of;
	char dir[STORE_NAME_MAX + 1];
	struct buf found; /* of each a struct store_stat and the name with its NUL */
	int r;            /* what list gave, and why */
	struct tote_fault why;
	int large; /* it was left: for who takes it to list, name by name */
};

struct asset_walk {
	struct inquiry *q;
	struct ahead ahead;
};

int tote__asset_walk_init(struct asset_walk *w, struct inquiry *q, struct tote_fault *fault);
void tote__asset_walk_free(struct asset_walk *w); /* takes a zeroed one */

/* The oldest that was given, of those in dirs that are given first; NULL: there are none. */
struct listing *tote__asset_walk_take(struct asset_walk *w, struct names *dirs);
void tote__asset_walk_drop(struct asset_walk *w, struct listing *l);
/* Walks over what was found: begin with *at 0; 0 at the end. */
int tote__listing_next(
	const struct listing *l, size_t *at, const char **ret_name, struct store_stat *ret);

#endif
