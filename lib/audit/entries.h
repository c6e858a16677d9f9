/* SPDX-License-Identifier: ISC */
/*
 * The entries of one ledger, one after the other: each must be what the format says and continue
 * the one before; and what they say together: keys, states, assets.
 */
#ifndef AUDIT_ENTRIES_H
#define AUDIT_ENTRIES_H

#include "audit/asset_table.h"
#include "audit/covered.h"
#include "audit/inquiry.h"
#include "audit/plain.h"
#include "ledger/keyring.h"

struct entries {
	struct inquiry *q;
	int type; /* LEDGER_*: the target's, or as entry 0 says where only a ledger is given */
	struct asset_table assets;
	struct keyring keys;
	struct keyring witness;        /* of the consolidated record: the witness's */
	char origin[KEY_NAME_MAX + 1]; /* "": not known */
	uint64_t next;                 /* the seq that comes now */
	int have_leaf;
	uint8_t leaf[HASH_LEN]; /* of the entry before */
	uint32_t state;         /* before the next one; STATE_NONE: not known */
	struct recorded_move *moves;
	size_t move_count, move_cap;
	uint32_t last_from;
	char last_reason[1024], last_actor[256];
	uint64_t lost; /* entries that were not to be had: what they say is not known */
	uint64_t first_lost, last_lost; /* with lost */
	int64_t last_us;                /* time of the newest one that was read */
	int64_t lost_us;                /* with lost: about the time of the first */
	struct covered earlier;         /* what earlier runs read of it */
	unsigned unknown;
	struct buf scratch;
	struct sealed fact;
};

int tote__entries_init(struct entries *s, struct inquiry *q, struct tote_fault *fault);
void tote__entries_free(struct entries *s);
/* As after init: all is read once more. */
int tote__entries_reset(struct entries *s, struct tote_fault *fault);

/* The next entry, found in that file; its leaf hash. */
int tote__entries_take(struct entries *s, const uint8_t *bytes, size_t len,
	const uint8_t leaf[HASH_LEN], int space, const char *name, struct tote_fault *fault);
/*
 * The same of number i of a bundle with these leaf hashes, where it is plain and what came before
 * leaves nothing to be asked: 1, else 0 and it is not taken.
 */
int tote__entries_take_plain(
	struct entries *s, const struct plain *plain, uint32_t i, const uint8_t *leaves);
/* The next ones are not to be had. leaf: of the last of them, where it is known, else NULL. */
void tote__entries_skip(struct entries *s, uint64_t count, const uint8_t *leaf);
/* All were taken: what only the whole shows. */
int tote__entries_end(struct entries *s, struct tote_fault *fault);

#endif
