/* SPDX-License-Identifier: ISC */
/*
 * The bytes of the journal (FORMAT section 5): a segment's header and its groups. Pure functions.
 */
#ifndef LEDGER_SEGMENT_H
#define LEDGER_SEGMENT_H

#include "base/buf.h"
#include "crypto/hash.h"

#define JOURNAL_BLOCK      4096u
#define SEGMENT_HEADER_LEN 88u
#define SEGMENT_MIN_BYTES  (32u << 10)
#define SEGMENT_MAX_BYTES  (16u << 20)
#define GROUP_HEADER_LEN   72u
#define GROUP_BODY_MAX     (4u << 20)

struct segment_header {
	uint32_t version, features;
	uint64_t first_seq;
	uint8_t salt[16];
	uint8_t prev[HASH_LEN];
};

void tote__segment_header_write(const struct segment_header *h, uint8_t out[SEGMENT_HEADER_LEN]);
/* 1 where magic and check fit; then versions and features are for the caller to judge. */
int tote__segment_header_read(const uint8_t *block, size_t len, struct segment_header *ret);

struct group {
	uint64_t first_seq;
	uint32_t count;
	uint32_t body_len;
	uint8_t last_leaf[HASH_LEN];
};

/* Header, body and zeros to the next multiple of a block, appended to out. */
void tote__group_write(const struct group *g, const uint8_t salt[16], const uint8_t *body,
	const struct hasher *engine, struct buf *out);
/* 1 where magic, ranges and check of the header fit. */
int tote__group_header_read(const uint8_t *block, size_t len, const uint8_t salt[16],
	const struct hasher *engine, struct group *ret);
uint64_t tote__group_bytes(const struct group *g); /* with header and zeros */

/*
 * 1 where the body makes the group valid: just count entries, each one's seq and prev right behind
 * the one before, the last leaf hash as stated. prev_of_first gets the first entry's prev.
 */
int tote__group_check(const struct group *g, const uint8_t *body, const struct hasher *engine,
	uint8_t prev_of_first[HASH_LEN]);
/* 1 where a valid group holds an entry of another version of the format. */
int tote__group_has_unknown(const struct group *g, const uint8_t *body);

#endif
