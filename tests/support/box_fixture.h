/* SPDX-License-Identifier: ISC */
/*
 * A container to test with: made in a scratch directory (or in memory) with a key beside it, opened
 * as often as wanted, and looked at as a whole: what its entries say must be what lies in assets/.
 */
#ifndef SUPPORT_BOX_FIXTURE_H
#define SUPPORT_BOX_FIXTURE_H

#include "box/box.h"
#include "support/support.h"

#define BOXED_ID     "contracts"
#define BOXED_ORIGIN "archive.example.com/acme/contracts"

struct boxed {
	struct scratch scratch;
	tote_ctx *ctx;
	char location[300], key[300];
	char vkey[320];
	struct tote_fault fault;
};

void boxed_make(struct boxed *b); /* made, and closed again */
void boxed_remove(struct boxed *b);
tote_box *boxed_open(struct boxed *b);                       /* with its key */
tote_box *boxed_open_flags(struct boxed *b, uint32_t flags); /* TOTE_BOX_*, without one */
/*
 * A child opens the box in b and does that with it, counting steps from `at` (support/step_kill.h) if
 * it likes: 1 where it came to its end, which must be 0, and 0 where it was killed.
 */
int boxed_survives(
	const struct boxed *b, int (*doing)(struct boxed *mine, tote_box *own, long at), long at);
/* What tote__box_create needs for it; the draft's fields point into b and to statics. */
struct box_config boxed_config(struct boxed *b);
const struct draft *boxed_created(struct boxed *b);

const char *boxed_asset(const struct boxed *b, const char *path); /* its place on the disk */

/* A source of bytes; the strings are the caller's. */
struct tote_source source_of(const char *path, const char *text);
struct tote_source source_file(const char *path, const char *file);
int seal_text(struct boxed *b, tote_box *box, const char *path, const char *text);

/*
 * Every seal that is not voided or erased lies at its path with the bytes of its digest, mode 0444, and
 * nothing else is in assets/. The number of those seals.
 */
size_t boxed_is_whole(struct boxed *b, tote_box *box);
uint64_t boxed_entries(struct boxed *b, tote_box *box);
/* How many entries there are of a kind. */
size_t boxed_count(struct boxed *b, tote_box *box, const char *kind);

#endif
